"""“If this firm falls”: limits, banks and the best use of a sum, by hand and against every choice."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.penetration.contagion import impact as room
from houfeng.penetration.contagion.guarantees import Guarantees, Terms
from houfeng.penetration.contagion.impact import Capital, impact, rescue
from houfeng.penetration.contagion.prepared import Prepared
from houfeng.penetration.contagion.system import System

GRAPH = Guarantees.of(
    {"a": 100.0, "b": 60.0, "c": 40.0, "d": 500.0},
    [("la", "a", "X", 80), ("lb", "b", "X", 50), ("lc", "c", "Y", 45), ("ld", "d", "Y", 62)],
    [("la", "b", 80), ("lb", "c", 50), ("lc", "d", 45)],
)
CAPITAL = {"X": Capital(900.0, 600.0), "Y": Capital(500.0, 400.0)}
TERMS = Terms(lgd=0.5)


def test_losses_and_limits_by_hand() -> None:
    found = impact(GRAPH, ["a"], CAPITAL, terms=TERMS)
    assert GRAPH.names(found.fall.fallen) == ["a", "b", "c"]
    row = {one.bank: one for one in found.banks}
    assert (row["X"].exposed, row["X"].lost) == (130, 65)
    assert (row["Y"].exposed, row["Y"].lost) == (45, 0)  # d pays c's debt
    assert row["X"].of_capital == pytest.approx(100 * 65 / 600)
    assert not row["X"].fails
    told = {(one.bank, one.limit.code, one.on): one for one in found.breaches}
    # X lent the three 130: 21.67 % of 600, 24.3 % of the 535 left. Y's 62 to d are 15.5 % of 400 and 12.4 % of 500
    assert set(told) == {("X", "group_20", "a"), ("Y", "firm_15", "d"), ("Y", "loan_10", "d")}
    group = told["X", "group_20", "a"]
    assert (group.percent_before, group.percent_after) == pytest.approx((100 * 130 / 600, 100 * 130 / 535))
    assert group.before


def test_a_limit_broken_only_by_the_loss() -> None:
    capital = {"X": Capital(900.0, 660.0), "Y": Capital(9000.0, 4000.0)}  # 130 are 19.7 % of 660, 21.8 % of 595
    (one,) = impact(GRAPH, ["a"], capital, terms=TERMS).breaches
    assert (one.limit.code, one.before) == ("group_20", False)
    assert one.percent_after == pytest.approx(100 * 130 / 595)
    none = [dataclasses.replace(limit, percent=99.0) for limit in room.LIMITS]
    assert impact(GRAPH, ["a"], capital, terms=TERMS, limits=none).breaches == ()


def test_unknown_capital_breaks_nothing() -> None:
    found = impact(GRAPH, ["a"], {}, terms=TERMS)
    assert found.breaches == ()
    assert np.isnan(found.banks[0].of_capital)


def test_a_bank_that_fails_pulls_down_another() -> None:
    system = System.of([("X", 0, 0), ("Y", 0, 0), ("Z", 0, 0)], [("Y", "X", 300), ("Z", "Y", 20)])
    capital = {"X": Capital(70.0, 60.0), "Y": Capital(200.0, 150.0), "Z": Capital(50.0, 40.0)}
    found = impact(GRAPH, ["a"], capital, terms=TERMS, system=system, bank_lgd=0.6)
    row = {one.bank: one for one in found.banks}
    assert row["X"].fails  # 65 against 60
    assert (row["Y"].by_banks, row["Y"].fails) == (pytest.approx(180), True)  # 0.6 of 300
    assert (row["Z"].by_banks, row["Z"].fails) == (pytest.approx(12), False)
    on_banks = {(one.bank, one.on): one for one in found.breaches if one.limit.code == "bank_25"}
    assert set(on_banks) == {("Y", "X"), ("Z", "Y")}
    assert on_banks["Y", "X"].percent_before == pytest.approx(200)
    assert np.isnan(on_banks["Y", "X"].percent_after)  # nothing left to measure on
    assert (on_banks["Z", "Y"].percent_before, on_banks["Z", "Y"].percent_after) == pytest.approx((50, 100 * 20 / 28))


def test_what_stops_it_best() -> None:
    # a falls: b is called for 80 and bears 60. Held for 20, it stops everything: X is paid, c and d are not called
    found = rescue(GRAPH, ["a"], 20.0, terms=TERMS)
    assert found.exact
    assert found.steps == (("b", pytest.approx(20), pytest.approx(0)),)
    assert (found.loss_before, found.spared, found.cost) == pytest.approx((65, 65, 20))
    # for 15 only c can be held (called for 50, bears 40): b's debt is paid by c
    less = rescue(GRAPH, ["a"], 15.0, terms=TERMS)
    assert [step[0] for step in less.steps] == ["c"]
    assert (less.cost, less.spared) == pytest.approx((10, 25))
    assert rescue(GRAPH, ["a"], 5.0, terms=TERMS).steps == ()
    greedy = rescue(GRAPH, ["a"], 20.0, terms=TERMS, exact_up_to=0)
    assert not greedy.exact
    assert greedy.spared <= found.spared
    with pytest.raises(InputError, match="sum cannot be used"):
        rescue(GRAPH, ["a"], -1.0)


@st.composite
def chains(draw: st.DrawFn) -> tuple[Guarantees, float]:
    """Seven firms with a debt each and random sureties; the first one falls; a sum."""
    pairs = st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(5, 40))
    given_ = draw(st.lists(pairs, max_size=14, unique_by=lambda row: row[:2]))
    graph = Guarantees.from_columns(
        pa.array([f"f{n}" for n in range(7)]), ("X",), np.array([float(draw(st.integers(0, 30))) for _ in range(7)]),
        np.arange(7, dtype=np.int32), np.zeros(7, np.int32),
        np.array([float(draw(st.integers(5, 40))) for _ in range(7)]),
        *(np.array([row[at] for row in given_], np.int32) for at in (0, 1)),
        np.array([float(row[2]) for row in given_]), np.zeros(len(given_), np.int32),
    )  # fmt: skip
    return graph, float(draw(st.integers(0, 60)))


@settings(max_examples=60, deadline=None)
@given(chains())
def test_no_other_choice_spares_more(drawn: tuple[Guarantees, float]) -> None:
    graph, sum_ = drawn
    found = rescue(graph, ["f0"], sum_, terms=TERMS)
    greedy = rescue(graph, ["f0"], sum_, terms=TERMS, exact_up_to=0)
    asked = Prepared(graph, TERMS)
    start = asked.fall([0])
    best = start.loss
    for size in range(len(start.fallen)):
        for held in itertools.combinations(start.fallen[1:].tolist(), size):
            after = asked.fall([0], held)
            bears = np.maximum(graph.net_assets, 0)
            cost = sum(max(0.0, after.burden[one] - bears[one]) for one in held)
            if cost <= sum_:
                best = min(best, after.loss)
    assert found.loss_before - found.spared == pytest.approx(best, abs=1e-6)
    assert found.cost <= sum_
    assert greedy.cost <= sum_
    assert greedy.spared <= found.spared + 1e-6
