"""Plan versions of a case: drafts, votes on them, and what an approved one sets going."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.cases.files import mine, reason, seen
from houfeng.cases.plan.creditors import CreditorTable, Tally, Vote, carried, table_of, tally
from houfeng.cases.plan.measures import LONG, Measure, check, digest, measure_of
from houfeng.cases.states import State
from houfeng.cases.tables import CaseCommitment, CaseDocument, CaseFile, CaseMeasure, CasePlan, CaseVote
from houfeng.cases.terms import Terms
from houfeng.errors import ConflictError, InputError, NotFoundError, Text, UsageError
from houfeng.office import journal
from houfeng.office.access import Viewer
from houfeng.office.database import office_of

PLAN_STATES: Mapping[str, Text] = {
    "draft": Text("草拟", "Draft"),
    "submitted": Text("送审", "Submitted"),
    "returned": Text("退回", "Sent back"),
    "approved": Text("已批准", "Approved"),
    "replaced": Text("已被新版取代", "Replaced"),
}
MEASURE_STATES: Mapping[str, Text] = {
    "todo": Text("待完成", "To do"),
    "done": Text("已完成", "Done"),
    "dropped": Text("不再执行", "Dropped"),
    "replaced": Text("已改方案", "Replaced"),
}


def versions(session: Session, case_id: int) -> Sequence[CasePlan]:
    """All versions of the plan, newest first."""
    found = select(CasePlan).where(CasePlan.case_id == case_id).order_by(CasePlan.number.desc())
    return session.scalars(found).all()


def latest(session: Session, case_id: int) -> CasePlan | None:
    """The newest version."""
    found = select(CasePlan).where(CasePlan.case_id == case_id).order_by(CasePlan.number.desc()).limit(1)
    return session.scalars(found).first()


def in_force(session: Session, case_id: int) -> CasePlan | None:
    """The approved version."""
    return session.scalars(
        select(CasePlan).where(CasePlan.case_id == case_id, CasePlan.state == "approved")
    ).one_or_none()


def measures_of(plan: CasePlan) -> tuple[Measure, ...]:
    """The measures of a version."""
    return tuple(measure_of(plain) for plain in plan.measures)


def write_draft(
    session: Session,
    viewer: Viewer,
    case_id: int,
    version: int,
    *,
    template: str,
    summary: str,
    measures: Sequence[Measure],
    table: CreditorTable,
    terms: Terms,
) -> CasePlan:
    """Write the plan: the draft at hand, or a new version where the newest has left the desk.

    A changed draft has a new digest, and the votes given to the old one do not count for it.
    """
    case = seen(session, viewer, case_id, version)
    mine(case, viewer)
    if case.state != State.PLAN:
        raise ConflictError(Text("只有“拟订方案”时可以改方案", "a plan is written while the case is at “Planning”"))
    if template not in terms.templates:
        raise UsageError(Text(f"没有模板 {template}", f"there is no template {template}"))
    if len(summary) > LONG or table.enterprise_id != case.enterprise_id:
        raise InputError(Text(f"方案综述超过 {LONG} 字", f"the summary is over {LONG} characters"))
    plan = latest(session, case.id)
    if plan is None or plan.state != "draft":
        plan = CasePlan(case_id=case.id, number=plan.number + 1 if plan else 1, state="draft", authors=[])
        session.add(plan)
    plan.template, plan.summary = template, summary.strip()
    plan.measures, plan.creditors = [measure.plain() for measure in measures], table.plain()
    plan.digest = digest(measures, table, plan.summary)
    plan.authors = sorted({*plan.authors, viewer.user_id})
    plan.written_at = office_of(session).clock()
    session.flush()
    told = {"plan": plan.number, "digest": plan.digest, "measures": len(measures), "template": template}
    journal.write(session, viewer, "case.plan", f"case:{case.id}", detail=told)
    return plan


def whole(plan: CasePlan | None, terms: Terms, today: date) -> bool:
    """Whether there is a plan and nothing is missing in it."""
    return plan is not None and not check(measures_of(plan), table_of(plan.creditors), terms, today)


def votes_of(session: Session, plan: CasePlan) -> Sequence[CaseVote]:
    """The votes given to a version, those for an earlier wording too."""
    return session.scalars(select(CaseVote).where(CaseVote.plan_id == plan.id).order_by(CaseVote.id)).all()


def tallies(session: Session, plan: CasePlan, terms: Terms, day: date) -> list[Tally]:
    """How the votes on a version's present wording stand against the thresholds of its template on `day`."""
    given = {v.institution_id: Vote(v.vote) for v in votes_of(session, plan) if v.digest == plan.digest}
    found = (terms.threshold(name, day) for name in terms.templates[plan.template].votes)
    return tally(table_of(plan.creditors), given, [each for each in found if each is not None])


def votes_carry(session: Session, plan: CasePlan | None, terms: Terms, day: date) -> bool:
    """Whether the committee carries the plan, where its template asks for votes."""
    if plan is None:
        return False
    if not terms.templates[plan.template].votes:
        return True
    return carried(tallies(session, plan, terms, day), len(plan.creditors["rows"]))


