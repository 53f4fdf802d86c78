"""`houfeng demo`: the main job on a synthetic province, shown as the commands a person would type."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import click

ENTERPRISES, MONTHS = 1000, 13
PERIOD, FIRST = "2025-12", "2025-10"


@click.command(name="demo")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("demo-out"), show_default=True, help="Folder, made anew."
)
@click.option(
    "--enterprises", default=ENTERPRISES, show_default=True, type=click.IntRange(1000, 3_000_000), help="How many."
)
@click.option("--seed", default=20260130, show_default=True, help="The same seed gives the same province.")
@click.option("--port", default=8000, show_default=True, help="Port of the desk.")
@click.option("--desk/--no-desk", default=True, show_default=True, help="Open the desk at the end.")
def command(out: Path, enterprises: int, seed: int, port: int, desk: bool) -> None:
    """Simulate a small province, count its five articles, replay its warnings, open the desk on it.

    Away from a terminal it ends when the desk answers.
    """
    if (out / "province").exists() or (out / "book").exists():
        shutil.rmtree(out / "province", ignore_errors=True)
        shutil.rmtree(out / "book", ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    book = str(out / "book")
    run(
        "模拟一个省（合成数据） / simulate a province",
        [
            "simulate",
            "province",
            "--out",
            str(out / "province"),
            "--enterprises",
            str(enterprises),
            "--months",
            str(MONTHS),
            "--seed",
            str(seed),
        ],
    )
    run(
        "按收到的日子装进账簿 / put it into a book, day by day",
        ["simulate", "load", str(out / "province"), "--book", book],
    )
    run(
        "“五篇大文章”统计 / the five articles",
        [
            "themes",
            "report",
            "--book",
            book,
            "--as-of",
            PERIOD,
            "--measures",
            "basic,first,quality",
            "--out",
            str(out / "five-articles.xlsx"),
        ],
    )
    tagged, plain = _examples(Path(book))
    run(
        "这笔贷款为什么算科技贷款，为什么不算绿色贷款 / why tech, and why not green",
        [
            "pack",
            "explain",
            "five-articles",
            *tagged,
            "--item",
            "tech",
            "--item",
            "green",
            "--as-of",
            PERIOD,
            "--book",
            book,
        ],
    )
    run(
        "重放一个季度的预警 / replay a quarter of warnings",
        [
            "watch",
            "replay",
            "warning-rules",
            "--from",
            FIRST,
            "--to",
            PERIOD,
            "--book",
            book,
            "--out",
            str(out / "alerts.jsonl"),
        ],
    )
    messy = out / "province" / "messy"
    click.secho("\n接着可以 / next:", bold=True)
    for line in (
        f"houfeng book submit {messy}/*.csv {messy}/*.xlsx --reporter demo --period 2025-12 --dry-run --book {book}",
        f'houfeng book query "select count(*) from loan" --book {book}',
        f"houfeng themes report --book {book} --as-of {PERIOD} --by region",
        f"houfeng pack explain warning-rules {plain} --item P02 --as-of {PERIOD} --book {book}",
        "houfeng book template loan --out loan.xlsx",
    ):
        click.echo(f"  {line}")
    click.echo(f"\n{out / 'five-articles.xlsx'}, {out / 'alerts.jsonl'}")
    if desk:
        from houfeng_cli.demonstration.desk import open_desk

        open_desk(Path(book), port, stay=sys.stdin.isatty())


def run(what: str, arguments: Sequence[str]) -> None:
    """Show and run one command."""
    from houfeng_cli.main import cli

    click.secho(f"\n■ {what}", bold=True)
    click.echo(f"$ houfeng {' '.join(arguments)}")
    cli.main(args=list(arguments), prog_name="houfeng", standalone_mode=False)


def _examples(book: Path) -> tuple[list[str], str]:
    """A loan that is tech and not green, and an enterprise that is overdue, as key arguments."""
    from houfeng.book.connection import connect
    from houfeng.book.store import Book
    from houfeng.clock import parse_day, wall_clock
    from houfeng.packs.loading.load import load_pack
    from houfeng.packs.roads.compile import Compiler

    day = parse_day(PERIOD)
    snapshot = Book.open(book, wall_clock).snapshot()
    statement = Compiler(load_pack("five-articles"), snapshot, day, snapshot.known_at.date()).statement(
        "loan_balance",
        ["tech", "green", "counted_loan"],
        fields=["balance_cny", "borrower_id", "overdue_days"],
        exact=True,
    )
    connection = connect()
    connection.execute(f"CREATE TEMP TABLE tagged AS {statement.sql}")
    loans = connection.execute(
        "SELECT institution_id, contract_no, note_no FROM tagged WHERE tech AND NOT green"
        " ORDER BY balance_cny DESC, note_no LIMIT 1"
    ).fetchall()
    firms = connection.execute(
        "SELECT borrower_id FROM tagged WHERE overdue_days > 30 ORDER BY balance_cny DESC, borrower_id LIMIT 1"
    ).fetchall()
    key = (
        [f"{k}={v}" for k, v in zip(("institution_id", "contract_no", "note_no"), loans[0], strict=True)]
        if loans
        else []
    )
    return key, str(firms[0][0]) if firms else ""
