"""Precision, recall and lead time against the definitions in `measures`, worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.watch.compare.measures import Frame, assess, quartiles, spoken, work, worth
from houfeng.watch.compare.notice import Notice
from houfeng.watch.labels import Labels, labels_of, share
from watch.compare.notices import START, histories, notice


def day(number: int) -> date:
    return START.date() + timedelta(days=number)


FRAME = Frame(day(0), day(99), horizon=30)


def labels(bad: dict[str, list[int]], good: str = "", undated: str = "") -> Labels:
    rows = [(key, True, day(number)) for key, numbers in bad.items() for number in numbers]
    rows += [(key, False, None) for key in good] + [(key, True, None) for key in undated]
    return labels_of(rows, dated=True)


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17:857 (1998), table I, method 3 (score without continuity correction)
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_published(hits: int, total: int, low: float, high: float) -> None:
    found = share(hits, total)
    assert found.low == pytest.approx(low, abs=0.00005)
    assert found.high == pytest.approx(high, abs=0.00005)


@given(st.integers(0, 400), st.integers(0, 400))
def test_wilson_holds_the_share_and_mirrors(hits: int, misses: int) -> None:
    one, two = share(hits, hits + misses), share(misses, hits + misses)
    if one.value is None or one.low is None or one.high is None or two.low is None or two.high is None:
        assert hits == misses == 0
        return
    assert 0 <= one.low <= one.value <= one.high <= 1
    assert one.low == pytest.approx(1 - two.high)
    assert one.high == pytest.approx(1 - two.low)


def test_every_verdict_by_hand() -> None:
    """X goes bad on day 40, Y stays good, Z has no label, U is bad on no known day."""
    known = labels({"X": [40]}, good="Y", undated="U")
    said = [
        notice("a", "X", 9.5, 11),  # 30.5 days before: too early, false
        notice("a", "X", 10),  # exactly 30 days before: true
        notice("a", "X", 39.9),  # true
        notice("a", "X", 40),  # at the very moment: after
        notice("a", "X", 60),  # after
        notice("a", "Y", 5),  # false
        notice("a", "Y", 69.5),  # its horizon ends on day 99.5: false by the last moment that can be judged
        notice("a", "Y", 70),  # too young: day 100 is not known
        notice("a", "Z", 5),  # unlabelled
        notice("a", "U", 5),  # bad on no known day: not counted either
    ]
    found = worth(spoken(said), known, FRAME)
    assert (found.precision.hits, found.precision.total) == (2, 5)
    assert (found.after, found.young, found.young_true, found.unlabelled) == (2, 1, 0, 2)
    assert (found.recall.hits, found.recall.total, found.caught) == (1, 1, {"X"})
    assert found.lead == (30.0, 30.0, 30.0)
    assert (found.key_precision.hits, found.key_precision.total) == (1, 2)
    assert (found.false_alarms.hits, found.false_alarms.total) == (1, 1)


def test_young_alerts_that_came_true_are_told_and_not_counted() -> None:
    found = worth(spoken([notice("a", "X", 85)]), labels({"X": [90]}), FRAME)
    assert (found.precision.total, found.young, found.young_true) == (0, 1, 1)
    assert found.recall.hits == 1  # the bad day itself is inside and was seen coming
    longer = Frame(FRAME.first, FRAME.last, 30, until=day(150))
    assert worth(spoken([notice("a", "X", 85)]), labels({"X": [90]}), longer).precision.hits == 1


def test_a_bad_day_after_what_is_known_is_not_used() -> None:
    found = worth(spoken([notice("a", "X", 50)]), labels({"X": [120]}), FRAME)
    assert (found.precision.hits, found.precision.total, found.recall.total) == (0, 1, 0)


def test_standing_short_history_and_quartiles_of_lead() -> None:
    known = labels({"A": [50], "B": [50], "C": [60], "D": [20], "E": [0]})
    said = [
        notice("a", "A", 10, None),  # open at the event, but spoke too early
        notice("a", "B", 10, 49),  # closed before the event
        notice("a", "C", 35, 36),
        notice("a", "C", 50, None),  # the first counts: 25 days
        notice("a", "D", 5, None),  # 15 days, and D has a short history
    ]
    found = worth(spoken(said), known, FRAME)
    assert (found.recall.hits, found.recall.total) == (2, 4)  # E went bad on the first day: outside
    assert (found.standing, found.short_history) == (1, 1)
    assert found.lead == (17.5, 20.0, 22.5)


def test_a_tier_speaks_when_it_is_reached() -> None:
    known = labels({"X": [40]})
    said = [notice("a", "X", 10, None, "yellow", (35, "orange"))]
    rows = {(row.rule, row.tier): row for row in assess(said, FRAME, {"enterprise": 10}, known)}
    leads = {tier: worth_.lead for (rule, tier), row in rows.items() if not rule and (worth_ := row.worth)}
    assert leads == {"": (30.0,) * 3, "yellow": (30.0,) * 3, "orange": (5.0,) * 3}


def test_undated_labels_only_separate() -> None:
    known = labels_of([("X", True, None), ("W", True, None), ("Y", False, None), ("V", None, None)], dated=False)
    said = [notice("a", "X", 1), notice("a", "X", 2), notice("a", "Y", 3), notice("a", "Z", 4), notice("a", "V", 4)]
    found = worth(spoken(said), known, FRAME)
    assert (found.precision.hits, found.precision.total) == (2, 3)
    assert (found.recall.hits, found.recall.total) == (1, 2)
    assert (found.unlabelled, found.lead) == (2, None)
    assert known.unlabelled == {"V"}


def test_work() -> None:
    said = spoken([notice("a", "X", 1), notice("b", "Y", 1.5), notice("a", "Y", 7)])
    found = work(said, Frame(day(0), day(9), officers=2), watched=50)
    assert (found.alerts, found.keys, found.per_officer_day) == (3, 2, 0.15)
    assert found.busiest == (day(1), 2)
    assert found.per_hundred_key_months == pytest.approx(3 / 50 * 100 / (10 / 30.4375))
    assert work([], FRAME, None).busiest is None


def test_quartiles() -> None:
    assert quartiles([]) is None
    assert quartiles([1, 2, 3, 4, 5]) == (2, 3, 4)


@given(
    histories(keys=("X", "Y", "Z")), st.dictionaries(st.sampled_from("XY"), st.lists(st.integers(0, 45), max_size=3))
)
def test_every_alert_is_judged_once(own: list[Notice], bad: dict[str, list[int]]) -> None:
    known = labels(bad, good="Z")
    found = worth(spoken(own), known, Frame(day(0), day(44), horizon=10))
    assert found.precision.total + found.after + found.young + found.unlabelled == len(own)
    assert found.recall.hits == len(found.caught) <= found.recall.total <= len(known.bad)
    assert found.young_true <= found.young
    assert found.lead is None or all(0 < lead <= 10 for lead in found.lead)
