"""Giving a list out as a file: all rows of the same filters, exactly as on screen, with where they came from.

A GET shows how many rows it will be and asks what for (导出事由); the POST writes the file and a line in the journal. A
long file is written by the worker (`houfeng_desk.lists.jobs`); where the rows are very many, after a second person's
approval. The file is written to a temporary folder first: what was journaled is what was handed over.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from houfeng.errors import InputError, Text, UsageError
from houfeng.office import journal
from houfeng.office.access import Viewer
from houfeng_desk.lists.asking import Listing, ListRequest
from houfeng_desk.lists.jobs import Asked, Exporting, enqueue
from houfeng_desk.lists.permit import ask_permit, needs_permit, waiting
from houfeng_desk.lists.writing import SHEET_ROWS, write_csv, write_xlsx
from houfeng_desk.locale import speak, spoken
from houfeng_desk.security.session import lang_of

if TYPE_CHECKING:
    from houfeng_desk.desk import Desk

WRITERS = {"xlsx": write_xlsx, "csv": write_csv}
IN_REQUEST = 20_000
"""Rows up to which the file is written while the browser waits."""

REASON = Text("导出事由", "Reason of the export")


def export(
    request: Request,
    viewer: Viewer,
    title: Text,
    ask: ListRequest,
    listing: Callable[[ListRequest], Listing],
    *,
    pack: str = "",
    notes: Sequence[tuple[Text, str]] = (),
) -> Response:
    """The answer of a list's `/export` route, for GET and POST.

    `listing` is the list page's own query; `pack` the version of the pack whose figures it shows; `notes` further lines
    for the second sheet.

    Raises:
        InputError: no reason was given, or there are more rows than a sheet holds.
    """
    from houfeng_desk.web import page

    desk, question = request.app.state.desk, _question(request)
    inside: Exporting | None = getattr(request.state, "exporting", None)
    if inside is not None:
        asked = inside.asked
        if asked.approval is None:
            rows = listing(ask).total
            with desk.office.read() as session:
                if needs_permit(session, rows):
                    return inside.needs(_pinned(request), rows)
        found = _every(listing, replace(ask, shown=() if asked.every else ask.shown))
        speak(asked.lang)
        about = _about(request, viewer, title, found, asked.reason, pack, notes)
        return inside.write(_file_name(desk, title, asked.kind), found, partial(WRITERS[asked.kind], about=about))
    counted = listing(ask)
    with desk.office.read() as session:
        large, held = needs_permit(session, counted.total), waiting(session, viewer, question)
    if request.method == "GET":
        return page(
            request,
            "lists/export.html",
            title=title,
            listing=counted,
            many=large,
            later=counted.total > IN_REQUEST,
            held=held,
            hidden=len(counted.columns) - len(counted.shown),
            reason_label=REASON,
            back=_back(request),
        )
    wanted = _wanted(request, title, counted.total)
    if large or counted.total > IN_REQUEST:
        return _later(request, viewer, question, wanted, large)
    found = _every(listing, replace(ask, shown=() if wanted.every else ask.shown))
    speak(wanted.lang)
    about = _about(request, viewer, title, found, wanted.reason, pack, notes)
    folder = tempfile.TemporaryDirectory(prefix="houfeng-export-")
    path = Path(folder.name) / f"list.{wanted.kind}"
    rows = WRITERS[wanted.kind](path, found, about)
    detail = {"rows": rows, "format": wanted.kind, "query": request.url.query[:500]}
    with desk.office.begin() as session:
        journal.write(session, viewer, "export", f"list:{_list(request)}", why=wanted.reason, detail=detail)
    return given(path, _file_name(desk, title, wanted.kind), BackgroundTask(folder.cleanup))


def given(path: Path, name: str, after: BackgroundTask | None = None) -> Response:
    """A file for the browser to keep."""
    kind = path.suffix.removeprefix(".")
    headers = {"content-disposition": f"attachment; filename=\"export.{kind}\"; filename*=UTF-8''{quote(name)}"}
    return FileResponse(path, media_type=TYPES[kind], headers=headers, background=after)


def _wanted(request: Request, title: Text, rows: int) -> Asked:
    """What the form asks for.

    Raises:
        InputError: no reason was given, or there are more rows than a sheet holds.
    """
    from houfeng_desk.web import field

    reason = field(request, "reason", most=500, label=REASON)
    kind = field(request, "format", most=10) or "xlsx"
    if kind not in WRITERS:
        raise UsageError(Text(f"没有格式 {kind}", f"there is no format {kind}"))
    if kind == "xlsx" and rows >= SHEET_ROWS:
        raise InputError(Text("行数超出 Excel 的上限，请改用 CSV", "more rows than a sheet holds; choose CSV"))
    every = field(request, "columns", most=10) == "all"
    return Asked(request.url.path, _pinned(request), kind, every, lang_of(request), reason, title, rows)


def _later(request: Request, viewer: Viewer, question: str, wanted: Asked, large: bool) -> Response:
    """Let the worker write it; first ask another person where the rows are many."""
    from houfeng_desk.web import flash, see_other

    with request.app.state.desk.office.begin() as session:
        if not large:
            job = enqueue(session, viewer, wanted)
        else:
            ask_permit(session, viewer, question, wanted)
    if large:
        told = Text(
            "已送审批；批准后自动写文件，写好后通知您。",
            "Sent for approval; once approved the file is written, and you are told.",
        )
        flash(request, told)
        return see_other("/todo")
    flash(request, Text("已在后台写文件，写好后通知您。", "The file is being written; you are told when it is ready."))
    return see_other(f"/jobs/{job.id}")


def _every(listing: Callable[[ListRequest], Listing], ask: ListRequest) -> Listing:
    """All rows, of the columns that are wanted."""
    found = listing(ask.everything)
    return replace(found, columns=found.shown)


def _pinned(request: Request) -> str:
    """The question with the book's two times as they are now: what is written later is what was asked for."""
    asked = [(name, value) for name, value in request.query_params.multi_items() if name not in ("page", "size")]
    reader = getattr(request.state, "reader", None)
    if reader is not None:
        asked = [(name, value) for name, value in asked if name not in ("as_of", "known_at")]
        asked += [("as_of", reader.as_of.isoformat()), ("known_at", reader.known_at.isoformat())]
    return urlencode(asked)


