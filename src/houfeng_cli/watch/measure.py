"""`houfeng watch score` and `overlap`: a score measured against labels; which rule adds what the others miss."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from houfeng.errors import InputError, Text, UsageError
from houfeng.settings import load
from houfeng_cli.watch import place_options
from houfeng_cli.watch.labels import label_options, labels_from, read_columns
from houfeng_cli.watch.replay import check_out, first_day, open_snapshot

if TYPE_CHECKING:
    from houfeng.book.store import Snapshot
    from houfeng.watch.compare.notice import Notice
    from houfeng.watch.compare.overlap import Held, Overlap
    from houfeng_cli.watch.compare import Side


@click.command(name="score")
@click.argument("pack")
@click.option("--item", default="risk_index", show_default=True, help="The score: an item over the kind.")
@click.option("--kind", default="enterprise", show_default=True, help="The kind the score is over.")
@click.option("--as-of", required=True, help="The day of the score.")
@click.option(
    "--labels",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="Table with key and label.",
)
@click.option("--key-column", required=True, help="Column that holds the key.")
@click.option("--label-column", required=True, help="Column that holds the label; blank means unknown.")
@click.option("--bad", required=True, help="The label that means bad, for example 是.")
@click.option("--book", "folder", default=None, help="Folder of the book.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def score(
    pack: str,
    item: str,
    kind: str,
    as_of: str,
    labels: Path,
    key_column: str,
    label_column: str,
    bad: str,
    folder: str | None,
    as_json: bool,
) -> None:
    """Measure how well a score of PACK tells labelled keys apart (AUC with its 95 % interval). Nothing is fitted."""
    from houfeng.book.connection import connect
    from houfeng.clock import parse_day
    from houfeng.engine.faults import telling
    from houfeng.packs.loading.load import load_pack
    from houfeng.packs.roads.compile import Compiler
    from houfeng.watch.labels import separate

    day, snapshot, settings = parse_day(as_of), open_snapshot(folder, None), load()
    statement = Compiler(load_pack(pack), snapshot, day, day).statement(kind, [item])
    with telling():
        rows = connect(memory=settings.memory, threads=settings.threads).execute(statement.sql).fetchall()
    scores = {str(row[0]): row[1] for row in rows}
    rows_said = read_columns(labels, [key_column, label_column])
    found = separate(scores, {key: (said == bad) if said else None for key, said in rows_said})
    if as_json:
        click.echo(json.dumps(asdict(found)))
        return
    counts = f"{found.bad} bad, {found.good} good, {found.unlabelled} unlabelled, {found.unscored} without score"
    click.echo(f"{item} @ {day}: AUC {found.auc:.3f} (95 % {found.low:.3f}–{found.high:.3f}); {counts}")


@click.command(name="overlap")
@click.argument("pack")
@click.option("--from", "first", default=None, help="First day (or month); with --alerts by default that of the first.")
@click.option("--to", "last", default=None, help="Last day (or month); with --alerts by default that of the last.")
@click.option("--rule", "only", multiple=True, help="Only this rule, by name or id; may be repeated.")
@click.option("--reading", "readings", multiple=True, help="interpretation=reading, to replay with a rival reading.")
@click.option(
    "--alerts",
    "alerts",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Alerts that `replay --out` wrote as .jsonl, instead of a replay.",
)
@click.option("--live", is_flag=True, help="The alerts that the live watch stored, instead of a replay.")
@click.option("--budget", default=None, type=click.IntRange(1), help="So many alerts a rule may open a day.")
@label_options
@click.option(
    "--horizon", default=180, show_default=True, type=click.IntRange(1), help="Days before a bad day that count."
)
@click.option(
    "--known-at", "--as-known-at", "known_at", default=None, help="Events as known at this moment; default: now."
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the tables: .xlsx (with what a budget holds back), .csv or .jsonl (the overlap alone).",
)
@place_options
def overlap(
    pack: str,
    first: str | None,
    last: str | None,
    only: tuple[str, ...],
    readings: tuple[str, ...],
    alerts: Path | None,
    live: bool,
    budget: int | None,
    labels: Path | None,
    key_column: str,
    date_column: str,
    label_column: str,
    bad: str,
    horizon: int,
    known_at: str | None,
    out: Path | None,
    folder: str | None,
    lang: str | None,
) -> None:
    """Tell which rule of PACK adds what the others miss and which adds nothing; and what a daily budget holds back."""
    from houfeng.watch.compare.notice import read_notices
    from houfeng.watch.compare.overlap import budget as held_back
    from houfeng.watch.compare.overlap import overlaps
    from houfeng.watch.compare.telling import budget_lines, overlap_lines
    from houfeng_cli.watch.compare import Side, rule_labels

    check_out(out)
    lang = lang or load().lang
    known = labels_from(labels, key_column, date_column, label_column, bad)
    side = Side.load(pack, readings)
    if live and alerts is not None:
        raise UsageError(Text("--live 与 --alerts 只用其一", "give one of --live and --alerts"))
    stored = _stored(folder) if live else read_notices(alerts) if alerts is not None else None
    notices, days = _notices(side, first, last, only, stored, lambda: open_snapshot(folder, known_at))
    rules = [rule.name for rule in side.pack.rules.values() if not only or rule.name in only or rule.id in only]
    names = rule_labels([side.pack], lang)
    found = overlaps(notices, *days, rules=rules, labels=known, horizon=horizon)
    click.echo(f"{side.version}  ({days[0]} – {days[1]})")
    click.echo("\n".join(overlap_lines(found, names, lang)))
    held, back = held_back(notices, budget) if budget is not None else ([], [])
    if budget is not None:
        click.echo("\n".join(budget_lines(held, budget, names, lang)))
    if out is not None:
        _write_overlap(out, found, held, back, names, lang)
        click.echo(f"→ {out}")


def _notices(
    side: Side,
    first: str | None,
    last: str | None,
    only: tuple[str, ...],
    stored: list[Notice] | None,
    snapshot: Callable[[], Snapshot],
) -> tuple[list[Notice], tuple[date, date]]:
    """The alerts that are stored, or those of a replay, and the days they are over."""
    from houfeng.clock import parse_day
    from houfeng.watch.compare.measures import Frame
    from houfeng.watch.compare.notice import notices_of

    if stored is None:
        if first is None or last is None:
            raise UsageError(
                Text(
                    "没有 --alerts 或 --live 时要给 --from 与 --to",
                    "without --alerts or --live, --from and --to are needed",
                )
            )
        days = (first_day(first), parse_day(last))
        return notices_of(side.replay(snapshot(), only, Frame(*days))[1]), days
    found = [n for n in stored if not only or n.rule in only or n.rule_id in only]
    if not found:
        raise InputError(Text("其中没有预警", "there are no alerts in it"))
    moments = [moment for n in found for moment in (n.opened_at, n.cleared_at) if moment is not None]
    begin = first_day(first) if first else min(moments).date()
    return found, (begin, parse_day(last) if last else max(moments).date())


def _stored(folder: str | None) -> list[Notice]:
    """The alerts in the journal of the watch, whatever channel they went to."""
    from houfeng.watch.compare.notice import notices_from
    from houfeng.watch.operations.deliveries import step_of
    from houfeng.watch.operations.told import read_steps
    from houfeng_cli.watch.rules import watch_folder

    return notices_from(step_of(step) for step in read_steps(watch_folder(folder) / "alerts"))


def _write_overlap(
    out: Path, found: Sequence[Overlap], held: Sequence[Held], back: Sequence[Notice], names: dict[str, str], lang: str
) -> None:
    from houfeng.engine.faults import telling
    from houfeng.exchange.workbook import write_csv, write_sheets
    from houfeng.watch.compare.page import notices, say
    from houfeng.watch.compare.telling import budget_rows, overlap_rows

    heads, rows = overlap_rows(found, names, lang)
    if out.suffix == ".csv":
        write_csv(out, heads, rows)
    elif out.suffix == ".jsonl":
        lines = (json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in found)
        with telling(out):
            out.write_text("".join(lines), "utf-8")
    else:
        sheets: list[tuple[str, Sequence[str], Sequence[Sequence[Any]]]] = [(say(lang, "重叠", "overlap"), heads, rows)]
        if held:
            listed = notices(say(lang, "扣下的预警", "held back"), back, lang)
            sheets += [(say(lang, "预算", "budget"), *budget_rows(held, names, lang))]
            sheets += [(listed.name, listed.headers, listed.rows)]
        write_sheets(out, sheets)
