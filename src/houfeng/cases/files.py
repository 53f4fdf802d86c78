"""Case files: begin one, see those of one's scope, attach alerts, say who owns it and what was found.

Every change asks for the version the person saw, stands in the journal with its reason, and happens in one transaction
or not at all.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import Session

from houfeng.cases.alerts import hold
from houfeng.cases.states import ENDED, STATES, Outcome, State
from houfeng.cases.tables import CaseFile, CaseMember, CaseSlot, CaseStep
from houfeng.cases.terms import Terms, shipped
from houfeng.errors import AccessError, ConflictError, InputError, NotFoundError, Problem, Text, UsageError, Where
from houfeng.office import journal
from houfeng.office.access import Permission, Viewer
from houfeng.office.alerts.tables import Alert
from houfeng.office.database import office_of
from houfeng.office.scope import covers, in_regions


@dataclass(frozen=True, slots=True)
class About:
    """The enterprise a case is about, as the book tells it when the case begins."""

    enterprise_id: str
    name: str
    region: str
    exposure: Decimal | None = None


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """The condition on `CaseFile` that leaves the cases of the viewer's scope."""
    scope = viewer.scope
    parts = in_regions(scope.regions, CaseFile.region)
    if scope.institutions is not None:
        on_committee = select(CaseMember.case_id).where(
            CaseMember.institution_id.in_(scope.institutions), CaseMember.until.is_(None)
        )
        parts.append(CaseFile.id.in_(on_committee))
    if scope.enterprise is not None:
        parts.append(CaseFile.enterprise_id == scope.enterprise)
    return and_(true(), *parts)


def find(session: Session, viewer: Viewer, case_id: int) -> CaseFile:
    """The case of that number.

    Raises:
        AccessError: the viewer may see no cases.
        NotFoundError: there is none in the viewer's scope.
    """
    viewer.require(Permission.SEE_CASES)
    case = session.scalars(select(CaseFile).where(CaseFile.id == case_id, visible(viewer))).one_or_none()
    if case is None:
        raise NotFoundError(Text(f"没有案件 {case_id}", f"there is no case {case_id}"))
    return case


def live_case(session: Session, enterprise_id: str, type_: str) -> CaseFile | None:
    """The live case of that type about that enterprise."""
    slot = session.get(CaseSlot, (enterprise_id, type_))
    return session.get(CaseFile, slot.case_id) if slot is not None else None


def begin(
    session: Session,
    viewer: Viewer,
    about: About,
    type_: str,
    title: str,
    clue: str,
    *,
    why: str,
    alerts: Collection[Alert] = (),
    informant: str = "",
    terms: Terms | None = None,
) -> CaseFile:
    """Begin a case from alerts or by hand, as a clue without an owner.

    Raises:
        ConflictError: the enterprise has a live case of this type; it is named.
        InputError: something is missing; all of it is told.
    """
    viewer.require(Permission.WORK_CASES)
    terms = terms or shipped()
    _check_new(viewer, about, type_, title, clue or " ".join(a.reason_zh for a in alerts), why, terms)
    held = live_case(session, about.enterprise_id, type_)
    if held is not None:
        raise ConflictError(
            Text(
                f"{about.name} 已有同类在办案件 {held.number}（/cases/{held.id}）；请把线索并入该案",
                f"{about.name} has a live case of this type, {held.number} (/cases/{held.id}); add the clue to it",
            )
        )
    now = office_of(session).clock()
    last = select(func.max(CaseFile.serial)).where(CaseFile.year == now.year)
    case = CaseFile(
        version=1,
        year=now.year,
        serial=(session.scalar(last) or 0) + 1,
        type=type_,
        title=title.strip(),
        enterprise_id=about.enterprise_id,
        enterprise_name=about.name,
        region=about.region,
        exposure=about.exposure,
        state=State.CLUE,
        state_since=now,
        due_on=due_on(State.CLUE, now, terms),
        source="alert" if alerts else "hand",
        clue=clue.strip(),
        informant=informant.strip(),
        previous_id=_previous(session, about.enterprise_id, type_),
        created_at=now,
        created_by=viewer.user_id,
    )
    session.add(case)
    session.flush()
    session.add(CaseSlot(enterprise_id=about.enterprise_id, type=type_, case_id=case.id))
    told = {"number": case.number, "enterprise": about.enterprise_id, "type": type_, "alerts": [a.id for a in alerts]}
    entry = journal.write(session, viewer, "case.begin", f"case:{case.id}", why=why, detail=told)
    step(session, case, "begin", "", State.CLUE, viewer.user_id, why, entry.seq)
    hold(session, case, alerts, viewer.user_id)
    return case


