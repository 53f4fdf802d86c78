"""Moving a case: the table of moves held against the facts, one transaction for the move, its journal and its notices.

A signed move is proposed by the owner and made when somebody else signs, through the office's approvals; what they sign
is the version of the case and the digest of the plan they were shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from houfeng.cases.files import due_on, find, reason, seen, step, visible
from houfeng.cases.parties import members
from houfeng.cases.plan import versions
from houfeng.cases.states import ENDED, MOVES, Actor, Facts, Move, Outcome, State, hindrances, moves_from, who_hinders
from houfeng.cases.tables import (
    CaseCommitment,
    CaseDocument,
    CaseFile,
    CaseFinding,
    CaseMember,
    CasePlan,
    CaseSlot,
)
from houfeng.cases.terms import Terms, shipped
from houfeng.errors import AccessError, ConflictError, Problem, Text, UsageError, did_you_mean
from houfeng.office import approvals, journal, notices
from houfeng.office.access import Permission, Viewer
from houfeng.office.database import office_of
from houfeng.office.tables import Approval

PLAN, CLOSE = "case.plan", "case.close"


def facts_of(session: Session, case: CaseFile, terms: Terms | None = None) -> Facts:
    """What the conditions of moves look at, read in this transaction."""
    terms = terms or shipped()
    today = office_of(session).clock().date()
    plan = versions.latest(session, case.id)
    if plan is not None and plan.state == "submitted":
        today = plan.written_at.date()  # what waits for a signature does not spoil by waiting
    people = members(session, case.id)
    rows = versions.measures(session, case.id)
    open_findings = select(func.count()).where(CaseFinding.case_id == case.id, CaseFinding.settled_at.is_(None))
    documents = select(func.count()).where(CaseDocument.case_id == case.id)
    return Facts(
        state=State(case.state),
        owner_id=case.owner_id,
        finding=bool(case.finding),
        lead=any(member.part == "lead" for member in people),
        committee=_committee(case, people),
        plan_whole=versions.whole(plan, terms, today),
        votes_carry=versions.votes_carry(session, plan, terms, today),
        measures_settled=bool(rows) and all(row.state != "todo" for row in rows),
        broken=session.scalar(open_findings) or 0,
        documents=session.scalar(documents) or 0,
        waiting=case.approval_id is not None and case.state != State.APPROVE,
        outcome=Outcome(case.outcome) if case.outcome else None,
        hands=_hands(session, case, plan),
    )


def _committee(case: CaseFile, people: list[CaseMember]) -> bool:
    """Somebody of the creditors sits on it, where anybody has lent."""
    return not case.exposure or any(member.part == "creditor" for member in people)


def _hands(session: Session, case: CaseFile, plan: CasePlan | None) -> frozenset[int]:
    hands = {case.owner_id} - {None}
    if plan is not None and case.state == State.APPROVE:
        hands |= {*plan.authors, plan.submitted_by} - {None}
    if case.approval_id is not None:
        hands.add(approvals.find(session, case.approval_id).proposer_id)
    return frozenset(hand for hand in hands if hand is not None)


def actor_of(viewer: Viewer) -> Actor:
    """The viewer as the table of moves sees them."""
    return Actor(viewer.user_id, viewer.may(Permission.WORK_CASES), viewer.may(Permission.APPROVE))


def next_moves(session: Session, viewer: Viewer, case: CaseFile) -> list[tuple[Move, list[Text]]]:
    """Every move the table has from here, each with what hinders the viewer."""
    facts, actor = facts_of(session, case), actor_of(viewer)
    return [(move, hindrances(move, facts, actor)) for move in moves_from(State(case.state))]


def move(session: Session, viewer: Viewer, case_id: int, version: int, name: str, why: str) -> CaseFile:
    """Make a move, or propose it where another must sign.

    Raises:
        ConflictError: the case is not as the viewer saw it, or conditions are not met; all of them are told.
        AccessError: this is not theirs to do.
    """
    wanted = MOVES.get(name)
    if wanted is None:
        near = did_you_mean(name, MOVES)
        raise UsageError(Text(f"没有动作 {name}。{near.zh}", f"there is no move {name}. {near.en}"))
    if wanted.name in ("approve", "send_back"):
        return sign(session, viewer, case_id, version, wanted.name == "approve", why)
    case = seen(session, viewer, case_id, version)
    why = reason(why)
    _refuse(wanted, facts_of(session, case), actor_of(viewer))
    if wanted.signed:
        _ask(session, viewer, case, CLOSE, wanted, why, {"outcome": case.outcome})
        return case
    _apply(session, case, wanted, viewer, why)
    if wanted.to is State.APPROVE:
        plan = versions.latest(session, case.id)
        assert plan is not None
        plan.state, plan.submitted_by = "submitted", viewer.user_id
        _ask(session, viewer, case, PLAN, MOVES["approve"], why, {"plan": plan.number, "digest": plan.digest})
    return case


def sign(session: Session, viewer: Viewer, case_id: int, version: int, approve: bool, why: str) -> CaseFile:
    """Sign, or refuse, what waits on a case."""
    case = find(session, viewer, case_id)
    if case.version != version:
        seen(session, viewer, case_id, version)  # tells the difference
    if case.approval_id is None:
        raise ConflictError(Text("没有待签批的事项", "nothing waits for a signature"))
    approvals.decide(session, viewer, case.approval_id, approve, reason(why))
    return case


def withdraw(session: Session, viewer: Viewer, case_id: int, version: int, why: str) -> CaseFile:
    """Who proposed takes it back."""
    case = find(session, viewer, case_id)
    if case.version != version or case.approval_id is None:
        raise ConflictError(Text("没有可撤回的事项，或案件已更新", "nothing to take back, or the case has changed"))
    approvals.withdraw(session, viewer, case.approval_id, reason(why))
    return case


def _ask(
    session: Session, viewer: Viewer, case: CaseFile, kind: str, wanted: Move, why: str, detail: Mapping[str, Any]
) -> None:
    title = Text(
        f"{wanted.label.zh}：{case.number} {case.enterprise_name}",
        f"{wanted.label.en}: {case.number} {case.enterprise_name}",
    )
    told = {"case": case.id, "move": wanted.name, "version": case.version, "link": f"/cases/{case.id}", **detail}
    case.approval_id = approvals.propose(session, viewer, kind, f"case:{case.id}", title, told, why).id
    session.flush()


def _refuse(wanted: Move, facts: Facts, actor: Actor, *, signing: bool = False) -> None:
    """Raise for all that hinders; who may not at all is told so as such."""
    said = hindrances(wanted, facts, actor, signing=signing)
    if not said:
        return
    theirs = facts.state not in wanted.start or not who_hinders(wanted, facts, actor, signing)
    fault = ConflictError if theirs else AccessError
    problems = [Problem("case.hindrance", text) for text in said]
    raise fault(Text(f"现在不能{wanted.label.zh}", f"not now: {wanted.label.en}"), problems)


def _apply(
    session: Session, case: CaseFile, wanted: Move, who: Viewer | str, why: str, proposed_by: int | None = None
) -> None:
    """Change the state and write it down. The caller has checked, and the transaction holds it together."""
    now = office_of(session).clock()
    start, case.state, case.state_since = case.state, wanted.to, now
    case.due_on = due_on(wanted.to, now, shipped())
    told = {"number": case.number, "move": wanted.name, "from": start, "to": wanted.to, "version": case.version}
    entry = journal.write(session, who, "case.move", f"case:{case.id}", why=why, detail=told)
    by = who.user_id if isinstance(who, Viewer) else case.owner_id or case.created_by
    step(session, case, wanted.name, start, wanted.to, by, why, entry.seq, proposed_by)
    if wanted.to in ENDED:
        case.ended_at = now
        slot = session.get(CaseSlot, (case.enterprise_id, case.type))
        assert slot is not None
        session.delete(slot)
        for commitment in session.scalars(
            select(CaseCommitment).where(CaseCommitment.case_id == case.id, CaseCommitment.active)
        ):
            commitment.active = False
    if case.owner_id is not None:
        title = Text(f"{case.number}：{wanted.label.zh}", f"{case.number}: {wanted.label.en}")
        notices.tell(session, [case.owner_id], title, f"/cases/{case.id}", "case.move", told, but=by)


def _case_of(session: Session, approval: Approval, who: Viewer | str) -> CaseFile:
    """The case a decision is about, in the signer's scope and still as it was proposed."""
    case_id = int(approval.detail["case"])
    case = find(session, who, case_id) if isinstance(who, Viewer) else session.get(CaseFile, case_id)
    assert case is not None
    if case.approval_id != approval.id:
        raise ConflictError(Text("案件上没有这个待签批事项", "the case does not wait for this"))
    return case


