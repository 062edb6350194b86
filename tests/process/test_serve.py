"""`perdure serve` as an operator meets it: reachable while web dies, one for a folder, safe by default, plain."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import pytest

from perdure.cli import COMMANDS
from perdure.config import Settings
from tests.http.asking import asking
from tests.http.installation import DEADLINE_S, Installation, ScriptedBackend, environment, eventually, perdure
from tests.process.conversing import Mortal, talking, tell

pytestmark = pytest.mark.anyio

UNPRIVILEGED = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
"""For root, rights are no obstacle unless it gives that up."""


def ran(*command: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """The exit status of a command, what it printed, and what it complained of."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=DEADLINE_S, check=False, cwd=cwd, env=env or environment()
    )
    return done.returncode, done.stdout, done.stderr


def refusal(*command: str, cwd: Path | None = None) -> str:
    """The one sentence or two with which a command refuses to start. Nothing else may be said, least a traceback."""
    status, said, complaint = ran(*command, cwd=cwd)
    assert status != 0
    assert "Perdure is at" not in said
    assert "Traceback" not in complaint
    *usage, last = complaint.strip().splitlines()
    assert all(line.startswith(("Usage:", "Try")) or not line for line in usage), complaint
    assert last.startswith("Error: ")
    assert last.endswith((".", "!"))
    return last


# --- the socket and the processes -------------------------------------------------------------------------------


async def test_no_connection_is_refused_while_web_dies(impatient: Mortal) -> None:
    """Somebody connects again and again while web is killed: every connection stands, every request is answered.

    A request that web had already taken dies with it; the same one, sent again, is answered, unless web dies once more.
    """
    deaths = 2
    host, port = "127.0.0.1", int(impatient.url.rpartition(":")[2])
    done = asyncio.Event()
    answered = 0

    async def request() -> bytes:
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            return await reader.read()
        except ConnectionResetError:
            return b""
        finally:
            writer.close()

    async def keep_asking() -> None:
        nonlocal answered
        while not done.is_set():
            # A refused connection raises, and ends the test.
            answer = b""
            async with asyncio.timeout(DEADLINE_S):
                for _ in range(deaths + 1):
                    answer = answer or await request()
            assert answer.startswith(b"HTTP/1.1 200")
            answered += 1
            await asyncio.sleep(0.005)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(8):
            tasks.create_task(keep_asking())
        for _ in range(deaths):
            dead = await asyncio.to_thread(impatient.kill, "web")
            await asyncio.to_thread(eventually, lambda dead=dead: impatient.pid("web") not in (None, dead))
        done.set()
    assert answered >= 8


def test_one_server_for_one_folder(impatient: Mortal) -> None:
    """A second `serve` on the folder says who has it and what to do, and disturbs nobody."""
    eventually(impatient.is_whole)
    before = impatient.processes()
    last = refusal(*perdure("serve", "--port", "0", "--data-dir", str(impatient.data_dir)))
    assert f"process {impatient.row('supervisor')['pid']}" in last
    assert "--data-dir" in last
    assert [row["pid"] for row in impatient.processes()] == [row["pid"] for row in before]


def test_a_record_in_use_is_not_brought_up_to_date(impatient: Mortal) -> None:
    """A newer `serve` on the folder of an older one that runs: it is refused before it changes the record."""
    file = sqlite3.connect(impatient.data_dir / "perdure.db")
    (now,) = file.execute("SELECT version_num FROM alembic_version").fetchone()
    try:
        with file:
            file.execute("UPDATE alembic_version SET version_num = '0003'")
        assert "Another Perdure" in refusal(*perdure("serve", "--port", "0", "--data-dir", str(impatient.data_dir)))
        assert file.execute("SELECT version_num FROM alembic_version").fetchall() == [("0003",)]
    finally:
        with file:
            file.execute("UPDATE alembic_version SET version_num = ?", (now,))
        file.close()


async def test_what_is_kept_is_its_owners_alone(impatient: Mortal) -> None:
    """Whatever the umask of the shell: every file and folder of the data folder."""
    async with talking(impatient) as api:
        await tell(api, "a word")
    kept = [impatient.data_dir, *impatient.data_dir.rglob("*")]
    assert len(kept) > 5
    assert [path for path in kept if path.lstat().st_mode & 0o077] == []


