"""The figures of the five articles, the notes behind them, and why a note counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from houfeng.errors import EnvironmentFault, NotFoundError, Text
from houfeng.office.access import Permission
from houfeng.themes.kept import KEY
from houfeng.themes.report import Report, periods
from houfeng_desk.api.files import CSV, XLSX, gives
from houfeng_desk.api.lists import Asked, add_list
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import plain
from houfeng_desk.lists import Filter, Listing, ListRequest
from houfeng_desk.pages.policy import loans as drilling
from houfeng_desk.pages.policy.asking import ask_of
from houfeng_desk.pages.policy.themes import boards, given_out, theme_pack
from houfeng_desk.queries.reasons import steps
from houfeng_desk.queries.theme_loans import NotReady
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed

router = new_router("market")
SEE = [allowed(Permission.SEE_MARKET)]
WAIT = 20.0
COUNTING: dict[int | str, dict[str, Any]] = {202: {"description": "The month is being counted; ask again."}}


@router.get("/themes", operation_id="themes", dependencies=SEE, response_model=None, responses=COUNTING)
def themes(request: Request, desk: DeskDep, reader: ReaderDep) -> Response | dict[str, Any]:
    """The five-article cube, by the same parameters as the page `/themes`; 202 while a large book is being counted."""
    if not periods(reader.snapshot):
        raise NotFoundError(Text("账簿里还没有贷款余额", "the book has no balances yet"))
    found = boards(request).grid(reader, theme_pack(request, desk, reader), ask_of(request), WAIT)
    if found is None:
        return _counting()
    return told(found.report)


def told(report: Report) -> dict[str, Any]:
    """A report as plain values: what `houfeng themes report --json` says."""
    return {
        "pack": report.pack.name,
        "version": report.pack.version,
        "digest": report.pack.digest,
        "as_of": plain(report.as_of),
        "known_at": plain(report.known_at),
        "synthetic": report.synthetic,
        "notes": [{"about": note.about, **plain(note.text)} for note in report.notes],
        "items": [
            {
                "by": dict(zip(table.by, row.codes, strict=True)),
                "theme": row.theme,
                "tag": row.tag,
                "label": plain(row.label),
                **plain(row.values),
            }
            for table in report.tables
            for row in table.rows
        ],
    }


def _counting() -> Response:
    return JSONResponse({"state": "counting"}, 202, {"retry-after": "5"})


class Written(BaseModel):
    """What for, and as what: the workbook an office circulates, or the table as it stands on the page."""

    format: Literal["official", "shown", "csv"] = "official"
    reason: str = Field(min_length=1, max_length=500)


@router.post(
    "/themes/export", operation_id="export_themes", dependencies=[allowed(Permission.EXPORT)], **gives(XLSX, CSV)
)
def export(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, asked: Written) -> Response:
    """The cube as a file, by the same parameters as the page `/themes`; the journal keeps what for."""
    viewer.require(Permission.SEE_MARKET)
    if not periods(reader.snapshot):
        raise NotFoundError(Text("账簿里还没有贷款余额", "the book has no balances yet"))
    return given_out(request, desk, viewer, reader, asked.format, asked.reason)


FILTERS = (
    Filter("theme", Text("专题", "Theme")),
    Filter("only", Text("限于（维度=代码，可多次）", "Limited to NAME=CODE; may be given several times")),
    Filter("reading", Text("读法（条目=读法，可多次）", "A reading NAME=LABEL; may be given several times")),
    Filter("pack", Text("政策包", "Pack")),
)
SHOWN = {one.name for one in drilling.COLUMNS} | {*KEY, "borrower_id", "reasons"}


def _loans(asked: Asked, ask: ListRequest) -> Listing:
    wanted = drilling.Asked(asked.request, asked.desk, asked.reader)
    try:
        found = wanted.listing(ask)
    except NotReady as error:
        raise EnvironmentFault(Text("该月正在统计，请稍后再试", "the month is being counted; ask again")) from error
    rows = [{name: value for name, value in row.items() if name in SHOWN} for row in found.rows]
    return replace(found, rows=rows)


add_list(
    router, "/themes/loans", "theme_loans", drilling.COLUMNS, FILTERS, Permission.SEE_MARKET, _loans,
    about="The notes behind a figure of the cube, those that count for most first.",
)  # fmt: skip


@router.get(
    "/themes/loans/why", operation_id="theme_loan_why", dependencies=SEE, response_model=None, responses=COUNTING
)
def why(
    request: Request, desk: DeskDep, reader: ReaderDep,
    institution_id: str = Query(max_length=100),
    contract_no: str = Query(max_length=100),
    note_no: str = Query(max_length=100),
) -> Response | dict[str, Any]:  # fmt: skip
    """Why a note has its tags, or has one not (`theme`): each step with its value, parameter version and clause."""
    asked = drilling.Asked(request, desk, reader)
    key = dict(zip(KEY, (institution_id, contract_no, note_no), strict=True))
    try:
        tags, found = asked.explained(key)
    except NotReady:
        return _counting()
    return {"key": key, "tags": plain(tags), "steps": plain(steps(found.traces, lang_of(request)))}
