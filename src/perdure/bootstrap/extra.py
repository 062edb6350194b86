"""Whether what is installed by an extra alone is there. Imports nothing of it."""

from __future__ import annotations

from importlib.util import find_spec

NO_OTEL = "otlp_endpoint needs OpenTelemetry's packages: install perdure[otel]"


def has_otel() -> bool:
    """Whether the packages of the extra `otel` are installed."""
    try:
        return find_spec("opentelemetry.sdk") is not None and find_spec("opentelemetry.exporter.otlp.proto") is not None
    except ModuleNotFoundError:
        return False
