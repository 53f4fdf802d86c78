"""Firms with signs of evasion, the signs of one, and its bundle of evidence."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.cases.documents import harmless
from houfeng.errors import Text
from houfeng.office.access import Permission
from houfeng_desk.desk import Desk
from houfeng_desk.lists import ListRequest, export
from houfeng_desk.pages.conduct.disputes import WHY
from houfeng_desk.queries.alert import evasion_folder
from houfeng_desk.queries.conduct import evasion as query
from houfeng_desk.queries.enterprise.firm import firm_of
from houfeng_desk.queries.enterprise.identity import register_row
from houfeng_desk.queries.packs import pack_in_force
from houfeng_desk.reader import Reader
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, field, page

router = APIRouter()
SEE = allowed(Permission.SEE_ALERTS)
TITLE = Text("逃废债线索", "Signs of evasion")
ZIP = "application/zip"


@router.get("/evasion", name="evasion", dependencies=[SEE])
def evasion(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """The firms, the gravest first."""
    ask = ListRequest.of(request, query.COLUMNS, query.filters())
    with desk.office.read() as session:
        found = query.listing(session, viewer, ask)
    pack = pack_in_force(desk, query.PACK)
    return page(request, "conduct/evasion.html", listing=found, pack=pack, watched=evasion_folder(desk).is_dir())


@router.api_route(
    "/evasion/export", methods=["GET", "POST"], name="evasion_export", dependencies=[allowed(Permission.EXPORT)]
)
def export_evasion(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """The list as a file."""
    viewer.require(Permission.SEE_ALERTS)
    ask = ListRequest.of(request, query.COLUMNS, query.filters())
    with desk.office.read() as session:
        return export(request, viewer, TITLE, ask, lambda asked: query.listing(session, viewer, asked))


@router.get("/evasion/{enterprise_id}", name="evasion_firm", dependencies=[SEE])
def firm(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, enterprise_id: str) -> Response:
    """The signs of one firm, and the bundles made about it."""
    row = register_row(reader, firm_of(reader, enterprise_id))
    pack = pack_in_force(desk, query.PACK)
    with desk.office.read() as session:
        return page(
            request,
            "conduct/evasion_firm.html",
            name=row["name"] or enterprise_id,
            firm_id=enterprise_id,
            alerts=query.alerts_of(session, viewer, enterprise_id, cleared=True),
            rules={name: rule.label for name, rule in pack.rules.items()},
            bundles=query.bundles(session, viewer, enterprise_id),
            may_make=viewer.may(Permission.WORK_CONDUCT) and viewer.scope.institutions is None,
        )


@router.post("/evasion/{enterprise_id}/bundle", name="evasion_bundle", dependencies=[allowed(Permission.WORK_CONDUCT)])
def bundle(request: Request, desk: DeskDep, reader: ReaderDep, enterprise_id: str) -> Response:
    """The bundle of evidence; the journal tells what for."""
    return handed(desk, reader, enterprise_id, field(request, "why", most=2000, label=WHY), lang_of(request))


def handed(desk: Desk, reader: Reader, enterprise_id: str, why: str, lang: str) -> Response:
    """A bundle of evidence as a file."""
    made, data = query.bundle(desk, reader, enterprise_id, why, lang)
    name = harmless(f"证据包-{made.enterprise_name}-{made.made_at:%Y%m%d}.zip")
    disposition = f"attachment; filename=\"evidence.zip\"; filename*=UTF-8''{quote(name)}"
    return Response(data, media_type=ZIP, headers={"content-disposition": disposition})
