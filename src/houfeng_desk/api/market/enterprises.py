"""Enterprises: the list, one of them, its notes, what it is tied to, and what others have written down about it."""

from __future__ import annotations

from typing import Any

from houfeng.office.access import Permission
from houfeng_desk.api.lists import Asked, add_list
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import plain
from houfeng_desk.lists import Listing, ListRequest
from houfeng_desk.queries.enterprise import identity, lending, links, listing, records, risk
from houfeng_desk.queries.enterprise.firm import firm_of
from houfeng_desk.queries.figures import pack_of
from houfeng_desk.web import DeskDep, ReaderDep, allowed

router = new_router("market")
SEE = [allowed(Permission.SEE_MARKET)]


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
        {**plain(note.row), "key": note.key, "bank": note.bank, "themes": [tag.theme for tag in note.tags if tag.holds]}
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
