"""`houfeng watch alerts`: the alerts of the watch, one line each, or their steps as they come."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from houfeng import clock
from houfeng.errors import Text, UsageError
from houfeng.settings import load
from houfeng.watch.operations.words import CHANNEL_TEXTS, STEP_TEXTS, TIER_NAMES
from houfeng_cli.watch import place_options
from houfeng_cli.watch.full import full_alert, show_full
from houfeng_cli.watch.replay import TIERS, check_out
from houfeng_cli.watch.rules import watch_folder
from houfeng_cli.watch.state import moment

if TYPE_CHECKING:
    from houfeng.watch.operations.told import Told

CHANNELS = ("emitted", "shadow", "silenced", "held", "stopped", "off", "outside", "warmed")
HEADERS = (
    "alert_id",
    "state",
    "tier",
    "channel",
    "rule_id",
    "rule",
    "kind",
    "key",
    "opened_at",
    "opening_event",
    "cleared_at",
    "reason_zh",
    "reason_en",
)
EVERY = 1.0
"""Seconds between two looks of `--follow`."""


@dataclass(frozen=True)
class Wanted:
    """Which alerts are asked for. Empty means all."""

    open_only: bool = False
    rule: str = ""
    key: str = ""
    tier: str = ""
    channel: str = ""
    since: int | None = None

    def step(self, kept: Mapping[str, Any]) -> bool:
        """Whether a step passes what can be seen of it alone."""
        return (
            self.rule in ("", kept["rule"], kept["rule_id"], kept["rule"].partition("/")[2])
            and self.key in ("", kept["key"])
            and (not self.tier or TIERS.index(kept["tier"]) >= TIERS.index(self.tier))
            and self.channel in ("", kept["channel"])
            and (self.since is None or kept["at"] >= self.since)
        )


def row_of(alert: Told) -> list[Any]:
    """The alert as a row under `HEADERS`."""
    reason, first = alert.last["reason"], alert.first
    state = "open" if alert.cleared_at is None else "cleared"
    head = [alert.alert_id, state, alert.tier, alert.channel]
    middle = [first["rule_id"], first["rule"], first["kind"], first["key"], moment(alert.opened_at), first["event"]]
    cleared = alert.cleared_at and moment(alert.cleared_at)
    return [*head, *middle, cleared, reason["zh"], reason["en"]]


def chosen(alerts: Iterable[Told], wanted: Wanted) -> Iterator[Told]:
    """The alerts that are asked for: by their opening time, the highest tier, and the channel in the end."""
    for alert in alerts:
        whole = {**alert.first, "tier": alert.tier, "channel": alert.channel, "at": alert.opened_at}
        if wanted.step(whole) and not (wanted.open_only and alert.cleared_at is not None):
            yield alert


@click.command(name="alerts")
@click.option("--open", "open_only", is_flag=True, help="Only alerts that are open.")
@click.option("--rule", default="", help="Only of this rule, by name or id.")
@click.option("--key", default="", help="Only of this key.")
@click.option("--tier", type=click.Choice(TIERS), default=None, help="Only of this tier or a higher one.")
@click.option(
    "--channel",
    type=click.Choice([*CHANNELS, "all"]),
    default="emitted",
    show_default=True,
    help="Only those that went there; what people were told is emitted.",
)
@click.option(
    "--since", default=None, help="Only those opened at this moment of event time or later; a date: its start."
)
@click.option("--show", default=50, show_default=True, help="Show so many, the newest.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write all to a .jsonl, .csv or .xlsx.")
@click.option("--id", "alert_id", default=None, help="Show this alert with all its steps.")
@click.option(
    "--evidence", is_flag=True, help="With --id: in full, with the rows it rests on, from the book as it is now."
)
@click.option("--pack", default=None, help="With --evidence: the version that opened it, where it is not kept.")
@click.option("--follow", is_flag=True, help="Go on and show each step as it comes, until Ctrl-C.")
@place_options
def alerts(
    open_only: bool,
    rule: str,
    key: str,
    tier: str | None,
    channel: str,
    since: str | None,
    show: int,
    out: Path | None,
    alert_id: str | None,
    evidence: bool,
    pack: str | None,
    follow: bool,
    folder: str | None,
    lang: str | None,
) -> None:
    """List the alerts of the watch, one line each; how many went to other channels is told below."""
    from houfeng.watch.operations.told import fold, read_steps

    journal, lang = watch_folder(folder) / "alerts", lang or load().lang
    check_out(out)
    if follow and (out or open_only):
        raise UsageError(Text("--follow 不与 --out、--open 同用", "--follow does not go with --out or --open"))
    if evidence and alert_id is None:
        raise UsageError(Text("--evidence 要与 --id 一起给", "--evidence belongs to --id"))
    if evidence and alert_id is not None:
        show_full(full_alert(folder, journal.parent, alert_id, pack), out, lang)
    if alert_id is not None:
        _steps(journal, alert_id, lang)
        return
    wanted = Wanted(open_only, rule, key, tier or "", "" if channel == "all" else channel, _since(since))
    steps = list(read_steps(journal))
    found = fold(steps)
    told = sorted(chosen(found, wanted), key=lambda alert: (alert.opened_at, alert.alert_id))
    for alert in told[-show:] if show else ():
        click.echo(alert_line(alert, lang))
    click.echo(summary_line(found, len(told), lang))
    if out is not None:
        write_told(told, out)
        click.echo(f"→ {out}")
    if follow:
        for step in tail(journal, len(steps), time.sleep):
            if wanted.step(step):
                click.echo(step_line(step, lang))


def _steps(journal: Path, alert_id: str, lang: str) -> None:
    from houfeng.watch.operations.deliveries import alert_of
    from houfeng.watch.operations.told import fold, read_steps

    found = fold(step for step in read_steps(journal) if alert_of(step) == alert_id)
    if not found:
        raise UsageError(Text(f"没有预警 {alert_id}", f"there is no alert {alert_id}"))
    click.echo(alert_line(found[0], lang))
    for step in found[0].steps:
        click.echo(f"  {step_line(step, lang)}")


def _since(text: str | None) -> int | None:
    if text is None:
        return None
    start = clock.parse_moment(f"{text.strip()}T00:00" if len(text.strip()) == len("2026-01-16") else text)
    return int((start - clock.parse_moment("1970-01-01T00:00")).total_seconds())


def tail(journal: Path, seen: int, sleep: Callable[[float], None]) -> Iterator[Mapping[str, Any]]:
    """Each step after the first `seen`, as it comes, until Ctrl-C while it waits."""
    from houfeng.watch.operations.told import read_steps

    size = -1
    while True:
        now = sum(path.stat().st_size for path in journal.glob("alerts-*.jsonl"))
        if now != size:
            size = now
            for number, step in enumerate(read_steps(journal)):
                if number >= seen:
                    seen = number + 1
                    yield step
        try:
            sleep(EVERY)
        except KeyboardInterrupt:
            return


def alert_line(alert: Told, lang: str) -> str:
    """One alert in one line."""
    zh = lang == "zh"
    until = moment(alert.cleared_at) if alert.cleared_at is not None else "未解除" if zh else "open"
    tier = TIER_NAMES[alert.tier].get(lang)
    channel = "" if alert.channel == "emitted" else f" ({CHANNEL_TEXTS[alert.channel].get(lang)})"
    reason = Text(**alert.last["reason"]).get(lang)
    head = f"[{tier}] {alert.first['rule_id']} {alert.first['key']}  {moment(alert.opened_at)} – {until}{channel}"
    return f"{head}  {reason}  ({alert.alert_id})"


def step_line(step: Mapping[str, Any], lang: str) -> str:
    """One step of an alert in one line."""
    from houfeng.watch.operations.deliveries import alert_of

    what = STEP_TEXTS[step["what"]].get(lang)
    tier, channel = TIER_NAMES[step["tier"]].get(lang), CHANNEL_TEXTS[step["channel"]].get(lang)
    reason = Text(**step["reason"]).get(lang)
    return (
        f"{moment(step['at'])} {what} [{tier}] {step['rule_id']} {step['key']} {channel}  {reason}  ({alert_of(step)})"
    )


def summary_line(found: list[Told], shown: int, lang: str) -> str:
    """How many there are, and how many in each channel in all."""
    counts = Counter(alert.channel for alert in found)
    by = "  ".join(f"{CHANNEL_TEXTS[c].get(lang)} {counts[c]:,}" for c in CHANNELS if counts[c])
    return f"符合 {shown:,} 条；全部：{by or '无'}" if lang == "zh" else f"{shown:,} found; in all: {by or 'none'}"


def plain(alert: Told) -> dict[str, Any]:
    """The alert with all its steps."""
    return dict(zip(HEADERS, row_of(alert), strict=True)) | {"steps": alert.steps}


def write_told(told: list[Told], out: Path) -> None:
    """Write alerts as JSON lines (with all steps), CSV or xlsx (the list)."""
    from houfeng.engine.faults import telling
    from houfeng.exchange.workbook import write_csv, write_table

    if out.suffix == ".jsonl":
        with telling(out):
            lines = (json.dumps(plain(alert), ensure_ascii=False, sort_keys=True) + "\n" for alert in told)
            out.write_text("".join(lines), "utf-8")
        return
    (write_csv if out.suffix == ".csv" else write_table)(out, HEADERS, [row_of(alert) for alert in told])
