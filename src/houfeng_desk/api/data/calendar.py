"""Who is late, by when returns are due, and what each kind of record holds."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from houfeng.book.model import Kind, code_lists
from houfeng.errors import NotFoundError, Text
from houfeng.office.access import Permission
from houfeng_desk.api.files import XLSX, gives
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import Done, done, listed, plain, told
from houfeng_desk.desk import Desk
from houfeng_desk.pages.data.dictionary import template_file
from houfeng_desk.queries import dictionary as entries
from houfeng_desk.queries.submissions import due
from houfeng_desk.queries.submissions.calendar import calendar
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed

router = new_router("data")
SEE = [allowed(Permission.SEE_DATA)]
READ = [allowed(Permission.SEE_DATA, Permission.SUBMIT_DATA)]
SYSTEM = [allowed(Permission.MANAGE_SYSTEM)]


@router.get("/calendar", operation_id="calendar", dependencies=SEE)
def months(desk: DeskDep, reader: ReaderDep, kind: str = Query("", max_length=60)) -> dict[str, Any]:
    """By reporter and month: what came, what is late or missing, how good it was; of one kind, or of all."""
    if kind:
        _kind(desk, kind)
    with desk.office.read() as session:
        days = due.due_days(session)
    found = calendar(reader, days, kind)
    reporters = [
        {
            **told(line, "reporter", "name", "score"),
            "months": [
                {
                    **told(cell, "month", "state", "rows", "quarantined", "missing", "replaced"),
                    "returns": [told(one, "kind", "state", "due", "days_late", "versions") for one in cell.returns],
                }
                for cell in line.cells
            ],
        }
        for line in found.lines
    ]
    return {**told(found, "months", "on_time", "late"), "missing": plain(found.missing), "reporters": reporters}


@router.get("/due-days", operation_id="due_days", dependencies=SYSTEM)
def due_days(desk: DeskDep) -> dict[str, Any]:
    """By how many days after the end of a month, quarter or year returns are due."""
    with desk.office.read() as session:
        return {"days": plain(due.due_days(session).days)}


class Due(BaseModel):
    """The days by rhythm, and why."""

    days: dict[str, int] = Field(description=f"One for each of {', '.join(due.RHYTHMS)}.", max_length=10)
    why: str = Field(min_length=1, max_length=500)


@router.put("/due-days", operation_id="change_due_days", dependencies=SYSTEM)
def change(desk: DeskDep, viewer: ViewerDep, asked: Due) -> Done:
    """Change the due days."""
    with desk.office.begin() as session:
        due.set_due_days(session, viewer, asked.days, asked.why)
    return done(Text("报送截止日已更改。", "the due days have been changed"))


@router.get("/kinds", operation_id="kinds", dependencies=READ)
def every(desk: DeskDep) -> dict[str, Any]:
    """All kinds of record."""
    return listed([{**told(one, "name", "label"), "rhythm": due.rhythm(one.name)} for one in desk.book.kinds.values()])


@router.get("/kinds/search", operation_id="search_kinds", dependencies=READ)
def search(desk: DeskDep, q: str = Query(min_length=1, max_length=100)) -> dict[str, Any]:
    """Kinds, fields and codes that fit a text."""
    found = entries.search(desk.book.kinds, q.strip())
    return {
        "kinds": [told(one, "name", "label") for one in found.kinds],
        "fields": [{"kind": kind.name, **told(field, "name", "label")} for kind, field in found.fields],
        "codes": [{"list": one.name, "code": code, "label": plain(text)} for one, code, text in found.codes],
    }


@router.get("/kinds/{kind}", operation_id="kind", dependencies=READ)
def one(desk: DeskDep, kind: str) -> dict[str, Any]:
    """One kind: its key, its fields with type, unit and codes."""
    shape = _kind(desk, kind)
    names = [part.name for part in fields(next(iter(shape.fields.values())))]
    used = dict.fromkeys(field.code_list for field in shape.fields.values() if field.code_list)
    return {
        **told(shape, "name", "label", "key"),
        "fields": [told(field, *names) for field in shape.fields.values()],
        "codes": {name: plain(code_lists()[name].members) for name in used},
    }


@router.get("/kinds/{kind}/template", operation_id="template", dependencies=READ, **gives(XLSX))
def template(desk: DeskDep, kind: str) -> Response:
    """The Excel template of a kind."""
    return template_file(_kind(desk, kind))


def _kind(desk: Desk, name: str) -> Kind:
    shape = desk.book.kinds.get(name)
    if shape is None:
        raise NotFoundError(Text("没有这种记录。", "there is no such record kind"))
    return shape