async def test_the_list_of_processes(impatient: Mortal) -> None:
    """`perdure ps --json`, the operator's API and `perdure ps` tell the same, with the contract's members."""
    for name in ("web", "worker-1", "worker-2", "health"):
        await asyncio.to_thread(eventually, lambda name=name: impatient.pid(name))
    status, said, _ = ran(*perdure("ps", "--json", "--data-dir", str(impatient.data_dir)))
    assert status == 0
    rows = json.loads(said)
    assert [(row["name"], row["role"]) for row in rows] == [
        ("supervisor", "supervisor"),
        ("web", "web"),
        ("worker-1", "worker"),
        ("worker-2", "worker"),
        ("health", "health"),
    ]
    for row in rows:
        assert {"name", "role", "pid", "state", "restarts", "since"} <= row.keys()
        os.kill(row["pid"], 0)
    async with talking(impatient) as api:
        members = ("name", "role", "pid", "state", "restarts")
        listed = await api.processes()
        assert [[row[m] for m in members] for row in listed] == [[row[m] for m in members] for row in rows]  # type: ignore[literal-required]
    status, table, _ = ran(*perdure("ps", "--data-dir", str(impatient.data_dir)))
    assert status == 0
    assert [line.split()[:3] for line in table.splitlines()[1:]] == [
        [row["name"], row["role"], str(row["pid"])] for row in rows
    ]


def test_ps_without_a_server(tmp_path: Path) -> None:
    """Nothing runs there: said in a sentence, with what to do."""
    assert "No Perdure is running" in refusal(*perdure("ps", "--data-dir", str(tmp_path)))


# --- refusals ---------------------------------------------------------------------------------------------------


def test_an_address_for_others_needs_a_token(tmp_path: Path) -> None:
    """Refused before anything is written or listens."""
    for host in ("0.0.0.0", "::", "192.0.2.1"):
        data = tmp_path / "data"
        assert "access token" in refusal(*perdure("serve", "--host", host, "--port", "0", "--data-dir", str(data)))
        assert not data.exists()


async def test_with_a_token_others_are_served(tmp_path: Path, backend: ScriptedBackend) -> None:
    """On every address: 401 without the token, an answer with it."""
    settings = {"backend_url": backend.url, "host": "0.0.0.0", "access_token": "s3cret-token", "workers": 1}
    installation = Installation(tmp_path / "data", **settings)
    installation.start()
    try:
        port = installation.url.rpartition(":")[2]
        async with asking(f"http://127.0.0.1:{port}") as ask:
            (await ask("GET", "/api/v1/chats")).problem(401, "access_token_required")
            answer = await ask("GET", "/api/v1/chats", headers={"Authorization": "Bearer s3cret-token"})
            assert answer.json == {"chats": []}
    finally:
        installation.close()
    assert "s3cret-token" not in installation.log()


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    """With the program that has it, where that can be seen."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        last = refusal(*perdure("serve", "--port", port, "--data-dir", str(tmp_path / "data")))
    assert f"Port {port} on 127.0.0.1 is in use" in last
    assert f"process {os.getpid()}" in last


@pytest.mark.skipif(not (os.geteuid() or shutil.which("setpriv")), reason="root can write everywhere")
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A folder of somebody else, one that is a file, and one whose record is somebody else's."""
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    file = tmp_path / "file"
    file.touch()
    for data in (locked, locked / "data", file, file / "data"):
        last = refusal(*UNPRIVILEGED, *perdure("serve", "--port", "0", "--data-dir", str(data)))
        assert f"The data folder {data} cannot be made" in last


def test_a_record_that_is_none_is_told(tmp_path: Path) -> None:
    """A damaged file is refused, and left as it is."""
    record = tmp_path / "perdure.db"
    record.write_bytes(b"this is no database, " * 500)
    last = refusal(*perdure("serve", "--port", "0", "--data-dir", str(tmp_path)))
    assert f"The record at {record} could not be opened" in last
    assert record.read_bytes() == b"this is no database, " * 500