def _file_name(desk: Desk, title: Text, kind: str) -> str:
    return f"{title.get(spoken())}-{desk.clock():%Y%m%d-%H%M}.{kind}"


def _list(request: Request) -> str:
    return request.url.path.removesuffix("/export")


def _question(request: Request) -> str:
    """What is exported, as the approval of a large export names it: the order and page do not matter."""
    asked = [
        (name, value) for name, value in request.query_params.multi_items() if name not in ("page", "size", "sort")
    ]
    return _list(request) + (f"?{urlencode(sorted(asked))}" if asked else "")


def _back(request: Request) -> str:
    return _list(request) + (f"?{request.url.query}" if request.url.query else "")


TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


def _about(
    request: Request,
    viewer: Viewer,
    title: Text,
    found: Listing,
    reason: str,
    pack: str,
    notes: Sequence[tuple[Text, str]],
) -> list[tuple[Text, str]]:
    """What the second sheet says."""
    desk, reader = request.app.state.desk, getattr(request.state, "reader", None)
    lines: list[tuple[Text, Any]] = [(Text("名称", "List"), title.get(spoken()))]
    lines.append((Text("行数", "Rows"), len(found.rows)))
    for one in found.ask.filters:
        if value := found.ask[one.name]:
            lines.append((Text(f"条件：{one.label.zh}", f"Filter: {one.label.en}"), one.shown(value).get(spoken())))
    if reader is not None:
        lines.append((Text("口径时点", "As of"), reader.as_of))
        lines.append((Text("知悉至", "Known at"), f"{reader.known_at:%Y-%m-%d %H:%M:%S}"))
    if pack:
        lines.append((Text("政策包", "Pack"), pack))
    if desk.book.synthetic:
        lines.append((Text("数据", "Data"), Text("模拟数据", "synthetic").get(spoken())))
    lines += [
        (Text("导出人", "Exported by"), f"{viewer.name} ({viewer.login})"),
        (Text("导出时间", "Exported at"), f"{desk.clock():%Y-%m-%d %H:%M:%S}"),
        (REASON, reason),
        *notes,
    ]
    return [(label, str(value)) for label, value in lines]
