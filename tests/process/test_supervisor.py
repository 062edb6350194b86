"""The supervisor with real processes, real signals and real sockets.

Nothing here waits for a length of time in the hope that something has happened by then: every wait is for a
condition, with a deadline generous enough for a loaded machine.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from perdure.supervise import control
from perdure.supervise.errors import ControlError, NotRunningError
from perdure.supervise.processes import ProcessRow

PROGRAMS = Path(__file__).parents[1] / "supervise" / "programs"
SOURCES = Path(__file__).parents[2] / "src"
DEADLINE_S = 60.0
NEVER_S = 600.0
"""As a child's patience: whatever happens in a test with it does not happen for want of patience."""

T = TypeVar("T")


def eventually(condition: Callable[[], T | None]) -> T:
    """The first true answer of ``condition``, asked again and again."""
    until = time.monotonic() + DEADLINE_S
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < until, "the condition never came true"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether the process still runs; a zombie that nobody has reaped does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


class Supervised:
    """A supervisor with its children, seen from outside: their journal, the control socket, signals."""

    def __init__(self, folder: Path) -> None:
        self.journal_path = folder / "journal"
        self.gate = folder / "gate"
        self.control = folder / "data" / "run" / "control.sock"
        self.started: list[subprocess.Popen[str]] = []
        self._plan_path = folder / "plan.json"

    def child(self, name: str, *behaviours: str, **members: Any) -> dict[str, Any]:
        argv = [sys.executable, str(PROGRAMS / "child.py"), str(self.journal_path), *behaviours]
        return {"name": name, "role": "worker", "argv": argv, **members}

    def start(
        self,
        *children: dict[str, Any],
        policy: dict[str, Any] | None = None,
        listener: str | None = None,
        site: Path | None = None,
        pidfd: bool = True,
    ) -> subprocess.Popen[str]:
        plan = {
            "control": str(self.control),
            "children": children,
            "policy": policy or {},
            "listener": listener,
            "site": None if site is None else str(site),
            "pidfd": pidfd,
        }
        self._plan_path.write_text(json.dumps(plan))
        supervisor = subprocess.Popen(
            [sys.executable, str(PROGRAMS / "supervise.py"), str(self._plan_path)],
            env={**os.environ, "PYTHONPATH": str(SOURCES)},
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        self.started.append(supervisor)
        return supervisor

    def journal(self, what: str, name: str | None = None) -> list[dict[str, Any]]:
        lines = self.journal_path.read_text().splitlines() if self.journal_path.exists() else []
        entries = [json.loads(line) for line in lines]
        return [entry for entry in entries if entry["what"] == what and name in (None, entry["name"])]

    def incarnation(self, name: str, n: int = 1) -> dict[str, Any]:
        """What the n-th process of a child wrote when it was up, once it is."""
        return eventually(lambda: self.journal("started", name)[n - 1 :])[0]

    def notices(self, name: str) -> list[dict[str, Any]]:
        return [entry["notice"] for entry in self.journal("notice", name)]

    def rows(self) -> list[ProcessRow]:
        return control.processes(self.control, timeout_s=DEADLINE_S)

    def row(self, name: str) -> ProcessRow:
        return next(row for row in self.rows() if row["name"] == name)

    def until(self, name: str, holds: Callable[[ProcessRow], bool]) -> ProcessRow:
        """A child's row once it ``holds``. Its supervisor must be up: wait for an ``incarnation`` first."""
        return eventually(lambda: row if holds(row := self.row(name)) else None)

    def clean_up(self) -> None:
        for supervisor in self.started:
            supervisor.kill()
            supervisor.wait(DEADLINE_S)
            assert supervisor.stdout is not None
            supervisor.stdout.close()
        left = {entry["pid"] for what in ("started", "waiting") for entry in self.journal(what)}
        left |= {entry["grandchild"] for entry in self.journal("grandchild")}
        for pid in filter(is_alive, left):
            os.kill(pid, signal.SIGKILL)


def is_running(row: ProcessRow) -> bool:
    return row["state"] == "running"


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    supervised = Supervised(tmp_path)
    yield supervised
    supervised.clean_up()


@pytest.mark.parametrize("pidfd", [True, False], ids=["pidfd", "SIGCHLD"])
def test_a_killed_child_is_started_again_and_its_siblings_know(supervised: Supervised, pidfd: bool) -> None:
    """A death is seen by the kernel's word alone: the child comes back, its siblings are told who died."""
    worker = [supervised.child(name, hang_after_s=NEVER_S) for name in ("worker-1", "worker-2")]
    supervised.start(*worker, pidfd=pidfd)
    dead, sibling = supervised.incarnation("worker-1"), supervised.incarnation("worker-2")
    os.kill(dead["pid"], signal.SIGKILL)
    heir = supervised.incarnation("worker-1", 2)
    assert heir["pid"] != dead["pid"]
    assert heir["incarnation"] != dead["incarnation"]
    notice = {
        "event": "died",
        "name": "worker-1",
        "role": "worker",
        "incarnation": dead["incarnation"],
        "how": "was killed by SIGKILL",
    }
    eventually(lambda: supervised.notices("worker-2"))
    assert supervised.notices("worker-2") == [notice]
    assert supervised.notices("worker-1") == []
    row = supervised.until("worker-1", is_running)
    assert (row["pid"], row["restarts"], row["last_exit"]) == (heir["pid"], 1, "was killed by SIGKILL")
    assert supervised.row("worker-2")["pid"] == sibling["pid"]
    assert supervised.row("worker-2")["restarts"] == 0


@pytest.mark.parametrize("signum", [signal.SIGSTOP, signal.SIGUSR1, signal.SIGUSR2], ids=["stop", "loop", "ill"])
def test_a_hung_child_is_killed_and_started_again(supervised: Supervised, signum: int) -> None:
    """A stopped process, an event loop that hangs and a failing health check are all heard as silence, and first told
    as that.
    """
    supervised.start(supervised.child("worker-1"), supervised.child("worker-2"))
    hung = supervised.incarnation("worker-1")
    supervised.incarnation("worker-2")
    os.kill(hung["pid"], signum)
    supervised.incarnation("worker-1", 2)
    assert not is_alive(hung["pid"])
    silent, died = eventually(lambda: supervised.notices("worker-2")[1:] and supervised.notices("worker-2"))
    assert (silent["event"], silent["name"]) == ("silent", "worker-1")
    assert (died["incarnation"], died["how"]) == (hung["incarnation"], "hung and was killed")
    assert supervised.row("worker-2")["restarts"] == 0


def test_a_child_waits_for_the_one_that_it_comes_after(supervised: Supervised) -> None:
    """At the first start: those who are waited for by people come first."""
    supervised.start(supervised.child("health", after="web"), supervised.child("web", "gated", start_grace_s=NEVER_S))
    eventually(lambda: supervised.journal("waiting", "web"))
    assert supervised.row("health")["pid"] is None
    supervised.gate.touch()
    supervised.incarnation("health")
    assert [entry["name"] for entry in supervised.journal("started")] == ["web", "health"]


def test_a_child_that_leaks_is_ended_in_good_order_and_started_again(supervised: Supervised) -> None:
    """It may finish what it has begun; the next one, which does not leak, is left alone, and so is its sibling."""
    limit = 96 * 2**20
    supervised.start(
        supervised.child("worker-1", "leaks", memory_limit_bytes=limit),
        supervised.child("worker-2", memory_limit_bytes=limit),
    )
    leaking = supervised.incarnation("worker-1")
    heir = supervised.incarnation("worker-1", 2)
    assert [entry["pid"] for entry in supervised.journal("ended", "worker-1")] == [leaking["pid"]]
    row = supervised.until("worker-1", is_running)
    assert (row["pid"], row["deaths"]) == (heir["pid"], 1)
    assert "memory" in str(row["last_exit"])
    assert supervised.row("worker-2")["deaths"] == 0


def test_a_child_that_never_beats_is_killed_after_its_start_grace(supervised: Supervised) -> None:
    """A child that hangs before its first beat is not waited for for ever."""
    supervised.start(supervised.child("worker-1", "mute", start_grace_s=1.0))
    mute = supervised.incarnation("worker-1")
    supervised.incarnation("worker-1", 2)
    assert not is_alive(mute["pid"])


def test_no_orphans_when_the_supervisor_is_killed(supervised: Supervised) -> None:
    """SIGKILL of the supervisor ends every child: also a stopped one, and one whose loop hangs.

    Each guard is tested without the other: no thread can read the lifeline while C code holds the interpreter's lock,
    and with the kernel's parent-death signal taken back the lifeline's end of file must do.
    """
    behaviours = {
        "well": [],
        "stopped": [],
        "hung": [],
        "in C": ["hangs-in-c"],
        "eof": ["no-parent-death-signal"],
    }
    supervisor = supervised.start(
        *(supervised.child(name, *told, hang_after_s=NEVER_S) for name, told in behaviours.items())
    )
    pids = {name: supervised.incarnation(name)["pid"] for name in behaviours}
    os.kill(pids["stopped"], signal.SIGSTOP)
    for name in ("hung", "in C", "eof"):
        os.kill(pids[name], signal.SIGUSR1)
        eventually(lambda name=name: supervised.journal("hangs", name))
    supervisor.kill()
    for pid in pids.values():
        eventually(lambda pid=pid: not is_alive(pid))


def test_a_child_that_attaches_to_a_dead_supervisor_ends(supervised: Supervised) -> None:
    """A supervisor that dies while a child still starts leaves no orphan either."""
    supervisor = supervised.start(supervised.child("worker-1", "gated"))
    pid = eventually(lambda: supervised.journal("waiting"))[0]["pid"]
    supervisor.kill()
    supervisor.wait()
    assert is_alive(pid)
    supervised.gate.touch()
    eventually(lambda: not is_alive(pid))


def test_what_a_child_started_ends_with_it(supervised: Supervised) -> None:
    """A dead child's own processes do not linger beside its successor's."""
    supervised.start(supervised.child("worker-1", "parent"))
    dead = supervised.incarnation("worker-1")
    grandchild = supervised.journal("grandchild")[0]["grandchild"]
    assert is_alive(grandchild)
    os.kill(dead["pid"], signal.SIGKILL)
    supervised.incarnation("worker-1", 2)
    assert not is_alive(grandchild)


def test_sigterm_stops_all_in_order_and_exits_0(supervised: Supervised) -> None:
    """Every child gets SIGTERM, in order, each once the earlier are gone; one that will not end is killed."""
    supervisor = supervised.start(
        supervised.child("model", stop_order=2),
        supervised.child("worker-1", "slow", stop_order=1),
        supervised.child("worker-2", "deaf", stop_order=1, stop_grace_s=0.5),
        supervised.child("web", "slow", stop_order=0),
    )
    pids = [supervised.incarnation(name)["pid"] for name in ("model", "worker-1", "worker-2", "web")]
    supervisor.terminate()
    assert supervisor.wait(DEADLINE_S) == 0
    assert not any(map(is_alive, pids))
    happened = [
        (entry["name"], entry["what"])
        for entry in map(json.loads, supervised.journal_path.read_text().splitlines())
        if entry["what"] in ("sigterm", "ended") and entry["name"] != "worker-2"
    ]
    order = ["web", "worker-1", "model"]
    assert happened == [(name, what) for name in order for what in ("sigterm", "ended")]
    assert len(supervised.journal("sigterm", "worker-2")) == 1
    with pytest.raises(NotRunningError):
        control.processes(supervised.control)


def test_a_stopped_child_can_still_end_cleanly(supervised: Supervised) -> None:
    """At shutdown a stopped process is woken, so that it may release what it holds."""
    supervisor = supervised.start(supervised.child("worker-1", hang_after_s=NEVER_S, stop_grace_s=NEVER_S))
    os.kill(supervised.incarnation("worker-1")["pid"], signal.SIGSTOP)
    supervisor.terminate()
    assert supervisor.wait(DEADLINE_S) == 0
    assert supervised.journal("ended")


def test_control_c_reaches_the_supervisor_alone(supervised: Supervised) -> None:
    """SIGINT to the terminal's whole process group stops the children through the supervisor, in order."""
    supervisor = supervised.start(supervised.child("worker-1"))
    supervised.incarnation("worker-1")
    os.killpg(supervisor.pid, signal.SIGINT)
    assert supervisor.wait(DEADLINE_S) == 0
    assert supervised.journal("ended")
    assert not supervised.journal("sigint")


def test_a_second_signal_kills_at_once(supervised: Supervised) -> None:
    """Who asks twice does not wait for anyone's grace, and sees it in the exit status."""
    supervisor = supervised.start(
        supervised.child("web", "deaf", stop_grace_s=NEVER_S),
        supervised.child("worker-1", stop_order=1, stop_grace_s=NEVER_S),
    )
    pids = [supervised.incarnation(name)["pid"] for name in ("web", "worker-1")]
    supervisor.terminate()
    eventually(lambda: supervised.journal("sigterm", "web"))
    assert supervised.row("supervisor")["state"] == "stopping"
    supervisor.terminate()
    assert supervisor.wait(DEADLINE_S) == 128 + signal.SIGTERM
    assert not any(map(is_alive, pids))


def test_a_crash_loop_escalates_and_leaves_its_siblings_alone(supervised: Supervised) -> None:
    """A child that dies at once backs off, needs the operator, and is still tried; no other pays for it."""
    supervised.start(
        supervised.child("worker-1", "dies"),
        supervised.child("worker-2"),
        policy={"first_delay_s": 0.01, "ceiling_s": 0.2},
    )
    sibling = supervised.incarnation("worker-2")
    eventually(lambda: "escalated" in [notice["event"] for notice in supervised.notices("worker-2")])
    row = supervised.row("worker-1")
    assert row["needs_operator"]
    assert row["last_exit"] == "exited with status 3"
    so_far = len(supervised.journal("started", "worker-1"))
    supervised.incarnation("worker-1", so_far + 2)
    row = supervised.row("worker-2")
    assert (row["pid"], row["restarts"]) == (sibling["pid"], 0)
    os.kill(sibling["pid"], signal.SIGKILL)
    supervised.incarnation("worker-2", 2)
    assert not supervised.row("worker-2")["needs_operator"]


def test_an_escalation_ends_when_the_child_is_well_again(supervised: Supervised) -> None:
    """Health takes the operator's call back, and the siblings hear of both."""
    supervised.start(
        supervised.child("worker-1"),
        supervised.child("worker-2"),
        policy={"window_restarts": 0, "healthy_s": 1.0, "forgive_s": 0.5, "ceiling_s": 0.5},
    )
    supervised.incarnation("worker-2")
    os.kill(supervised.incarnation("worker-1")["pid"], signal.SIGKILL)
    heard = eventually(lambda: notices if len(notices := supervised.notices("worker-2")) == 3 else None)
    assert [notice["event"] for notice in heard] == ["died", "escalated", "recovered"]
    assert not supervised.row("worker-1")["needs_operator"]


def test_a_program_that_cannot_be_started_is_retried(supervised: Supervised) -> None:
    """A missing program is one more way to die: it is said, retried, and the others run."""
    supervised.start(
        {"name": "model", "role": "model", "argv": ["/no/such/program"]},
        supervised.child("worker-1"),
        policy={"first_delay_s": 0.01, "ceiling_s": 0.02},
    )
    supervised.incarnation("worker-1")
    row = supervised.until("model", lambda row: row["restarts"] > 3)
    assert row["pid"] is None
    assert row["last_exit"] == "could not be started: No such file or directory"


def test_no_connection_is_refused_while_web_restarts(supervised: Supervised) -> None:
    """While no process accepts, connections wait in the supervisor's socket; the next one answers them."""
    supervised.gate.touch()
    supervisor = supervised.start(supervised.child("web", "gated", start_grace_s=NEVER_S), listener="web")
    assert supervisor.stdout is not None
    address = ("127.0.0.1", int(supervisor.stdout.readline()))

    def answer(connection: socket.socket) -> str:
        with connection, connection.makefile() as said:
            return said.readline()

    first = supervised.incarnation("web")
    assert answer(socket.create_connection(address, DEADLINE_S)) == f"hello from {first['pid']}\n"
    supervised.gate.unlink()
    os.kill(first["pid"], signal.SIGKILL)
    eventually(lambda: len(supervised.journal("waiting")) == 2)
    waiting = [socket.create_connection(address, DEADLINE_S) for _ in range(50)]
    supervised.gate.touch()
    second = supervised.incarnation("web", 2)
    assert {answer(connection) for connection in waiting} == {f"hello from {second['pid']}\n"}


def test_the_supervisor_answers_for_a_web_that_is_down_for_good(supervised: Supervised, tmp_path: Path) -> None:
    """The status page as it was last, which says that it is old; the truth for everything else; and web, once it is
    there again, for itself. No path leads out of the folder.
    """
    site = tmp_path / "site"
    (site / "api" / "v2").mkdir(parents=True)
    (site / "status.html").write_text("<h1>Well</h1><!-- dated -->")
    (site / "api" / "v2" / "summary.json").write_text("{}")
    (tmp_path / "secret.html").write_text("secret")
    supervisor = supervised.start(supervised.child("web", "dies-at-first"), listener="web", site=site)
    assert supervisor.stdout is not None
    port = int(supervisor.stdout.readline())
    status, body = eventually(lambda: asked(port, "/status"))
    assert (status, "<h1>Well</h1>" in body, "has not come back" in body) == (200, True, True)
    assert asked(port, "/api/v2/summary.json") == (200, "{}")
    status, body = asked(port, "/chats/1", "text/html")
    assert (status, "Perdure is down" in body) == (503, True)
    status, body = asked(port, "/api/v1/chats")
    assert (status, json.loads(body)["fault"]) == (503, "server")
    for path in ("/status/../../secret.html", "/status/%2e%2e/%2e%2e/secret.html", "/status//../../secret.html"):
        assert asked(port, path)[0] == 503
    supervised.gate.touch()
    web = supervised.until("web", is_running)

    def greeting() -> str:
        """Unasked: the stand-in would wait for a request."""
        with socket.create_connection(("127.0.0.1", port), DEADLINE_S) as line, line.makefile() as said:
            return said.readline()

    eventually(lambda: {greeting() for _ in range(20)} == {f"hello from {web['pid']}\n"})


def asked(port: int, path: str, accept: str = "application/json") -> tuple[int, str]:
    """What a request gets, as raw as it was sent: status and body."""
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\n\r\n".encode())
        head, _, body = line.makefile("rb").read().partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


def test_a_supervisor_that_was_away_blames_nobody(supervised: Supervised) -> None:
    """After the supervisor itself was stopped, silent children get a fresh period instead of a SIGKILL.

    All are frozen, as a container is, for longer than ``hang_after_s``, and the supervisor thaws first: it
    finds nothing but silence, and must know that it has no right to judge it.
    """
    hang_after_s, frozen_s = 3.0, 4.0
    names = ["worker-1", "worker-2"]
    supervisor = supervised.start(*(supervised.child(name, hang_after_s=hang_after_s) for name in names))
    pids = {name: supervised.incarnation(name)["pid"] for name in names}
    for name in names:
        supervised.until(name, is_running)
    frozen = [supervisor.pid, *pids.values()]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(frozen_s)  # The subject of this test, not a guess.
    os.kill(supervisor.pid, signal.SIGCONT)
    supervised.row("supervisor")  # It has thawed and answers: it has had its look at the silence.
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)
    for name in names:
        assert supervised.until(name, is_running)["pid"] == pids[name]
        assert supervised.row(name)["restarts"] == 0


