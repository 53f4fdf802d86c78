"""`houfeng watch replay`: the warning rules of a pack over a history, alone or against another version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from houfeng.errors import Text, UsageError
from houfeng.settings import load
from houfeng.watch.operations.words import TIER_NAMES
from houfeng_cli.watch import place_options
from houfeng_cli.watch.labels import label_options, labels_from

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
VALUES_SHOWN, ROWS_SHOWN = 10, 2


@click.command(name="replay")
@click.argument("pack")
@click.option("--from", "first", required=True, help="First day (or month) of the replay.")
@click.option("--to", "last", required=True, help="Last day (or month).")
@click.option("--rule", "only", multiple=True, help="Only this rule, by name or id; may be repeated.")
@click.option("--reading", "readings", multiple=True, help="interpretation=reading, to replay with a rival reading.")
@click.option("--against", default=None, help="Another version, the old one: a pack's folder or name.")
@click.option(
    "--against-reading", "against_readings", multiple=True, help="interpretation=reading for the version of --against."
)
@label_options
@click.option(
    "--horizon", default=180, show_default=True, type=click.IntRange(1), help="Days before a bad day that count."
)
@click.option("--labels-until", "until", default=None, help="Last day whose bad days are known; default: that of --to.")
@click.option("--officers", default=1, show_default=True, type=click.IntRange(1), help="People who answer the alerts.")
@click.option(
    "--known-at", "--as-known-at", "known_at", default=None, help="Events as known at this moment; default: now."
)
@click.option(
    "--with-late",
    is_flag=True,
    help="Take in events of streams that came too late; the live watch left them out of its windows.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write alerts: .jsonl (all), .csv or .xlsx; with "
    "--against the alerts gained and lost, as .xlsx with all tables.",
)
@click.option("--show", default=3, show_default=True, help="Show so many alerts in full.")
@place_options
def replay(
    pack: str,
    first: str,
    last: str,
    only: tuple[str, ...],
    readings: tuple[str, ...],
    against: str | None,
    against_readings: tuple[str, ...],
    labels: Path | None,
    key_column: str,
    date_column: str,
    label_column: str,
    bad: str,
    horizon: int,
    until: str | None,
    officers: int,
    known_at: str | None,
    with_late: bool,
    out: Path | None,
    show: int,
    folder: str | None,
    lang: str | None,
) -> None:
    """Replay the rules of PACK day by day and event by event, and tell every alert with its reason and rows.

    With --against, replay that version too and tell what PACK gains and loses against it; with --labels, measure each.
    """
    from houfeng.clock import parse_day
    from houfeng.watch.compare.measures import Frame
    from houfeng_cli.watch.compare import Side, compare, measure

    check_out(out)
    if against_readings and against is None:
        raise UsageError(Text("--against-reading 要与 --against 一起给", "--against-reading belongs to --against"))
    lang = lang or load().lang
    snapshot = open_snapshot(folder, known_at, with_late=with_late)
    known = labels_from(labels, key_column, date_column, label_column, bad)
    frame = Frame(first_day(first), parse_day(last), horizon, parse_day(until) if until else None, officers)
    new = Side.load(pack, readings)
    if against is not None:
        compare(Side.load(against, against_readings), new, snapshot, only, frame, known, out, lang)
        return
    run, alerts = new.replay(snapshot, only, frame)
    show_summary(run, alerts, lang)
    for alert in _telling(alerts)[:show]:
        show_alert(alert, lang)
    show_waiting(new.pack, lang)
    if known is not None:
        measure([(new, run, alerts)], frame, known, lang)
    if out is not None:
        write_alerts(alerts, out)
        click.echo(f"→ {out}")


def first_day(text: str) -> date:
    """The day `text` names, or the first of the month it names."""
    from houfeng.clock import parse_day

    day = parse_day(text)
    return day.replace(day=1) if len(text.strip()) == len("2025-12") else day


def open_snapshot(folder: str | None, known_at: str | None, *, with_late: bool = False) -> Snapshot:
    """The book's snapshot as known at a moment, by default now; without late events unless `with_late`."""
    from houfeng.book.store import Book
    from houfeng.clock import parse_moment, wall_clock

    book = Book.open(Path(folder or load().book), wall_clock)
    snapshot = book.snapshot(parse_moment(known_at) if known_at else None)
    return snapshot if with_late else snapshot.without_late()


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


def show_alert(alert: Alert, lang: str, *, full: bool = False) -> None:
    """One alert: when, why, with what values, on which rows; of values and rows the first, or `full` all."""
    zh = lang == "zh"
    until = f"{alert.cleared_at}" if alert.cleared_at else "未解除" if zh else "still open"
    kind = kinds()[alert.kind].label.get(lang)
    tier = TIER_NAMES[alert.tier].get(lang)
    click.echo(f"\n[{tier}] {alert.rule_id} {kind} {alert.key}  {alert.opened_at} – {until}  ({alert.alert_id})")
    click.echo(f"  {alert.reason.get(lang)}" + (f"  [{alert.reference}]" if alert.reference else ""))
    values = [f"{k} = {_shown(v)}" for k, v in list(alert.values.items())[: None if full else VALUES_SHOWN]]
    values += [f":{k} = {_shown(v)}" for k, v in alert.parameters.items()]
    click.echo(f"  {', '.join(values)}")
    told: Counter[str] = Counter()
    for row in alert.evidence:
        told[row.item] += 1
        if told[row.item] > ROWS_SHOWN and not full:
            continue
        facts = ", ".join(f"{k} {_shown(v)}" for k, v in row.facts.items() if v is not None)
        click.echo(f"  · {row.item}: {row.kind} {row.row_id} ({facts}) ← {row.submission} #{row.row}")


def _shown(value: Any) -> str:
    from houfeng.packs.explanation import shown

    return shown(value)


def check_out(out: Path | None) -> None:
    """Refuse a file that could not be written, before the work and not after it."""
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
