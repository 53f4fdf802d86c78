"""Giving a list out as a file: all rows of the same filters, exactly as on screen, with where they came from.

A GET shows how many rows it will be and asks what for (导出事由); the POST writes the file and a line in the journal,
or, where the rows are many, asks for a second person's approval first. The file is written to a temporary folder first:
what was journaled is what was handed over.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from houfeng.errors import InputError, Text, UsageError
from houfeng.office import journal
from houfeng.office.access import Viewer
from houfeng_desk.lists.asking import Listing, ListRequest
from houfeng_desk.lists.permit import ask_permit, needs_permit, permit
from houfeng_desk.lists.writing import SHEET_ROWS, write_csv, write_xlsx
from houfeng_desk.locale import speak, spoken
from houfeng_desk.security.session import lang_of

FORMATS = ("xlsx", "csv")
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
    from houfeng_desk.web import field, flash, page, see_other

    desk, question = request.app.state.desk, _question(request)
    counted = listing(ask)
    with desk.office.read() as session:
        large, allowed = needs_permit(session, counted.total), permit(session, viewer, question)
        if request.method == "GET":
            return page(
                request,
                "lists/export.html",
                title=title,
                listing=counted,
                many=large,
                allowed=allowed,
                reason_label=REASON,
                back=_back(request),
            )
    reason = field(request, "reason", most=500, label=REASON)
    kind = field(request, "format", most=10) or "xlsx"
    if kind not in FORMATS:
        raise UsageError(Text(f"没有格式 {kind}", f"there is no format {kind}"))
    if large and allowed is None:
        with desk.office.begin() as session:
            ask_permit(session, viewer, question, title, counted.total, reason)
        flash(
            request,
            Text(
                "已送审批；批准后一天内可在这里导出。", "Sent for approval; once approved, export it here within a day."
            ),
        )
        return see_other("/todo")
    found = listing(ask.everything)
    if kind == "xlsx" and len(found.rows) >= SHEET_ROWS:
        raise InputError(Text("行数超出 Excel 的上限，请改用 CSV", "more rows than a sheet holds; choose CSV"))
    speak(lang_of(request))
    about = _about(request, viewer, title, found, reason, pack, notes)
    folder = tempfile.TemporaryDirectory(prefix="houfeng-export-")
    path = Path(folder.name) / f"list.{kind}"
    (write_xlsx if kind == "xlsx" else write_csv)(path, found, about)
    detail = {"rows": len(found.rows), "format": kind, "query": request.url.query[:500]}
    if allowed is not None:
        detail["approval"] = allowed.id
    with desk.office.begin() as session:
        journal.write(session, viewer, "export", f"list:{_list(request)}", why=reason, detail=detail)
    name = f"{title.get(spoken())}-{desk.clock():%Y%m%d-%H%M}.{kind}"
    return FileResponse(
        path,
        media_type=TYPES[kind],
        headers={"content-disposition": f"attachment; filename=\"export.{kind}\"; filename*=UTF-8''{quote(name)}"},
        background=BackgroundTask(folder.cleanup),
    )


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
