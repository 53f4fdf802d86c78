"""Bounds that several needs share: a bank's limit on one group, the joint limit of all banks; tried out."""

from __future__ import annotations

import sys
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given as over
from hypothesis import settings

from houfeng.errors import InputError, Text
from houfeng.instruments.eligibility import Answer
from houfeng.matching.assign import best, stable
from houfeng.matching.assign.checking import blocking_pairs, broken
from houfeng.matching.assign.market import Caps
from houfeng.matching.assign.priced import priced
from houfeng.matching.clearing import Clearing, clear
from houfeng.matching.recommend import Asked, Bounds, Need, Quote, Rooms
from matching.assign.assign_samples import best_value, floor, random_market, seeds, with_caps

D = Decimal
MILLION = D(1_000_000)


@settings(max_examples=60, deadline=None)
@over(seeds)
def test_the_best_total_keeps_to_them(seed: int) -> None:
    made = with_caps(random_market(seed, 5, 3, places=bool(seed % 2), classes=3 if seed % 3 else None), seed)
    result = best(made)
    assert not broken(made, result.entry)
    assert result.exact
    assert result.value == pytest.approx(best_value(made))
    assert result.cap_room is not None
    assert (result.cap_room >= 0).all()


@settings(max_examples=30, deadline=None)
@over(seeds)
def test_with_floors(seed: int) -> None:
    made = with_caps(random_market(seed, 5, 3, places=True), seed)
    floors = [floor((np.random.default_rng(seed).random(5) < 0.5).tolist(), 1)]
    wanted = best_value(made, floors)
    if wanted is None:
        for way in (best, stable):
            with pytest.raises(InputError):
                way(made, floors)
        return
    result = best(made, floors)
    assert not broken(made, result.entry, floors)
    assert result.value == pytest.approx(wanted)


@settings(max_examples=60, deadline=None)
@over(seeds)
def test_deferred_acceptance_holds_their_room(seed: int) -> None:
    """None is passed, with filling and by prices too; where none refused anybody it is the stable one without them."""
    plain = random_market(seed, 7, 3, places=bool(seed % 2), ties=True)
    made = with_caps(plain, seed)
    for filling in (False, True):
        result = stable(made, filling=filling)
        assert not broken(made, result.entry)
    assert not broken(made, priced(made)[0])
    if stable(made).exact:
        assert stable(made).entry.tolist() == stable(plain).entry.tolist()
        assert blocking_pairs(made, stable(made).entry) == [] or not seed % 2


@pytest.mark.parametrize("seed", range(6))
def test_large_markets_place_whole_needs_under_them(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without branch and bound: nothing is passed, and the bound holds, which caps can only lower."""
    monkeypatch.setattr(sys.modules["houfeng.matching.assign.best"], "SMALL", -1)
    plain = random_market(seed, 80, 6, places=False, classes=15)
    made = with_caps(plain, seed, 5)
    result = best(made)
    assert not broken(made, result.entry)
    assert result.bound is not None
    assert result.value <= result.bound + 1e-6
    assert result.bound <= (best(plain).bound or 0) + 1e-6


def test_caps_with_room_for_everybody_change_nothing() -> None:
    plain = random_market(5, 200, 8, places=False, classes=20)
    caps = with_caps(plain, 5).caps
    wide = replace(plain, caps=replace(caps, room=np.full(2, 10**9)))
    assert stable(wide).entry.tolist() == stable(plain).entry.tolist()
    assert best(wide).value == pytest.approx(best(plain).value)
    assert Caps.left(wide.caps, wide, np.full(200, -1)).tolist() == [10**9] * 2


@pytest.fixture
def group() -> Clearing:
    """Two firms of one group ask for two million each; the first bank is cheaper and has three for the group."""
    rooms = Rooms(capital={"B1": (None, 15 * MILLION)}, groups={"a": ("G",), "b": ("G",)}, names={"G": "甲集团"})
    quotes = tuple(
        Quote(bank, Text(bank, bank), bank, Answer.YES, (), D(rate)) for bank, rate in (("B1", "3"), ("B2", "4"))
    )
    needs = [Asked(Need(f"N{firm}", firm, 2 * MILLION, 12), "CS03", None, quotes) for firm in ("a", "b", "c")]
    return clear(needs, {"B1": 9 * MILLION, "B2": 9 * MILLION}, bounds=Bounds(rooms=rooms))


@pytest.mark.parametrize("way", ["stable", "best"])
def test_a_group_gets_no_more_than_its_limit(group: Clearing, way: str) -> None:
    """By hand: one of the two gets the cheap bank, the other the dear one and is told why; c is of no group."""
    result = group.run(way)
    got = [offer.bank for number in range(3) if (offer := group.got(result, number)) is not None]
    assert (sorted(got[:2]), got[2]) == (["B1", "B2"], "B1")
    if way == "stable":
        assert got[0] == "B1"  # who asked first
    other = group.explain(result, got.index("B2"))
    assert "甲集团" in other.better[0].why.zh
    assert "other needs of the same client or group" in other.better[0].why.en


def test_a_joint_limit_is_of_all_banks(group: Clearing) -> None:
    """a has a joint limit of three million at all banks and asks twice for two: one of the two gets nothing."""
    rooms = Rooms(joint={"a": (5 * MILLION, 2 * MILLION)})
    needs = [one._replace(need=replace(one.need, enterprise_id="a")) for one in group.needs[:2]]
    both = clear(needs, {"B1": 9 * MILLION, "B2": 9 * MILLION}, bounds=Bounds(rooms=rooms))
    for way in ("stable", "best"):
        assert sum(at >= 0 for at in both.run(way).entry) == 1
