"""`houfeng penetration circles | limits | quality | signs | keep`, as a person would run them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from houfeng.errors import HoufengError
from houfeng_cli.main import cli
from penetration.monthly.market import DAY, firms, loan, made, stake, surety

LOANS = [
    loan("B1", "a", 100), loan("B1", "b", 70), loan("B1", "b", 30, 2, quality="FQ03", overdue_days=100),
    loan("B2", "b", 9, 3), loan("B1", "c", 1),
]  # fmt: skip
ROWS = {
    "institution": [{"institution_id": "B1", "name": "一行", "net_capital": 900, "tier1_capital": 800}],
    "enterprise": firms(*"abcd"),
    "holding": [stake("a", "b", 60), stake("b", "a", 5), stake("a", "c", 1)],
    "guarantee": [
        surety("a", "b", 10), surety("b", "c", 20), surety("c", "a", 30), surety("a", "c", 5), surety("c", "d"),
    ],
    "financial_statement": [{"enterprise_id": "a", "net_assets": 30, "statement_kind": "annual", "period": DAY}],
    "loan_balance": LOANS,
    "registration_change": [
        {"change_no": "1", "enterprise_id": "b", "item": "controller", "changed_on": date(2026, 3, 1)}
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("monthly")
    made(folder, ROWS, DAY)
    return str(folder / "book")


def ask(book: str, *arguments: str, lang: str = "en") -> str:
    given = ["penetration", *arguments, "--book", book, "--as-of", "2026-06-30", "--lang", lang]
    result = CliRunner().invoke(cli, given, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_circles(book: str) -> None:
    assert ask(book, "circles").splitlines() == [
        "1 circles, 1 pairs that guarantee each other", "a and 2 more  web  65.00 yuan",
    ]  # fmt: skip
    told = ask(book, "circles", "--member", "a")
    assert "circle of 3: a, b, c" in told
    assert "  cycle  a → b → c\n  cycle  a → c\n" in told
    assert "chain of 1 steps: a=b=c → d" in told
    assert "guarantees 15.00 yuan for 2 firms, 50.00% of its net assets; 1 guarantee it" in told
    assert "  B1 has lent 3 firms 201.00 yuan\n  B2 has lent 1 firms 9.00 yuan\n" in told
    assert "  key firm b: without it the expected loss is about" in told
    assert "stands in no circle" in ask(book, "circles", "--member", "d")
    assert "担保圈 3 户：a、b、c" in ask(book, "circles", "--member", "a", lang="zh")


def test_limits_quality_and_signs(book: str) -> None:
    told = ask(book, "limits")
    assert "! group     B1  HFG-a  200.00  25.00% / 20%" in told
    assert "! loans     B1  a  100.00  11.11% / 10%" in told
    assert "  single    B1  b  100.00  12.50% / 15%" in told
    assert ask(book, "quality").splitlines() == [
        "4 inconsistencies", "P05  b  B2  9.00", "P06  b  B1  70.00  27.52%", "P06  b  B2  9.00  27.52%",
        "P07  b  B1  70.00  30.00%",
    ]  # fmt: skip
    told = ask(book, "signs")
    assert (
        "b  Controller or representative replaced before overdue  controller  occurred_on 2026-03-01  days 21" in told
    )
    assert "a  Ring of holdings  a  firms 2" in told
    assert ask(book, "signs", "--finding", "round_trip") == "0 in all\n"
    with pytest.raises(HoufengError, match="there is no finding nothing"):
        ask(book, "signs", "--finding", "nothing")


def test_keep(tmp_path: Path) -> None:
    made(tmp_path, ROWS, DAY)
    told = ask(str(tmp_path / "book"), "keep")
    assert "Guarantee circle  1  accepted" in told
    assert "Member of a guarantee circle  3  accepted" in told
    assert "Guarantee circle  1  unchanged" in ask(str(tmp_path / "book"), "keep")
