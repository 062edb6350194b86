"""What a status page reports, in Statuspage's JSON (https://metastatuspage.com/api/v2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perdure.core.diagnosis.signs import Observation, Sign, Step

_INDICATORS = {
    "none": Sign.ALL_OPERATIONAL,
    "minor": Sign.MINOR_INCIDENT,
    "major": Sign.INCIDENT,
    "critical": Sign.INCIDENT,
    "maintenance": Sign.MAINTENANCE,
}


def reported(document: Mapping[str, Any], host: str, took_s: float | None = None) -> Observation | None:
    """What the status page on `host` says; None where the document is none."""
    status = document.get("status")
    if not isinstance(status, dict) or str(status.get("indicator")) not in _INDICATORS:
        return None
    said = [str(status.get("description") or status["indicator"])[:200]]
    said += [f"“{name}”" for name in _open_incidents(document)]
    bad = _ailing(document)
    if bad:
        said.append("not well: " + ", ".join(bad))
    sign = _INDICATORS[str(status["indicator"])]
    return Observation(Step.STATUS_PAGE, f"The status page on {host} says: {'; '.join(said)}.", sign, took_s)


def _open_incidents(document: Mapping[str, Any]) -> list[str]:
    over = ("resolved", "postmortem", "completed")
    incidents = _rows(document, "incidents")
    return [str(row.get("name", ""))[:200] for row in incidents if row.get("status") not in over][:3]


def _ailing(document: Mapping[str, Any]) -> list[str]:
    components = _rows(document, "components")
    return [
        f"{str(row.get('name', ''))[:80]} ({str(row['status'])[:40].replace('_', ' ')})"
        for row in components
        if row.get("status", "operational") not in ("operational", None)
    ][:5]


def _rows(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = document.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
