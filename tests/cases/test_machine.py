"""No sequence of acts by any people breaks four eyes or brings a case where its conditions do not hold.

The machine lets anybody try anything; what the room refuses changes nothing, what it does is held against rules written
here a second time, without its table.
"""

from __future__ import annotations

import tempfile
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from cases.case_samples import BANKS, FIRM, KEEP, MEASURES, RATE, START, TABLE, Walk, people
from databases import Ticking
from houfeng.cases import moving, parties
from houfeng.cases.plan import versions
from houfeng.cases.states import MOVES, Outcome, State
from houfeng.cases.tables import CaseFile, CaseMeasure, CasePlan, CaseSlot, CaseStep
from houfeng.cases.terms import shipped
from houfeng.errors import HoufengError
from houfeng.office import approvals, journal
from houfeng.office.database import Office
from houfeng.office.tables import Approval, JournalEntry
from nightly import share

WHO = st.integers(0, 6)
ENDS = {"closed", "justice"}
NEXT = {
    State.CLUE: (("own",), ("move", "verify")),
    State.VERIFY: (("finding",), ("move", "open")),
    State.OPEN: (("member", "lead"), ("move", "consult")),
    State.CONSULT: (("member", "creditor", BANKS[0]), ("move", "plan")),
    State.PLAN: (("draft",), ("votes",), ("move", "submit")),
    State.APPROVE: (("sign",),),
    State.CARRY_OUT: (("settle_measures",), ("move", "follow_up")),
    State.FOLLOW_UP: (("outcome",), ("move", "close"), ("sign",)),
}
"""What an owner does next."""


