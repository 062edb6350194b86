"""When a dead child is started again, as a pure function of its own past.

Every child has a ``History`` of its own, so that one which dies in its first second climbs its own ladder
and never spends another's patience. The ladder: at once, then 0.5, 1, 2 … 30 s, with jitter. A healthy life
climbs back down, because a child that serves between its deaths is worth having back at once: a whole
``healthy_s`` forgets the past, and each full ``forgive_s`` takes one rung.

Escalation means that an operator is needed: too many restarts within the window, or the top of the ladder.
Trying goes on, slowly for a child that dies young.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """How patient to be. Durations in seconds."""

    first_delay_s: float = 0.5
    """The second restart's delay; each further one waits twice as long. The first comes at once."""
    ceiling_s: float = 30.0
    """The longest delay, and the pace of the slow retries of an escalated child."""
    jitter: float = 0.25
    """A delay is shortened at random by up to this fraction, so that children do not start in step."""
    healthy_s: float = 30.0
    """A life as healthy as this forgets every death before it."""
    forgive_s: float = 3.0
    """Each full stretch of healthy life of this length takes back one rung of the ladder."""
    window_s: float = 60.0
    window_restarts: int = 8
    """More restarts than this within ``window_s`` escalate."""


@dataclass(frozen=True, slots=True)
class History:
    """What one child's deaths have led to so far. Instants are the supervisor's own clock."""

    rung: int = 0
    deaths_at: tuple[float, ...] = ()
    escalated: bool = False


def after_death(
    policy: RestartPolicy, history: History, *, now: float, healthy_for_s: float, random: float
) -> tuple[History, float]:
    """The history with this death in it, and the seconds to wait before the next start.

    ``healthy_for_s`` is how long this life was healthy (0 if it never became ready); ``random`` is in [0, 1).
    """
    if healthy_for_s >= policy.healthy_s:
        history = History()
    forgiven = int(healthy_for_s // policy.forgive_s)
    rung = max(0, history.rung - forgiven)
    recent = tuple(at for at in history.deaths_at if at > now - policy.window_s)
    deaths_at = (*recent, now)[-(policy.window_restarts + 1) :]
    delay_s = _ladder_s(policy, rung)
    at_top = delay_s >= policy.ceiling_s
    escalated = history.escalated or at_top or len(deaths_at) > policy.window_restarts
    if escalated and not forgiven:
        delay_s = policy.ceiling_s
    # At the top the rung stays: counting on for hours would overflow the power of two.
    climbed = History(rung=rung if at_top else rung + 1, deaths_at=deaths_at, escalated=escalated)
    return climbed, delay_s * (1.0 - policy.jitter * random)


def settled(policy: RestartPolicy, history: History, *, healthy_for_s: float) -> History:
    """The history of a child that is alive: escalation ends once it has been healthy for ``healthy_s``."""
    if history.escalated and healthy_for_s >= policy.healthy_s:
        return replace(history, rung=0, deaths_at=(), escalated=False)
    return history


def _ladder_s(policy: RestartPolicy, rung: int) -> float:
    if rung == 0:
        return 0.0
    return min(policy.ceiling_s, policy.first_delay_s * 2.0 ** (rung - 1))
