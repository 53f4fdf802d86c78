"""The life of a pack version: draft → simulated → submitted → approved by another person → in force from a day.

Every step is a row beside the version and an entry of the journal. What is in force is decided by activations alone; a
return to an earlier version is one more activation, signed by two persons like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.errors import ConflictError, NotFoundError, Text, UsageError
from houfeng.office import approvals, journal
from houfeng.office.access import Permission, Viewer
from houfeng.office.database import office_of
from houfeng.office.packs.files import told
from houfeng.office.packs.tables import PackActivation, PackStep, PackVersion
from houfeng.office.tables import Approval
from houfeng.packs.cases import run_cases
from houfeng.packs.loading.source import find_folder, shipped
from houfeng.packs.model import Pack

ACTIVATE = "pack.activate"
"""The kind of approval by which a version comes into force."""


class Stage(StrEnum):
    """Where a version stands. What is in force is told by the activations."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


STAGE_NAMES: Mapping[str, Text] = {
    Stage.DRAFT: Text("草稿", "draft"),
    Stage.SUBMITTED: Text("待审批", "awaiting approval"),
    Stage.APPROVED: Text("已批准", "approved"),
    Stage.REFUSED: Text("已否决", "refused"),
    Stage.WITHDRAWN: Text("已撤回", "withdrawn"),
}

ACT_NAMES: Mapping[str, Text] = {
    "draft": Text("建立草稿", "drafted"),
    "test": Text("运行用例", "cases run"),
    "simulate": Text("模拟", "simulated"),
    "submit": Text("提交审批", "submitted"),
    "approve": Text("批准", "approved"),
    "refuse": Text("否决", "refused"),
    "withdraw": Text("撤回", "withdrawn"),
    "back": Text("提请恢复", "return proposed"),
    "load": Text("交给监测", "handed to the watch"),
}


def step(
    session: Session,
    version: PackVersion,
    who: Viewer | str,
    act: str,
    why: str = "",
    detail: Mapping[str, Any] | None = None,
) -> PackStep:
    """Note that something was done with a version, beside it and in the journal."""
    found = PackStep(
        version_id=version.id,
        act=act,
        at=office_of(session).clock(),
        who=who.login if isinstance(who, Viewer) else who,
        why=why.strip(),
        detail=dict(detail or {}),
    )
    session.add(found)
    about = f"pack:{version.name}@{version.version}"
    journal.write(session, who, f"pack.{act}", about, why=why, detail={"version": version.id, **(detail or {})})
    return found


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of a version's cases."""

    cases: int
    passed: int
    failed: tuple[dict[str, Any], ...]

    def summary(self) -> dict[str, Any]:
        """As JSON-able values."""
        return {"cases": self.cases, "passed": self.passed, "failed": list(self.failed[:50])}


def cases_of(pack: Pack) -> Tested:
    """Run a pack's own cases by both roads."""
    outcomes = run_cases(pack)
    failed = tuple(told(problem) for outcome in outcomes for problem in outcome.problems)
    return Tested(len(outcomes), sum(outcome.passed for outcome in outcomes), failed)


def note_test(session: Session, who: Viewer | str, version: PackVersion, found: Tested) -> None:
    """Note the outcome of a version's cases beside it."""
    step(session, version, who, "test", detail=found.summary())


def submit(
    session: Session, viewer: Viewer, version: PackVersion, from_day: date, why: str, *, despite_failed: bool = False
) -> Approval:
    """Ask another person to let a draft into force from a day.

    A change of policy can make cases of the old one fail; `despite_failed` says that they were looked at one by one. It
    is told to who signs.

    Raises:
        UsageError: it is no draft, was not simulated, its cases were not run or failed, or the day is past.
    """
    viewer.require(Permission.PROPOSE_PACKS)
    if version.state != Stage.DRAFT:
        raise UsageError(Text("只有草稿可以提交审批", "only a draft can be submitted"))
    done = {one.act: one for one in version.steps}
    if "test" not in done:
        raise UsageError(Text("请先运行用例再提交", "run the cases first"))
    failed = done["test"].detail["cases"] - done["test"].detail["passed"]
    if failed and not despite_failed:
        raise UsageError(
            Text(
                f"有 {failed} 个用例没有通过；请改好，或逐条核对后勾选“已核对”再提交",
                f"{failed} cases failed: mend them, or look at each and say so before you submit",
            )
        )
    if "simulate" not in done:
        raise UsageError(Text("请先模拟，看清影响谁、影响多少再提交", "simulate first: see whom it moves and how much"))
    approval = _propose(session, viewer, version, from_day, why, back=False, failed=failed)
    version.state = Stage.SUBMITTED
    step(session, version, viewer, "submit", why, {"approval": approval.id, "from": from_day.isoformat()})
    return approval


