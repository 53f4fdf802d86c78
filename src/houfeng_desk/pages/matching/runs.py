"""`/matching`: ask for a run, compare its two ways, look at one need, give the needs out as a file."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.clock import parse_day
from houfeng.errors import InputError, Text
from houfeng.matching.assign import WAYS
from houfeng.office import jobs
from houfeng.office.access import Permission
from houfeng_desk.lists import Listing, ListRequest, export
from houfeng_desk.locale import speak
from houfeng_desk.pages.matching.jobs import PACK, RUN
from houfeng_desk.queries.matching import result as query
from houfeng_desk.queries.matching import sending
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, field, flash, page, see_other

router = APIRouter()
MAY = Permission.RUN_MATCHING
TITLE = Text("对接结果", "Result of matching")


@router.get("/matching", name="matching", dependencies=[allowed(MAY)])
def matching(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """Runs of late, and the form for another."""
    with desk.office.read() as session:
        rows = query.runs(session, viewer)
        return page(
            request,
            "matching/runs.html",
            rows=rows,
            states=jobs.STATE_NAMES,
            today=max(reader.as_of, desk.clock().date()),
            open_needs=query.open_needs(reader),
            cities=query.cities(reader),
        )


@router.post("/matching", dependencies=[allowed(MAY)])
def ask(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Ask for a run."""
    day = field(request, "day", most=20)
    as_of: date = parse_day(day) if day else desk.clock().date()
    floors = []
    if small := field(request, "small", most=10):
        floors.append(("small", "", str(_percent(small, Text("小微保底", "floor of small firms")))))
    if region := field(request, "region", most=6):
        if not re.fullmatch(r"\d{2,6}", region):
            raise InputError(Text("地区代码是 2 至 6 位数字", "the code of a region has 2 to 6 digits"))
        percent = field(request, "region_percent", most=10, label=Text("地区保底", "floor of the region"))
        floors.append(("region", region, str(_percent(percent, Text("地区保底", "floor of the region")))))
    share = _percent(field(request, "share", most=10) or "100", Text("额度占比", "share of capacity"))
    payload = {"as_of": as_of.isoformat(), "floors": floors, "share": str(share), "pack": PACK}
    title = Text(f"银企对接 {as_of}", f"matching of {as_of}")
    with desk.office.begin() as session:
        job = jobs.enqueue(session, viewer, RUN, payload, title)
    flash(request, Text("已排队，算好后在本页打开", "queued; it can be opened here when it is done"))
    return see_other(f"/matching?job={job.id}")


def _percent(text: str, label: Text) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not (value.is_finite() and 0 < value <= 100):
        raise InputError(Text(f"“{label.zh}”应在 0 与 100 之间", f"“{label.en}” is from 0 to 100"))
    return value


@router.get("/matching/{job_id:int}", name="matching_run", dependencies=[allowed(MAY)])
def one(request: Request, desk: DeskDep, viewer: ViewerDep, job_id: int) -> Response:
    """One run: its ways side by side, products, floors, and the needs."""
    with desk.office.read() as session:
        job, found = query.result(session, viewer, job_id)
        handling, batches = sending.handling(session, viewer, found), sending.batches(session, viewer, job_id)
    ask_ = ListRequest.of(request, query.COLUMNS, query.FILTERS)
    return page(
        request,
        "matching/run.html",
        cards=handling.cards,
        batches=batches,
        states=jobs.STATE_NAMES,
        job=job,
        found=found,
        ways=WAYS,
        way_names=query.WAY_NAMES,
        listing=query.needs(found, ask_, lang_of(request), handling.needs),
        products=query.products(found),
    )


@router.get("/matching/{job_id:int}/export", name="matching_export", dependencies=[allowed(Permission.EXPORT)])
def export_form(request: Request, desk: DeskDep, viewer: ViewerDep, job_id: int) -> Response:
    """How many rows it will be, and what for."""
    return _export(request, desk, viewer, job_id)


@router.post("/matching/{job_id:int}/export", dependencies=[allowed(Permission.EXPORT)])
def export_file(request: Request, desk: DeskDep, viewer: ViewerDep, job_id: int) -> Response:
    """The file."""
    return _export(request, desk, viewer, job_id)


def _export(request: Request, desk: DeskDep, viewer: ViewerDep, job_id: int) -> Response:
    viewer.require(MAY)
    speak(lang_of(request))
    with desk.office.read() as session:
        _, found = query.result(session, viewer, job_id)
        handling = sending.handling(session, viewer, found).needs
    ask_ = ListRequest.of(request, query.COLUMNS, query.FILTERS)

    def listing(asked: ListRequest) -> Listing:
        return query.needs(found, asked, lang_of(request), handling)

    return export(request, viewer, TITLE, ask_, listing, pack=found["pack"])


@router.get("/matching/{job_id:int}/need", name="matching_need", dependencies=[allowed(MAY)])
def need(request: Request, desk: DeskDep, viewer: ViewerDep, job_id: int) -> Response:
    """One need: what it got both ways, what was better and why it was not had, and all its offers."""
    with desk.office.read() as session:
        job, found = query.result(session, viewer, job_id)
    told = query.need(found, request.query_params.get("no", "")[:60])
    labels = {one["name"]: one["label"] for one in found["products"]}
    return page(
        request,
        "matching/need.html",
        job=job,
        found=found,
        need=told,
        ways=WAYS,
        way_names=query.WAY_NAMES,
        labels=labels,
        answers=query.ANSWERS,
    )
