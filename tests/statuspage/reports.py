"""Reports to draw: nothing known, all well, one incident, everything down, and names that mean harm."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from perdure.core.estimate import Estimate
from perdure.core.health import Cause, Level
from perdure.core.incidents import Entry, Incident, Stage, Toll
from perdure.core.report import BusyHour, Component, DayUptime, Maintenance, OpenIncident, Queue, StatusReport

NOW = datetime(2026, 11, 26, 15, 0, tzinfo=UTC).timestamp()
URL = "https://talk.example"

HARM = '<script>alert(1)</script><img src=x onerror=alert(2)> & "quotes" \x07'


def days(bad: int = 3) -> list[DayUptime]:
    """Eighty days of watching, one of them bad and one not whole."""
    today = datetime.fromtimestamp(NOW, UTC).date()
    known = []
    for back in range(80, -1, -1):
        seconds = {Level.OPERATIONAL: 86_400.0}
        if back == bad:
            seconds = {Level.OPERATIONAL: 80_000.0, Level.MAJOR: 6_400.0}
        if back == 40:
            seconds = {Level.OPERATIONAL: 86_300.0, Level.MAJOR: 100.0}
        known.append(DayUptime((today - timedelta(days=back)).isoformat(), seconds))
    return known


def components(**levels: Level) -> list[Component]:
    """The usual ones, each at the level that is given or well."""
    named = [
        ("web", "Pages and API", "What browsers and programs talk to.", None),
        ("workers", "Replies", "The workers, which write the replies.", None),
        ("worker_1", "worker-1", "One of the workers.", "workers"),
        ("worker_2", "worker-2", "One of the workers.", "workers"),
        ("model", "The model", "SmolLM2-135M-Instruct (starter), which speaks for the characters.", None),
        ("store", "The record", "Where everything that was said is kept.", None),
        ("search", "Search", "Finding a chat again.", None),
        ("import", "Import", "Bringing characters in.", None),
    ]
    return [
        Component(
            name.replace("_", "-"),
            title,
            about,
            levels.get(name, Level.OPERATIONAL),
            NOW - 86_400.0,
            "It does not answer." if levels.get(name, Level.OPERATIONAL).unwell else "",
            group,
            days(),
        )
        for name, title, about, group in named
    ]


def incident(root: str, cause: Cause, begun_ago: float, ended_ago: float | None = None, **more: object) -> Incident:
    """One with a story."""
    opened = NOW - begun_ago
    story = [
        Entry(opened, Stage.DETECTED, "The model does not answer."),
        Entry(opened + 0.5, Stage.IDENTIFIED, "Nothing answers at 127.0.0.1:8080."),
        Entry(opened + 2.0, Stage.RECOVERING, "model is being started again."),
    ]
    resolved = None if ended_ago is None else NOW - ended_ago
    if resolved is not None:
        story.append(Entry(resolved, Stage.RESOLVED, "Everything works again."))
    made = Incident(
        f"{root}{begun_ago:.0f}", root, cause, opened, story[-1].stage, "Nothing answers.", {root: Level.MAJOR},
        tuple(story), resolved_at=resolved, toll=Toll(3, 2, 0, 0),
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def busy() -> list[BusyHour]:
    """A week that is quiet at night."""
    return [BusyHour(n, 0.5 if n % 24 < 7 else 4.0 + (n % 24) / 4 + (n // 24), 4) for n in range(168)]


EMPTY = StatusReport(NOW, "Perdure", None, [])
WELL = StatusReport(
    NOW,
    "Perdure",
    URL,
    components(),
    past=[incident("model", Cause.BACKEND_AWAY, 200_000.0, 199_000.0), incident("web", Cause.PROCESS_DIED, 9e5, 8.9e5)],
    maintenance=[Maintenance("m1", "A new disk", "It takes an hour.", ["store"], NOW + 90_000, NOW + 93_600, NOW - 60)],
    queue=Queue(0, 1),
    busy=busy(),
)
BROKEN = StatusReport(
    NOW,
    "Perdure",
    URL,
    components(model=Level.MAJOR),
    incidents=[OpenIncident(incident("model", Cause.BACKEND_AWAY, 95.0), Estimate(40.0, 10.0, 130.0, 23))],
    past=WELL.past,
    maintenance=[Maintenance("m2", "A new disk", "It takes an hour.", ["store"], NOW - 90, NOW + 3600, NOW - 6000)],
    queue=Queue(7, 0, Estimate(2.0, 1.0, 4.0, 30)),
)
DOWN = StatusReport(
    NOW,
    "Perdure",
    URL,
    components(**dict.fromkeys(("web", "workers", "worker_1", "worker_2", "model", "store", "search"), Level.MAJOR)),
    incidents=[
        OpenIncident(incident("store", Cause.STORE_FULL, 7000.0, needs_operator=True)),
        *(OpenIncident(incident("web", Cause.CRASH_LOOP, 60.0 + n)) for n in range(11)),
    ],
    paused=True,
)
HOSTILE = StatusReport(
    NOW,
    HARM,
    URL,
    [Component("x", HARM * 5, HARM, Level.MAJOR, NOW, HARM, None, days())],
    incidents=[
        OpenIncident(
            incident("x", Cause.FAILING, 60.0, title=HARM * 8, story=(Entry(NOW, Stage.DETECTED, HARM, by=HARM),))
        )
    ],
    past=[incident("y", Cause.FAILING, 600.0, 60.0, title="مرحبا بالعالم " * 12)],
    maintenance=[Maintenance("m3", HARM, HARM, ["x"], NOW - 60, NOW + 60, NOW - 60)],
)
REPORTS = {"empty": EMPTY, "well": WELL, "broken": BROKEN, "down": DOWN, "hostile": HOSTILE}
