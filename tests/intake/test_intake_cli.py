"""`houfeng book submit | quarantine | template | kinds` as a person meets them."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from houfeng.clock import wall_clock
from houfeng.errors import HoufengError
from houfeng_cli.book import command

BANK = "91410100MA90892717"
HEAD = "数据日期,金融机构代码,贷款借据编码,贷款合同编码,贷款余额\n"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    from houfeng.book.store import Book

    return Book.create(tmp_path / "book", wall_clock).path


def run(*arguments: object) -> Result:
    return CliRunner(env={"HOUFENG_LANG": "zh"}).invoke(command, [str(a) for a in arguments])


def balances(path: Path, *amounts: str) -> Path:
    path.write_text(
        HEAD + "".join(f"2026-01-31,{BANK},J{i},H{i},{a}\n" for i, a in enumerate(amounts)), encoding="gb18030"
    )
    return path


def test_submit_then_correct_then_nothing_new(tmp_path: Path, book: Path) -> None:
    path = balances(tmp_path / "a.csv", "3000000000", "16777217.01", "十元")
    first = run("submit", path, "--book", book)
    assert first.exit_code == 0, first.output
    assert "入账 2 行，隔离 1 行" in first.output
    assert "GB18030" in first.output
    assert "intake.bad_number" in first.output
    submission = first.output.split("houfeng book quarantine ")[1].split()[0]
    out = tmp_path / "bad.xlsx"
    assert run("quarantine", submission, "--out", out, "--book", book).exit_code == 0
    sheet = openpyxl.load_workbook(out).active
    assert sheet["E2"].value == "十元"
    assert "不是数字" in sheet["E2"].comment.text
    assert "不是数字" in sheet["G2"].value
    sheet["E2"] = "10"
    openpyxl.load_workbook(out)
    again = run("submit", path, "--book", book, "--json")
    assert json.loads(again.output)["outcomes"][0]["status"] == "unchanged"
    assert json.loads(again.output)["written"] is False


def test_a_marked_workbook_can_be_sent_back(tmp_path: Path, book: Path) -> None:
    path = balances(tmp_path / "a.csv", "5", "x")
    output = run("submit", path, "--book", book).output
    out = tmp_path / "bad.xlsx"
    run("quarantine", output.split("houfeng book quarantine ")[1].split()[0], "--out", out, "--book", book)
    workbook = openpyxl.load_workbook(out)
    workbook.active["E2"] = "10"
    workbook.save(out)
    result = run("submit", out, "--book", book, "--dry-run")
    assert result.exit_code == 0, result.output
    assert "可收 1 行，隔离 0 行" in result.output


def test_questions_stop_everything(tmp_path: Path, book: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("贷款借据编码,贷款合同编码,贷款余额,怪列\nJ1,H1,5,1\n", encoding="utf-8")
    result = run("submit", path, "--book", book, "--kind", "loan_balance")
    assert result.exit_code == 1
    for option in ("--reporter", "--period", "--skip-column '怪列'"):
        assert option in result.output
    answered = run(
        "submit",
        path,
        "--book",
        book,
        "--kind",
        "loan_balance",
        "--reporter",
        BANK,
        "--period",
        "2026-01",
        "--skip-column",
        "怪列",
    )
    assert answered.exit_code == 0, answered.output


@pytest.mark.parametrize("way", ["refuse", "whole"])
def test_refusing_bad_rows(tmp_path: Path, book: Path, way: str) -> None:
    good, bad = balances(tmp_path / "a.csv", "5"), balances(tmp_path / "b.csv", "x", "6")
    bad.write_text(bad.read_text("gb18030").replace("2026-01-31", "2026-02-28"), "gb18030")
    result = run("submit", good, bad, "--book", book, "--on-bad", way)
    if way == "whole":
        assert isinstance(result.exception, HoufengError)
        assert result.exception.exit_code == 1
    else:
        assert result.exit_code == 0, result.output
        assert "2026-01-31：已收" in result.output
        assert "2026-02-28" not in result.output.split("入账")[0].split("\n")[-1]


def test_all_broken_files_are_told_at_once(tmp_path: Path, book: Path) -> None:
    (tmp_path / "a.csv").touch()
    (tmp_path / "b.xlsx").write_bytes(b"PK\x03\x04broken")
    result = run("submit", tmp_path / "a.csv", tmp_path / "b.xlsx", tmp_path / "c.csv", "--book", book)
    assert isinstance(result.exception, HoufengError)
    assert [p.code for p in result.exception.problems] == ["exchange.empty", "exchange.truncated", "exchange.not_found"]


def test_dry_run_needs_no_book_and_speaks_english(tmp_path: Path) -> None:
    path = balances(tmp_path / "a.csv", "5")
    result = run("submit", path, "--dry-run", "--lang", "en", "--book", tmp_path / "none")
    assert result.exit_code == 0, result.output
    assert "1 good, 0 bad row(s); nothing written" in result.output


def test_slips_of_the_pen(tmp_path: Path, book: Path) -> None:
    path = balances(tmp_path / "a.csv", "5")
    for arguments in (["--map", "x"], ["--kind", "lone"], ["--period", "soon"], ["--map", "贷款余额=balanse"]):
        result = run("submit", path, "--book", book, *arguments)
        assert isinstance(result.exception, HoufengError)
        assert result.exception.exit_code == 2
    assert isinstance(run("quarantine", "none", "--out", tmp_path / "x.xlsx", "--book", book).exception, HoufengError)


def test_kinds_and_template(tmp_path: Path) -> None:
    assert "loan_balance" in run("kinds").output
    assert "DKYE" in run("kinds", "loan_balance").output
    assert run("template", "loan", "--out", tmp_path / "t.xlsx").exit_code == 0
    assert (tmp_path / "t.xlsx").stat().st_size > 5000
