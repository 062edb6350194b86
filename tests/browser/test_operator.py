"""The operator sees how everything is, and what they do happens: by pointer and by keys, on small and large screens."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import expect

from perdure.core.records import Unforeseen
from perdure.store.sqlite import SqliteStore
from tests.browser.conftest import Come
from tests.browser.reader import Reader
from tests.browser.screens import PHONE, in_every_look
from tests.browser.test_looks import LONG_NAME, SMALL
from tests.http.asking import Asking, asking, new_id
from tests.http.installation import Installation, ScriptedBackend, eventually, running

pytestmark = pytest.mark.anyio

ACTS = "/api/v1/operator/acts"
TRACEBACK = "Traceback (most recent call last):\n" + "\n".join(f"  File 'x.py', line {n}" for n in range(40))


@pytest.fixture
async def ask(operated: Installation) -> AsyncIterator[Asking]:
    async with asking(operated.url) as asked:
        yield asked


async def opened(come: Come, base: str, **options: object) -> Reader:
    reader = await come(base=base, **options)
    await reader.open("/operator")
    await expect(reader.page.get_by_role("heading", name="Processes")).to_be_visible()
    return reader


async def test_a_worker_is_restarted_by_a_button(come: Come, operated: Installation) -> None:
    """It asks once; then it is done, and seen, and stands under the name of who did it."""
    reader = await opened(come, operated.url)
    await reader.page.get_by_label("Your name").fill("Ada")
    old = operated.pid("worker-2")
    await reader.page.get_by_role("button", name="Restart worker-2").click()
    dialog = reader.page.get_by_role("dialog")
    await dialog.get_by_role("button", name="No").click()
    await expect(dialog).to_be_hidden()
    assert operated.pid("worker-2") == old
    await reader.page.get_by_role("button", name="Restart worker-2").click()
    await dialog.get_by_role("button", name="Restart").click()
    row = reader.main.locator(".process", has_text="worker-2")
    await expect(row).to_contain_text("1 restart")
    await asyncio.to_thread(eventually, lambda: operated.pid("worker-2") not in (None, old))
    await expect(reader.main.get_by_text("restart worker-2")).to_be_visible()
    await expect(reader.main.get_by_text(re.compile(r"^Ada \(127\.0\.0\.1, loopback\)")).first).to_be_visible()


async def test_a_message_that_is_written_while_paused_goes_out_afterwards(
    come: Come, operated: Installation, ask: Asking
) -> None:
    """The page says why it waits. The switch is reached, answered and taken back by keys alone."""
    reader = await opened(come, operated.url)
    pause = reader.page.get_by_role("switch", name="Take no new messages")
    await pause.focus()
    await reader.page.keyboard.press("Space")
    await expect(reader.page.get_by_role("dialog")).to_be_visible()
    await reader.page.get_by_role("dialog").get_by_role("button", name="Pause").focus()
    await reader.page.keyboard.press("Enter")
    await expect(reader.main.get_by_text("By the operator, now")).to_be_visible()
    await expect(pause).to_be_checked()
    writer = await come(base=operated.url)
    writer.interrupted = True
    await writer.meet("Mizzle")
    await writer.field.fill("Are you there?")
    await writer.field.press("Enter")
    await expect(writer.page.get_by_text("This server takes no new messages just now").first).to_be_visible()
    await pause.focus()
    await reader.page.keyboard.press("Space")
    await expect(pause).not_to_be_checked()
    await writer.ended(await writer.reply_at(1))


async def test_what_is_shown_is_said_to_be_old_while_the_server_is_away(come: Come, operated: Installation) -> None:
    reader = await opened(come, operated.url)
    reader.interrupted = True
    await reader.page.context.set_offline(True)
    await expect(reader.main.get_by_text("The server does not answer just now")).to_be_visible()
    await reader.page.context.set_offline(False)
    await expect(reader.main.get_by_text("The server does not answer just now")).to_be_hidden()


async def test_work_is_planned_on_the_page(come: Come, operated: Installation) -> None:
    """Nothing that is left out goes unsaid; and it is cancelled again."""
    reader = await opened(come, operated.url)
    await reader.page.get_by_role("button", name="Plan work").click()
    await reader.page.get_by_role("button", name="Plan it").click()
    await expect(reader.main.get_by_role("alert")).to_contain_text("Say what is done")
    await reader.page.get_by_label("What is done").fill(LONG_NAME)
    await reader.page.get_by_role("checkbox", name="The record").check()
    await reader.page.get_by_role("button", name="Plan it").click()
    planned = reader.main.locator(".planned")
    await expect(planned).to_contain_text("The record")
    await planned.get_by_role("button", name=f"Cancel {LONG_NAME}").click()
    await reader.page.get_by_role("dialog").get_by_role("button", name="Cancel the work").click()
    await expect(planned).to_have_count(0)


async def test_it_is_found_from_settings_and_palette(come: Come, operated: Installation) -> None:
    reader = await come(base=operated.url)
    await reader.open("/settings/data")
    await reader.main.get_by_role("link", name="Processes, incidents and load").click()
    await expect(reader.page.get_by_role("heading", name="Server", exact=True)).to_be_visible()
    await reader.open("/")
    await reader.page.keyboard.press("Control+k")
    await reader.page.get_by_role("combobox", name="Search characters").fill("incidents")
    await expect(reader.page.locator('[role="option"][aria-selected="true"]')).to_contain_text("Processes, incidents")
    await reader.page.keyboard.press("Enter")
    await expect(reader.page.get_by_role("heading", name="Server", exact=True)).to_be_visible()


@pytest.fixture(scope="module")
def ailing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A Perdure whose model is gone: an incident goes on, a reply waits, and much has been noted."""
    model = ScriptedBackend()
    installation = Installation(tmp_path_factory.mktemp("ailing") / "data", backend_url=model.url)
    for one in running(installation):
        asyncio.run(_trouble(one, model))
        yield one


