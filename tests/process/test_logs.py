"""What the log says over a whole life with failures: one event a line, the same names everywhere, nobody's words."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from perdure.client import AsyncPerdure
from tests.http.asking import asking
from tests.http.installation import ScriptedBackend, eventually
from tests.process.conversing import PATIENCE_S, Mortal, signalled, tell

pytestmark = pytest.mark.anyio

TOKEN, KEY = "token-Xanthippe", "key-Xanthippe"
WORDS = "Melusine"
"""In everything that people say in these tests, and in what a backend quotes of it."""
CARD = {
    "spec": "chara_card_v2",
    "spec_version": "2.0",
    "data": {"name": WORDS, "description": f"{WORDS} keeps a lighthouse.", "first_mes": f"{WORDS} greets you."},
}


@pytest.fixture(scope="module")
def logging(backend: ScriptedBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortal]:
    """A Perdure that logs all that it can, as JSON."""
    settings = {"log_json": True, "log_level": "debug", "access_token": TOKEN, "backend_api_key": KEY}
    folder = tmp_path_factory.mktemp("logging") / "data"
    installation = Mortal(folder, backend_url=backend.url, stall_s=1, first_token_s=3, **settings)
    installation.start()
    yield installation
    installation.close()


def lines(installation: Mortal) -> list[dict[str, Any]]:
    """The whole log. Each line has to be one event."""
    found = [json.loads(line) for line in installation.log().splitlines()]
    for line in found:
        assert line.keys() >= {"event", "level", "timestamp", "process"}, line
    return found


async def test_a_life_with_failures_is_told_under_the_same_names(logging: Mortal) -> None:
    """A worker that dies, a backend that fails and quotes what was said, one that fails for good, requests that are
    refused: whoever has a turn's id or an error's finds all of it, and reads nobody's words.
    """
    async with AsyncPerdure(logging.url, access_token=TOKEN, patience_s=PATIENCE_S) as api:
        killed = await tell(api, f"{WORDS}! [[tokens=60 interval=0.02]]", signalled(logging, signal.SIGKILL), card=CARD)
        quoted = await tell(api, f"{WORDS}! [[tokens=20 cut_after=5 times=1]]", card=CARD)
        failed = await tell(api, f"{WORDS}! [[status=400 code=invalid_request_error message={WORDS}]]", card=CARD)
    assert WORDS in json.dumps(failed.turn["error"]), "the backend has quoted nothing: what is kept out?"
    async with asking(logging.url) as ask:
        (await ask("GET", f"/api/v1/chats?q={WORDS}")).problem(401, "access_token_required")
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        body = {"model": WORDS * 2, "messages": [{"role": "user", "content": WORDS}]}
        refused = (await ask("POST", "/v1/chat/completions", json=body, headers=bearer)).problem(404, "not_found")
    eventually(lambda: any(line["event"] == "request refused" for line in lines(logging)))
    told = lines(logging)

    dead, survivor = (attempt["worker"] for attempt in killed.turn["attempts"])
    [lost] = [line for line in told if line["event"] == "a reply has lost its worker"]
    assert (lost["turn"], lost["attempt"], lost["worker"]) == (killed.turn["id"], 1, dead)
    assert (lost["process"], lost["outcome"]) == (survivor, "worker_died")

    attempts = [line for line in told if line["event"] == "an attempt failed"]
    assert {line["turn"] for line in attempts} == {quoted.turn["id"], failed.turn["id"]}
    [given_up] = [line for line in told if line["event"] == "a reply was given up"]
    for line in (*attempts, given_up):
        turn = next(one.turn for one in (quoted, failed) if one.turn["id"] == line["turn"])
        assert line["worker"] == turn["attempts"][line["attempt"] - 1]["worker"]
        assert line["code"] == turn["attempts"][line["attempt"] - 1]["outcome"]
    error = failed.turn["error"]
    assert error is not None
    assert given_up["error_id"] == error["error_id"]
    assert [line["code"] for line in told if line.get("error_id") == refused["error_id"]] == ["not_found"]

    everything = logging.log()
    for planted in (TOKEN, KEY, WORDS, killed.text, quoted.text):
        assert planted not in everything, planted
    for line in told:
        assert line.keys() & {"turn_id", "attempt_n", "worker_name", "error"} == set()


def test_an_ending_is_told_in_lines_too(logging: Mortal) -> None:
    """All processes end and begin again without a line that is none."""
    logging.stop()
    logging.start()
    eventually(lambda: logging.pid("health"))
    assert {line["process"] for line in lines(logging)} >= {"supervisor", "web", "worker-1", "worker-2", "health"}
