"""Why the supervisor refuses: each error says what is wrong (``detail``) and what to do (``remedy``).

They reach a person at a terminal before anything listens, so they carry sentences and no HTTP status.
"""


class SuperviseError(Exception):
    """The base of all refusals of this package; ``str()`` gives both sentences."""

    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__(f"{detail} {remedy}")
        self.detail = detail
        self.remedy = remedy


class ListenError(SuperviseError):
    """The listening socket cannot be had."""


class AlreadyRunningError(SuperviseError):
    """Another supervisor holds this data folder; ``pid`` is its process id, or None if it left none."""

    def __init__(self, detail: str, remedy: str, pid: int | None) -> None:
        super().__init__(detail, remedy)
        self.pid = pid


class ControlError(SuperviseError):
    """The control socket cannot be made, does not answer, or refused the request."""


class RequestRefusedError(ControlError):
    """Whoever was asked has answered, and will not do it."""


class NotRunningError(ControlError):
    """No supervisor serves this control socket."""
