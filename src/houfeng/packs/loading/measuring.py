"""Read what an indicator measures: the function, the rows of another kind, the way to the key, the window."""

from __future__ import annotations

import re
from decimal import Decimal

from houfeng.book.model import Time, kinds
from houfeng.errors import Text, did_you_mean
from houfeng.packs.language.functions import T, numeric
from houfeng.packs.language.text import MAX_LENGTH
from houfeng.packs.loading.binder import EntryBinder
from houfeng.packs.loading.reader import EntryReader
from houfeng.packs.model import Measure

_MEASURE = re.compile(r"(\w+)\s*\((.*)\)\s*(?:(>=|<=|<>|=|>|<)\s*([0-9]{1,18}(?:\.[0-9]{1,12})?))?", re.DOTALL)
_ARGUMENTS = {
    "count": 0,
    "sum": 1,
    "mean": 1,
    "min": 1,
    "max": 1,
    "last": 1,
    "distinct": 1,
    "top_share": 2,
    "days_since": 0,
}


class MeasureReader(EntryBinder):
    """Reads the measure of an indicator."""

    def measure(self, reader: EntryReader, over: str, source: str) -> Measure | None:
        """What is measured, over which rows, in which window."""
        item = reader.get("measure")
        if item is None:
            return None
        text = str(item.value).strip() if item.shape == "scalar" else ""
        found = _MEASURE.fullmatch(text) if len(text) <= MAX_LENGTH else None
        if found is None or found[1] not in _ARGUMENTS:
            reader.report(
                "pack.measure",
                item,
                "不认识的度量，应如 sum(amount)、count()、distinct(buyer_id)",
                "not a measure; write sum(amount), count(), distinct(buyer_id) …",
                did_you_mean(found[1], _ARGUMENTS) if found else Text("", ""),
            )
            return None
        function, parts = found[1], split_arguments(found[2])
        window, event = reader.span("window"), kinds()[source].time is Time.EVENT
        windowed = event or bool(window)
        if not self._window_fits(reader, function, source, window):
            return None
        nodes = [
            self.names.read(part, reader.entry.place(item), source, items=not windowed, paths=not windowed)
            for part in parts
        ]
        where_item = reader.get("where")
        where = self.expression(reader, where_item, source, T.BOOLEAN, own_only=windowed)
        by = self.by(reader, over, source)
        if any(node is None for node in nodes) or (where_item is not None and where is None) or not by:
            return None
        args = tuple(node for node in nodes if node is not None)
        if len(args) != _ARGUMENTS[function]:
            reader.report(
                "pack.arguments",
                item,
                f"{function} 要 {_ARGUMENTS[function]} 个参数",
                f"{function} takes {_ARGUMENTS[function]} arguments",
            )
            return None
        if (function in ("sum", "mean") and args[0].type not in (T.DECIMAL, T.INTEGER)) or (
            function == "top_share" and args[1].type not in (T.DECIMAL, T.INTEGER)
        ):
            reader.report("pack.type", item, f"{function} 只加精确的数", f"{function} adds exact numbers only")
            return None
        compare = (found[3], Decimal(found[4])) if found[3] else None
        if compare and function in ("min", "max", "last") and not numeric(args[0].type):
            reader.report("pack.type", item, "只有数才能与数比较", "only a number can be compared with a number")
            return None
        hop = reader.span("hop", min(86400, window or 86400))
        return Measure(function, args, source, by, where, compare, window, hop, reader.span("offset"))

    def _window_fits(self, reader: EntryReader, function: str, source: str, window: int) -> bool:
        event = kinds()[source].time is Time.EVENT
        if event and not window and function != "days_since":
            reader.report(
                "pack.window",
                reader.get("from"),
                f"{source} 是事件，度量要有 window",
                f"{source} is an event kind: the measure needs a window",
            )
            return False
        if window and not event:
            reader.report(
                "pack.window",
                reader.get("window"),
                f"{source} 不是事件，不能有 window",
                f"{source} is not an event kind: it has no window",
            )
            return False
        if function == "last" and not event:
            reader.report("pack.window", reader.get("measure"), "last 只用于事件", "last is for event kinds only")
            return False
        if function == "days_since" and (not event or window):
            reader.report(
                "pack.window",
                reader.get("measure"),
                "days_since 只用于事件，且不带 window",
                "days_since is for event kinds, without a window",
            )
            return False
        if window and reader.span("hop", min(86400, window)) > window:
            reader.report(
                "pack.window", reader.get("hop"), "hop 不能比 window 长", "the hop cannot be longer than the window"
            )
            return False
        return True

    def by(self, reader: EntryReader, over: str, source: str) -> tuple[str, ...]:
        """The fields of `source` that hold the key of `over`, in key order; empty, with a problem, where unclear."""
        kind, target = kinds()[source], kinds()[over]
        leading = {
            name: tuple(own for key in target.key for own, there in relation.on.items() if there == key)
            for name, relation in kind.relations.items()
            if relation.kind == over and set(relation.on.values()) == set(target.key)
        }
        named = reader.string("by")
        if named in leading:
            return leading[named]
        if named in kind.fields and len(target.key) == 1:
            return (named,)
        if named:
            reader.report(
                "pack.by",
                reader.get("by"),
                f"{source} 的 {named} 不通向 {over}",
                f"{named} of {source} does not lead to {over}",
                did_you_mean(named, [*leading, *kind.fields]),
            )
            return ()
        if source == over:
            return target.key
        if over in leading:  # a relation that bears the kind's own name is the plain one
            return leading[over]
        if len(leading) == 1:
            return next(iter(leading.values()))
        hint = (
            Text(f"用 by 指明：{'、'.join(leading)}", f"say which with by: {', '.join(leading)}")
            if leading
            else Text("", "")
        )
        reader.report(
            "pack.by",
            reader.get("from"),
            f"{source} 通向 {over} 的关系有 {len(leading)} 条",
            f"{len(leading)} relations lead from {source} to {over}",
            hint,
        )
        return ()


def measured_type(measure: Measure) -> tuple[T, int]:
    """The type and scale of a measure without comparison."""
    if measure.function in ("count", "distinct", "days_since"):
        return T.INTEGER, 0
    if measure.function in ("mean", "top_share"):
        return T.RATIO, 0
    return measure.args[0].type, measure.args[0].scale


def split_arguments(text: str) -> list[str]:
    """Split `a, f(b, c)` at its outer commas."""
    parts, depth, start, quoted = [], 0, 0, False
    for position, character in enumerate(text):
        quoted ^= character == "'"
        depth += 0 if quoted else (character == "(") - (character == ")")
        if character == "," and depth == 0 and not quoted:
            parts.append(text[start:position])
            start = position + 1
    return [part for part in (*parts, text[start:]) if part.strip()]
