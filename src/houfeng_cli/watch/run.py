"""`houfeng watch run`: the live watch over sources of events."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from houfeng.errors import Text, UsageError
from houfeng.settings import load
from houfeng.watch.operations.words import TIER_NAMES
from houfeng_cli.watch import place_options

if TYPE_CHECKING:
    from houfeng.watch.operations.deliveries import Delivery
    from houfeng.watch.service.core import Core
    from houfeng.watch.service.watcher import Watcher
    from houfeng.watch.sources.queue import Source

UNITS = {"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}


@click.command(name="run")
@click.argument("pack")
@click.option(
    "--source",
    "wanted",
    multiple=True,
    required=True,
    help="dir:FOLDER, stdin[:NAME], http[:HOST:PORT], kafka:TOPIC@SERVERS or replay:DAY..DAY[@SPEED]; may be repeated.",
)
@click.option("--kind", default="", help="Event kind of sources that do not say it themselves.")
@click.option("--from", "first", default=None, help="First day of a new watch; default: today.")
@click.option("--until", default=None, help="Close this day when all sources have ended.")
@click.option(
    "--drill",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep log, alerts and state in this folder and put nothing into the book; replay sources need it.",
)
@click.option("--once", is_flag=True, help="End when the folder of a dir source holds nothing new.")
@click.option("--lateness", default=0, show_default=True, help="Seconds events of a source may come out of order.")
@click.option("--future", default=300, show_default=True, help="Seconds an event may lie ahead of the clock.")
@click.option("--max-gap", type=int, default=None, help="Seconds a source may leap ahead; more is quarantined.")
@click.option(
    "--idle", type=float, default=None, help="Seconds of silence after which the clock stands in for a source."
)
@click.option("--remember", type=int, default=None, help="Seconds ids are remembered, to know an event sent twice.")
@click.option("--budget", type=int, default=None, help="Alerts sent per rule and day, where a rule has no own budget.")
@click.option("--token-env", default="HOUFENG_TOKEN", show_default=True, help="Variable that holds the HTTP token.")
@click.option("--max-keys", default=4_000_000, show_default=True, help="Keys of each kind that room is reserved for.")
@click.option("--state-memory", default="16GB", show_default=True, help="Most memory of the windows of each kind.")
@click.option("--flush", default=10.0, show_default=True, help="Seconds between putting events into the book.")
@click.option("--save", default=900.0, show_default=True, help="Seconds between saving the state.")
@click.option("--quiet", is_flag=True, help="Do not print alerts.")
@place_options
def run(
    pack: str,
    wanted: tuple[str, ...],
    kind: str,
    first: str | None,
    until: str | None,
    drill: Path | None,
    once: bool,
    lateness: int,
    future: int,
    max_gap: int | None,
    idle: float | None,
    remember: int | None,
    budget: int | None,
    token_env: str,
    max_keys: int,
    state_memory: str,
    flush: float,
    save: float,
    quiet: bool,
    folder: str | None,
    lang: str | None,
) -> None:
    """Watch events as they come by the rules of PACK, until the sources end or Ctrl-C. Alerts go to the journal."""
    from houfeng.book.store import Book
    from houfeng.clock import parse_day, wall_clock
    from houfeng.packs.loading.load import load_pack
    from houfeng.packs.roads.measures import DAY, day_number
    from houfeng.watch.operations.metrics import Metrics
    from houfeng.watch.service.core import Limits
    from houfeng.watch.service.recovery import open_core
    from houfeng.watch.service.watcher import Pace, Watcher
    from houfeng_cli.watch import sources as forms

    named = forms.read_all(wanted, drill=drill is not None)
    replayed = next((one for one in named if one.form == "replay"), None)
    settings = load()
    lang = lang or settings.lang
    limits = Limits(settings.memory, settings.threads, max_keys, size_of(state_memory))
    close_day = parse_day(until) if until else replayed.last if replayed else None
    begin = parse_day(first) if first else replayed.first if replayed else wall_clock().date()
    book = Book.open(Path(folder or settings.book), wall_clock)
    core = open_core(
        book,
        load_pack(pack),
        wall_clock,
        begin,
        lateness=lateness,
        limits=limits,
        future=future,
        max_gap=max_gap,
        budget=budget,
        remember=forms.remembered(named) if remember is None else remember,
        place=drill,
    )
    for said in core.said:
        click.echo(said.get(lang), err=True)
    if (first or replayed) and core.first != begin:
        text = Text(
            f"此监测始于 {core.first}，--from 不再起作用", f"this watch began on {core.first}; --from is ignored"
        )
        click.echo(text.get(lang), err=True)
    metrics = Metrics(wall_clock)
    token = os.environ.get(token_env, "")
    try:
        sources = [forms.make(one, core, metrics, kind=kind, once=once, token=token) for one in named]
    except BaseException:
        core.close()
        raise
    pace = Pace(flush=flush, save=save, live=first is None and replayed is None)  # the clock closes no past
    watcher = Watcher(core, sources, replace(pace, idle=forms.idle(named) if idle is None else idle), figures=metrics)
    if not quiet:
        watcher.tell = lambda deliveries: _show(deliveries, lang)
    if close_day:
        watcher.close_at = (day_number(close_day) + 1) * DAY
    _stop_on_signals(watcher)
    watcher.begun = lambda: click.echo(_beginning(core, sources).get(lang), err=True)
    watcher.run()
    click.echo(_ending(watcher).get(lang), err=True)


def _stop_on_signals(watcher: Watcher) -> None:
    """The first signal ends the watch in good order; the next one at once."""

    def stop(*_: Any) -> None:
        watcher.stop()
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_DFL)

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, stop)


def size_of(text: str) -> int:
    """A size as bytes: `16GB`, `512MB`.

    Raises:
        UsageError: it is none.
    """
    number, unit = text[:-2], text[-2:].upper()
    if unit not in UNITS or not number.replace(".", "", 1).isdigit():
        raise UsageError(Text(f"不是大小：{text}，应如 16GB", f"not a size: {text}; write 16GB, for example"))
    return int(float(number) * UNITS[unit])


def _show(deliveries: Sequence[Delivery], lang: str) -> None:
    from houfeng.watch.alerts import moment
    from houfeng.watch.live.changes import CLEARED

    for delivery in deliveries:
        change = delivery.change
        if delivery.channel != "emitted" or (change.what == CLEARED and change.step == 1 and not change.reason.zh):
            continue
        tier = TIER_NAMES[change.tier].get(lang)
        what = {
            "opened": Text("开启", "opened"),
            "escalated": Text("升级", "escalated"),
            "cleared": Text("解除", "cleared"),
        }
        said = what[change.what].get(lang)
        click.echo(
            f"{moment(change.at)} [{tier}] {said} {change.rule_id} {change.key}  {change.reason.get(lang)}".rstrip()
        )


def _beginning(core: Core, sources: Sequence[Source]) -> Text:
    keys = sum(watch.keys.count for watch in core.engine.keywatches)
    rules, names = len(core.pack.rules), ", ".join(source.name for source in sources)
    return Text(
        f"监测开始：{core.pack.name} {core.pack.version}，{rules} 条规则，{keys:,} 个对象；来源 {names}",
        f"watching: {core.pack.name} {core.pack.version}, {rules} rules, {keys:,} keys; sources: {names}",
    )


def _ending(watcher: Watcher) -> Text:
    counts: Counter[str] = Counter()
    for kinds in watcher.metrics.status("ended")["events"].values():
        for outcomes in kinds.values():
            counts.update(outcomes)
    total, late, bad, twice = (counts[name] for name in ("accepted", "late", "rejected", "duplicate"))
    zh, en = f"监测结束：收 {total + late:,} 条", f"the watch has ended: {total + late:,} events"
    if late:
        zh, en = f"{zh}，其中 {late:,} 条迟到，不入窗口", f"{en}, {late:,} of them late, outside the windows"
    if bad:
        zh, en = f"{zh}；隔离 {bad:,} 行", f"{en}; {bad:,} rows quarantined"
    if twice:
        zh, en = f"{zh}；重复 {twice:,} 条", f"{en}; {twice:,} came before"
    return Text(zh, en)
