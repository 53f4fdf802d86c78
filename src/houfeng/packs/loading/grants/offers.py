"""Read entitlements of enterprises and products of banks."""

from __future__ import annotations

from collections.abc import Collection

from houfeng.book.model import code_lists
from houfeng.errors import did_you_mean
from houfeng.packs.grants import Entitlement, Product, Terms
from houfeng.packs.language.functions import T
from houfeng.packs.loading.grants.conditions import NUMBERS, ConditionReader
from houfeng.packs.loading.reader import EntryReader
from houfeng.packs.loading.source import Entry

_ABOUT = ("label", "over", "document", "reference", "note", "conditions")
_TERMS = ("rate", "fee", "min_amount", "max_amount", "months", "funded_by", "own_rate", "guarantees")


class OfferReader(ConditionReader):
    """Reads entitlements and products; `instruments` are those they can name."""

    def entitlement(self, entry: Entry, instruments: Collection[str]) -> Entitlement | None:
        """A policy as the enterprise sees it."""
        reader = EntryReader(entry, self.names.problems)
        reader.allow(
            (*_ABOUT, "benefit", "bring", "call", "delivers", "from", "until"),
            ("label", "over", "document", "benefit", "conditions", "call"),
        )
        over, document = self.kind(reader), reader.string("document")
        found = self.conditions(reader, over, document)
        delivers = self._named(reader, "delivers", instruments)
        begins, until = (self.constant(reader, key, over, T.DATE) for key in ("from", "until"))
        if not over or not found:
            return None
        return Entitlement(
            entry.name, reader.text("label"), over, tuple(found), reader.text("benefit"), document,
            reader.string("reference", document), reader.string("note"), entry.where, self.pack,
            self.texts(reader, "bring"), reader.text("call"), delivers, begins, until,
        )  # fmt: skip

    def product(self, entry: Entry, instruments: Collection[str]) -> Product | None:
        """A product of a bank."""
        reader = EntryReader(entry, self.names.problems)
        reader.allow(
            (*_ABOUT, "bank", "terms", "capacity", "answer_days"), ("label", "over", "bank", "conditions", "terms")
        )
        over, document = self.kind(reader), reader.string("document")
        found = self.conditions(reader, over, document, strict=False)
        terms = self._terms(reader, over, instruments)
        capacity = self.constant(reader, "capacity", over, *NUMBERS)
        answer = self.constant(reader, "answer_days", over, T.INTEGER)
        if not over or not found or terms is None:
            return None
        return Product(
            entry.name, reader.text("label"), over, reader.string("bank"), tuple(found), terms, document,
            reader.string("reference", document), reader.string("note"), entry.where, self.pack, capacity, answer,
        )  # fmt: skip

    def _terms(self, reader: EntryReader, over: str, instruments: Collection[str]) -> Terms | None:
        item = reader.get("terms")
        if item is None:
            return None
        if item.entries is None:
            reader.report("pack.shape", item, "terms 应写作 {rate: …}", "terms should be {rate: …}")
            return None
        inner = EntryReader(reader.entry, reader.problems, item)
        inner.allow(_TERMS, ("rate",))
        rate, fee, least, most, own = (
            self.typed(inner, inner.get(key), over, *NUMBERS)
            for key in ("rate", "fee", "min_amount", "max_amount", "own_rate")
        )
        months = self.typed(inner, inner.get("months"), over, T.INTEGER)
        modes = inner.strings("guarantees")
        known = code_lists()["guarantee_mode"].members
        for mode in modes:
            if mode not in known:
                inner.report(
                    "pack.choice",
                    inner.get("guarantees"),
                    f"没有担保方式 {mode}",
                    f"there is no guarantee mode {mode}",
                    did_you_mean(mode, known),
                )
        funded = self._named(inner, "funded_by", instruments)
        if own is not None and not inner.string("funded_by"):
            inner.report(
                "pack.shape",
                inner.get("own_rate"),
                "own_rate 只用于写明 funded_by 的产品",
                "own_rate is for a product with funded_by only",
            )
        return Terms(rate, fee, least, most, months, funded, modes, own) if rate is not None else None

    def _named(self, reader: EntryReader, key: str, instruments: Collection[str]) -> str:
        name = reader.string(key)
        if name and name not in instruments:
            reader.report(
                "pack.unknown_instrument",
                reader.get(key),
                f"没有工具 {name}",
                f"there is no instrument {name}",
                did_you_mean(name, instruments),
            )
        return name
