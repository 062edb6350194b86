"""Orders, kept among the settings in the record: they outlive every process, and none can miss one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from perdure.core.errors import ModelUnreachable, PerdureError
from perdure.core.orders import Deaf, Order, Orders
from perdure.core.records import DEFAULT_BACKEND
from perdure.engine.backends import active
from perdure.ports.store import Records

Given = Literal["drain", "intake_paused"]

DRAIN: Given = "drain"
PAUSE: Given = "intake_paused"
MAINTAINED = "maintained_backends"
DEAF = "deaf_backend"
"""The settings that hold them."""


def standing(records: Records) -> Orders:
    """The orders that are in force."""
    told = records.settings.all()
    maintained = told.get(MAINTAINED)
    known = maintained if isinstance(maintained, Mapping) else {}
    return Orders(
        drain=_order(told.get(DRAIN)),
        pause=_order(told.get(PAUSE)),
        maintained={key: order for key, said in known.items() if (order := _order(said))},
        deaf=_deaf(told.get(DEAF)),
    )


def held(records: Records) -> bool:
    """Whether what waits has to go on waiting, because the operator wants it so."""
    return standing(records).hold(active_id(records))


def active_id(records: Records) -> str:
    """The id of the active backend."""
    backend = active(records)
    return DEFAULT_BACKEND if backend is None else backend.id


def give(records: Records, what: Given, order: Order | None, now: float) -> None:
    """Give an order, or with None take it back. The same again changes nothing: the first one stands."""
    if order is None:
        records.settings.remove(what)
    elif records.settings.get(what) is None:
        records.settings.put(what, _told(order), now)


def maintain(records: Records, backend_id: str, order: Order | None, now: float) -> None:
    """Have a backend left alone, or with None asked again. The same again changes nothing."""
    maintained = {key: _told(one) for key, one in standing(records).maintained.items()}
    if order is None:
        maintained.pop(backend_id, None)
    else:
        maintained.setdefault(backend_id, _told(order))
    if maintained:
        records.settings.put(MAINTAINED, maintained, now)
    else:
        records.settings.remove(MAINTAINED)


def shun(records: Records, until: float | None, now: float) -> None:
    """Have nobody ask the active backend until then, since it answers nobody; with None, have it asked again."""
    if until is None:
        records.settings.remove(DEAF)
    else:
        records.settings.put(DEAF, {"backend": active_id(records), "until": until}, now)


def deafness(records: Records, now: float) -> PerdureError | None:
    """Why nobody asks the active backend although its health checks are well; None where it is asked."""
    if standing(records).is_deaf(active_id(records), now):
        return ModelUnreachable("It answers health checks, and no requests. It is asked again as soon as it does.")
    return None


def told_of(status: Mapping[str, Any]) -> dict[str, Any]:
    """How a backend stands, for people, where it is to be left alone: whether it would answer is nobody's question."""
    said = "Whoever runs this server is working at it. Replies wait, and go on by themselves afterwards."
    return {**status, "state": "maintenance", "detail": said, "remedy": None, "progress": None}


def _told(order: Order) -> dict[str, object]:
    return {"by": order.by, "at": order.at}


def _order(told: object) -> Order | None:
    match told:
        case {"by": str(by), "at": int(at) | float(at)}:
            return Order(by, at)
        case _:
            return None


def _deaf(told: object) -> Deaf | None:
    match told:
        case {"backend": str(backend_id), "until": int(until) | float(until)}:
            return Deaf(backend_id, until)
        case _:
            return None
