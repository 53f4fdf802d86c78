"""The portrait of an enterprise's credit: every line the book holds about it, with its source, its day, who may put it
right, and what became of disputes about it.

Pure: rows come in by kind, lines go out. A line is named by its record (kind, key, field), so that a dispute stays
with it when the record is reported anew. Kinds with many rows of a firm are told as one line per reporter and year.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from houfeng.book.intake.identifiers import names_a_firm
from houfeng.book.model import Kind, Type, code_lists, kinds
from houfeng.conduct.shapes import DOMAINS, SHAPES, SUMMED, Shape
from houfeng.errors import Text

Row = Mapping[str, Any]
NOTHING = Text("—", "—")


@dataclass(frozen=True)
class Source:
    """Where a line comes from: the submission and its row, who reported it, and when the book learned it."""

    submission: str
    row: int
    reporter: str
    reporter_name: str
    received_at: datetime | None
    period: date | None = None  # the day or period the submission is about


@dataclass(frozen=True)
class Mark:
    """What became of a dispute about a line."""

    dispute_id: int
    number: str
    text: Text
    disputed: Text
    statement: str = ""
    pending: bool = False
    admitted: bool = False
    uncorrected: bool = False  # it was admitted, and the book still says what was disputed


@dataclass(frozen=True)
class Line:
    """One thing the book says. `corrects` is the reporter that may put it right, empty where a line sums rows up."""

    domain: str
    kind: str
    key: str
    field: str
    label: Text
    value: Text
    also: Text
    day: date | None
    source: Source
    corrects: str
    mark: Mark | None = None

    @property
    def ref(self) -> str:
        """What names the line, whoever reports it."""
        return "|".join((self.kind, self.key, self.field))

    @property
    def mark_key(self) -> str:
        """What names the line as its reporter tells it: two reporters may tell one record differently."""
        return f"{self.ref}|{self.source.reporter}"

    @property
    def id(self) -> str:
        """A short name for addresses."""
        return hashlib.sha256(self.mark_key.encode()).hexdigest()[:20]


Sources = Callable[[str, Row], Source]


@dataclass(frozen=True)
class Portrait:
    """All lines of one enterprise, in the order of domains and, within one, newest first."""

    enterprise_id: str
    as_of: date
    lines: Sequence[Line]
    cut: Mapping[str, int] = field(default_factory=dict)  # rows of a kind that are not told one by one

    def of(self, domain: str) -> list[Line]:
        """The lines of a domain."""
        return [line for line in self.lines if line.domain == domain]

    @property
    def domains(self) -> list[tuple[str, Text, list[Line]]]:
        """Each domain that has a line: its name, its label, its lines."""
        return [(name, label, found) for name, label in DOMAINS.items() if (found := self.of(name))]

    def find(self, line_id: str) -> Line | None:
        """The line of that short name."""
        return next((line for line in self.lines if line.id == line_id), None)

    def marked(self, marks: Mapping[str, Mark]) -> Portrait:
        """The same lines with these marks."""
        return replace(
            self, lines=[replace(line, mark=_fitting(marks.get(line.mark_key), line)) for line in self.lines]
        )

    def narrowed(self, keep: Callable[[Line], bool]) -> Portrait:
        """Only the lines that may be seen."""
        return replace(self, lines=[line for line in self.lines if keep(line)])


def portrait(
    enterprise_id: str, as_of: date, rows: Mapping[str, Sequence[Row]], sums: Mapping[str, Sequence[Row]],
    source: Sources, marks: Mapping[str, Mark] | None = None, *, persons: bool = False,
) -> Portrait:  # fmt: skip
    """The portrait from rows by kind (`sums`: one row per reporter of the kinds that are summed up).

    Natural persons are told by their first sign unless `persons`.
    """
    lines: list[Line] = []
    cut: dict[str, int] = {}
    for kind, shape in SHAPES.items():
        found = sorted(rows.get(kind, ()), key=lambda row: _order(kind, row))
        if len(found) > shape.most:
            cut[kind] = len(found) - shape.most
        for row in found[: shape.most]:
            told_row = row if persons else _masked(kind, row)
            lines += _lines(kinds()[kind], shape, row, told_row, source(kind, row), enterprise_id)
    for kind, found_sums in sums.items():
        lines += [_summed(kind, row, source(kind, row)) for row in found_sums]
    place = {name: n for n, name in enumerate(DOMAINS)}
    lines.sort(key=lambda line: place[line.domain])  # stable: within a domain as they came
    return Portrait(enterprise_id, as_of, lines, cut).marked(marks or {})


def _order(kind: str, row: Row) -> tuple[int, str]:
    """Newest first, then by key, so that the same rows always come in the same order."""
    day = _day(kinds()[kind], row)
    return (-day.toordinal() if day else 0, key_of(kinds()[kind], row))


def _day(kind: Kind, row: Row) -> date | None:
    found = row.get(kind.time_field)
    return found.date() if isinstance(found, datetime) else found


def key_of(kind: Kind, row: Row) -> str:
    """The record's key as one text. A loan stays the same loan from month to month; a statement is of its period."""
    parts = [*kind.key, *([kind.time_field] if kind.name == "financial_statement" else [])]
    return "/".join(str(row.get(name) if row.get(name) is not None else "") for name in parts)[:400]