def test_a_child_is_restarted_gracefully_on_request(supervised: Supervised) -> None:
    """The operator's restart ends a child by SIGTERM, starts it again, and is no mark against it."""
    supervised.start(supervised.child("worker-1"), policy={"window_restarts": 0})
    first = supervised.incarnation("worker-1")
    control.restart(supervised.control, "worker-1", timeout_s=DEADLINE_S)
    second = supervised.incarnation("worker-1", 2)
    assert [entry["pid"] for entry in supervised.journal("ended")] == [first["pid"]]
    row = supervised.until("worker-1", is_running)
    assert (row["pid"], row["restarts"], row["needs_operator"]) == (second["pid"], 1, False)
    with pytest.raises(ControlError, match="worker-1"):
        control.restart(supervised.control, "worker-9", timeout_s=DEADLINE_S)


def test_a_second_supervisor_is_refused(supervised: Supervised) -> None:
    """One data folder has one supervisor; the second says who holds it and starts nothing."""
    first = supervised.start(supervised.child("worker-1"))
    supervised.incarnation("worker-1")
    second = supervised.start(supervised.child("worker-1"))
    assert second.wait(DEADLINE_S) == 2
    assert len(supervised.journal("started")) == 1
    assert supervised.row("supervisor")["pid"] == first.pid


def test_a_killed_supervisor_hinders_no_successor(supervised: Supervised) -> None:
    """What SIGKILL leaves behind, the lock file and the socket, is taken over at once."""
    first = supervised.start(supervised.child("worker-1"))
    dead = supervised.incarnation("worker-1")
    first.kill()
    second = supervised.start(supervised.child("worker-1"))
    supervised.incarnation("worker-1", 2)
    assert supervised.row("supervisor")["pid"] == second.pid
    eventually(lambda: not is_alive(dead["pid"]))


def test_the_list_of_processes_is_the_contract(supervised: Supervised) -> None:
    """The supervisor comes first; every row has the members that outside scripts rely on."""
    supervisor = supervised.start(supervised.child("web"), supervised.child("worker-1"))
    for name in ("web", "worker-1"):
        supervised.incarnation(name)
        supervised.until(name, is_running)
    rows = supervised.rows()
    assert [row["name"] for row in rows] == ["supervisor", "web", "worker-1"]
    assert rows[0]["pid"] == supervisor.pid
    for row in rows:
        assert {"name", "role", "pid", "state", "restarts", "since"} <= row.keys()
        assert 0 <= time.time() - row["since"] < 3600
