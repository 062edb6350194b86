"""The documented list of metrics is what a running Perdure exposes: no more, no less, with its types and labels."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.http.asking import Asking
from tests.http.installation import DEADLINE_S

pytestmark = pytest.mark.anyio

Listed = dict[str, tuple[str, frozenset[str]]]

METRICS = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()


def documented() -> Listed:
    """Name, type and labels of each row of the tables."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*)\|", METRICS, re.M)
    assert len(rows) == METRICS.count("\n| `perdure_")
    return {name: (kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def exposed(text: str) -> Listed:
    """The same of what is exposed; `le` belongs to the type."""
    found: Listed = {}
    for family in text_string_to_metric_families(text):
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        name = f"{family.name}_total" if family.type == "counter" else family.name
        found[name] = family.type, frozenset(labels)
    return found


async def test_the_list_is_what_is_exposed(ask: Asking) -> None:
    """Both ways; once every part has told its own."""
    until = asyncio.get_running_loop().time() + DEADLINE_S
    while exposed(told := (await ask("GET", "/metrics")).content.decode()) != documented():
        if asyncio.get_running_loop().time() > until:
            assert exposed(told) == documented()
        await asyncio.sleep(0.2)
    for family in text_string_to_metric_families(told):
        assert family.documentation
