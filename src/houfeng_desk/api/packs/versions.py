"""Versions of packs: drafted by hand or upload, tested, simulated, submitted, withdrawn, brought back; compared."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import InputError, NotFoundError, Text
from houfeng.office.access import Permission
from houfeng.office.packs import drafting, life
from houfeng.office.packs.altering import touched_items
from houfeng.office.packs.editing import NewValue, parameter_of, value_of
from houfeng.office.packs.tables import PackVersion
from houfeng.office.packs.work import ask_simulation, ask_test
from houfeng.packs.diff import diff_packs
from houfeng_desk.api.files import ZIP, gives, takes
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import Done, done, plain, told
from houfeng_desk.pages.policy.carrying import packed, sent_files
from houfeng_desk.pages.policy.versions import base_of, waiting_for
from houfeng_desk.queries.packs import opened, pack_in_force, shelf_of
from houfeng_desk.web import DeskDep, ViewerDep, allowed, field, form_of

router = new_router("packs")
SEE = [allowed(Permission.SEE_PACKS)]
ACTIVATION = (
    "version_id", "version", "digest", "from_day", "decided_at", "proposed_by", "approved_by", "back", "why",
)  # fmt: skip
PROPOSE = [allowed(Permission.PROPOSE_PACKS)]


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
    items = plain(diff_packs(before, after))
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


class Tried(BaseModel):
    """Values of parameters, or readings of clauses, that are tried out without a draft; as texts."""

    values: dict[str, str] = Field(default_factory=dict, max_length=50)
    readings: dict[str, str] = Field(default_factory=dict, max_length=50)


@router.post("/packs/{name}/simulations", operation_id="try_values", dependencies=PROPOSE)
def try_values(desk: DeskDep, viewer: ViewerDep, name: str, asked: Tried) -> dict[str, Any]:
    """Let a job say whom and how much other values or readings of the pack in force would move."""
    pack = pack_in_force(desk, name)
    if bool(asked.values) == bool(asked.readings):
        raise InputError(Text("values 与 readings 须且只须给一个", "give one of values and readings"))
    for parameter, value in asked.values.items():
        parameter_of(pack, parameter)
        value_of(pack, parameter, value)
    pack.with_readings(asked.readings)
    tried = {"values": asked.values} if asked.values else {"readings": asked.readings}
    with desk.office.begin() as session:
        return {"job": ask_simulation(session, viewer, name, tried).id}


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


@router.get("/packs/{name}/versions/{number}", operation_id="pack_version", dependencies=SEE)
def version(desk: DeskDep, name: str, number: int) -> dict[str, Any]:
    """One version: what changed against what it was drafted from, what that touches, what was done with it."""
    today = desk.clock().date()
    with desk.office.read() as session:
        found = _found(session, name, number)
        pack, base = shelf_of(desk).of_version(found), base_of(session, desk, found)
        active, waits = life.active(session, name, today), waiting_for(session, found)
        return {
            **told(found, "id", "name", "version", "digest", "state", "origin", "author", "created_at", "why"),
            "findings": plain(found.findings),
            "changes": plain(diff_packs(base, pack)) if base is not None else [],
            "touched": [plain(one.label) for one in touched_items(base, pack)] if base is not None else [],
            "steps": [told(step, "act", "at", "who", "why", "detail") for step in found.steps],
            "in_force": active is not None and active.version_id == found.id,
            "approval": waits.id if waits is not None else None,
        }


@router.get("/packs/{name}/activations", operation_id="pack_activations", dependencies=SEE)
def activations(desk: DeskDep, name: str) -> dict[str, Any]:
    """Which version was in force from when, and who proposed and signed it; newest first."""
    with desk.office.read() as session:
        opened(session, desk, name)
        items = [told(one, *ACTIVATION) for one in reversed(life.activations(session, name))]
    return {"items": items, "total": len(items)}


@router.get("/packs/{name}/download", operation_id="download_pack", dependencies=SEE, **gives(ZIP))
def download(desk: DeskDep, viewer: ViewerDep, name: str, version: str = "") -> Response:
    """The files of a version (its id; empty: the one in force) and of the packs it requires."""
    return packed(desk, viewer, name, version)


@router.post(
    "/packs/uploads", operation_id="upload_pack", dependencies=PROPOSE,
    openapi_extra=takes({"why": "The reason."}, "why", many=True),
)  # fmt: skip
def upload(request: Request, desk: DeskDep, viewer: ViewerDep) -> dict[str, Any]:
    """A zip, or the files of a pack (`files`), as a draft; or all problems with file and line."""
    sent = [one for one in form_of(request).getlist("files") if isinstance(one, UploadFile) and one.filename]
    why = field(request, "why", label=Text("理由", "Reason"))
    made = drafting.from_upload(desk.office, shelf_of(desk), viewer, sent_files(sent), why)
    return told(made, "id", "name", "version", "digest")


class Adopted(BaseModel):
    """The required pack whose version in force the draft rests on."""

    base: str = Field(min_length=1, max_length=80)
    version: str = Field("", max_length=40, description="Its number; empty: the next.")
    why: str = Field(min_length=1, max_length=2000)


@router.post("/packs/{name}/adopt", operation_id="adopt_base", dependencies=PROPOSE)
def adopt(desk: DeskDep, viewer: ViewerDep, name: str, asked: Adopted) -> dict[str, Any]:
    """A draft that rests on the version now in force of a pack it requires."""
    made = drafting.on_base(desk.office, shelf_of(desk), viewer, name, asked.base, asked.version, asked.why)
    return told(made, "id", "name", "version", "digest")


class Returned(BaseModel):
    """From when, and why."""

    from_day: date
    why: str = Field(min_length=1, max_length=2000)


@router.post("/packs/{name}/versions/{number}/return", operation_id="return_pack", dependencies=PROPOSE)
def roll_back(desk: DeskDep, viewer: ViewerDep, name: str, number: int, asked: Returned) -> dict[str, Any]:
    """Ask another person to put an earlier version in force again."""
    with desk.office.begin() as session:
        made = life.roll_back(session, viewer, _found(session, name, number), asked.from_day, asked.why)
        return {"approval": made.id}


class GivenUp(BaseModel):
    """Why a draft is given up."""

    why: str = Field(min_length=1, max_length=2000)


@router.post("/packs/{name}/versions/{number}/withdraw", operation_id="withdraw_pack", dependencies=PROPOSE)
def withdraw(desk: DeskDep, viewer: ViewerDep, name: str, number: int, asked: GivenUp) -> Done:
    """Give up a draft."""
    with desk.office.begin() as session:
        life.withdraw(session, viewer, _found(session, name, number), asked.why)
    return done(Text("草稿已撤回。", "The draft was withdrawn."))
