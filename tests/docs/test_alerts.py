"""The alert rules parse, name metrics and labels that there are, and lead to what to do."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from perdure.core.health import Level
from perdure.core.turn import State
from tests.docs.test_metrics import documented

DOCS = Path(__file__).parents[2] / "docs"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((DOCS / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
OPERATORS = (DOCS / "operators.md").read_text()

OF_PROMETHEUS = {"up": frozenset({"job"})}
OF_A_SCRAPE = {"job", "instance"}
VALUES = {"state": {str(state) for state in State}, "level": {str(level) for level in Level}}


def selectors(node: object) -> Iterator[promql_parser.VectorSelector]:
    """Every place in an expression that names a metric."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    for name in ("lhs", "rhs", "expr", "vector_selector", "param"):
        yield from selectors(getattr(node, name)) if getattr(node, name, None) is not None else ()
    for argument in getattr(node, "args", ()) or ():
        yield from selectors(argument)


def labels_of(metric: str) -> frozenset[str]:
    """The labels that a metric has by the documents. Fails where it is in none."""
    if metric in OF_PROMETHEUS:
        return OF_PROMETHEUS[metric]
    base = re.sub(r"_(bucket|sum|count)$", "", metric)
    kind, labels = documented()[metric if base == metric else base]
    assert (kind == "histogram") == (base != metric), metric
    return labels | {"le"} if metric.endswith("_bucket") else labels


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_asks_for_what_there_is(rule: dict[str, Any]) -> None:
    """By an independent parser: every metric is documented, and has the labels that are asked for."""
    found = list(selectors(promql_parser.parse(rule["expr"])))
    assert found
    for selector in found:
        assert selector.name is not None
        known = labels_of(selector.name) | OF_A_SCRAPE
        for matcher in selector.matchers.matchers:
            assert matcher.name in known, matcher
            if matcher.name in VALUES:
                assert set(matcher.value.split("|")) <= VALUES[matcher.name], matcher


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_says_what_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    """With the section of the operators' document that its link leads to."""
    assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    told = rule["annotations"]
    assert told.keys() == {"summary", "description", "runbook_url"}
    assert told["summary"].endswith(".")
    assert len(told["description"]) > len(told["summary"])
    document, _, anchor = told["runbook_url"].partition("#")
    assert document == "docs/operators.md"
    assert anchor == rule["alert"].lower()
    assert f"\n### {rule['alert']}\n" in OPERATORS


def test_no_section_is_left_of_a_rule_that_is_gone() -> None:
    sections = re.findall(r"^### (Perdure\w+)$", OPERATORS, re.M)
    assert sections == [rule["alert"] for rule in RULES]


@pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool comes with Prometheus, in no package of Python's"
)
def test_prometheus_itself_takes_the_rules_and_raises_them_when_it_should() -> None:
    courses = Path(__file__).with_name("alerts.test.yml")
    for command, file in (("check", DOCS / "alerts.yml"), ("test", courses)):
        done = subprocess.run(["promtool", command, "rules", str(file)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
