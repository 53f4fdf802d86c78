"""What people may order of a running watch, as plain JSON in `Command.what`, and the check of what they wrote.

    {"do": "life", "rule": R, "to": "draft" | "shadow" | "percent:N" | "active" | "retired"}
    {"do": "rollback", "rule": R}
    {"do": "silence", "until": SECONDS, "rule": R, "key": K, "group": G, "tier": T}   at least one of rule, key, group
    {"do": "unsilence", "silence": ID}
    {"do": "budget", "per_day": N | "none" | "default", "rule": R}                    without a rule: the default
    {"do": "load", "pack": NAME, "version": V, "digest": D}      another version, kept in `watch/packs` under its digest
    {"do": "stop"}, {"do": "resume"}
    {"do": "release", "rule": R}                                                      without a rule: of all rules

A rule is named by its name, its id, or with its pack (`warning-rules/overdue_30`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from houfeng.errors import Text, UsageError, did_you_mean
from houfeng.packs.model import TIERS, Pack
from houfeng.watch.operations.life import stage

SHAPES: dict[str, dict[str, bool]] = {
    "life": {"rule": True, "to": True},
    "rollback": {"rule": True},
    "silence": {"until": True, "rule": False, "key": False, "group": False, "tier": False},
    "unsilence": {"silence": True},
    "budget": {"per_day": True, "rule": False},
    "load": {"pack": True, "version": True, "digest": True},
    "stop": {},
    "resume": {},
    "release": {"rule": False},
}
"""Of each order, the words it takes, and whether it must have them."""

DEFAULT = "default"


class Known(NamedTuple):
    """A rule the watch evaluates: its full name (with its pack), its id in the catalogue, its group."""

    name: str
    id: str
    group: str


def known_rules(pack: Pack) -> list[Known]:
    """The rules of a pack, by name."""
    return [Known(f"{pack.name}/{rule.name}", rule.id, rule.group) for rule in pack.rules.values()]


def check_order(what: Mapping[str, Any]) -> None:
    """Whether `what` has the shape of an order; names of rules are looked at by `find_rule`.

    Raises:
        UsageError: it has not.
    """
    do = what.get("do")
    if not isinstance(do, str) or do not in SHAPES:
        raise UsageError(_unknown("命令", "order", str(do), SHAPES))
    shape = SHAPES[do]
    for name in what:
        if name != "do" and name not in shape:
            raise UsageError(_unknown(f"命令 {do} 的项", f"word of the order {do}", str(name), shape))
    for name, needed in shape.items():
        if needed and what.get(name) in (None, ""):
            raise UsageError(Text(f"命令 {do} 缺少 {name}", f"the order {do} lacks {name}"))
        if name not in ("until", "per_day") and not isinstance(what.get(name, ""), str):
            raise UsageError(Text(f"{name} 应是文字", f"{name} must be a text"))
    _check_values(what)


def check_pack(pack: str, rules: Iterable[str]) -> None:
    """Whether a pack has the name of the one whose rules (by full name) run: only versions of one pack are exchanged.

    Raises:
        UsageError: it has another.
    """
    here = sorted({rule.partition("/")[0] for rule in rules})
    if here and pack not in here:
        raise UsageError(
            Text(
                f"本监测所用的包是 {here[0]}，不能换成 {pack}；要换包，请停下后以 houfeng watch run 启动",
                f"this watch runs by {here[0]}, of which {pack} is no version; "
                "to change the pack, stop and start it with houfeng watch run",
            )
        )


def _check_values(what: Mapping[str, Any]) -> None:
    if "to" in what:
        stage(what["to"])
    if "until" in what and not _whole(what["until"]):
        raise UsageError(Text("until 应是整秒", "until must be whole seconds"))
    if what.get("tier", TIERS[0]) not in TIERS:
        raise UsageError(_unknown("等级", "tier", what["tier"], TIERS))
    per_day = what.get("per_day", 0)
    if per_day not in ("none", DEFAULT) and not (_whole(per_day) and per_day >= 0):
        raise UsageError(
            Text(
                "每日预算应是不小于 0 的整数，或 none（不限）、default（按默认）",
                "a budget is a whole number from 0 up, or none (no limit), or default",
            )
        )
    if per_day == DEFAULT and not what.get("rule"):
        raise UsageError(
            Text(
                "默认预算不能设为 default；请写数字或 none", "the default budget cannot be “default”: a number or none"
            )
        )


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _unknown(zh: str, en: str, name: str, known: Iterable[str]) -> Text:
    near, all_known = did_you_mean(name, known), ", ".join(known)
    return Text(
        f"没有{zh}“{name}”。{near.zh}可用：{all_known}",
        f"no {en} “{name}”. {near.en} Known: {all_known}".replace("  ", " "),
    )


def find_rule(said: str, rules: Mapping[str, Known]) -> Known:
    """The rule somebody means by its full name, its name or its id.

    Raises:
        UsageError: there is none, or several packs have one.
    """
    if said in rules:
        return rules[said]
    found = [rule for rule in rules.values() if said in (rule.id, rule.name.partition("/")[2])]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(rule.name for rule in found)
        raise UsageError(
            Text(
                f"多个政策包有规则 {said}，请写全名：{names}",
                f"several packs have a rule {said}, name one in full: {names}",
            )
        )
    near = did_you_mean(said, [called for rule in rules.values() for called in (rule.name.partition("/")[2], rule.id)])
    raise UsageError(
        Text(
            f"没有规则 {said}。{near.zh or '用 houfeng watch rules 查看全部'}",
            f"there is no rule {said}. {near.en or 'See houfeng watch rules for all'}",
        )
    )
