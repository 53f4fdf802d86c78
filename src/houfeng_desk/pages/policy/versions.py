"""Versions of packs: drafted by upload or form, checked, tested, simulated, submitted, signed, and brought back."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from houfeng.clock import parse_day
from houfeng.errors import HoufengError, InputError, NotFoundError, Text
from houfeng.office import approvals
from houfeng.office.access import Permission
from houfeng.office.packs import drafting, life, work
from houfeng.office.packs.altering import touched_items
from houfeng.office.packs.editing import NewValue, value_of
from houfeng.office.packs.tables import PackVersion
from houfeng.office.tables import Approval
from houfeng.packs.diff import diff_packs
from houfeng.packs.model import Pack
from houfeng_desk.desk import Desk
from houfeng_desk.pages.policy.carrying import packed, sent_files
from houfeng_desk.queries import packs as query
from houfeng_desk.web import DeskDep, ViewerDep, allowed, field, flash, form_of, page, see_other

router = APIRouter()
SEE = [allowed(Permission.SEE_PACKS)]
PROPOSE = [allowed(Permission.PROPOSE_PACKS)]
WHY = Text("理由", "Reason")
AT_ONCE = 60
"""Cases that are run within a request; more become a job."""
SECTIONS = {
    "parameter": Text("参数", "Parameter"),
    "code set": Text("代码集", "Code set"),
    "item": Text("条目", "Item"),
    "rule": Text("规则", "Rule"),
    "interpretation": Text("解释", "Interpretation"),
}


@router.get("/packs/upload", name="pack_upload", dependencies=PROPOSE)
def upload_form(request: Request) -> Response:
    """Choose a zip or the files of a pack."""
    return page(request, "policy/upload.html", problems=(), fault=None)


@router.post("/packs/upload", dependencies=PROPOSE)
def upload(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Check what was sent: a draft, or all its problems with file and line."""
    sent = [one for one in form_of(request).getlist("files") if isinstance(one, UploadFile) and one.filename]
    uploads = sent_files(sent)
    why = field(request, "why", label=WHY)
    try:
        version = drafting.from_upload(desk.office, query.shelf_of(desk), viewer, uploads, why)
    except InputError as error:
        return page(request, "policy/upload.html", 422, problems=error.problems, fault=error.message)
    flash(
        request,
        Text(
            "已建立草稿。请运行用例、模拟，再提交审批。", "A draft was made. Run its cases, simulate, then submit it."
        ),
    )
    return see_other(_address(version))


@router.post("/packs/{name}/parameter/{parameter}/change", dependencies=PROPOSE)
def change_parameter(request: Request, desk: DeskDep, viewer: ViewerDep, name: str, parameter: str) -> Response:
    """A new dated value: simulated at once, or kept as a draft."""
    shelf = query.shelf_of(desk)
    known, until = field(request, "known_from", most=10), field(request, "until", most=10)
    new = NewValue(
        parameter=parameter,
        start=parse_day(field(request, "start", most=10, label=Text("自哪一天起", "From"))),
        value=field(request, "value", most=200, label=Text("取值", "Value")),
        reference=field(request, "reference", most=500, label=Text("依据", "Reference")),
        known_from=parse_day(known) if known else None,
        until=parse_day(until) if until else None,
        note=field(request, "note", most=500),
    )
    if field(request, "act", most=10) == "simulate":
        value_of(query.pack_in_force(desk, name), parameter, new.value)
        return _simulate(desk, viewer, name, {"values": {parameter: new.value}})
    version = drafting.with_value(desk.office, shelf, viewer, name, new, *_words(request))
    flash(request, Text("已建立草稿。", "A draft was made."))
    return see_other(_address(version))


@router.post("/packs/{name}/reading/{entry}/change", dependencies=PROPOSE)
def change_reading(request: Request, desk: DeskDep, viewer: ViewerDep, name: str, entry: str) -> Response:
    """Another reading of a clause: simulated at once, or kept as a draft."""
    label = field(request, "reading", most=80, label=Text("读法", "Reading"))
    if field(request, "act", most=10) == "simulate":
        query.pack_in_force(desk, name).with_readings({entry: label})
        return _simulate(desk, viewer, name, {"readings": {entry: label}})
    start = parse_day(field(request, "start", most=10, label=Text("自哪一天起", "From")))
    shelf = query.shelf_of(desk)
    version = drafting.with_reading(desk.office, shelf, viewer, name, (entry, label), start, *_words(request))
    flash(request, Text("已建立草稿。", "A draft was made."))
    return see_other(_address(version))


