"""A graph that lives against the same graph computed anew after every change."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError, NotFoundError, UsageError
from houfeng.penetration.control import Control, control
from houfeng.penetration.graph import Holdings
from houfeng.penetration.integrated import Penetration
from houfeng.penetration.ownership.updating import Living

NAMES = [f"n{place}" for place in range(8)]
Stakes = dict[tuple[str, str], int]
Changes = list[tuple[str, str, int | None]]
Life = tuple[Stakes, Changes]


def whole(stakes: Stakes) -> Holdings:
    return Holdings.from_pairs([(who, firm, share) for (who, firm), share in stakes.items()])


def same_control(living: Living, names: set[str], fresh: Control) -> None:
    for name in names:
        assert living.ultimate(name) == fresh.ultimate(name), name
        assert bool(living.loops[living.place(name)]) == bool(fresh.loops[fresh.holdings.place(name)]), name


def same_shares(living: Living, names: set[str], fresh: Holdings) -> None:
    for name in names:
        try:
            expected = Penetration(fresh).of(name)
        except InputError as told:
            with pytest.raises(InputError, match=str(told.message.en)):
                living.of(name)
            continue
        found = living.of(name)
        known = {owner.holder: owner.share for owner in found.owners if owner.share}
        assert known == pytest.approx({owner.holder: owner.share for owner in expected.owners if owner.share})
        assert found.over == expected.over
        assert found.unknown == pytest.approx(expected.unknown)


@st.composite
def lives(draw: st.DrawFn, room: int) -> Life:
    """A graph, and changes of it: most keep every enterprise within `room` percent."""
    pairs = [(who, firm) for who in NAMES for firm in NAMES]
    held = dict.fromkeys(NAMES, 0)
    stakes: Stakes = {}
    for who, firm in draw(st.lists(st.sampled_from(pairs), unique=True, max_size=16)):
        share = min(draw(st.sampled_from([10, 20, 26, 30, 40, 51, 60, 100])), room - held[firm])
        if share > 0:
            stakes[who, firm] = share
            held[firm] += share
    now = dict(stakes)
    changes: Changes = []
    for _ in range(draw(st.integers(1, 8))):
        who, firm = draw(st.sampled_from(sorted(now) if now and draw(st.booleans()) else pairs))
        other = held[firm] - now.get((who, firm), 0)
        share = draw(st.sampled_from([None, 0, 10, 25, 26, 49, 50, 51, 60, 100]))
        share = None if share is None else min(share, max(0, room - other), 100)
        changes.append((who, firm, share))
        held[firm] = other + (share or 0)
        now.pop((who, firm), None)
        if share is not None:
            now[who, firm] = share
    return stakes, changes


def check(stakes: Stakes, changes: Changes, line: int) -> int:
    """After every change: the same controllers, rings and shares as computed from nothing, and who changed is told."""
    given_ = {(name, "sink"): 0 for name in NAMES} | stakes
    living = Living(whole(given_), Decimal(line))
    for who, firm, share in changes:
        before = {name: living.ultimate(name) for name in NAMES}
        roots = living.root.copy()
        told = living.change(who, firm, None if share is None else Decimal(share))
        given_ = {pair: part for pair, part in given_.items() if pair != (who, firm)}
        if share is not None:
            given_[who, firm] = share
        fresh = whole(given_)
        same_control(living, set(NAMES), control(fresh, Decimal(line)))
        same_shares(living, set(NAMES), fresh)
        assert sorted(told.tolist()) == np.flatnonzero(living.root != roots).tolist()
        moved = {name for name in NAMES if living.ultimate(name) != before[name]}
        assert not moved or len(told)
    return living.recomputed


@settings(deadline=None, max_examples=60)
@given(lives(100))
def test_within_the_whole_nothing_is_computed_again_and_all_is_the_same(
    life: Life,
) -> None:
    assert check(*life, 50) == 0


@settings(deadline=None, max_examples=25)
@given(lives(150), st.sampled_from([50, 33]))
def test_above_the_whole_or_below_half_it_is_the_same_too(life: Life, line: int) -> None:
    check(*life, line)


def test_a_loss_is_carried_down_and_a_ring_does_not_hold_itself() -> None:
    pairs = [("p", "a", 60), ("a", "b", 60), ("b", "c", 30), ("c", "b", 40), ("a", "c", 30), ("q", "a", 40)]
    living = Living(Holdings.from_pairs(pairs))
    assert [living.ultimate(name) for name in "abc"] == ["p", "p", "p"]
    told = living.change("p", "a", Decimal(50))
    assert sorted(living.names(told)) == ["a", "b", "c"]
    assert [living.ultimate(name) for name in "abc"] == [None, "a", "a"]
    living.change("a", "c", Decimal(10))
    assert [living.ultimate(name) for name in "abc"] == [None, "a", None]
    living.change("a", "b", None)
    assert [living.ultimate(name) for name in "abc"] == [None, None, None]
    assert living.recomputed == 0


def test_a_new_name_is_taken_in() -> None:
    living = Living(Holdings.from_pairs([("p", "a", 60)], {"p": "person"}))
    told = living.change("a", "new", Decimal(80), kind="enterprise")
    assert living.names(told) == ["new"]
    assert living.ultimate("new") == "p"
    assert living.of("new").ultimate[0].holder == "p"
    assert living.recomputed == 1
    assert len(living.change("nobody", "a", None)) == 0
    with pytest.raises(NotFoundError):
        living.ultimate("nobody")
    with pytest.raises(UsageError, match="between 0 and 100"):
        living.change("p", "a", Decimal(101))
    with pytest.raises(UsageError, match="no kind of holder"):
        living.change("p", "a", Decimal(1), kind="king")


def test_rows_move_when_they_are_full() -> None:
    firms = [f"f{n:03}" for n in range(300)]
    living = Living(Holdings.from_pairs([("x", firm, 1) for firm in firms] + [(firm, "y", 0) for firm in firms]))
    for firm in firms:
        living.change(firm, "x", Decimal("0.3"))
    living.change(firms[0], "y", Decimal(51))
    assert len(living.of("x").owners) == 300
    assert living.of("x").owners[0].share == pytest.approx(0.003 / (1 - 299 * 0.003 * 0.01))  # without itself
    assert living.ultimate("y") == firms[0]
    assert living.holdings().totals[living.place("x")] == living.totals[living.place("x")] == 9_000_000
