"""Takes the pictures of the documentation from a real Perdure: `python -m tests.browser.pictures`.

Its model is the scripted one, so that the starter cast says what `scenes.py` has written for it. The takeover in the
pictures is a real one: the worker at the reply is killed in mid-sentence.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
from functools import partial
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, expect

from tests.browser.chromium import chromium
from tests.browser.reader import TAKEN_OVER, Reader, new_context, new_reader
from tests.browser.scenes import ANOTHER, DIES_AT, PICTURED_AT, SCENES, TALK
from tests.browser.screens import DESK, PHONE
from tests.faults import kinds
from tests.faults.proxy import Proxy
from tests.http.asking import Asking, asking, new_id
from tests.http.installation import FromNothing, Installation, ScriptedBackend

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
MAX_BYTES = 250_000
"""What a picture may weigh, so that the repository stays light."""

QUICK_S, SLOW_S = 0.0, 0.4
"""The pace of the model, in seconds a word: for what is not looked at, and for what is pictured in mid-sentence."""


async def picture(reader: Reader, name: str) -> None:
    """Write what the reader sees."""
    await reader.page.mouse.move(0, 0)
    # What cannot be seen is loaded when somebody comes there.
    await reader.page.wait_for_function(
        """() => [...document.images].every((one) => {
            const { x, y, width, height } = one.getBoundingClientRect();
            return one.complete || document.elementFromPoint(x + width / 2, y + height / 2) !== one;
        })"""
    )
    await reader.settled()
    taken = await reader.page.screenshot()
    if len(taken) > MAX_BYTES:
        taken = with_palette(taken)
    assert len(taken) <= MAX_BYTES, f"{name} weighs {len(taken)} bytes"
    (PICTURES / f"{name}.png").write_bytes(taken)
    print(f"{name}.png")


def with_palette(png: bytes) -> bytes:
    """The picture in its 256 most telling colours, which takes a third of the bytes."""
    out = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(256, kmeans=2).save(out, "PNG", optimize=True)
    return out.getvalue()


async def script(ask: Asking, backend: ScriptedBackend, **default: object) -> None:
    """Tell the model what to say from now on, and how."""
    url = backend.url.removesuffix("/v1") + "/control"
    async with ask.session.post(url, json={"reset": True, "default": {"tokens": 1000, **default}}) as answer:
        assert answer.status == 200


async def hold(ask: Asking, backend: ScriptedBackend) -> str:
    """Hold the conversations of the list, and the beginning of the pictured one; returns the latter's id."""
    characters = {c["name"]: c["id"] for c in (await ask.get("/api/v1/characters"))["characters"]}
    chat = ""
    for scene in (*SCENES, TALK):
        chat = new_id()
        await ask("PUT", f"/api/v1/chats/{chat}", json={"character_ids": [characters[scene.character]]})
        for exchange in scene.exchanges[:-1] if scene is TALK else scene.exchanges:
            await script(ask, backend, text=exchange.reply, interval=QUICK_S)
            await ask.told(chat, exchange.said)
    return chat


async def desk_and_phone(browser: Browser, base: str, path: str) -> tuple[Reader, Reader]:
    """The page on a desk and on a phone."""
    readers = []
    for viewport in (DESK, PHONE):
        context = await new_context(browser, viewport=viewport, timezone_id="Europe/London")
        readers.append(await new_reader(context, base))
        await readers[-1].open(path)
    return readers[0], readers[1]


async def in_both_themes(reader: Reader, name: str) -> None:
    """Two pictures, light and dark."""
    await picture(reader, name)
    await reader.page.emulate_media(color_scheme="dark")
    await picture(reader, f"{name}-dark")
    await reader.page.emulate_media(color_scheme="light")


