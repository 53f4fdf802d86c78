"""Close links against a published example, and against all simple ways of a small graph one by one."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.penetration.graph import Holdings
from houfeng.penetration.ownership.closelinks import CloseLinks, Common, common

# The close-link example of the Vadalog/Prometheux documentation (acceptance.md).
PUBLISHED = [("A", "B", 20), ("B", "A", 80), ("B", "C", 20), ("C", "D", 60), ("D", "A", 90), ("A", "C", 20)]
EXPECTED = {
    ("A", "C"): ".24", ("B", "D"): ".216", ("D", "C"): ".216", ("B", "A"): ".908", ("C", "D"): ".6", ("A", "B"): ".2",
    ("B", "C"): ".36", ("C", "A"): ".54", ("D", "A"): ".9",
}  # fmt: skip

Stakes = list[tuple[str, str, int]]


def simple_ways(stakes: Stakes, way: tuple[str, ...], share: Fraction, found: dict[str, Fraction]) -> None:
    """Add every simple way that goes on from `way`."""
    for who, firm, part in stakes:
        if who == way[-1] and firm not in way:
            longer = share * Fraction(part, 100)
            found[firm] = found.get(firm, Fraction(0)) + longer
            simple_ways(stakes, (*way, firm), longer, found)


def plain(stakes: Stakes, holder: str) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    simple_ways(stakes, (holder,), Fraction(1), found)
    return found


def test_the_published_example() -> None:
    links = CloseLinks(Holdings.from_pairs(PUBLISHED)).all()
    assert {(link.holder, link.held): link.least for link in links} == {k: Fraction(v) for k, v in EXPECTED.items()}
    assert all(link.exact for link in links)


def test_a_third_party_links_two() -> None:
    links = CloseLinks(Holdings.from_pairs([("t", "x", 20), ("t", "y", 30), ("t", "z", 19)])).all()
    assert common(links) == (Common("x", "y", "t"),)


FIRMS = ["f0", "f1", "f2", "f3", "f4", "f5"]


@st.composite
def stakes(draw: st.DrawFn) -> Stakes:
    """Six firms that hold parts of each other, at most the whole of each."""
    found: Stakes = []
    for firm in FIRMS:
        left = 100
        for holder in draw(st.lists(st.sampled_from([*FIRMS, "p"]), unique=True, max_size=4)):
            share = draw(st.integers(0, left))
            left -= share
            if share and holder != firm:
                found.append((holder, firm, share))
    return found or [("p", "f0", 100)]


@settings(deadline=None)
@given(stakes())
def test_the_sum_over_all_simple_ways(given_: Stakes) -> None:
    graph = Holdings.from_pairs(given_)
    links = CloseLinks(graph)
    for holder in graph.ids.to_pylist():
        expected = {firm: share for firm, share in plain(given_, holder).items() if share >= Fraction(1, 5)}
        found = links.of(holder)
        assert {link.held: link.least for link in found} == expected
        assert all(link.exact for link in found)


@settings(deadline=None)
@given(stakes(), st.integers(0, 6))
def test_bounds_hold_where_not_all_ways_are_walked(given_: Stakes, steps: int) -> None:
    graph = Holdings.from_pairs(given_)
    links = CloseLinks(graph, steps=steps)
    for holder in graph.ids.to_pylist():
        expected = plain(given_, holder)
        found = {link.held: link for link in links.of(holder)}
        for firm, share in expected.items():
            if share >= Fraction(1, 5):
                assert found[firm].least <= share <= found[firm].most


@settings(deadline=None)
@given(st.lists(st.integers(20, 90), min_size=9, max_size=9), st.integers(0, 4))
def test_bounds_hold_above_the_whole_too(shares: list[int], steps: int) -> None:
    pairs = [(f"n{i}", f"n{j}") for i in range(4) for j in range(4) if i != j][:9]
    given_ = [(who, firm, share) for (who, firm), share in zip(pairs, shares, strict=True)]
    graph = Holdings.from_pairs(given_)
    for link in CloseLinks(graph, steps=steps).all():
        assert link.least <= plain(given_, link.holder).get(link.held, Fraction(0)) <= link.most


def test_a_thick_ring_is_bounded_and_says_so() -> None:
    ring = [(f"n{i:02}", f"n{j:02}", 7) for i in range(14) for j in range(14) if i != j]
    links = CloseLinks(Holdings.from_pairs(ring), steps=2_000).of("n00")
    assert len(links) == 13
    assert all(not link.exact and Fraction(1, 5) < link.least < link.most <= 1 for link in links)


@pytest.mark.parametrize("share", [19, 20, 21])
def test_the_line_itself_counts(share: int) -> None:
    assert bool(CloseLinks(Holdings.from_pairs([("a", "b", share)])).of("a")) == (share >= 20)
