"""The data dictionary: what each kind of record holds, its codes, its official codes; and the templates to fill in."""

from __future__ import annotations

import tempfile
from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from houfeng.book.model import Kind, code_lists
from houfeng.book.templates import TYPES, UNITS, write_template
from houfeng.errors import NotFoundError, Text
from houfeng.office.access import Permission
from houfeng_desk.queries import dictionary as entries
from houfeng_desk.queries.submissions.due import RHYTHMS, rhythm
from houfeng_desk.web import DeskDep, allowed, page

router = APIRouter()
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAY = allowed(Permission.SEE_DATA, Permission.SUBMIT_DATA)
LONGEST = 100


@router.get("/data/dictionary", name="dictionary", dependencies=[MAY])
def dictionary(request: Request, desk: DeskDep) -> Response:
    """All kinds; or, with a question, the fields and codes that fit it."""
    text = request.query_params.get("q", "").strip()[:LONGEST]
    return page(
        request,
        "data/dictionary.html",
        text=text,
        kinds=list(desk.book.kinds.values()),
        found=entries.search(desk.book.kinds, text) if text else None,
        rhythm=lambda kind: RHYTHMS.get(rhythm(kind)),
        times=entries.TIMES,
    )


@router.get("/data/dictionary/{kind}", name="dictionary_kind", dependencies=[MAY])
def kind_page(request: Request, desk: DeskDep, kind: str) -> Response:
    """One kind: its fields, relations, checks and codes."""
    shape = desk.book.kinds.get(kind)
    if shape is None:
        raise NotFoundError(Text("没有这种记录。", "there is no such record kind"))
    lists = dict.fromkeys(field.code_list for field in shape.fields.values() if field.code_list)
    return page(
        request,
        "data/kind.html",
        kind=shape,
        lists=[code_lists()[name] for name in lists],
        types=TYPES,
        units=UNITS,
        times=entries.TIMES,
        rhythm=RHYTHMS.get(rhythm(kind)),
    )


@router.get("/data/templates/{kind}", name="template", dependencies=[MAY])
def template(desk: DeskDep, kind: str) -> Response:
    """The Excel template of a kind."""
    shape = desk.book.kinds.get(kind)
    if shape is None:
        raise NotFoundError(Text("没有这种记录。", "there is no such record kind"))
    return template_file(shape)


def template_file(shape: Kind) -> Response:
    """The Excel template of a kind."""
    folder = tempfile.TemporaryDirectory(prefix="houfeng-template-")
    path = write_template(shape, Path(folder.name) / "template.xlsx")
    name = f"filename=\"{shape.name}.xlsx\"; filename*=UTF-8''{quote(shape.label.zh)}.xlsx"
    headers = {"content-disposition": f"attachment; {name}"}
    return FileResponse(path, media_type=XLSX, headers=headers, background=BackgroundTask(folder.cleanup))