async def the_chat(
    browser: Browser, installation: Installation, backend: ScriptedBackend, ask: Asking, chat: str
) -> None:
    """A reply in mid-sentence, taken over; and one that failed."""
    desk, phone = await desk_and_phone(browser, installation.url, f"/chats/{chat}")
    await expect(phone.messages).to_have_count(3)
    last = TALK.exchanges[-1]
    await script(ask, backend, text=last.reply, interval=SLOW_S)
    reply_id = await desk.say(last.said)
    reply = desk.message(reply_id)
    await expect(reply).to_contain_text(DIES_AT)
    turn = await ask.turn((await ask.messages(chat))[-1]["turn_id"])
    installation.kill(turn["attempts"][-1]["worker"])
    for reader in (desk, phone):
        await expect(reader.message(reply_id)).to_contain_text(TAKEN_OVER)
        await expect(reader.message(reply_id)).to_contain_text(PICTURED_AT)
    await in_both_themes(desk, "chat")
    await picture(phone, "chat-phone")
    await expect(reply).to_have_attribute("data-state", "running")
    await desk.ended(reply_id)
    await the_chats(browser, installation)
    await script(ask, backend, text=ANOTHER, interval=QUICK_S)
    await reply.get_by_role("button", name="Another reply").click()
    await expect(desk.replies.last).to_contain_text("for somebody who would ask")
    await expect(desk.replies.last).to_have_attribute("data-state", "done")
    await picture(desk, "chat-swipes")
    await script(ask, backend, status=401, code="invalid_api_key", message="Incorrect API key provided.")
    await desk.ended(await desk.say("Then let's start with the basil. I'll hold the pot."), "failed")
    await expect(desk.main.get_by_role("link", name="Look at the model")).to_be_visible()
    await picture(desk, "chat-failed")
    await desk.button("Why?").click()
    await desk.button("Report it…").click()
    await expect(desk.page.get_by_role("dialog")).to_be_visible()
    await picture(desk, "chat-report")


async def the_welcome(browser: Browser, installation: Installation, ask: Asking) -> None:
    """What whoever comes first is shown; afterwards nobody is."""
    desk, phone = await desk_and_phone(browser, installation.url, "/")
    for reader, name in ((desk, "welcome"), (phone, "welcome-phone")):
        await expect(reader.main.get_by_role("button", name="Say hello to")).to_have_count(3)
        await picture(reader, name)
    await ask("PATCH", "/api/v1/settings", json={"welcomed": True})


async def the_gallery(browser: Browser, installation: Installation) -> None:
    """The starter cast, and one of them from near."""
    desk, phone = await desk_and_phone(browser, installation.url, "/")
    for reader in (desk, phone):
        await expect(reader.button("Chat with Mizzle")).to_be_visible()
    await in_both_themes(desk, "gallery")
    await picture(phone, "gallery-phone")
    await desk.page.get_by_role("link", name="About Philomena").click()
    await expect(desk.button("Start a chat")).to_be_visible()
    await picture(desk, "character")


async def the_editor(browser: Browser, installation: Installation, character: str) -> None:
    """A character being written, with its counts of tokens."""
    desk, phone = await desk_and_phone(browser, installation.url, f"/characters/{character}/edit")
    for reader, name in ((desk, "editor"), (phone, "editor-phone")):
        await expect(reader.main.get_by_label("Name", exact=True)).to_have_value("Philomena")
        await reader.page.wait_for_load_state("networkidle")
        await picture(reader, name)


async def the_settings(browser: Browser, installation: Installation, ask: Asking) -> None:
    """Each section on a desk, and what a telephone makes of two of them."""
    robin = {"name": "Robin", "description": "Mends clocks, badly. Talks to clouds when nobody is in."}
    await ask("PUT", f"/api/v1/personas/{new_id()}", json=robin)
    desk, phone = await desk_and_phone(browser, installation.url, "/settings")
    await expect(phone.main.locator('nav a[href="/settings/replies"]')).to_be_visible()
    await picture(phone, "settings-phone")
    for section in ("models", "replies", "persona", "appearance", "keyboard", "data"):
        await to_section(desk, section)
        await picture(desk, f"settings-{section}")
    await to_section(phone, "replies")
    await picture(phone, "settings-replies-phone")
    await to_section(desk, "replies")
    await desk.page.emulate_media(color_scheme="dark")
    await picture(desk, "settings-replies-dark")


async def to_section(reader: Reader, section: str) -> None:
    """Open a section of the settings and wait until all of it is there."""
    await reader.open(f"/settings/{section}")
    await expect(reader.main.get_by_text("Loading the settings…")).to_have_count(0)
    await reader.page.wait_for_load_state("networkidle")


async def what_lies_over(browser: Browser, installation: Installation, chat: str) -> None:
    """The palette and the keys, over a chat."""
    desk, _ = await desk_and_phone(browser, installation.url, f"/chats/{chat}")
    await expect(desk.messages).to_have_count(3)
    await desk.page.get_by_role("region", name="Messages").focus()
    for key, name in (("Control+k", "palette"), ("?", "keys")):
        await desk.page.keyboard.press(key)
        await expect(desk.page.get_by_role("dialog")).to_be_visible()
        await picture(desk, name)
        await desk.page.keyboard.press("Escape")
        await expect(desk.page.get_by_role("dialog")).to_have_count(0)


