"""A synthetic province has loans that several tools and subsidies can follow, and its banks' claims hold together."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from decimal import Decimal

import pytest

from houfeng.book.snapshot import Snapshot
from houfeng.book.store import Book
from houfeng.clock import fixed_clock
from houfeng.engine.duckdb import Engine
from houfeng.instruments.claims import draw
from houfeng.simulate.loading import load_province
from houfeng.simulate.province import simulate
from instruments.claims.claim_samples import SUBSIDIES, TOOLS, pack

END = date(2026, 3, 31)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("province")
    simulate(folder / "made", enterprises=1200, seed=3, months=3, end=END)
    book = Book.create(folder / "book", fixed_clock(datetime(2027, 1, 1)), synthetic=True)
    assert load_province(book, folder / "made").quarantined == 0
    return book.snapshot()


def test_households_buy_no_more_than_they_borrow(snapshot: Snapshot) -> None:
    with Engine() as engine:
        purchases = snapshot.select("consumer_purchase", as_of=date(2027, 1, 1))
        loans = snapshot.select("loan", as_of=END)
        bought = f"SELECT contract_no, sum(amount) AS bought FROM ({purchases}) GROUP BY 1"
        ((count, odd),) = engine.rows(
            f"SELECT count(*), count(*) FILTER (bought > principal) FROM ({bought}) JOIN ({loans}) USING (contract_no)"
        )
    assert count > 5
    assert odd == 0


def test_several_tools_and_subsidies_have_loans_and_no_loan_has_two(snapshot: Snapshot) -> None:
    drawn: Counter[str] = Counter()
    notes: dict[str, Counter[tuple[str, ...]]] = {TOOLS: Counter(), SUBSIDIES: Counter()}
    with Engine() as engine:
        for name, found in notes.items():
            for one in pack(name).instruments.values():
                if one.state != "open" or one.base is None or not one.exclusive or one.kind == "incentive":
                    continue
                claim = draw(snapshot, pack(name), one.name, "", date(2026, 1, 1), END, engine=engine, refusals="none")
                assert all(line.amount >= 0 and line.central <= line.amount for line in claim.lines)
                assert all(line.base > Decimal(0) or line.reasons[-1].condition == "cap" for line in claim.lines)
                drawn[one.name] = len(claim.lines)
                found.update({line.key for line in claim.lines})
    assert [key for found in notes.values() for key, count in found.items() if count > 1] == []
    assert sum(1 for count in drawn.values() if count) >= 7, drawn
