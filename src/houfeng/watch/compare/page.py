"""The comparison as tables, the same for the screen, the workbook and later the desk. One language at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from houfeng.errors import Text
from houfeng.packs.diff import Change
from houfeng.watch.compare.matching import (
    Comparison,
    Opened,
    Situation,
    Tally,
    by_day,
    by_month,
    by_rule,
    by_tier,
    tally,
)
from houfeng.watch.compare.measures import Assessment
from houfeng.watch.compare.notice import Notice
from houfeng.watch.labels import Share

TIER_NAMES = {
    "red": Text("红", "red"),
    "orange": Text("橙", "orange"),
    "yellow": Text("黄", "yellow"),
    "blue": Text("蓝", "blue"),
    "": Text("全部", "all"),
}


@dataclass(frozen=True)
class Table:
    """A named table: headers and rows of plain values."""

    name: str
    headers: tuple[str, ...]
    rows: list[list[Any]]


@dataclass(frozen=True)
class Version:
    """One side of a comparison as people name it: the pack, its version, and readings other than chosen."""

    pack: str
    version: str
    readings: str = ""

    def __str__(self) -> str:
        return f"{self.pack} {self.version}" + (f" ({self.readings})" if self.readings else "")


def say(lang: str, zh: str, en: str) -> str:
    """The one of two texts that `lang` asks for."""
    return Text(zh, en).get(lang)


def comparison_tables(
    found: Comparison, sides: tuple[Version, Version], labels: Mapping[str, str], changes: Sequence[Change], lang: str
) -> list[Table]:
    """All tables of a comparison; `labels` gives a rule's id and label by name."""
    lists = {"gained": found.gained, "lost": found.lost}
    names = {"gained": say(lang, "新增", "gained"), "lost": say(lang, "消失", "lost")}
    return [
        summary(found, sides, lang),
        tiers(found, lang),
        rules(found, labels, lang),
        opened(say(lang, "按月", "per month"), by_month(found), lang),
        opened(say(lang, "按日", "per day"), by_day(found), lang),
        *(notices(names[what], lists[what], lang) for what in lists),
        changed(found, lang),
        pack_changes(changes, lang),
    ]


def summary(found: Comparison, sides: tuple[Version, Version], lang: str) -> Table:
    """What came of it, one figure a line."""
    count = tally(found.old, found.new, found.situations)
    rows: list[list[Any]] = [
        [say(lang, "旧版", "old version"), str(sides[0])],
        [say(lang, "新版", "new version"), str(sides[1])],
        [say(lang, "期间", "period"), f"{found.first} – {found.last}"],
        [say(lang, "旧版预警", "alerts, old"), count.old],
        [say(lang, "新版预警", "alerts, new"), count.new],
    ]
    rows += [[label, value] for label, value in tally_lines(count, lang)]
    return Table(say(lang, "概要", "summary"), (say(lang, "项目", "figure"), say(lang, "值", "value")), rows)


def tally_lines(count: Tally, lang: str) -> list[tuple[str, Any]]:
    """The counts of a tally with their names."""
    return [
        (say(lang, "新增预警（只有新版有）", "gained (only the new version has it)"), count.gained),
        (say(lang, "消失预警（只有旧版有）", "lost (only the old version has it)"), count.lost),
        (say(lang, "两版都有的情形", "situations both have"), count.kept),
        (say(lang, "其中完全相同", "  of these unchanged"), count.unchanged),
        (say(lang, "其中提前", "  earlier"), count.earlier),
        (say(lang, "其中推后", "  later"), count.later),
        (say(lang, "推后天数中位（负为提前）", "  median days later (negative: earlier)"), _round(count.shift)),
        (say(lang, "其中级别升高", "  at a higher tier"), count.raised),
        (say(lang, "其中级别降低", "  at a lower tier"), count.lowered),
        (
            say(lang, "其中仅解除、升级时点或条数不同", "  other clearing, escalation or number of alerts only"),
            count.redrawn,
        ),
    ]


def _round(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)


def _counted(lang: str) -> tuple[str, ...]:
    return tuple(say(lang, *pair) for pair in (("旧", "old"), ("新", "new"), ("新增", "gained"), ("消失", "lost")))


def tiers(found: Comparison, lang: str) -> Table:
    """Per tier: alerts by version, gained, lost, and kept situations that moved in or out."""
    headers = (
        say(lang, "级别", "tier"),
        *_counted(lang),
        say(lang, "转入", "moved in"),
        say(lang, "转出", "moved out"),
    )
    rows = [[TIER_NAMES[t].get(lang), c.old, c.new, c.gained, c.lost, c.into, c.out] for t, c in by_tier(found).items()]
    return Table(say(lang, "按级别", "per tier"), headers, rows)


def rules(found: Comparison, labels: Mapping[str, str], lang: str) -> Table:
    """Per rule: the tally."""
    more = (("都有", "kept"), ("相同", "same"), ("提前", "earlier"), ("推后", "later"), ("中位天数", "median days"))
    last = (("升级", "higher"), ("降级", "lower"), ("其他", "other"))
    headers = (say(lang, "规则", "rule"), *_counted(lang), *(say(lang, *pair) for pair in (*more, *last)))
    rows = []
    for name, c in sorted(by_rule(found).items(), key=lambda pair: labels.get(pair[0], pair[0])):
        moved = (c.earlier, c.later, _round(c.shift), c.raised, c.lowered, c.redrawn)
        rows.append([labels.get(name, name), c.old, c.new, c.gained, c.lost, c.kept, c.unchanged, *moved])
    return Table(say(lang, "按规则", "per rule"), headers, rows)


