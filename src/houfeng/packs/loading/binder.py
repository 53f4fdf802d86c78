"""What every reader of entries needs: the kind an entry is over, and its expressions, bound."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from houfeng.book.model import kinds
from houfeng.book.yamlfile import Item, Scalar
from houfeng.errors import did_you_mean
from houfeng.packs.language.binding import Names
from houfeng.packs.language.expression import Node
from houfeng.packs.language.functions import T
from houfeng.packs.loading.reader import EntryReader


@dataclass
class EntryBinder:
    """Binds the entries of one pack against `names`."""

    names: Names
    pack: str
    amounts: dict[str, str]  # the pack's default measure per kind

    def kind(self, reader: EntryReader, key: str = "over") -> str:
        """The record kind named at `key`, or the empty string and a problem."""
        name = reader.string(key)
        if name and name not in kinds():
            reader.report(
                "pack.unknown_kind",
                reader.get(key),
                f"没有记录种类 {name}",
                f"there is no record kind {name}",
                did_you_mean(name, kinds()),
            )
            return ""
        return name

    def expression(
        self, reader: EntryReader, item: Item | None, kind: str, want: T | None = None, *, own_only: bool = False
    ) -> Node | None:
        """The expression at `item` over `kind`; `want` is the type it must have."""
        if item is None or not kind:
            return None
        if item.shape != "scalar":
            reader.report("pack.shape", item, "这里应是一个表达式", "an expression should stand here")
            return None
        node = self.names.read(
            written(item.value), reader.entry.place(item), kind, items=not own_only, paths=not own_only
        )
        if node is not None and want is not None and node.type not in (want, T.NULL):
            reader.report(
                "pack.type",
                item,
                f"结果应是{want.zh}，却是{node.type.zh}",
                f"the result should be {want}, but is {node.type}",
            )
            return None
        return node


def written(value: Scalar) -> str:
    """A YAML scalar as the expression it was written for: true, null, a day, a number, a text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return f"date '{value}'"
    return "null" if value is None else str(value)
