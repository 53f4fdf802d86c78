"""Commitments against the book: kept, broken, healed by a correction, not judged without a report."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from cases.case_samples import BANKS, RATE, Walk, shelf
from databases import Ticking
from houfeng.cases import reminders
from houfeng.cases.plan import commitments
from houfeng.cases.plan.commitments import check_all, findings
from houfeng.cases.plan.measures import Measure
from houfeng.cases.states import State
from houfeng.cases.tables import CaseCheck, CaseCommitment
from houfeng.errors import ConflictError
from houfeng.office.database import Office
from houfeng.office.tables import Notice

MARCH, JUNE = date(2026, 3, 31), date(2026, 6, 30)


def test_broken_told_and_healed(walk: Walk, office: Office, clock: Ticking) -> None:
    """A bank that drew money out breaks its word once, however often it is looked at; a correction heals it."""
    walk.to_carry_out()
    assert check_all(office, shelf(date(2026, 2, 28), clock(), 9_000, 5_000, 3_000)) == (0, 0, 0)
    for done in ((1, 1, 0), (0, 0, 0)):
        assert check_all(office, shelf(MARCH, clock(), 9_000, 5_000, 3_000)) == done
    with office.read() as session:
        (finding,) = findings(session, [walk.case_id])
        assert (finding.tier, finding.period) == ("orange", MARCH)
        assert "9,000.00 万元" in finding.reason_zh
        told = session.scalars(select(Notice).where(Notice.kind == "case.commitment_broken")).all()
        assert [notice.user_id for notice in told] == [walk.people.officer.user_id]
    assert check_all(office, shelf(MARCH, clock(), 10_000, 5_000, 3_000)) == (1, 0, 1)
    with office.read() as session:
        assert findings(session, [walk.case_id]) == []
        assert [check.held for check in session.scalars(select(CaseCheck).order_by(CaseCheck.id))] == [False, True]


def test_who_has_not_reported_is_not_judged(walk: Walk, office: Office, clock: Ticking) -> None:
    walk.to_carry_out()
    book = shelf(MARCH, clock(), 10_000)
    book.periods = {BANKS[1]: MARCH}
    assert check_all(office, book) == (0, 0, 0)


def test_a_firm_that_repaid_all_has_no_balance_and_broke_nothing_but_keep(
    walk: Walk, office: Office, clock: Ticking
) -> None:
    """A bank that reports, without the firm in its report, has a balance of nothing."""
    walk.to_carry_out()
    book = shelf(MARCH, clock(), 0, 0, 0)
    assert check_all(office, book).broken == 1


def test_rates_count_from_their_day(walk: Walk, office: Office, clock: Ticking) -> None:
    walk.to_carry_out()
    assert check_all(office, shelf(MARCH, clock(), 10_000, 5_000, 3_000, rate="4.35")).broken == 0
    assert check_all(office, shelf(JUNE, clock(), 10_000, 5_000, 3_000, rate="4.35")).broken == 1
    assert check_all(office, shelf(date(2026, 7, 31), clock(), 10_000, 5_000, 3_000, rate="3.5")).broken == 0


@pytest.mark.parametrize(("left", "held"), [(9_000, True), (9_001, False)])
def test_repayment_is_measured_from_the_frozen_table(
    walk: Walk, office: Office, clock: Ticking, left: int, held: bool
) -> None:
    """Ten million back of a hundred: to the yuan; what is done is not looked at again."""
    back = Measure("m1", "collection", JUNE, RATE.amount or 10_000_000, None, BANKS[0], "示例银行1")
    walk.to_plan().draft([back]).votes().move("submit").sign()
    assert check_all(office, shelf(MARCH, clock(), 10_000, 5_000, 3_000)) == (0, 0, 0)
    assert check_all(office, shelf(JUNE, clock(), left, 5_000, 3_000)).broken == (not held)
    with office.read() as session:
        assert [c.active for c in session.scalars(select(CaseCommitment))] == [not held]


def test_a_broken_word_stands_in_the_way_of_the_close_out(walk: Walk, office: Office, clock: Ticking) -> None:
    walk.to_carry_out().settle_measures().move("follow_up").outcome()
    check_all(office, shelf(MARCH, clock(), 9_000, 5_000, 3_000))
    with pytest.raises(ConflictError):
        walk.move("close")
    with office.begin() as session:
        (finding,) = findings(session, [walk.case_id])
        who = walk.people.officer
        commitments.settle(session, who, walk.case_id, walk.version(), finding.id, "已约谈，月内恢复")
    assert walk.move("close").sign().case().state == State.CLOSED


def test_deadlines_are_told_once_before_and_once_after(walk: Walk, office: Office, clock: Ticking) -> None:
    """Three days before, the owner hears of it; when it has passed, an approver does too."""
    walk.begin().own().move("verify")
    said = []
    for days in (0, 8, 0, 5, 0):
        clock.pass_days(days)
        with office.begin() as session:
            said.append(reminders.remind(session))
    assert said == [0, 1, 0, 1, 0]
    with office.read() as session:
        kinds = {(n.kind, n.user_id) for n in session.scalars(select(Notice)) if n.kind in ("case.soon", "case.late")}
    officer, approver = walk.people.officer.user_id, walk.people.approver.user_id
    assert {("case.soon", officer), ("case.late", officer), ("case.late", approver)} <= kinds
    assert ("case.soon", approver) not in kinds