def _approved(session: Session, approval: Approval, who: Viewer | str) -> None:
    """The signature is the move: checked again, with the signer as the actor."""
    assert isinstance(who, Viewer)
    case = _case_of(session, approval, who)
    wanted = MOVES[approval.detail["move"]]
    _refuse(wanted, facts_of(session, case), actor_of(who), signing=True)
    plan = versions.latest(session, case.id)
    if wanted.name == "approve":
        assert plan is not None
        if plan.digest != approval.detail["digest"] or plan.state != "submitted":
            raise ConflictError(Text("方案已不是送审的那一版", "the plan is not the one that was submitted"))
        _approve_plan(session, case, plan, who)
    elif case.outcome != approval.detail["outcome"]:
        raise ConflictError(Text("处置结果已改动", "the outcome has changed"))
    case.approval_id = None
    case.version += 1
    _apply(session, case, wanted, who, approval.decision, approval.proposer_id)


def _approve_plan(session: Session, case: CaseFile, plan: CasePlan, who: Viewer) -> None:
    before = versions.in_force(session, case.id)
    if before is not None:
        before.state = "replaced"
        session.flush()
    plan.state, plan.decided_by, plan.decided_at = "approved", who.user_id, office_of(session).clock()
    session.flush()
    versions.set_going(session, case, plan, shipped())


def _refused(session: Session, approval: Approval, who: Viewer | str) -> None:
    """Refused, withdrawn or too late: a plan goes back to be written, a close-out stays undone."""
    case = _case_of(session, approval, who)
    case.approval_id = None
    case.version += 1
    if approval.kind == PLAN:
        plan = versions.latest(session, case.id)
        assert plan is not None
        if isinstance(who, Viewer) and approval.state == approvals.State.REFUSED:
            _refuse(MOVES["send_back"], facts_of(session, case), actor_of(who), signing=True)
            plan.decided_by = who.user_id
        plan.state, plan.decided_at = "returned", office_of(session).clock()
        why = approval.decision or "逾期未批 / not decided in time"
        _apply(session, case, MOVES["send_back"], who, why, approval.proposer_id)


def _sees(session: Session, approval: Approval, viewer: Viewer) -> bool:
    """Whether the case a proposal is about lies in the viewer's scope."""
    asked = select(CaseFile.id).where(CaseFile.id == int(approval.detail["case"]), visible(viewer))
    return session.scalar(asked) is not None


approvals.register(PLAN, _approved, _refused, _sees)
approvals.register(CLOSE, _approved, _refused, _sees)
