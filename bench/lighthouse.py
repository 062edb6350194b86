"""Lighthouse on gallery and chat, as a phone sees them: `python -m bench.lighthouse`.

The npm package `lighthouse` is no dependency of the build: it is installed once into `.cache/lighthouse`, and runs on
the Node that builds the pages and on Debian's Chromium.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.report import arguments, say, table, write
from tests.browser.chromium import ARGUMENTS, chromium_path
from tests.browser.pictures import hold
from tests.http.asking import asking
from tests.http.installation import Installation, ScriptedBackend

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
import hatch_build  # noqa: E402

CACHE = ROOT / ".cache" / "lighthouse"
VERSION = "13"
CATEGORIES = ("performance", "accessibility", "best-practices")
TIMES = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift")


def program(node: hatch_build.Node) -> Path:
    """Lighthouse's entry point, installed where it is not."""
    entry = CACHE / "node_modules" / "lighthouse" / "cli" / "index.js"
    if not entry.is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        (CACHE / "package.json").write_text('{"private": true}')
        say("installing lighthouse")
        command = [*node.npm, "install", "--no-audit", "--no-fund", "--silent", f"lighthouse@{VERSION}"]
        subprocess.run(command, cwd=CACHE, env=environment(node), check=True)
    return entry


def environment(node: hatch_build.Node) -> dict[str, str]:
    """Packages' scripts call `node` by its name."""
    path = os.pathsep.join([str(node.directory), os.environ.get("PATH", os.defpath)])
    return os.environ | {"PATH": path, "CHROME_PATH": chromium_path()}


def look(node: hatch_build.Node, url: str) -> dict[str, Any]:
    """One report of a page, with Lighthouse's own phone and network."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "report.json"
        flags = " ".join(["--headless=new", *ARGUMENTS])
        command = [
            str(node.directory / "node"), str(program(node)), url, "--quiet", "--output=json", f"--output-path={out}",
            f"--chrome-flags={flags}", f"--only-categories={','.join(CATEGORIES)}", "--form-factor=mobile",
        ]  # fmt: skip
        subprocess.run(command, env=environment(node), timeout=300, check=True)
        report: dict[str, Any] = json.loads(out.read_text())
        return report


def misses(report: dict[str, Any]) -> list[str]:
    """What the page was marked down for."""
    named = []
    for category in CATEGORIES:
        for part in report["categories"][category]["auditRefs"]:
            audit = report["audits"][part["id"]]
            if part["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                named.append(f"{part['id']} {audit.get('displayValue', '')}".strip())
    return named


async def main() -> None:
    """Both pages, with as many rounds as are asked for; the middle of each figure."""
    asked = arguments(__doc__, rounds=3)
    node = hatch_build.require_node()
    backend = ScriptedBackend()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Path(folder) / "data", backend_url=backend.url)
        installation.start()
        try:
            async with asking(installation.url) as ask:
                chat = await hold(ask, backend)
                # A gallery as it is after the first evening.
                await ask("PATCH", "/api/v1/settings", json={"welcomed": True})
                for name, path in (("gallery", "/"), ("chat", f"/chats/{chat}")):
                    reports = []
                    for _ in range(asked.rounds):
                        reports.append(await asyncio.to_thread(look, node, installation.url + path))
                        scores = [reports[-1]["categories"][c]["score"] for c in CATEGORIES]
                        say(f"{name}: {scores} {misses(reports[-1])}")
                    figures[name] = summed(reports)
        finally:
            installation.close()
            backend.close()
    rows = [[name, *(figure[part] for part in (*CATEGORIES, *TIMES))] for name, figure in figures.items()]
    print(table(["page", *CATEGORIES, "FCP (s)", "LCP (s)", "TBT (ms)", "CLS"], rows))
    write(asked.json, {"pages": figures})


def summed(reports: list[dict[str, Any]]) -> dict[str, Any]:
    """The middle of each figure: scores of 100, times in seconds or milliseconds as they are usually told."""
    scores = {c: round(100 * statistics.median(r["categories"][c]["score"] for r in reports)) for c in CATEGORIES}
    values = {time: statistics.median(r["audits"][time]["numericValue"] for r in reports) for time in TIMES}
    first, largest, blocked, shifted = (values[time] for time in TIMES)
    times = dict(
        zip(TIMES, (round(first / 1000, 2), round(largest / 1000, 2), round(blocked), round(shifted, 3)), strict=True)
    )
    return {**scores, **times, "misses": misses(reports[-1])}


if __name__ == "__main__":
    asyncio.run(main())
