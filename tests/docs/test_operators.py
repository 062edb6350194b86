"""What operators' scripts go by is what the documents say."""

from __future__ import annotations

import re
from pathlib import Path

from perdure.cli.diagnose_command import EXIT_CODES

OPERATORS = (Path(__file__).parents[2] / "docs" / "operators.md").read_text()


def test_the_exit_codes_are_those_of_the_program() -> None:
    """Each class has its own, none is left out."""
    table = OPERATORS.partition("| exit status | whose fault |")[2].partition("\n\n")[0]
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.M)] == list(EXIT_CODES.values())
    assert len(set(EXIT_CODES.values())) == len(EXIT_CODES)
