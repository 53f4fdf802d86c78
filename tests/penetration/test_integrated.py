"""Integrated ownership against published examples, and against a plain solution of the whole graph."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.penetration import integrated
from houfeng.penetration.graph import Holdings
from houfeng.penetration.integrated import Penetration

Stakes = list[tuple[str, str, Decimal | int]]


def shares(stakes: Stakes, firm: str) -> dict[str, float]:
    """Everybody's share of `firm`."""
    return {owner.holder: owner.share for owner in Penetration(Holdings.from_pairs(stakes)).of(firm).owners}


@pytest.mark.parametrize(
    ("stakes", "firm", "expected"),
    [
        # Sigma Conso, consolidation example: S0 in S3 through S1, S2 and both
        ([("S0", "S1", 80), ("S0", "S2", 60), ("S0", "S3", 10), ("S2", "S1", 10), ("S1", "S3", 40), ("S2", "S3", 20)],
         "S3", {"S0": 0.564, "S1": 0.4, "S2": 0.24}),
        ([("S0", "S1", 80), ("S0", "S2", 60), ("S2", "S1", 10)], "S1", {"S0": 0.86, "S2": 0.1}),
        # M's path sum in C is 1.111…, its share is 1 (acceptance.md)
        ([("M", "C", 100), ("C", "M", 10), ("e", "M", 90)], "C", {"M": 1.0, "e": 1.0}),
        ([("M", "C", 100), ("C", "M", 10), ("e", "M", 90)], "M", {"C": 0.1, "e": 1.0}),
        # Elliott, Golub and Jackson, AER 104:3115: half of each other, outsiders hold the rest
        ([("A", "B", 50), ("B", "A", 50), ("oA", "A", 50), ("oB", "B", 50)], "A", {"oA": 2 / 3, "oB": 1 / 3, "B": 0.5}),
        ([("1", "2", 30), ("2", "3", 50), ("3", "4", 60)], "4", {"1": 0.09, "2": 0.3, "3": 0.6}),
    ],
)  # fmt: skip
def test_published(stakes: Stakes, firm: str, expected: dict[str, float]) -> None:
    assert shares(stakes, firm) == pytest.approx(expected)


def test_a_ring_that_owns_itself_is_named() -> None:
    with pytest.raises(InputError) as told:
        shares([("A", "B", 100), ("B", "A", 100), ("B", "C", 40)], "C")
    assert [problem.code for problem in told.value.problems] == ["penetration.ownership_loop"]
    assert "A, B hold each other wholly" in told.value.render("en")


def test_a_large_ring_that_owns_itself_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrated, "DENSE", 2)
    with pytest.raises(InputError, match="A, B, D hold each other wholly"):
        shares([("A", "B", 100), ("B", "D", 100), ("D", "A", 100), ("B", "C", 40)], "C")


def test_a_stake_of_nothing_makes_no_ring() -> None:
    stakes: Stakes = [("A", "A", 100), ("B", "B", 50), ("p", "B", 50), ("A", "B", 0), ("B", "A", 0)]
    assert shares(stakes, "B") == pytest.approx({"p": 1.0, "A": 0.0}, nan_ok=False)


def test_above_the_whole_is_scaled_and_flagged() -> None:
    found = Penetration(Holdings.from_pairs([("a", "c", 90), ("b", "c", 60)])).of("c")
    assert [(owner.holder, owner.share) for owner in found.owners] == [
        ("a", pytest.approx(0.6)),
        ("b", pytest.approx(0.4)),
    ]
    assert found.over
    assert found.unknown == 0


def test_a_large_ring_solved_sparse_equals_the_dense_one(monkeypatch: pytest.MonkeyPatch) -> None:
    ring: Stakes = [(f"f{n}", f"f{(n + 1) % 40}", 60) for n in range(40)]
    stakes: Stakes = [*ring, *((f"o{n}", f"f{n}", 40) for n in range(40)), ("f7", "f20", 0)]
    dense = shares(stakes, "f3")
    monkeypatch.setattr(integrated, "DENSE", 8)
    assert shares(stakes, "f3") == pytest.approx(dense, rel=1e-12)


@st.composite
def graphs(draw: st.DrawFn) -> Stakes:
    """Six firms that hold parts of each other; outsiders hold all the rest, so that all owners are known."""
    found: Stakes = []
    for firm in range(6):
        left = 100
        for holder in draw(st.lists(st.integers(0, 5), unique=True, max_size=3)):
            share = draw(st.integers(1, max(1, left - 1)))
            if left - share >= 1:
                left -= share
                found.append((f"f{holder}", f"f{firm}", share))
        found.append((f"o{firm}", f"f{firm}", left))
    return found


@settings(deadline=None)
@given(graphs())
def test_outsiders_own_the_whole_and_all_agrees_with_a_plain_inverse(stakes: Stakes) -> None:
    names = sorted({name for who, firm, _ in stakes for name in (who, firm)})
    direct = np.zeros((len(names), len(names)))
    for who, firm, share in stakes:
        direct[names.index(who), names.index(firm)] = int(share) / 100
    ways = np.linalg.inv(np.eye(len(names)) - direct)
    for firm in range(6):
        found = Penetration(Holdings.from_pairs(stakes)).of(f"f{firm}")
        assert sum(owner.share for owner in found.ultimate) == pytest.approx(1)
        assert found.unknown == 0
        column = names.index(f"f{firm}")
        for owner in found.owners:
            row = names.index(owner.holder)
            assert owner.share == pytest.approx(ways[row, column] / ways[row, row])
            assert 0 <= owner.share <= 1 + 1e-9


@settings(deadline=None)
@given(graphs(), st.permutations(range(12)))
def test_other_names_change_nothing(stakes: Stakes, order: list[int]) -> None:
    names = [f"f{n}" for n in range(6)] + [f"o{n}" for n in range(6)]
    other = {name: f"n{order[place]:02}" for place, name in enumerate(names)}
    renamed: Stakes = [(other[who], other[firm], share) for who, firm, share in stakes]
    expected = {other[name]: share for name, share in shares(stakes, "f0").items()}
    assert shares(renamed, other["f0"]) == pytest.approx(expected)
