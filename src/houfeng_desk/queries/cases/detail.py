"""One case whole: what its page shows, with names instead of numbers, and what the viewer may do next."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.cases import documents, files, moving, parties
from houfeng.cases.plan import commitments, versions
from houfeng.cases.plan.creditors import CreditorTable, Tally, Vote, table_of
from houfeng.cases.plan.measures import Change, check, difference
from houfeng.cases.states import ENDED, MOVES, ROAD, STATES, WHO, Move, State, hindrances
from houfeng.cases.tables import (
    CaseAlert,
    CaseCheck,
    CaseCommitment,
    CaseDocument,
    CaseFile,
    CaseFinding,
    CaseMeasure,
    CaseMember,
    CasePlan,
    CaseStep,
    CaseVote,
)
from houfeng.cases.terms import shipped
from houfeng.errors import Problem, Text
from houfeng.office import approvals
from houfeng.office.access import Permission, Viewer
from houfeng.office.tables import Approval, JournalEntry, User

VOTES: Mapping[str, Text] = {
    Vote.FOR: Text("同意", "For"),
    Vote.AGAINST: Text("反对", "Against"),
    Vote.ABSTAIN: Text("弃权", "Abstained"),
}
ACTS: Mapping[str, Text] = {
    "case.begin": Text("建案", "Case begun"),
    "case.assign": Text("确定承办人", "Owner named"),
    "case.finding": Text("写明核实情况", "Finding written"),
    "case.outcome": Text("写明处置结果", "Outcome written"),
    "case.member": Text("增加成员", "Member added"),
    "case.member_left": Text("成员退出", "Member left"),
    "case.attach": Text("并入预警", "Alerts attached"),
    "case.plan": Text("保存方案", "Plan saved"),
    "case.vote": Text("登记表决", "Vote recorded"),
    "case.measure": Text("措施进展", "Measure settled"),
    "case.document": Text("归入材料", "Document attached"),
    "case.read_document": Text("查阅材料", "Document read"),
    "case.unmask": Text("查看保密内容", "Confidential fields seen"),
    "case.settle": Text("处理违约", "Broken commitment settled"),
    "case.commitment_broken": Text("承诺未兑现", "Commitment broken"),
    "case.commitment_healed": Text("重报后承诺兑现", "Commitment kept after a correction"),
    "case.paper": Text("导出方案", "Plan given out"),
    "approval.propose": Text("送签", "Put forward for signature"),
    "approval.refuse": Text("签批未同意", "Signature refused"),
    "approval.withdraw": Text("撤回送签", "Taken back from signature"),
}
FIELDS: Mapping[str, Text] = {
    "": Text("措施", "Measure"),
    "kind": Text("措施种类", "Kind"),
    "due_on": Text("完成时限", "Due"),
    "amount": Text("金额", "Amount"),
    "rate": Text("利率", "Rate"),
    "institution_id": Text("机构", "Institution"),
    "unit": Text("责任单位", "Unit"),
    "note": Text("说明", "Note"),
}


@dataclass(frozen=True)
class Promise:
    """A commitment with its measure and what the book said of it, newest first."""

    commitment: CaseCommitment
    label: Text
    checks: Sequence[CaseCheck]


@dataclass(frozen=True)
class View:
    """Everything the page of a case shows. Confidential fields are already masked where they must be."""

    case: CaseFile
    state: State
    names: Mapping[int, str]
    moves: Sequence[tuple[Move, list[Text]]]
    approval: Approval | None
    signing: Sequence[Text]
    owner: bool
    inside: bool
    informant: str
    members: Sequence[CaseMember]
    alerts: Sequence[CaseAlert]
    plans: Sequence[CasePlan]
    votes: Mapping[int, Mapping[str, CaseVote]]
    tallies: Sequence[Tally]
    measures: Sequence[CaseMeasure]
    promises: Sequence[Promise]
    findings: Sequence[CaseFinding]
    documents: Sequence[CaseDocument]
    previous: CaseFile | None
    others: Sequence[CaseFile]
    steps: Sequence[CaseStep]

    @property
    def ended(self) -> bool:
        """Whether nothing more can happen to it."""
        return self.state in ENDED

    @property
    def plan(self) -> CasePlan | None:
        """The newest version of the plan."""
        return self.plans[0] if self.plans else None

    @property
    def table(self) -> CreditorTable | None:
        """The creditors frozen into the newest version."""
        return table_of(self.plan.creditors) if self.plan is not None else None

    def name(self, user_id: int | None) -> str:
        """A person's name."""
        return self.names.get(user_id, "") if user_id is not None else ""


def view(session: Session, viewer: Viewer, case_id: int, today: date) -> View:
    """The case, for this viewer.

    Raises:
        NotFoundError: there is none in the viewer's scope.
    """
    case = files.find(session, viewer, case_id)
    inside = documents.inside(case, viewer)
    plans = versions.versions(session, case.id)
    approval = approvals.find(session, case.approval_id) if case.approval_id is not None else None
    steps = session.scalars(select(CaseStep).where(CaseStep.case_id == case.id).order_by(CaseStep.number)).all()
    people = parties.members(session, case.id)
    return View(
        case=case,
        state=State(case.state),
        names={person.id: person.name for person in session.scalars(select(User))},
        moves=moving.next_moves(session, viewer, case),
        approval=approval,
        signing=_signing(session, viewer, case, approval),
        owner=case.owner_id == viewer.user_id or (case.owner_id is None and case.created_by == viewer.user_id),
        inside=inside,
        informant=case.informant if inside else documents.masked(case.informant),
        members=people,
        alerts=session.scalars(
            select(CaseAlert).where(CaseAlert.case_id == case.id).order_by(CaseAlert.opened_at.desc())
        ).all(),
        plans=plans,
        votes={plan.id: {v.institution_id: v for v in versions.votes_of(session, plan)} for plan in plans},
        tallies=versions.tallies(session, plans[0], shipped(), today) if plans else [],
        measures=versions.measures(session, case.id),
        promises=_promises(session, case),
        findings=commitments.findings(session, [case.id], only_open=False),
        documents=documents.documents(session, case.id),
        previous=session.get(CaseFile, case.previous_id) if case.previous_id is not None else None,
        others=_others(session, viewer, case),
        steps=steps,
    )


