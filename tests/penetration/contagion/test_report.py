"""The report on the public networks: as committed, and what its largest network says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from houfeng.penetration.contagion.clearing import External, clear
from houfeng.penetration.contagion.debtrank import linear, nonlinear
from houfeng.penetration.contagion.reading import from_totals
from houfeng_cli.penetration.contagion.report import report, solved

DATA = Path(__file__).parents[4] / "shared" / "data" / "network_contagion"
PAGE = Path(__file__).parents[3] / "docs" / "reports" / "contagion.md"

pytestmark = [pytest.mark.data, pytest.mark.skipif(not DATA.is_dir(), reason="shared data are absent")]


def numbers(text: str) -> list[float]:
    found = []
    for word in text.replace("|", " ").replace("·", " ").replace("*", " ").split():
        try:
            found.append(float(word))
        except ValueError:
            continue
    return found


def test_the_page_is_what_the_command_writes() -> None:
    mine = [line for line in report(DATA).splitlines() if line.startswith("| ")]
    page = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert len(mine) == len(page) > 390
    for ours, theirs in zip(mine, page, strict=True):
        assert numbers(ours) == pytest.approx(numbers(theirs), abs=2e-6), theirs


def test_all_models_on_the_125_banks_are_fixed_points() -> None:
    system, _ = from_totals(DATA / "nrm_sim_data_125.csv")
    claims = system.matrix.toarray()
    loss = 0.5 * system.equity
    found, gap, exact = solved(system, loss)
    assert gap < 1e-12
    assert exact
    # each written out once more, from the equities themselves
    h = np.clip(1 - linear(system, loss).equity / system.equity, 0, 1)
    assert system.equity - loss - claims @ h == pytest.approx(found[2], abs=1e-9)
    h = np.clip(1 - nonlinear(system, loss, 4.0).equity / system.equity, 0, 1)
    assert system.equity - loss - claims @ (h * np.exp(4 * (h - 1))) == pytest.approx(found[5], abs=1e-9)
    for rank, equity in zip(External, found, strict=False):
        paid = clear(system, loss, rank)
        got = np.bincount(system.lender, weights=paid.claims, minlength=system.size)
        before = system.external_assets - loss + got
        assert equity == pytest.approx(before - system.external_debt - system.owes, abs=1e-9)
