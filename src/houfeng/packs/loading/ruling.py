"""Read warning rules: tiers, clear condition, cooldown, merging, and a reason whose figures exist."""

from __future__ import annotations

import re
from collections.abc import Iterable

from houfeng.book.model import Time, kinds
from houfeng.errors import Text, did_you_mean
from houfeng.packs.language.expression import Node
from houfeng.packs.language.functions import T
from houfeng.packs.loading.binder import EntryBinder
from houfeng.packs.loading.reader import EntryReader
from houfeng.packs.loading.source import Entry
from houfeng.packs.model import MERGED, TIERS, Rule

_COMMON = ("id", "label", "over", "group", "kind", "cooldown", "reason", "reference", "note")


class RuleReader(EntryBinder):
    """Reads the rules of a pack, once its items are bound."""

    def rule(self, entry: Entry) -> Rule | None:
        """A warning rule."""
        reader = EntryReader(entry, self.names.problems)
        merging = reader.get("merge") is not None
        own = ("merge",) if merging else ("when", "tier", "tiers", "clear_when")
        reader.allow((*_COMMON, *own), ("label", "over", "reason"))
        over = self.kind(reader)
        if over and not self._key_fits(reader, over, merging):
            return None
        tiers, merge = ({}, self._merge(reader)) if merging else (self._tiers(reader, over), 0)
        clear_item = reader.get("clear_when")
        clear = self.expression(reader, clear_item, over, T.BOOLEAN)
        if not (tiers or merge) or not over or (clear_item is not None and clear is None):
            return None
        rule = Rule(
            entry.name, reader.string("id", entry.name), reader.text("label"), over, reader.string("group"),
            reader.choice("kind", ("regulation", "practice"), "practice"),
            dict(sorted(tiers.items(), key=lambda pair: TIERS.index(pair[0]))),
            clear, reader.span("cooldown"), reader.text("reason"), reader.string("reference"), entry.where, self.pack,
            merge,
        )  # fmt: skip
        self._check_reason(reader, rule)
        return rule

    def _key_fits(self, reader: EntryReader, over: str, merging: bool) -> bool:
        """Whether a rule can be over that kind: one key field, or an event, which has no state to clear or cool."""
        if kinds()[over].time is Time.EVENT:
            return self._event_fits(reader, over, merging)
        if len(kinds()[over].key) != 1:
            reader.report(
                "pack.key",
                reader.get("over"),
                f"{over} 不是单一键，不能作预警对象",
                f"{over} has no single key: no rule can be over it",
            )
            return False
        return True

    def _event_fits(self, reader: EntryReader, over: str, merging: bool) -> bool:
        if merging:
            reader.report(
                "pack.event_rule",
                reader.get("over"),
                f"{over} 是事件，没有并发的预警可合并",
                f"{over} is an event kind: no alerts stay open on an event, so none can be merged",
                Text("over 写企业、集团或机构", "let it be over enterprise, connected_group or institution"),
            )
            return False
        wrong = [key for key in ("clear_when", "cooldown") if reader.get(key) is not None]
        for key in wrong:
            reader.report(
                "pack.event_rule",
                reader.get(key),
                f"{over} 是事件：每个事件只看一次，不能有 {key}",
                f"{over} is an event kind: each event is looked at once, so there is no {key}",
                Text(f"去掉 {key}", f"leave {key} out"),
            )
        return not wrong

    def _merge(self, reader: EntryReader) -> int:
        """The least number of groups of a rule that merges the alerts of others; 0 with a problem."""
        item = reader.get("merge")
        if item is not None and item.entries is None:
            reader.report("pack.shape", item, "merge 应写作 {groups: 3}", "merge should be {groups: 3}")
            return 0
        inner = EntryReader(reader.entry, reader.problems, item)
        inner.allow(("groups",), ("groups",))
        groups = inner.scalar("groups", int, 0)
        if inner.get("groups") is not None and groups < 2:
            inner.report(
                "pack.merge",
                inner.get("groups"),
                "groups 至少为 2：合并是多类预警并发",
                "groups is at least 2: merging is about alerts of several groups at once",
                Text("写作 merge: {groups: 3}", "write merge: {groups: 3}"),
            )
            return 0
        return int(groups)

    def _tiers(self, reader: EntryReader, over: str) -> dict[str, Node]:
        listed = reader.get("tiers")
        if (listed is None) == (reader.get("when") is None):
            reader.report(
                "pack.shape",
                None,
                "规则要有 when 与 tier，或者 tiers，二者之一",
                "a rule has when and tier, or tiers: one of the two",
            )
            return {}
        tiers: dict[str, Node] = {}
        pairs = listed.pairs() if listed is not None else iter([(reader.string("tier"), reader.get("when"))])
        for tier, item in pairs:
            if tier not in TIERS:
                reader.report(
                    "pack.choice",
                    item,
                    f"没有等级 {tier}，应是 {'、'.join(TIERS)}",
                    f"there is no tier {tier}: one of {', '.join(TIERS)}",
                    did_you_mean(tier, TIERS),
                )
            elif (node := self.expression(reader, item, over, T.BOOLEAN)) is not None:
                tiers[tier] = node
        return tiers

    def _check_reason(self, reader: EntryReader, rule: Rule) -> None:
        for name in sorted(set(re.findall(r"\{([^{}]*)\}", rule.reason.zh + rule.reason.en))):
            if name.startswith(":"):
                known, wrong = list(self.names.parameters), name[1:] not in self.names.parameters
            else:
                known = [*kinds()[rule.over].fields, *self.names.item_names(rule.over)]
                known = [*MERGED] if rule.merge else known
                wrong = name not in known
            if wrong:
                reader.report(
                    "pack.unknown_name",
                    reader.get("reason"),
                    f"理由里的 {{{name}}} 不存在",
                    f"{{{name}}} in the reason means nothing",
                    did_you_mean(name.lstrip(":"), known),
                )

    def check_merging(self, entries: Iterable[Entry], rules: Iterable[Rule]) -> None:
        """A rule that merges needs as many groups of other rules over its kind."""
        found = {rule.name: rule for rule in rules}
        for entry in entries:
            rule = found.get(entry.name)
            if rule is None or not rule.merge:
                continue
            groups = sorted({r.group for r in found.values() if r.over == rule.over and r.group and not r.merge})
            if len(groups) < rule.merge:
                reader = EntryReader(entry, self.names.problems)
                reader.report(
                    "pack.merge",
                    reader.get("merge"),
                    f"{rule.over} 上的规则只有 {len(groups)} 组，凑不成 {rule.merge} 组",
                    f"the rules over {rule.over} have {len(groups)} groups: {rule.merge} cannot come together",
                    Text("给规则写上 group，或减小 groups", "give the rules a group, or lower groups"),
                )
