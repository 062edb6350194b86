"""Whether a process tells of its turns to a collector of traces."""

from __future__ import annotations

from importlib import import_module

import structlog

from perdure import __version__
from perdure.bootstrap.extra import NO_OTEL, has_otel
from perdure.config import Settings
from perdure.ports.tracing import NO_TRACING, Tracing

log = structlog.get_logger()


def tracing_of(settings: Settings, process: str) -> Tracing:
    """What the process that has this name in the list tells its turns to. Without the extra, nothing is traced."""
    if settings.otlp_endpoint is None:
        return NO_TRACING
    if not has_otel():
        log.error("no traces are sent", reason=NO_OTEL)
        return NO_TRACING
    # Imported here alone: it takes a process a tenth of a second and some megabytes, which nobody else should pay.
    module = import_module("perdure.traces.otlp")
    made: Tracing = module.OtlpTracing(str(settings.otlp_endpoint), process, __version__)
    return made