@pytest.mark.parametrize(
    ("file", "arguments", "told"),
    [
        ('port = "', [], "perdure.toml is not valid TOML"),
        ("port = 99999999", [], "port"),
        ('workers = "many"', [], "workers"),
        ("", ["--port", "eighty"], "port"),
        ("", ["--temperature", "-1"], "temperature"),
        ("", ["--backend-url", "not a url"], "backend_url"),
        ("", ["--config", "nowhere.toml"], "nowhere.toml"),
        ("", ["--no-such-flag"], "--no-such-flag"),
    ],
)
def test_a_setting_that_is_wrong_is_named(tmp_path: Path, file: str, arguments: Sequence[str], told: str) -> None:
    """One clear sentence, whether it stands in the file or on the command line."""
    (tmp_path / "perdure.toml").write_text(file)
    last = refusal(*perdure("serve", "--data-dir", str(tmp_path / "data"), *arguments), cwd=tmp_path)
    assert told in last
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("prot = 1", "a key that is no setting: 'prot' (perhaps 'port' was meant)."),
        ("Workers = 1", "'Workers' (perhaps 'workers' was meant)."),
        ("backend-url = 'http://127.0.0.1:1'\nzzz = 1", "'backend-url' (perhaps 'backend_url' was meant), 'zzz'."),
        ("[server]\nport = 1", "'server'."),
    ],
)
def test_a_key_that_is_no_setting_is_named(tmp_path: Path, file: str, told: str) -> None:
    """The file, the key, what may have been meant and what to do; and an exit status as for a wrong value."""
    settings = tmp_path / "own.toml"
    settings.write_text(file)
    command = perdure("serve", "--data-dir", str(tmp_path / "data"), "--config", str(settings))
    last = refusal(*command)
    assert str(settings) in last
    assert told in last
    assert "Correct or remove" in last
    assert not (tmp_path / "data").exists()
    settings.write_text("port = -1")
    assert ran(*command)[0] == 2
    settings.write_text(file)
    assert ran(*command)[0] == 2


def test_a_variable_that_is_no_setting_is_warned_of(tmp_path: Path) -> None:
    """A line for it, without its value, which may be a secret; no more, for it may be another program's."""
    variables = {"PERDURE_ACESS_TOKEN": "s3cret", "PERDURE_CONFIG": os.devnull, "PERDURE_HOST": "0.0.0.0"}
    command = perdure("serve", "--data-dir", str(tmp_path / "data"))
    status, _, complaint = ran(*command, cwd=tmp_path, env={**environment(), **variables})
    assert (status, "without an access token" in complaint) == (1, True)
    warnings = [line for line in complaint.splitlines() if "warning" in line]
    assert len(warnings) == 1
    assert "PERDURE_ACESS_TOKEN" in warnings[0]
    assert "PERDURE_ACCESS_TOKEN" in warnings[0]
    assert "s3cret" not in complaint


def test_a_settings_file_that_is_being_edited_harms_nobody(tmp_path: Path, backend: ScriptedBackend) -> None:
    """It counts at the next start; what is restarted meanwhile does not read it."""
    settings = tmp_path / "own.toml"
    settings.write_text("workers = 1\n")
    installation = Mortal(tmp_path / "data", backend_url=backend.url, config=settings)
    installation.start()
    try:
        dead = eventually(lambda: installation.pid("worker-1"))
        settings.write_text('wrokers = "')
        installation.kill("worker-1")
        eventually(lambda: installation.pid("worker-1") not in (None, dead))
        assert [row["name"] for row in installation.processes()] == ["supervisor", "web", "worker-1", "health"]
    finally:
        installation.close()


# --- the disk ---------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("this user may not mount a small disk")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


async def test_a_full_disk_is_told_and_waited_for(small_disk: Path, backend: ScriptedBackend) -> None:
    """507 while it is full, nothing of what was accepted is lost, and everything goes on when there is space."""
    installation = Installation(small_disk / "data", backend_url=backend.url)
    installation._log = small_disk.with_suffix(".log")
    installation.start()
    try:
        async with asking(installation.url) as ask:
            chat = await ask.chat()
            first = await ask.told(chat, "before [[tokens=3]]")
            filler = small_disk / "filler"
            with filler.open("wb", buffering=0) as file:
                fill(file.fileno())
            refused = str(uuid4())
            async with asyncio.timeout(DEADLINE_S):
                # What room the record holds in itself is used up first, rightly so.
                while (answer := await ask.say(chat, "x" * 50_000, refused, reply=False)).status == 201:
                    refused = str(uuid4())
            problem = answer.problem(507, "store_full")
            assert problem["fault"] == "server"
            assert problem["saved"] is False
            assert await ask.turn(first["id"]) == first
            assert refused not in [message["id"] for message in await ask.messages(chat)]
            filler.unlink()
            assert (await ask.say(chat, "x" * 50_000, refused, reply=False)).status == 201
            assert (await ask.told(chat, "after [[tokens=3]]"))["state"] == "done"
    finally:
        installation.close()
    assert "xxxx" not in installation.log(), "what people write is nobody's to read in a log"


