"""`/enterprises/{id}/tables/{table}/export`: the tables of a firm's tabs as files, all rows of what the tab shows."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import NotFoundError, Text
from houfeng.office.access import Permission
from houfeng_desk.lists import Listing, ListRequest, export
from houfeng_desk.queries.enterprise.firm import firm_of
from houfeng_desk.queries.enterprise.identity import register_row
from houfeng_desk.queries.tables import firm, groups, links
from houfeng_desk.queries.tables.shape import Given, Table
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, keep, see_other

router = APIRouter()
TABLES = firm.TABLES | links.TABLES | groups.TABLES
"""Tables by name; the loans and the portrait have exports of their own."""


@router.get(
    "/enterprises/{enterprise_id}/tables/{table}", name="firm_table", dependencies=[allowed(Permission.SEE_MARKET)]
)
def shown(request: Request, enterprise_id: str, table: str) -> Response:
    """To the tab on which the table stands."""
    tab, kept = _table(table).tab, {name: value for name, value in request.query_params.items() if name != "tab"}
    return see_other(keep(request, f"/enterprises/{quote(enterprise_id, safe='')}", tab=tab, **kept))


@router.api_route(
    "/enterprises/{enterprise_id}/tables/{table}/export", methods=["GET", "POST"], name="firm_table_export",
    dependencies=[allowed(Permission.EXPORT)],
)  # fmt: skip
def export_table(
    request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, enterprise_id: str, table: str
) -> Response:
    """The table as a file."""
    viewer.require(Permission.SEE_MARKET)
    wanted, found = _table(table), firm_of(reader, enterprise_id)
    name = register_row(reader, found)["name"] or enterprise_id
    columns, made = wanted.made(Given(desk, reader, found, request.query_params))
    rows = list(made)
    title = Text(f"{name} {wanted.title.zh}", f"{name} {wanted.title.en}")
    ask = ListRequest(columns, (), size=None)
    return export(request, viewer, title, ask, lambda asked: Listing(columns, rows, len(rows), asked))


def _table(name: str) -> Table:
    if name not in TABLES:
        raise NotFoundError(Text("企业页没有这张表。", "there is no such table on the page of an enterprise"))
    return TABLES[name]
