"""A plan: measures from the toolbox, each with amount, date and unit. Drafts, checks, differences; no storage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, NamedTuple

from houfeng.cases.plan.creditors import FEN, CreditorTable
from houfeng.cases.terms import Sketch, Template, Terms, Tool
from houfeng.errors import Problem, Text, Where

LONG = 2000
_MOST = Decimal(10) ** 17


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of a plan: what, how much, by when, by whom; `key` names it in every version of the plan."""

    key: str
    kind: str
    due_on: date | None = None
    amount: Decimal | None = None
    rate: Decimal | None = None
    institution_id: str = ""
    unit: str = ""
    note: str = ""

    def plain(self) -> dict[str, Any]:
        """The measure as JSON values."""
        found = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: str(value) if isinstance(value, (Decimal, date)) else value for name, value in found.items()}


def measure_of(plain: Mapping[str, Any]) -> Measure:
    """The measure its `plain()` came from."""
    return Measure(
        key=plain["key"],
        kind=plain["kind"],
        due_on=date.fromisoformat(plain["due_on"]) if plain["due_on"] else None,
        amount=Decimal(plain["amount"]) if plain["amount"] is not None else None,
        rate=Decimal(plain["rate"]) if plain["rate"] is not None else None,
        institution_id=plain["institution_id"],
        unit=plain["unit"],
        note=plain["note"],
    )


def digest(measures: Sequence[Measure], table: CreditorTable, summary: str) -> str:
    """The SHA-256 of a plan's content: what was voted on and signed is this and nothing else."""
    content = {"measures": [m.plain() for m in measures], "creditors": table.plain(), "summary": summary}
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def draft(template: Template, table: CreditorTable, today: date) -> tuple[Measure, ...]:
    """The measures a template begins with, for these creditors."""
    found: list[Measure] = []
    for sketch in template.measures:
        for row in table.rows if sketch.each else (None,):
            balance = row.balance if row is not None else table.total
            amount = None
            if sketch.share is not None:
                share = Decimal(sketch.share.numerator) / Decimal(sketch.share.denominator)
                amount = (balance * share).quantize(FEN, ROUND_HALF_UP)
            found.append(
                Measure(
                    key=f"m{len(found) + 1}",
                    kind=sketch.kind,
                    due_on=today + timedelta(days=sketch.days),
                    amount=amount,
                    rate=Decimal(sketch.rate) if sketch.rate else None,
                    institution_id=row.institution_id if row is not None else "",
                    unit=_unit(sketch, row.name if row is not None else ""),
                )
            )
    return tuple(found)


def _unit(sketch: Sketch, name: str) -> str:
    return name or sketch.unit


def next_key(measures: Iterable[Measure], used: Iterable[str] = ()) -> str:
    """A key no measure of any version has had."""
    numbers = [int(key[1:]) for key in (*(m.key for m in measures), *used) if key[1:].isdigit()]
    return f"m{max(numbers, default=0) + 1}"


def check(measures: Sequence[Measure], table: CreditorTable, terms: Terms, today: date) -> list[Problem]:
    """What is missing or wrong in a plan. Rows count from 1, as on the screen."""
    if not measures:
        return [Problem("case.plan_empty", Text("方案还没有措施", "the plan has no measure"))]
    found: list[Problem] = []
    for row, measure in enumerate(measures, 1):
        tool = terms.tools.get(measure.kind)
        if tool is None:
            found.append(_problem(row, "kind", f"没有措施 {measure.kind}", f"no measure {measure.kind}", measure.kind))
            continue
        found += _blanks(row, measure, tool)
        if measure.due_on is None:
            found.append(_problem(row, "due_on", "未写完成时限", "no day to be done by"))
        elif measure.due_on < today:
            found.append(
                _problem(row, "due_on", "完成时限已过", "the day to be done by has passed", str(measure.due_on))
            )
        if not measure.unit.strip():
            found.append(_problem(row, "unit", "未写责任单位", "no unit is responsible"))
        if tool.commits and measure.institution_id and table.of(measure.institution_id) is None:
            zh, en = "该机构不在债权人表中", "the institution is not in the creditor table"
            found.append(_problem(row, "institution_id", zh, en, measure.institution_id))
        if max(len(measure.note), len(measure.unit)) > LONG:
            found.append(_problem(row, "note", f"文字超过 {LONG} 字", f"a text over {LONG} characters"))
    keys = [measure.key for measure in measures]
    if len(set(keys)) != len(keys):
        found.append(Problem("case.plan_measure", Text("措施编号重复", "two measures have the same key")))
    return found


def _blanks(row: int, measure: Measure, tool: Tool) -> list[Problem]:
    found = []
    for name, blank, value in (("amount", tool.amount, measure.amount), ("rate", tool.rate, measure.rate)):
        zh, en = ("金额", "amount") if name == "amount" else ("利率", "rate")
        if blank == "needed" and value is None:
            found.append(_problem(row, name, f"{tool.label.zh}须写{zh}", f"{tool.label.en} needs its {en}"))
        elif blank == "none" and value is not None:
            found.append(_problem(row, name, f"{tool.label.zh}没有{zh}", f"{tool.label.en} has no {en}", str(value)))
        elif value is not None and value <= 0:
            found.append(_problem(row, name, f"{zh}应大于零", f"the {en} is above zero", str(value)))
    return found


def _problem(row: int, field: str, zh: str, en: str, value: str = "") -> Problem:
    where = Where(row=row, field=field)
    return Problem("case.plan_measure", Text(f"第 {row} 项：{zh}", f"measure {row}: {en}"), where, value=value)


class Change(NamedTuple):
    """A difference of two plan versions in one measure: `field` is empty where it came or went."""

    key: str
    field: str
    old: Any
    new: Any


def difference(old: Sequence[Measure], new: Sequence[Measure]) -> list[Change]:
    """What changed from `old` to `new`, by measure key, in the order of `new`, then what went."""
    before = {measure.key: measure for measure in old}
    found: list[Change] = []
    for measure in new:
        was = before.pop(measure.key, None)
        if was is None:
            found.append(Change(measure.key, "", None, measure))
            continue
        for name in measure.__dataclass_fields__:
            if getattr(was, name) != getattr(measure, name):
                found.append(Change(measure.key, name, getattr(was, name), getattr(measure, name)))
    return found + [Change(key, "", measure, None) for key, measure in before.items()]


def apply(measures: Sequence[Measure], changes: Sequence[Change]) -> tuple[Measure, ...]:
    """`measures` with `changes` made, by key: the inverse of `difference`, up to order."""
    held = {measure.key: measure for measure in measures}
    for change in changes:
        if change.field:
            held[change.key] = replace(held[change.key], **{change.field: change.new})
        elif change.new is None:
            del held[change.key]
        else:
            held[change.key] = change.new
    return tuple(held.values())


def amount_in_yuan(text: str, unit: int = 10_000) -> Decimal | None:
    """An amount as written on a form, by default in 万元; nothing where the blank is empty.

    Raises:
        ValueError: it is no amount, or has parts of a fen.
    """
    cleaned = text.replace(",", "").replace("，", "").strip()
    if not cleaned:
        return None
    try:
        value = Decimal(cleaned) * unit
    except InvalidOperation:
        raise ValueError(text) from None
    if not value.is_finite() or abs(value) >= _MOST or value != value.quantize(FEN):
        raise ValueError(text)
    return value.quantize(FEN)
