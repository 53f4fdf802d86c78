"""The market: enterprises, one of them, and the figures of the five articles."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from houfeng.errors import NotFoundError, Text
from houfeng.office.access import Permission
from houfeng.themes.report import Report, periods
from houfeng_desk.api.lists import Asked, add_list
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import plain
from houfeng_desk.lists import Listing, ListRequest
from houfeng_desk.pages.policy.asking import ask_of
from houfeng_desk.pages.policy.themes import boards, theme_pack
from houfeng_desk.queries.enterprise import identity, lending, links, listing, records, risk
from houfeng_desk.queries.enterprise.firm import firm_of
from houfeng_desk.queries.figures import pack_of
from houfeng_desk.web import DeskDep, ReaderDep, allowed

router = new_router("market")
SEE = [allowed(Permission.SEE_MARKET)]
WAIT = 20.0


def _enterprises(asked: Asked, ask: ListRequest) -> Listing:
    with asked.desk.office.read() as session:
        return listing.listing(asked.reader, session, ask)


add_list(
    router,
    "/enterprises",
    "enterprises",
    listing.COLUMNS,
    listing.filters(),
    Permission.SEE_MARKET,
    _enterprises,
    about="Enterprises with what they owe and what is open against them.",
)


@router.get("/enterprises/{enterprise_id}", operation_id="enterprise", dependencies=SEE)
def enterprise(desk: DeskDep, reader: ReaderDep, enterprise_id: str) -> dict[str, Any]:
    """One enterprise on `as_of`, as known at `known_at`: who it is, what it owes, its index by contribution."""
    firm = firm_of(reader, enterprise_id[:60])
    who = identity.identity(reader, firm)
    index = risk.risk(reader, firm, pack_of(desk, "warning-rules"))
    return {
        "as_of": plain(reader.as_of),
        "known_at": plain(reader.known_at),
        "synthetic": reader.synthetic,
        **plain(who),
        "loans": plain(lending.summary(firm, reader.as_of)),
        "risk": plain(index.made_of) if index and index.made_of else None,
    }


@router.get("/enterprises/{enterprise_id}/loans", operation_id="enterprise_loans", dependencies=SEE)
def loans(desk: DeskDep, reader: ReaderDep, enterprise_id: str) -> dict[str, Any]:
    """Its notes at all banks in the asker's scope, with the themes each carries."""
    firm = firm_of(reader, enterprise_id[:60])
    identity.register_row(reader, firm)
    found = lending.notes(reader, firm, pack_of(desk, "five-articles"))
    items = [
        {**plain(note.row), "bank": note.bank, "themes": [tag.theme for tag in note.tags if tag.holds]}
        for note in found
    ]
    return {"items": items, "total": len(items)}


@router.get("/enterprises/{enterprise_id}/links", operation_id="enterprise_links", dependencies=SEE)
def stakes(reader: ReaderDep, enterprise_id: str) -> dict[str, Any]:
    """Its stakes and guarantees on the day looked at."""
    firm = firm_of(reader, enterprise_id[:60])
    identity.register_row(reader, firm)
    return dict(plain(links.links(reader, firm)))


@router.get("/enterprises/{enterprise_id}/records", operation_id="enterprise_records", dependencies=SEE)
def public_records(reader: ReaderDep, enterprise_id: str) -> dict[str, Any]:
    """Its public records and registration changes."""
    firm = firm_of(reader, enterprise_id[:60])
    identity.register_row(reader, firm)
    return {
        "public_records": plain(records.public_records(reader, firm)),
        "registration_changes": plain(records.registration_changes(reader, firm)),
    }


@router.get("/themes", operation_id="themes", dependencies=SEE, response_model=None)
def themes(request: Request, desk: DeskDep, reader: ReaderDep) -> Response | dict[str, Any]:
    """The five-article cube, by the same parameters as the page `/themes`; 202 while a large book is being counted."""
    if not periods(reader.snapshot):
        raise NotFoundError(Text("账簿里还没有贷款余额", "the book has no balances yet"))
    found = boards(request).grid(reader, theme_pack(request, desk, reader), ask_of(request), WAIT)
    if found is None:
        return JSONResponse({"state": "counting"}, 202, {"retry-after": "5"})
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
