"""Bounds of ownership where stakes are ranges, against every corner of the ranges."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.penetration.bounds import Uncertain
from houfeng.penetration.graph import Holdings
from houfeng.penetration.integrated import Penetration

Ranges = dict[tuple[str, str], tuple[int, int]]


def holdings(ranges: Ranges) -> Holdings:
    """Holdings given by least and most percent."""
    return Holdings.of(
        pa.table(
            {
                "holder_id": [who for who, _ in ranges],
                "enterprise_id": [firm for _, firm in ranges],
                "share_min": [str(low) for low, _ in ranges.values()],
                "share_max": [str(high) for _, high in ranges.values()],
            }
        )
    )


def test_a_missing_stake_takes_what_the_others_leave() -> None:
    graph = Holdings.from_pairs([("a", "f", None), ("b", "f", 30), ("f", "g", 50), ("c", "g", 50)])
    found = {one.holder: (one.least, one.most) for one in Uncertain(graph).of("g")}
    assert found == {"a": (0, pytest.approx(0.35)), "b": (pytest.approx(0.15), pytest.approx(0.15)), "c": (0.5, 0.5)}
    (missing,) = Uncertain(graph).missing("g")
    assert (missing.holder, missing.enterprise, missing.low, missing.high) == ("a", "f", 0, 70)
    assert missing.moves == pytest.approx(0.35)
    assert Uncertain(graph).of("f", ["c"])[0].most == 0  # c holds nothing of f


def test_the_greatest_shares_do_not_add_up_beyond_the_whole() -> None:
    graph = holdings({("a", "f"): (0, 60), ("b", "f"): (0, 60), ("a", "g"): (0, 50), ("f", "g"): (20, 80)})
    found = {one.holder: one.most for one in Uncertain(graph).of("g")}
    assert found["a"] == pytest.approx(0.5 + 0.5 * 0.6)  # not 0.5 + 0.8 × 0.6
    assert found["b"] == pytest.approx(0.8 * 0.6)


def test_the_stake_that_matters_most_comes_first() -> None:
    graph = holdings({("a", "f"): (0, 100), ("f", "h"): (10, 10), ("b", "h"): (40, 90)})
    assert [(one.holder, one.moves) for one in Uncertain(graph).missing("h")] == [
        ("b", pytest.approx(0.5)),
        ("a", pytest.approx(0.1)),
    ]


@st.composite
def ranges(draw: st.DrawFn) -> Ranges:
    """Four firms with rings, two outsiders; at most five stakes are ranges, and the least leave room outside."""
    found: Ranges = {}
    for firm in ("f0", "f1", "f2", "f3"):
        left = 95
        for holder in draw(st.lists(st.sampled_from(["f0", "f1", "f2", "f3", "p", "q"]), unique=True, max_size=3)):
            low = draw(st.integers(0, left // 2))
            left -= low
            found[holder, firm] = (low, low)
    names = sorted(found)
    for name in draw(st.lists(st.sampled_from(names), unique=True, max_size=5)) if names else []:
        low = found[name][0]
        found[name] = (low, draw(st.integers(low, 100)))
    return found | {("p", "f0"): found.get(("p", "f0"), (5, 5))}


@settings(deadline=None, max_examples=60)
@given(ranges())
def test_bounds_hold_at_every_corner_and_are_reached(given_: Ranges) -> None:
    """The greatest share is a corner's: every stake at an end, or all that the others leave."""
    graph = holdings(given_)
    if "f0" not in graph.ids.to_pylist() or not graph.owners[graph.place("p")]:
        return
    found = {one.holder: one for one in Uncertain(graph).of("f0")}
    best, least = 0.0, 1.0
    for corner in _corners(given_):
        owners = Penetration(Holdings.from_pairs(corner)).of("f0").owners
        share = {owner.holder: owner.share for owner in owners}.get("p", 0.0)
        best, least = max(best, share), min(least, share)
    assert found["p"].most == pytest.approx(best, abs=1e-9)
    assert found["p"].least == pytest.approx(least, abs=1e-9)


def _corners(given_: Ranges) -> list[list[tuple[str, str, Decimal]]]:
    """Every vertex: of each firm's stakes some at the least, some at the most, at most one with what is left."""
    firms = sorted({firm for _, firm in given_})
    choices = []
    for firm in firms:
        own = [(who, low, high) for (who, held), (low, high) in given_.items() if held == firm]
        free = [index for index, (_, low, high) in enumerate(own) if high > low]
        found = set()
        for ends in product((0, 1), repeat=len(free)):
            base = [low for _, low, _ in own]
            for index, end in zip(free, ends, strict=True):
                base[index] = own[index][2] if end else base[index]
            if sum(base) <= 100:
                found.add(tuple(base))
            for index in free:
                other = sum(base) - base[index]
                if own[index][1] <= 100 - other <= own[index][2]:
                    found.add((*base[:index], 100 - other, *base[index + 1 :]))
        choices.append([(firm, own, one) for one in sorted(found)])
    return [
        [
            (who, firm, Decimal(share))
            for firm, own, one in combination
            for (who, _, _), share in zip(own, one, strict=True)
        ]
        for combination in product(*choices)
    ]
