"""The rules of the house for claims: dated values with a reference, read from `terms.yaml`, each also a parameter.

They stand where the texts of the tools are silent; whoever reads another text changes the file, not the program.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from pathlib import Path

from houfeng.book.yamlfile import Item, read_yaml
from houfeng.errors import InputError, Problem, Text, Where
from houfeng.packs.loading.reader import EntryReader
from houfeng.packs.loading.source import Entry

NUMBERS = (
    "sign_above",
    "penalty_points",
    "penalty_days",
    "ban_months",
    "most_refused_lines",
    "pace_days",
)
CHOICES: Mapping[str, tuple[str, ...]] = {"last_claim": ("part", "none")}


@dataclass(frozen=True, slots=True)
class Term:
    """One rule with the days from which its values hold."""

    name: str
    label: Text
    reference: str
    values: tuple[tuple[date, str], ...]

    def on(self, day: date) -> str:
        """The value in force on `day`.

        Raises:
            InputError: there is none yet.
        """
        held = [value for since, value in self.values if since <= day]
        if not held:
            raise InputError(Text(f"{self.name} 在 {day} 尚无取值", f"{self.name} has no value on {day}"))
        return held[-1]


@dataclass(frozen=True, slots=True)
class Terms:
    """All rules as they hold on one day."""

    sign_above: Decimal
    last_claim: str
    penalty_points: Decimal
    penalty_days: int
    ban_months: int
    most_refused_lines: int
    pace_days: int


@functools.cache
def shipped() -> Mapping[str, Term]:
    """The rules Houfeng ships."""
    return read_terms(Path(str(files("houfeng.claims") / "terms.yaml")))


def terms_on(day: date, rules: Mapping[str, Term] | None = None) -> Terms:
    """The rules as they hold on `day`."""
    rules = rules if rules is not None else shipped()
    return Terms(
        sign_above=Decimal(rules["sign_above"].on(day)),
        last_claim=rules["last_claim"].on(day),
        penalty_points=Decimal(rules["penalty_points"].on(day)),
        penalty_days=int(rules["penalty_days"].on(day)),
        ban_months=int(rules["ban_months"].on(day)),
        most_refused_lines=int(rules["most_refused_lines"].on(day)),
        pace_days=int(rules["pace_days"].on(day)),
    )


def read_terms(path: Path) -> Mapping[str, Term]:
    """Read the rules of a file.

    Raises:
        InputError: there are problems; all of them are told.
    """
    text = path.read_text("utf-8")
    root, problems = read_yaml(text, path.name)
    found: dict[str, Term] = {}
    for key, item in root.pairs() if root is not None else ():
        for name, inner in item.pairs() if key == "terms" else ():
            found[name] = _term(Entry(name, inner, path.name, text), problems)
    names = (*NUMBERS, *CHOICES)
    problems += [_problem(path.name, f"缺少 {name}", f"{name} is missing") for name in names if name not in found]
    problems += [_problem(path.name, f"没有条款 {name}", f"no such term {name}") for name in found if name not in names]
    if problems:
        raise InputError(Text("申报规则有误", "the rules of claims have problems"), problems)
    return found


def _term(entry: Entry, problems: list[Problem]) -> Term:
    reader = EntryReader(entry, problems)
    reader.allow(("label", "reference", "values"), ("label", "reference", "values"))
    listed = reader.get("values")
    found = []
    for day, item in listed.pairs() if listed is not None else ():
        value = _value(entry.name, item)
        try:
            found.append((date.fromisoformat(day), value or ""))
        except ValueError:
            value = None
        if value is None:
            reader.report("claim.terms", item, f"{day} 的取值不可用", f"the value of {day} cannot be used")
    return Term(entry.name, reader.text("label"), reader.string("reference"), tuple(sorted(found)))


def _value(name: str, item: Item) -> str | None:
    """The value as text where it can be meant."""
    told = str(item.value)
    if name in CHOICES:
        return told if told in CHOICES[name] else None
    try:
        return told if Decimal(told) >= 0 else None
    except InvalidOperation:
        return None


def _problem(file: str, zh: str, en: str) -> Problem:
    return Problem("claim.terms", Text(zh, en), Where(file))
