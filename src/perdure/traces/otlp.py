"""Traces over OTLP, the OpenTelemetry protocol: a thread sends spans in batches, and drops them where that fails."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from perdure.core.records import Attempt
from perdure.core.turn import Outcome, State, Turn
from perdure.ports.tracing import Asked
from perdure.traces.quiet import hush
from perdure.traces.spans import GivenIds, attempt_of, root_of

EVERY_MS = 1000
"""How long a span may wait for company before it is sent."""
MOST_WAITING = 4096
"""Spans that wait; those beyond are dropped."""
ONE_REQUEST_S = 5.0
CLOSE_WITHIN_S = 2.0

LOST = (Outcome.DIED, Outcome.EXPIRED)
WELL = (Outcome.DONE, Outcome.STOPPED, Outcome.RELEASED)

Attributes = dict[str, AttributeValue]


class OtlpTracing:
    """Sends to the collector at `endpoint` (OTLP over HTTP), in the name of `process`, as the list of processes has it.

    Headers, certificates and compression are set by OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_HEADERS`, …).
    """

    on = True

    def __init__(self, endpoint: str, process: str, version: str) -> None:
        about = {SERVICE_NAME: "perdure", SERVICE_INSTANCE_ID: process, SERVICE_VERSION: version}
        self._ids = GivenIds()
        # Whether a trace is kept is the collector's to say: it sees the whole of it, which no process here does.
        self._provider = TracerProvider(
            ALWAYS_ON, Resource.create(about), shutdown_on_exit=False, id_generator=self._ids
        )
        exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=ONE_REQUEST_S)
        self._provider.add_span_processor(
            BatchSpanProcessor(exporter, max_queue_size=MOST_WAITING, schedule_delay_millis=EVERY_MS)
        )
        self._tracer = self._provider.get_tracer("perdure", version)
        self._theirs = TraceContextTextMapPropagator()
        hush()

    def accepted(self, turn: Turn, asked: Asked, now: float) -> None:
        """The first span: from the request's arrival until the turn is on disk. The client's own trace is a link."""
        theirs = get_current_span(self._theirs.extract(asked.headers, Context())).get_span_context()
        links = [Link(theirs)] if theirs.is_valid else []
        span = self._span(
            turn,
            f"{asked.method} {asked.route}",
            asked.came_at,
            {"http.request.method": asked.method, "http.route": asked.route, "perdure.turn.kind": turn.kind},
            context=root_of(turn.id),
            links=links,
            kind=SpanKind.SERVER,
        )
        span.end(_ns(now))

    def claimed(self, turn: Turn, worker: str, now: float) -> None:
        """The wait for a worker, since the turn could be claimed."""
        waits_since = min(max(turn.created_at, turn.not_before), now)
        span = self._span(turn, "wait", waits_since, {"perdure.worker": worker, "perdure.attempt": turn.attempt})
        span.end(_ns(now))

    def tried(self, turn: Turn, attempts: Sequence[Attempt], n: int, spoke_at: float | None) -> None:
        """The attempt, from its claim to its end; one that goes on behind another says how that one ended."""
        own = next(one for one in attempts if one.n == n)
        before = next((one for one in attempts if one.n == n - 1), None)
        about: Attributes = {
            "perdure.attempt": n,
            "perdure.worker": own.worker,
            "perdure.backend": own.backend,
            "perdure.outcome": str(own.outcome),
        }
        links = []
        if before is not None:
            how: Attributes = {"perdure.worker": before.worker, "perdure.outcome": str(before.outcome)}
            links.append(Link(attempt_of(turn.id, before.n), how))
            if before.outcome in LOST:
                about["perdure.taken_over_from"] = before.worker
        span = self._span(turn, "attempt", own.started_at, about, context=attempt_of(turn.id, n), links=links)
        if spoke_at is not None:
            span.add_event("first token", timestamp=_ns(spoke_at))
        if own.outcome not in WELL:
            _failed(span, own.error.code if own.error else str(own.outcome))
        span.end(_ns(own.ended_at or own.started_at))

    def ended(self, turn: Turn) -> None:
        """The turn's end, an instant."""
        at = turn.ended_at or turn.progressed_at
        about: Attributes = {"perdure.turn.state": turn.state, "perdure.turn.attempts": turn.attempt}
        span = self._span(turn, "end", at, {**about, "perdure.reply.characters": turn.progress.offset})
        if turn.state is State.FAILED:
            _failed(span, turn.error.code if turn.error else "failed")
        span.end(_ns(at))

    async def close(self) -> None:
        """Send what waits, unless the collector is away."""
        # A thread of its own: whoever ends the process waits for those of the event loop.
        closing = threading.Thread(target=self._provider.shutdown, name="traces-close", daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, CLOSE_WITHIN_S)

    def _span(
        self,
        turn: Turn,
        name: str,
        at: float,
        attributes: Attributes,
        *,
        context: SpanContext | None = None,
        links: Sequence[Link] = (),
        kind: SpanKind = SpanKind.INTERNAL,
    ) -> Span:
        """A span of the turn's trace: below the first one, unless it is that. With the ids of `context`, if given."""
        root = root_of(turn.id)
        parent = Context() if context == root else set_span_in_context(NonRecordingSpan(root), Context())
        self._ids.next = context
        about = {"perdure.turn": turn.id, **attributes}
        return self._tracer.start_span(name, parent, kind, about, links, start_time=_ns(at))


def _failed(span: Span, code: str) -> None:
    span.set_attribute("error.type", code)
    span.set_status(Status(StatusCode.ERROR))


def _ns(at: float) -> int:
    """Unix seconds as nanoseconds, exactly enough for microseconds."""
    return round(at * 1e6) * 1000
