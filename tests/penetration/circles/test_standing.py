"""What firms carry for others, and whose removal saves most: by hand and against plain Python."""

from __future__ import annotations

from decimal import Decimal
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.penetration.circles.graph import Guarantees
from houfeng.penetration.circles.standing import Standing
from houfeng.penetration.circles.walk import Walk


def test_burdens() -> None:
    graph = Guarantees.from_pairs([("a", "b", 60), ("a", "c", 30), ("b", "c", 10), ("d", "c"), ("e", "a", 1)])
    means = {"a": Decimal(60), "b": Decimal(40), "d": Decimal(5), "e": Decimal(-3)}
    a, e, b, d = Standing.of(graph).heaviest(means)[1], *(Standing.of(graph).burden(n, means) for n in "ebd")
    assert (a.firm, a.guaranteed, a.firms, a.guarantors, a.depth, a.ratio) == (
        "a", Decimal(90), 2, 1, 2, Decimal("150.00"),
    )  # fmt: skip
    assert (e.ratio, e.overdrawn, e.depth) == (None, True, 3)
    assert (b.ratio, d.ratio, d.amounts_missing) == (Decimal("25.00"), Decimal("0.00"), True)
    assert Standing.of(graph).heaviest(means)[0].firm == "e"
    assert Standing.of(graph).burden("c", means).ratio is None


def test_the_walk_by_hand() -> None:
    # a guarantees half of its means for b, b all of its means for c: trouble runs c → b → a
    graph = Guarantees.from_pairs([("a", "b", 50), ("b", "c", 80)])
    means = {"a": Decimal(100), "b": Decimal(80)}
    debt = {"a": Decimal(1000), "b": Decimal(1000), "c": Decimal(1000)}
    walk = Walk.of(graph, means, {"a": 0.1, "b": 0.0, "c": 0.4}, debt)
    b = 1 - (1 - 0.0) * (1 - 1.0 * 0.4)
    a = 1 - (1 - 0.1) * (1 - 0.5 * b)
    assert walk.fall().tolist() == pytest.approx([a, b, 0.4])
    first, second, third = walk.keys(lgd=0.5)
    assert (first.firm, second.firm, third.firm) == ("c", "b", "a")
    assert first.saved == pytest.approx(500 * (0.4 + b + a - 0.1))
    assert first.elsewhere == pytest.approx(500 * (b + a - 0.1))
    assert third.elsewhere == pytest.approx(0)


NAMES = "abcdef"
EDGES = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.integers(1, 200)), max_size=14)


@settings(deadline=None)
@given(EDGES, st.lists(st.floats(0, 0.6), min_size=6, max_size=6), st.integers(0, 5))
def test_the_walk_ends_where_nothing_moves_and_grows_with_the_shock(
    edges: list[tuple[str, str, int]], chances: list[float], who: int
) -> None:
    graph = Guarantees.from_pairs([*edges, ("a", "b", 0)])
    names = graph.ids.to_pylist()
    means = dict.fromkeys(NAMES, Decimal(100))
    chance = dict(zip(NAMES, chances, strict=True))
    walk = Walk.of(graph, means, chance, dict.fromkeys(NAMES, Decimal(1)))
    found = dict(zip(names, walk.fall(), strict=True))
    amount: dict[tuple[str, str], int] = {}
    for guarantor, borrower, money in [*edges, ("a", "b", 0)]:
        if guarantor != borrower:
            amount[guarantor, borrower] = amount.get((guarantor, borrower), 0) + money
    for name in names:
        spared = prod(1 - min(1, m / 100) * found[y] for (x, y), m in amount.items() if x == name)
        assert found[name] == pytest.approx(1 - (1 - chance[name]) * spared, abs=1e-9)
    worse = Walk.of(graph, means, chance | {NAMES[who]: 0.9}, {}).fall()
    assert (worse >= walk.fall() - 1e-9).all()
    assert walk.expected_loss(without=[0]) <= walk.expected_loss() + 1e-9
