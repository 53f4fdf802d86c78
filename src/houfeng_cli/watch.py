"""`houfeng watch`: replay the warning rules of a pack over a history; measure a score against known labels."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from houfeng.settings import load

if TYPE_CHECKING:
    from houfeng.book.store import Snapshot
    from houfeng.watch.alerts import Alert

COLUMNS = (
    "alert_id",
    "rule_id",
    "tier",
    "kind",
    "key",
    "opened_at",
    "opening_event",
    "cleared_at",
    "reason_zh",
    "reason_en",
)

VALUES_SHOWN = 10


@click.group(name="watch")
def command() -> None:
    """预警：重放与评估。 Warnings: replay and measure."""


@command.command(name="replay")
@click.argument("pack")
@click.option("--from", "first", required=True, help="First day (or month) of the replay.")
@click.option("--to", "last", required=True, help="Last day (or month).")
@click.option("--rule", "only", multiple=True, help="Only this rule, by name or id; may be repeated.")
@click.option("--reading", "readings", multiple=True, help="interpretation=reading, to replay with a rival reading.")
@click.option("--known-at", default=None, help="Events as known at this moment; default: now.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write alerts: .jsonl (all), .csv or .xlsx."
)
@click.option("--show", default=3, show_default=True, help="Show so many alerts in full.")
@click.option("--book", "folder", default=None, help="Folder of the book.")
@click.option("--lang", default=None, help="zh or en.")
def replay(
    pack: str,
    first: str,
    last: str,
    only: tuple[str, ...],
    readings: tuple[str, ...],
    known_at: str | None,
    out: Path | None,
    show: int,
    folder: str | None,
    lang: str | None,
) -> None:
    """Replay the rules of PACK day by day and event by event, and tell every alert with its reason and rows."""
    from houfeng.clock import parse_day
    from houfeng.packs.load import load_pack
    from houfeng.watch.replay import Replay

    settings = load()
    snapshot = open_snapshot(folder, known_at)
    loaded = load_pack(pack).with_readings(dict(reading.partition("=")[::2] for reading in readings))
    run = Replay(
        snapshot,
        loaded,
        _first_day(first),
        parse_day(last),
        only=only,
        memory=settings.memory,
        threads=settings.threads,
    )
    alerts = sorted(run.alerts(), key=lambda a: (a.opened_at, a.rule, a.key))
    show_summary(alerts, run.keys, run.points, lang or settings.lang, snapshot.synthetic)
    for alert in _telling(alerts)[:show]:
        show_alert(alert, lang or settings.lang)
    if loaded.waiting:
        waiting = ", ".join(w.id for w in loaded.waiting)
        click.echo(f"等待条件的规则 / rules that wait: {waiting}", err=True)
    if out is not None:
        write_alerts(alerts, out)
        click.echo(f"→ {out}")


def _first_day(text: str) -> Any:
    from datetime import date

    from houfeng.clock import parse_day

    return date.fromisoformat(text + "-01") if len(text) == 7 else parse_day(text)


def open_snapshot(folder: str | None, known_at: str | None) -> Snapshot:
    """The book's snapshot as known at a moment, by default now."""
    from houfeng.book.store import Book
    from houfeng.clock import parse_moment, wall_clock

    return Book.open(Path(folder or load().book), wall_clock).snapshot(parse_moment(known_at) if known_at else None)


def show_summary(alerts: list[Alert], keys: dict[str, int], points: int, lang: str, synthetic: bool) -> None:
    """Counts by tier and rule, and by month."""
    watched = ", ".join(f"{number:,} {kind}" for kind, number in keys.items())
    mark = ("  【模拟数据】" if lang == "zh" else "  [synthetic data]") if synthetic else ""
    zh = f"{len(alerts):,} 条预警；对象 {watched}；评估 {points:,} 个时点"
    en = f"{len(alerts):,} alerts; watched {watched}; {points:,} instants evaluated"
    click.echo((zh if lang == "zh" else en) + mark)
    rules = {a.rule: a for a in alerts}
    counted = Counter((a.rule, a.tier) for a in alerts)
    click.echo(f"{'rule':34} {'red':>6} {'orange':>7} {'yellow':>7} {'blue':>6}")
    for rule in sorted(rules, key=lambda r: rules[r].rule_id):
        tiers = [counted[(rule, tier)] for tier in ("red", "orange", "yellow", "blue")]
        click.echo(f"{rules[rule].rule_id + ' ' + rule:34} {tiers[0]:6} {tiers[1]:7} {tiers[2]:7} {tiers[3]:6}")
    months = Counter(a.opened_at.strftime("%Y-%m") for a in alerts)
    click.echo("  ".join(f"{month} {number}" for month, number in sorted(months.items())))


