"""Read ledgers worked by hand: facts, the claims to draw of them, and the lines expected, each with its clause."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any

from houfeng.book.yamlfile import Item
from houfeng.errors import Problem, did_you_mean
from houfeng.packs.grants import Golden, GoldenClaim, GoldenLine
from houfeng.packs.language.functions import T
from houfeng.packs.loading.facts import typed
from houfeng.packs.loading.reader import EntryReader
from houfeng.packs.loading.source import Entry

_KEYS = ("name", "as_of", "known_at", "readings", "given", "claims", "clause", "note")
_NO_DAY = date(2000, 1, 1)


def read_golden(entry: Entry, instruments: Collection[str], problems: list[Problem]) -> Golden:
    """One ledger."""
    reader = EntryReader(entry, problems)
    reader.allow(_KEYS, ("name", "as_of", "given", "claims", "clause"))
    as_of = reader.scalar("as_of", date, _NO_DAY)
    claims = [_claim(reader, item, instruments) for item in _list(reader, "claims")]
    return Golden(
        reader.string("name", entry.name), as_of, reader.scalar("known_at", date, as_of), _plain(reader, "given"),
        tuple(claims), reader.string("clause"), _plain(reader, "readings"), entry.place().where,
    )  # fmt: skip


def _plain(reader: EntryReader, key: str) -> dict[str, Any]:
    item = reader.get(key)
    if item is not None and item.entries is None:
        reader.report("pack.shape", item, f"{key} 应是键值", f"{key} should be a mapping")
    return dict(item.plain()) if item is not None and item.entries is not None else {}


def _list(reader: EntryReader, key: str) -> tuple[Item, ...]:
    item = reader.get(key)
    if item is not None and item.items is None:
        reader.report("pack.shape", item, f"{key} 应是列表", f"{key} should be a list")
    return item.items or () if item is not None else ()


def _claim(outer: EntryReader, item: Item, instruments: Collection[str]) -> GoldenClaim:
    reader = EntryReader(outer.entry, outer.problems, item)
    reader.allow(("instrument", "institution", "period", "expect", "note"), ("instrument", "institution", "expect"))
    name = reader.string("instrument")
    if name and name not in instruments:
        reader.report(
            "pack.unknown_instrument",
            reader.get("instrument"),
            f"没有工具 {name}",
            f"there is no instrument {name}",
            did_you_mean(name, instruments),
        )
    period = [part.value for part in _list(reader, "period")]
    first, last = period if len(period) == 2 else (None, None)
    if not isinstance(first, date) or not isinstance(last, date) or last < first:
        reader.report(
            "pack.date",
            reader.get("period"),
            "period 应写作 [首日, 末日]，两端都算",
            "period should be [first day, last day]; both count",
        )
        first = last = _NO_DAY
    lines = tuple(_line(outer, part) for part in _list(reader, "expect"))
    return GoldenClaim(name, reader.string("institution"), first, last, lines)


def _line(outer: EntryReader, item: Item) -> GoldenLine:
    reader = EntryReader(outer.entry, outer.problems, item)
    reader.allow(("contract_no", "note_no", "item_no", "amount", "central", "refused", "note"), ("contract_no",))
    amount, refused = _money(reader, "amount"), reader.string("refused")
    if (amount is None) == (not refused) and (reader.get("amount") is None) == (not refused):
        reader.report(
            "pack.shape",
            None,
            "每行要有 amount 或 refused，二者之一",
            "a line has amount or refused: one of the two",
        )
    return GoldenLine(
        reader.string("contract_no"), reader.string("note_no"), reader.string("item_no"), amount,
        _money(reader, "central"), refused,
    )  # fmt: skip


def _money(reader: EntryReader, key: str) -> Decimal | None:
    item = reader.get(key)
    value = typed(item.value, T.DECIMAL) if item is not None else None
    if item is not None and value is None:
        reader.report("pack.type", item, f"{key} 应是金额", f"{key} should be an amount of money")
    return value if isinstance(value, Decimal) else None
