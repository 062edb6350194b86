"""Clients that others wrote for Statuspage read Perdure's page: one from PyPI, one from npm."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import hatch_build
from perdure.statuspage.site import Site

from .reports import BROKEN, NOW

PYPI_VERSION, NPM_VERSION = "0.0.2", "1.0.17"
CACHE = Path(__file__).parents[2] / ".cache"

PYPI_SCRIPT = """
import json, sys
from discordstatus import DiscordStatus
page = DiscordStatus()
page.base_target = sys.argv[1]
names = [name for name, of in vars(DiscordStatus).items() if isinstance(of, property)]
print(json.dumps({name: getattr(page, name) for name in names}))
"""

NPM_SCRIPT = """
const { Statuspage } = require("statuspage.js");
const page = new Statuspage("perdure");
page.axios.defaults.baseURL = process.argv[1];
(async () => {
  const summary = await page.summary();
  const told = {
    status: (await page.status()).status,
    components: (await page.components()).components.map(({ name, status }) => [name, status]),
    all: (await page.allIncidents()).incidents.length,
    unresolved: (await page.unresolvedIncidents()).incidents.map(({ name }) => name),
    updatesAreDates: summary.incidents.every((one) => one.incident_updates.every((u) => u.created_at instanceof Date)),
    maintenances: (await page.allScheduledMaintenances()).scheduled_maintenances.map(({ status }) => status),
    active: (await page.activeScheduledMaintenances()).scheduled_maintenances.length,
    upcoming: (await page.upcomingScheduledMaintenances()).scheduled_maintenances.length,
  };
  console.log(JSON.stringify(told));
})();
"""


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    """Where the documents of a broken Perdure are served."""
    site = Site(BROKEN, NOW)

    class Served(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            file = site.file(self.path.strip("/"))
            self.send_response(200 if file else 404)
            self.send_header("Content-Type", file.media_type if file else "text/plain")
            self.end_headers()
            self.wfile.write(file.body if file else b"")

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Served)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/api/v2"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_client_from_pypi_reads_it(api: str) -> None:
    """DiscordStatus, for every document that there is. It brings a package `tests` of its own, which would stand in the
    place of this one: so it lives in a folder apart.
    """
    folder = CACHE / f"DiscordStatus-{PYPI_VERSION}"
    if not (folder / "discordstatus").is_dir():
        wanted = f"DiscordStatus=={PYPI_VERSION}"
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), wanted]
        subprocess.run(install, check=True)
    told = said([sys.executable, "-c", PYPI_SCRIPT, api], folder, PYTHONPATH=str(folder))
    assert told["status"]["status"]["indicator"] == "major"
    assert [one["name"] for one in told["summary"]["incidents"]] == ["The model does not answer"]
    assert {one["name"]: one["status"] for one in told["components"]["components"]}["The model"] == "major_outage"
    assert len(told["all_incidents"]["incidents"]) == 3
    assert len(told["unresolved_incidents"]["incidents"]) == 1
    assert [one["status"] for one in told["all_maintenances"]["scheduled_maintenances"]] == ["in_progress"]
    assert len(told["active_maintenances"]["scheduled_maintenances"]) == 1
    assert told["upcoming_maintenances"]["scheduled_maintenances"] == []


def test_a_client_from_npm_reads_it(api: str) -> None:
    """statuspage.js, which also makes dates of all instants."""
    node = hatch_build.find_node()
    assert node is not None
    path = os.pathsep.join([str(node.directory), os.environ.get("PATH", os.defpath)])
    folder = CACHE / f"statuspage.js-{NPM_VERSION}"
    if not (folder / "node_modules" / "statuspage.js").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}')
        install = [*node.npm, "install", "--no-audit", "--no-fund", "--silent", f"statuspage.js@{NPM_VERSION}"]
        subprocess.run(install, cwd=folder, env={**os.environ, "PATH": path}, check=True)
    told = said([str(node.directory / "node"), "-e", NPM_SCRIPT, api], folder, PATH=path)
    assert told["status"]["indicator"] == "major"
    assert dict(told["components"])["The model"] == "major_outage"
    assert (told["all"], told["unresolved"]) == (3, ["The model does not answer"])
    assert told["updatesAreDates"]
    assert (told["maintenances"], told["active"], told["upcoming"]) == (["in_progress"], 1, 0)


def said(command: list[str], folder: Path, **more: str) -> dict[str, Any]:
    """What a program prints, as JSON."""
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", **more}
    done = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told
