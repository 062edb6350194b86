"""`python -m tests.bad_day`: play a bad day, print the report, and end with 0 only if the page told the truth."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.bad_day.play import play
from tests.bad_day.report import report
from tests.bad_day.script import DAY, SHORT


def main() -> int:
    """Play it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(": ")[2])
    parser.add_argument("--short", action="store_true", help="a handful of failures in twenty seconds")
    parser.add_argument("--patience", type=float, default=1.0, help="what multiplies all tolerances  [default: 1]")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the report and the server's log there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bad-day-") as folder:
        day = asyncio.run(play(SHORT if options.short else DAY, Path(folder), _say, options.patience))
    text = report(day)
    print(text)
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
        (options.keep / "report.md").write_text(text)
        (options.keep / "serve.log").write_text(day.log)
    return 0 if day.ok else 1


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
