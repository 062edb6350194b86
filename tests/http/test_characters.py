"""Characters by HTTP: cards come in and leave whole, and no file harms the server."""

from __future__ import annotations

import asyncio
import io
import json
import struct
import zipfile
import zlib
from typing import Any

import aiohttp
import pytest
from PIL import Image

from perdure.cards.png import write_card
from perdure.cards.read import read_card
from perdure.core.characters import CardError
from tests.http.asking import Answer, Asking, new_id

pytestmark = pytest.mark.anyio


def picture(side: int = 40) -> bytes:
    """A PNG."""
    out = io.BytesIO()
    Image.new("RGB", (side, side), (200, 30, 60)).save(out, "PNG")
    return out.getvalue()


def card(name: str, spec: str = "chara_card_v3", **fields: object) -> dict[str, Any]:
    """A card with something in it that Perdure knows nothing of."""
    data = {"name": name, "first_mes": f"I am {{{{char}}}}, {name}.", "extensions": {"other/program": {"kept": [1, 2]}}}
    return {"spec": spec, "spec_version": "3.0" if spec.endswith("v3") else "2.0", "data": {**data, **fields}}


def png(name: str, *specs: str) -> bytes:
    """A PNG with a card in it, as V2, V3 or both."""
    made = {"chara": card(name, "chara_card_v2"), "ccv3": card(name)}
    chosen = {key: made[key] for key in specs}
    return write_card(picture(), chara=chosen.get("chara"), ccv3=chosen.get("ccv3"))  # type: ignore[arg-type]


async def bring(ask: Asking, data: bytes, filename: str = "card") -> Answer:
    """Import a file."""
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(data), filename=filename)
    return await ask("POST", "/api/v1/characters/import", data=form)


