"""SQL for the analyst: it answers what it may, and everything else fails with one clear error."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from book.store_samples import KINDS, START, Ticking, balances, flows, members
from houfeng.book.query import ask
from houfeng.book.store import Book
from houfeng.errors import HoufengError, UsageError
from houfeng_cli import book_store


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def book(tmp_path: Path, clock: Ticking) -> Book:
    book = Book.create(tmp_path / "book", clock, kinds=KINDS)
    book.submit([balances({"n1": "3000000000", "n2": "16777217.01"}), flows({"f1": "1"})])
    clock.later(days=1)
    book.submit([balances({"n1": "1", "n2": "2"}), balances({"n3": "5"}, period=date(2026, 2, 28))])
    return book


def answer(book: Book, sql: str, day: int = 2, as_of: date | None = None) -> list[dict[str, Any]]:
    with ask(book.snapshot(START + timedelta(days=day)), sql, as_of=as_of) as reader:
        rows: list[dict[str, Any]] = reader.read_all().to_pylist()
        return rows


def test_a_question_as_known_then_and_now(book: Book) -> None:
    sql = "SELECT sum(balance) AS total FROM balance WHERE period = DATE '2026-01-31'"
    assert answer(book, sql, day=0) == [{"total": Decimal("3016777217.01")}]
    assert answer(book, sql) == [{"total": Decimal("3.00")}]


def test_as_of_a_day(book: Book) -> None:
    assert answer(book, "SELECT note FROM balance", as_of=date(2026, 2, 28)) == [{"note": "n3"}]


@pytest.mark.parametrize(
    "sql",
    [
        "WITH big AS (SELECT * FROM balance WHERE balance > 1) SELECT count(*) AS n FROM big JOIN flow ON true",
        "FROM balance SELECT count(*) AS n WHERE balance > 1",
        "SELECT count(*) AS n FROM balance b WHERE b.note IN (SELECT note FROM balance WHERE balance > 1);",
        "SELECT count(*) AS n FROM (SELECT note FROM balance EXCEPT SELECT note FROM balance WHERE balance < 2)",
        "SELECT n FROM (VALUES (2)) v(n)",
        "SELECT count(*) AS n FROM range(2)",
    ],
)
def test_ordinary_sql_works(book: Book, sql: str) -> None:
    assert answer(book, sql) == [{"n": 2}]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_csv_auto('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('/etc/passwd')",
        "SELECT * FROM read_json('/etc/passwd')",
        "SELECT * FROM read_parquet('{file}')",
        "SELECT * FROM parquet_scan('{file}')",
        "SELECT * FROM parquet_metadata('{file}')",
        "SELECT * FROM '{file}'",
        'SELECT * FROM "{file}"',
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM query_table('balance')",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM pragma_version()",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM main.balance",
        "SELECT * FROM sqlite_master",
        "SELECT * FROM delta_scan('{file}')",
        "SELECT * FROM postgres_scan('host=x', 'a', 'b')",
        "SELECT * FROM balance, LATERAL (SELECT * FROM read_text('/etc/passwd'))",
        "SELECT (SELECT content FROM read_text('/etc/passwd')) FROM balance",
        "WITH x AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM x",
        "SELECT getenv('HOME')",
        "SELECT current_setting('threads')",
        "SELECT current_user",
        "SELECT version()",
        "SELECT sleep_ms(10)",
        "COPY (SELECT 1) TO '{out}'",
        "COPY balance FROM '/etc/passwd'",
        "EXPORT DATABASE '{out}'",
        "ATTACH '{out}' AS other",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "RESET allowed_paths",
        "PRAGMA database_list",
        "CREATE TABLE t AS SELECT 1",
        "DROP VIEW balance",
        "INSERT INTO balance VALUES (1)",
        "DELETE FROM balance",
        "CALL pragma_version()",
        "EXPLAIN SELECT 1",
        "DESCRIBE SELECT 1",
        "SELECT 1; SELECT 2",
        "SELECT 1; COPY (SELECT 1) TO '{out}'",
        "",
        "-- nothing",
        "SELEC 1",
        "SELECT * FROM 'https://example.org/x.parquet'",
        "SELECT CAST('x' AS INTEGER) FROM balance",
    ],
)
def test_everything_else_is_one_clear_error(book: Book, tmp_path: Path, sql: str) -> None:
    file, out = book.snapshot().files("balance")[0], tmp_path / "out"
    with pytest.raises(UsageError) as refused:
        answer(book, sql.format(file=file, out=out))
    assert refused.value.render("zh")
    assert len(refused.value.render("en").splitlines()) == 1
    assert not out.exists()


@pytest.mark.parametrize("secret", ["/etc/passwd", "{own}"])
def test_the_connection_itself_is_locked(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    """Even if the reading of the text let something through, DuckDB would not open another file."""
    own = tmp_path / "secret.csv"
    own.write_text("a\n1\n")
    monkeypatch.setattr("houfeng.book.query.check", lambda sql, kinds: ("balance",))
    for sql in (
        f"SELECT * FROM read_text('{secret.format(own=own)}')",
        f"SELECT * FROM read_csv('{secret.format(own=own)}')",
        f"SELECT * FROM '{own}'",
        f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
        f"ATTACH '{tmp_path}/x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET allowed_paths = ['/']",
        "SELECT * FROM read_csv('https://example.org/x.csv')",
    ):
        with pytest.raises(UsageError):
            answer(book, sql)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["book", "secret.csv"]


def test_variables_of_the_program_are_no_tables(book: Book) -> None:
    secret = book.quarantine([])
    with pytest.raises(UsageError, match="secret"):
        answer(book, "SELECT * FROM secret")
    assert secret.num_rows == 0


@pytest.mark.parametrize(
    ("sql", "near"),
    [
        ("SELECT balence FROM balance", "balance"),
        ("SELECT b.nota FROM balance b", "note"),
        ("SELECT note FROM balanse", "balance"),
        ("SELECT note FROM balance WHERE perod = DATE '2026-01-31'", "period"),
    ],
)
def test_a_misspelt_name_is_told_with_the_nearest(book: Book, sql: str, near: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean “{near}”"):
        answer(book, sql)


def test_too_little_memory_is_said(book: Book) -> None:
    sql = "SELECT list(a.range) FROM range(30000000) a"
    with pytest.raises(HoufengError, match="memory"), ask(book.snapshot(), sql, memory="40MB") as reader:
        reader.read_all()


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """A book with the kinds we ship, empty."""
    folder = tmp_path / "shipped"
    assert CliRunner().invoke(book_store.init, ["--book", str(folder)]).exit_code == 0
    return folder


def run(command: Any, *arguments: str) -> str:
    """What a command prints; its errors come as they are."""
    done = CliRunner().invoke(command, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_commands(shipped: Path, tmp_path: Path) -> None:
    asked = ("--book", str(shipped), "SELECT 1::DECIMAL(20,2) AS 金额, 'x' AS b FROM range(3)")
    assert run(book_store.query, *asked, "--json", "--limit", "2").startswith('{"金额": "1.00", "b": "x"}\n')
    assert "金额  b" in run(book_store.query, *asked)
    for name in ("a.csv", "a.xlsx", "a.parquet"):
        run(book_store.query, *asked, "--out", str(tmp_path / name))
    assert (tmp_path / "a.csv").read_text("utf-8-sig").splitlines() == ["金额,b", *["1.00,x"] * 3]
    assert pq.read_table(tmp_path / "a.parquet").num_rows == 3
    assert (tmp_path / "a.xlsx").stat().st_size > 1000
    assert "kind" in run(book_store.submissions, "--book", str(shipped))
    assert run(book_store.tidy, "--book", str(shipped))


def test_the_commands_say_what_is_wrong(shipped: Path, tmp_path: Path) -> None:
    for arguments, said in (
        (("--book", str(tmp_path / "none"), "SELECT 1"), "houfeng book init"),
        (("--book", str(shipped), "SELECT 1", "--out", "x.pdf"), "pdf"),
        (("--book", str(shipped), "SELECT 1", "--out", str(tmp_path / "no" / "x.csv")), "folder"),
        (("--book", str(shipped), "SELECT 1", "--as-known-at", "yesterday"), "yesterday"),
    ):
        with pytest.raises(UsageError, match=said):
            run(book_store.query, *arguments)


def test_lists_can_be_asked_as_of_a_day(book: Book) -> None:
    book.submit([members({"m": "a"})])
    assert answer(book, "SELECT label FROM member", day=9, as_of=START.date()) == [{"label": "a"}]
