"""The control socket and the lock."""

import asyncio
import os
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from perdure.supervise import control
from perdure.supervise.control import ControlSocket
from perdure.supervise.errors import AlreadyRunningError, ControlError, NotRunningError, SuperviseError
from perdure.supervise.lock import sole_supervisor

pytestmark = pytest.mark.anyio


async def answer(request: str) -> object:
    if request.startswith("restart"):
        return {"error": "No.", "remedy": "Do not."}
    return [{"said": request.strip()}]


@pytest.fixture(params=["short", "long" * 40], ids=["short path", "long path"])
async def path(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Path]:
    path = tmp_path / request.param / "run" / "control.sock"
    served = ControlSocket(path, answer)
    await served.open()
    yield path
    await served.close()
    assert not path.exists()


async def test_a_question_is_answered(path: Path) -> None:
    """One line in, one JSON answer out, also where the path is too long for a socket address."""
    assert await control.processes_async(path) == [{"said": "processes"}]  # type: ignore[comparison-overlap]


async def test_a_refusal_is_raised(path: Path) -> None:
    """A refusal by the supervisor is a ControlError with its two sentences."""
    with pytest.raises(ControlError) as caught:
        await asyncio.to_thread(control.restart, path, "x")
    assert (caught.value.detail, caught.value.remedy) == ("No.", "Do not.")


async def test_only_the_owner_may_ask(path: Path) -> None:
    """The socket is 0600 in a folder of 0700."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_rude_client_harms_nobody(path: Path) -> None:
    """Clients that say nothing, too much, or leave early cost only themselves."""
    for said in (b"", b"\xff\xfe\n", b"x" * 200_000, b"processes"):
        with socket.socket(socket.AF_UNIX) as client, control._address(path) as address:
            client.setblocking(False)
            await asyncio.get_running_loop().sock_connect(client, address)
            client.send(said)
    assert await control.processes_async(path) == [{"said": "processes"}]  # type: ignore[comparison-overlap]


async def test_a_live_socket_is_not_taken(path: Path) -> None:
    """A second supervisor leaves the first one's socket alone."""
    with pytest.raises(AlreadyRunningError):
        await ControlSocket(path, answer).open()
    assert await control.processes_async(path) == [{"said": "processes"}]  # type: ignore[comparison-overlap]


async def test_a_stale_socket_is_replaced(tmp_path: Path) -> None:
    """A socket file that no one serves is what a killed supervisor leaves: it is no hindrance."""
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    served = ControlSocket(path, answer)
    await served.open()
    assert await control.processes_async(path) == [{"said": "processes"}]  # type: ignore[comparison-overlap]
    await served.close()


def test_nobody_there_is_said_so(tmp_path: Path) -> None:
    """With no supervisor the client says that none runs, and how to start one."""
    with pytest.raises(NotRunningError, match="perdure serve"):
        control.processes(tmp_path / "run" / "control.sock")


def test_a_silent_supervisor_is_given_up(tmp_path: Path) -> None:
    """A frozen supervisor costs its client the timeout and no more."""
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as frozen:
        frozen.bind(str(path))
        frozen.listen()
        with pytest.raises(ControlError, match="did not answer"):
            control.processes(path, timeout_s=0.05)


async def test_an_unusable_folder_is_explained(tmp_path: Path) -> None:
    """A control socket that cannot be made is a sentence, not a traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ControlError, match="cannot be made"):
        await ControlSocket(tmp_path / "file" / "control.sock", answer).open()


def test_one_supervisor_holds_the_lock(tmp_path: Path) -> None:
    """The second is told who holds it; once released, it may be had."""
    lock = tmp_path / "data" / "run" / "supervisor.lock"
    with sole_supervisor(lock):
        with pytest.raises(AlreadyRunningError) as caught, sole_supervisor(lock, patience_s=0):
            pass
        assert caught.value.pid == os.getpid()
        assert str(tmp_path / "data") in caught.value.detail
    with sole_supervisor(lock, patience_s=0):
        pass


def test_a_killed_holder_drops_the_lock(tmp_path: Path) -> None:
    """The kernel releases the lock of a process killed with SIGKILL, whose id is still in the file."""
    lock = tmp_path / "supervisor.lock"
    program = (
        "import sys; from pathlib import Path; from perdure.supervise.lock import sole_supervisor\n"
        "with sole_supervisor(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunningError) as caught, sole_supervisor(lock, patience_s=0):
            pass
        assert caught.value.pid == holder.pid
        holder.kill()
    with sole_supervisor(lock, patience_s=0):
        assert lock.read_text() == f"{os.getpid()}\n"


def test_an_unusable_lock_is_explained(tmp_path: Path) -> None:
    """A lock file that cannot be opened is a sentence, not a traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SuperviseError, match="cannot be used"), sole_supervisor(tmp_path / "file" / "lock"):
        pass
