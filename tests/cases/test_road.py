"""A case on its road: each move with its conditions, four eyes, versions, the journal."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from cases.case_samples import ABOUT, BANKS, People, Walk, alert
from databases import Ticking
from houfeng.cases import files, moving, parties
from houfeng.cases.alerts import attach_new
from houfeng.cases.files import About
from houfeng.cases.plan import versions
from houfeng.cases.states import MOVES, NEEDS, Actor, Facts, Outcome, State, hindrances
from houfeng.cases.tables import CaseAlert, CaseFile, CaseSlot, CaseStep
from houfeng.errors import AccessError, ConflictError, InputError, NotFoundError, UsageError
from houfeng.office import approvals, journal
from houfeng.office.database import Office
from houfeng.office.tables import JournalEntry


def test_all_the_way(walk: Walk, office: Office) -> None:
    """From the clue to the close-out; every move stands once, in order, with its entry of the journal."""
    walk.to_end()
    case = walk.case()
    assert (case.state, case.outcome, case.due_on, case.approval_id) == (State.CLOSED, Outcome.RECOVERED, None, None)
    with office.read() as session:
        steps = session.scalars(select(CaseStep).order_by(CaseStep.number)).all()
        assert [step.to for step in steps] == [*(s for s in State if s not in ("justice", "escalated"))]
        entries = {e.seq: e for e in session.scalars(select(JournalEntry))}
        assert all(entries[step.journal_seq].about == f"case:{case.id}" for step in steps)
        assert journal.verify(session) == []
        assert session.scalars(select(CaseSlot)).all() == []


def test_one_enterprise_one_plan(walk: Walk, office: Office, staff: People) -> None:
    """A second case of the type is refused and names the first; another type, and a later one, are not."""
    walk.begin()
    with pytest.raises(ConflictError, match=f"/cases/{walk.case_id}"), office.begin() as session:
        files.begin(session, staff.second, ABOUT, "credit_risk", "again", "clue", why="w")
    first = walk.case_id
    walk.begin(type_="debt_evasion")
    walk.case_id = first
    walk.own().finding("误报").outcome("false_alarm").move("dismiss").sign()
    walk.begin()
    assert walk.case().previous_id == first


def test_the_first_blanks_are_told_at_once(walk: Walk, office: Office, staff: People) -> None:
    with pytest.raises(InputError) as error, office.begin() as session:
        files.begin(session, staff.officer, ABOUT, "no_such", " ", "", why="")
    assert [problem.where.field for problem in error.value.problems] == ["type", "title", "clue", "why"]


def test_who_proposed_cannot_sign(walk: Walk, office: Office, staff: People) -> None:
    """An officer who also approves cannot sign the plan of their own case; the approver without a hand in it can."""
    walk.begin(staff.both).own(staff.both)
    with office.begin() as session:
        parties.assign(session, staff.both, walk.case_id, walk.version(), staff.officer.user_id, "移交")
    walk.move("verify").finding().move("open").member("lead").move("consult").member("creditor", BANKS[0]).move("plan")
    walk.draft().vote(b0="for", b1="for")
    with office.begin() as session:
        parties.assign(session, staff.officer, walk.case_id, walk.version(), staff.both.user_id, "移交")
    walk.move("submit", staff.both)
    with pytest.raises(AccessError):
        walk.sign(viewer=staff.both)
    with office.begin() as session:
        waiting = [approval.id for approval in approvals.waiting(session, staff.approver)]
        approvals.decide(session, staff.approver, waiting[0], True, "同意")  # as the page of what waits does
    assert walk.case().state == State.CARRY_OUT


def test_an_author_cannot_sign(walk: Walk, staff: People, office: Office) -> None:
    """Who wrote a word of the plan has a hand in it, even after the case went to another owner."""
    walk.begin().own().move("verify").finding().move("open").member("lead").move("consult")
    walk.member("creditor", BANKS[0]).move("plan")
    with office.begin() as session:
        parties.assign(session, staff.officer, walk.case_id, walk.version(), staff.both.user_id, "移交")
    walk.people.officer, officer = staff.both, staff.officer
    walk.draft()
    with office.begin() as session:
        parties.assign(session, staff.both, walk.case_id, walk.version(), officer.user_id, "移交")
    walk.people.officer = officer
    walk.vote(b0="for", b1="for").move("submit")
    with pytest.raises(AccessError):
        walk.sign(viewer=staff.both)
    assert walk.sign().case().state == State.CARRY_OUT


def test_sent_back_and_written_anew(walk: Walk, office: Office) -> None:
    """A refused plan goes back; the next version is a new one, and the refused one stays as it was."""
    walk.to_plan().draft().vote(b0="for", b1="for").move("submit").sign(False)
    assert walk.case().state == State.PLAN
    walk.draft().vote(b0="for", b1="for").move("submit").sign()
    with office.read() as session:
        assert [(p.number, p.state) for p in versions.versions(session, walk.case_id)] == [
            (2, "approved"),
            (1, "returned"),
        ]


def test_a_plan_does_not_spoil_while_it_waits(walk: Walk, clock: Ticking) -> None:
    """A day that passes while the plan waits for a signature does not keep the signer from signing."""
    walk.to_plan().draft().votes().move("submit")
    clock.pass_days(200)
    assert walk.sign().case().state == State.CARRY_OUT


def test_taken_back(walk: Walk, staff: People, office: Office) -> None:
    walk.to_plan().draft().vote(b0="for", b1="for").move("submit")
    with office.begin() as session:
        moving.withdraw(session, staff.officer, walk.case_id, walk.version(), "再改")
    assert (walk.case().state, walk.case().approval_id) == (State.PLAN, None)


def test_nobody_acts_on_what_they_have_not_seen(walk: Walk, office: Office, staff: People) -> None:
    walk.begin().own()
    seen = walk.version()
    walk.finding()
    with pytest.raises(ConflictError, match="version"), office.begin() as session:
        moving.move(session, staff.officer, walk.case_id, seen, "verify", "w")
    with pytest.raises(ConflictError), office.begin() as session:
        moving.sign(session, staff.approver, walk.case_id, seen, True, "w")


def test_a_refused_move_leaves_nothing(walk: Walk, office: Office) -> None:
    walk.begin().own()
    before, version = _entries(office), walk.version()
    with pytest.raises(ConflictError):
        walk.move("open")
    assert (_entries(office), walk.version(), walk.case().state) == (before, version, State.CLUE)


def _entries(office: Office) -> int:
    with office.read() as session:
        return len(session.scalars(select(JournalEntry)).all())


@pytest.mark.parametrize("who", ["second", "approver", "viewer", "elsewhere"])
def test_only_the_owner_moves(walk: Walk, staff: People, who: str) -> None:
    walk.begin().own()
    with pytest.raises((AccessError, NotFoundError)):
        walk.move("verify", getattr(staff, who))


def test_unknown_moves_and_no_reason(walk: Walk, office: Office, staff: People) -> None:
    walk.begin().own()
    with pytest.raises(UsageError, match="verify"):
        walk.move("verifyy")
    with pytest.raises(UsageError), office.begin() as session:
        moving.move(session, staff.officer, walk.case_id, walk.version(), "verify", "  ")


def test_scope(walk: Walk, office: Office, staff: People) -> None:
    """A case of another city is not there for who sees only theirs; nor can they begin one there."""
    walk.begin()
    with office.read() as session:
        with pytest.raises(NotFoundError):
            files.find(session, staff.elsewhere, walk.case_id)
        assert session.scalars(select(CaseFile).where(files.visible(staff.elsewhere))).all() == []
    with pytest.raises(NotFoundError), office.begin() as session:
        files.begin(session, staff.elsewhere, ABOUT, "credit_risk", "t", "c", why="w")
    near = About("91410200MA0000009X", "开封示例", "410203")
    walk.begin(staff.elsewhere, near)


def test_later_alerts_attach(walk: Walk, office: Office, clock: Ticking, staff: People) -> None:
    """An alert of the enterprise after the case began joins it once, raises its tier and tells the owner."""
    with office.begin() as session:
        alert(session, "a-before", clock())
    walk.begin().own()
    with office.begin() as session:
        alert(session, "a-after", clock(), tier="red")
        alert(session, "a-other", clock(), firm="91410300MA0000003Z")
    for _ in range(2):
        with office.begin() as session:
            attach_new(session)
    with office.read() as session:
        assert [row.alert_id for row in session.scalars(select(CaseAlert))] == ["a-after"]
    assert walk.case().tier == "red"


def test_every_need_has_a_case_where_it_hinders() -> None:
    """No condition of the table is idle, and every state but the ends can be left."""
    assert {name for move in MOVES.values() for name in move.needs} == set(NEEDS)
    owner = Actor(1, True, False)
    for move in MOVES.values():
        for start in move.start:
            said = hindrances(move, Facts(start, owner_id=1), owner)
            assert said or move.name in ("escalate", "revise", "verify"), move.name
    assert {start for move in MOVES.values() for start in move.start} == set(State) - {"closed", "justice"}