def _check_new(viewer: Viewer, about: About, type_: str, title: str, clue: str, why: str, terms: Terms) -> None:
    problems = []
    if type_ not in terms.types:
        what = Text(f"没有案件类型 {type_}", f"there is no type of case {type_}")
        problems.append(Problem("case.blank", what, Where(field="type")))
    for name, value, zh, en in (
        ("title", title, "案件名称", "title"),
        ("clue", clue, "线索内容", "clue"),
        ("why", why, "事由", "reason"),
    ):
        if not value.strip():
            problems.append(Problem("case.blank", Text(f"请填写{zh}", f"give the {en}"), Where(field=name)))
    if problems:
        raise InputError(Text("案件信息不完整", "the case is not complete"), problems)
    if not covers(viewer.scope.regions, about.region):
        raise NotFoundError(Text(f"没有企业 {about.enterprise_id}", f"there is no enterprise {about.enterprise_id}"))


def _previous(session: Session, enterprise_id: str, type_: str) -> int | None:
    same = (CaseFile.enterprise_id == enterprise_id, CaseFile.type == type_)
    return session.scalars(select(CaseFile.id).where(*same).order_by(CaseFile.id.desc()).limit(1)).first()


def step(
    session: Session, case: CaseFile, move: str, start: str, to: State, by: int, why: str, seq: int,
    proposed_by: int | None = None,
) -> None:  # fmt: skip
    """Write down one move of a case."""
    count = session.scalar(select(func.count()).select_from(CaseStep).where(CaseStep.case_id == case.id)) or 0
    now = office_of(session).clock()
    session.add(
        CaseStep(
            case_id=case.id, number=count + 1, move=move, start=start, to=to, at=now, by=by, why=why,
            proposed_by=proposed_by, journal_seq=seq,
        )
    )  # fmt: skip
    session.flush()


def due_on(state: State, since: datetime, terms: Terms) -> date | None:
    """The day by which a case should leave `state`."""
    return since.date() + timedelta(days=terms.deadlines[state]) if state not in ENDED else None


def seen(session: Session, viewer: Viewer, case_id: int, version: int) -> CaseFile:
    """The case, to be changed by somebody who saw `version`; its version grows.

    Raises:
        ConflictError: somebody else changed it since, or it has ended.
    """
    case = find(session, viewer, case_id)
    if case.version != version:
        raise ConflictError(
            Text(
                f"{case.number} 已被他人更新（您看到的是第 {version} 版，现为第 {case.version} 版），请刷新后再办",
                f"{case.number} was changed by somebody else (you saw version {version}, it is {case.version} now); "
                "look again, then act",
            )
        )
    if State(case.state) in ENDED:
        raise ConflictError(Text(f"{case.number} 已办结，不能再改", f"{case.number} has ended; it stays as it is"))
    case.version += 1
    return case


def mine(case: CaseFile, viewer: Viewer) -> None:
    """Raise AccessError unless the viewer owns the case, or nobody does and they began it."""
    viewer.require(Permission.WORK_CASES)
    if viewer.user_id != case.owner_id and not (case.owner_id is None and viewer.user_id == case.created_by):
        raise AccessError(Text("须由承办人办理", "only the owner may do this"))


def reason(why: str) -> str:
    """The reason, which must be there."""
    if not why.strip():
        raise UsageError(Text("请写明理由", "say why"))
    return why.strip()


def write_finding(session: Session, viewer: Viewer, case_id: int, version: int, text: str) -> CaseFile:
    """Say what verification found."""
    case = seen(session, viewer, case_id, version)
    mine(case, viewer)
    case.finding = text.strip()
    journal.write(session, viewer, "case.finding", f"case:{case.id}", detail={"length": len(case.finding)})
    return case


def write_outcome(
    session: Session, viewer: Viewer, case_id: int, version: int, outcome: str, note: str, recovered: Decimal | None
) -> CaseFile:
    """Say what became of it, before the close-out is proposed."""
    case = seen(session, viewer, case_id, version)
    mine(case, viewer)
    if case.approval_id is not None:
        raise ConflictError(Text("已送审，结果不能再改", "it waits for a signature; the outcome cannot change now"))
    if outcome not in list(Outcome):
        raise UsageError(Text(f"没有处置结果 {outcome}", f"there is no outcome {outcome}"))
    if recovered is not None and recovered < 0:
        raise UsageError(Text("收回金额不能为负", "an amount recovered is not negative"))
    case.outcome, case.outcome_note, case.recovered = outcome, note.strip(), recovered
    told = {"outcome": outcome, "note": case.outcome_note, "recovered": recovered}
    journal.write(session, viewer, "case.outcome", f"case:{case.id}", why=note, detail=told)
    return case


def attach(session: Session, viewer: Viewer, case_id: int, version: int, alerts: Collection[Alert], why: str) -> int:
    """Add alerts to a case; gives how many were new to any case."""
    viewer.require(Permission.WORK_CASES)
    case = seen(session, viewer, case_id, version)
    wrong = [alert.id for alert in alerts if alert.enterprise not in (None, case.enterprise_id)]
    if wrong:
        raise UsageError(Text("预警不是关于这家企业的", "an alert is about another enterprise"))
    added = hold(session, case, alerts, viewer.user_id)
    told = {"alerts": [alert.id for alert in alerts]}
    journal.write(session, viewer, "case.attach", f"case:{case.id}", why=reason(why), detail=told)
    return added


def state_name(case: CaseFile) -> Text:
    """The words for the state a case is in."""
    return STATES[State(case.state)]
