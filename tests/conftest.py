"""Fixtures that several folders of tests share: real Perdures over a scripted model server.

Each takes seconds to start, so there are few for a whole run. A test that kills a process of one leaves it as it
found it: it waits until there is another one.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest

from perdure.models import weights
from tests.http.asking import Asking, asking
from tests.http.installation import FromNothing, Installation, ScriptedBackend, eventually, running

# How long an example takes says more of the machine than of the code: no test may fail by it.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

TOKEN = "correct horse, bättery €; staple"
"""Not only letters: a token may hold what a header or a cookie cannot."""

CACHE = Path(__file__).parents[1] / ".cache" / "weights"


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
    """A Perdure as it is by default."""
    folder = tmp_path_factory.mktemp("perdure") / "data"
    yield from running(FromNothing(folder, backend_url=backend.url))


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory, backend: ScriptedBackend) -> Iterator[Installation]:
    """A Perdure with an access token. It is also the one for the death of everything: it has one worker only."""
    folder = tmp_path_factory.mktemp("guarded") / "data"
    yield from running(Installation(folder, backend_url=backend.url, access_token=TOKEN, workers=1))


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory, backend: ScriptedBackend) -> Iterator[Installation]:
    """A Perdure of its own: what is ordered of it concerns everybody."""
    installation = Installation(tmp_path_factory.mktemp("operated") / "data", backend_url=backend.url)
    for one in running(installation):
        eventually(one.is_whole)
        yield one


@pytest.fixture
async def ask(installation: Installation) -> AsyncIterator[Asking]:
    """A client of the installation, which knows what is true."""
    async with asking(installation.url) as client:
        yield client


@pytest.fixture(scope="session")
def token() -> str:
    """The access token of `guarded`."""
    return TOKEN


@pytest.fixture(scope="session")
def starter() -> Path:
    """The starter weights, fetched once into a folder that stays."""
    return weights.fetch(Path(os.environ.get("PERDURE_TEST_WEIGHTS", CACHE)), lambda *_: None)