def files() -> dict[str, bytes]:
    """A card in every container."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as charx:
        charx.writestr("card.json", json.dumps(card("Zoë of the Zip")))
    return {
        "v2.json": json.dumps(card("Jota", "chara_card_v2")).encode(),
        "v3.json": json.dumps(card("Jay")).encode(),
        "v1.json": json.dumps({"name": "Old Jack", "first_mes": "Hm."}).encode(),
        "utf16.json": json.dumps(card("Wide"), ensure_ascii=False).encode("utf-16"),
        "both.png": png("Penny", "chara", "ccv3"),
        "card.charx": archive.getvalue(),
    }


@pytest.mark.parametrize("name", files())
async def test_a_card_comes_in_and_can_be_talked_with(ask: Asking, name: str) -> None:
    """PNG, JSON and CHARX of every version become a character, which greets."""
    answer = await bring(ask, files()[name], name)
    assert answer.status == 201, answer
    character = answer.json["character"]
    assert await ask.get(f"/api/v1/characters/{character['id']}") == character
    assert character["id"] in [c["id"] for c in (await ask.get("/api/v1/characters"))["characters"]]
    chat = new_id()
    await ask("PUT", f"/api/v1/chats/{chat}", json={"character_ids": [character["id"]]})
    assert (await ask.messages(chat))[0]["author"] == character["name"]


async def test_the_same_file_again_is_the_same_character(ask: Asking) -> None:
    """Promise 7 for cards, also when twenty bring it at once; another file is another character."""
    data = json.dumps(card("Twice")).encode()
    answers = await asyncio.gather(*(bring(ask, data, f"{n}.json") for n in range(20)))
    assert sorted(answer.status for answer in answers) == [200] * 19 + [201]
    ids = {answer.json["character"]["id"] for answer in answers}
    assert len(ids) == 1
    other = await bring(ask, json.dumps(card("Twice", creator="someone else")).encode())
    assert other.status == 201
    assert other.json["character"]["id"] not in ids
    # Removed from the gallery, it can be brought back.
    await ask("DELETE", f"/api/v1/characters/{ids.pop()}")
    assert (await bring(ask, data)).status == 201


@pytest.mark.parametrize("kind", ["png", "json", "charx"])
async def test_a_card_leaves_as_rich_as_it_came(ask: Asking, kind: str) -> None:
    """Out and in again: the same fields, what was changed here, and what only other programs understand."""
    brought = (await bring(ask, png(f"Rowan {kind}", "chara", "ccv3"), "r.png")).json["character"]
    path = f"/api/v1/characters/{brought['id']}"
    changed = (await ask("PATCH", path, json={"scenario": "At sea, 🌊.", "tags": ["salt"]})).json
    assert (changed["scenario"], changed["tags"]) == ("At sea, 🌊.", ["salt"])
    exported = await ask("GET", f"{path}/export?format={kind}")
    assert exported.status == 200
    assert f"rowan-{kind}.{kind}" in exported.headers["Content-Disposition"]
    character, avatar = read_card(exported.content)
    assert (character.name, character.scenario, character.tags) == (f"Rowan {kind}", "At sea, 🌊.", ("salt",))
    data: Any = character.card["data"]
    assert data["extensions"]["other/program"] == {"kept": [1, 2]}
    assert (avatar is not None) == (kind != "json")
    again = (await bring(ask, exported.content)).json["character"]
    same = {key for key in changed if key not in ("id", "created_at", "updated_at", "avatar_url")}
    assert {key: again[key] for key in same} == {key: changed[key] for key in same}


async def test_an_avatar_is_a_picture_of_ours(ask: Asking) -> None:
    """Encoded anew, small, cacheable, and asked for again it is not sent again."""
    character = (await bring(ask, write_card(picture(2000), chara=card("Vast"), ccv3=card("Vast")))).json["character"]
    answer = await ask("GET", character["avatar_url"])
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/webp")
    with Image.open(io.BytesIO(answer.content)) as avatar:
        assert max(avatar.size) <= 768
    unchanged = await ask("GET", character["avatar_url"], headers={"If-None-Match": answer.headers["ETag"]})
    assert (unchanged.status, unchanged.content) == (304, b"")
    faceless = (await bring(ask, json.dumps(card("No Face")).encode())).json["character"]
    assert faceless["avatar_url"] is None
    (await ask("GET", f"/api/v1/characters/{faceless['id']}/avatar")).problem(404, "not_found")


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def hostile() -> dict[str, bytes]:
    """Files that want to do harm, or are something else."""
    whole = png("Harm", "chara", "ccv3")
    huge = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = zlib.compress(b"a" * 60_000_000)
    inflated = whole[:8] + chunk(b"IHDR", whole[16:29]) + chunk(b"zTXt", b"chara\0\0" + bomb) + chunk(b"IEND", b"")
    wide = io.BytesIO()
    with zipfile.ZipFile(wide, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("card.json", b" " * 50_000_000)
    climbing = io.BytesIO()
    with zipfile.ZipFile(climbing, "w") as archive:
        archive.writestr("../../card.json", json.dumps(card("Climber")))
    return {
        "empty": b"", "cut.png": whole[:60], "no card.png": picture(), "text bomb.png": inflated,
        "pixels.png": whole[:8] + chunk(b"IHDR", huge) + chunk(b"IDAT", b"") + chunk(b"IEND", b""),
        "length.png": whole[:8] + b"\xff\xff\xff\xff" + b"tEXt" + b"a" * 40, "zip bomb.charx": wide.getvalue(),
        "climber.charx": climbing.getvalue(), "cut.charx": climbing.getvalue()[:40], "deep.json": b"[" * 200_000,
        "nested.json": b'{"name":"x","data":' + b'{"a":' * 500 + b"1" + b"}" * 501, "list.json": b"[]",
        "lorebook.json": b'{"name":"","entries":{}}', "numbers.json": b'{"name":' + b"1" * 9000 + b"}",
        "page.html": b"<!doctype html><script>alert(1)</script>", "photo.jpg": b"\xff\xd8\xff\xe0" + b"0" * 50,
        "nul.json": b"\0" * 100, "name.json": json.dumps({"name": "a" * 500, "description": "x"}).encode(),
        "nameless.json": b'{"name":"\\u0000 ","description":"x"}',
    }  # fmt: skip


@pytest.mark.parametrize("name", hostile())
async def test_a_hostile_file_is_no_card(ask: Asking, name: str) -> None:
    """422, with a sentence about the file and one about what to do with this very file; the gallery stays as it is."""
    before = await ask.get("/api/v1/characters")
    document = (await bring(ask, hostile()[name], name)).problem(422, "bad_card")
    with pytest.raises(CardError) as known:
        read_card(hostile()[name], name)
    assert (document["detail"], document["remedy"]) == (known.value.problem, known.value.remedy)
    assert "Traceback" not in document["detail"]
    assert await ask.get("/api/v1/characters") == before


async def test_a_card_that_would_run_in_a_page_is_only_text(ask: Asking) -> None:
    """Markup, endless names and file names go through as the text they are, and into no header."""
    nasty = card('"><script>alert(1)</script>\r\nX-Evil: 1', description="<img onerror=alert(1)>")
    answer = await bring(ask, json.dumps(nasty).encode(), '../../../etc/passwd";x')
    assert answer.status == 201
    assert answer.headers["Content-Type"] == "application/json"
    exported = await ask("GET", f"/api/v1/characters/{answer.json['character']['id']}/export?format=json")
    assert "X-Evil" not in exported.headers
    assert exported.headers["Content-Disposition"].startswith('attachment; filename="script-alert-1-script-x-evil-1')


async def test_an_upload_has_to_be_one(ask: Asking) -> None:
    """No file, two much, no form at all: the right 4xx each."""
    (await ask("POST", "/api/v1/characters/import")).problem(422, "invalid")
    (await ask("POST", "/api/v1/characters/import", json={"file": "x"})).problem(422, "invalid")
    (await ask("POST", "/api/v1/characters/import", data={"file": "not a file"})).problem(422, "invalid")
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    (await ask("POST", "/api/v1/characters/import", data=b"--y\r\n", headers=broken)).problem(400, "bad_request")
    (await bring(ask, b"a" * 25_000_000)).problem(413, "too_large")
    assert (await bring(ask, b"a" * 21_000_000)).problem(422, "bad_card")["detail"]


async def test_plain_fields_make_a_character(ask: Asking) -> None:
    """Only the name is needed; what is not given stays as it is, and what is no field is refused or ignored."""
    made = await ask("POST", "/api/v1/characters", json={"name": "Plain", "first_mes": "Yes?"})
    assert made.status == 201
    assert made.json["avatar_url"] is None
    path = f"/api/v1/characters/{made.json['id']}"
    changed = (await ask("PATCH", path, json={"description": "A tree."})).json
    assert (changed["name"], changed["first_mes"], changed["description"]) == ("Plain", "Yes?", "A tree.")
    (await ask("POST", "/api/v1/characters", json={"description": "nameless"})).problem(422, "invalid")
    wrong: list[dict[str, Any]] = [
        {"name": ""}, {"name": 3}, {"tags": "a"}, {"tags": [1]}, {"name": "x" * 201}, {"description": []},
    ]  # fmt: skip
    for change in wrong:
        (await ask("PATCH", path, json=change)).problem(422, "invalid")
    assert await ask.get(path) == changed


async def test_a_character_that_its_client_names_counts_once(ask: Asking) -> None:
    """Promise 7: the same again is the same, also once it was changed; other content, and what was deleted, are 409."""
    body = {"id": new_id(), "name": "Ines", "tags": ["calm"], "favourite": True}
    made, again = [await ask("POST", "/api/v1/characters", json=body) for _ in range(2)]
    assert (made.status, again.status) == (201, 200)
    assert made.json == again.json
    assert (made.json["id"], made.json["favourite"]) == (body["id"], True)
    path = f"/api/v1/characters/{body['id']}"
    changed = (await ask("PATCH", path, json={"name": "Inés"})).json
    assert (await ask("POST", "/api/v1/characters", json=body)).json == changed
    for other in ({**body, "name": "Inés"}, {**body, "favourite": False}, {**body, "id": await ask.character()}):
        (await ask("POST", "/api/v1/characters", json=other)).problem(409, "conflict")
    (await ask("POST", "/api/v1/characters", json={**body, "id": "x"})).problem(422, "invalid")
    assert (await ask("DELETE", path)).status == 204
    (await ask("POST", "/api/v1/characters", json=body)).problem(409, "conflict")


async def test_a_favourite_is_marked_and_the_card_stays(ask: Asking) -> None:
    """A mark is no change of the card: not even its date moves."""
    made = (await ask("POST", "/api/v1/characters", json={"name": "Fay"})).json
    path = f"/api/v1/characters/{made['id']}"
    for mark in (True, True, False):
        marked = await ask("PATCH", path, json={"favourite": mark})
        assert marked.json == {**made, "favourite": mark}
        assert await ask.get(path) == marked.json
    (await ask("PATCH", path, json={"favourite": "yes"})).problem(422, "invalid")


async def test_a_character_tells_how_much_it_is_talked_with(ask: Asking) -> None:
    """Its chats that are shown, and the one that was used last."""
    made = (await ask("POST", "/api/v1/characters", json={"name": "Una"})).json
    assert (made["chats"], made["last_chat_at"], made["last_chat_id"]) == (0, None, None)
    chats = [new_id(), new_id()]
    for chat in chats:
        await ask("PUT", f"/api/v1/chats/{chat}", json={"character_ids": [made["id"]]})
    await ask.said(chats[0], "Hello", reply=False)
    listed = (await ask.get("/api/v1/characters"))["characters"]
    (now,) = [one for one in listed if one["id"] == made["id"]]
    assert now == await ask.get(f"/api/v1/characters/{made['id']}")
    last = await ask.get(f"/api/v1/chats/{chats[0]}")
    assert (now["chats"], now["last_chat_id"], now["last_chat_at"]) == (2, chats[0], last["updated_at"])
    await ask("DELETE", f"/api/v1/chats/{chats[0]}")
    left = await ask.get(f"/api/v1/characters/{made['id']}")
    assert (left["chats"], left["last_chat_id"]) == (1, chats[1])


async def test_changes_at_the_same_time_are_all_kept(ask: Asking) -> None:
    """Also of a card so large that working them out takes a while: nobody's words are lost to somebody else's."""
    made = await ask("POST", "/api/v1/characters", json={"name": "Big", "description": "word " * 100_000})
    path = f"/api/v1/characters/{made.json['id']}"
    fields = ("personality", "scenario", "first_mes", "mes_example", "creator_notes", "system_prompt")
    changed = await asyncio.gather(*(ask("PATCH", path, json={field: field}) for field in fields))
    assert {answer.status for answer in changed} == {200}
    character = await ask.get(path)
    assert {field: character[field] for field in fields} == {field: field for field in fields}


@pytest.mark.parametrize("what", ["alternate_greetings", "tags"])
async def test_a_character_has_only_so_many_of_what_is_shown_one_by_one(ask: Asking, what: str) -> None:
    """Each greeting is a message of every new chat."""
    many = [f"number {n}" for n in range(501)]
    refused = await ask("POST", "/api/v1/characters", json={"name": "Chatty", what: many})
    assert "500 is the most" in refused.problem(422, "invalid")["detail"]
    for n, status in ((500, 201), (501, 422)):
        made = card("Chatty")
        made["data"][what] = many[:n]
        assert (await bring(ask, json.dumps(made).encode())).status == status