async def whose_fault(browser: Browser, installation: Installation) -> None:
    """Is it me or them? With a proxy's page in the server's place, on a desk and on a phone, which is dark."""
    with Proxy(installation.url) as proxy:
        readers = await desk_and_phone(browser, proxy.url, "/")
        for reader in readers:
            await expect(reader.button("Chat with Mizzle")).to_be_visible()
        proxy.always(kinds.page(502, "Bad Gateway"))
        proxy.hang_up()
        for reader, name in zip(readers, ("diagnosis", "diagnosis-phone"), strict=True):
            await reader.page.emulate_media(color_scheme="dark" if name.endswith("phone") else "light")
            await reader.page.get_by_role("link", name="Chats", exact=True).click()
            await reader.main.get_by_role("button", name="Is it me or them?").click()
            await expect(reader.page.get_by_role("dialog").get_by_role("status")).to_contain_text("It is the server")
            await picture(reader, name)


async def while_it_is_away(browser: Browser, installation: Installation, chat: str) -> None:
    """A chat that is read and written in while its server is gone, on a desk and on a phone, which is dark."""
    with Proxy(installation.url) as proxy:
        readers = await desk_and_phone(browser, proxy.url, f"/chats/{chat}")
        for reader in readers:
            await expect(reader.messages).to_have_count(3)
            await reader.until(partial(has_kept_a_chat, reader))
        proxy.always(kinds.REFUSE)
        for reader, name in zip(readers, ("chat-away", "chat-away-phone"), strict=True):
            await reader.page.emulate_media(color_scheme="dark" if name.endswith("phone") else "light")
            await reader.field.fill("Are you still there?")
            await reader.field.press("Enter")
            await expect(reader.main.get_by_text("Not sent yet")).to_be_visible()
            await picture(reader, name)


async def has_kept_a_chat(reader: Reader) -> bool:
    """Whether the browser has kept what a chat shows."""
    return any("chat" in key for key in await reader.kept("pages"))


async def the_help(browser: Browser, installation: Installation) -> None:
    """The table of errors."""
    desk, phone = await desk_and_phone(browser, installation.url, "/help/errors")
    for reader, name in ((desk, "help"), (phone, "help-phone")):
        await expect(reader.page.get_by_role("heading", level=1)).to_be_visible()
        await picture(reader, name)


async def the_operators_page(browser: Browser, installation: Installation, ask: Asking) -> None:
    """The operator's page while a worker that was killed is being started again, and replies are being written."""
    desk, phone = await desk_and_phone(browser, installation.url, "/operator")
    for reader, name, worker in ((desk, "operator", "worker-1"), (phone, "operator-phone", "worker-2")):
        for _ in range(3):
            await ask.said(await ask.chat(), "How is the day?")
        installation.kill(worker)
        await reader.page.emulate_media(color_scheme="dark" if name.endswith("phone") else "light")
        await expect(reader.main.get_by_text(f"{worker} was killed by SIGKILL.").first).to_be_visible()
        await picture(reader, name)


async def the_status(browser: Browser, installation: Installation) -> None:
    """The status page while a worker that was killed is being started again: a real incident."""
    desk, phone = await desk_and_phone(browser, installation.url, "/status")
    for reader, name, worker in ((desk, "status", "worker-1"), (phone, "status-phone", "worker-2")):
        installation.kill(worker)
        while not await reader.page.get_by_text(f"{worker} was killed by SIGKILL").count():
            await reader.page.reload()
        await picture(reader, name)


async def the_chats(browser: Browser, installation: Installation) -> None:
    """The list of chats."""
    desk, phone = await desk_and_phone(browser, installation.url, "/chats")
    for reader in (desk, phone):
        await expect(reader.page.locator(".preview")).to_have_count(len(SCENES) + 1)
    await in_both_themes(desk, "chats")
    await picture(phone, "chats-phone")


async def main() -> None:
    """Take all of them."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    backend = ScriptedBackend()
    with tempfile.TemporaryDirectory() as folder:
        installation = FromNothing(Path(folder) / "data", backend_url=backend.url)
        installation.start()
        try:
            async with asking(installation.url) as ask, chromium() as browser:
                await the_welcome(browser, installation, ask)
                chat = await hold(ask, backend)
                cast = (await ask.get("/api/v1/characters"))["characters"]
                philomena = next(one["id"] for one in cast if one["name"] == "Philomena")
                await the_gallery(browser, installation)
                await the_editor(browser, installation, philomena)
                await the_settings(browser, installation, ask)
                await what_lies_over(browser, installation, chat)
                await whose_fault(browser, installation)
                await the_help(browser, installation)
                await while_it_is_away(browser, installation, chat)
                await the_chat(browser, installation, backend, ask, chat)
                await the_status(browser, installation)
                await the_operators_page(browser, installation, ask)
        finally:
            installation.close()
            backend.close()


if __name__ == "__main__":
    asyncio.run(main())
