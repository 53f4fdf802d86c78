"""Four eyes: what one person proposes, another decides, once.

A room registers what happens when its kind is approved; that runs in the transaction of the decision, so that either
both stand or neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from houfeng.errors import AccessError, ConflictError, NotFoundError, Text, UsageError
from houfeng.office import journal, notices
from houfeng.office.access import Permission, Role, Viewer
from houfeng.office.database import changed, office_of
from houfeng.office.identity.people import viewer_of
from houfeng.office.tables import Approval, User, UserRole

Effect = Callable[[Session, Approval, Viewer | str], None]
"""Called with the session of the decision, the proposal, and who decided (`system` where its time ran out)."""


class State(StrEnum):
    """Where a proposal stands."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


STATE_NAMES: Mapping[State, Text] = {
    State.WAITING: Text("待审批", "waiting"),
    State.APPROVED: Text("已批准", "approved"),
    State.REFUSED: Text("已否决", "refused"),
    State.WITHDRAWN: Text("已撤回", "withdrawn"),
    State.EXPIRED: Text("已过期", "expired"),
}

Sees = Callable[[Session, Approval, Viewer], bool]
"""Whether a viewer's scope reaches what a proposal is about."""


class _Kind(NamedTuple):
    on_approved: Effect
    on_refused: Effect | None
    sees: Sees | None


_kinds: dict[str, _Kind] = {}


def register(kind: str, on_approved: Effect, on_refused: Effect | None = None, sees: Sees | None = None) -> None:
    """Say what is done when a proposal of `kind` is approved, and what when it is refused, withdrawn or too late.

    `sees` holds proposals about things of a region or an institution from approvers of another; without it only
    approvers whose scope is everything see and decide them.
    """
    _kinds[kind] = _Kind(on_approved, on_refused, sees)


def propose(
    session: Session,
    viewer: Viewer,
    kind: str,
    about: str,
    title: Text,
    detail: Mapping[str, Any],
    why: str,
    *,
    ends_at: datetime | None = None,
) -> Approval:
    """Ask for a decision. There is at most one open proposal of a kind about a thing."""
    if kind not in _kinds:
        raise UsageError(Text(f"没有审批事项 {kind}", f"there is no kind of approval {kind}"))
    if not why.strip():
        raise UsageError(Text("请写明理由", "say why"))
    same = select(Approval.id).where(
        Approval.kind == kind,
        Approval.about == about,
        Approval.state == State.WAITING,
        _open_at(office_of(session).clock()),
    )
    if session.scalars(same).first() is not None:
        raise ConflictError(Text("此事已在审批中", "this is already waiting for a decision"))
    approval = Approval(
        kind=kind,
        about=about,
        title_zh=title.zh,
        title_en=title.en,
        detail=dict(detail),
        why=why.strip(),
        state=State.WAITING,
        proposer_id=viewer.user_id,
        proposed_at=office_of(session).clock(),
        ends_at=ends_at,
    )
    session.add(approval)
    session.flush()
    journal.write(session, viewer, "approval.propose", f"approval:{approval.id}", why=why, detail=_told(approval))
    approvers = session.scalars(select(User).join(UserRole).where(UserRole.role == Role.APPROVER, User.active))
    may = [user.id for user in approvers if _may_decide(session, approval, viewer_of(user, via="notice"))]
    notices.tell(session, may, title, _link(approval), "approval", {"approval": approval.id})
    return approval


def decide(session: Session, viewer: Viewer, approval_id: int, approve: bool, why: str) -> Approval:
    """Approve or refuse, with a reason, once.

    Raises:
        AccessError: the viewer may not approve, or proposed it.
        ConflictError: somebody was faster, or its time has passed.
    """
    viewer.require(Permission.APPROVE)
    approval = find(session, approval_id)
    if approval.proposer_id == viewer.user_id:
        raise AccessError(Text("提出人不能审批自己的事项", "who proposed it cannot decide it"))
    if not _may_decide(session, approval, viewer):
        raise _none(approval_id)
    if not why.strip():
        raise UsageError(Text("请写明理由", "say why"))
    return _close(session, approval, viewer, State.APPROVED if approve else State.REFUSED, why.strip())


