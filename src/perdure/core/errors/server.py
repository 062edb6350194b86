"""Server: Perdure itself, or a service that it relies on."""

from __future__ import annotations

from typing import ClassVar

from perdure.core.errors.base import Fault, Mender, PerdureError


class ServerError(PerdureError):
    code = "internal_error"
    fault = Fault.SERVER
    status = 500
    title = "Perdure made a mistake"
    verdict = "It is the server, and neither you nor your connection."
    remedy = "Your earlier messages are safe. Try again; if it stays, give the error id to whoever runs this server."
    retry = True
    causes: ClassVar[tuple[str, ...]] = ("A mistake in Perdure that nobody foresaw.",)
    mender = Mender.OPERATOR
    avoid = "Do not send again and again: each try fails the same way until it is mended."
    kept = "What was shown as sent is on the server's disk. The rest stays in your browser, and goes out once."


class StoreUnavailable(ServerError):
    code = "store_unavailable"
    status = 503
    title = "The record cannot be written just now"
    remedy = "Wait a moment and send the same message again: it counts once."
    causes = (
        "Another program holds the database file.",
        "The disk answers slowly or with errors.",
        "The server is just being restarted.",
    )
    mender = Mender.NOBODY
    avoid = "Do not write the message anew: the same one, sent again, counts once."


class StoreFull(ServerError):
    code = "store_full"
    status = 507
    title = "The server's disk is full"
    remedy = "Whoever runs this server has to free disk space. What was accepted before is safe."
    retry = False
    causes = ("The disk that holds the data folder is full.", "A quota or a container's limit is reached.")
    mender = Mender.OPERATOR
    avoid = "Do not delete anything in the data folder by hand."


class Overloaded(ServerError):
    code = "overloaded"
    status = 503
    title = "More is asked of this server than it can do"
    remedy = "Wait; what you wrote is kept and goes out by itself when there is room."
    causes = (
        "More replies wait to be written than the limit `max_queued` allows.",
        "The model is too slow for so many people.",
    )
    mender = Mender.NOBODY
    avoid = "Do not send again and again: every request makes the queue longer."


class IntakePaused(ServerError):
    code = "intake_paused"
    status = 503
    title = "This server takes no new messages just now"
    remedy = "Wait; what you wrote is kept and goes out by itself once messages are taken again."
    causes = ("Whoever runs this server has paused it: to update it, to move it, or to let it catch up.",)
    mender = Mender.OPERATOR
    avoid = "Do not write the message anew: the same one goes out once."
    kept = "All that was shown as sent. Replies that were asked for before are written."


class DeskUnavailable(ServerError):
    code = "desk_unavailable"
    status = 503
    title = "The part of Perdure that does this does not answer"
    remedy = "Wait a moment and try again: it is started anew by itself. Chats go on without it."
    causes = (
        "The health process, which keeps incidents, or the supervisor is just being restarted.",
        "This web process runs alone, without the others that `perdure serve` runs.",
    )
    mender = Mender.NOBODY
    kept = "All chats: they do not need it."


class Restarting(ServerError):
    code = "server_unavailable"
    status = 503
    title = "The server is not ready just now"
    remedy = "Wait a moment: it is tried again by itself."
    causes = (
        "It is being restarted behind a proxy, which answers in its place.",
        "It is down, and the proxy before it still runs.",
    )
    mender = Mender.NOBODY
    avoid = "Do not reload again and again: what you wrote is kept in the browser and goes out by itself."


class ServiceFailed(ServerError):
    """Seen from outside only, by `perdure diagnose`: the service may be any, and its mistakes are not Perdure's."""

    code = "service_failed"
    status = 502
    title = "The service reported an error of its own"
    remedy = "Wait, and look at its status page. If it stays, tell whoever runs it when it was and what was asked."
    causes = (
        "A mistake in the service, or in something that it relies on.",
        "An outage, which its operators may already know of.",
    )
    kept = "What the service confirmed before. Of the rest nothing is known from outside."


class TurnSetAside(ServerError):
    code = "turn_set_aside"
    title = "This reply was set aside"
    remedy = "Edit the message and try again; asking unchanged would most likely fail the same way."
    retry = False
    causes = (
        "The request crashed the process that worked on it, several times in a row.",
        "The machine runs out of memory with this conversation.",
    )
    mender = Mender.USER
    avoid = "Do not ask for the same again unchanged."
    kept = "The message is kept, and so is what the character had said by then."
