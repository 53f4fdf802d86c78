"""Read warning rules: tiers, clear condition, cooldown, and a reason whose figures exist."""

from __future__ import annotations

import re

from houfeng.book.model import kinds
from houfeng.errors import did_you_mean
from houfeng.packs.language.expression import Node
from houfeng.packs.language.functions import T
from houfeng.packs.loading.binder import EntryBinder
from houfeng.packs.loading.reader import EntryReader
from houfeng.packs.loading.source import Entry
from houfeng.packs.model import TIERS, Rule


class RuleReader(EntryBinder):
    """Reads the rules of a pack, once its items are bound."""

    def rule(self, entry: Entry) -> Rule | None:
        """A warning rule."""
        reader = EntryReader(entry, self.names.problems)
        reader.allow(
            (
                "id",
                "label",
                "over",
                "group",
                "kind",
                "when",
                "tier",
                "tiers",
                "clear_when",
                "cooldown",
                "reason",
                "reference",
                "note",
            ),
            ("label", "over", "reason"),
        )
        over = self.kind(reader)
        if over and len(kinds()[over].key) != 1:
            reader.report(
                "pack.key",
                reader.get("over"),
                f"{over} 不是单一键，不能作预警对象",
                f"{over} has no single key: no rule can be over it",
            )
            return None
        tiers: dict[str, Node] = {}
        listed = reader.get("tiers")
        if (listed is None) == (reader.get("when") is None):
            reader.report(
                "pack.shape",
                None,
                "规则要有 when 与 tier，或者 tiers，二者之一",
                "a rule has when and tier, or tiers: one of the two",
            )
            return None
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
        clear_item = reader.get("clear_when")
        clear = self.expression(reader, clear_item, over, T.BOOLEAN)
        if not tiers or (clear_item is not None and clear is None):
            return None
        rule = Rule(
            entry.name, reader.string("id", entry.name), reader.text("label"), over, reader.string("group"),
            reader.choice("kind", ("regulation", "practice"), "practice"),
            dict(sorted(tiers.items(), key=lambda pair: TIERS.index(pair[0]))),
            clear, reader.span("cooldown"), reader.text("reason"), reader.string("reference"), entry.where, self.pack,
        )  # fmt: skip
        self._check_reason(reader, rule)
        return rule

    def _check_reason(self, reader: EntryReader, rule: Rule) -> None:
        for name in sorted(set(re.findall(r"\{([^{}]*)\}", rule.reason.zh + rule.reason.en))):
            if name.startswith(":"):
                known, wrong = list(self.names.parameters), name[1:] not in self.names.parameters
            else:
                known = [*kinds()[rule.over].fields, *self.names.item_names(rule.over)]
                wrong = name not in known
            if wrong:
                reader.report(
                    "pack.unknown_name",
                    reader.get("reason"),
                    f"理由里的 {{{name}}} 不存在",
                    f"{{{name}}} in the reason means nothing",
                    did_you_mean(name.lstrip(":"), known),
                )
