"""Settings by HTTP: what is set holds from the next turn on, and goes back to what Perdure was started with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from perdure.config import Settings
from perdure.core.presets import OF_A_TURN, PRESETS
from tests.http.asking import Asking, new_id
from tests.http.installation import ScriptedBackend

pytestmark = pytest.mark.anyio

PATH = "/api/v1/settings"
EVERYTHING = ("temperature", "top_p", "top_k", "min_p", "repeat_penalty", "max_tokens", "context_size", "seed")


@pytest.fixture(autouse=True)
async def as_it_was(ask: Asking) -> AsyncIterator[None]:
    """The installation is everybody's: nothing stays set."""
    yield
    body = {**dict.fromkeys(EVERYTHING), "persona_id": None, "backend_id": None, "welcomed": None}
    assert (await ask("PATCH", PATH, json=body)).json["changed"] == []


async def put(ask: Asking, **values: Any) -> Any:
    """Set something; the answer, which is what a look says too."""
    answer = await ask("PATCH", PATH, json=values)
    assert answer.status == 200, answer
    assert await ask.get(PATH) == answer.json
    return answer.json


async def sampled(ask: Asking, backend: ScriptedBackend, text: str) -> dict[str, Any]:
    """What the backend was asked with for a reply to `text`."""
    await ask.told(await ask.chat(), f"{text} [[tokens=2]]")
    async with ask.session.get(f"{backend.url.removesuffix('/v1')}/control/log") as answer:
        requests = (await answer.json())["requests"]
    (request,) = [one for one in requests if one["message"].startswith(text)]
    return {**request["sampling"], "max_tokens": request["max_tokens"]}


async def test_nothing_is_set_at_first(ask: Asking) -> None:
    """The values are the defaults, which are those of flags, variables and the file."""
    told = await ask.get(PATH)
    assert told["values"] == told["defaults"]
    assert told["changed"] == []
    assert {key: told["values"][key] for key in OF_A_TURN} == {
        key: Settings.model_construct().model_dump()[key] for key in OF_A_TURN
    }
    assert (told["values"]["preset"], told["values"]["welcomed"]) == ("balanced", False)


async def test_what_is_set_holds_from_the_next_turn_on(ask: Asking, backend: ScriptedBackend) -> None:
    """The backend is asked with it, and null goes back to the default."""
    text = new_id()
    await put(ask, temperature=0.1, top_k=7, max_tokens=77, seed=5)
    assert await sampled(ask, backend, text) == {
        "temperature": 0.1, "top_p": 0.95, "top_k": 7, "seed": 5, "max_tokens": 77,
    }  # fmt: skip
    told = await put(ask, temperature=None, top_k=None, seed=None)
    assert told["changed"] == ["max_tokens"]
    now = await sampled(ask, backend, new_id())
    assert (now["temperature"], now.get("top_k"), now["max_tokens"]) == (0.8, None, 77)


async def test_a_repeated_message_keeps_what_it_was_asked_with(ask: Asking) -> None:
    """Promise 7: settings that changed meanwhile make no other message of it."""
    chat, message = await ask.chat(), new_id()
    first = await ask.say(chat, "Hello [[tokens=2]]", message)
    await put(ask, temperature=0.2)
    again = await ask.say(chat, "Hello [[tokens=2]]", message)
    assert (first.status, again.status) == (201, 200)
    assert again.json == first.json


