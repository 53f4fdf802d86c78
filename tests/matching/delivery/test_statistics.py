"""Days and counts: against a hand count; and that nothing is told of few, with an attacker who tries."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databases import Ticking
from houfeng.errors import NotFoundError, UsageError
from houfeng.matching.delivery import chains, statistics, suppression
from houfeng.matching.delivery.chains import Journey
from houfeng.matching.tables import PolicyChain
from houfeng.office.database import Office
from matching.delivery.delivery_samples import BANK, OTHER, START, People

DOCUMENT = date(2026, 1, 20)


def chain(office: Office, firm: str, region: str, bank: str, days: int, policy: str = "p") -> None:
    """A chain from document to money in so many days."""
    with office.begin() as session:
        row = PolicyChain(
            version=1, policy=policy, subject=firm, name=firm, region=region, document_on=DOCUMENT, state="sent",
            institution_id=bank, sent_at=datetime(2026, 1, 20, 1),
        )  # fmt: skip
        session.add(row)
        session.flush()
        paid = datetime(2026, 1, 20, 12) + timedelta(days=days)
        chains.advance(session, "system", row, "lent", at=paid)
        chains.advance(session, "system", row, "paid", at=paid)


def test_days_by_hand(office: Office, staff: People) -> None:
    """Seven in Zhengzhou: 10, 12, 14, 16, 18, 20, 30 → median 16 (4th), ninth 30 (ceil(6.3) = 7th); six in Kaifeng."""
    for number, days in enumerate((10, 12, 14, 16, 18, 20, 30)):
        chain(office, f"Z{number}", "410105", BANK, days)
    for number, days in enumerate((5, 5, 6, 7, 8, 9)):
        chain(office, f"K{number}", "410202", BANK if number < 3 else OTHER, days)
    with office.read() as session:
        found = statistics.days(session, staff.officer, "region")
        assert found.rows == (
            statistics.Days("410100", 7, 16, 30),
            statistics.Days("410200", 6, 6, 9),
        )
        assert found.total == statistics.Days("", 13, 10, 20)
        banks = statistics.days(session, staff.officer, "bank")
        assert [(row.key, row.hidden) for row in banks.rows] == [(BANK, True), (OTHER, True)]  # 10 and 3: both away
        assert banks.total.chains == 13
        mine = statistics.days(session, staff.elsewhere, "policy")
        assert [(row.key, row.chains) for row in mine.rows] == [("p", 6)]
        assert [r.chains for r in statistics.funnel(session, staff.elsewhere)] == [6] * 8
        with pytest.raises(UsageError):
            statistics.days(session, staff.officer, "colour")


def test_few_are_not_told(office: Office, staff: People) -> None:
    for number in range(4):
        chain(office, f"Z{number}", "410105", BANK, 10)
    with office.read() as session:
        found = statistics.days(session, staff.officer, "region")
    assert found.rows[0].hidden
    assert found.total.hidden
    assert (found.total.median, found.rows[0].ninth) == (None, None)


@given(st.lists(st.integers(0, 8), min_size=1, max_size=4), st.integers(2, 5))
def test_no_hidden_cell_follows_from_the_rest(values: list[int], floor: int) -> None:
    """An attacker who knows the rule, the told cells and the total finds at least two tables that look the same."""
    counts = dict(enumerate(values))
    away = suppression.hidden(counts, floor)
    assert {key for key, count in counts.items() if 0 < count < floor} <= away
    assert all(counts[key] for key in away)
    total = sum(values) if suppression.total_told(counts, floor) else None
    if total is None or not away:
        return
    same = 0
    hidden_sum = sum(counts[key] for key in away)
    for cuts in itertools.combinations(range(1, hidden_sum), len(away) - 1):  # every way to share the sum out
        guess = [b - a for a, b in itertools.pairwise((0, *cuts, hidden_sum))]
        table = counts | dict(zip(sorted(away), guess, strict=True))
        same += suppression.hidden(table, floor) == away and suppression.total_told(table, floor)
    assert hidden_sum >= floor
    assert same > 1, (values, away)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=8), st.integers(2, 6))
def test_steps_told_never_differ_by_few(values: list[int], floor: int) -> None:
    counts = sorted(values, reverse=True)
    away = suppression.steps_hidden(counts, floor)
    told = [count for count, gone in zip(counts, away, strict=True) if not gone]
    assert all(a == b or a - b >= floor for a, b in itertools.pairwise(told))
    assert all(count == 0 or count >= floor for count in told)


def journey(number: int, bank: str = BANK, paid: bool = True) -> Journey:
    """A purchase lent on the first and paid on the third day of the year's second month."""
    times = {"lent": datetime(2026, 2, 1, 9)} | ({"paid": datetime(2026, 2, 3, 9)} if paid else {})
    return Journey(f"purchase {number}", "410105", bank, times)


def test_persons_are_counted_and_never_shown(office: Office, staff: People, clock: Ticking) -> None:
    """Twelve purchases, two not paid: the ten are told, the two are not; nobody finds a person one by one."""
    assert clock.now >= START
    with office.begin() as session:
        journeys = [journey(n, paid=n >= 2) for n in range(12)]
        assert chains.record_persons(session, staff.bank, "consumer", DOCUMENT, journeys) == 12
        assert chains.record_persons(session, staff.bank, "consumer", DOCUMENT, journeys) == 0
        with pytest.raises(NotFoundError):
            chains.record_persons(session, staff.other, "consumer", DOCUMENT, journeys)
        found = statistics.days(session, staff.officer, "policy", who="persons")
        assert [(row.key, row.chains, row.median) for row in found.rows] == [("consumer", 10, 14)]
        told = {row.step: row.chains for row in statistics.funnel(session, staff.officer, who="persons")}
        assert (told["lent"], told["claimed"], told["paid"]) == (12, None, None)
        rows = session.query(PolicyChain).all()
        assert {(row.name, row.person) for row in rows} == {("", True)}
        assert "purchase" not in "".join(row.subject for row in rows)
        for viewer in (staff.officer, staff.bank):
            with pytest.raises(NotFoundError):
                chains.find(session, viewer, rows[0].id)


@given(st.lists(st.integers(0, 400), min_size=1, max_size=30))
def test_rank_is_a_value_that_half_do_not_exceed(values: list[int]) -> None:
    found = statistics.rank(values, (1, 2))
    assert found in values
    assert sum(1 for value in values if value <= found) * 2 >= len(values)
    assert sum(1 for value in values if value < found) * 2 < len(values)
