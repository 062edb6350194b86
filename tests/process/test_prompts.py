"""The whole of Perdure over the real llama.cpp: what its model has read outlives the model."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.http.installation import eventually
from tests.process.conftest import lend
from tests.process.conversing import PATIENCE_S, Mortal, look_again, signalled, talking, tell

pytestmark = [pytest.mark.anyio, pytest.mark.thorough]

DEEDS = (
    "Every evening she climbs the hundred and twelve steps, trims the wick and writes the weather into a ledger that "
    "her mother began. Once a month the supply boat comes, with flour, oil, letters and the schoolmaster, who plays "
    "chess badly and stays for supper. Nobody has drowned off this rock in her time, and she keeps count of that. "
)
CARD = {
    "spec": "chara_card_v2",
    "spec_version": "2.0",
    "data": {"name": "Ada", "description": f"Ada keeps a lighthouse. {DEEDS * 3}", "first_mes": "Come in."},
}
"""Somebody with a prompt that takes long to read."""
QUESTION = "Tell me about the storm of last winter."
NEW_TOKENS = 80
"""More than the question and the reply so far have, and far fewer than the prompt."""


@pytest.fixture
def reading(starter: Path, tmp_path: Path) -> Iterator[Mortal]:
    """A Perdure that logs what its model reads."""
    lend(starter, tmp_path / "data")
    own = Mortal(
        tmp_path / "data", backend_url="", model="", temperature=0, max_tokens=40, log_level="debug", log_json=True
    )
    own.start()
    yield own
    own.close()
    assert "Traceback" not in own.log()


def lines(installation: Mortal, event: str) -> list[dict[str, Any]]:
    """What was logged of this."""
    found = [json.loads(line) for line in installation.log().splitlines() if line.startswith("{")]
    return [line for line in found if line["event"] == event]


async def test_a_model_killed_in_mid_reply_does_not_read_the_prompt_again(reading: Mortal) -> None:
    """Nor does its reply differ by a character, nor one after the whole of Perdure has died."""
    async with talking(reading) as api:
        whole = await tell(api, QUESTION, card=CARD)
        assert whole.outcomes == ["done"]
        [saved] = lines(reading, "a prompt was saved")
        assert saved["tokens"] > 3 * NEW_TOKENS
        cut = await tell(api, QUESTION, signalled(reading, signal.SIGKILL, "model"), after=5, card=CARD)
        assert cut.text == whole.text
        assert len(cut.outcomes) >= 2
        last = lines(reading, "the model spoke")[-1]
        assert last["read"] < NEW_TOKENS
        assert last["known"] >= saved["tokens"] - NEW_TOKENS
    reading.kill_everything()
    reading.start()
    async with talking(reading) as api:
        assert (await tell(api, QUESTION, card=CARD)).text == whole.text
        assert lines(reading, "the model spoke")[-1]["read"] < NEW_TOKENS


async def test_an_opened_chat_is_read_before_anybody_speaks(reading: Mortal) -> None:
    """The very first reply of a character does not wait for who it is to be: the greeting takes time to read."""
    async with talking(reading) as api:
        while not lines(reading, "model is ready"):
            await asyncio.sleep(0.05)
        ada = await api.import_card(json.dumps(CARD).encode(), "ada.json")
        await api.put_chat([ada["id"]])
        eventually(lambda: lines(reading, "a prompt was saved"))
        assert (await tell(api, QUESTION, card=CARD)).outcomes == ["done"]
        assert lines(reading, "the model spoke")[-1]["read"] < NEW_TOKENS
        assert len(lines(reading, "a prompt was saved")) == 1


async def test_damaged_prompts_do_no_harm(reading: Mortal) -> None:
    """A crash of the machine may tear them: the model starts, the reply is the same, and what was torn is removed."""
    folder = reading.data_dir / "prompts"
    async with talking(reading) as api:
        whole = await tell(api, QUESTION, card=CARD)
        files = [file for file in folder.glob("*/*") if not file.suffix]
        assert files
        for file in files:
            with file.open("r+b") as content:
                content.truncate(file.stat().st_size // 2)
        look_again(reading)
        assert (await tell(api, QUESTION, card=CARD)).text == whole.text
        assert reading.row("model")["restarts"] == 1
        assert not any(file.exists() for file in files)


async def test_prompts_can_be_kept_nowhere(starter: Path, tmp_path: Path) -> None:
    """Switched off, what was kept before is removed; where the folder cannot be made, the reply comes all the same."""
    data = tmp_path / "data"
    lend(starter, data)
    (data / "prompts" / "old").mkdir(parents=True)
    for name in ("head-1", "head-1.json"):
        (data / "prompts" / "old" / name).write_bytes(b"{}")
    common = {"backend_url": "", "model": "", "max_tokens": 4, "workers": 1}
    for settings in ({"prompt_cache_mib": 0}, {}):
        own = Mortal(data, **common, **settings)
        own.start()
        try:
            async with talking(own) as api, asyncio.timeout(PATIENCE_S):
                assert (await tell(api, QUESTION, card=CARD)).outcomes == ["done"]
        finally:
            own.close()
        if settings:
            assert not [file for file in (data / "prompts").rglob("*") if file.is_file()]
            for folder in (data / "prompts").iterdir():
                folder.rmdir()
            (data / "prompts").rmdir()
            (data / "prompts").write_text("not a folder")
        else:
            assert own.log().count("prompts cannot be saved") == 1
        assert "Traceback" not in own.log()