def withdraw(session: Session, viewer: Viewer, approval_id: int, why: str) -> Approval:
    """The proposer takes it back."""
    approval = find(session, approval_id)
    if approval.proposer_id != viewer.user_id:
        raise AccessError(Text("只有提出人可以撤回", "only who proposed it can withdraw it"))
    return _close(session, approval, viewer, State.WITHDRAWN, why.strip())


def expire(session: Session) -> int:
    """Close what has passed its end; gives how many. The worker calls it every minute."""
    now = office_of(session).clock()
    late = session.scalars(
        select(Approval).where(Approval.state == State.WAITING, Approval.ends_at <= now, Approval.kind.in_(_kinds))
    ).all()
    for approval in late:
        _close(session, approval, "system", State.EXPIRED, "")
    return len(late)


def waiting(session: Session, viewer: Viewer) -> Sequence[Approval]:
    """What waits for a decision that `viewer` may make, oldest first; nothing for those who cannot approve."""
    if not viewer.may(Permission.APPROVE):
        return ()
    open_ = session.scalars(
        select(Approval)
        .where(Approval.state == State.WAITING, _open_at(office_of(session).clock()))
        .order_by(Approval.proposed_at, Approval.id)
    )
    return [approval for approval in open_ if _may_decide(session, approval, viewer)]


def find(session: Session, approval_id: int) -> Approval:
    """The proposal of that number.

    Raises:
        NotFoundError: there is none.
    """
    approval = session.get(Approval, approval_id)
    if approval is None:
        raise _none(approval_id)
    return approval


def _none(approval_id: int) -> NotFoundError:
    return NotFoundError(Text(f"没有审批事项 {approval_id}", f"there is no approval {approval_id}"))


def _may_decide(session: Session, approval: Approval, viewer: Viewer) -> bool:
    """Whether it is another's, and about something the viewer may see."""
    kind = _kinds.get(approval.kind)
    sees = kind.sees if kind is not None else None
    seen = viewer.scope.everything if sees is None else sees(session, approval, viewer)
    return seen and approval.proposer_id != viewer.user_id


def _open_at(now: datetime) -> Any:
    return (Approval.ends_at.is_(None)) | (Approval.ends_at > now)


def _close(session: Session, approval: Approval, who: Viewer | str, state: State, why: str) -> Approval:
    """Decided once: the update itself asks that nobody was faster, on every database."""
    now = office_of(session).clock()
    if state is not State.EXPIRED and approval.ends_at is not None and approval.ends_at <= now:
        raise ConflictError(Text("已过审批期限", "the time for a decision has passed"))
    taken = changed(
        session,
        update(Approval)
        .where(Approval.id == approval.id, Approval.state == State.WAITING)
        .values(
            state=state,
            decider_id=who.user_id if isinstance(who, Viewer) else None,
            decided_at=now,
            decision=why,
        ),
    )
    if not taken:
        raise ConflictError(Text("此事已有决定", "this was decided already"))
    session.refresh(approval)
    journal.write(session, who, f"approval.{_VERBS[state]}", f"approval:{approval.id}", why=why, detail=_told(approval))
    kind = _kinds.get(approval.kind)
    if kind is None:  # never decided by a process that does not know what follows
        raise UsageError(Text(f"没有审批事项 {approval.kind}", f"there is no kind of approval {approval.kind}"))
    effect = kind.on_approved if state is State.APPROVED else kind.on_refused
    if effect is not None:
        effect(session, approval, who)
    if state is not State.WITHDRAWN:
        title = Text(f"{STATE_NAMES[state].zh}：{approval.title_zh}", f"{STATE_NAMES[state].en}: {approval.title_en}")
        notices.tell(session, [approval.proposer_id], title, _link(approval), "approval", {"approval": approval.id})
    return approval


_VERBS = {State.APPROVED: "approve", State.REFUSED: "refuse", State.WITHDRAWN: "withdraw", State.EXPIRED: "expire"}


def _link(approval: Approval) -> str:
    """Where to look: the page the proposer named in `detail`, else what waits for oneself."""
    link = str(approval.detail.get("link", ""))
    return link if link.startswith("/") and not link.startswith("//") else "/todo"


def _told(approval: Approval) -> dict[str, Any]:
    return {
        "kind": approval.kind,
        "about": approval.about,
        "title": approval.title_zh,
        "proposer": approval.proposer_id,
        "detail": approval.detail,
    }