async def _trouble(installation: Installation, model: ScriptedBackend) -> None:
    store = SqliteStore(installation.data_dir / "perdure.db")
    unforeseen = Unforeseen(
        "f" * 16, "ZeroDivisionError", "perdure.engine.x:12", "worker-1", TRACEBACK, "e" * 32, 1, 2, 3
    )
    await store.write(lambda r: r.unforeseen.note(unforeseen))
    await store.close()
    async with asking(installation.url) as ask:
        chat = await ask.chat()
        told = await ask.told(chat, "Hello [[tokens=5]]")
        await ask("PATCH", f"/api/v1/chats/{chat}", json={"title": LONG_NAME})
        report = {"message_id": told["message_id"], "comment": LONG_NAME * 2, "include_text": True}
        await ask("PUT", f"/api/v1/reports/{new_id()}", json=report)
        model.close()
        await ask.said(chat, "And again")
        async with asyncio.timeout(40):
            while not (seen := await ask.get("/api/v1/operator/overview"))["incidents"]:
                await asyncio.sleep(0.1)
        note = {"kind": "note", "name": LONG_NAME[:80], "incident": seen["incidents"][0]["id"], "text": LONG_NAME}
        await ask("POST", ACTS, json=note)
        times = {"begins_at": "2099-01-01T10:00:00Z", "ends_at": "2099-01-01T11:00:00Z"}
        plan = {"kind": "plan", "title": LONG_NAME, "text": "A note.", "components": ["store"], **times}
        await ask("POST", ACTS, json=plan)


@in_every_look
async def test_the_page_is_legible_and_whole(
    come: Come, ailing: Installation, viewport: dict[str, int], theme: str
) -> None:
    """With an incident, long names, a traceback and a form; also from right to left."""
    reader = await opened(come, ailing.url, viewport=viewport, color_scheme=theme)
    await expect(reader.main.get_by_role("article").first).to_be_visible()
    await reader.page.get_by_role("button", name="Plan work").click()
    await reader.page.get_by_text("Traceback", exact=True).click()
    await expect(reader.page.get_by_label("What is done")).to_be_visible()
    await reader.looks_right()
    await reader.is_accessible()


async def test_a_finger_finds_whatever_can_be_pressed(come: Come, ailing: Installation) -> None:
    reader = await opened(come, ailing.url, viewport=PHONE, has_touch=True, is_mobile=True)
    await reader.page.get_by_role("button", name="Plan work").click()
    assert await reader.page.evaluate(SMALL) == []


async def test_the_page_speaks_german(come: Come, ailing: Installation) -> None:
    reader = await come(base=ailing.url, locale="de-DE")
    await reader.open("/operator")
    await expect(reader.page.get_by_role("heading", name="Störungen")).to_be_visible()
    await expect(reader.page.get_by_role("heading", name="Last und Wartezeit")).to_be_visible()


async def test_an_incident_is_told_about_and_resolved(come: Come, ailing: Installation) -> None:
    """What the operator writes stands in the story, and on the status page; what is broken still begins a new one."""
    reader = await opened(come, ailing.url)
    incident = reader.main.get_by_role("article").first
    await incident.get_by_label("Tell people something about it").fill("A new one is on its way.")
    await incident.get_by_role("button", name="Post").click()
    await expect(incident.get_by_role("list").get_by_text("A new one is on its way.")).to_be_visible()
    async with asking(ailing.url) as ask:
        before = (await ask.get("/api/v1/operator/overview"))["incidents"][0]["id"]
        await incident.get_by_role("button", name="It is over").click()
        await reader.page.get_by_role("dialog").get_by_role("button", name="It is over").click()
        async with asyncio.timeout(40):
            while [one["id"] for one in (await ask.get("/api/v1/operator/overview"))["incidents"]] in ([], [before]):
                await asyncio.sleep(0.1)
        [past] = [one for one in (await ask.get("/api/v1/operator/incidents"))["incidents"] if one["id"] == before]
        assert [entry["by"] for entry in past["story"]][-2:] == ["the operator"] * 2
