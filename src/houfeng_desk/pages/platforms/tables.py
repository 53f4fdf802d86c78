"""`/platforms/{id}/tables/{table}/export`: the tables that stand beside the list of a platform's tab, as files."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import NotFoundError, Text
from houfeng.office.access import Permission
from houfeng.platforms.swap import Swap
from houfeng_desk.lists import Listing, ListRequest, export
from houfeng_desk.pages.platforms.scenario import scenario
from houfeng_desk.queries.platforms.book import platforms_of
from houfeng_desk.queries.tables.platforms import TABLES, Given, PlatformTable
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, keep, see_other

router = APIRouter()


@router.get(
    "/platforms/{enterprise_id}/tables/{table}", name="platform_table", dependencies=[allowed(Permission.SEE_MARKET)]
)
def shown(request: Request, enterprise_id: str, table: str) -> Response:
    """To the tab on which the table stands."""
    address = f"/platforms/{quote(enterprise_id, safe='')}/{_table(table).tab}"
    return see_other(keep(request, address, **request.query_params))


@router.api_route(
    "/platforms/{enterprise_id}/tables/{table}/export", methods=["GET", "POST"], name="platform_table_export",
    dependencies=[allowed(Permission.EXPORT)],
)  # fmt: skip
def export_table(
    request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, enterprise_id: str, table: str
) -> Response:
    """The table as a file."""
    viewer.require(Permission.SEE_MARKET)
    wanted, found = _table(table), platforms_of(desk, reader)
    one = found.one(enterprise_id)

    def swap() -> Swap | None:
        return scenario(request, found, one).swap

    columns, made = wanted.made(Given(found, one, swap))
    rows = list(made)
    title = Text(f"{one.name} {wanted.title.zh}", f"{one.name} {wanted.title.en}")
    pack = f"{found.pack.name} {found.pack.version}"
    ask = ListRequest(columns, (), size=None)
    return export(request, viewer, title, ask, lambda asked: Listing(columns, rows, len(rows), asked), pack=pack)


def _table(name: str) -> PlatformTable:
    if name not in TABLES:
        raise NotFoundError(Text("平台页没有这张表。", "there is no such table on the page of a platform"))
    return TABLES[name]
