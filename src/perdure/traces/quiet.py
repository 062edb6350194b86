"""What the exporter says of a collector that is away: once in a while, not with every batch."""

from __future__ import annotations

import logging
import time

import structlog

log = structlog.get_logger()

EVERY_S = 300.0


class Seldom(logging.Handler):
    """Passes one record on in `EVERY_S` seconds, in this program's words."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._last_at = float("-inf")

    def emit(self, record: logging.LogRecord) -> None:
        """Log it, unless another one was logged a short while ago."""
        if time.monotonic() - self._last_at >= EVERY_S:
            self._last_at = time.monotonic()
            log.warning("traces cannot be sent, and are dropped", reason=record.getMessage())


def hush() -> None:
    """Let OpenTelemetry's own loggers speak by such a handler alone."""
    theirs = logging.getLogger("opentelemetry")
    theirs.handlers[:] = [Seldom()]
    theirs.propagate = False
