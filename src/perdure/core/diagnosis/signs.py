"""The words for what can be seen on the way to a service, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """The way to a service, in its order. The values are part of what `perdure diagnose --json` prints."""

    NAME = "name"
    CONNECT = "connect"
    PROXY = "proxy"
    TLS = "tls"
    ANSWER = "answer"
    BODY = "body"
    SERVICE = "service"
    EVENTS = "events"
    WEBSOCKET = "websocket"
    STATUS_PAGE = "status_page"


class Sign(StrEnum):
    """What a step can show. `verdict.RULES` says what each means."""

    OFFLINE = "offline"
    NAME_UNKNOWN = "name_unknown"
    NAME_WITHOUT_ADDRESS = "name_without_address"
    NAME_SERVER_FAILED = "name_server_failed"
    NAME_SERVER_SILENT = "name_server_silent"

    REFUSED = "refused"
    NO_ROUTE = "no_route"
    CONNECT_SILENT = "connect_silent"
    ONE_FAMILY_DEAD = "one_family_dead"

    PROXY_AWAY = "proxy_away"
    PROXY_WANTS_PASSWORD = "proxy_wants_password"
    PROXY_REFUSES = "proxy_refuses"

    CLOCK_WRONG = "clock_wrong"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_NOT_YET_VALID = "certificate_not_yet_valid"
    CERTIFICATE_NAME = "certificate_name"
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    CERTIFICATE_EXPIRES_SOON = "certificate_expires_soon"
    NO_TLS_HERE = "no_tls_here"
    TLS_HERE = "tls_here"
    TLS_CUT = "tls_cut"
    TLS_SILENT = "tls_silent"
    TLS_FAILED = "tls_failed"

    RESET = "reset"
    CLOSED = "closed"
    SILENT = "silent"
    SLOW = "slow"
    NOT_HTTP = "not_http"
    CUT = "cut"
    CHUNKS_BROKEN = "chunks_broken"
    STALLED = "stalled"

    ANSWERED = "answered"
    PROBLEM = "problem"
    ERROR_INSIDE = "error_inside"
    PORTAL = "portal"
    PROXY_PAGE = "proxy_page"
    UNEXPECTED_PAGE = "unexpected_page"
    GATEWAY = "gateway"
    UNAVAILABLE = "unavailable"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    KEY_WANTED = "key_wanted"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_REFUSED = "method_refused"
    TOO_FAST = "too_fast"
    BAD_REQUEST = "bad_request"
    CLOCKS_DIFFER = "clocks_differ"
    REDIRECTED_AWAY = "redirected_away"
    REDIRECT_LOOP = "redirect_loop"

    NOT_READY = "not_ready"
    MODEL_AWAY = "model_away"
    MODEL_MISSING = "model_missing"
    MODEL_COMING = "model_coming"

    NOT_OFFERED = "not_offered"
    EVENTS_HELD = "events_held"
    EVENTS_REFUSED = "events_refused"
    WEBSOCKET_REFUSED = "websocket_refused"

    INCIDENT = "incident"
    MAINTENANCE = "maintenance"
    MINOR_INCIDENT = "minor_incident"
    ALL_OPERATIONAL = "all_operational"


@dataclass(frozen=True, slots=True)
class Observation:
    """What one step showed. `detail` is a sentence for people; `took_s` its time in seconds, None where it took none.

    Without a `sign` the step went as it should. `code` is that of an error of the tree, where the service named one.
    `retry_after_s` is how long the service asks to wait, None where it does not.
    """

    step: Step
    detail: str
    sign: Sign | None = None
    took_s: float | None = None
    code: str | None = None
    retry_after_s: float | None = None
