"""One small synthetic province, from files to figures, by the commands a person types."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from houfeng.book.store import Book
from houfeng.clock import wall_clock
from houfeng.errors import HoufengError, InputError, UsageError
from houfeng.simulate.loading import load_province
from houfeng_cli.main import cli


def run(*arguments: str) -> Result:
    """Run one command; an error is the test's failure."""
    result = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("province")
    run("simulate", "province", "--out", str(folder / "files"), "--months", "3", "--end", "2025-12", "--seed", "5")
    run("simulate", "load", str(folder / "files"), "--book", str(folder / "book"))
    return folder


@pytest.fixture
def book(province: Path) -> str:
    return str(province / "book")


def test_the_book_says_it_is_synthetic(province: Path, tmp_path: Path) -> None:
    assert Book.open(province / "book", wall_clock).snapshot().synthetic
    plain = Book.create(tmp_path / "plain", wall_clock)
    with pytest.raises(InputError, match="--synthetic"):
        load_province(plain, province / "files")
    with pytest.raises(InputError, match=r"manifest\.json"):
        load_province(Book.create(tmp_path / "other", wall_clock, synthetic=True), tmp_path)


def test_sql_sees_what_was_known_then(book: str) -> None:
    count = "select count(*) as n from loan_balance"
    now = json.loads(run("book", "query", count, "--book", book, "--json").output)
    then = json.loads(run("book", "query", count, "--as-known-at", "2025-11-20", "--book", book, "--json").output)
    before = json.loads(run("book", "query", count, "--as-known-at", "2025-10-01", "--book", book, "--json").output)
    rows = [one[0]["n"] if isinstance(one, list) else one["n"] for one in (now, then, before)]
    assert rows[0] > rows[1] > rows[2] == 0


def test_report_and_workbook(book: str, tmp_path: Path) -> None:
    out = tmp_path / "report.xlsx"
    told = run(
        "themes", "report", "--book", book, "--as-of", "2025-12", "--by", "region", "--out", str(out), "--lang", "zh"
    )
    assert "模拟数据" in told.output
    assert "科技金融" in told.output
    sheets = openpyxl.load_workbook(out).sheetnames
    assert "说明" in sheets


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("period=abc", "abc"),
        ("overdue_days=x", "overdue_days"),
        ("overdue_day=1", "overdue_days"),
        ("note_no=none", "no such"),
    ],
)
def test_a_wrong_key_gets_one_clear_text(book: str, key: str, words: str) -> None:
    command = ["pack", "explain", "five-articles", key, "--item", "tech", "--as-of", "2025-12", "--book", book]
    failed = CliRunner().invoke(cli, command)
    assert isinstance(failed.exception, HoufengError)
    assert words in failed.exception.render("en")


def test_a_month_that_is_none_and_a_memory_that_is_none(book: str, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ["watch", "replay", "warning-rules", "--from", "2025-13", "--to", "2025-12", "--book", book]
    assert isinstance(CliRunner().invoke(cli, command).exception, UsageError)
    monkeypatch.setenv("HOUFENG_MEMORY", "plenty")
    failed = CliRunner().invoke(cli, ["book", "query", "select 1 as x", "--book", book]).exception
    assert isinstance(failed, UsageError)
    assert "HOUFENG_MEMORY" in str(failed)


def test_replay_and_its_reasons(book: str, tmp_path: Path) -> None:
    out = tmp_path / "alerts.jsonl"
    told = run(
        "watch",
        "replay",
        "warning-rules",
        "--from",
        "2025-12",
        "--to",
        "2025-12",
        "--book",
        book,
        "--out",
        str(out),
        "--lang",
        "zh",
    )
    assert "模拟数据" in told.output
    alerts = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert len(alerts) > 50
    assert len({alert["alert_id"] for alert in alerts}) == len(alerts)
    assert all(alert["reason"]["zh"] and alert["reason"]["en"] for alert in alerts)
    assert all("{" not in alert["reason"]["zh"] for alert in alerts)
    measured = [alert for alert in alerts if alert["rule_id"] in ("L02", "G01", "P01")]
    assert measured
    for alert in measured:
        assert alert["evidence"]
        assert all(row["submission"] and row["row"] > 0 for row in alert["evidence"])


def test_replay_again_gives_the_same_bytes(book: str, tmp_path: Path) -> None:
    command = [
        "watch",
        "replay",
        "warning-rules",
        "--rule",
        "P02",
        "--rule",
        "L01",
        "--from",
        "2025-12-25",
        "--to",
        "2025-12-31",
    ]
    for name in ("one.jsonl", "two.jsonl"):
        run(*command, "--book", book, "--out", str(tmp_path / name))
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes() != b""
    for name in ("list.csv", "list.xlsx"):
        run(*command, "--book", book, "--out", str(tmp_path / name))
    lines = (tmp_path / "one.jsonl").read_text("utf-8").splitlines()
    assert len((tmp_path / "list.csv").read_text("utf-8-sig").splitlines()) == len(lines) + 1


def test_explain_down_to_the_row(book: str) -> None:
    sql = "select institution_id, contract_no, note_no from loan_balance where period = '2025-12-31'"
    sql += " order by balance desc limit 1"
    found = json.loads(run("book", "query", sql, "--book", book, "--json").output)
    row = found[0] if isinstance(found, list) else found
    key = [f"{k}={v}" for k, v in row.items()]
    told = run(
        "pack",
        "explain",
        "five-articles",
        *key,
        "--item",
        "counted_loan",
        "--item",
        "five_articles",
        "--as-of",
        "2025-12",
        "--book",
        book,
    )
    assert "counted_loan" in told.output
    assert "← loan " in told.output
    whole = run(
        "pack",
        "explain",
        "five-articles",
        *key,
        "--item",
        "five_articles",
        "--as-of",
        "2025-12",
        "--book",
        book,
        "--full",
    )
    assert len(whole.output) > len(told.output)
    plain = json.loads(
        run(
            "pack", "explain", "five-articles", *key, "--item", "tech", "--as-of", "2025-12", "--book", book, "--json"
        ).output
    )
    assert plain["items"][0]["item"] == "tech"