def opened(name: str, counts: Iterable[Opened], lang: str) -> Table:
    """Per day or month: alerts opened by version, gained, lost."""
    rows = [list(count) for count in counts]
    return Table(name, (say(lang, "时间", "when"), *_counted(lang)), rows)


def notices(name: str, found: Iterable[Notice], lang: str) -> Table:
    """A list of alerts with their reasons."""
    pairs = (
        ("预警编号", "alert_id"),
        ("规则编号", "rule_id"),
        ("规则", "rule"),
        ("级别", "tier"),
        ("对象种类", "kind"),
        ("对象", "key"),
        ("开启", "opened_at"),
        ("解除", "cleared_at"),
        ("理由", "reason"),
    )
    rows = []
    for n in found:
        place = (n.kind, n.key, n.opened_at, n.cleared_at)
        rows.append([n.alert_id, n.rule_id, n.rule, TIER_NAMES[n.tier].get(lang), *place, n.reason.get(lang)])
    return Table(name, tuple(say(lang, *pair) for pair in pairs), rows)


def changed(found: Comparison, lang: str) -> Table:
    """The situations both versions have and tell differently."""
    pairs = (
        ("规则编号", "rule_id"),
        ("对象", "key"),
        ("旧版开启", "opened, old"),
        ("新版开启", "opened, new"),
        ("推后天数", "days later"),
        ("旧版级别", "tier, old"),
        ("新版级别", "tier, new"),
        ("旧版条数", "alerts, old"),
        ("新版条数", "alerts, new"),
    )
    rows = [_changed(s, lang) for s in found.kept if not s.unchanged]
    return Table(say(lang, "有变化", "changed"), tuple(say(lang, *pair) for pair in pairs), rows)


def _changed(s: Situation, lang: str) -> list[Any]:
    old, new = s.old[0], s.new[0]
    before, after = (TIER_NAMES[t].get(lang) for t in s.tiers)
    return [
        new.rule_id,
        new.key,
        old.opened_at,
        new.opened_at,
        round(s.moved, 2),
        before,
        after,
        len(s.old),
        len(s.new),
    ]


def pack_changes(changes: Sequence[Change], lang: str) -> Table:
    """What differs between the packs, as `houfeng pack diff` tells it."""
    pairs = (("类别", "section"), ("名称", "name"), ("部分", "part"), ("旧", "before"), ("新", "after"))
    return Table(
        say(lang, "规则包变化", "pack changes"),
        tuple(say(lang, *p) for p in pairs),
        [list(change) for change in changes],
    )


WORTH = (
    ("版本", "version"),
    ("规则", "rule"),
    ("级别（达到或超过）", "tier reached"),
    ("预警", "alerts"),
    ("对象", "keys"),
    ("每人每日", "per officer and day"),
    ("最忙一日", "busiest day"),
    ("该日预警", "alerts on it"),
    ("每百户每月", "per 100 keys and month"),
    ("真", "true"),
    ("真与假", "true and false"),
    ("查准率", "precision"),
    ("下限", "low"),
    ("上限", "high"),
    ("召回户", "recalled"),
    ("坏户", "bad keys"),
    ("召回率", "recall"),
    ("下限 ", "low "),
    ("上限 ", "high "),
    ("预警户中的坏户", "bad among alerted keys"),
    ("预警户（有标签）", "alerted keys with label"),
    ("户查准率", "key precision"),
    ("下限  ", "low  "),
    ("上限  ", "high  "),
    ("误报好户", "good keys alerted"),
    ("好户", "good keys"),
    ("误报率", "false alarm rate"),
    ("下限   ", "low   "),
    ("上限   ", "high   "),
    ("提前天数下四分位", "lead days, lower quartile"),
    ("提前天数中位", "lead days, median"),
    ("提前天数上四分位", "lead days, upper quartile"),
    ("事后（不计）", "after the event (not counted)"),
    ("未满观察期（不计）", "too young (not counted)"),
    ("其中已应验", "of these already true"),
    ("无标签（不计）", "unlabelled (not counted)"),
    ("观察期前开启且仍开", "standing from before the horizon"),
    ("期初历史不足的坏户", "bad keys with short history"),
    ("数量少", "small numbers"),
)


def worth_table(found: Sequence[tuple[str, Assessment]], labels: Mapping[str, str], lang: str) -> Table:
    """All figures of the assessments, each with the version it is of."""
    rows = [[version, *_worth(each, labels, lang)] for version, each in found]
    return Table(say(lang, "对照标签", "against labels"), tuple(say(lang, *pair) for pair in WORTH), rows)


def _worth(each: Assessment, labels: Mapping[str, str], lang: str) -> Iterator[Any]:
    work, told = each.work, each.worth
    day, most = work.busiest or (None, 0)
    yield from (labels.get(each.rule, each.rule) or say(lang, "全部", "all"), TIER_NAMES[each.tier].get(lang))
    yield from (work.alerts, work.keys, _round(work.per_officer_day, 3), day, most)
    yield _round(work.per_hundred_key_months, 2)
    if told is None:
        return
    for part in (told.precision, told.recall, told.key_precision, told.false_alarms):
        yield from (part.hits, part.total, *(_round(v, 4) for v in (part.value, part.low, part.high)))
    yield from (_round(value) for value in told.lead or (None, None, None))
    yield from (told.after, told.young, told.young_true, told.unlabelled, told.standing, told.short_history)
    yield say(lang, "是", "yes") if told.precision.small or told.recall.small else ""


def percent(found: Share) -> str:
    """A share with its interval in per cent, a mark where numbers are small, a dash where there is nothing."""
    if found.value is None or found.low is None or found.high is None:
        return "—"
    mark = "*" if found.small else ""
    return f"{100 * found.value:.1f}{mark} ({100 * found.low:.0f}–{100 * found.high:.0f})"
