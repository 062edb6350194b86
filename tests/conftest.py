"""Fixtures that several folders of tests share: a real Perdure over a scripted model server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.http.installation import Installation, ScriptedBackend


@pytest.fixture
def anyio_backend() -> str:
    """All of Perdure runs on asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def backend() -> Iterator[ScriptedBackend]:
    """One model server for the whole run."""
    scripted = ScriptedBackend()
    yield scripted
    scripted.close()


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory, backend: ScriptedBackend) -> Iterator[Installation]:
    """One Perdure for the whole run. A test that kills one of its processes waits until there is another one."""
    shared = Installation(tmp_path_factory.mktemp("perdure") / "data", backend_url=backend.url)
    shared.start()
    yield shared
    shared.close()
    # Whatever the tests did to it was foreseen: a traceback is a mistake, even one that no client noticed.
    assert "Traceback" not in shared.log()


@pytest.fixture
def install(tmp_path: Path, backend: ScriptedBackend) -> Iterator[Callable[..., Installation]]:
    """Start a Perdure of the test's own, with the settings that are given."""
    made: list[Installation] = []

    def start(**settings: object) -> Installation:
        own = Installation(tmp_path / f"data-{len(made)}", **{"backend_url": backend.url, **settings})
        made.append(own)
        own.start()
        return own

    yield start
    for own in made:
        own.close()
