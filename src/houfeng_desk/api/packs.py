"""Packs: which versions are in force, and what stands in one."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from houfeng.errors import InputError, NotFoundError, Text
from houfeng.office.access import Permission
from houfeng.office.packs import drafting, life
from houfeng.office.packs.editing import NewValue
from houfeng.office.packs.tables import PackVersion
from houfeng.office.packs.work import ask_simulation, ask_test
from houfeng.packs.diff import diff_packs
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import plain
from houfeng_desk.queries.packs import counts, opened, place, shelf_of, standings, things
from houfeng_desk.web import DeskDep, ViewerDep, allowed

router = new_router("packs")
SEE = [allowed(Permission.SEE_PACKS)]
PROPOSE = [allowed(Permission.PROPOSE_PACKS)]


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


@router.get("/packs/{name}/versions", operation_id="pack_versions", dependencies=SEE)
def versions(desk: DeskDep, name: str) -> dict[str, Any]:
    """All versions kept of a pack, newest first, with what was done to each."""
    with desk.office.read() as session:
        opened(session, desk, name)
        items = [
            {
                "id": one.id,
                "version": one.version,
                "digest": one.digest,
                "state": str(one.state),
                "created_at": plain(one.created_at),
                "steps": [{"act": step.act, "at": plain(step.at), "why": step.why} for step in one.steps],
            }
            for one in life.versions(session, name)
        ]
    return {"items": items, "total": len(items)}


@router.get("/packs/{name}/diff", operation_id="pack_diff", dependencies=SEE)
def diff(desk: DeskDep, name: str, old: str = "", new: str = "") -> dict[str, Any]:
    """What changed between two versions (ids; empty: the one in force), in the pack's own terms."""
    with desk.office.read() as session:
        before, _ = opened(session, desk, name, old)
        after, _ = opened(session, desk, name, new)
    items = [plain(one) if not isinstance(one, tuple) else plain(one._asdict()) for one in diff_packs(before, after)]
    return {"old": before.version, "new": after.version, "items": items, "total": len(items)}


class Drafted(BaseModel):
    """A new value of a parameter, or another reading of a clause (one of them), as a draft of the next version."""

    parameter: str = Field("", max_length=80)
    value: str = Field("", max_length=200)
    entry: str = Field("", max_length=80)
    reading: str = Field("", max_length=80)
    start: date
    reference: str = Field("", max_length=500)
    known_from: date | None = None
    until: date | None = None
    note: str = Field("", max_length=500)
    version: str = Field("", max_length=40, description="Its number; empty: the next.")
    why: str = Field(min_length=1, max_length=2000)


@router.post("/packs/{name}/drafts", operation_id="draft_pack", dependencies=PROPOSE)
def draft(desk: DeskDep, viewer: ViewerDep, name: str, asked: Drafted) -> dict[str, Any]:
    """Make a draft of the version in force with one change."""
    shelf, words = shelf_of(desk), (asked.version, asked.why)
    if bool(asked.parameter) == bool(asked.entry):
        raise InputError(Text("parameter 与 entry 须且只须给一个", "give one of parameter and entry"))
    if asked.parameter:
        new = NewValue(
            asked.parameter, asked.start, asked.value, asked.reference, asked.known_from, asked.until, asked.note
        )
        made = drafting.with_value(desk.office, shelf, viewer, name, new, *words)
    else:
        reading = (asked.entry, asked.reading)
        made = drafting.with_reading(desk.office, shelf, viewer, name, reading, asked.start, *words)
    return {"id": made.id, "version": made.version, "digest": made.digest}


class Simulated(BaseModel):
    """Which months; empty: as the pack says. `in_force`: coming values as if they held already."""

    as_of: date | None = None
    first: date | None = None
    last: date | None = None
    in_force: bool = False


@router.post("/packs/{name}/versions/{number}/simulate", operation_id="simulate_pack", dependencies=PROPOSE)
def simulate(desk: DeskDep, viewer: ViewerDep, name: str, number: int, asked: Simulated) -> dict[str, Any]:
    """Let a job say whom and how much a draft moves."""
    days = {key: day.isoformat() for key, day in asked.model_dump(exclude={"in_force"}).items() if day is not None}
    with desk.office.begin() as session:
        found = _found(session, name, number)
        job = ask_simulation(session, viewer, name, {"version": found.id, "in_force": asked.in_force, **days})
        return {"job": job.id}


@router.post("/packs/{name}/versions/{number}/test", operation_id="test_pack", dependencies=PROPOSE)
def test(desk: DeskDep, viewer: ViewerDep, name: str, number: int) -> dict[str, Any]:
    """Let a job run the cases of a version."""
    with desk.office.begin() as session:
        return {"job": ask_test(session, viewer, _found(session, name, number)).id}


class Submitted(BaseModel):
    """From when, why, and whether cases that fail were looked at."""

    from_day: date
    why: str = Field(min_length=1, max_length=2000)
    despite_failed: bool = False


@router.post("/packs/{name}/versions/{number}/submit", operation_id="submit_pack", dependencies=PROPOSE)
def submit(desk: DeskDep, viewer: ViewerDep, name: str, number: int, asked: Submitted) -> dict[str, Any]:
    """Ask another person to let it into force."""
    with desk.office.begin() as session:
        found = _found(session, name, number)
        made = life.submit(session, viewer, found, asked.from_day, asked.why, despite_failed=asked.despite_failed)
        return {"approval": made.id}


def _found(session: Session, name: str, number: int) -> PackVersion:
    found = life.find(session, number)
    if found.name != name:
        raise NotFoundError(Text(f"没有 {name} 的版本 {number}", f"there is no version {number} of {name}"))
    return found
