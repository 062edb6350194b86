"""A whole server, as a program sees it.

Every call can be repeated: what it creates has an id that is drawn before the first try, and each try carries it
(promise 7). So all of them are, through restarts of the server, until `patience_s` is over or the answer is final.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any
from uuid import uuid4

from perdure.client.chats import ChatCalls
from perdure.client.follow import Followed, follow
from perdure.client.gallery import GalleryCalls
from perdure.client.shapes import Overview, Process, Report, Settings, Status
from perdure.client.talking import TalkCalls

API = "/api/v1"


class AsyncPerdure(GalleryCalls, ChatCalls, TalkCalls):
    """A Perdure server. All methods raise PerdureError: what the server said, or what the network did."""

    async def status(self) -> Status:
        """The server's version, and how its model stands."""
        status: Status = await self.call("GET", f"{API}/status", has="version")
        return status

    async def processes(self) -> list[Process]:
        """The processes of the installation, the supervisor first."""
        processes: list[Process] = await self.call("GET", f"{API}/operator/processes")
        return processes

    async def overview(self) -> Overview:
        """Everything at a glance, for whoever runs the server."""
        overview: Overview = await self.call("GET", f"{API}/operator/overview", has="processes")
        return overview

    async def act(self, deed: Mapping[str, Any], name: str = "") -> None:
        """Do something in the name of somebody who runs the server: `{"kind": "restart", "process": "worker-1"}`. All
        kinds are described at `POST /api/v1/operator/acts`.

        Tried again as other calls are: an order that stands already stands, and a process that was just restarted is
        restarted once more at worst.
        """
        await self.call("POST", f"{API}/operator/acts", body={**deed, "name": name}, has="id")

    async def settings(self) -> Settings:
        """What is set for the next turn on."""
        settings: Settings = await self.call("GET", f"{API}/settings", has="values")
        return settings

    async def change_settings(self, changes: Mapping[str, Any]) -> Settings:
        """Set some of them; None goes back to the default."""
        settings: Settings = await self.call("PATCH", f"{API}/settings", body=dict(changes), has="values")
        return settings

    async def report(
        self, message_id: str, comment: str = "", *, include_text: bool = False, report_id: str | None = None
    ) -> Report:
        """Tell the operator of a reply that went wrong; its text is shown to them only with `include_text`."""
        body = {"message_id": message_id, "comment": comment, "include_text": include_text}
        report: Report = await self.call("PUT", f"{API}/reports/{report_id or uuid4()}", body=body, has="id")
        return report

    def follow(self, chat_id: str, after: int | None = None) -> AsyncGenerator[Followed, None]:
        """The chat's events behind `after` (None: a snapshot first), through every reconnection, for ever.

        Between them `Lost` and `Back` say when the connection broke and when it stood again. Close the generator
        (`contextlib.aclosing`) to end.
        """
        return follow(self, chat_id, after)
