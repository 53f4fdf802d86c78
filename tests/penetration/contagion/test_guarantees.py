"""Contagion through guarantees by hand, and against a plain reading of the terms, set of fallen by set of fallen."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError, NotFoundError
from houfeng.penetration.contagion.guarantees import Guarantees, Terms
from houfeng.penetration.contagion.montecarlo import walk
from houfeng.penetration.contagion.prepared import Fall, Prepared

RING = Guarantees.of(
    {"a": 100.0, "b": 60.0, "c": 40.0, "d": 500.0},
    [("la", "a", "X", 80), ("lb", "b", "X", 50), ("lc", "c", "Y", 45), ("plain", "a", "Y", 20)],
    [("la", "b", 80), ("lb", "c", 50), ("lc", "d", 45)],
)
"""b stands surety for a, c for b, d for c; d can bear it."""


def fall(graph: Guarantees, *names: str, held: tuple[str, ...] = (), **terms: Any) -> Fall:
    return Prepared(graph, Terms(**terms)).fall(
        [graph.place(name) for name in names], [graph.place(name) for name in held]
    )


def test_a_chain_by_hand() -> None:
    found = fall(RING, "a", lgd=0.4)
    # a's 80 are called on b (60): falls; b's 50 on c (40): falls; c's 45 on d, who pays them
    assert RING.names(found.fallen) == ["a", "b", "c"]
    assert dict(zip(RING.firms.to_pylist(), found.burden, strict=True)) == {"a": 0, "b": 80, "c": 50, "d": 45}
    # X gets nothing from guarantors: 0.4 of 130; Y is paid c's 45 in full by d, and loses 0.4 of a's other 20
    assert dict(zip(RING.banks, found.by_bank, strict=True)) == pytest.approx({"X": 52, "Y": 8})
    assert dict(zip(RING.banks, found.exposed, strict=True)) == pytest.approx({"X": 130, "Y": 65})


def test_called_for_the_shortfall_less_falls() -> None:
    found = fall(RING, "a", lgd=0.4, call="shortfall")  # 32 are called on b, who bears them
    assert RING.names(found.fallen) == ["a"]
    assert dict(zip(RING.banks, found.by_bank, strict=True)) == pytest.approx({"X": 0, "Y": 8})
    whole = fall(RING, "a", lgd=0.4, bears=2.0)  # b pays 80 and gets back 0.6 of it; so the bank loses nothing either
    assert dict(zip(RING.banks, whole.by_bank, strict=True)) == pytest.approx({"X": 0, "Y": 8})


def test_what_the_fallen_pay_is_spared() -> None:
    found = fall(RING, "a", lgd=0.4, fallen_pays=0.5)
    # half of 80 and of 50 is paid: X keeps a claim of 65 and loses 0.4 of it
    assert dict(zip(RING.banks, found.by_bank, strict=True)) == pytest.approx({"X": 26, "Y": 8})


TWO = Guarantees.of({"f": 0.0, "p": 50.0, "q": 500.0}, [("l", "f", "X", 100)], [("l", "p", 100, 1), ("l", "q", 100, 2)])
"""Two guarantors of one debt of 100; p can bear 50, q all of it."""


def test_order_of_payment() -> None:
    shared = fall(TWO, "f")
    assert TWO.names(shared.fallen) == ["f"]  # 50 each: exactly what p can bear
    assert shared.burden.tolist() == [0, 50, 50]
    turn = fall(TWO, "f", order="in_order")
    assert TWO.names(turn.fallen) == ["f", "p"]  # p is called for all 100 first, falls, and q steps in
    assert turn.burden.tolist() == [0, 100, 100]
    assert turn.loss == 0
    alone = fall(TWO, "f", order="in_order", step_in=False, lgd=1.0)
    assert alone.burden.tolist() == [0, 100, 0]
    assert alone.loss == 100


def test_stepping_in_raises_the_call_on_the_others() -> None:
    small = dataclasses.replace(TWO, net_assets=np.array([0.0, 40.0, 99.0]))
    found = fall(small, "f", lgd=1.0)
    assert small.names(found.fallen) == ["f", "p", "q"]  # 50 each, p falls at 40; then q owes all 100, and falls
    assert found.loss == 100
    assert small.names(fall(small, "f", lgd=1.0, step_in=False).fallen) == ["f", "p"]


def test_unknown_net_assets_are_an_argument() -> None:
    graph = Guarantees.of({"f": 1.0}, [("l", "f", "X", 100), ("m", "g", "X", 7)], [("l", "g", 100)])
    assert fall(graph, "f", lgd=1.0).loss == 0
    assert fall(graph, "f", lgd=1.0, unknown="falls").loss == 107


def test_a_held_firm_pays_and_a_group_falls_together() -> None:
    found = fall(RING, "a", held=("b",), lgd=1.0)
    assert RING.names(found.fallen) == ["a"]
    assert found.by_bank.tolist() == [0, 20]
    rows = [("x", "f", "X", 10), ("y", "g", "X", 20), ("z", "h", "X", 40)]
    graph = Guarantees.of({"f": 1.0, "g": 1.0, "h": 1.0}, rows, [], groups=[["f", "g"]])
    assert fall(graph, "f", lgd=1.0).loss == 10
    assert fall(graph, "f", lgd=1.0, cross_default=True).loss == 30
    assert fall(graph, "f", lgd=1.0, cross_default=True, held=("g",)).loss == 10


def test_terms_and_names_are_checked() -> None:
    with pytest.raises(InputError) as told:
        Terms(lgd=1.2, fallen_pays=-0.1)
    assert len(told.value.problems) == 2
    with pytest.raises(NotFoundError, match="neither owes nor guarantees"):
        RING.place("nobody")


@st.composite
def circles(draw: st.DrawFn) -> tuple[Guarantees, Terms, list[int]]:
    """Up to six firms with debts, several sureties a debt, groups, and any terms."""
    size = draw(st.integers(1, 6))
    firms = st.integers(0, size - 1)
    debts = draw(st.lists(st.tuples(firms, st.integers(0, 1), st.integers(1, 30)), min_size=1, max_size=8))
    rows = st.tuples(st.integers(0, len(debts) - 1), firms, st.integers(1, 30), st.integers(0, 2))
    # one surety of a firm for a debt: two would stand in no order of their own
    given_ = draw(st.lists(rows, max_size=12, unique_by=lambda row: row[:2]))
    net = [draw(st.one_of(st.none(), st.integers(-5, 40))) for _ in range(size)]
    graph = Guarantees.from_columns(
        pa.array([f"f{n}" for n in range(size)]),
        ("X", "Y"),
        np.array([np.nan if one is None else float(one) for one in net]),
        *(np.array([row[at] for row in debts], np.int32) for at in (0, 1)),
        np.array([row[2] for row in debts], float),
        *(np.array([row[at] for row in given_], np.int32) for at in (0, 1)),
        np.array([row[2] for row in given_], float),
        np.array([row[3] for row in given_], np.int32),
        np.array([draw(st.integers(-1, 1)) for _ in range(size)], np.int32),
    )
    terms = Terms(
        lgd=draw(st.sampled_from([0.0, 0.25, 0.5, 1.0])),
        call=draw(st.sampled_from(["whole", "shortfall"])),
        order=draw(st.sampled_from(["pro_rata", "in_order"])),
        step_in=draw(st.booleans()),
        fallen_pays=draw(st.sampled_from([0.0, 0.5, 1.0])),
        unknown=draw(st.sampled_from(["stands", "falls"])),
        cross_default=draw(st.booleans()),
    )
    return graph, terms, draw(st.lists(firms, min_size=1, max_size=2, unique=True))


def dues(graph: Guarantees, terms: Terms, debt: int, fallen: set[int]) -> dict[int, float]:
    """What each surety of a debt is called for when exactly these have fallen."""
    rows = [row for row in range(len(graph.debt)) if graph.debt[row] == debt]
    call = float(graph.balance[debt]) * (1.0 if terms.call == "whole" else float(terms.lgd))
    down = {row: int(graph.guarantor[row]) in fallen for row in rows}
    if terms.order == "in_order":
        left, found = call, {}
        for row in rows:
            found[row] = min(float(graph.amount[row]), left)
            left -= found[row] * (terms.fallen_pays if down[row] and terms.step_in else 1.0)
        return found
    whole = sum(float(graph.amount[row]) for row in rows)
    part = min(1.0, call / whole) if whole else 0.0
    found = {row: part * float(graph.amount[row]) for row in rows}
    standing = sum(float(graph.amount[row]) for row in rows if not down[row])
    if terms.step_in and standing:
        rest = call - terms.fallen_pays * sum(found[row] for row in rows if down[row])
        found |= {row: min(1.0, rest / standing) * float(graph.amount[row]) for row in rows if not down[row]}
    return found


def plainly(graph: Guarantees, terms: Terms, first: list[int]) -> tuple[set[int], float]:
    """Who falls, and what lenders lose: add whoever cannot bear the calls until nobody is to be added."""
    fallen = set(first)
    while True:
        burden = [0.0] * graph.size
        for debt in range(len(graph.balance)):
            if int(graph.borrower[debt]) in fallen:
                for row, due in dues(graph, terms, debt, fallen).items():
                    burden[graph.guarantor[row]] += due
        more = set(fallen)
        for firm in range(graph.size):
            own = graph.net_assets[firm]
            bears = (np.inf if terms.unknown == "stands" else 0.0) if np.isnan(own) else max(0.0, own)
            if burden[firm] > bears + 1e-6:
                more.add(firm)
            if terms.cross_default and any(graph.group[firm] == graph.group[one] >= 0 for one in fallen):
                more.add(firm)
        if more == fallen:
            break
        fallen = more
    lost = 0.0
    for debt in range(len(graph.balance)):
        if int(graph.borrower[debt]) in fallen:
            paid = sum(
                due * (terms.fallen_pays if int(graph.guarantor[row]) in fallen else 1.0)
                for row, due in dues(graph, terms, debt, fallen).items()
            )
            left = float(graph.balance[debt])
            lost += (left - paid) * float(terms.lgd) if terms.call == "whole" else left * float(terms.lgd) - paid
    return fallen, lost


@settings(max_examples=300, deadline=None)
@given(circles())
def test_equals_the_plain_reading(drawn: tuple[Guarantees, Terms, list[int]]) -> None:
    graph, terms, first = drawn
    asked = Prepared(graph, terms)
    for _ in range(2):  # and again: nothing of the first answer is left
        found = asked.fall(first)
        fallen, lost = plainly(graph, terms, first)
        assert set(found.fallen.tolist()) == fallen
        assert found.loss == pytest.approx(lost, abs=1e-6)
        assert asked.weigh(np.array(first, np.int32)) == pytest.approx((lost, 0.0), abs=1e-6)
        assert found.by_bank.sum() == pytest.approx(lost, abs=1e-6)
        assert (found.lost >= -1e-9).all()


@settings(max_examples=100, deadline=None)
@given(circles(), st.integers(0, 5))
def test_more_that_fall_first_pull_down_no_fewer(drawn: tuple[Guarantees, Terms, list[int]], more: int) -> None:
    graph, terms, first = drawn
    asked = Prepared(graph, terms)
    few = set(asked.fall(first).fallen.tolist())
    assert few <= set(asked.fall([*first, more % graph.size]).fallen.tolist())


@settings(max_examples=60, deadline=None)
@given(circles(), st.randoms(use_true_random=False))
def test_the_order_of_firms_and_rows_changes_nothing(drawn: Any, random: Any) -> None:
    graph, terms, first = drawn
    new = list(range(graph.size))
    random.shuffle(new)
    place, back = np.array(new, np.int32), np.argsort(new)
    other = Guarantees.from_columns(
        graph.firms.take(pa.array(back)), graph.banks, graph.net_assets[back], place[graph.borrower], graph.bank,
        graph.balance, graph.debt, place[graph.guarantor], graph.amount, np.arange(len(graph.debt), dtype=np.int32),
        graph.group[back],
    )  # fmt: skip
    mine, theirs = Prepared(graph, terms).fall(first), Prepared(other, terms).fall(place[first])
    assert sorted(graph.names(mine.fallen)) == sorted(other.names(theirs.fallen))
    assert theirs.loss == pytest.approx(mine.loss, abs=1e-9)


def test_chances_walk_from_borrower_to_guarantor() -> None:
    """domain.md §5.4 and §12: p_j = 1 − (1 − PD_j) ∏ (1 − w p_i), w the guarantee ÷ net assets of the guarantor j."""
    graph = Guarantees.of(
        {"i": 10.0, "k": 10.0, "j": 100.0, "n": 0.0},
        [("a", "i", "X", 40), ("b", "k", "X", 80), ("c", "j", "X", 5)],
        [("a", "j", 40), ("b", "j", 100), ("c", "n", 5)],
    )
    chance = graph_column(graph, {"i": 0.1, "k": 0.2, "j": 0.05, "n": 0.0})
    # j: w = 0.4 for i, 0.8 for k (no more than the debt); n has nothing: whatever happens to j happens to it
    j = 1 - 0.95 * (1 - 0.4 * 0.1) * (1 - 0.8 * 0.2)
    assert walk(graph, chance) == pytest.approx(graph_column(graph, {"i": 0.1, "k": 0.2, "j": j, "n": j}))
    assert walk(graph, chance, rounds=1)[graph.place("n")] == pytest.approx(0.05)


def graph_column(graph: Guarantees, values: dict[str, float]) -> np.ndarray:
    return np.array([values[name] for name in graph.firms.to_pylist()])
