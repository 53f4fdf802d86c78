"""Read themes, indicators, values, tables and rules: from YAML entries to bound definitions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from houfeng.book.model import Time, kinds
from houfeng.book.yamlfile import Item, Scalar
from houfeng.errors import Text, did_you_mean
from houfeng.packs.language.binding import Names
from houfeng.packs.language.expression import MAX_LENGTH, Node
from houfeng.packs.language.functions import T, numeric, unify
from houfeng.packs.loading.reader import EntryReader
from houfeng.packs.loading.source import Entry
from houfeng.packs.model import TIERS, Definition, Exemption, Form, Measure, Row, Rule

BASES = ("E", "U", "P", "C", "product")
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
_COMMON = ("label", "over", "reference", "note", "unit")


@dataclass
class ItemReader:
    """Binds the items of one pack against `names`."""

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
            (*_COMMON, "from", "by", "where", "measure", "window", "hop", "offset"),
            ("label", "over", "from", "measure"),
        )
        over, source = self.kind(reader), self.kind(reader, "from")
        if not over or not source:
            return None
        measure = self.measure(reader, over, source)
        if measure is None:
            return None
        form = Form.WINDOW if measure.window or measure.function == "days_since" else Form.SNAPSHOT
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


def written(value: Scalar) -> str:
    """A YAML scalar as the expression it was written for: true, null, a day, a number, a text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return f"date '{value}'"
    return "null" if value is None else str(value)


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
