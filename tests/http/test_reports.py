"""From a failed message to the operator's list."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.asking import Asking, new_id
from tests.http.installation import Installation

pytestmark = pytest.mark.anyio


async def failed(ask: Asking) -> dict[str, Any]:
    """A turn that the model refused."""
    chat = await ask.chat()
    turn = (await ask.said(chat, 'It hurts. [[status=400 message="no such sampler"]]'))["turn"]
    return await ask.ended(turn["id"])


async def reported(ask: Asking, report_id: str) -> dict[str, Any]:
    """A report as it lies in the operator's list."""
    listed = (await ask.get("/api/v1/operator/reports"))["reports"]
    return next(one for one in listed if one["id"] == report_id)


async def test_a_failed_reply_is_reported_with_its_error_and_its_attempts(ask: Asking) -> None:
    """And without a word of the conversation, unless its writer agrees; the same again is one report."""
    turn = await failed(ask)
    report_id = new_id()
    body = {"message_id": turn["message_id"], "comment": "It did that twice."}
    first = await ask("PUT", f"/api/v1/reports/{report_id}", json=body)
    again = await ask("PUT", f"/api/v1/reports/{report_id}", json=body)
    assert (first.status, again.status) == (201, 200)
    found = await reported(ask, report_id)
    assert found == first.json == again.json
    assert found["error"] == turn["error"]
    assert found["error"]["error_id"]
    assert [one["outcome"] for one in found["attempts"]] == ["model_refused"]
    assert (found["comment"], found["text"]) == ("It did that twice.", None)
    other = await ask("PUT", f"/api/v1/reports/{report_id}", json={**body, "comment": "Something else."})
    other.problem(409, "conflict")


async def test_with_their_consent_the_operator_sees_what_was_said(ask: Asking) -> None:
    """The message and the reply; erased with them."""
    turn = await failed(ask)
    report_id = new_id()
    body = {"message_id": turn["message_id"], "include_text": True}
    assert (await ask("PUT", f"/api/v1/reports/{report_id}", json=body)).status == 201
    assert "It hurts." in (await reported(ask, report_id))["text"]
    await ask("DELETE", f"/api/v1/chats/{turn['chat_id']}")
    assert (await ask("POST", "/api/v1/trash/purge", json={"confirm": True})).status == 200
    assert (await reported(ask, report_id))["text"] is None


async def test_a_report_that_was_seen_to_is_removed(ask: Asking) -> None:
    """For good, and the same again changes nothing."""
    turn = await failed(ask)
    report_id = new_id()
    await ask("PUT", f"/api/v1/reports/{report_id}", json={"message_id": turn["message_id"]})
    path = f"/api/v1/operator/reports/{report_id}"
    assert [(await ask("DELETE", path)).status for _ in range(2)] == [204, 204]
    assert report_id not in [one["id"] for one in (await ask.get("/api/v1/operator/reports"))["reports"]]


async def test_only_a_reply_can_be_reported(ask: Asking) -> None:
    """Neither what is not there nor what somebody said themselves."""
    chat = await ask.chat()
    said = (await ask.said(chat, "Mine.", reply=False))["message"]
    (await ask("PUT", f"/api/v1/reports/{new_id()}", json={"message_id": new_id()})).problem(404, "not_found")
    (await ask("PUT", f"/api/v1/reports/{new_id()}", json={"message_id": said["id"]})).problem(422, "invalid")


async def test_the_error_of_a_turn_is_in_the_log_under_its_id(ask: Asking, installation: Installation) -> None:
    """Whoever is told an error id leads the operator to everything that is known."""
    turn = await failed(ask)
    assert f"error_id={turn['error']['error_id']}" in installation.log()


async def test_nothing_unforeseen_has_happened(ask: Asking) -> None:
    """The list is there, and empty."""
    assert (await ask.get("/api/v1/operator/exceptions"))["exceptions"] == []
    assert (await ask("DELETE", "/api/v1/operator/exceptions/none")).status == 204
