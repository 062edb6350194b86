"""Leases and fences: at most one worker speaks for a turn (promise 3).

A lease is a worker's right to write for a turn until an instant. It is renewed while the worker lives; when it runs
out, or its holder is known to be dead, the turn may be claimed again, under a higher fence. Every write carries the
fence it was claimed under, so a worker that comes back from the dead writes nothing, whatever its clock says.
(Kleppmann, "How to do distributed locking", 2016, on fencing tokens.)
"""

from __future__ import annotations

from dataclasses import dataclass

LEASE_S = 2.0
"""How long a claim holds without renewal, in seconds."""

HEARTBEAT_S = 0.5
"""How often a worker renews its leases and looks for those of others that ran out, in seconds."""


@dataclass(frozen=True, slots=True)
class Lease:
    """`owner` is the incarnation of the worker that holds it; `until` is in Unix seconds."""

    owner: str
    until: float


def grant(owner: str, now: float, length_s: float = LEASE_S) -> Lease:
    """A fresh lease for `owner`."""
    return Lease(owner, now + length_s)
