"""A correction run as lines for a screen and as rows for a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from houfeng.errors import Text
from houfeng.watch.compare.correction import KINDS_OF_DIFFERENCE, Correction, Difference, Late
from houfeng.watch.compare.page import TIER_NAMES, say

LATE_SHOWN = 3
WORDS = {
    "missed": Text("应开启而未开启", "would have opened and did not"),
    "unfounded": Text("开启了而本不应开启", "opened and would not have"),
    "earlier": Text("本应更早开启", "would have opened earlier"),
    "later": Text("本应更晚开启", "would have opened later"),
    "higher": Text("本应到更高等级", "would have reached a higher tier"),
    "lower": Text("本应只到更低等级", "would have reached a lower tier only"),
    "otherwise": Text("解除或中间步骤不同", "clears or escalates at another time"),
}
"""Each kind of difference in words."""

HEADERS = (
    "difference",
    "rule_id",
    "rule",
    "kind",
    "key",
    "was_id",
    "was_opened_at",
    "was_cleared_at",
    "was_tier",
    "is_id",
    "is_opened_at",
    "is_cleared_at",
    "is_tier",
    "late_events",
)


def correction_lines(found: Correction, names: Mapping[str, str], lang: str, show: int) -> Iterator[str]:
    """How many late events there are and what they change; then `show` of the alerts that differ, with their events."""
    count = Counter(each.what for each in found.differences)
    yield say(
        lang,
        f"{found.first} – {found.last}：迟到事件 {len(found.late):,} 条，涉及 {found.keys:,} 个对象；"
        f"{len(found.differences):,} 处预警不同",
        f"{found.first} – {found.last}: {len(found.late):,} late events of {found.keys:,} keys; "
        f"{len(found.differences):,} alerts differ",
    )
    for what in KINDS_OF_DIFFERENCE:
        if count[what]:
            yield f"  {WORDS[what].get(lang)}: {count[what]:,}"
    for each in found.differences[:show]:
        yield ""
        yield from _told(each, names, lang)


def _told(each: Difference, names: Mapping[str, str], lang: str) -> Iterator[str]:
    notice = each.notice
    tier = TIER_NAMES[notice.tier].get(lang)
    yield f"[{tier}] {names.get(notice.rule, notice.rule)} {notice.key}  {WORDS[each.what].get(lang)}"
    for label, notices in ((Text("实际", "was"), each.situation.old), (Text("应为", "is"), each.situation.new)):
        for one in notices:
            until = str(one.cleared_at or say(lang, "未解除", "open"))
            yield f"  {label.get(lang)}: {TIER_NAMES[one.tier].get(lang)} {one.opened_at} – {until}  ({one.alert_id})"
    for late in each.late[:LATE_SHOWN]:
        yield "  · " + late_line(late, lang)
    if len(each.late) > LATE_SHOWN:
        rest = len(each.late) - LATE_SHOWN
        yield say(lang, f"  · 另有 {rest} 条迟到事件", f"  · and {rest} more late events")


def late_line(late: Late, lang: str) -> str:
    """A late event in one line: what, when it happened, when it came, how late that is."""
    how, came = span(late.lateness, lang), f"{late.received:%Y-%m-%d %H:%M:%S}"
    told = say(lang, f"发生于 {late.at}，{came} 收到，晚 {how}", f"at {late.at}, received {came}, {how} late")
    return f"{late.event}  {told} ← {late.source} #{late.row}"


def span(length: timedelta, lang: str) -> str:
    """A length of time in its two largest units."""
    minutes, seconds = divmod(max(0, int(length.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "日", "d"), (hours, "时", "h"), (minutes, "分", "min"), (seconds, "秒", "s"))
    told = [say(lang, f"{number} {zh}", f"{number} {en}") for number, zh, en in parts if number]
    return " ".join(told[:2]) or say(lang, "0 秒", "0 s")


def difference_row(each: Difference) -> list[Any]:
    """A difference under `HEADERS`: the first alert of each side, and the late events with how many seconds late."""
    old, new = each.situation.old, each.situation.new
    notice = each.notice
    row: list[Any] = [each.what, notice.rule_id, notice.rule, notice.kind, notice.key]
    for side, tier in zip((old, new), each.situation.tiers, strict=True):
        row += [side[0].alert_id, side[0].opened_at, side[-1].cleared_at, tier] if side else [None] * 4
    return [*row, " ".join(f"{late.event}+{int(late.lateness.total_seconds())}s" for late in each.late)]


def difference_plain(each: Difference) -> dict[str, Any]:
    """The same as JSON-able values, the late events in full."""
    plain = dict(zip(HEADERS, difference_row(each), strict=True))
    late = [one._asdict() | {"seconds_late": int(one.lateness.total_seconds())} for one in each.late]
    return plain | {"reason": each.notice.reason._asdict(), "late_events": late}
