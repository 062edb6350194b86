"""Client: nothing is broken, but what was asked cannot be done as asked."""

from __future__ import annotations

from typing import ClassVar

from perdure.core.errors.base import Fault, Mender, PerdureError


class ClientError(PerdureError):
    code = "bad_request"
    fault = Fault.CLIENT
    status = 400
    title = "The request cannot be understood"
    verdict = "Nothing is broken: asked otherwise, it works."
    remedy = "Correct the request and send it again."
    causes: ClassVar[tuple[str, ...]] = (
        "A program that asks in a way this server does not know.",
        "A page that was opened before an update.",
    )
    mender = Mender.USER
    avoid = "Do not send the same again unchanged."
    kept = (
        "Nothing of this request was taken. What was sent before is safe, and what you wrote stays where you wrote it."
    )


class Invalid(ClientError):
    code = "invalid"
    status = 422
    title = "Something in the request is not as it should be"
    causes = ("A value is missing, of the wrong kind, or out of its bounds; the detail names it.",)


class NotFound(ClientError):
    code = "not_found"
    status = 404
    title = "There is no such thing here"
    remedy = "Check the address; it may have been deleted."
    causes = ("It was deleted.", "The address was mistyped or cut off.")


class MethodNotAllowed(ClientError):
    code = "method_not_allowed"
    status = 405
    title = "This address does not do that"
    causes = ("A program uses an address in a way that it is not made for.",)


class Conflict(ClientError):
    code = "conflict"
    status = 409
    title = "That id already names something else"
    remedy = "Use a new id for new content."
    causes: ClassVar[tuple[str, ...]] = (
        "Two programs chose the same id for different things.",
        "Something else was saved under this id meanwhile.",
    )


class TurnInProgress(Conflict):
    code = "turn_in_progress"
    title = "A reply is still being written here"
    remedy = "Wait until the reply has ended, or stop it, then send again."
    causes = ("A reply is still being written in this chat, perhaps asked for in another tab.",)
    avoid = ""


class TooLarge(ClientError):
    code = "too_large"
    status = 413
    title = "That is larger than this server takes"
    remedy = "Send less at once."
    causes = ("A message, a picture or a file is larger than the limit; the detail names it.",)


class TooFast(ClientError):
    code = "too_fast"
    status = 429
    title = "That is faster than this server takes messages"
    remedy = "Wait; what you wrote is kept and goes out by itself."
    retry = True
    causes = (
        "More messages in a minute than the setting `messages_per_minute` allows in one chat.",
        "A program that sends without a pause.",
    )
    mender = Mender.NOBODY
    avoid = "Do not press again: it goes out by itself."


class OutdatedPage(ClientError):
    code = "outdated_page"
    title = "This page is older than the server"
    remedy = "Reload the page. What you wrote is kept."
    causes = ("Perdure was updated while the page was open.", "The browser shows a page that it had kept.")
    avoid = ""


class UnsupportedMedia(ClientError):
    code = "unsupported_media_type"
    status = 415
    title = "That kind of content is not taken here"
    causes = ("A program sends something else than it says, or does not say what it sends.",)


class BadCard(ClientError):
    code = "bad_card"
    status = 422
    title = "This file is no character card"
    remedy = "Export the card again as PNG (V2 or V3) or JSON and import that file."
    causes = (
        "The file is a picture without a card in it, such as one saved from a web page.",
        "The file is damaged, or is a lorebook or a chat.",
    )


class BadPicture(ClientError):
    code = "bad_picture"
    status = 422
    title = "This picture cannot be used"
    remedy = "Choose a PNG, JPEG or WEBP picture of at most 10 MB."
    causes = ("The file is of a kind that browsers do not show, is damaged, or too large.",)


class TokenRequired(ClientError):
    code = "access_token_required"
    status = 401
    title = "This server asks for its access token"
    remedy = "Enter the access token that whoever runs this server gave you."
    causes = ("The token has not been entered yet in this browser.", "The token was changed since.")
    avoid = ""
    kept = "What you wrote is kept in the browser, and goes out once the token is entered."


class NotAllowedHere(ClientError):
    code = "not_allowed"
    status = 403
    title = "That is not allowed from there"
    remedy = "Open Perdure under the address it prints at its start."
    causes = (
        "The page was opened under a name that this server was not told of.",
        "Another web page tried to ask in your name.",
    )
    mender = Mender.OPERATOR
