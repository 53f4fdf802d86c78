"""Read the conditions of a grant, shared ones among them, and expressions that may name parameters only."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from houfeng.book.yamlfile import Item
from houfeng.errors import Text, did_you_mean
from houfeng.packs.grants import MOST_CONDITIONS, Condition
from houfeng.packs.language.binding import Names
from houfeng.packs.language.expression import Node
from houfeng.packs.language.functions import T
from houfeng.packs.loading.binder import EntryBinder
from houfeng.packs.loading.reader import EntryReader
from houfeng.packs.loading.source import Entry
from houfeng.packs.model import SharedCondition

_TEXTS = ("label", "reference", "holder", "changes", "note")
NUMBERS = (T.DECIMAL, T.INTEGER)


class ConditionReader(EntryBinder):
    """Reads conditions. `shared` are the conditions of the pack and of those it requires, by name."""

    def __init__(self, names: Names, pack: str, shared: Mapping[str, SharedCondition]) -> None:
        super().__init__(names, pack, {})
        self.shared = shared

    def shared_condition(self, entry: Entry) -> SharedCondition | None:
        """An entry of the section `conditions`: a condition that grants over the same kind can use."""
        reader = EntryReader(entry, self.names.problems)
        reader.allow(("over", "when", *_TEXTS), ("over", "when", "label", "holder", "changes"))
        over = self.kind(reader)
        found = self._own(reader, entry.name, over)
        return SharedCondition(over, found) if found is not None else None

    def conditions(self, reader: EntryReader, over: str, document: str, *, strict: bool = True) -> list[Condition]:
        """The conditions of a grant in order. `strict`: each says who holds a missing fact, and what changes it."""
        listed = reader.get("conditions")
        if listed is None or not over:
            return []
        if listed.entries is None:
            reader.report("pack.shape", listed, "conditions 应是键值", "conditions should be a mapping")
            return []
        if not 0 < len(listed.entries) <= MOST_CONDITIONS:
            reader.report(
                "pack.conditions",
                listed,
                f"条件要有 1 至 {MOST_CONDITIONS} 条，这里有 {len(listed.entries)} 条",
                f"a grant has 1 to {MOST_CONDITIONS} conditions, here are {len(listed.entries)}",
                Text("无条件写 when: true；太多则合并", "write when: true where there is none; merge some of too many"),
            )
        found: list[Condition] = []
        for name, item in listed.pairs():
            inner = EntryReader(dataclasses.replace(reader.entry, name=name), reader.problems, item)
            used = inner.get("use") is not None
            need = () if used else ("when", "label", "holder", "changes") if strict else ("when", "label")
            inner.allow(("use", *_TEXTS) if used else ("when", *_TEXTS), need)
            if (one := self._used(inner, name, over) if used else self._own(inner, name, over)) is not None:
                found.append(one if one.reference else dataclasses.replace(one, reference=document))
        return found

    def _own(self, reader: EntryReader, name: str, over: str) -> Condition | None:
        when = self.expression(reader, reader.get("when"), over, T.BOOLEAN)
        if when is None:
            return None
        place = reader.entry.place(reader.item).where
        return Condition(
            name, when, reader.text("label"), reader.string("reference"), reader.text("holder"), reader.text("changes"),
            place,
        )  # fmt: skip

    def _used(self, reader: EntryReader, name: str, over: str) -> Condition | None:
        asked = reader.string("use")
        shared = self.shared.get(asked)
        if shared is None or shared.over != over:
            known = [key for key, one in self.shared.items() if one.over == over]
            reader.report(
                "pack.unknown_condition",
                reader.get("use"),
                f"{over} 上没有共用条件 {asked}",
                f"there is no shared condition {asked} over {over}",
                did_you_mean(asked, known),
            )
            return None
        base = shared.condition
        return dataclasses.replace(
            base,
            name=name,
            label=reader.text("label") if reader.get("label") else base.label,
            reference=reader.string("reference", base.reference),
            holder=reader.text("holder") if reader.get("holder") else base.holder,
            changes=reader.text("changes") if reader.get("changes") else base.changes,
            where=reader.entry.place(reader.item).where,
        )

    def constant(self, reader: EntryReader, key: str, over: str, *want: T) -> Node | None:
        """The expression at `key`, which may name parameters and the day, but nothing of a row."""
        return self.constant_at(reader, reader.get(key), over, *want)

    def constant_at(self, reader: EntryReader, item: Item | None, over: str, *want: T) -> Node | None:
        """As `constant`, at `item`."""
        node = self.typed(reader, item, over, *want)
        for part in node.walk() if node is not None else ():
            if part.op in ("field", "item"):
                reader.report(
                    "pack.constant",
                    item,
                    f"这里只能用参数，不能用 {part.text}",
                    f"only parameters can stand here, not {part.text}",
                    Text("写成参数，如 :quota", "make it a parameter, such as :quota"),
                )
                return None
        return node

    def typed(self, reader: EntryReader, item: Item | None, over: str, *want: T) -> Node | None:
        """The expression at `item` over `over`, of one of the types `want`."""
        node = self.expression(reader, item, over)
        if node is not None and node.type not in (*want, T.NULL):
            names = (" 或 ".join(kind.zh for kind in want), " or ".join(want))
            reader.report(
                "pack.type",
                item,
                f"结果应是{names[0]}，却是{node.type.zh}",
                f"the result should be {names[1]}, but is {node.type}",
            )
            return None
        return node

    def texts(self, reader: EntryReader, key: str) -> tuple[Text, ...]:
        """The list of two-language texts at `key`; one text counts as a list of one."""
        item = reader.get(key)
        if item is None:
            return ()
        return tuple(reader.as_text(part, key) for part in (item.items if item.items is not None else (item,)))
