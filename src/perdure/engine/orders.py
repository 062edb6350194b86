"""The operator's orders, kept among the settings in the record: they outlive every process, and none can miss one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from perdure.core.orders import Order, Orders
from perdure.core.records import DEFAULT_BACKEND
from perdure.engine.backends import active
from perdure.ports.store import Records

Given = Literal["drain", "intake_paused"]

DRAIN: Given = "drain"
PAUSE: Given = "intake_paused"
MAINTAINED = "maintained_backends"
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
