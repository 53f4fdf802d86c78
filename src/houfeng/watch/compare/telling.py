"""The comparison, the worth of alerts, the overlap and the budget as lines for a screen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from houfeng.packs.diff import Change
from houfeng.packs.model import TIERS
from houfeng.themes.render import aligned
from houfeng.watch.compare.matching import Comparison, by_month, tally
from houfeng.watch.compare.measures import Assessment, Frame
from houfeng.watch.compare.overlap import Held, Overlap
from houfeng.watch.compare.page import TIER_NAMES, Table, Version, percent, rules, say, tally_lines, tiers
from houfeng.watch.labels import Labels

CHANGES_SHOWN = 12
MONTHS_A_LINE = 4


def comparison_lines(
    found: Comparison, sides: tuple[Version, Version], labels: Mapping[str, str], changes: Sequence[Change], lang: str
) -> Iterator[str]:
    """What changed in the pack and in its alerts: counts, tiers, the rules that differ, the months that differ."""
    yield f"{sides[0]} → {sides[1]}  ({found.first} – {found.last})"
    yield from _changes(changes, lang)
    count = tally(found.old, found.new, found.situations)
    yield say(lang, f"预警 {count.old:,} → {count.new:,} 条", f"alerts {count.old:,} → {count.new:,}")
    yield from (f"  {label}: {value:,}" for label, value in tally_lines(count, lang) if value)
    yield from _shown(tiers(found, lang))
    differ = rules(found, labels, lang)
    rows = [row for row in differ.rows if row[3] or row[4] or row[5] != row[6]]
    if rows:
        yield from _shown(Table(differ.name, differ.headers, rows))
    months = [f"{m.when} {m.old}→{m.new} (+{m.gained} −{m.lost})" for m in by_month(found) if m.gained or m.lost]
    yield ""
    yield from ("  ".join(months[at : at + MONTHS_A_LINE]) for at in range(0, len(months), MONTHS_A_LINE))


def _changes(changes: Sequence[Change], lang: str) -> Iterator[str]:
    yield say(lang, f"规则包的变化 {len(changes)} 处", f"{len(changes)} changes in the pack")
    yield from (f"  {change.render()}" for change in changes[:CHANGES_SHOWN])
    if len(changes) > CHANGES_SHOWN:
        yield say(lang, f"  其余 {len(changes) - CHANGES_SHOWN} 处", f"  and {len(changes) - CHANGES_SHOWN} more")


def _shown(table: Table) -> list[str]:
    """A table as lines, empty and zero figures as a dot."""
    rows = [[row[0], *("·" if value in (None, 0, 0.0) else _figure(value) for value in row[1:])] for row in table.rows]
    return ["", *aligned(table.headers, rows, 1)]


def _figure(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def worth_lines(
    found: Sequence[tuple[str, Assessment]], names: Mapping[str, str], labels: Labels | None, frame: Frame, lang: str
) -> Iterator[str]:
    """Work and worth of each version: all alerts, those that reached each tier, and each rule; then what to know."""
    yield ""
    if labels is not None:
        yield _labels_line(labels, frame, lang)
    heads = [
        say(lang, "版本", "version"),
        say(lang, "规则或级别", "rule or tier"),
        say(lang, "预警", "alerts"),
        say(lang, "每人每日", "/officer/day"),
        say(lang, "每百户每月", "/100 keys/month"),
    ]
    if labels is not None:
        heads += [say(lang, "查准率%", "precision %"), say(lang, "召回率%", "recall %")]
        heads += [say(lang, "户查准率%", "key precision %"), say(lang, "误报率%", "false alarms %")]
        heads += [say(lang, "提前天数", "lead days")] if labels.dated else []
    lines = []
    for version, each in found:
        if each.rule and each.tier:
            continue
        scope = names.get(each.rule, each.rule) if each.rule else _reached(each.tier, lang)
        lines.append([version, scope, *_worth(each, labels)])
    yield from aligned(heads, lines, 2)
    if labels is not None:
        yield from _notes([each for _, each in found if not each.rule and not each.tier], labels, frame, lang)


def _reached(tier: str, lang: str) -> str:
    name = TIER_NAMES[tier].get(lang)
    return name if tier in ("", TIERS[-1]) else say(lang, f"{name}及以上", f"{name} or higher")


def _worth(each: Assessment, labels: Labels | None) -> Iterator[str]:
    rate = each.work.per_hundred_key_months
    yield from (f"{each.work.alerts:,}", f"{each.work.per_officer_day:.2f}", "—" if rate is None else f"{rate:.2f}")
    told = each.worth
    if told is None or labels is None:
        return
    yield from map(percent, (told.precision, told.recall, told.key_precision, told.false_alarms))
    if labels.dated:
        yield f"{told.lead[1]:.0f} ({told.lead[0]:.0f}–{told.lead[2]:.0f})" if told.lead else "—"


def _labels_line(labels: Labels, frame: Frame, lang: str) -> str:
    bad, undated, good = len(labels.bad), len(labels.bad_undated), len(labels.good)
    if not labels.dated:
        return say(
            lang,
            f"标签：坏 {undated} 户，好 {good} 户；没有日期，只能看区分，看不出提前多少天",
            f"labels: {undated} bad, {good} good; undated: this measures separation, not warning in time",
        )
    return say(
        lang,
        f"标签：坏 {bad} 户，好 {good} 户，坏而无日期 {undated} 户；观察期 {frame.horizon} 天，标签截至 {frame.known}",
        f"labels: {bad} bad, {good} good, {undated} bad on no known day; "
        f"horizon {frame.horizon} days, labels known until {frame.known}",
    )


def _notes(totals: Iterable[Assessment], labels: Labels, frame: Frame, lang: str) -> Iterator[str]:
    """What a reader must know before leaning on the figures."""
    worths = [each.worth for each in totals if each.worth is not None]
    yield say(
        lang,
        "括号内是 95% 区间（Wilson）；* 表示数量少（不足 30，或一边不足 5）；同一户的预警并不独立，按条算的区间偏窄",
        "in brackets the 95 % interval (Wilson); * small numbers (under 30, or under 5 on a side); alerts of one key "
        "are not independent, so intervals over alerts are too narrow",
    )
    unlabelled = ", ".join(f"{w.unlabelled:,}" for w in worths)
    yield say(lang, f"无标签而不计的预警：{unlabelled}", f"alerts without a label, not counted: {unlabelled}")
    if not labels.dated:
        return
    young = ", ".join(f"{w.young:,} ({w.young_true:,})" for w in worths)
    after = ", ".join(f"{w.after:,}" for w in worths)
    short = max((w.short_history for w in worths), default=0)
    standing = ", ".join(f"{w.standing:,}" for w in worths)
    outside = sum(any(day > frame.known for day in days) for days in labels.bad.values())
    yield say(
        lang,
        f"观察期未满而不计的预警（其中已应验）：{young}；事后开启而不计：{after}",
        f"too young to judge, not counted (of these already true): {young}; "
        f"opened after the event, not counted: {after}",
    )
    yield say(
        lang,
        f"更早开启、出事时仍开的坏户（不算召回）：{standing}；期初历史不足一个观察期的坏户：{short}",
        f"bad keys with an older alert still open (not recalled): {standing}; "
        f"with less history than the horizon: {short}",
    )
    if outside:
        yield say(
            lang,
            f"{outside} 户的坏日在 {frame.known} 之后，未用；可用 --labels-until 说明标签已知到哪天",
            f"{outside} keys went bad after {frame.known}; not used: --labels-until tells how far labels are known",
        )


def overlap_lines(found: Sequence[Overlap], names: Mapping[str, str], lang: str) -> Iterator[str]:
    """Which rule adds what the others miss, as a table, and those that add nothing."""
    heads, lines = overlap_rows(found, names, lang)
    shown = [[row[0], *("·" if v in (None, 0, "") else _figure(v) for v in row[1:])] for row in lines]
    yield from aligned(heads, shown, 1)
    nothing = [names.get(o.rule, o.rule) for o in found if o.adds_nothing and o.alerts]
    silent = [names.get(o.rule, o.rule) for o in found if not o.alerts]
    comma = say(lang, "、", ", ")
    if nothing:
        what = say(lang, "不增加什么（逐条看，不可一起撤）：", "adds nothing (one at a time, not together): ")
        yield what + comma.join(nothing)
    if silent:
        yield say(lang, "期内没有预警：", "never opened: ") + comma.join(silent)


def overlap_rows(found: Sequence[Overlap], names: Mapping[str, str], lang: str) -> tuple[list[str], list[list[Any]]]:
    """The overlap as headers and rows, without zeros or unknowns replaced."""
    pairs = [
        ("规则", "rule"),
        ("预警", "alerts"),
        ("户", "keys"),
        ("独有户", "own keys"),
        ("户月", "key-months"),
        ("独有户月", "own key-months"),
        ("户日", "key-days"),
        ("独有户日", "own key-days"),
        ("被覆盖%", "covered %"),
        ("最相重", "most like"),
        ("重合度", "Jaccard"),
        ("独自抓到的坏户", "bad keys only it catches"),
    ]
    if all(o.only_caught is None for o in found):
        pairs.pop()
    rows = []
    for o in found:
        counts = (o.alerts, o.keys, o.own_keys, o.key_months, o.own_key_months, o.key_days, o.own_key_days)
        covered = None if o.covered is None else round(100 * o.covered, 1)
        twin = names.get(o.twin, o.twin).partition(" ")[0]
        row = [names.get(o.rule, o.rule), *counts, covered, twin, round(o.jaccard, 3), o.only_caught]
        rows.append(row[: len(pairs)])
    return [say(lang, *pair) for pair in pairs], rows


def budget_lines(found: Sequence[Held], number: int, names: Mapping[str, str], lang: str) -> Iterator[str]:
    """What a budget of `number` alerts per rule and day would have held back."""
    held, every = sum(h.held for h in found), sum(h.alerts for h in found)
    yield ""
    yield say(
        lang,
        f"每条规则每日至多 {number} 条：{every:,} 条中扣下 {held:,} 条",
        f"at most {number} alerts per rule and day: {held:,} of {every:,} held back",
    )
    heads, rows = budget_rows(found, names, lang)
    shown = [[row[0], *("·" if v in (None, 0) else _figure(v) for v in row[1:])] for row in rows if row[3]]
    if shown:
        yield from aligned(heads, shown, 1)


def budget_rows(found: Sequence[Held], names: Mapping[str, str], lang: str) -> tuple[list[str], list[list[Any]]]:
    """The budget as headers and rows: every rule, also those from which nothing is held back."""
    pairs = (("规则", "rule"), ("预警", "alerts"), ("放行", "passed"), ("扣下", "held back"))
    more = (("扣下的日数", "days with any"), ("最多一日", "worst day"), ("该日扣下", "held on it"))
    high = list(reversed(TIERS))
    heads = [say(lang, *pair) for pair in (*pairs, *more)] + [TIER_NAMES[tier].get(lang) for tier in high]
    rows = []
    for h in found:
        day, most = h.worst or (None, 0)
        tail = (h.days, day, most, *(h.tiers.get(tier, 0) for tier in high))
        rows.append([names.get(h.rule, h.rule), h.alerts, h.passed, h.held, *tail])
    return heads, rows