def _signing(session: Session, viewer: Viewer, case: CaseFile, approval: Approval | None) -> list[Text]:
    """What keeps the viewer from signing what waits."""
    if approval is None:
        return []
    wanted = MOVES[approval.detail["move"]]
    return hindrances(wanted, moving.facts_of(session, case), moving.actor_of(viewer), signing=True)


def _others(session: Session, viewer: Viewer, case: CaseFile) -> Sequence[CaseFile]:
    same = (CaseFile.enterprise_id == case.enterprise_id, CaseFile.id != case.id, files.visible(viewer))
    return session.scalars(select(CaseFile).where(*same).order_by(CaseFile.id.desc()).limit(20)).all()


def _promises(session: Session, case: CaseFile) -> list[Promise]:
    rows = session.execute(
        select(CaseCommitment, CaseMeasure)
        .join(CaseMeasure, CaseMeasure.id == CaseCommitment.measure_id)
        .join(CasePlan, CasePlan.id == CaseMeasure.plan_id)
        .where(CaseCommitment.case_id == case.id, CasePlan.state == "approved")
        .order_by(CaseCommitment.id)
    ).all()
    found = []
    for commitment, measure in rows:
        checks = session.scalars(
            select(CaseCheck)
            .where(CaseCheck.commitment_id == commitment.id)
            .order_by(CaseCheck.period.desc(), CaseCheck.known_at.desc())
            .limit(12)
        ).all()
        found.append(Promise(commitment, shipped().tool(measure.kind).label, checks))
    return found


def road(view: View) -> list[tuple[Text, str]]:
    """The bar of states: each with done, now or to come; a state beside the road stands at the end."""
    been = {step.to for step in view.steps}
    here = ROAD.index(view.state) if view.state in ROAD else len(ROAD)
    bar = []
    for place, state in enumerate(ROAD):
        stand = "now" if place == here else "done" if place < here and state in been else "next"
        bar.append((STATES[state], "skipped" if stand == "next" and (view.ended or place < here) else stand))
    return bar if view.state in ROAD else [*bar, (STATES[view.state], "now")]


def who_may(move: Move) -> Text:
    """Who makes a move, in words; of a signed one, who proposes and who signs."""
    if move.signed:
        return Text("承办人提出，未经手的审批人签批", "proposed by the owner, signed by an approver with no hand in it")
    return WHO[move.who]


def timeline(session: Session, view: View, lang: str, most: int = 200) -> list[dict[str, Any]]:
    """Who did what to the case by the journal, newest first, with their reasons."""
    asked = session.scalars(select(Approval.id).where(Approval.about == f"case:{view.case.id}"))
    about = [f"case:{view.case.id}", *(f"approval:{each}" for each in asked)]
    entries = session.scalars(
        select(JournalEntry)
        .where(JournalEntry.about.in_(about), JournalEntry.act != "approval.approve")
        .order_by(JournalEntry.seq.desc())
        .limit(most)
    )
    return [_told(entry, view, lang) for entry in entries]


def _told(entry: JournalEntry, view: View, lang: str) -> dict[str, Any]:
    detail = json.loads(entry.detail)
    who = view.name(entry.user_id) or Text("系统", "System").get(lang)
    if entry.act == "case.move":
        what = MOVES[detail["move"]].label.get(lang) + " → " + STATES[State(detail["to"])].get(lang)
    else:
        what = ACTS.get(entry.act, Text(entry.act, entry.act)).get(lang)
    extra = detail.get("name") or detail.get("reason") or ""
    why = "；".join(part for part in (entry.why, str(extra)) if part and part != entry.why) or entry.why
    return {"at": entry.at, "text": f"{who} · {what}", "sub": entry.why if not extra else why}


def compared(view: View, old: int, new: int) -> tuple[CasePlan, CasePlan, list[tuple[str, Text, Any, Any]]] | None:
    """Two versions of the plan and what changed between them, or nothing where one is missing."""
    by_number = {plan.number: plan for plan in view.plans}
    if old not in by_number or new not in by_number:
        return None
    before, after = by_number[old], by_number[new]
    changes = difference(versions.measures_of(before), versions.measures_of(after))
    labels = {m.key: shipped().tool(m.kind).label for plan in (before, after) for m in versions.measures_of(plan)}
    return before, after, [(change.key, labels[change.key], *_shown(change)) for change in changes]


def _shown(change: Change) -> tuple[Any, Any]:
    return change, FIELDS[change.field]


def banks(view: View) -> dict[str, str]:
    """The names of the creditors in any version."""
    return {row["institution_id"]: row["name"] for plan in view.plans for row in plan.creditors["rows"]}


def officers(session: Session, viewer: Viewer, case: CaseFile) -> list[tuple[str, str]]:
    """Who may own the case, for the one who may hand it over."""
    if not viewer.may(Permission.WORK_CASES):
        return []
    return [(str(user.id), user.name) for user in parties.officers(session, case)]


def missing(view: View, today: date) -> list[Problem]:
    """What the draft still lacks before it can be submitted."""
    plan = view.plan
    if plan is None or plan.state != "draft" or view.state is not State.PLAN:
        return []
    return check(versions.measures_of(plan), table_of(plan.creditors), shipped(), today)
