"""`houfeng watch`: replay the warning rules of a pack over a history; measure a score against known labels."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from houfeng.errors import Text
from houfeng.settings import load

if TYPE_CHECKING:
    from datetime import date

    from houfeng.book.model import Kind
    from houfeng.book.store import Snapshot
    from houfeng.packs.model import Pack
    from houfeng.watch.alerts import Alert
    from houfeng.watch.replay import Replay

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

TIERS = ("blue", "yellow", "orange", "red")
TIER_NAMES = {
    "red": Text("红", "red"),
    "orange": Text("橙", "orange"),
    "yellow": Text("黄", "yellow"),
    "blue": Text("蓝", "blue"),
}
VALUES_SHOWN, ROWS_SHOWN = 10, 2


@click.group(name="watch")
def command() -> None:
    """预警：重放、评估 / warnings: replay, and measure against labels."""


@command.command(name="replay")
@click.argument("pack")
@click.option("--from", "first", required=True, help="First day (or month) of the replay.")
@click.option("--to", "last", required=True, help="Last day (or month).")
@click.option("--rule", "only", multiple=True, help="Only this rule, by name or id; may be repeated.")
@click.option("--reading", "readings", multiple=True, help="interpretation=reading, to replay with a rival reading.")
@click.option(
    "--known-at", "--as-known-at", "known_at", default=None, help="Events as known at this moment; default: now."
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write alerts: .jsonl (all), .csv or .xlsx."
)
@click.option("--show", default=3, show_default=True, help="Show so many alerts in full.")
@click.option("--book", "folder", default=None, help="Folder of the book.")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of what is shown.")
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
    from houfeng.packs.loading.load import load_pack
    from houfeng.watch.replay import Replay

    settings = load()
    check_out(out)
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
    lang = lang or settings.lang
    show_summary(run, alerts, lang)
    for alert in _telling(alerts)[:show]:
        show_alert(alert, lang)
    show_waiting(loaded, lang)
    if out is not None:
        write_alerts(alerts, out)
        click.echo(f"→ {out}")


def _first_day(text: str) -> date:
    """The day `text` names, or the first of the month it names."""
    from houfeng.clock import parse_day

    day = parse_day(text)
    return day.replace(day=1) if len(text.strip()) == len("2025-12") else day


def open_snapshot(folder: str | None, known_at: str | None) -> Snapshot:
    """The book's snapshot as known at a moment, by default now."""
    from houfeng.book.store import Book
    from houfeng.clock import parse_moment, wall_clock

    return Book.open(Path(folder or load().book), wall_clock).snapshot(parse_moment(known_at) if known_at else None)


def kinds() -> Mapping[str, Kind]:
    """The record kinds, imported when first asked for."""
    from houfeng.book.model import kinds as shipped

    return shipped()


def show_summary(run: Replay, alerts: list[Alert], lang: str) -> None:
    """Counts by rule and tier, and by month, with what a reader must know of them."""
    zh = lang == "zh"
    watched = ("、" if zh else ", ").join(
        f"{number:,} {kinds()[kind].label.get(lang)}" for kind, number in run.keys.items()
    )
    click.echo(
        f"{len(alerts):,} 条预警；对象 {watched}；评估 {run.points:,} 个时点"
        if zh
        else f"{len(alerts):,} alerts; watched: {watched}; {run.points:,} instants evaluated"
    )
    if run.snapshot.synthetic:
        click.echo("模拟数据：账簿内容为程序生成" if zh else "synthetic data: the book is made up")
    first = sum(alert.opened_at.date() == run.first for alert in alerts)
    if first:
        click.echo(
            f"其中 {first:,} 条在首日 {run.first} 开启：此前已成立的都在首日开启"
            if zh
            else f"{first:,} of them opened on the first day, {run.first}: what already held opens then"
        )
    counted = Counter((alert.rule, alert.tier) for alert in alerts)
    names = [TIER_NAMES[tier].get(lang) for tier in reversed(TIERS)]
    click.echo("".join(f"{name:>{7 if zh else 8}}" for name in names))
    for rule in sorted(run.pack.rules.values(), key=lambda rule: rule.id):
        tiers = [counted[(rule.name, tier)] for tier in reversed(TIERS)]
        if any(tiers):
            numbers = "".join(f"{number or '·':>8}" for number in tiers)
            click.echo(f"{numbers}  {rule.id} {rule.label.get(lang)}")
    months = Counter(alert.opened_at.strftime("%Y-%m") for alert in alerts)
    click.echo("  ".join(f"{month} {number}" for month, number in sorted(months.items())))


