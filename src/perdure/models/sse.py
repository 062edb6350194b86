"""Server-sent events out of raw network reads: bytes in, whole events out, no I/O.

Follows the WHATWG HTML standard, section 9.2.6 ("Interpreting an event stream"), with two leniencies that real model
servers need: a last event without its blank line is kept apart for the caller to judge, and a field named `error`
(llama.cpp before 2025) counts as the data of an event of that name.
"""

from __future__ import annotations

Event = tuple[str, bytes]
"""The event's name (`message` where it has none) and its data."""

MESSAGE = "message"
LIMIT_BYTES = 4 * 1024 * 1024
"""No model sends a longer event; whoever does would only fill the memory."""

_BOM = b"\xef\xbb\xbf"


class EventTooLong(ValueError):
    """An event grew past `LIMIT_BYTES` without an end."""


class SseSplitter:
    """Cuts a byte stream into events, wherever the network has cut it.

    Works on bytes, so a UTF-8 sequence that is cut in half is whole again before anyone decodes it.
    """

    __slots__ = ("_rest", "strange")

    def __init__(self) -> None:
        self._rest = b""
        self.strange = False
        """Whether lines came that belong to no event stream, such as a web page's."""

    def feed(self, data: bytes) -> list[Event]:
        """The events that are complete with `data`. Raises `EventTooLong`."""
        buffer = self._rest + data if self._rest else data
        held = b""
        if b"\r" in buffer:
            if buffer.endswith(b"\r"):  # half of a CRLF, perhaps: wait for the other half
                buffer, held = buffer[:-1], b"\r"
            buffer = buffer.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        end = buffer.rfind(b"\n\n")
        if end < 0:
            self._rest = buffer + held
            if len(self._rest) > LIMIT_BYTES:
                raise EventTooLong
            return []
        self._rest = buffer[end + 2 :] + held
        events: list[Event] = []
        for block in buffer[:end].split(b"\n\n"):
            if block.startswith(b"data: ") and b"\n" not in block:  # what nearly every event looks like
                events.append((MESSAGE, block[6:]))
            elif (event := self._interpret(block)) is not None:
                events.append(event)
        return events

    def close(self) -> Event | None:
        """What came behind the last blank line, as an event that the sender may or may not have finished."""
        rest, self._rest = self._rest, b""
        return self._interpret(rest.replace(b"\r", b"\n"))

    def _interpret(self, block: bytes) -> Event | None:
        """The event in a block of lines without a blank line inside; None where it has no data."""
        name = MESSAGE
        data: list[bytes] = []
        for line in block.removeprefix(_BOM).split(b"\n"):
            field, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if field == b"data":
                data.append(value)
            elif field == b"event":
                name = value.decode("utf-8", "replace") or MESSAGE
            elif field == b"error":
                name = "error"
                data.append(value)
            elif field not in (b"", b"id", b"retry"):
                self.strange = True
        return (name, b"\n".join(data)) if data else None
