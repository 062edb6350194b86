"""From signs to a verdict, by one table: what each sign means in the tree of errors, and how sure that is.

The table's order is its weight: of several signs the first one decides, since what fails earlier on the way explains
what fails later. Two things can change what it says. A service that itself reports an incident is believed: a silence
that could be anybody's is then the server's. And one that reports that all is well makes it a little less sure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from perdure.core.diagnosis.signs import Observation, Sign
from perdure.core.errors import (
    CaptivePortal,
    ClientError,
    ConnectionCut,
    ConnectionRefused,
    MethodNotAllowed,
    ModelMissing,
    ModelUnreachable,
    NameUnresolved,
    NoAnswer,
    NotAllowedHere,
    NotFound,
    Offline,
    Overloaded,
    PerdureError,
    ProxyInTheWay,
    Restarting,
    ServiceFailed,
    StoreUnavailable,
    TlsFailed,
    TokenRequired,
    TooFast,
    Unreachable,
    by_code,
)


class Finding(StrEnum):
    """Whose fault it is; the values are those of the tree's faults, and two more."""

    OK = "ok"
    SERVER = "server"
    MODEL = "model"
    NETWORK = "network"
    CLIENT = "client"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a sign means. `confidence` is in (0, 1]; `remedy` stands in for the kind's, where that is Perdure's own."""

    kind: type[PerdureError]
    confidence: float
    remedy: str = ""
    finding: Finding | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`kind` is the row of the tree of errors, None where there is nothing to mend, or nothing is known.

    `confidence` is in [0, 1]. `evidence` are the sentences that led here, the deciding one first. `retry_after_s`
    is how long the service asks to wait, None where it does not.
    """

    finding: Finding
    kind: type[PerdureError] | None
    confidence: float
    sentence: str
    remedy: str
    evidence: tuple[str, ...]
    retry_after_s: float | None = None

    @property
    def waiting_is_vain(self) -> bool:
        """Whether it answers, and says what only whoever asks can mend.

        A page that is not found may come back: proxies say so of a service that is away.
        """
        kind = self.kind
        return self.finding is Finding.CLIENT and kind is not None and not kind.retry and kind is not NotFound


_KEY = "Give the key or the token that the service asks for (`--token-from`): without it, it tells nothing of the rest."
_WAIT = "Wait a moment and look again, with `--watch`: whoever runs the service has to mend it."
_CLOCK = "Set this machine's clock, best by network time (NTP)."
_SCHEME = "Ask with http:// in the place of https://, or check the port."
_TLS = "Ask with https:// in the place of http://, or check the port."
_PAGE = "If a web page belongs there, all is well. If not, open it in a browser and see who answers."
_MODEL = "Look at the model's server: replies go on by themselves when it is back."

RULES: Mapping[Sign, Rule] = {
    Sign.OFFLINE: Rule(Offline, 0.95),
    Sign.PROXY_AWAY: Rule(ProxyInTheWay, 0.85, "Look at the proxy that the environment names, or unset it."),
    Sign.PROXY_WANTS_PASSWORD: Rule(ProxyInTheWay, 0.95, "Put the proxy's user and password into its address."),
    Sign.PROXY_REFUSES: Rule(ProxyInTheWay, 0.85, "Ask whoever runs the proxy, or go without it (NO_PROXY)."),
    Sign.NAME_UNKNOWN: Rule(NameUnresolved, 0.9),
    Sign.NAME_WITHOUT_ADDRESS: Rule(NameUnresolved, 0.9),
    Sign.NAME_SERVER_FAILED: Rule(NameUnresolved, 0.8),
    Sign.NAME_SERVER_SILENT: Rule(NameUnresolved, 0.8),
    Sign.NO_ROUTE: Rule(Unreachable, 0.8, "Check this machine's network, and whether a VPN is needed."),
    Sign.REFUSED: Rule(ConnectionRefused, 0.9),
    Sign.CONNECT_SILENT: Rule(NoAnswer, 0.75),
    Sign.CLOCK_WRONG: Rule(TlsFailed, 0.9, _CLOCK, Finding.CLIENT),
    Sign.CERTIFICATE_EXPIRED: Rule(TlsFailed, 0.9, "Whoever runs the service has to renew its certificate."),
    Sign.CERTIFICATE_NOT_YET_VALID: Rule(TlsFailed, 0.85),
    Sign.CERTIFICATE_NAME: Rule(TlsFailed, 0.9, "Check the name in the address; the service may have another one."),
    Sign.CERTIFICATE_UNTRUSTED: Rule(TlsFailed, 0.85),
    Sign.NO_TLS_HERE: Rule(TlsFailed, 0.9, _SCHEME),
    Sign.TLS_HERE: Rule(TlsFailed, 0.85, _TLS),
    Sign.TLS_CUT: Rule(TlsFailed, 0.7),
    Sign.TLS_SILENT: Rule(TlsFailed, 0.6, _SCHEME),
    Sign.TLS_FAILED: Rule(TlsFailed, 0.7),
    Sign.PORTAL: Rule(CaptivePortal, 0.85),
    Sign.PROXY_PAGE: Rule(ProxyInTheWay, 0.75),
    Sign.UNEXPECTED_PAGE: Rule(ProxyInTheWay, 0.5, _PAGE),
    Sign.RESET: Rule(ConnectionCut, 0.8, _WAIT),
    Sign.CLOSED: Rule(ConnectionCut, 0.75, _WAIT),
    Sign.SILENT: Rule(NoAnswer, 0.75, _WAIT),
    Sign.NOT_HTTP: Rule(ProxyInTheWay, 0.6, "Check the port: what answers there speaks something else than HTTP."),
    Sign.PROBLEM: Rule(ServiceFailed, 0.95),
    Sign.GATEWAY: Rule(Restarting, 0.9, _WAIT),
    Sign.OVERLOADED: Rule(Overloaded, 0.9, _WAIT),
    Sign.UNAVAILABLE: Rule(Restarting, 0.85, _WAIT),
    Sign.SERVER_ERROR: Rule(ServiceFailed, 0.9),
    Sign.ERROR_INSIDE: Rule(ServiceFailed, 0.7),
    Sign.REDIRECT_LOOP: Rule(ServiceFailed, 0.7),
    Sign.KEY_WANTED: Rule(TokenRequired, 0.9, _KEY),
    Sign.FORBIDDEN: Rule(NotAllowedHere, 0.8, "Ask whoever runs the service whether it may be asked from here."),
    Sign.NOT_FOUND: Rule(NotFound, 0.9),
    Sign.METHOD_REFUSED: Rule(MethodNotAllowed, 0.8, "Name an address of the service that can be read (GET)."),
    Sign.TOO_FAST: Rule(TooFast, 0.9, "Wait as long as the service says, and ask less often."),
    Sign.BAD_REQUEST: Rule(ClientError, 0.8),
    Sign.CUT: Rule(ConnectionCut, 0.85, _WAIT),
    Sign.CHUNKS_BROKEN: Rule(ConnectionCut, 0.75, _WAIT),
    Sign.STALLED: Rule(ConnectionCut, 0.7, _WAIT),
    Sign.NOT_READY: Rule(StoreUnavailable, 0.85, _WAIT),
    Sign.MODEL_AWAY: Rule(ModelUnreachable, 0.95, _MODEL),
    Sign.MODEL_MISSING: Rule(ModelMissing, 0.95),
    Sign.MODEL_COMING: Rule(ModelMissing, 0.9, "Wait: the model is on its way."),
    Sign.EVENTS_REFUSED: Rule(ProxyInTheWay, 0.6, "Check that the address is that of an event stream."),
    Sign.EVENTS_HELD: Rule(
        ProxyInTheWay, 0.7, "Switch off buffering for event streams in the proxy before the service."
    ),
    Sign.WEBSOCKET_REFUSED: Rule(ProxyInTheWay, 0.6, "Have the proxy before the service pass `Upgrade` on."),
    Sign.INCIDENT: Rule(ServiceFailed, 0.7, "Wait: its operators know of it and say so on their status page."),
    Sign.SLOW: Rule(Overloaded, 0.5, "Wait, and ask less often: it answers, but slowly."),
}
"""In the order of their weight. What is not in here is worth telling, and decides nothing."""

