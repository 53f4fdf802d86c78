"""Overlap of rules and the budget: by hand, and against a count day by day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.watch.compare.notice import Notice, notices_from
from houfeng.watch.compare.overlap import budget, overlaps
from houfeng.watch.labels import labels_of
from houfeng.watch.live.changes import CLEARED, ESCALATED, OPENED, Change
from watch.compare.notices import START, histories, notice

FIRST, LAST = date(2025, 1, 1), date(2025, 2, 9)


def test_by_hand() -> None:
    """On X: a is open on days 2 to 5, b on 4 to 7, c within a. On Y only b."""
    own = [
        notice("a", "X", 1, 4.5),
        notice("b", "X", 3, 7),
        notice("c", "X", 1.2, 1.4),
        notice("b", "Y", 35, None),
    ]
    found = {o.rule: o for o in overlaps(own, FIRST, LAST, rules=["d"])}
    assert list(found) == ["b", "a", "c", "d"]
    a, b, c, d = (found[rule] for rule in "abcd")
    assert (a.key_days, b.key_days, c.key_days, d.key_days) == (4, 4 + 5, 1, 0)
    assert (a.own_key_days, b.own_key_days, c.own_key_days) == (1, 2 + 5, 0)
    assert (a.keys, a.own_keys, b.keys, b.own_keys) == (1, 0, 2, 1)
    assert (b.key_months, b.own_key_months) == (2, 1)
    assert (a.twin, a.jaccard) == ("c", pytest.approx(1 / 4))
    assert (b.twin, b.jaccard) == ("a", pytest.approx(2 / 11))
    assert a.covered == pytest.approx(3 / 4)
    assert [rule for rule in "abcd" if found[rule].adds_nothing] == ["c", "d"]
    assert d.covered is None


def test_two_that_always_speak_together_add_nothing_each() -> None:
    found = overlaps([notice("a", "X", 1, 4), notice("b", "X", 1, 4)], FIRST, LAST)
    assert [(o.adds_nothing, o.jaccard) for o in found] == [(True, 1.0), (True, 1.0)]


def test_bad_keys_that_only_one_rule_catches() -> None:
    rows = [("X", True, date(2025, 1, 20)), ("Y", True, date(2025, 1, 20)), ("Z", False, None)]
    own = [notice("a", "X", 1), notice("b", "X", 2), notice("b", "Y", 2), notice("a", "Z", 1), notice("a", "Y", 30)]
    found = overlaps(own, FIRST, LAST, labels=labels_of(rows, dated=True), horizon=30)
    assert {o.rule: o.only_caught for o in found} == {"a": 0, "b": 1}


@given(histories())
def test_as_counted_day_by_day(own: list[Notice]) -> None:
    open_on: dict[tuple[str, date], set[str]] = {}
    for number in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=number)
        begin, end = START + timedelta(days=number), START + timedelta(days=number + 1)
        for n in own:
            if n.opened_at < end and (n.cleared_at is None or n.cleared_at > begin):
                open_on.setdefault((n.key, day), set()).add(n.rule)
    for o in overlaps(own, FIRST, LAST):
        mine = {place for place, rules in open_on.items() if o.rule in rules}
        alone = {place for place in mine if open_on[place] == {o.rule}}
        assert (o.key_days, o.own_key_days) == (len(mine), len(alone))
        months: dict[tuple[str, str], set[str]] = {}
        for (key, day), rules in open_on.items():
            months.setdefault((key, day.strftime("%Y-%m")), set()).update(rules)
        assert o.key_months == sum(o.rule in rules for rules in months.values())
        assert o.own_key_months == sum(rules == {o.rule} for rules in months.values())
        likes = []
        for other in "abc":
            theirs = {place for place, rules in open_on.items() if other in rules}
            if other != o.rule and mine & theirs:
                likes.append(len(mine & theirs) / len(mine | theirs))
        assert o.jaccard == pytest.approx(max(likes, default=0))


def test_budget_keeps_the_highest_then_the_earliest_then_the_key() -> None:
    own = [
        notice("a", "W", 3.1),
        notice("a", "V", 3.1),
        notice("a", "X", 3.5, None, "yellow", (3.6, "red")),
        notice("a", "Y", 3.2, None, "yellow", (4.5, "red")),  # rises on the next day: too late
        notice("a", "Z", 4.1),
        notice("b", "X", 3.3),
    ]
    told, held = budget(own, 2)
    assert [(h.rule, h.alerts, h.passed, h.held, h.days) for h in told] == [("a", 5, 3, 2, 1), ("b", 1, 1, 0, 0)]
    assert [n.key for n in held] == ["W", "Y"]
    assert told[0].worst == (date(2025, 1, 4), 2)
    assert told[0].tiers == {"yellow": 2}


@given(histories(), st.integers(1, 3))
def test_a_budget_holds_and_counts(own: list[Notice], number: int) -> None:
    told, held = budget(own, number)
    passed = [n for n in own if n not in held]
    days = [(n.rule, n.opened_at.date()) for n in passed]
    assert all(days.count(place) <= number for place in days)
    assert sum(h.held for h in told) == len(held)
    assert sum(h.passed for h in told) == len(passed)


def test_the_steps_of_the_live_watch_make_the_same_alerts() -> None:
    def change(step: int, what: str, second: int, tier: str) -> Change:
        return Change("1", "p", "1", "a", "A", "g", "enterprise", "X", step, what, second, f"e{second}", tier)

    day = 86400
    start = 20089 * day  # 1 January 2025
    steps = [
        change(2, CLEARED, start + 3 * day, "red"),
        change(0, OPENED, start + day, "yellow"),
        change(1, ESCALATED, start + 2 * day, "red"),
        change(0, OPENED, start + day, "yellow"),
    ]
    (found,) = notices_from(steps)
    assert found.steps == notice("a", "X", 1, 3, "yellow", (2, "red")).steps
    assert (found.cleared_at, found.tier) == (notice("a", "X", 1, 3).cleared_at, "red")
    assert notices_from(steps[2:3]) == []
