"""All benchmarks in turn, each in a process of its own; tables are printed, all figures kept in `.cache/bench/`.

`--quick` is a rehearsal of some minutes whose figures are worth nothing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from bench import report
from bench.servers import CACHE

SCRIPTS = ("start", "accepts", "ttft", "streams", "takeover", "typing", "lighthouse", "estimates", "detection")

QUICK = {
    "start": ("--rounds", "1", "--backend", "scripted"),
    "accepts": ("--rounds", "1", "--seconds", "1"),
    "ttft": ("--rounds", "1", "--samples", "5", "--bursts", "1", "--limit-s", "5"),
    "streams": ("--rounds", "1", "--streams", "50", "--window-s", "3"),
    "lighthouse": ("--rounds", "1"),
    "typing": ("--rounds", "1", "--messages", "400", "--seconds", "5"),
    "estimates": ("--rounds", "20"),
    "detection": ("--rounds", "1", "--deaf", "0", "--window-s", "5"),
    "takeover": ("--rounds", "2", "--stops", "1", "--backend", "scripted"),
}


def main() -> int:
    """Run them; the exit status is that of the worst."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a rehearsal with very few rounds")
    parser.add_argument("scripts", nargs="*", choices=[[], *SCRIPTS], help="only these  [default: all]")
    options = parser.parse_args()
    worst = 0
    for name in options.scripts or SCRIPTS:
        report.say(name)
        more = QUICK[name] if options.quick else ()
        figures = CACHE / "bench" / f"{name}.json"
        command = [sys.executable, "-m", f"bench.{name}", "--json", str(figures), *more]
        print(f"\n## {name}\n", flush=True)
        worst = max(worst, subprocess.run(command, check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
