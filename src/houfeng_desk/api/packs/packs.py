"""Packs: which versions are in force, a search over them, and what stands in one."""

from __future__ import annotations

from typing import Any

from fastapi import Query

from houfeng.office.access import Permission
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import listed, plain, told
from houfeng_desk.queries import packs as query
from houfeng_desk.queries.packs import counts, opened, place, standings, things
from houfeng_desk.web import DeskDep, allowed

router = new_router("packs")
SEE = [allowed(Permission.SEE_PACKS)]


@router.get("/packs/search", operation_id="search_packs", dependencies=SEE)
def search(desk: DeskDep, q: str = Query(min_length=1, max_length=100)) -> dict[str, Any]:
    """What in all packs in force holds these words in its name, label or reference."""
    with desk.office.read() as session:
        found = query.search(session, desk, q.strip())
    return listed([{"pack": name, **told(one, "form", "key", "name", "label", "reference")} for name, one in found])


@router.get("/packs", operation_id="packs", dependencies=SEE)
def packs(desk: DeskDep) -> dict[str, Any]:
    """The packs of the desk with the version in force."""
    with desk.office.read() as session:
        found = [
            {
                "name": one.pack.name,
                "version": one.pack.version,
                "digest": one.pack.digest,
                "label": plain(one.pack.label),
            }
            for one in standings(session, desk)
        ]
    return {"items": found, "total": len(found)}


@router.get("/packs/{name}", operation_id="pack", dependencies=SEE)
def pack(desk: DeskDep, name: str, version: str = "") -> dict[str, Any]:
    """One pack: everything in it with label, reference and where it is written."""
    with desk.office.read() as session:
        found, _ = opened(session, desk, name, version)
    return {
        "name": found.name,
        "version": found.version,
        "digest": found.digest,
        "label": plain(found.label),
        "counts": counts(found),
        "items": [
            {
                "form": one.form,
                "key": one.key,
                "label": plain(one.label),
                "reference": one.reference,
                "at": place(one.where),
            }
            for one in things(found)
        ],
    }