@router.post("/packs/{name}/adopt", dependencies=PROPOSE)
def adopt(request: Request, desk: DeskDep, viewer: ViewerDep, name: str) -> Response:
    """A draft that rests on the version now in force of a pack it requires."""
    base = field(request, "base", most=80, label=Text("所需的包", "Required pack"))
    version = drafting.on_base(desk.office, query.shelf_of(desk), viewer, name, base, *_words(request))
    flash(request, Text("已建立草稿。", "A draft was made."))
    return see_other(_address(version))


@router.get("/packs/{name}/versions", name="pack_versions", dependencies=SEE)
def versions(request: Request, desk: DeskDep, name: str) -> Response:
    """All versions of a pack, which was in force when, and who signed."""
    today = desk.clock().date()
    shelf = query.shelf_of(desk)
    with desk.office.read() as session:
        pack, _ = query.opened(session, desk, name)
        rows = life.versions(session, name)
        return page(
            request,
            "policy/versions.html",
            pack=pack,
            rows=rows,
            activations=list(reversed(life.activations(session, name))),
            active=life.active(session, name, today),
            stages=life.STAGE_NAMES,
            stale=_stale(session, desk, name, pack),
            dependents=shelf.dependents(session, name, today),
            today=today,
        )


def _stale(session: Session, desk: Desk, name: str, pack: Pack) -> list[str]:
    """Packs it requires of which another version is in force than the one it rests on."""
    shelf, today = query.shelf_of(desk), desk.clock().date()
    if not shelf.is_shipped(name) and life.active(session, name, today) is None:
        return []
    own = shelf.files(session, name, today)
    found = []
    for base in pack.requires:
        mine = {key: text for key, text in own.items() if key.startswith(f"{base}/")}
        theirs = {k: t for k, t in shelf.files(session, base, today).items() if k.startswith(f"{base}/")}
        if mine != theirs:
            found.append(base)
    return found


@router.get("/packs/{name}/versions/{number}", name="pack_version", dependencies=SEE)
def version(request: Request, desk: DeskDep, viewer: ViewerDep, name: str, number: int) -> Response:
    """One version: what changed, what was done with it, and what may be done now."""
    today = desk.clock().date()
    shelf = query.shelf_of(desk)
    with desk.office.read() as session:
        found = _found(session, name, number)
        pack = shelf.of_version(found)
        base = base_of(session, desk, found)
        active = life.active(session, name, today)
        waiting = waiting_for(session, found)
        return page(
            request,
            "policy/version.html",
            version=found,
            pack=pack,
            base=base,
            changes=diff_packs(base, pack) if base is not None else [],
            touched=[item.label for item in touched_items(base, pack)] if base is not None else [],
            sections=SECTIONS,
            part_text=query.part_text,
            stages=life.STAGE_NAMES,
            acts=life.ACT_NAMES,
            done={one.act: one for one in found.steps},
            is_active=active is not None and active.version_id == found.id,
            begins=next((a for a in reversed(life.activations(session, name)) if a.version_id == found.id), None),
            mine=found.author_id == viewer.user_id,
            approval=waiting,
            may_decide=waiting is not None and viewer.may(Permission.APPROVE) and waiting.proposer_id != viewer.user_id,
            today=today,
        )


@router.get("/packs/{name}/diff", name="pack_diff", dependencies=SEE)
def diff(request: Request, desk: DeskDep, name: str) -> Response:
    """Two versions side by side, in the pack's own terms."""
    with desk.office.read() as session:
        rows = life.versions(session, name)
        old, _ = query.opened(session, desk, name, request.query_params.get("old", ""))
        new, _ = query.opened(session, desk, name, request.query_params.get("new", ""))
        changes = diff_packs(old, new)
        return page(
            request,
            "policy/diff.html",
            pack=new,
            old=old,
            new=new,
            rows=rows,
            changes=changes,
            sections=SECTIONS,
            part_text=query.part_text,
        )


@router.get("/packs/{name}/download", name="pack_download", dependencies=SEE)
def download(request: Request, desk: DeskDep, viewer: ViewerDep, name: str) -> Response:
    """The files of a version and of the packs it requires, as a zip; noted in the journal."""
    return packed(desk, viewer, name, request.query_params.get("v", ""))