def _lines(kind: Kind, shape: Shape, whole: Row, row: Row, source: Source, firm: str) -> Iterable[Line]:
    """The lines of a record: named by the `whole` row, told by `row`, in which persons may be masked."""
    key, day = key_of(kind, whole), _day(kind, whole) or source.period
    if shape.each:
        for name in shape.each:
            if name in kind.fields and row.get(name) is not None:
                value = shown(kind, name, row[name])
                also = Text(str(day), str(day)) if day and kind.time.value == "period" else Text("", "")
                label = kind.fields[name].label
                yield Line(shape.domain, kind.name, key, name, label, value, also, day, source, source.reporter)
        return
    title = _title(kind, shape, row, firm)
    main = next((names for names in shape.main if any(row.get(name) is not None for name in names)), ())
    value = _joined([shown(kind, name, row.get(name)) for name in main], " → ")
    told = [name for name in shape.also if row.get(name) not in (None, firm) and name not in main]
    also = _joined([_named(kind, name, row[name]) for name in told], "；", "; ")
    yield Line(shape.domain, kind.name, key, "", title, value, also, day, source, source.reporter)


def _title(kind: Kind, shape: Shape, row: Row, firm: str) -> Text:
    told = shown(kind, shape.title, row.get(shape.title)) if shape.title in kind.fields else NOTHING
    if kind.fields.get(shape.title) is not None and kind.fields[shape.title].code_list:
        return told
    what = kind.label
    if kind.name == "holding":
        held = row.get("holder_id") == firm
        what = Text("对外持股", "Stake held") if held else Text("股东", "Shareholder")
        told = shown(kind, "enterprise_id" if held else "holder_id", row["enterprise_id" if held else "holder_id"])
    if kind.name == "guarantee" and row.get("guarantor_id") == firm != row.get("borrower_id"):
        what = Text("对外担保", "Guarantee given")
    return Text(f"{what.zh} {told.zh}", f"{what.en} {told.en}")


def _named(kind: Kind, name: str, value: Any) -> Text:
    label, told = kind.fields[name].label, shown(kind, name, value)
    return Text(f"{label.zh} {told.zh}", f"{label.en} {told.en}")


def _joined(parts: Sequence[Text], zh: str, en: str = "") -> Text:
    return Text(zh.join(p.zh for p in parts), (en or zh).join(p.en for p in parts)) if parts else Text("", "")


def _summed(kind: str, row: Row, source: Source) -> Line:
    label = kinds()[kind].label
    first, last, count = row["first"], row["last"], int(row["n"])
    value = shown(kinds()[kind], SUMMED[kind][1], row["total"])
    also = Text(
        f"{count} 笔，{first} 至 {last}，{row['submissions']} 次报送",
        f"{count} rows, {first} to {last}, {row['submissions']} submissions",
    )
    day = last.date() if isinstance(last, datetime) else last
    return Line("business", kind, source.reporter, "", label, value, also, day, source, "")


def _fitting(mark: Mark | None, line: Line) -> Mark | None:
    """The mark as it stands now that the line says this."""
    if mark is None or not mark.admitted:
        return mark
    return replace(mark, uncorrected=line.value == mark.disputed)


PERSONS = frozenset({"legal_representative_id", "controller_id", "holder_id", "guarantor_id", "borrower_id"})
PERSONAL_ITEMS = frozenset({"legal_representative", "controller", "shareholder"})
FIRMLY = ("公司", "厂", "中心", "合作社", "集团", "部")
"""How names of firms end, which are not masked."""


def _masked(kind: str, row: Row) -> Row:
    """The row with identifiers and names of natural persons told by their beginning."""
    told = dict(row)
    for name in PERSONS & set(row):
        told[name] = masked(row[name])
    if kind == "registration_change" and row.get("item") in PERSONAL_ITEMS:
        told |= {side: masked(row.get(side)) for side in ("before", "after")}
    if kind == "enterprise" and row.get("phone"):
        told["phone"] = masked(row["phone"])
    return told


def masked(text: str | None) -> str | None:
    """A person's name or number with all but its beginning hidden; a firm's stays."""
    if not text or names_a_firm(text) or text.endswith(FIRMLY):
        return text
    if any(sign.isdigit() for sign in text):
        return f"{text[:3]}{'*' * 6}{text[-2:]}" if len(text) > 7 else "*" * len(text)
    return text[0] + "＊" * min(len(text) - 1, 2)


def shown(kind: Kind, name: str, value: Any) -> Text:
    """A value in words: codes by their labels, money to the fen with its unit."""
    if value is None or value == "":
        return NOTHING
    shape = kind.fields[name]
    if shape.type is Type.BOOLEAN:
        return Text("是", "yes") if value else Text("否", "no")
    if shape.code_list and (found := code_lists()[shape.code_list].members.get(str(value))):
        return found
    if shape.type is Type.MONEY:
        return Text(f"{Decimal(value):,.2f} 元", f"{Decimal(value):,.2f} yuan")
    if shape.type is Type.RATE:
        plain = f"{Decimal(value):f}"
        plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
        return Text(f"{plain}%", f"{plain} %")
    if name == "region" and (found := code_lists()["henan_region"].members.get(str(value))):
        return found
    if isinstance(value, datetime):
        return Text(f"{value:%Y-%m-%d %H:%M}", f"{value:%Y-%m-%d %H:%M}")
    unit = {"person": Text(" 人", " persons"), "day": Text(" 天", " days"), "month": Text(" 个月", " months")}
    tail = unit.get(shape.unit, Text("", ""))
    return Text(f"{value}{tail.zh}", f"{value}{tail.en}")