def fill(file: int) -> None:
    """Write until there is no room for another byte."""
    block = 1 << 20
    while block:
        try:
            os.write(file, b"\0" * block)
        except OSError:
            block //= 2


async def test_no_file_outside_the_data_folder(
    tmp_path: Path, backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Home, the folder for temporary files and the working folder are as they were after a whole conversation."""
    outside = tmp_path / "outside"
    for name, variables in {
        "home": ["HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"],
        "tmp": ["TMPDIR", "XDG_RUNTIME_DIR"],
        "work": [],
    }.items():
        (outside / name).mkdir(parents=True)
        for variable in variables:
            monkeypatch.setenv(variable, str(outside / name))
    monkeypatch.chdir(outside / "work")
    installation = Mortal(tmp_path / "data", backend_url=backend.url, workers=1)
    installation.start()
    try:
        async with talking(installation) as api:
            assert (await tell(api, "Hello [[tokens=3]]")).outcomes == ["done"]
    finally:
        installation.close()
    assert [path for path in outside.rglob("*") if not path.is_dir()] == []
    assert sorted(os.listdir(tmp_path)) == ["data", "data.log", "outside"]
    modes = {path: path.stat().st_mode & 0o077 for path in [installation.data_dir, installation.data_dir / "run"]}
    assert set(modes.values()) == {0}, "others may read what is private"


# --- settings and help ------------------------------------------------------------------------------------------


def shown(text: str) -> dict[str, str]:
    """What `perdure settings` says each setting is."""
    rows = [line.split() for line in text.splitlines()[1:]]
    return {row[0]: row[2] for row in rows if len(row) > 2 and row[1] == f"PERDURE_{row[0].upper()}"}


def test_flags_come_before_variables_before_the_file(tmp_path: Path) -> None:
    """Each of the three is heard, in this order, and what none of them names is the default."""
    (tmp_path / "perdure.toml").write_text('host = "127.0.0.2"\nport = 1111\nseed = 1\n')
    variables = {"PERDURE_PORT": "2222", "PERDURE_SEED": "2", "COLUMNS": "400"}
    command = perdure("settings", "--seed", "3")
    status, said, _ = ran(*command, cwd=tmp_path, env={**environment(), **variables})
    assert status == 0
    now = shown(said)
    assert (now["host"], now["port"], now["seed"], now["max_tokens"]) == ("127.0.0.2", "2222", "3", "400")


def test_every_setting_is_listed_and_no_secret_is_shown(tmp_path: Path) -> None:
    """The list is the settings, all of them, with what they mean."""
    variables = {"PERDURE_ACCESS_TOKEN": "s3cret-token", "COLUMNS": "400"}
    status, said, _ = ran(*perdure("settings"), cwd=tmp_path, env={**environment(), **variables})
    assert status == 0
    assert shown(said).keys() == Settings.model_fields.keys()
    for field in Settings.model_fields.values():
        assert field.description
        assert field.description in said
    assert "s3cret" not in said


def test_a_settings_file_elsewhere(tmp_path: Path) -> None:
    """Named by `--config` or by its variable."""
    file = tmp_path / "elsewhere.toml"
    file.write_text("port = 1234\n")
    work = tmp_path / "work"
    work.mkdir()
    env = {**environment(), "COLUMNS": "400"}
    by_flag = ran(*perdure("settings", "--config", str(file)), cwd=work, env=env)
    by_variable = ran(*perdure("settings"), cwd=work, env={**env, "PERDURE_CONFIG": str(file)})
    assert shown(by_flag[1])["port"] == shown(by_variable[1])["port"] == "1234"


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_is_there(command: str, tmp_path: Path) -> None:
    """Every command explains itself, and exits with 0."""
    status, said, complaint = ran(*perdure(*command.split(), "--help"), cwd=tmp_path)
    assert (status, complaint) == (0, "")
    assert said.startswith("Usage:")
    if not command:
        assert all(f"  {name} " in said for name in COMMANDS)


def test_version(tmp_path: Path) -> None:
    """The version, and nothing else."""
    status, said, _ = ran(*perdure("--version"), cwd=tmp_path)
    assert status == 0
    assert said.startswith("perdure, version ")