@router.post("/packs/{name}/versions/{number}/test", dependencies=PROPOSE)
def test(request: Request, desk: DeskDep, viewer: ViewerDep, name: str, number: int) -> Response:
    """Run the version's cases: at once where they are few, else as a job."""
    with desk.office.begin() as session:
        found = _found(session, name, number)
        pack = query.shelf_of(desk).of_version(found)
        if len(pack.cases) > AT_ONCE:
            job = work.ask_test(session, viewer, found)
            flash(request, Text("用例较多，已放到后台运行。", "There are many cases; they run in the background."))
            return see_other(f"/jobs/{job.id}")
    outcome = life.cases_of(pack)
    with desk.office.begin() as session:
        life.note_test(session, viewer, _found(session, name, number), outcome)
    told = f"{outcome.passed}/{outcome.cases}"
    flash(request, Text(f"用例通过 {told}。", f"Cases passed: {told}."), "done" if not outcome.failed else "fault")
    return see_other(f"/packs/{name}/versions/{number}")


@router.post("/packs/{name}/versions/{number}/simulate", dependencies=PROPOSE)
def simulate(request: Request, desk: DeskDep, viewer: ViewerDep, name: str, number: int) -> Response:
    """Ask for a simulation of a version on the book."""
    asked: dict[str, Any] = {"version": number, "in_force": bool(field(request, "in_force", most=2))}
    for one in ("as_of", "first", "last"):
        if text := field(request, one, most=10):
            asked[one] = parse_day(text).isoformat()
    with desk.office.read() as session:
        _found(session, name, number)
    return _simulate(desk, viewer, name, asked)


@router.post("/packs/{name}/versions/{number}/submit", dependencies=PROPOSE)
def submit(request: Request, desk: DeskDep, viewer: ViewerDep, name: str, number: int) -> Response:
    """Ask another person to let it into force."""
    day = parse_day(field(request, "from_day", most=10, label=Text("生效日", "In force from")))
    with desk.office.begin() as session:
        found, checked = _found(session, name, number), bool(field(request, "checked", most=2))
        life.submit(session, viewer, found, day, field(request, "why", label=WHY), despite_failed=checked)
    flash(request, Text("已提交审批，由另一人决定。", "Submitted; another person decides."))
    return see_other(f"/packs/{name}/versions/{number}")


@router.post("/packs/{name}/versions/{number}/return", dependencies=PROPOSE)
def roll_back(request: Request, desk: DeskDep, viewer: ViewerDep, name: str, number: int) -> Response:
    """Ask another person to put an earlier version in force again."""
    day = parse_day(field(request, "from_day", most=10, label=Text("生效日", "In force from")))
    with desk.office.begin() as session:
        life.roll_back(session, viewer, _found(session, name, number), day, field(request, "why", label=WHY))
    flash(request, Text("已提请恢复，由另一人决定。", "The return is proposed; another person decides."))
    return see_other(f"/packs/{name}/versions/{number}")


@router.post("/packs/{name}/versions/{number}/withdraw", dependencies=PROPOSE)
def withdraw(request: Request, desk: DeskDep, viewer: ViewerDep, name: str, number: int) -> Response:
    """Give up a draft."""
    with desk.office.begin() as session:
        life.withdraw(session, viewer, _found(session, name, number), field(request, "why", label=WHY))
    flash(request, Text("草稿已撤回。", "The draft was withdrawn."))
    return see_other(f"/packs/{name}/versions/{number}")


def _simulate(desk: Desk, viewer: ViewerDep, name: str, asked: dict[str, Any]) -> Response:
    with desk.office.begin() as session:
        job = work.ask_simulation(session, viewer, name, asked)
    return see_other(f"/packs/{name}/simulations/{job.id}")


def _found(session: Session, name: str, number: int) -> PackVersion:
    found = life.find(session, number)
    if found.name != name:
        raise NotFoundError(Text(f"没有 {name} 的版本 {number}", f"there is no version {number} of {name}"))
    return found


def base_of(session: Session, desk: Desk, found: PackVersion) -> Pack | None:
    """What a version was drafted from; nothing for the first of its name."""
    if not found.base_digest:
        return None
    shelf = query.shelf_of(desk)
    for other in life.versions(session, found.name):
        if other.digest == found.base_digest:
            return shelf.of_version(other)
    try:
        return shelf.in_force(session, found.name, desk.clock().date())
    except HoufengError:
        return None


def waiting_for(session: Session, found: PackVersion) -> Approval | None:
    """The proposal to let a version into force that waits for a decision."""
    asked = select(Approval).where(
        Approval.kind == life.ACTIVATE,
        Approval.about == f"pack:{found.name}",
        Approval.state == approvals.State.WAITING,
    )
    waiting = session.scalars(asked).all()
    return next((one for one in waiting if one.detail["version"] == found.id), None)


def _words(request: Request) -> tuple[str, str]:
    return field(request, "version", most=40), field(request, "why", label=WHY)


def _address(version: PackVersion) -> str:
    return f"/packs/{version.name}/versions/{version.id}"
