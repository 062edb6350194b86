"""The tree of errors: every leaf tells the whole truth, and keeps telling it after it was stored (promise 8)."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

import perdure
from perdure.core.errors import (
    ClientError,
    Fault,
    Mender,
    ModelError,
    NetworkError,
    PerdureError,
    ServerError,
    StoreFull,
    by_code,
    describe,
    recall,
    tree,
)

for module in pkgutil.walk_packages(perdure.__path__, "perdure."):
    if module.name.rpartition(".")[2] not in ("__main__", "env") and ".versions." not in module.name:
        importlib.import_module(module.name)

EVERYWHERE = list(tree())
ALL = [kind for kind in EVERYWHERE if kind.__module__.startswith("perdure.core.errors.")]
FAULTS = {ServerError: Fault.SERVER, ModelError: Fault.MODEL, NetworkError: Fault.NETWORK, ClientError: Fault.CLIENT}


def test_codes_are_unique() -> None:
    """Clients tell errors apart by code: no two errors share one."""
    assert [code for code, times in Counter(kind.code for kind in ALL).items() if times > 1] == []
    assert set(by_code().values()) == set(ALL)


def test_errors_are_defined_in_one_place() -> None:
    """An adapter may have a private kind of an error, but it tells clients nothing that the tree does not."""
    for kind in set(EVERYWHERE) - set(ALL):
        told = next(base for base in kind.__mro__ if base in ALL)
        assert vars(kind).keys().isdisjoint({"code", "fault", "status", "title", "verdict", "remedy", "retry"}), kind
        assert by_code()[kind.code] is told


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.code)
def test_every_error_says_what_happened_and_what_helps(kind: type[PerdureError]) -> None:
    """Promise 8: whose fault, which status, a title, and a remedy in whole sentences."""
    assert kind.code == kind.code.lower()
    assert kind.code.replace("_", "").isalnum()
    assert isinstance(kind.fault, Fault)
    assert 400 <= kind.status <= 599
    assert kind.title
    assert not kind.title.endswith(".")
    assert kind.remedy.endswith((".", "!"))
    assert kind.remedy[0].isupper()


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.code)
def test_every_error_is_explained(kind: type[PerdureError]) -> None:
    """Likely causes, what is safe, who can mend it, and what makes it worse: in whole sentences."""
    assert kind.causes
    assert isinstance(kind.mender, Mender)
    for sentence in (*kind.causes, kind.kept, kind.verdict, *([kind.avoid] if kind.avoid else [])):
        assert sentence.endswith(".")
        assert sentence[0].isupper()


def test_all_faces_of_one_failure_end_in_the_same_sentence() -> None:
    """Whose fault it is, is said in the same words for all that is that one's fault."""
    assert {(kind.fault, kind.verdict) for kind in ALL[1:]} == {(kind.fault, kind.verdict) for kind in FAULTS}
    assert len({kind.verdict for kind in ALL[1:]}) == len(Fault)


@pytest.mark.parametrize("kind", ALL[1:], ids=lambda kind: kind.code)
def test_every_error_belongs_to_one_fault(kind: type[PerdureError]) -> None:
    """The four branches of the tree are the four faults, and a leaf does not speak for another branch."""
    branches = [branch for branch in FAULTS if issubclass(kind, branch)]
    assert len(branches) == 1
    assert kind.fault is FAULTS[branches[0]]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.code)
def test_the_status_fits_the_fault(kind: type[PerdureError]) -> None:
    """4xx is the client's, 5xx is ours, the model's or the network's."""
    assert (kind.status < 500) == (kind.fault is Fault.CLIENT)


@given(
    st.sampled_from(ALL),
    st.text(min_size=1),
    st.booleans(),
    st.none() | st.floats(0, 1e6),
    st.none() | st.text(min_size=1),
    st.none() | st.text(min_size=1),
)
def test_a_stored_error_is_recalled_whole(
    kind: type[PerdureError], detail: str, saved: bool, wait_s: float | None, remedy: str | None, error_id: str | None
) -> None:
    """What is kept beside a turn's partial text says the same when it is read again."""
    error = kind(detail, saved=saved, retry_after_s=wait_s, remedy=remedy, error_id=error_id)
    assert describe(error)["remedy"] == (remedy or kind.remedy)
    recalled = recall(describe(error))
    assert type(recalled) is kind
    assert describe(recalled) == describe(error)


def test_without_a_detail_the_title_is_the_sentence() -> None:
    """Nobody is shown an empty line."""
    assert StoreFull().detail == StoreFull.title
    assert str(StoreFull()) == StoreFull.title


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.code)
def test_an_unknown_error_is_that_of_its_fault(kind: type[PerdureError]) -> None:
    """A newer server's error has a class in an older client all the same, and whether it was saved stays unknown."""
    recalled = recall({"code": "from_the_future", "fault": str(FAULTS[kind]), "detail": "New.", "saved": None}, 418)
    assert (type(recalled), recalled.detail, recalled.saved, recalled.http_status) == (kind, "New.", None, 418)


@pytest.mark.parametrize("described", [{}, {"code": "from_the_future", "detail": "New."}, {"code": None}])
def test_an_error_of_another_version_is_the_servers(described: dict[str, object]) -> None:
    """After a downgrade a record may name errors that this version does not know: it is read all the same."""
    recalled = recall(described)
    assert type(recalled) is ServerError
    assert recalled.detail == (described.get("detail") or ServerError.title)
