"""Read the keys of one entry with care: unknown keys, missing keys and wrong shapes become problems with places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from houfeng.book.yamlfile import Item
from houfeng.errors import Level, Problem, Text, Where, did_you_mean
from houfeng.packs.language.functions import T
from houfeng.packs.loading.source import Entry

UNITS: Mapping[str, T] = {
    "CNY": T.DECIMAL,
    "percent": T.DECIMAL,
    "ratio": T.DECIMAL,
    "number": T.DECIMAL,
    "days": T.INTEGER,
    "months": T.INTEGER,
    "count": T.INTEGER,
    "boolean": T.BOOLEAN,
    "text": T.TEXT,
    "date": T.DATE,
}
_SPAN = re.compile(r"(\d+)\s*(minute|hour|day|month|year)s?")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400, "month": 30 * 86400, "year": 365 * 86400}


class EntryReader:
    """Reads one mapping of a pack. Every problem goes to `problems`; a wrong value reads as its default."""

    def __init__(self, entry: Entry, problems: list[Problem], item: Item | None = None) -> None:
        self.entry, self.problems = entry, problems
        self.item = item or entry.item
        if self.item.entries is None:
            self.report("pack.shape", self.item, f"{entry.name} 应是键值", f"{entry.name} should be a mapping")

    def report(
        self,
        code: str,
        item: Item | None,
        zh: str,
        en: str,
        hint: Text = Text("", ""),
        level: Level = Level.ERROR,
        at_key: bool = False,
    ) -> None:
        """Note a problem at `item` (default: the mapping itself)."""
        item = item or self.item
        line, column = (item.key_line, item.key_column) if at_key and item.key_line else (item.line, item.column)
        self.problems.append(Problem(code, Text(zh, en), Where(self.entry.file, line, column), level, suggestion=hint))

    def allow(self, keys: Iterable[str], need: Iterable[str] = ()) -> None:
        """Report keys that are not among `keys`, and `need`ed ones that are missing."""
        known = list(keys)
        for key, item in self.item.pairs():
            if key not in known:
                self.report(
                    "pack.unknown_key",
                    item,
                    f"{self.entry.name} 里没有键 {key}",
                    f"{self.entry.name} has no key {key}",
                    did_you_mean(key, known),
                    at_key=True,
                )
        for key in need:
            if self.item.entries is not None and self.item.get(key) is None:
                self.report(
                    "pack.missing_key",
                    None,
                    f"{self.entry.name} 缺少 {key}",
                    f"{self.entry.name} lacks {key}",
                    at_key=True,
                )

    def get(self, key: str) -> Item | None:
        """The value at `key`; an explicit null counts as absent."""
        item = self.item.get(key)
        return None if item is None or (item.shape == "scalar" and item.value is None) else item

    def scalar(self, key: str, kind: type | tuple[type, ...], default: Any) -> Any:
        """The scalar at `key` if it is of `kind`."""
        item = self.get(key)
        if item is None:
            return default
        if item.shape != "scalar" or not isinstance(item.value, kind) or (isinstance(item.value, bool) and kind is int):
            names = "/".join(k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,)))
            self.report("pack.shape", item, f"{key} 的值类型不对，应是 {names}", f"{key} should be {names}")
            return default
        return item.value

    def string(self, key: str, default: str = "") -> str:
        """The text at `key`; numbers and days read as they were written."""
        return str(self.scalar(key, (str, int, Decimal, date), default))

    def text(self, key: str) -> Text:
        """The two-language text at `key`."""
        return self.as_text(self.get(key), key)

    def as_text(self, item: Item | None, key: str) -> Text:
        """`item` as a text: one string, or zh and en."""
        if item is None:
            return Text("", "")
        if item.shape == "scalar":
            return Text(str(item.value), str(item.value))
        unknown = [k for k, _ in item.pairs() if k not in ("zh", "en")]
        if item.entries is None or unknown:
            self.report("pack.shape", item, f"{key} 应写作 {{zh: …, en: …}}", f"{key} should be {{zh: …, en: …}}")
        plain = {k: str(v.value or "") for k, v in item.pairs()}
        return Text(plain.get("zh", ""), plain.get("en", ""))

    def strings(self, key: str) -> tuple[str, ...]:
        """The list of words at `key`; one word counts as a list of one."""
        item = self.get(key)
        if item is None:
            return ()
        if item.shape == "scalar":
            return (str(item.value),)
        if item.items is None or any(part.shape != "scalar" for part in item.items):
            self.report("pack.shape", item, f"{key} 应是一列词", f"{key} should be a list of words")
            return ()
        return tuple(str(part.value) for part in item.items)

    def span(self, key: str, default: int = 0) -> int:
        """A length of time such as `90 days`, in seconds."""
        item = self.get(key)
        if item is None:
            return default
        found = _SPAN.fullmatch(str(item.value))
        if not found or (int(found[1]) == 0 and key != "cooldown"):
            self.report(
                "pack.span",
                item,
                f"{key} 应写作 90 days、12 months、1 hour 这样的时长",
                f"{key} should be a span such as 90 days, 12 months or 1 hour",
            )
            return default
        return int(found[1]) * _SECONDS[found[2]]

    def choice(self, key: str, choices: Iterable[str], default: str) -> str:
        """One of `choices`."""
        value = self.string(key, default)
        if value and value not in (known := list(choices)):
            self.report(
                "pack.choice",
                self.get(key),
                f"{key} 只能是 {'、'.join(known)}",
                f"{key} is one of {', '.join(known)}",
                did_you_mean(value, known),
            )
            return default
        return value
