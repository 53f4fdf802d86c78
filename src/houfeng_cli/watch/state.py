"""`houfeng watch status | rules`: what a watch says of itself and of its rules. Only files are read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from houfeng import clock
from houfeng.errors import Text
from houfeng.settings import load
from houfeng.watch.operations.words import CHANNEL_TEXTS, TIER_NAMES
from houfeng_cli.watch import place_options
from houfeng_cli.watch.rules import NOT_RUNNING, running, watch_folder

if TYPE_CHECKING:
    from houfeng.watch.operations.inbox import Inbox


def moment(instant: float) -> str:
    """An instant in seconds as local time."""
    return str(datetime(1970, 1, 1) + timedelta(seconds=int(instant)))


@click.command(name="status")
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
@place_options
def status(as_json: bool, folder: str | None, lang: str | None) -> None:
    """Tell how the watch is doing: rate, lag, lateness, open alerts, memory. Exit code 1 where none is running."""
    from houfeng.watch.operations.inbox import read_state
    from houfeng.watch.operations.sending import age

    place, lang = watch_folder(folder), lang or load().lang
    found = read_state(place / "state" / "status.json")
    runs = running(place)
    if as_json:
        seconds = age(found, clock.wall_clock()) if found else None
        click.echo(json.dumps({"running": runs, "age_seconds": seconds, "status": found}, ensure_ascii=False))
    else:
        click.echo(headline(found).get(lang))
        for name, said in figures(found, lang) if found else ():
            click.echo(f"  {name.get(lang)}{'：' if lang == 'zh' else ': '}{said or '–'}")
    if not runs:
        raise click.exceptions.Exit(1)


def headline(found: Mapping[str, Any] | None) -> Text:
    """Whether a watch runs."""
    from houfeng.watch.operations.sending import STALE, age

    if found is None:
        return Text("这本账簿上没有运行过监测", "no watch has run on this book yet")
    written, started, seconds = _short(found["written"]), _short(found["started"]), age(found, clock.wall_clock())
    if found["state"] == "ended":
        return Text(f"{NOT_RUNNING.zh}：已于 {written} 结束", f"{NOT_RUNNING.en}: it ended at {written}")
    if seconds > STALE:
        return Text(
            f"状态是 {seconds:,.0f} 秒前（{written}）写的：监测已中断或卡住，以下数字已旧",
            f"the status is {seconds:,.0f} s old ({written}): the watch died or hangs, and these figures are old",
        )
    return Text(f"监测正在运行，始于 {started}", f"a watch is running since {started}")


def figures(found: Mapping[str, Any], lang: str) -> Iterator[tuple[Text, str]]:
    """The figures for people, each with its name."""
    events, steps = _sums(found)
    tiers = {text.get(lang): found["open_episodes"].get(tier, 0) for tier, text in TIER_NAMES.items()}
    watermark = found["watermark_seconds"]
    if found["stopped"]:
        waiting = _number(found["waiting_alerts"])
        yield (
            Text("外发", "EMISSION"),
            Text(f"已停止，{waiting} 条等待补发", f"stopped; {waiting} alerts wait").get(lang),
        )
    yield Text("速率（条/秒）", "events per second"), f"{found['events_per_second']:,.0f}"
    yield Text("事件", "events"), _list(events)
    yield Text("水位", "watermark"), "" if watermark is None else moment(watermark)
    yield Text("落后（秒）", "lag, seconds"), _number(found["watermark_lag_seconds"])
    yield Text("迟到（秒）", "lateness, seconds"), _spread(found["lateness_seconds"])
    yield Text("从事件到预警（秒）", "event to alert, seconds"), _spread(found["alert_latency_seconds"])
    yield Text("未解除的预警", "open alerts"), _list(tiers)
    yield Text("预警步骤", "steps of alerts"), _list({CHANNEL_TEXTS[c].get(lang): n for c, n in steps.items()})
    yield Text("排队行数", "rows queued"), _number(found["queue_rows"])
    yield Text("日志末条", "last entry of the log"), _number(found["log_seq"])
    yield Text("尚未入账的日志条数", "entries not in the book yet"), _number(found["unflushed_entries"])
    yield Text("窗口内存（MiB）", "memory of windows, MiB"), _number(found["memory_bytes"], 2**20)
    yield Text("快照已过（秒）", "age of the snapshot, seconds"), _number(found["snapshot_age_seconds"])


def _sums(found: Mapping[str, Any]) -> tuple[Counter[str], Counter[str]]:
    events: Counter[str] = Counter()
    for kinds in found["events"].values():
        for outcomes in kinds.values():
            events.update(outcomes)
    steps: Counter[str] = Counter()
    for channels in found["alerts"].values():
        steps.update(channels)
    return events, steps


def _short(written: str) -> str:
    return written[:19].replace("T", " ")


def _number(value: float | None, unit: int = 1) -> str:
    return "" if value is None else f"{value / unit:,.0f}"


def _list(counts: Mapping[str, int]) -> str:
    return "  ".join(f"{name} {number:,}" for name, number in counts.items())


def _spread(histogram: Mapping[str, Any]) -> str:
    if not histogram["count"]:
        return ""
    last = list(histogram["buckets"])[-2]
    said = [f"> {last}" if histogram[name] is None else f"≤ {histogram[name]:g}" for name in ("p50", "p99")]
    return f"p50 {said[0]}  p99 {said[1]}"


@click.command(name="rules")
@click.option("--json", "as_json", is_flag=True, help="Print the whole state as JSON.")
@place_options
def rules(as_json: bool, folder: str | None, lang: str | None) -> None:
    """List the rules: life, since when, who and why, alerts by channel; and silences, budgets, the kill switch."""
    from houfeng.watch.operations.inbox import Inbox, read_state

    place, lang = watch_folder(folder), lang or load().lang
    state = read_state(place / "state" / "emission.json")
    if as_json:
        click.echo(json.dumps(state, ensure_ascii=False))
        return
    if state is None:
        click.echo(headline(None).get(lang))
    for line in state_lines(state, lang) if state else ():
        click.echo(line)
    for line in inbox_lines(Inbox(place / "inbox"), lang):
        click.echo(line)


def state_lines(state: Mapping[str, Any], lang: str) -> Iterator[str]:
    """The state of emission for people."""
    zh = lang == "zh"
    if state["stop"]:
        said = f"{state['stop']['who']}, {state['stop']['at'][:19]}: {state['stop']['why']}"
        yield f"!! {'外发已停止' if zh else 'emission is stopped'} ({said})"
    if state["waiting"]:
        waiting = state["waiting"]
        yield f"{waiting:,} 条停发的预警等待补发" if zh else f"{waiting:,} alerts kept back by a stop wait for release"
    if loads := state.get("loads"):
        last = loads[-1]
        said = f"{last['pack']} {last['version']} ({last['who']}, {last['at'][:19]}: {last['why']})"
        yield f"{'已装入' if zh else 'loaded'} {said}"
    default = state["budgets"]["default"]
    if default is not None:
        yield f"每条规则每日预算 {default}" if zh else f"budget of each rule per day: {default}"
    for name, rule_id, _ in sorted(state["rules"], key=lambda rule: (rule[1], rule[0])):
        yield _rule_line(state, name, rule_id, lang)
    for each in state["silences"]["in_force"]:
        scope = ", ".join(f"{word}={each[word]}" for word in ("rule", "key", "group") if each[word])
        made = f"{each['made']['who']}: {each['made']['why']}"
        yield (
            f"静默 {each['id']}：{scope}，至多 {TIER_NAMES[each['tier']].zh}色，到 {moment(each['until'])}（{made}）"
            if zh
            else f"silence {each['id']}: {scope}, up to {each['tier']}, until {moment(each['until'])} ({made})"
        )


def _rule_line(state: Mapping[str, Any], name: str, rule_id: str, lang: str) -> str:
    from houfeng.watch.operations.life import UNTOUCHED, Life

    life = Life.load(state["lives"][name]) if name in state["lives"] else Life()
    said = (life.now if life.turns else UNTOUCHED).name().get(lang)
    parts = [f"{rule_id:<6} {name}", said]
    if life.turns:
        last = life.turns[-1]
        parts.append(f"{last.at[:19]} {last.who}: {last.why}")
    if name in state["budgets"]["of"]:
        limit = state["budgets"]["of"][name]
        told = Text("不限" if limit is None else f"{limit}", "no limit" if limit is None else f"{limit}").get(lang)
        parts.append(f"{'每日预算' if lang == 'zh' else 'budget'} {told}")
    counts = state["tally"]["totals"].get(name, {})
    parts.append(_list({text.get(lang): counts[c] for c, text in CHANNEL_TEXTS.items() if c in counts}))
    return " | ".join(part for part in parts if part)


def inbox_lines(inbox: Inbox, lang: str) -> Iterator[str]:
    """What waits in the inbox, and what could not be read."""
    for command in inbox.waiting():
        head = "等待取走" if lang == "zh" else "waits"
        what = json.dumps(dict(command.what), ensure_ascii=False)
        yield f"{head} {command.id}: {what} ({command.who}: {command.why})"
    for name, reason in inbox.aside():
        yield f"{'已搁置' if lang == 'zh' else 'set aside'} {name}: {reason.splitlines()[-1]}"