@pytest.mark.parametrize("name", PRESETS)
async def test_a_preset_is_its_values(ask: Asking, name: str) -> None:
    """By its id alone or with its values; a value that is changed by hand is none of it."""
    (preset,) = [one for one in await ask.get("/api/v1/presets") if one["id"] == name]
    await put(ask, preset="wild", min_p=0.5)
    by_id = await put(ask, preset=name)
    await put(ask, preset="wild")
    with_values = await put(ask, **preset["values"], preset=name)
    assert by_id == with_values
    assert by_id["values"]["preset"] == name
    assert all(by_id["values"][key] == value for key, value in preset["values"].items() if value is not None)
    assert (await put(ask, temperature=0.77))["values"]["preset"] is None
    assert (await put(ask, preset=None))["values"]["preset"] == "balanced"


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("temperature", -0.1), ("temperature", 5.1), ("temperature", "0.5"), ("temperature", True), ("top_p", 0),
        ("top_p", 1.01), ("top_k", -1), ("top_k", 1.5), ("min_p", -0.1), ("min_p", 2), ("repeat_penalty", 0),
        ("repeat_penalty", 11), ("max_tokens", 0), ("max_tokens", 1_000_001), ("max_tokens", []),
        ("context_size", 511), ("context_size", 10_000_001), ("seed", -1), ("seed", 2**31), ("preset", "mild"),
        ("preset", 3), ("persona_id", "x"), ("persona_id", "00000000-0000-4000-8000-000000000000"),
        ("backend_id", "x"), ("welcomed", "yes"), ("welcomed", 1),
    ],
)  # fmt: skip
async def test_a_value_out_of_its_bounds_is_invalid(ask: Asking, name: str, wrong: object) -> None:
    """422 that names the field, and nothing of the request is set."""
    before = await ask.get(PATH)
    document = (await ask("PATCH", PATH, json={"max_tokens": 9, name: wrong})).problem(422, "invalid")
    assert name in document["detail"]
    assert await ask.get(PATH) == before


@pytest.mark.parametrize("name", ["temperature", "top_p", "min_p", "repeat_penalty"])
@pytest.mark.parametrize("wrong", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_what_is_no_number_is_invalid(ask: Asking, name: str, wrong: str) -> None:
    """Python reads what JSON does not have: it must not get as far as a backend."""
    body = f'{{"{name}": {wrong}}}'.encode()
    answer = await ask("PATCH", PATH, data=body, headers={"Content-Type": "application/json"})
    assert name in answer.problem(422, "invalid")["detail"]


async def test_a_new_chat_has_the_persona_of_the_settings(ask: Asking) -> None:
    """Unless it says who the user is, or that they are nobody; the same chat again is the same whatever is set then."""
    kim, lee = new_id(), new_id()
    for persona, name in ((kim, "Kim"), (lee, "Lee")):
        await ask("PUT", f"/api/v1/personas/{persona}", json={"name": name})
    body: dict[str, Any] = {"character_ids": [await ask.character()]}
    before, chat, told, nobody = [f"/api/v1/chats/{new_id()}" for _ in range(4)]
    assert (await ask("PUT", before, json=body)).json["persona_id"] is None
    await put(ask, persona_id=kim)
    assert (await ask("PUT", chat, json=body)).json["persona_id"] == kim
    assert (await ask("PUT", told, json={**body, "persona_id": lee})).json["persona_id"] == lee
    assert (await ask("PUT", nobody, json={**body, "persona_id": None})).json["persona_id"] is None
    await put(ask, persona_id=lee)
    for path in (before, chat, nobody):
        assert (await ask("PUT", path, json=body)).status == 200
    (await ask("PUT", chat, json={**body, "persona_id": None})).problem(409, "conflict")
    await ask("DELETE", f"/api/v1/personas/{lee}")
    assert (await ask.get(PATH))["values"]["persona_id"] is None
    assert (await ask("PUT", f"/api/v1/chats/{new_id()}", json=body)).json["persona_id"] is None


async def test_settings_outlive_web(ask: Asking, installation: Any) -> None:
    """They are in the record: whoever serves next knows them."""
    await put(ask, welcomed=True, temperature=1.5)
    installation.kill("web")
    told = await ask.get(PATH)
    assert (told["values"]["welcomed"], told["values"]["temperature"]) == (True, 1.5)
    assert told["changed"] == ["temperature", "welcomed"]


async def test_no_number_is_larger_than_everything_behind_it_takes(ask: Asking) -> None:
    """SQLite, exports and backends each have their largest number: every setting says how large its own may be."""
    document = await ask.get("/api/v1/openapi.json")
    fields = document["components"]["schemas"]["PatchSettings"]["properties"]
    kinds = {
        name: [kind for kind in field["anyOf"] if kind["type"] in ("integer", "number")]
        for name, field in fields.items()
    }
    numbers = {name: kind[0] for name, kind in kinds.items() if kind}
    assert len(numbers) == 8
    for name, kind in numbers.items():
        assert {"maximum", "exclusiveMaximum"} & kind.keys(), name
        body = f'{{"{name}": {10**20}}}'.encode()
        (await ask("PATCH", PATH, data=body, headers={"Content-Type": "application/json"})).problem(422, "invalid")
