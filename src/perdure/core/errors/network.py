"""Network: what is between the parts. Most of it is seen from one side only: by a client, or toward a backend."""

from __future__ import annotations

from typing import ClassVar

from perdure.core.errors.base import Fault, Mender, PerdureError


class NetworkError(PerdureError):
    code = "network_error"
    fault = Fault.NETWORK
    status = 502
    title = "The connection failed"
    verdict = "It is the connection: what stands at its other end may be well."
    remedy = "Check the connection and try again."
    retry = True
    causes: ClassVar[tuple[str, ...]] = ("A connection between two machines broke off or was never made.",)
    mender = Mender.NOBODY
    avoid = "Do not reload again and again: what you wrote is kept in the browser and goes out by itself."
    kept = "What is shown as sent is on the server's disk. What is not shown as sent is kept where it was written."


class Unreachable(NetworkError):
    code = "unreachable"
    status = 503
    title = "The server cannot be reached"
    remedy = "If it stays away, look whether Perdure is running."
    causes: ClassVar[tuple[str, ...]] = (
        "Perdure is being restarted, or is not running.",
        "Your own connection is down, or a proxy is in between.",
        "The address is wrong.",
    )


class Offline(Unreachable):
    code = "offline"
    title = "This device is offline"
    remedy = "Connect it to the network again; what waits goes out by itself."
    causes = (
        "Wi-Fi or mobile data is off, or out of reach.",
        "A cable is unplugged, or the flight mode is on.",
    )
    mender = Mender.USER


class NameUnresolved(Unreachable):
    code = "name_unresolved"
    title = "The server's name cannot be found"
    remedy = "Check how the address is spelt. If it is right, the name server (DNS) is at fault: try another network."
    causes = (
        "The address is mistyped, or the name is no longer in use.",
        "The name server of this network does not answer.",
        "A VPN is needed, or in the way.",
    )
    mender = Mender.USER


class ConnectionRefused(Unreachable):
    code = "connection_refused"
    title = "Nothing listens at the server's address"
    remedy = "Start the server, and check the port."
    causes = (
        "The server is not running, or is being restarted.",
        "The port is wrong.",
        "A firewall turns connections away.",
    )
    mender = Mender.OPERATOR


class NoAnswer(Unreachable):
    code = "no_answer"
    status = 504
    title = "The server does not answer in time"
    remedy = "Wait: it is tried again by itself. If it stays so, the machine or the way to it hangs."
    causes = (
        "The machine is switched off, asleep or overloaded.",
        "A firewall swallows the connection.",
        "The server hangs and is about to be restarted.",
    )


class TlsFailed(Unreachable):
    code = "tls_failed"
    title = "No secure connection can be made"
    remedy = (
        "Look at the certificate: its name, its dates and who signed it; and at this machine's clock. A server at home "
        "mostly speaks http:// and not https://."
    )
    causes = (
        "The certificate has expired, is for another name, or is signed by somebody unknown here.",
        "The clock of this machine is wrong.",
        "The port does not speak TLS, or a proxy breaks it open.",
    )
    mender = Mender.OPERATOR
    avoid = "Do not click a certificate's warning away in a network that is not your own."


class ConnectionCut(NetworkError):
    code = "connection_cut"
    title = "The connection broke off in the middle"
    remedy = "It is made again by itself, and goes on where it was."
    causes = (
        "The server was restarted.",
        "A proxy or a router closes connections that last long.",
        "The signal is weak.",
    )


class ProxyInTheWay(NetworkError):
    code = "proxy_in_the_way"
    title = "Something else answered in the server's place"
    remedy = "Open the server's page in a browser and see who answers. Behind a proxy, its operator has to look."
    causes: ClassVar[tuple[str, ...]] = (
        "A proxy answers with a page of its own, because it does not reach the server or does not let you through.",
        "The address belongs to another service.",
    )
    mender = Mender.OPERATOR


class CaptivePortal(ProxyInTheWay):
    code = "captive_portal"
    title = "This network wants you to sign in first"
    remedy = "Open any page in a browser, sign in to the network, and come back; what waits goes out by itself."
    causes = ("A hotel's, a train's or a cafe's network leads every request to its own page until one has signed in.",)
    mender = Mender.USER


class BackendNameUnresolved(NetworkError):
    code = "model_name_unresolved"
    status = 503
    title = "The name of the model's server cannot be found"
    remedy = "Check how the backend's address is spelt, and whether this machine is on the network."
    away = True
    causes = (
        "The backend's address is mistyped in the settings.",
        "The machine that Perdure runs on is offline, or its name server does not answer.",
    )
    mender = Mender.OPERATOR
    avoid = "Do not send again: the reply goes on by itself."
    kept = "The message is on the server's disk, and so is what the character has said so far."


class BackendTlsFailed(NetworkError):
    code = "model_tls_failed"
    status = 503
    title = "No secure connection to the model's server can be made"
    remedy = (
        "A server at home mostly speaks http:// and not https://: try that. Otherwise its certificate has to be one "
        "that this machine trusts."
    )
    away = True
    causes = (
        "The address says https:// and the server speaks http://.",
        "The certificate has expired, is for another name, or is signed by somebody unknown here.",
        "The clock of this machine is wrong.",
    )
    mender = Mender.OPERATOR
    avoid = "Do not send again: the reply goes on by itself."
    kept = "The message is on the server's disk, and so is what the character has said so far."
