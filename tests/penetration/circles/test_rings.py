"""Circles, mutual pairs, chains, cycles and joint groups: against acceptance.md and against brute force."""

from __future__ import annotations

from decimal import Decimal
from itertools import combinations, permutations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import NotFoundError
from houfeng.penetration.circles.cycles import joint_groups, simple_cycles
from houfeng.penetration.circles.graph import Guarantees
from houfeng.penetration.circles.rings import Form, Rings, chain, circles, depths, mutual

# shared/reference/acceptance.md, "Guarantee ring": a→b→c→a and c→d→e→a
RING = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e"), ("e", "a")]

Pairs = list[tuple[str, str]]
PAIRS = st.lists(st.tuples(st.sampled_from("abcdefg"), st.sampled_from("abcdefg")), max_size=18)


def reach(pairs: Pairs) -> dict[str, set[str]]:
    """Who is reached from whom, by walking until nothing is new."""
    names = {name for pair in pairs for name in pair}
    found = {name: {name} for name in names}
    for _ in names:
        for left, right in pairs:
            for seen in found.values():
                if left in seen:
                    seen.add(right)
    return found


def rotated(cycle: tuple[str, ...]) -> tuple[str, ...]:
    at = cycle.index(min(cycle))
    return (*cycle[at:], *cycle[:at])


def test_the_ring_of_the_acceptance_page() -> None:
    graph = Guarantees.from_pairs(RING)
    (circle,) = circles(graph)
    assert circle.members == ("a", "b", "c", "d", "e")
    assert (circle.form, circle.guarantees) == (Form.WEB, 6)
    assert simple_cycles(graph).found == (("a", "b", "c"), ("a", "b", "c", "d", "e"))
    assert simple_cycles(graph).complete
    assert mutual(graph) == ()
    assert joint_groups(graph).found == ()
    assert depths(graph).tolist() == [0] * 5


def test_amounts_of_contracts_are_added_and_own_pledges_left_out() -> None:
    graph = Guarantees.from_pairs([("a", "b", "0.10"), ("a", "b", "0.20"), ("b", "a"), ("a", "a", 9), ("z", "a", 5)])
    (circle,) = circles(graph)
    assert (circle.members, circle.form, circle.amount) == (("a", "b"), Form.MUTUAL, Decimal("0.30"))
    assert graph.contracts.tolist() == [2, 1, 1]
    assert graph.unknown.tolist() == [False, True, False]
    assert circles(graph, least=3) == ()


def test_forms() -> None:
    everybody = [(x, y) for x in "abc" for y in "abc" if x != y]
    assert circles(Guarantees.from_pairs(everybody))[0].form is Form.JOINT
    assert circles(Guarantees.from_pairs(RING[:3]))[0].form is Form.RING
    assert joint_groups(Guarantees.from_pairs([*everybody, ("c", "d"), ("d", "c")])).found == (("a", "b", "c"),)


def test_a_chain_counts_a_circle_as_one_step() -> None:
    graph = Guarantees.from_pairs([("x", "a"), ("a", "b"), ("b", "a"), ("b", "y"), ("y", "z"), ("x", "z")])
    assert dict(zip(graph.ids.to_pylist(), depths(graph).tolist(), strict=True)) == {
        "a": 2, "b": 2, "x": 3, "y": 1, "z": 0,
    }  # fmt: skip
    assert chain(graph, "x") == (("x",), ("a", "b"), ("y",), ("z",))
    with pytest.raises(NotFoundError):
        chain(graph, "nobody")


def test_nobody() -> None:
    empty = Guarantees.of(
        pa.table({name: pa.array([], pa.string()) for name in ("guarantor_id", "borrower_id", "amount")})
    )
    assert (circles(empty), mutual(empty), depths(empty).tolist()) == ((), (), [])
    assert simple_cycles(empty).found == ()


def test_searches_end_where_they_are_told_to() -> None:
    everybody = Guarantees.from_pairs([(f"{x:02}", f"{y:02}") for x in range(20) for y in range(20) if x != y])
    some = simple_cycles(everybody, longest=6, most=50)
    assert (len(some.found), some.complete) == (50, False)
    few = simple_cycles(everybody, longest=20, most=10**9, steps=500)
    assert not few.complete
    assert joint_groups(everybody).found == (tuple(f"{x:02}" for x in range(20)),)
    assert not joint_groups(everybody, steps=3).complete


@settings(deadline=None)
@given(PAIRS)
def test_circles_are_what_reaches_each_other(pairs: Pairs) -> None:
    pairs = [pair for pair in pairs if pair[0] != pair[1]]
    graph, to = Guarantees.from_pairs(pairs), reach(pairs)
    wanted = {frozenset(y for y in to if y in to[x] and x in to[y]) for x in to}
    assert {frozenset(one.members) for one in circles(graph)} == {one for one in wanted if len(one) > 1}
    assert set(mutual(graph)) == {(x, y) for x, y in pairs if x < y and (y, x) in pairs}
    for one in circles(graph):
        assert one.guarantees == len({p for p in pairs if p[0] in one.members and p[1] in one.members})


@settings(deadline=None)
@given(PAIRS, st.integers(2, 7))
def test_cycles_and_joint_groups_by_brute_force(pairs: Pairs, longest: int) -> None:
    edges = {pair for pair in pairs if pair[0] != pair[1]}
    names = sorted({name for pair in edges for name in pair})
    wanted = {
        rotated(path)
        for size in range(2, longest + 1)
        for path in permutations(names, size)
        if path[0] == min(path) and all((x, y) in edges for x, y in zip(path, (*path[1:], path[0]), strict=True))
    }
    graph = Guarantees.from_pairs(sorted(edges))
    found = simple_cycles(graph, longest=longest, most=10**6)
    assert found.complete
    assert set(found.found) == wanted
    assert len(found.found) == len(wanted)
    full = [
        set(group)
        for size in range(3, len(names) + 1)
        for group in combinations(names, size)
        if all((x, y) in edges for x in group for y in group if x != y)
    ]
    largest = {tuple(sorted(one)) for one in full if not any(one < other for other in full)}
    assert set(joint_groups(graph).found) == largest


@settings(deadline=None)
@given(PAIRS)
def test_depth_is_the_longest_way_down_with_circles_as_one(pairs: Pairs) -> None:
    pairs = [pair for pair in pairs if pair[0] != pair[1]]
    graph, to = Guarantees.from_pairs(pairs), reach(pairs)

    def below(name: str) -> int:
        own = {other for other in to[name] if name in to[other]}
        return max((1 + below(y) for x, y in pairs if x in own and y not in own), default=0)

    found = dict(zip(graph.ids.to_pylist(), depths(graph).tolist(), strict=True))
    assert found == {name: below(name) for name in to}
    for name in to:
        assert len(chain(graph, name)) == found[name] + 1


@settings(deadline=None)
@given(PAIRS, st.permutations("abcdefg"))
def test_names_do_not_matter(pairs: Pairs, other: list[str]) -> None:
    as_called = dict(zip("abcdefg", other, strict=True))
    there = Guarantees.from_pairs([(as_called[x], as_called[y]) for x, y in pairs])
    found = {frozenset(as_called[name] for name in one.members) for one in circles(Guarantees.from_pairs(pairs))}
    assert {frozenset(one.members) for one in circles(there)} == found
    assert sorted(Rings.of(there).sizes) == sorted(Rings.of(Guarantees.from_pairs(pairs)).sizes)