class Cases(RuleBasedStateMachine):
    """One enterprise, seven people, every act there is."""

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="houfeng-machine-")
        path = Path(self.folder.name)
        self.office = Office.create(f"sqlite:///{path / 'office.db'}", Ticking(START))
        self.walk = Walk(self.office, people(self.office), path / "files")
        self.people = self.walk.people.all
        self.walk.begin()

    def teardown(self) -> None:
        if hasattr(self, "office"):
            self.office.close()
            self.folder.cleanup()

    def _as(self, who: int, act: str, *arguments: object) -> None:
        """Let somebody act as if they were the officer of the walk; refusals are expected."""
        officer, self.walk.people.officer = self.walk.people.officer, self.people[who]
        before = self._state()
        try:
            getattr(self.walk, act)(*arguments)
        except HoufengError:
            assert self._state() == before, "a refusal changed something"
        finally:
            self.walk.people.officer = officer

    def _state(self) -> tuple[object, ...]:
        with self.office.read() as session:
            case = session.get(CaseFile, self.walk.case_id)
            assert case is not None
            return case.state, case.version, case.approval_id, len(session.scalars(select(JournalEntry.seq)).all())

    @rule(who=WHO, owner=WHO)
    def assign(self, who: int, owner: int) -> None:
        with suppress(HoufengError), self.office.begin() as session:
            person, new = self.people[who], self.people[owner].user_id
            parties.assign(session, person, self.walk.case_id, self.walk.version(), new, "移交")

    @rule(who=WHO, name=st.sampled_from(sorted(MOVES)))
    def move(self, who: int, name: str) -> None:
        self._as(who, "move", name)

    @rule(name=st.sampled_from(("verify", "open", "consult", "plan", "submit", "follow_up", "close")))
    def owner_moves(self, name: str) -> None:
        with self.office.read() as session:
            case = session.get(CaseFile, self.walk.case_id)
            assert case is not None
            owner = [n for n, person in enumerate(self.people) if person.user_id == case.owner_id]
        for who in owner:
            self._as(who, "move", name)

    @rule(steps=st.integers(1, 4))
    def go_on(self, steps: int) -> None:
        """The owner does what comes next, so that the machine gets far; whatever stands in the way stays there."""
        officer = self.walk.people.officer
        for _ in range(steps):
            case = self.walk.case()
            owner = [person for person in self.people if person.user_id == case.owner_id]
            self.walk.people.officer = owner[0] if owner else officer
            for act, *arguments in NEXT.get(State(case.state), ()):
                with suppress(HoufengError):
                    getattr(self.walk, act)(*arguments)
        self.walk.people.officer = officer

    @rule(who=WHO, approve=st.booleans(), by_case=st.booleans())
    def sign(self, who: int, approve: bool, by_case: bool) -> None:
        with suppress(HoufengError), self.office.begin() as session:
            person, waiting = self.people[who], session.scalars(select(Approval).where(Approval.state == "waiting"))
            if by_case:
                moving.sign(session, person, self.walk.case_id, self.walk.version(), approve, "意见")
            else:
                for approval in waiting.all():
                    approvals.decide(session, person, approval.id, approve, "意见")

    @rule(who=WHO)
    def withdraw(self, who: int) -> None:
        with suppress(HoufengError), self.office.begin() as session:
            moving.withdraw(session, self.people[who], self.walk.case_id, self.walk.version(), "撤回")

    @rule(who=WHO, measures=st.sampled_from(((), (KEEP,), (RATE, KEEP), MEASURES)))
    def draft(self, who: int, measures: tuple[object, ...]) -> None:
        self._as(who, "draft", measures, TABLE)

    @rule(who=WHO, bank=st.integers(0, 2), vote=st.sampled_from(("for", "for", "against")))
    def vote(self, who: int, bank: int, vote: str) -> None:
        officer, self.walk.people.officer = self.walk.people.officer, self.people[who]
        with suppress(HoufengError):
            self.walk.vote(**{f"b{bank}": vote})
        self.walk.people.officer = officer

    @rule(who=WHO, what=st.sampled_from(("finding", "settle_measures", "document")))
    def work(self, who: int, what: str) -> None:
        officer, self.walk.people.officer = self.walk.people.officer, self.people[who]
        with suppress(HoufengError):
            getattr(self.walk, what)()
        self.walk.people.officer = officer

    @rule(who=WHO, outcome=st.sampled_from([outcome.value for outcome in Outcome]))
    def outcome(self, who: int, outcome: str) -> None:
        self._as(who, "outcome", outcome)

    @rule(who=WHO, part=st.sampled_from(("lead", "creditor")))
    def member(self, who: int, part: str) -> None:
        self._as(who, "member", part, BANKS[0] if part == "creditor" else "")

    @rule()
    def another_case(self) -> None:
        """One enterprise, one plan: a second one only where the first has ended."""
        before = self.walk.case()
        with suppress(HoufengError):
            self.walk.begin()
            assert before.state in ENDS

    @invariant()
    def the_road_is_kept(self) -> None:
        """Steps follow one another along the table, and the case stands where the last one led."""
        if not hasattr(self, "walk"):
            return
        with self.office.read() as session:
            assert journal.verify(session) == []
            for case in session.scalars(select(CaseFile)):
                steps = session.scalars(
                    select(CaseStep).where(CaseStep.case_id == case.id).order_by(CaseStep.number)
                ).all()
                assert case.state == steps[-1].to
                for before, step in pairwise(steps):
                    allowed = MOVES[step.move]
                    assert (before.to, step.to) == (step.start, allowed.to)
                    assert step.start in allowed.start
                live = session.get(CaseSlot, (FIRM, case.type))
                assert (case.state in ENDS) == (case.ended_at is not None)
                assert case.state in ENDS or (live is not None and live.case_id == case.id)

    @invariant()
    def four_eyes(self) -> None:
        """A plan in force was not signed by an author, submitter or owner; an end not by who proposed it."""
        if not hasattr(self, "walk"):
            return
        with self.office.read() as session:
            for plan in session.scalars(select(CasePlan).where(CasePlan.state.in_(("approved", "replaced")))):
                assert plan.decided_by not in {*plan.authors, plan.submitted_by, None}
                assert versions.votes_carry(session, plan, shipped(), Ticking(START).now.date())
                assert plan.measures
            for step in session.scalars(select(CaseStep).where(CaseStep.to.in_(ENDS))):
                assert step.proposed_by is not None
                assert step.by != step.proposed_by

    @invariant()
    def conditions_hold_where_it_is(self) -> None:
        """Beyond a state, what it asks for is there."""
        if not hasattr(self, "walk"):
            return
        with self.office.read() as session:
            for case in session.scalars(select(CaseFile)):
                been = set(session.scalars(select(CaseStep.to).where(CaseStep.case_id == case.id)))
                assert been <= {"clue"} or case.owner_id is not None
                assert "open" not in been or case.finding
                assert (
                    "carry_out" not in been
                    or session.scalars(
                        select(CasePlan.id).where(CasePlan.case_id == case.id, CasePlan.state == "approved")
                    ).all()
                )
                assert case.state not in ENDS or case.outcome
                if case.state in (State.FOLLOW_UP, State.CLOSED) and "follow_up" in been:
                    of_case = select(CaseMeasure.state).where(CaseMeasure.case_id == case.id)
                    assert "todo" not in session.scalars(of_case).all()


Cases.TestCase.settings = settings(
    max_examples=share(8, 300),
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestCases = Cases.TestCase
