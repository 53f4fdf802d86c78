"""`houfeng platform` on a small book made from CSV files, as a person would."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from houfeng.errors import HoufengError
from houfeng.packs.loading import load
from houfeng_cli.main import cli
from houfeng_cli.platforms.platform import command

P, BANK = "91410100MA946TD794", "91110000802100433B"
FILES = {
    "institution": f"institution_id,name\n{BANK},一家银行\n",
    "platform": f"enterprise_id,name,level,region,list_class,hidden_baseline\n{P},某城投,city,410100,listed,1000000\n",
    "platform_debt": "enterprise_id,debt_no,period,creditor_id,instrument,balance,all_in_cost,"
    "starts_on,matures_on,use,is_hidden\n"
    f"{P},D1,2025-12-31,{BANK},bank_loan,600000,4,2024-01-01,2026-03-31,working_capital,否\n"
    f"{P},D2,2025-12-31,,nonstandard_trust,300000,8,2022-01-01,2026-12-31,repay_principal,否\n"
    f"{P},D3,2025-12-31,,bond,100000,5,2020-01-01,2027-06-30,,是\n",
    "platform_plan": "enterprise_id,quarter,method,planned,actual,evidence\n"
    f"{P},2025-09-30,fiscal,500000,380000,凭据1\n{P},2025-12-31,rollover,100000,,\n",
    "platform_vote": f"enterprise_id,creditor_id,creditor_name,vote\n{P},{BANK},一家银行,同意\n",
    "platform_exit": f"enterprise_id,function_stripped_on,statement_no\n{P},2025-06-30,说明1号\n",
}


@pytest.fixture(autouse=True)
def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pack is read once for all commands."""
    monkeypatch.setattr(load, "load_pack", ONCE)


ONCE = cache(load.load_pack)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("platform")

    def run(*arguments: str) -> None:
        result = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
        assert result.exit_code == 0, result.output

    run("book", "init", "--book", str(folder / "book"))
    for kind, text in FILES.items():
        file = Path(folder / f"{kind}.csv")
        file.write_text(text, encoding="utf-8")
        place = ("--book", str(folder / "book"), "--reporter", "finance", "--period", "2025-12-31")
        run("book", "submit", str(file), "--kind", kind, *place, "--unit", "元", "--on-bad", "refuse")
    return str(folder / "book")


def ask(book: str, *arguments: str) -> str:
    given = [*arguments, "--book", book, "--as-of", "2025-12", "--lang", "en"]
    result = CliRunner().invoke(command, given, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_list(book: str) -> None:
    told = ask(book, "list")
    assert f"{P}  listed  1,000,000.00  100,000.00  38.00%" in told
    assert "38.00% of hidden debt resolved, 50.00% planned by then" in told


def test_show(book: str) -> None:
    told = ask(book, "show", P)
    assert "Hidden debt resolved  38.00%  alert" in told
    assert "Short debt over debt  90.00%  red line" in told
    assert "missing: EBITDA, interest" in told


def test_ladder(book: str) -> None:
    told = ask(book, "ladder", P, "--months", "12")
    assert "2026-03  600,000.00" in told
    assert "most in 2026-03: 8.00 times the mean" in told
    assert told.replace(P, "") == ask(book, "ladder", "--months", "12")
    assert "later 100,000.00" in told


def test_plan(book: str) -> None:
    told = ask(book, "plan", P)
    assert "Fiscal funds: 500,000.00 planned, 380,000.00 done" in told
    assert "2025-12-31 has not been told" in told


def test_exit(book: str) -> None:
    told = ask(book, "exit", P)
    assert "✗ Hidden debt is zero" in told
    assert "by amount 66.67%, by head 1 of 2 (50.00%)" in told
    assert "✓ At least 2/3 of the creditors consent" in told
    assert "✗ At least 2/3" in ask(book, "exit", P, "--reading", "consent_basis=head")


def test_barred(book: str) -> None:
    told = ask(book, "barred", P)
    assert "D1" in told
    assert "国办发〔2023〕35号" in told
    assert "银保监发〔2021〕15号" in told
    assert told.endswith("1 debts\n")


def test_swap(book: str) -> None:
    told = ask(book, "swap", P, "--rate", "4", "--fee", "1")
    assert "saves 12,000.00 a year; 12,000.00 to the old last days, net 9,000.00" in told
    assert "all-in cost %  5.30000 → 4.10000" in told
    assert "non-standard debt  300,000.00 → 0.00" in told
    assert "new loan 100,000.00" in ask(book, "swap", P, "--rate", "4", "--debt", "D3")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("exit", P[:-1] + "5"), "there is no platform"),
        (("swap", P, "--rate", "x"), "--rate must be a number"),
        (("swap", P, "--rate", "NaN"), "--rate must be a number"),
        (("swap", P, "--rate", "40"), "rate must be 0 to 36 %"),
        (("swap", P, "--rate", "4", "--debt", "D9"), "there is no debt D9"),
        (("show", P, "--reading", "consent_basis"), "write NAME=READING"),
        (("show", P, "--reading", "consent_basis=nobody"), "nobody"),
    ],
)
def test_mistakes_are_told(book: str, arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(HoufengError) as told:
        ask(book, *arguments)
    assert says in told.value.render("en")
