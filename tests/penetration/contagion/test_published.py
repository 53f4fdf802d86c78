"""The contagion table of ../shared/reference/acceptance.md (three-bank files of the NEVA authors), and what it says."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from houfeng.penetration.contagion.clearing import External, clear
from houfeng.penetration.contagion.debtrank import linear, nonlinear, original
from houfeng.penetration.contagion.furfine import furfine
from houfeng.penetration.contagion.reading import from_json, from_tables
from houfeng.penetration.contagion.system import System

SHEETS = [("A", 10, 9), ("B", 5, 4), ("C", 3, 2)]
CHAIN = System.of(SHEETS, [("A", "B", 0.5), ("B", "C", 0.5)])
CYCLE = System.of(SHEETS, [("A", "B", 0.5), ("B", "C", 0.5), ("C", "A", 0.5)])
TREE = System.of(SHEETS, [("A", "B", 0.5), ("A", "C", 0.5)])
DATA = Path(__file__).parents[4] / "shared" / "data" / "network_contagion"


def test_chain_clears() -> None:
    found = clear(CHAIN, CHAIN.column({"C": 1.25}))
    assert found.equity == pytest.approx([1.5, 0.85, -0.75], abs=1e-12)
    assert found.exact
    assert found.unique
    assert found.text.en == "Eisenberg–Noe clearing, external debt ranks equally with ordinary claims; unique"
    assert dict(zip(CHAIN.ids, found.fallen, strict=True)) == {"A": False, "B": False, "C": True}


def test_cycle_clears_and_the_rank_of_external_debt_changes_it() -> None:
    loss = CYCLE.column({"A": 1.25})
    assert clear(CYCLE, loss).equity == pytest.approx([-1 / 4, 1, 75 / 76], abs=1e-12)
    # A has 9.25 against 9 before all others: 0.25 of the 0.5 it owes C is paid
    senior = clear(CYCLE, loss, External.SENIOR)
    assert senior.equity == pytest.approx([-1 / 4, 1, 3 / 4], abs=1e-12)
    assert "paid before all claims" in senior.text.en


def test_linear_debtrank() -> None:
    found = linear(CYCLE, CYCLE.column({"A": 0.5}))
    assert found.equity == pytest.approx([3 / 7, 6 / 7, 5 / 7], abs=1e-12)
    assert found.exact
    # equities before the shock are 1.5, 1 and 0.5: none is the other's measure
    assert linear(CHAIN, CHAIN.column({"C": 0.5})).equity == pytest.approx([1.25, 0.5, 0], abs=1e-12)


def test_original_debtrank_passes_a_loss_on_once() -> None:
    found = original(CYCLE, CYCLE.column({"A": 0.5}))
    assert found.distress == pytest.approx([0.5625, 0.125, 0.25], abs=1e-15)
    # each lends 0.5, so each weighs a third; the shock itself does not count
    assert found.debtrank() == pytest.approx((0.0625 + 0.125 + 0.25) / 3)


def test_tree() -> None:
    loss = TREE.column({"B": 0.25, "C": 0.25})  # equities 2, 0.5, 0.5: both borrowers lose half of theirs
    assert linear(TREE, loss).equity == pytest.approx([1.5, 0.25, 0.25])
    assert original(TREE, loss).distress == pytest.approx([0.25, 0.5, 0.5])
    assert clear(TREE, loss).equity == pytest.approx([2, 0.25, 0.25])
    assert furfine(TREE, loss).equity == pytest.approx([2, 0.25, 0.25])
    assert furfine(TREE, TREE.column({"B": 1.0}), lgd=0.6).equity == pytest.approx([1.7, -0.5, 0.5])


def test_nonlinear_lies_between_the_linear_model_and_furfine() -> None:
    loss = CYCLE.column({"A": 0.5})
    assert nonlinear(CYCLE, loss, 0.0).equity == pytest.approx(linear(CYCLE, loss).equity, abs=1e-12)
    equities = [nonlinear(CYCLE, loss, alpha).equity for alpha in (0.0, 0.5, 1.0, 2.0, 5.0)]
    assert all((later >= earlier - 1e-15).all() for earlier, later in itertools.pairwise(equities))
    assert nonlinear(CYCLE, loss, 300.0).equity == pytest.approx(furfine(CYCLE, loss).equity)
    # by hand, one lender and one borrower: h = 1/2 passes on as 1/2 · exp(−α/2)
    pair = System.of([("L", 10, 5), ("B", 4, 1)], [("L", "B", 2)])
    assert nonlinear(pair, pair.column({"B": 0.5}), 1.0).equity[0] == pytest.approx(7 - 2 * 0.5 * np.exp(-0.5))


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="shared data are absent")
def test_the_files_say_the_same() -> None:
    for name, system in (("chain", CHAIN), ("cycle", CYCLE), ("tree", TREE)):
        read = from_json(DATA / f"neva_shock_{name}.json")
        assert read.ids == system.ids
        assert (read.matrix != system.matrix).nnz == 0
        assert read.equity == pytest.approx(system.equity)
    tables = from_tables(DATA / "neva_balance_sheets.csv", DATA / "neva_exposures_list.csv")
    assert (tables.matrix != CYCLE.matrix).nnz == 0
