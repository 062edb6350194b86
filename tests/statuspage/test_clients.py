"""Clients that others wrote for Statuspage read Perdure's page: one from PyPI, one from npm."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from discordstatus import DiscordStatus

import hatch_build
from perdure.statuspage.site import Site

from .reports import BROKEN, NOW

VERSION = "1.0.17"
CACHE = Path(__file__).parents[2] / ".cache" / f"statuspage.js-{VERSION}"

SCRIPT = """
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
    """DiscordStatus, for every document that there is."""
    page = DiscordStatus()
    page.base_target = api
    assert page.status["status"]["indicator"] == "major"
    assert [one["name"] for one in page.summary["incidents"]] == ["The model does not answer"]
    assert {one["name"]: one["status"] for one in page.components["components"]}["The model"] == "major_outage"
    assert len(page.all_incidents["incidents"]) == 3
    assert len(page.unresolved_incidents["incidents"]) == 1
    assert [one["status"] for one in page.all_maintenances["scheduled_maintenances"]] == ["in_progress"]
    assert len(page.active_maintenances["scheduled_maintenances"]) == 1
    assert page.upcoming_maintenances["scheduled_maintenances"] == []


def test_a_client_from_npm_reads_it(api: str) -> None:
    """statuspage.js, which also makes dates of all instants."""
    node = hatch_build.find_node()
    assert node is not None
    path = os.pathsep.join([str(node.directory), os.environ.get("PATH", os.defpath)])
    environment = {**os.environ, "PATH": path, "NO_PROXY": "127.0.0.1"}
    if not (CACHE / "node_modules" / "statuspage.js").is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        (CACHE / "package.json").write_text('{"private": true}')
        install = [*node.npm, "install", "--no-audit", "--no-fund", "--silent", f"statuspage.js@{VERSION}"]
        subprocess.run(install, cwd=CACHE, env=environment, check=True)
    command = [str(node.directory / "node"), "-e", SCRIPT, api]
    said = subprocess.run(command, cwd=CACHE, env=environment, check=True, capture_output=True, text=True).stdout
    told = json.loads(said)
    assert told["status"]["indicator"] == "major"
    assert dict(told["components"])["The model"] == "major_outage"
    assert (told["all"], told["unresolved"]) == (3, ["The model does not answer"])
    assert told["updatesAreDates"]
    assert (told["maintenances"], told["active"], told["upcoming"]) == (["in_progress"], 1, 0)
