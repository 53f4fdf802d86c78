"""Read the facts of a pack: parameters, code sets, interpretations, waiting rules."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from houfeng.book.yamlfile import Item
from houfeng.errors import Problem, Text
from houfeng.packs.language.functions import T, numeric
from houfeng.packs.loading.reader import UNITS, EntryReader
from houfeng.packs.loading.source import Entry
from houfeng.packs.model import CodeSet, Dated, Interpretation, Member, Parameter, Reading, Waiting, places


def read_parameter(entry: Entry, problems: list[Problem]) -> Parameter | None:
    """A parameter with its dated values."""
    reader = EntryReader(entry, problems)
    reader.allow(("label", "unit", "reference", "values", "note"), ("unit", "values"))
    unit = reader.choice("unit", UNITS, "number")
    kind = UNITS[unit]
    values: list[Dated] = []
    listed = reader.get("values")
    for day, item in listed.pairs() if listed is not None else ():
        try:
            start = date.fromisoformat(day)
        except ValueError:
            reader.report(
                "pack.date",
                item,
                f"{day} 不是日期；写作 2026-01-19",
                f"{day} is not a day; write 2026-01-19",
                at_key=True,
            )
            continue
        for one in item.items if item.items is not None else (item,):
            if (value := _dated(reader, entry, start, one, kind)) is not None:
                values.append(value)
    if not values:
        if listed is not None:
            reader.report(
                "pack.missing_key",
                listed,
                f"参数 {entry.name} 没有一个可用的值",
                f"the parameter {entry.name} has no usable value",
            )
        return None
    scale = max((places(v.value) for v in values if isinstance(v.value, Decimal)), default=0)
    ordered = tuple(sorted(values, key=lambda v: (v.start, v.known_from)))
    return Parameter(entry.name, reader.text("label"), unit, kind, scale, ordered, entry.where)


def _dated(reader: EntryReader, entry: Entry, start: date, item: Item, kind: T) -> Dated | None:
    reference = reader.string("reference")
    if item.shape == "scalar":
        value = typed(item.value, kind)
        if value is None:
            _wrong_type(reader, item, kind)
            return None
        return Dated(start, start, value, reference)
    inner = EntryReader(entry, reader.problems, item)
    inner.allow(("value", "reference", "known_from", "until", "note"), ("value",))
    raw = inner.get("value")
    value = typed(raw.value, kind) if raw is not None else None
    if value is None:
        if raw is not None:
            _wrong_type(reader, raw, kind)
        return None
    known = inner.scalar("known_from", date, start)
    until = inner.scalar("until", date, None)
    if until is not None and until <= start:
        inner.report("pack.date", inner.get("until"), "until 应晚于开始日", "until should be later than the first day")
    return Dated(start, known, value, inner.string("reference", reference), inner.string("note"), until)


def _wrong_type(reader: EntryReader, item: Item, kind: T) -> None:
    most = ("，最多18位整数、12位小数", ", of at most 18 digits and 12 decimal places") if numeric(kind) else ("", "")
    reader.report("pack.type", item, f"值应是{kind.zh}{most[0]}", f"the value should be {kind}{most[1]}")


def typed(value: Any, kind: T) -> Any:
    """`value` as a value of `kind`, or nothing where it is not one. Numbers have at most 18 digits and 12 places."""
    if isinstance(value, (int, Decimal)) and (abs(Decimal(value)) >= 10**18 or places(Decimal(value)) > 12):
        return None
    if kind is T.DECIMAL and isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return Decimal(value)
    if kind is T.INTEGER and isinstance(value, int) and not isinstance(value, bool):
        return value
    wanted = {T.BOOLEAN: bool, T.TEXT: str, T.DATE: date}.get(kind)
    return value if wanted and isinstance(value, wanted) else None


def read_set(entry: Entry, problems: list[Problem]) -> CodeSet:
    """A code set: lists, prefixes, ranges, starred members."""
    reader = EntryReader(entry, problems)
    reader.allow(
        ("label", "reference", "complete", "note", "members", "except", "evidence_length", "source"), ("members",)
    )
    members = []
    listed = reader.get("members")
    if listed is not None and listed.items is None:
        reader.report("pack.shape", listed, "members 应是列表", "members should be a list")
    for item in listed.items or () if listed is not None else ():
        if item.shape == "scalar":
            members.append(Member(codes=frozenset({str(item.value)})))
        else:
            members.append(_member(EntryReader(entry, problems, item)))
    complete = reader.scalar("complete", bool, True)
    if not complete and not reader.string("note"):
        reader.report(
            "pack.missing_key",
            None,
            "不完整的代码集要用 note 说明缺什么",
            "a partial code set says in note what is missing",
            at_key=True,
        )
    return CodeSet(
        entry.name,
        reader.text("label"),
        tuple(members),
        frozenset(reader.strings("except")),
        reader.scalar("evidence_length", int, 4),
        complete,
        reader.string("reference"),
        reader.string("note"),
        entry.where,
    )


def _member(reader: EntryReader) -> Member:
    reader.allow(("codes", "code", "prefix", "range", "group", "starred", "note"))
    codes = (*reader.strings("codes"), *reader.strings("code"))
    prefix, ends = reader.string("prefix"), reader.strings("range")
    if sum((bool(codes), bool(prefix), bool(ends))) != 1:
        reader.report(
            "pack.shape",
            None,
            "成员要有且只有 codes、prefix、range 之一",
            "a member has exactly one of codes, prefix, range",
        )
    first, last = ends if len(ends) == 2 else ("", "")
    if ends and (len(ends) != 2 or len(first) != len(last) or first > last):
        reader.report(
            "pack.shape",
            reader.get("range"),
            "range 是同样长度的首尾两个代码",
            "a range is two codes of one length, first and last",
        )
    group, starred = reader.string("group"), reader.scalar("starred", bool, False)
    return Member(frozenset(codes), prefix, first, last, group, starred)


def read_interpretation(entry: Entry, problems: list[Problem]) -> Interpretation:
    """An entry of the interpretation register."""
    reader = EntryReader(entry, problems)
    reader.allow(
        ("clause", "document", "question", "chosen", "chosen_by", "chosen_on", "readings", "note"),
        ("clause", "question", "chosen", "chosen_by", "readings"),
    )
    readings = {}
    listed = reader.get("readings")
    for name, item in listed.pairs() if listed is not None else ():
        inner = EntryReader(entry, problems, item)
        inner.allow(("label", "parameters", "note"), ("label",))
        given = inner.get("parameters")
        readings[name] = Reading(
            inner.text("label"), {k: v.value for k, v in given.pairs()} if given is not None else {}
        )
    chosen = reader.string("chosen")
    if readings and chosen not in readings:
        reader.report("pack.choice", reader.get("chosen"), f"没有读法 {chosen}", f"there is no reading {chosen}")
    if len(readings) < 2:
        reader.report(
            "pack.missing_key", listed, "解释登记至少要有两种读法", "an interpretation has at least two readings"
        )
    return Interpretation(
        entry.name,
        reader.string("clause"),
        reader.string("document"),
        reader.text("question"),
        chosen,
        reader.string("chosen_by"),
        reader.scalar("chosen_on", date, None),
        readings,
        entry.where,
    )


def read_waiting(entry: Entry, problems: list[Problem]) -> Waiting:
    """A rule that waits for something that does not exist yet."""
    reader = EntryReader(entry, problems)
    reader.allow(("label", "needs", "reference", "note"), ("label", "needs"))
    return Waiting(entry.name, reader.text("label"), reader.text("needs"))


def check_readings(
    interpretations: dict[str, Interpretation], parameters: dict[str, Parameter], problems: list[Problem]
) -> None:
    """Readings set parameters that exist, with values of their type; the pack itself follows the chosen ones."""
    for entry in interpretations.values():
        for label, reading in entry.readings.items():
            for name, value in reading.parameters.items():
                parameter = parameters.get(name)
                if parameter is None:
                    text = Text(
                        f"读法 {label} 设的参数 {name} 不存在",
                        f"the reading {label} sets {name}, which is no parameter",
                    )
                    problems.append(Problem("pack.unknown_parameter", text, entry.where))
                elif (wanted := typed(value, parameter.type)) is None:
                    text = Text(
                        f"读法 {label} 给 {name} 的值类型不对",
                        f"the reading {label} gives {name} a value of the wrong type",
                    )
                    problems.append(Problem("pack.type", text, entry.where))
                elif label == entry.chosen and all(dated.value != wanted for dated in parameter.values):
                    text = Text(
                        f"所选读法 {label} 的 {name} 与参数表不一致",
                        f"the chosen reading {label} and the parameter {name} do not agree",
                    )
                    problems.append(Problem("pack.reading", text, entry.where))
