"""Packs: which versions are in force, and what stands in one."""

from __future__ import annotations

from typing import Any

from houfeng.office.access import Permission
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import plain
from houfeng_desk.queries.packs import counts, opened, place, standings, things
from houfeng_desk.web import DeskDep, allowed

router = new_router("packs")
SEE = [allowed(Permission.SEE_PACKS)]


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
