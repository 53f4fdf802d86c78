"""Read what an indicator measures: the function, the rows of another kind, the way to the key, the window."""

from __future__ import annotations

import re
from decimal import Decimal

from houfeng.book.model import Time, kinds
from houfeng.errors import Text, did_you_mean
from houfeng.packs.language.functions import T, numeric
from houfeng.packs.language.text import MAX_LENGTH
from houfeng.packs.loading.marks import MarkReader
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

CALENDAR = ("month", "quarter", "year")


class MeasureReader(MarkReader):
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
        windowed, since = event or bool(window), reader.choice("since", CALENDAR, "")
        fits = self._since_fits(reader, function, source) and self._window_fits(reader, function, source, window)
        if not fits or not self.marks_fit(reader, function, window):
            return None
        nodes = [
            self.names.read(part, reader.entry.place(item), source, items=not windowed, paths=not windowed)
            for part in parts
        ]
        where_item = reader.get("where")
        where = self.expression(reader, where_item, source, T.BOOLEAN, own_only=windowed)
        target = self.member_kind(reader, over)
        by = self.by(reader, target, source) if target else ()
        after, without = (self.mark(reader, key, target) if target else None for key in ("after", "without"))
        if (reader.get("after") is not None) != (after is not None):
            return None
        if (reader.get("without") is not None) != (without is not None):
            return None
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
        return Measure(
            function, args, source, by, where, compare, window, hop, reader.span("offset"),
            after, without, since, reader.string("through"),
        )  # fmt: skip

    def _since_fits(self, reader: EntryReader, function: str, source: str) -> bool:
        if reader.get("since") is None:
            return True
        if kinds()[source].time is not Time.EVENT or function == "days_since":
            reader.report(
                "pack.window",
                reader.get("since"),
                "since 只用于事件的度量，且不用于 days_since",
                "since is for measures of events, and not for days_since",
                Text("去掉 since", "leave since out"),
            )
            return False
        for key in ("window", "hop", "offset"):
            if reader.get(key) is not None:
                reader.report(
                    "pack.window",
                    reader.get(key),
                    f"since 从本月、本季或本年第一秒算起，不与 {key} 同用",
                    f"since counts from the first second of the month, quarter or year: it has no {key}",
                    Text(f"去掉 since 或 {key}", f"leave out since or {key}"),
                )
                return False
        return True

    def _window_fits(self, reader: EntryReader, function: str, source: str, window: int) -> bool:
        event = kinds()[source].time is Time.EVENT
        if event and not window and function != "days_since" and reader.get("since") is None:
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
