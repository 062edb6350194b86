"""The rest of what a program can ask, each thing once, without an event loop: what it makes is there, under its id."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest

from perdure.client import Perdure
from perdure.core.errors import NotFound
from tests.http.installation import Installation


@pytest.fixture
def perdure(installation: Installation) -> Iterator[Perdure]:
    """A client."""
    with Perdure(installation.url) as perdure:
        yield perdure


def test_characters(perdure: Perdure) -> None:
    """Made twice under one id they are one; hidden they can be brought back; their card can be taken along."""
    ada = str(uuid4())
    fields = {"description": "Keeps a lighthouse.", "first_mes": "Come in."}
    for _ in range(2):
        made = perdure.put_character("Ada", fields, character_id=ada)
    assert (made["id"], made["first_mes"]) == (ada, "Come in.")
    assert perdure.change_character(ada, {"first_mes": "Stay out."})["first_mes"] == "Stay out."
    perdure.hide_character(ada)
    assert ada not in [one["id"] for one in perdure.characters()]
    assert perdure.restore_character(ada)["id"] == perdure.character(ada)["id"] == ada
    assert json.loads(perdure.export_card(ada, "json"))["data"]["first_mes"] == "Stay out."
    assert perdure.export_card(ada).startswith(b"\x89PNG")
    perdure.hide_character(ada)


def test_personas_and_chats(perdure: Perdure) -> None:
    """Who one is, what a chat is called, and that deleting is hiding."""
    me, chat_id = str(uuid4()), str(uuid4())
    assert perdure.put_persona("Kim", "A sailor.", persona_id=me)["id"] == me
    chat = perdure.put_chat([perdure.characters()[0]["id"]], chat_id=chat_id)
    assert chat["id"] == chat_id
    assert perdure.become(chat_id, me)["persona_id"] == me
    assert perdure.rename_chat(chat_id, "At sea")["title"] == "At sea"
    perdure.hide_chat(chat_id)
    with pytest.raises(NotFound):
        perdure.chat(chat_id)
    assert perdure.restore_chat(chat_id)["title"] == "At sea"
    perdure.hide_persona(me)
    assert me not in [one["id"] for one in perdure.personas()]
    assert perdure.restore_persona(me)["name"] == "Kim"
    perdure.hide_persona(me)


def test_messages(perdure: Perdure) -> None:
    """Said without a reply, deleted, brought back, shown from where they are."""
    chat = perdure.put_chat([perdure.characters()[0]["id"]])
    first = perdure.put_message(chat["id"], "one", reply=False).message
    second = perdure.put_message(chat["id"], "two", reply=False).message
    assert first is not None
    assert second is not None
    assert perdure.hide_message(chat["id"], second["id"])["head_id"] == first["id"]
    assert perdure.restore_message(chat["id"], second["id"])["head_id"] == second["id"]
    assert [one["text"] for one in perdure.messages_from(chat["id"], first["id"])] == ["one", "two"]
    assert perdure.put_head(chat["id"], first["id"], leaf=False)["head_id"] == first["id"]
    turn = perdure.put_turn(chat["id"], first["id"]).turn
    assert turn is not None
    assert perdure.stop(turn["id"])["state"] in ("stopped", "done")


def test_the_server_itself(perdure: Perdure) -> None:
    """Its settings, its processes, and a report to whoever runs it: once, however often it is sent."""
    assert perdure.change_settings({"temperature": 0.25})["values"]["temperature"] == 0.25
    assert "temperature" in perdure.settings()["changed"]
    assert "temperature" not in perdure.change_settings({"temperature": None})["changed"]
    assert {"supervisor", "web", "worker"} <= {process["role"] for process in perdure.processes()}
    chat = perdure.put_chat([perdure.characters()[0]["id"]])
    reply = perdure.say(chat["id"], "Report me. [[tokens=3]]")
    reply.read()
    report_id = str(uuid4())
    for _ in range(2):
        report = perdure.report(reply.message_id, "odd", include_text=True, report_id=report_id)
    assert (report["id"], report["comment"]) == (report_id, "odd")
    assert report["text"] is not None
    assert reply.text in report["text"]
