"""Promise 8, wherever one stands: each kind of failure is told as what it is, on every surface.

A quick cut of the matrix that `bench/faults.py` runs a hundred times: all kinds, each once on every surface that costs
no process of its own, and some of them in the terminal and in the page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from perdure.core.errors import BackendNameUnresolved, BackendTlsFailed, ModelUnreachable, PerdureError
from tests.faults.behind import BEHIND, SILENT, Behind, saying
from tests.faults.networks import UNKNOWN_NAME, Authority, nobody
from tests.faults.proxy import Proxy
from tests.faults.surfaces import SURFACES, Told, api, recovers
from tests.http.asking import asking, new_id
from tests.http.installation import Installation, ScriptedBackend, running

pytestmark = pytest.mark.anyio

IN_THE_TERMINAL = ("silent", "502-page", "401", "200-error")
NARROW = {"patience_s": 4, "max_queued": 0, "workers": 1, "streams_per_worker": 500}


@pytest.fixture(scope="module")
def behind(backend: ScriptedBackend) -> Iterator[Behind]:
    """The proxy before the model's server."""
    with Behind(backend.url.removesuffix("/v1")) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory, behind: Behind) -> Iterator[Installation]:
    """A Perdure whose model's server stands behind the proxy."""
    folder = tmp_path_factory.mktemp("failing") / "data"
    yield from running(Installation(folder, backend_url=f"{behind.url}/v1", **NARROW))


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory, behind: Behind) -> Iterator[Installation]:
    """The same, which takes half a second without a word for silence."""
    folder = tmp_path_factory.mktemp("hasty") / "data"
    yield from running(Installation(folder, backend_url=f"{behind.url}/v1", first_token_s=0.5, stall_s=0.5, **NARROW))


def expected(kind: type[PerdureError]) -> tuple[str, str, bool]:
    """What every surface has to say: the class, whose fault it is, and that what was sent is saved."""
    return kind.code, str(kind.fault), True


def classed(told: Told) -> tuple[str, str, bool]:
    """The same of what was said."""
    return told.code, told.fault, told.saved


async def test_every_kind_of_failure_is_told_as_what_it_is_on_every_surface(
    failing: Installation, hasty: Installation
) -> None:
    """Class, whose fault, that it is saved, and a remedy: the same from each of them, for all kinds at once. And
    once it is mended the chat goes on."""
    cells = [(name, way) for name in BEHIND for way in SURFACES if way != "cli" or name in IN_THE_TERMINAL]
    urls = {name: hasty.url if name in SILENT else failing.url for name in BEHIND}
    told = await asyncio.gather(*(SURFACES[way](urls[name], saying(name)) for name, way in cells))
    recovered = await asyncio.gather(*(recovers(urls[name], saying(name)) for name in BEHIND))
    assert dict(zip(BEHIND, recovered, strict=True)) == dict.fromkeys(BEHIND, True)
    wrong = {
        cell: one
        for cell, one in zip(cells, told, strict=True)
        if classed(one) != expected(BEHIND[cell[0]].error) or not one.remedy
    }
    assert wrong == {}


@pytest.mark.parametrize("face", ["name", "tls", "refused"])
async def test_the_way_to_the_model_is_told_apart_from_the_model(
    failing: Installation, backend: ScriptedBackend, tmp_path: Path, face: str
) -> None:
    """A name that nobody knows and a certificate that nobody trusts are the network's; a port where nothing listens is
    the model's. Mended, the next reply comes."""
    kinds = {"name": BackendNameUnresolved, "tls": BackendTlsFailed, "refused": ModelUnreachable}
    untrusted = Proxy(backend.url.removesuffix("/v1"), tls=Authority(tmp_path).serves())
    urls = {"name": UNKNOWN_NAME, "tls": untrusted.url, "refused": nobody()}
    added = new_id()
    with untrusted:
        async with asking(failing.url) as ask:
            body = {"name": face, "url": f"{urls[face]}/v1", "model": "scripted"}
            assert (await ask("PUT", f"/api/v1/backends/{added}", json=body)).status in (200, 201)
            assert (await ask("PATCH", "/api/v1/settings", json={"backend_id": added})).status == 200
            told = await asyncio.gather(*(SURFACES[way](failing.url, "Hello.") for way in SURFACES if way != "cli"))
            assert (await ask("PATCH", "/api/v1/settings", json={"backend_id": "default"})).status == 200
    assert {classed(one) for one in told} == {expected(kinds[face])}
    assert (await api(failing.url, "Mended. [[tokens=3]]")).code == ""
