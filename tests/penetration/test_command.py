"""`houfeng penetration` on a small book made from CSV files, as a person would."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from houfeng.errors import HoufengError
from houfeng_cli.main import cli

A, B, C, D, BANK = (
    "91410100MA946TD794", "91410100MA8D19388Q", "91410100MACKJAD431", "91410100MAGPK24253", "91110000802100433B",
)  # fmt: skip
FILES = {
    "institution": f"institution_id,name,tier1_capital\n{BANK},一家银行,100000000\n",
    "enterprise": "enterprise_id,name,controller_id\n"
    f"{A},甲,P1\n{B},乙,{A}\n{C},丙,P2\n{D},丁,\n",
    "holding": "holder_id,enterprise_id,holder_kind,share,share_min,share_max\n"
    f"P1,{A},person,80,,\nP9,{A},person,20,,\n{A},{B},enterprise,60,,\n{B},{C},enterprise,,30,70\n"
    f"P2,{C},person,30,,\nSASAC,{D},state,100,,\n",
    "loan_balance": "institution_id,contract_no,note_no,borrower_id,period,balance,balance_cny,loan_status\n"
    f"{BANK},c1,n1,{B},2026-06-30,9000000,9000000,LS01\n{BANK},c2,n2,{D},2026-06-30,9000000,9000000,LS01\n",
    "account_flow": "flow_no,institution_id,enterprise_id,occurred_at,direction,amount,counterparty_id,category\n"
    f"f1,{BANK},{D},2026-05-04T10:00:00,in,600,{B},trade\nf2,{BANK},{D},2026-05-05T10:00:00,in,400,{C},trade\n"
    f"f3,{BANK},{D},2026-05-06T10:00:00,in,9000,{C},loan_in\n",
}  # fmt: skip


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("penetration")
    run("book", "init", "--book", str(folder / "book"))
    for kind, text in FILES.items():
        file = folder / f"{kind}.csv"
        file.write_text(text, encoding="utf-8")
        place = ("--book", str(folder / "book"), "--reporter", BANK, "--period", "2026-06-30")
        run("book", "submit", str(file), "--kind", kind, *place, "--unit", "元", "--on-bad", "refuse")
    return str(folder / "book")


def ask(book: str, *arguments: str) -> str:
    return run("penetration", *arguments, "--book", book, "--as-of", "2026-06-30", "--lang", "en")


def test_owners_with_bounds(book: str) -> None:
    told = ask(book, "owners", C)
    assert f"{B}    30.0000%    30.0000%" in told
    assert f"P1 has between {0.8 * 0.6 * 0.3:.4%} and {0.8 * 0.6 * 0.7:.4%}" in told
    assert f"clear up first: {B} → {C} 30–70%, may move 40.0000%" in told
    assert "P1    48.0000%     0.0000%  ultimate beneficial owner controller" in ask(book, "owners", B)


def test_control_and_its_path(book: str) -> None:
    told = ask(book, "control", B)
    assert "ultimate controller: P1" in told
    assert f"  {A} ← P1 80% = 80%\n  {B} ← {A} 60% = 60%" in told
    assert f"controls {B} (60 % together)" in ask(book, "control", A)


def test_groups_with_reasons(book: str) -> None:
    told = ask(book, "groups", "--member", D)
    assert "P1: 4 members" in told
    assert f"60.00 % of the income of {D} comes from {B}" in told
    assert "belongs to no group" in ask(book, "groups", "--member", C)


def test_findings(book: str) -> None:
    told = ask(book, "findings")
    assert f"controller_not_ultimate  {B}  the registered controller {A} is itself controlled by P1" in told
    assert "1 in all" in told
    with pytest.raises(HoufengError, match="no holding names nobody"):
        run("penetration", "owners", "nobody", "--book", book, "--as-of", "2026-06-30")
