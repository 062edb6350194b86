"""Fixtures for the HTTP tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.http.asking import Asking, asking
from tests.http.installation import Installation


@pytest.fixture
async def ask(installation: Installation) -> AsyncIterator[Asking]:
    """A client of the shared installation."""
    async with asking(installation.url) as client:
        yield client
