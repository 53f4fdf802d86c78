"""Read themes, indicators, values and tables: from YAML entries to bound definitions."""

from __future__ import annotations

from houfeng.book.model import Time, kinds
from houfeng.errors import did_you_mean
from houfeng.packs.language.expression import Node
from houfeng.packs.language.functions import T, unify
from houfeng.packs.loading.binder import EntryBinder
from houfeng.packs.loading.measuring import MeasureReader, measured_type
from houfeng.packs.loading.reader import EntryReader
from houfeng.packs.loading.source import Entry
from houfeng.packs.model import Definition, Exemption, Form, Measure, Row

BASES = ("E", "U", "P", "C", "product")
_COMMON = ("label", "over", "reference", "note", "unit")
_WINDOW = ("window", "hop", "offset", "since", "after", "without", "through")


class ItemReader(EntryBinder):
    """Reads themes, indicators, values and tables."""

    def theme(self, entry: Entry) -> Definition | None:
        """A theme: a yes or no, a tag, an amount."""
        reader = EntryReader(entry, self.names.problems)
        reader.allow(
            (*_COMMON, "article", "tag", "basis", "when", "except", "amount", "partial"), ("label", "over", "when")
        )
        over = self.kind(reader)
        when = self.expression(reader, reader.get("when"), over, T.BOOLEAN)
        exemptions = self.exemptions(reader, over, None)
        amount_item = reader.get("amount")
        amount = self.expression(reader, amount_item, over)
        if amount_item is None and over in self.amounts:
            amount = self.names.read(self.amounts[over], entry.place(), over)
        if amount is not None and amount.type not in (T.DECIMAL, T.INTEGER):
            reader.report(
                "pack.type", amount_item, "计入金额要是精确的数", "the amount counted must be an exact number"
            )
        tag, article = reader.string("tag"), reader.string("article")
        if tag and article and tag != article and not tag.startswith(article + "."):
            reader.report(
                "pack.tag", reader.get("tag"), f"标签要以 {article}. 开头", f"the tag should begin with {article}."
            )
        if when is None or exemptions is None:
            return None
        return Definition(
            entry.name, Form.THEME, over, T.BOOLEAN, 0, reader.text("label"), entry.where, self.pack,
            node=when, exemptions=exemptions, amount=amount, reference=reader.string("reference"), article=article,
            tag=tag, basis=reader.choice("basis", BASES, ""), partial=reader.text("partial"),
        )  # fmt: skip

    def exemptions(self, reader: EntryReader, over: str, want: T | None) -> tuple[Exemption, ...] | None:
        """The labelled exceptions at `except`; `want` says whether they have values (a theme's have none)."""
        listed = reader.get("except")
        found: list[Exemption] = []
        wrong = False
        labels = [label for label, _ in listed.pairs()] if listed is not None else []
        for label, item in listed.pairs() if listed is not None else ():
            inner = EntryReader(reader.entry, reader.problems, item)
            keys = (
                ("when", "label", "reference", "note")
                if want is None
                else ("when", "value", "beats", "label", "reference", "note")
            )
            inner.allow(keys, ("when",) if want is None else ("when", "value"))
            when = self.expression(inner, inner.get("when"), over, T.BOOLEAN)
            value = self.expression(inner, inner.get("value"), over) if want is not None else None
            beats = inner.strings("beats")
            for other in beats:
                if other not in labels or other == label:
                    inner.report(
                        "pack.choice",
                        inner.get("beats"),
                        f"没有例外 {other}",
                        f"there is no exception {other}",
                        did_you_mean(other, labels),
                    )
            if when is None or (want is not None and value is None):
                wrong = True
                continue
            found.append(
                Exemption(
                    label,
                    inner.text("label"),
                    when,
                    value,
                    beats,
                    inner.string("reference"),
                    inner.entry.place(item).where,
                )
            )
        return None if wrong else tuple(found)

    def indicator(self, entry: Entry) -> Definition | None:
        """An indicator: windowed, a snapshot feature, or derived."""
        reader = EntryReader(entry, self.names.problems)
        if reader.get("value") is not None:
            reader.allow((*_COMMON, "value"), ("label", "over"))
            over = self.kind(reader)
            node = self.expression(reader, reader.get("value"), over)
            if node is None:
                return None
            return self._plain(reader, entry, Form.DERIVED, over, node.type, node.scale, node=node)
        reader.allow(
            (*_COMMON, "from", "by", "where", "measure", *_WINDOW),
            ("label", "over", "from", "measure"),
        )
        over, source = self.kind(reader), self.kind(reader, "from")
        if not over or not source:
            return None
        measure = MeasureReader(self.names, self.pack, self.amounts).measure(reader, over, source)
        if measure is None:
            return None
        form = Form.WINDOW if kinds()[source].time is Time.EVENT else Form.SNAPSHOT
        kind, scale = (T.BOOLEAN, 0) if measure.compare else measured_type(measure)
        return self._plain(reader, entry, form, over, kind, scale, measure=measure)

    def _plain(
        self,
        reader: EntryReader,
        entry: Entry,
        form: Form,
        over: str,
        kind: T,
        scale: int,
        *,
        node: Node | None = None,
        measure: Measure | None = None,
    ) -> Definition:
        return Definition(
            entry.name, form, over, kind, scale, reader.text("label"), entry.where, self.pack,
            node=node, measure=measure, reference=reader.string("reference"), unit=reader.string("unit"),
        )  # fmt: skip

    def value(self, entry: Entry) -> Definition | None:
        """A value with labelled exceptions."""
        reader = EntryReader(entry, self.names.problems)
        reader.allow((*_COMMON, "value", "except"), ("label", "over", "value"))
        over = self.kind(reader)
        node = self.expression(reader, reader.get("value"), over)
        exemptions = self.exemptions(reader, over, T.NULL)
        if node is None or exemptions is None:
            return None
        parts = [node, *(e.value for e in exemptions if e.value is not None)]
        kind = unify([part.type for part in parts])
        if kind is None:
            reader.report(
                "pack.type",
                reader.get("except"),
                "例外与一般规则的类型不同",
                "exceptions and general rule differ in type",
            )
            return None
        scale = max(part.scale for part in parts)
        return Definition(
            entry.name, Form.VALUE, over, kind, scale, reader.text("label"), entry.where, self.pack,
            node=node, exemptions=exemptions, reference=reader.string("reference"), unit=reader.string("unit"),
        )  # fmt: skip

    def table(self, entry: Entry) -> Definition | None:
        """A decision table."""
        reader = EntryReader(entry, self.names.problems)
        reader.allow((*_COMMON, "hit", "domain", "rows", "else"), ("label", "over", "rows"))
        over = self.kind(reader)
        rows: list[Row] = []
        listed = reader.get("rows")
        items = (listed.items or ()) if listed is not None else ()
        for item in items:
            inner = EntryReader(entry, reader.problems, item)
            inner.allow(("when", "then", "reference", "note", "label"), ("when", "then"))
            when = self.expression(inner, inner.get("when"), over, T.BOOLEAN)
            then = self.expression(inner, item.get("then"), over)
            if when is not None and then is not None:
                rows.append(Row(when, then, inner.string("reference"), entry.place(item).where))
        otherwise = self.expression(reader, reader.item.get("else"), over)
        domain = self.expression(reader, reader.get("domain"), over, T.BOOLEAN)
        thens = [row.then for row in rows] + ([otherwise] if otherwise is not None else [])
        kind = unify([node.type for node in thens])
        if kind is None:
            reader.report("pack.type", listed, "各行结果的类型不同", "the rows give results of different types")
        if kind is None or not rows or len(rows) != len(items):
            return None
        return Definition(
            entry.name, Form.TABLE, over, kind, max(node.scale for node in thens), reader.text("label"), entry.where,
            self.pack, node=otherwise, rows=tuple(rows), domain=domain,
            unique=reader.choice("hit", ("unique", "first"), "unique") == "unique",
            has_else=reader.item.get("else") is not None, reference=reader.string("reference"),
        )  # fmt: skip