def show_waiting(pack: Pack, lang: str) -> None:
    """The rules that wait, and for what, in one line each on stderr."""
    if pack.waiting:
        head = f"{len(pack.waiting)} 条规则等待条件：" if lang == "zh" else f"{len(pack.waiting)} rules wait: "
        click.echo(head + ", ".join(waiting.id for waiting in pack.waiting), err=True)


def _telling(alerts: list[Alert]) -> list[Alert]:
    """The alerts that tell most, for showing a few: the highest tiers first, one of each rule and of each key."""
    rules: Counter[str] = Counter()
    keys: Counter[str] = Counter()
    ranked: list[tuple[int, int, int, Alert]] = []
    for alert in sorted(alerts, key=lambda a: (-TIERS.index(a.tier), -len(a.evidence), a.opened_at, a.key)):
        again = max(rules[alert.rule], keys[alert.key])
        ranked.append((again, -TIERS.index(alert.tier), len(ranked), alert))
        rules[alert.rule] += 1
        keys[alert.key] += 1
    return [alert for *_, alert in sorted(ranked, key=lambda r: r[:3])]


def show_alert(alert: Alert, lang: str) -> None:
    """One alert in full: when, why, with what values, on which rows."""
    zh = lang == "zh"
    until = f"{alert.cleared_at}" if alert.cleared_at else "未解除" if zh else "still open"
    kind = kinds()[alert.kind].label.get(lang)
    tier = TIER_NAMES[alert.tier].get(lang)
    click.echo(f"\n[{tier}] {alert.rule_id} {kind} {alert.key}  {alert.opened_at} – {until}  ({alert.alert_id})")
    click.echo(f"  {alert.reason.get(lang)}" + (f"  [{alert.reference}]" if alert.reference else ""))
    values = [f"{k} = {_shown(v)}" for k, v in list(alert.values.items())[:VALUES_SHOWN]]
    values += [f":{k} = {_shown(v)}" for k, v in alert.parameters.items()]
    click.echo(f"  {', '.join(values)}")
    told: Counter[str] = Counter()
    for row in alert.evidence:
        told[row.item] += 1
        if told[row.item] > ROWS_SHOWN:
            continue
        facts = ", ".join(f"{k} {_shown(v)}" for k, v in row.facts.items() if v is not None)
        click.echo(f"  · {row.item}: {row.kind} {row.row_id} ({facts}) ← {row.submission} #{row.row}")


def _shown(value: Any) -> str:
    from houfeng.packs.explanation import shown

    return shown(value)


def check_out(out: Path | None) -> None:
    """Refuse a file that could not be written, before the work and not after it."""
    from houfeng.errors import UsageError

    if out is None:
        return
    if out.suffix not in (".jsonl", ".csv", ".xlsx"):
        zh = f"不认识的后缀“{out.suffix}”：用 .jsonl、.csv 或 .xlsx"
        raise UsageError(Text(zh, f"unknown ending “{out.suffix}”: use .jsonl, .csv or .xlsx"))
    if not out.parent.is_dir():
        raise UsageError(Text(f"没有文件夹 {out.parent}", f"there is no folder {out.parent}"))


def write_alerts(alerts: Iterable[Alert], out: Path) -> None:
    """Write alerts as JSON lines (everything), CSV or xlsx (the list)."""
    from houfeng.engine.faults import telling
    from houfeng.exchange.workbook import write_csv, write_table

    if out.suffix == ".jsonl":
        with telling(out):
            out.write_text("".join(alert.line() + "\n" for alert in alerts), "utf-8")
        return
    rows = [[*(getattr(a, c) for c in COLUMNS[:8]), a.reason.zh, a.reason.en] for a in alerts]
    (write_csv if out.suffix == ".csv" else write_table)(out, COLUMNS, rows)


def read_labels(path: Path, key_column: str, label_column: str, bad: str) -> dict[str, bool | None]:
    """Labels by key from a table people sent: true where the label is `bad`, nothing where it is blank."""
    from houfeng.errors import UsageError, did_you_mean
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
    from dataclasses import asdict

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
    found = separate(scores, read_labels(labels, key_column, label_column, bad))
    if as_json:
        click.echo(json.dumps(asdict(found)))
        return
    counts = f"{found.bad} bad, {found.good} good, {found.unlabelled} unlabelled, {found.unscored} without score"
    click.echo(f"{item} @ {day}: AUC {found.auc:.3f} (95 % {found.low:.3f}–{found.high:.3f}); {counts}")