def _telling(alerts: list[Alert]) -> list[Alert]:
    """The alerts that tell most, for showing a few: the highest tiers first, one of each rule."""
    from houfeng.packs.model import TIERS

    seen: Counter[str] = Counter()
    ranked: list[tuple[int, int, int, Alert]] = []
    for alert in sorted(alerts, key=lambda a: (-TIERS.index(a.tier), a.opened_at, a.key)):
        ranked.append((seen[alert.rule], -TIERS.index(alert.tier), len(ranked), alert))
        seen[alert.rule] += 1
    return [alert for *_, alert in sorted(ranked, key=lambda r: r[:3])]


def show_alert(alert: Alert, lang: str) -> None:
    """One alert in full: when, why, with what values, on which rows."""
    cleared = f" … {alert.cleared_at}" if alert.cleared_at else " …"
    click.echo(
        f"\n[{alert.tier}] {alert.rule_id} {alert.kind} {alert.key}  {alert.opened_at}{cleared}  ({alert.alert_id})"
    )
    click.echo(f"  {alert.reason.get(lang)}")
    if alert.reference:
        click.echo(f"  {alert.reference}")
    values = ", ".join(f"{k} = {_shown(v)}" for k, v in list(alert.values.items())[:VALUES_SHOWN])
    click.echo(f"  {values}")
    parameters = ", ".join(f":{k} = {_shown(v)}" for k, v in alert.parameters.items())
    if parameters:
        click.echo(f"  {parameters}")
    for row in alert.evidence[:5]:
        facts = ", ".join(f"{k} {_shown(v)}" for k, v in row.facts.items())
        click.echo(f"  · {row.item}: {row.kind} {row.row_id} ({facts}) ← {row.submission} #{row.row}")


def _shown(value: Any) -> str:
    from houfeng.packs.explanation import shown

    return shown(value)


def write_alerts(alerts: Iterable[Alert], out: Path) -> None:
    """Write alerts as JSON lines (everything), CSV or xlsx (the list)."""
    from houfeng.errors import Text, UsageError
    from houfeng.exchange.workbook import write_csv, write_table

    if out.suffix == ".jsonl":
        out.write_text("".join(alert.line() + "\n" for alert in alerts), "utf-8")
        return
    rows = [[*(getattr(a, c) for c in COLUMNS[:8]), a.reason.zh, a.reason.en] for a in alerts]
    if out.suffix == ".csv":
        write_csv(out, COLUMNS, rows)
    elif out.suffix == ".xlsx":
        write_table(out, COLUMNS, rows)
    else:
        zh, en = (
            f"不认识的后缀 {out.suffix}：用 .jsonl、.csv 或 .xlsx",
            f"unknown ending {out.suffix}: use .jsonl, .csv or .xlsx",
        )
        raise UsageError(Text(zh, en))


def read_labels(path: Path, key_column: str, label_column: str, bad: str) -> dict[str, bool | None]:
    """Labels by key from a table people sent: true where the label is `bad`, nothing where it is blank."""
    from houfeng.errors import Text, UsageError, did_you_mean
    from houfeng.exchange.tables import read_tables

    labels: dict[str, bool | None] = {}
    for table in read_tables(path, known=lambda header: header in (key_column, label_column)):
        for column in (key_column, label_column):
            if column not in table.headers:
                near = did_you_mean(column, table.headers)
                raise UsageError(
                    Text(f"{path} 没有列 {column}。{near.zh}", f"{path} has no column {column}. {near.en}")
                )
        key, label = (f"c{table.headers.index(column)}" for column in (key_column, label_column))
        for batch in table.batches():
            for name, value in zip(batch.column(key).to_pylist(), batch.column(label).to_pylist(), strict=True):
                said = str(value or "").strip()
                labels[str(name).strip()] = (said == bad) if said else None
    return labels


@command.command(name="score")
@click.argument("pack")
@click.option("--item", default="risk_index", show_default=True, help="The score: an item over the kind.")
@click.option("--kind", default="enterprise", show_default=True)
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
@click.option("--json", "as_json", is_flag=True)
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
    from dataclasses import asdict

    from houfeng.book.connection import connect
    from houfeng.clock import parse_day
    from houfeng.engine.faults import telling
    from houfeng.packs.compile import Compiler
    from houfeng.packs.load import load_pack
    from houfeng.watch.labels import separate

    day, snapshot, settings = parse_day(as_of), open_snapshot(folder, None), load()
    statement = Compiler(load_pack(pack), snapshot, day, day).statement(kind, [item])
    with telling():
        rows = connect(memory=settings.memory, threads=settings.threads).execute(statement.sql).fetchall()
    scores = {str(row[0]): row[1] for row in rows}
    found = separate(scores, read_labels(labels, key_column, label_column, bad))
    if as_json:
        click.echo(json.dumps(asdict(found)))
        return
    counts = f"{found.bad} bad, {found.good} good, {found.unlabelled} unlabelled, {found.unscored} without score"
    click.echo(f"{item} @ {day}: AUC {found.auc:.3f} (95 % {found.low:.3f}–{found.high:.3f}); {counts}")
