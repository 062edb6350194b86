"""What people report, and what the operator finds of it."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from perdure.core.views import report_view, unforeseen_view
from perdure.engine.reports import put_report
from perdure.http.problems import Json
from perdure.http.schemas.fields import Limit, again
from perdure.http.schemas.reports import PutReport, ReportOut, ReportsOut, UnforeseenListOut
from perdure.http.service import Perdure

router = APIRouter(prefix="/api/v1", tags=["operator"])


@router.put("/reports/{report_id}", response_model=ReportOut, status_code=201, responses=again(ReportOut))
async def report(report_id: UUID, body: PutReport, perdure: Perdure) -> Response:
    """Tell the operator of a reply that went wrong, with its error and attempts; with its text only if you say so."""
    new, told = await perdure.act(
        lambda r, now: put_report(r, str(report_id), str(body.message_id), body.comment, body.include_text, now)
    )
    return Json(report_view(told), 201 if new else 200)


@router.get("/operator/reports", response_model=ReportsOut)
async def reports(perdure: Perdure, limit: Limit = 100) -> Response:
    """What people have reported, the last one first."""
    found = await perdure.store.read(lambda r: r.reports.lately(limit))
    return Json({"reports": [report_view(one) for one in found]})


@router.delete("/operator/reports/{report_id}", status_code=204)
async def remove_report(report_id: UUID, perdure: Perdure) -> Response:
    """It was seen to. The same again changes nothing."""
    await perdure.act(lambda r, _: r.reports.remove(str(report_id)))
    return Response(status_code=204)


@router.get("/operator/exceptions", response_model=UnforeseenListOut)
async def exceptions(perdure: Perdure, limit: Limit = 100) -> Response:
    """Exceptions that nobody foresaw, in groups, the last seen first."""
    found = await perdure.store.read(lambda r: r.unforeseen.lately(limit))
    return Json({"exceptions": [unforeseen_view(one) for one in found]})


@router.delete("/operator/exceptions/{fingerprint}", status_code=204)
async def remove_exception(fingerprint: str, perdure: Perdure) -> Response:
    """It was mended. The same again changes nothing; should it come again, it is counted from one."""
    await perdure.act(lambda r, _: r.unforeseen.remove(fingerprint))
    return Response(status_code=204)
