"""Deadlines: who is told before one comes and when it has passed, each once."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.cases.states import LIVE, STATES, State
from houfeng.cases.tables import CaseFile, CaseMeasure, CasePlan, CaseReminder
from houfeng.cases.terms import Terms, shipped
from houfeng.errors import Text
from houfeng.office import notices
from houfeng.office.access import Role
from houfeng.office.database import office_of


def remind(session: Session, terms: Terms | None = None) -> int:
    """Tell owners of deadlines that come or have passed, approvers too where one has; gives how many were told of."""
    terms = terms or shipped()
    today = office_of(session).clock().date()
    near = today + timedelta(days=terms.remind_before)
    told = 0
    for case in session.scalars(select(CaseFile).where(CaseFile.state.in_(LIVE), CaseFile.due_on <= near)):
        assert case.due_on is not None
        name = STATES[State(case.state)]
        zh, en = f"{case.number}“{name.zh}”", f"{case.number} “{name.en}”"
        told += _remind(session, case, f"case:{case.id}", case.due_on, today, Text(zh, en))
    rows = session.execute(
        select(CaseMeasure, CaseFile)
        .join(CaseFile, CaseFile.id == CaseMeasure.case_id)
        .join(CasePlan, CasePlan.id == CaseMeasure.plan_id)
        .where(CasePlan.state == "approved", CaseMeasure.state == "todo", CaseMeasure.due_on <= near)
        .where(CaseFile.state.in_((State.CARRY_OUT, State.FOLLOW_UP)))
    )
    for measure, case in rows.all():
        label = terms.tool(measure.kind).label
        zh, en = f"{case.number} 措施“{label.zh}”", f"{case.number} measure “{label.en}”"
        told += _remind(session, case, f"measure:{measure.id}", measure.due_on, today, Text(zh, en))
    return told


def _remind(session: Session, case: CaseFile, about: str, due: date, today: date, what: Text) -> int:
    kind = "late" if due < today else "soon"
    if session.get(CaseReminder, (about, kind, due)) is not None:
        return 0
    session.add(CaseReminder(about=about, kind=kind, due_on=due, at=office_of(session).clock()))
    days = abs((due - today).days)
    zh = f"{what.zh}已超期 {days} 天" if kind == "late" else f"{what.zh}将于 {due} 到期"
    en = f"{what.en} is {days} days late" if kind == "late" else f"{what.en} is due on {due}"
    title, link = Text(zh, en), f"/cases/{case.id}"
    if case.owner_id is not None:
        notices.tell(session, [case.owner_id], title, link, f"case.{kind}")
    if case.owner_id is None or kind == "late":
        notices.tell(session, Role.APPROVER, title, link, f"case.{kind}", but=case.owner_id)
    return 1
