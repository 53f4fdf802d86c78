"""Gained, lost, kept: by hand on small histories, and by what must hold of every pair of versions."""

from __future__ import annotations

from datetime import date

from hypothesis import given

from houfeng.watch.compare.matching import by_day, by_month, by_rule, by_tier, match, tally
from houfeng.watch.compare.notice import Notice
from watch.compare.notices import histories, notice

FIRST, LAST = date(2025, 1, 1), date(2025, 2, 14)


def test_by_hand() -> None:
    """One of each: unchanged, earlier, higher, split, gained, lost, redrawn."""
    old = [
        notice("a", "X", 1, 3),
        notice("a", "Y", 5, 9),
        notice("b", "X", 5, None, "yellow"),
        notice("b", "Y", 10, 20),
        notice("c", "X", 2, 4),
        notice("c", "Y", 2, 4),
    ]
    new = [
        notice("a", "X", 1, 3),
        notice("a", "Y", 3.5, 9),
        notice("b", "X", 5, None, "yellow", (7, "orange")),
        notice("b", "Y", 10, 12),
        notice("b", "Y", 15, 20),
        notice("c", "X", 4, 6),
        notice("c", "Y", 2, 5),
    ]
    found = match(old, new, FIRST, LAST)
    count = tally(found.old, found.new, found.situations)
    assert (count.old, count.new, count.gained, count.lost, count.kept) == (6, 7, 1, 1, 5)
    assert (count.unchanged, count.earlier, count.later, count.raised, count.lowered) == (1, 1, 0, 1, 0)
    assert count.redrawn == 2  # the split one, and the one that only clears later
    assert count.shift == -1.5
    assert [n.opened_at.day for n in found.gained] == [5]
    assert [n.opened_at.day for n in found.lost] == [3]
    tiers = by_tier(found)
    assert (tiers["orange"].old, tiers["orange"].new, tiers["orange"].into) == (0, 1, 1)
    assert (tiers["yellow"].old, tiers["yellow"].new, tiers["yellow"].out) == (6, 6, 1)
    assert [(m.when, m.old, m.new) for m in by_month(found)] == [("2025-01", 6, 7), ("2025-02", 0, 0)]


def test_a_clearing_at_the_moment_of_an_opening_does_not_touch() -> None:
    found = match([notice("a", "X", 1, 4)], [notice("a", "X", 4, 5)], FIRST, LAST)
    assert len(found.gained) == len(found.lost) == 1


def test_one_long_alert_and_two_short_ones_are_one_matter() -> None:
    found = match([notice("a", "X", 1, None)], [notice("a", "X", 1, 2), notice("a", "X", 30, None)], FIRST, LAST)
    assert (len(found.kept), found.gained, found.lost) == (1, [], [])


def test_another_rule_or_key_is_another_matter() -> None:
    found = match([notice("a", "X", 1, 4)], [notice("b", "X", 1, 4), notice("a", "Y", 1, 4)], FIRST, LAST)
    assert (len(found.gained), len(found.lost), found.kept) == (2, 1, [])


@given(histories(), histories())
def test_swapping_the_versions_swaps_gained_and_lost(old: list[Notice], new: list[Notice]) -> None:
    there, back = match(old, new, FIRST, LAST), match(new, old, FIRST, LAST)
    assert there.gained == back.lost
    assert there.lost == back.gained
    one, two = (tally(each.old, each.new, each.situations) for each in (there, back))
    assert (one.kept, one.unchanged, one.redrawn) == (two.kept, two.unchanged, two.redrawn)
    assert (one.earlier, one.later, one.raised, one.lowered) == (two.later, two.earlier, two.lowered, two.raised)
    assert (one.shift or 0) == -(two.shift or 0)


@given(histories(), histories())
def test_counts_add_up(old: list[Notice], new: list[Notice]) -> None:
    found = match(old, new, FIRST, LAST)
    assert sum(len(s.old) for s in found.situations) == len(old)
    assert sum(len(s.new) for s in found.situations) == len(new)
    assert len(found.lost) + sum(len(s.old) for s in found.kept) == len(old)
    assert len(found.gained) + sum(len(s.new) for s in found.kept) == len(new)
    for counts in (by_day(found), by_month(found), list(by_rule(found).values())):
        sums = [sum(getattr(c, part) for c in counts) for part in ("old", "new", "gained", "lost")]
        assert sums == [len(old), len(new), len(found.gained), len(found.lost)]
    tiers = by_tier(found).values()
    assert sum(t.into for t in tiers) == sum(t.out for t in tiers) == sum(s.raised != 0 for s in found.kept)
    count = tally(found.old, found.new, found.situations)
    moved = sum(bool(s.moved or s.raised) for s in found.kept)
    assert count.kept == count.unchanged + moved + count.redrawn


@given(histories())
def test_a_version_against_itself_changes_nothing(own: list[Notice]) -> None:
    found = match(own, own, FIRST, LAST)
    count = tally(found.old, found.new, found.situations)
    assert (count.gained, count.lost, count.kept, count.unchanged) == (0, 0, len(own), len(own))
