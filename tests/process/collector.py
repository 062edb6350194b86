"""A collector of traces: OTLP over HTTP on a real socket, decoded by the official messages of `opentelemetry-proto`."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

Plain = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Span:
    """A span, and the process that has sent it. Ids in hexadecimal; `parent` is empty for the first."""

    trace: str
    id: str
    parent: str
    name: str
    process: str
    begun_ns: int
    ended_ns: int
    attributes: Mapping[str, Plain]
    events: Mapping[str, int]
    links: Sequence[tuple[str, str, Mapping[str, Plain]]]
    failed: bool


@dataclass(slots=True)
class Collector:
    """What has come. `status` is what senders are answered with."""

    url: str = ""
    spans: list[Span] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    status: int = 200

    def of(self, turn_id: str) -> list[Span]:
        """The spans of the turn's trace, in the order in which they began."""
        own = [span for span in list(self.spans) if span.trace == turn_id.replace("-", "")]
        return sorted(own, key=lambda span: (span.begun_ns, span.ended_ns))


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a free port."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if collector.status == 200:
                assert self.path == "/v1/traces"
                assert self.headers["Content-Type"] == "application/x-protobuf"
                collector.raw.append(body)
                collector.spans.extend(_decoded(body))
            self.send_response(collector.status)
            self.end_headers()
            self.wfile.write(ExportTraceServiceResponse().SerializeToString())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    collector.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _decoded(body: bytes) -> Iterator[Span]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        about = _plain(resource.resource.attributes)
        assert about["service.name"] == "perdure"
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield _span(span, str(about["service.instance.id"]))


def _span(span: ProtoSpan, process: str) -> Span:
    events = {event.name: event.time_unix_nano for event in span.events}
    links = [(link.trace_id.hex(), link.span_id.hex(), _plain(link.attributes)) for link in span.links]
    return Span(
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.name,
        process,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        _plain(span.attributes),
        events,
        links,
        span.status.code == 2,
    )


def _plain(attributes: Sequence[KeyValue]) -> dict[str, Plain]:
    def value(one: KeyValue) -> Plain:
        kind = one.value.WhichOneof("value")
        assert kind is not None
        found: Plain = getattr(one.value, kind)
        return found

    return {one.key: value(one) for one in attributes}