_ANYBODYS = {
    Sign.REFUSED, Sign.CONNECT_SILENT, Sign.SILENT, Sign.RESET, Sign.CLOSED, Sign.CUT, Sign.STALLED, Sign.CHUNKS_BROKEN,
}  # fmt: skip
"""What may be the service's doing or that of anything before it."""

_OK = "It is well: it was reached, and it answered."
_CANNOT_TELL = "It cannot be told from here whose fault it is."


def judge(observations: Iterable[Observation]) -> Verdict:
    """The verdict over everything that was seen, in whatever order."""
    seen: dict[Sign, Observation] = {}
    for observation in observations:
        if observation.sign is not None:
            seen.setdefault(observation.sign, observation)
    deciding = next((sign for sign in RULES if sign in seen), None)
    if deciding is None:
        return _without_fault(seen)
    rule, observation = RULES[deciding], seen[deciding]
    kind = rule.kind if deciding is not Sign.PROBLEM else by_code().get(observation.code or "", rule.kind)
    finding = rule.finding or Finding(kind.fault)
    confidence = rule.confidence
    remedy = rule.remedy or kind.remedy
    reported = next((sign for sign in (Sign.INCIDENT, Sign.MAINTENANCE) if sign in seen), None)
    if reported is not None and deciding in _ANYBODYS:
        kind, finding, remedy = Restarting, Finding.SERVER, RULES[Sign.INCIDENT].remedy
    if reported is not None and reported is not deciding and finding is Finding.SERVER:
        confidence += (1 - confidence) / 2
    elif Sign.ALL_OPERATIONAL in seen and finding is Finding.SERVER:
        confidence *= 0.9
    others = (seen[sign].detail for sign in Sign if sign in seen and sign not in (deciding, Sign.NOT_OFFERED))
    evidence = (observation.detail, *others)
    return Verdict(finding, kind, round(confidence, 2), kind.verdict, remedy, evidence, observation.retry_after_s)


def _without_fault(seen: Mapping[Sign, Observation]) -> Verdict:
    evidence = tuple(seen[sign].detail for sign in Sign if sign in seen and sign is not Sign.NOT_OFFERED)
    if Sign.ANSWERED in seen and Sign.REDIRECTED_AWAY not in seen:
        odd = seen.keys() - {Sign.ANSWERED, Sign.ALL_OPERATIONAL, Sign.NOT_OFFERED}
        return Verdict(Finding.OK, None, 0.85 if odd else 0.95, _OK, "", evidence)
    remedy = "Look again from another network, or name more addresses of the service."
    if Sign.REDIRECTED_AWAY in seen:
        remedy = (
            "If that host is the service's, name it too, with `--also HOST`: only what you name is asked. "
            "If you do not know it, it may be the sign-in page of your network."
        )
    return Verdict(Finding.CANNOT_TELL, None, 0.0, _CANNOT_TELL, remedy, evidence)