def record_vote(
    session: Session, viewer: Viewer, case_id: int, version: int, institution_id: str, vote: str, note: str
) -> CaseVote:
    """Write down what a creditor said to the draft; a later word replaces the earlier, and the journal keeps both."""
    case = seen(session, viewer, case_id, version)
    mine(case, viewer)
    plan = latest(session, case.id)
    if plan is None or plan.state != "draft":
        raise ConflictError(Text("没有待表决的方案草稿", "there is no draft to vote on"))
    if table_of(plan.creditors).of(institution_id) is None or vote not in list(Vote):
        raise UsageError(Text("只有债权人表中的机构可以表决", "only an institution of the creditor table votes"))
    found = session.scalars(
        select(CaseVote).where(CaseVote.plan_id == plan.id, CaseVote.institution_id == institution_id)
    ).one_or_none()
    if found is None:
        found = CaseVote(plan_id=plan.id, institution_id=institution_id)
        session.add(found)
    found.vote, found.digest, found.note = vote, plan.digest, note.strip()[:LONG]
    found.recorded_by, found.at = viewer.user_id, office_of(session).clock()
    told = {"plan": plan.number, "institution": institution_id, "vote": vote, "digest": plan.digest}
    journal.write(session, viewer, "case.vote", f"case:{case.id}", why=note, detail=told)
    return found


def set_going(session: Session, case: CaseFile, plan: CasePlan, terms: Terms) -> None:
    """Make the measures and commitments of an approved plan; what an earlier version has finished stays finished."""
    earlier = select(CaseMeasure).where(CaseMeasure.case_id == case.id, CaseMeasure.state != "replaced")
    before = {row.key: row for row in session.scalars(earlier.order_by(CaseMeasure.id))}
    for old in before.values():
        if old.state == "todo":
            old.state = "replaced"
    of_case = select(CaseCommitment).where(CaseCommitment.case_id == case.id, CaseCommitment.active)
    for commitment in session.scalars(of_case):
        commitment.active = False
    table = table_of(plan.creditors)
    today = office_of(session).clock().date()
    for measure in measures_of(plan):
        row = _row(case, plan, measure, before.get(measure.key))
        session.add(row)
        session.flush()
        tool = terms.tool(measure.kind)
        if tool.commits and row.state == "todo":
            creditor = table.of(measure.institution_id)
            baseline = creditor.balance if creditor is not None else table.total
            session.add(
                CaseCommitment(
                    case_id=case.id, measure_id=row.id, kind=tool.commits, institution_id=measure.institution_id,
                    since=today, due_on=row.due_on, amount=measure.amount, rate=measure.rate, baseline=baseline,
                )
            )  # fmt: skip
    session.flush()


def _row(case: CaseFile, plan: CasePlan, measure: Measure, before: CaseMeasure | None) -> CaseMeasure:
    assert measure.due_on is not None  # a plan that lacks a day is not approved
    row = CaseMeasure(
        case_id=case.id, plan_id=plan.id, key=measure.key, kind=measure.kind, due_on=measure.due_on,
        amount=measure.amount, rate=measure.rate, institution_id=measure.institution_id, unit=measure.unit,
        state="todo",
    )  # fmt: skip
    if before is not None and before.state == "done" and before.kind == measure.kind:
        row.state, row.done_on, row.done_amount = "done", before.done_on, before.done_amount
        row.proof_id, row.note = before.proof_id, before.note
    return row


def measures(session: Session, case_id: int) -> Sequence[CaseMeasure]:
    """The measures of the plan in force."""
    return session.scalars(
        select(CaseMeasure)
        .join(CasePlan, CasePlan.id == CaseMeasure.plan_id)
        .where(CaseMeasure.case_id == case_id, CasePlan.state == "approved")
        .order_by(CaseMeasure.id)
    ).all()


def settle_measure(
    session: Session,
    viewer: Viewer,
    case_id: int,
    version: int,
    measure_id: int,
    state: str,
    note: str,
    *,
    done_on: date | None = None,
    done_amount: Decimal | None = None,
    proof_id: int | None = None,
) -> CaseMeasure:
    """Say that a measure is done, with its proof, or dropped, with the reason."""
    case = seen(session, viewer, case_id, version)
    mine(case, viewer)
    if case.state not in (State.CARRY_OUT, State.FOLLOW_UP):
        raise ConflictError(Text("案件不在执行中", "the case is not being carried out"))
    measure = session.get(CaseMeasure, measure_id)
    if (
        measure is None
        or measure.case_id != case.id
        or measure.plan_id != getattr(in_force(session, case.id), "id", None)
    ):
        raise NotFoundError(Text("没有这项措施", "there is no such measure"))
    if state not in ("done", "dropped"):
        raise UsageError(Text("措施只能完成或不再执行", "a measure is done or dropped"))
    if state == "done":
        proof = session.get(CaseDocument, proof_id) if proof_id is not None else None
        if proof is None or proof.case_id != case.id:
            raise UsageError(Text("请先上传并选择完成凭证", "attach the proof first, then choose it"))
        if done_on is None or done_on > office_of(session).clock().date():
            raise UsageError(Text("请填写不晚于今天的完成日期", "give the day it was done, not later than today"))
    else:
        reason(note)
    measure.state, measure.note = state, note.strip()[:LONG]
    measure.done_on, measure.done_amount = done_on, done_amount
    measure.proof_id = proof_id if state == "done" else None
    told = {"measure": measure.key, "state": state, "amount": done_amount, "proof": measure.proof_id}
    journal.write(session, viewer, "case.measure", f"case:{case.id}", why=note, detail=told)
    return measure
