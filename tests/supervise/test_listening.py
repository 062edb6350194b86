"""The listening socket, and what is said when it cannot be had."""

import os
import socket

import pytest

from perdure.supervise import listening
from perdure.supervise.errors import ListenError


def test_a_bound_socket_takes_connections_before_anyone_accepts() -> None:
    """Connections wait in the backlog; the socket can be handed to a child."""
    with listening.bind("127.0.0.1", 0) as listener:
        assert listener.get_inheritable()
        with socket.create_connection(listener.getsockname(), timeout=10):
            pass


def test_ipv6_is_understood() -> None:
    """``::1`` is listened on where the machine has IPv6."""
    try:
        listener = listening.bind("::1", 0)
    except ListenError:
        pytest.skip("this machine has no IPv6")
    with listener:
        assert listener.family == socket.AF_INET6


def test_a_name_prefers_ipv4() -> None:
    """``localhost`` is 127.0.0.1, whatever else it may be."""
    with listening.bind("localhost", 0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_a_port_in_use_is_named_with_its_holder() -> None:
    """The error says which port, who has it and what to do."""
    with listening.bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ListenError) as caught:
            listening.bind("127.0.0.1", port, patience_s=0)
    assert f"Port {port}" in caught.value.detail
    assert f"process {os.getpid()}" in caught.value.detail
    assert "--port" in caught.value.remedy


@pytest.mark.parametrize(
    ("host", "port", "detail"),
    [
        ("no-such-host.invalid", 0, "not known"),
        ("192.0.2.1", 0, "not an address of this machine"),
        ("127.0.0.1", 65536, "not a port number"),
        ("127.0.0.1", -1, "not a port number"),
        ("", 0, "No host"),
        ("a" * 300, 0, "not known"),
    ],
)
def test_every_refusal_says_what_to_do(host: str, port: int, detail: str) -> None:
    """Whatever is wrong with the address, the error names it and the flag that mends it."""
    with pytest.raises(ListenError) as caught:
        listening.bind(host, port, patience_s=0)
    assert detail in caught.value.detail
    assert "--" in caught.value.remedy


def test_a_port_without_permission_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """EACCES becomes a sentence about privileged ports (the tests may run as root, so it is pretended)."""

    def refuse(family: object, address: object) -> socket.socket:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(listening, "_listen", refuse)
    with pytest.raises(ListenError, match="may not listen on port 80"):
        listening.bind("127.0.0.1", 80)


def test_the_handed_over_socket_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ``hand_over`` puts in the environment, ``inherited`` takes out, once."""
    with listening.bind("127.0.0.1", 0) as listener:
        copy = socket.socket(fileno=os.dup(listener.fileno()))
        (fd,), env = listening.hand_over(copy)
        assert copy.detach() == fd
        monkeypatch.setenv(listening.LISTEN_FD, env[listening.LISTEN_FD])
        taken = listening.inherited()
        assert taken is not None
        with taken:
            assert taken.getsockname() == listener.getsockname()
        assert listening.inherited() is None


@pytest.mark.parametrize("fd", ["987654", "rubbish"])
def test_a_stray_variable_is_explained(monkeypatch: pytest.MonkeyPatch, fd: str) -> None:
    """A descriptor that is not there is a sentence, not a traceback."""
    monkeypatch.setenv(listening.LISTEN_FD, fd)
    with pytest.raises(ListenError, match="no open socket"):
        listening.inherited()
