"""Read instruments and the pools whose ceilings they share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from houfeng.book.model import kinds
from houfeng.book.yamlfile import Item
from houfeng.errors import Text, did_you_mean
from houfeng.packs.grants import (
    CADENCES,
    CAP_ON,
    INSTRUMENT_KINDS,
    STATES,
    YEAR,
    Cap,
    Counted,
    Instrument,
    Pool,
    Relending,
)
from houfeng.packs.language.expression import Node
from houfeng.packs.language.functions import T
from houfeng.packs.loading.grants.conditions import NUMBERS, ConditionReader
from houfeng.packs.loading.reader import EntryReader
from houfeng.packs.loading.source import Entry

_HEAD = ("label", "kind", "state", "over", "document", "reference", "note", "exclusive", "order", "conditions")
_PARTS = ("counts", "base", "points", "funded_share", "caps", "shares", "relending", "prepayment", "documents")
_LENT = ("quota", "rate", "term_months", "extensions", "cadence", "pool", "pool_when", "institutions")
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "subsidy": ("counts", "base", "points"),
    "relending": ("base", "funded_share", "relending"),
    "psl": ("base", "funded_share", "relending"),
    "rediscount": ("base", "funded_share", "relending"),
}
_FORBIDDEN: Mapping[str, tuple[str, ...]] = {"subsidy": ("funded_share", "relending")}
_NO_POINTS = ("counts", "points", "shares")


class InstrumentReader(ConditionReader):
    """Reads instruments and pools."""

    def pool(self, entry: Entry) -> Pool:
        """A ceiling that instruments share."""
        reader = EntryReader(entry, self.names.problems)
        reader.allow(("label", "quota", "reference", "note"), ("label",))
        quota = self.constant(reader, "quota", "loan", *NUMBERS)
        return Pool(
            entry.name, reader.text("label"), quota, reader.string("reference"), reader.string("note"), entry.where,
            self.pack,
        )  # fmt: skip

    def instrument(self, entry: Entry, pools: Mapping[str, Pool]) -> Instrument | None:
        """One tool or subsidy."""
        reader = EntryReader(entry, self.names.problems)
        reader.allow(
            (*_HEAD, *_PARTS, "exclusive_when", "partial"), ("label", "kind", "over", "document", "conditions")
        )
        over, kind = self.kind(reader), reader.choice("kind", INSTRUMENT_KINDS, "")
        state, document = reader.choice("state", STATES, "open"), reader.string("document")
        if kind:
            self._parts_fit(reader, kind, state)
        found = self.conditions(reader, over, document)
        counts, caps, shares = self._counts(reader, over), self._caps(reader, over), self._shares(reader, over)
        relending = self._relending(reader, over, pools)
        instrument = Instrument(
            entry.name, reader.text("label"), kind, state, over, tuple(found), document,
            reader.string("reference", document), reader.string("note"), entry.where, self.pack,
            reader.string("exclusive"), self.constant(reader, "exclusive_when", over, T.BOOLEAN),
            self.constant(reader, "order", over, T.INTEGER), counts, self.number(reader, "base", over),
            self.number(reader, "points", over), self.number(reader, "funded_share", over), caps, shares, relending,
            self.constant(reader, "prepayment", over, T.TEXT), self.texts(reader, "documents"), reader.text("partial"),
        )  # fmt: skip
        if instrument.exclusive and reader.get("order") is None:
            reader.report(
                "pack.missing_key",
                reader.get("exclusive"),
                f"{entry.name} 与别的工具互斥，要写 order 说明先后",
                f"{entry.name} excludes others: its order says which comes first",
                Text("写作 order: 30", "write order: 30"),
            )
        return instrument if over and kind and found else None

    def _parts_fit(self, reader: EntryReader, kind: str, state: str) -> None:
        for key in _NEEDED.get(kind, ()) if state == "open" else ():
            if reader.get(key) is None:
                reader.report(
                    "pack.missing_key",
                    reader.get("kind"),
                    f"{reader.entry.name} 是在用的 {kind}，缺少 {key}",
                    f"{reader.entry.name} is an open {kind} and lacks {key}",
                    Text(f"写上 {key}，已停用则写 state: closed", f"give {key}, or state: closed where it has ended"),
                )
        for key in _FORBIDDEN.get(kind, _NO_POINTS):
            if reader.get(key) is not None:
                reader.report(
                    "pack.instrument_part",
                    reader.get(key),
                    f"{kind} 没有 {key}",
                    f"a {kind} has no {key}",
                    Text(f"去掉 {key}", f"leave {key} out"),
                    at_key=True,
                )

    def number(self, reader: EntryReader, key: str, over: str) -> Node | None:
        """The exact number at `key`."""
        return self.typed(reader, reader.get(key), over, *NUMBERS)

    def _counts(self, reader: EntryReader, over: str) -> Counted | None:
        inner = self._inner(reader, reader.get("counts"), "{from: …, to: …, days: …}")
        if inner is None:
            return None
        inner.allow(("from", "to", "days"), ("from", "to", "days"))
        first, end = (self.typed(inner, inner.get(key), over, T.DATE) for key in ("from", "to"))
        days = self.typed(inner, inner.get("days"), over, T.TEXT)
        return Counted(first, end, days) if first is not None and end is not None and days is not None else None

    def _caps(self, reader: EntryReader, over: str) -> tuple[Cap, ...]:
        item = reader.get("caps")
        if item is None or not over:
            return ()
        if item.items is None:
            reader.report("pack.shape", item, "caps 应是列表", "caps should be a list")
            return ()
        found = [self._cap(inner, over) for part in item.items if (inner := self._inner(reader, part, "{by: …}"))]
        return tuple(cap for cap in found if cap is not None)

    def _cap(self, reader: EntryReader, over: str) -> Cap | None:
        reader.allow(("by", "on", "limit", "note"), ("by", "on", "limit"))
        known = [*kinds()[over].fields, *self.names.item_names(over), YEAR]
        by = reader.strings("by")
        for name in by:
            if name not in known:
                reader.report(
                    "pack.unknown_name",
                    reader.get("by"),
                    f"{over} 没有字段或指标 {name}",
                    f"{over} has no field or item {name}",
                    did_you_mean(name, known),
                )
        on, limit = reader.choice("on", CAP_ON, ""), self.number(reader, "limit", over)
        return Cap(by, on, limit) if limit is not None and on else None

    def _shares(self, reader: EntryReader, over: str) -> dict[str, Node]:
        inner = self._inner(reader, reader.get("shares"), "{central: …}")
        pairs: Iterable[tuple[str, Item]] = inner.item.pairs() if inner is not None and over else ()
        found = {payer: self.constant_at(reader, item, over, *NUMBERS) for payer, item in pairs}
        return {payer: node for payer, node in found.items() if node is not None}

    def _relending(self, reader: EntryReader, over: str, pools: Mapping[str, Pool]) -> Relending | None:
        inner = self._inner(reader, reader.get("relending"), "{quota: …, rate: …}")
        if inner is None or not over:
            return None
        inner.allow(_LENT)
        pool = inner.string("pool")
        if pool and pool not in pools:
            inner.report(
                "pack.unknown_pool",
                inner.get("pool"),
                f"没有额度池 {pool}",
                f"there is no pool {pool}",
                did_you_mean(pool, pools),
            )
        return Relending(
            self.constant(inner, "quota", over, *NUMBERS), self.constant(inner, "rate", over, *NUMBERS),
            self.constant(inner, "term_months", over, T.INTEGER), self.constant(inner, "extensions", over, T.INTEGER),
            inner.choice("cadence", CADENCES, ""), pool, self.constant(inner, "pool_when", over, T.BOOLEAN),
            self.typed(inner, inner.get("institutions"), "institution", T.BOOLEAN),
        )  # fmt: skip

    def _inner(self, reader: EntryReader, item: Item | None, form: str) -> EntryReader | None:
        if item is None:
            return None
        if item.entries is None:
            reader.report("pack.shape", item, f"这里应写作 {form}", f"this should be {form}")
            return None
        return EntryReader(reader.entry, reader.problems, item)