def roll_back(session: Session, viewer: Viewer, version: PackVersion, from_day: date, why: str) -> Approval:
    """Ask another person to put an earlier version, approved before, in force again.

    Raises:
        UsageError: it was never approved, or is in force on that day already.
    """
    viewer.require(Permission.PROPOSE_PACKS)
    if version.state != Stage.APPROVED:
        raise UsageError(Text("只能恢复曾获批准的版本", "only a version that was approved can come back"))
    now = active(session, version.name, from_day)
    if (now.digest if now else _shipped_digest(session, version.name)) == version.digest:
        raise UsageError(Text("该版本当日已生效", "this version is in force on that day already"))
    approval = _propose(session, viewer, version, from_day, why, back=True)
    step(session, version, viewer, "back", why, {"approval": approval.id, "from": from_day.isoformat()})
    return approval


def withdraw(session: Session, viewer: Viewer, version: PackVersion, why: str) -> None:
    """The author gives up a draft; one that waits for approval is withdrawn there."""
    if version.author_id != viewer.user_id or version.state != Stage.DRAFT:
        raise UsageError(Text("只有起草人可以撤回自己的草稿", "only its author can withdraw a draft"))
    version.state = Stage.WITHDRAWN
    step(session, version, viewer, "withdraw", why)


def _propose(
    session: Session, viewer: Viewer, version: PackVersion, from_day: date, why: str, *, back: bool, failed: int = 0
) -> Approval:
    today = office_of(session).clock().date()
    if from_day < today:
        raise UsageError(Text(f"生效日不能早于今天（{today}）", f"the day cannot be before today ({today})"))
    zh, en = ("恢复", "Return to") if back else ("启用", "Activate")
    title = Text(
        f"{zh}{version.label_zh} {version.version}，自 {from_day} 起",
        f"{en} {version.label_en} {version.version} from {from_day}",
    )
    detail: dict[str, Any] = {"version": version.id, "digest": version.digest, "from": from_day.isoformat()}
    detail |= {"back": back, "failed_cases": failed, "href": f"/packs/{version.name}/versions/{version.id}"}
    return approvals.propose(session, viewer, ACTIVATE, f"pack:{version.name}", title, detail, why)


def approved(session: Session, approval: Approval, who: Viewer | str) -> PackActivation:
    """The signature: an activation, not earlier than the day it is decided on."""
    version = find(session, approval.detail["version"])
    if version.digest != approval.detail["digest"]:
        raise ConflictError(Text("版本内容已变，不能批准", "the version changed; it cannot be approved"))
    at = office_of(session).clock()
    wanted = date.fromisoformat(approval.detail["from"])
    activation = PackActivation(
        name=version.name,
        version_id=version.id,
        version=version.version,
        digest=version.digest,
        from_day=max(wanted, at.date()),
        decided_at=at,
        proposed_by=approval.proposer.login,
        approved_by=who.login if isinstance(who, Viewer) else who,
        approval_id=approval.id,
        back=approval.detail["back"],
        why=approval.why,
    )
    session.add(activation)
    session.flush()
    version.state = Stage.APPROVED
    detail = {"activation": activation.id, "from": activation.from_day.isoformat(), "back": activation.back}
    step(session, version, who, "approve", approval.decision, detail)
    return activation


def refused(session: Session, approval: Approval, who: Viewer | str) -> None:
    """No signature: refused, or taken back by who proposed it."""
    version = find(session, approval.detail["version"])
    withdrawn = approval.state == approvals.State.WITHDRAWN
    if not approval.detail["back"]:
        version.state = Stage.DRAFT if withdrawn else Stage.REFUSED
    step(session, version, who, "withdraw" if withdrawn else "refuse", approval.decision, {"approval": approval.id})


def find(session: Session, version_id: int) -> PackVersion:
    """The version of that number.

    Raises:
        NotFoundError: there is none.
    """
    found = session.get(PackVersion, version_id)
    if found is None:
        raise NotFoundError(Text(f"没有政策包版本 {version_id}", f"there is no pack version {version_id}"))
    return found


def versions(session: Session, name: str | None = None) -> list[PackVersion]:
    """All versions (of one pack), the newest first."""
    asked = select(PackVersion).order_by(PackVersion.created_at.desc(), PackVersion.id.desc())
    return list(session.scalars(asked.where(PackVersion.name == name) if name is not None else asked))


def activations(session: Session, name: str) -> list[PackActivation]:
    """All activations of a pack, in the order in which they come into force."""
    asked = select(PackActivation).where(PackActivation.name == name)
    return list(session.scalars(asked.order_by(PackActivation.from_day, PackActivation.decided_at, PackActivation.id)))


def active(session: Session, name: str, on: date, known: datetime | None = None) -> PackActivation | None:
    """The activation in force on a day, as known at a moment (default: now); nothing where the shipped pack stands."""
    asked = select(PackActivation).where(PackActivation.name == name, PackActivation.from_day <= on)
    if known is not None:
        asked = asked.where(PackActivation.decided_at <= known)
    order = (PackActivation.from_day.desc(), PackActivation.decided_at.desc(), PackActivation.id.desc())
    return session.scalars(asked.order_by(*order).limit(1)).first()


def _shipped_digest(session: Session, name: str) -> str:
    held = [one for one in versions(session, name) if one.origin == "shipped"]
    return held[0].digest if held and name in shipped() else ""


def shipped_folder(name: str) -> Path | None:
    """The folder of a shipped pack, or nothing."""
    return find_folder(name) if name in shipped() else None
