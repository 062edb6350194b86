"""What the spans of a turn are called: ids that follow from the turn's, so that nothing has to be handed on or kept.

The trace's id is the turn's, 128 bits. The ids of the first span and of each attempt's follow from it: any process can
name them as parent or link, also where the process that made them died before it could send them.
"""

from __future__ import annotations

import hashlib
from uuid import UUID

from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.trace import SpanContext, TraceFlags


def trace_id(turn_id: str) -> int:
    """The turn's id as a number; zero, which the specification forbids, is one."""
    return UUID(turn_id).int or 1


def root_of(turn_id: str) -> SpanContext:
    """The span of the request that asked for the turn."""
    return _context(turn_id, "accepted")


def attempt_of(turn_id: str, n: int) -> SpanContext:
    """The span of attempt `n`."""
    return _context(turn_id, f"attempt {n}")


def _context(turn_id: str, part: str) -> SpanContext:
    digest = hashlib.blake2b(f"{turn_id}/{part}".encode(), digest_size=8).digest()
    span_id = int.from_bytes(digest) or 1
    return SpanContext(trace_id(turn_id), span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


class GivenIds(IdGenerator):
    """Gives the next span the ids that are set here, and a random one where none is. For one thread."""

    def __init__(self) -> None:
        self._random = RandomIdGenerator()
        self.next: SpanContext | None = None

    def generate_span_id(self) -> int:
        """The span's id. What was set is used up by it."""
        given, self.next = self.next, None
        return self._random.generate_span_id() if given is None else given.span_id

    def generate_trace_id(self) -> int:
        """The id of a trace that begins; asked for before the span's."""
        return self._random.generate_trace_id() if self.next is None else self.next.trace_id
