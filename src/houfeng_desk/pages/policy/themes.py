"""The five-article cube: choose rows, columns, measures and what to compare with; export it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from houfeng.errors import Text, UsageError
from houfeng.exchange.workbook import write_sheets
from houfeng.office import journal
from houfeng.office.access import Permission, Viewer
from houfeng.packs.model import Pack
from houfeng.themes.dimensions import dimensions
from houfeng.themes.export import write_report
from houfeng.themes.measures import Unit
from houfeng.themes.render import particulars, title
from houfeng.themes.report import periods
from houfeng_desk.charts import themes as charts
from houfeng_desk.desk import Desk
from houfeng_desk.pages.policy.asking import FILTERS, ask_of, drill_address
from houfeng_desk.queries.packs import pack_in_force, standings
from houfeng_desk.queries.theme_boards import Boards
from houfeng_desk.queries.themes import Ask, Grid, Line, choices
from houfeng_desk.reader import Reader
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, field, page, whole

router = APIRouter()
PATIENCE = 8.0
LINES = 120
"""Lines of a page; the export has all."""


@router.get("/themes", name="themes", dependencies=[allowed(Permission.SEE_MARKET)])
def themes(request: Request, desk: DeskDep, reader: ReaderDep) -> Response:
    """The cube."""
    held = periods(reader.snapshot)
    if not held:
        return page(request, "policy/themes_empty.html")
    pack = theme_pack(request, desk, reader)
    ask = ask_of(request)
    found = boards(request).grid(reader, pack, ask, PATIENCE)
    context = _form(desk, reader, pack, ask, held)
    if found is None:
        response = page(request, "policy/themes_waiting.html", **context)
        response.headers["refresh"] = "3"
        return response
    return page(request, "policy/themes.html", **context, **_shown(request, found))


@router.get("/themes/export", name="themes_export", dependencies=[allowed(Permission.EXPORT)])
def export_form(request: Request, desk: DeskDep, reader: ReaderDep) -> Response:
    """What for, and as what."""
    found = _whole(request, desk, reader)
    return page(request, "policy/themes_export.html", grid=found, lines=len(found.lines))


@router.post("/themes/export", dependencies=[allowed(Permission.EXPORT)])
def export_file(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """The file: the workbook an office circulates, or the table as it stands on the page."""
    reason = field(request, "reason", most=500, label=Text("导出事由", "Reason of the export"))
    kind = field(request, "format", most=10) or "official"
    if kind not in ("official", "shown", "csv"):
        raise UsageError(Text(f"没有格式 {kind}", f"there is no format {kind}"))
    return given_out(request, desk, viewer, reader, kind, reason)


def given_out(request: Request, desk: Desk, viewer: Viewer, reader: Reader, kind: str, reason: str) -> Response:
    """The cube of the address as a file, official, shown or csv; the journal keeps what for."""
    found, lang = _whole(request, desk, reader), lang_of(request)
    folder = tempfile.TemporaryDirectory(prefix="houfeng-export-")
    suffix = "csv" if kind == "csv" else "xlsx"
    path = Path(folder.name) / f"themes.{suffix}"
    who = f"{viewer.name} ({viewer.login})"
    if kind == "shown":
        about = [*particulars(found.report, found.scale, lang), *_signed(lang, who, reason)]
        write_sheets(path, [_sheet(found, lang), (_say(lang, "说明", "About"), ("", ""), about)])
    else:
        ask = found.ask
        write_report(found.report, path, lang=lang, unit=ask.unit, components=ask.components, exporter=who)
    with desk.office.begin() as session:
        detail = {"format": kind, "query": request.url.query[:500], "lines": len(found.lines)}
        detail |= {"pack": f"{found.report.pack.name} {found.report.pack.version}"}
        journal.write(session, viewer, "export", "list:/themes", why=reason, detail=detail)
    name = f"{title(found.report, lang)}-{desk.clock():%Y%m%d-%H%M}.{suffix}"
    types = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv"}
    headers = {"content-disposition": f"attachment; filename=\"export.{suffix}\"; filename*=UTF-8''{quote(name)}"}
    return FileResponse(path, media_type=types[suffix], headers=headers, background=BackgroundTask(folder.cleanup))


def boards(request: Request) -> Boards:
    """The counted grids of the app."""
    found: Boards = request.app.state.boards
    return found


def theme_pack(request: Request, desk: Desk, reader: Reader) -> Pack:
    """The pack asked for, as in force at the moment of the view."""
    name = request.query_params.get("pack", "") or "five-articles"
    return pack_in_force(desk, name[:80], reader.known_at)


def _whole(request: Request, desk: Desk, reader: Reader) -> Grid:
    """The grid, however long it takes."""
    found = boards(request).grid(reader, theme_pack(request, desk, reader), ask_of(request), 600.0)
    if found is None:
        raise UsageError(Text("统计尚未完成，请稍后再导出", "it is still being counted; export it later"))
    return found


def _form(desk: Desk, reader: Reader, pack: Pack, ask: Ask, held: Any) -> dict[str, Any]:
    """What the form of the question shows."""
    with desk.office.read() as session:
        packs = [(one.name, one.pack.label) for one in standings(session, desk) if one.pack.themes()]
    names = reader.rows("SELECT institution_id AS code, name FROM institution ORDER BY name COLLATE zh LIMIT 500")
    listed: dict[str, list[tuple[str, Text]]] = {
        "institution": [(n["code"], Text(n["name"], n["name"])) for n in names]
    }
    for name in FILTERS:
        if name != "institution":
            listed[name] = list(dimensions()[name].labels.items())
    shown = {
        (name, code): next((label for known, label in listed.get(name, ()) if known == code), Text(code, code))
        for name, codes in (ask.where or {}).items()
        for code in codes
    }
    return {
        "ask": ask,
        "pack": pack,
        "packs": packs,
        "choices": choices(),
        "filters": [(name, dimensions()[name].label, listed[name]) for name in FILTERS],
        "dimensions": dimensions(),
        "chosen": shown,
        "periods": list(reversed(held)),
    }


def _shown(request: Request, found: Grid) -> dict[str, Any]:
    """The page of lines, the chart, the notes."""
    lang = lang_of(request)
    number = max(1, whole(request.query_params.get("page", "1") or "1", "page"))
    lines = found.lines[(number - 1) * LINES : number * LINES]
    told: dict[str, list[Text]] = {}
    for note in found.report.notes:
        told.setdefault(note.about, []).append(note.text)
    return {
        "grid": found,
        "lines": list(zip(lines, _spans(lines), strict=True)),
        "page_number": number,
        "page_count": max(1, -(-len(found.lines) // LINES)),
        "chart": charts.chart(found, lang),
        "chart_title": charts.title(found),
        "notes": told,
        "drill": lambda figure: drill_address(figure.drill, found.ask.where or {}, found.ask.readings or {}),
        "particulars": particulars(found.report, found.scale, lang),
    }


def _spans(lines: Sequence[Line]) -> list[int]:
    """How many lines the names at the left stand for: at the first line of a group its length, then 0."""
    spans = [0] * len(lines)
    first = 0
    for number, line in enumerate(lines):
        if (line.total, line.codes) != (lines[first].total, lines[first].codes):
            first = number
        spans[first] += 1
    return spans


def _sheet(found: Grid, lang: str) -> tuple[str, list[str], list[list[Any]]]:
    """The table as it stands on the page, with exact figures."""
    heads = [head.get(lang) for head in found.heads]
    if found.caption(lang):
        heads[-1:] = [f"{heads[-1]}  {found.caption(lang)}"] if heads else []
    for column in found.columns:
        above = found.labels[(column.codes, column.theme)].get(lang) if found.groups else ""
        heads.append(f"{above} {found.heading(column, lang)}".strip())
    rows = []
    for line in found.lines:
        names = [name.get(lang) for name in line.names]
        names += [_say(lang, "合计", "Total")] * (len(found.ask.row_dims) - len(names))
        if not found.ask.across:
            names.append(line.label.get(lang))
        figures = zip(line.figures, found.columns, strict=True)
        rows.append([*names, *(_exact(found, figure.value, column.measure.unit) for figure, column in figures)])
    return _say(lang, "统计表", "Table"), heads, rows


def _exact(found: Grid, value: Any, unit: Unit) -> Any:
    return value / found.scale.yuan if value is not None and unit is Unit.MONEY else value


def _signed(lang: str, who: str, reason: str) -> list[tuple[str, str]]:
    return [(_say(lang, "导出人", "Exported by"), who), (_say(lang, "导出事由", "Reason of the export"), reason)]


def _say(lang: str, zh: str, en: str) -> str:
    return Text(zh, en).get(lang)
