"""Server-sent events out of raw network reads: bytes in, whole events out, no I/O.

After the WHATWG HTML standard, section 9.2.6. Works on bytes and decodes whole lines only, so that a character which
the network cut in half is whole again. An event without its closing blank line is never handed out: whoever comes back
with the id of the one before gets it again.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """One event as it was sent. `id` is that of this event or, where it has none, of the last one before it."""

    id: str
    event: str
    data: str


class SseParser:
    """Feed it whatever the network gave."""

    def __init__(self) -> None:
        self._rest = b""
        self._id = ""
        self._event = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> list[Frame]:
        """The events that are complete with `chunk`."""
        buffer = self._rest + chunk
        # A CR at the end may be half of a CRLF: it waits for what comes.
        held = b"\r" if buffer.endswith(b"\r") else b""
        lines = buffer.removesuffix(held).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop() + held
        return [frame for line in lines if (frame := self._line(line)) is not None]

    def _line(self, line: bytes) -> Frame | None:
        if not line:
            return self._dispatch()
        field, _, raw = line.partition(b":")
        value = raw.removeprefix(b" ").decode("utf-8", "replace")
        match field:
            case b"data":
                self._data.append(value)
            case b"event":
                self._event = value
            case b"id" if "\0" not in value:
                self._id = value
            case _:  # a comment (an empty field's name), `retry`, or something of a later standard
                pass
        return None

    def _dispatch(self) -> Frame | None:
        event, data = self._event, self._data
        self._event, self._data = "", []
        if not data:
            return None
        return Frame(self._id, event or "message", "\n".join(data))
