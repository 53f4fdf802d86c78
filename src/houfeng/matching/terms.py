"""The terms delivery and matching are worked by: days, what may be authorised, coded reasons, the floor of statistics.

They stand in `terms.yaml`, dated where a document gives them, and are read as packs are read: unknown keys and wrong
values are problems with file and line.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Any

from houfeng.book.model import kinds
from houfeng.book.yamlfile import Item, read_yaml
from houfeng.errors import InputError, Problem, Text, UsageError, did_you_mean
from houfeng.packs.loading.reader import EntryReader
from houfeng.packs.loading.source import Entry

NUMBERS = (
    "contact_days", "decide_days", "disburse_days", "remind_before", "recommend_to", "link_minutes", "session_minutes",
    "floor",
)  # fmt: skip
SECTIONS = ("answer_days", "consent_days", "purposes", "data", "reasons", *NUMBERS)
DECLINE, REFUSE = "decline", "refuse"


@dataclass(frozen=True, slots=True)
class Term:
    """A number of days that holds from a day on, with the document that says so."""

    since: date
    days: int
    reference: str


@dataclass(frozen=True, slots=True)
class Data:
    """Something an enterprise may let a bank read, and the record kinds behind it."""

    label: Text
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """A coded reason, and whether it declines a need, refuses a loan, or both."""

    label: Text
    when: tuple[str, ...]


@dataclass(frozen=True)
class Terms:
    """All terms, read and checked."""

    answers: tuple[Term, ...]
    numbers: Mapping[str, int]
    consent_days: int
    consent_most: int
    purposes: Mapping[str, Text]
    data: Mapping[str, Data]
    reasons: Mapping[str, Reason]

    def answer(self, day: date, promised: int | None = None) -> int:
        """The days a bank has to answer a need sent on `day`; a product may promise less, never more."""
        held = [term.days for term in self.answers if term.since <= day]
        found = held[-1] if held else self.answers[0].days
        return min(found, promised) if promised else found

    def reason(self, name: str, when: str) -> Reason:
        """The coded reason called `name`, which must fit `when`.

        Raises:
            UsageError: there is none.
        """
        fitting = {key: each for key, each in self.reasons.items() if when in each.when}
        if name not in fitting:
            near = did_you_mean(name, fitting)
            raise UsageError(Text(f"请选择理由。{near.zh}", f"choose a reason. {near.en}"))
        return fitting[name]


@functools.cache
def shipped() -> Terms:
    """The terms Houfeng ships."""
    place = files("houfeng.matching") / "terms.yaml"
    return read_terms(place.read_text("utf-8"), "terms.yaml")


def read_terms(text: str, file: str) -> Terms:
    """Read the terms in one YAML document.

    Raises:
        InputError: there are problems; all of them are told.
    """
    root, problems = read_yaml(text, file)
    found = None
    if root is not None and not problems:
        whole = EntryReader(Entry("terms", root, file, text), problems)
        whole.allow(SECTIONS, SECTIONS)
        if not problems:
            found = _Reader(problems, file, text).terms(whole)
    if found is None or problems:
        raise InputError(Text("对接条款有误", "the terms of matching have problems"), problems)
    return found


class _Reader:
    """Reads the sections; every problem goes to one list."""

    def __init__(self, problems: list[Problem], file: str, text: str) -> None:
        self.problems, self.file, self.text = problems, file, text

    def terms(self, whole: EntryReader) -> Terms:
        consent = self._reader("consent_days", whole.item.get("consent_days"))
        consent.allow(("default", "most"), ("default", "most"))
        return Terms(
            answers=self._answers(whole),
            numbers={name: self._days(whole, name) for name in NUMBERS},
            consent_days=self._days(consent, "default"),
            consent_most=self._days(consent, "most"),
            purposes={name: whole.as_text(item, name) for name, item in self._pairs(whole, "purposes")},
            data={name: self._data(name, item) for name, item in self._pairs(whole, "data")},
            reasons={name: self._reason(name, item) for name, item in self._pairs(whole, "reasons")},
        )

    def _reader(self, name: str, item: Item | None) -> EntryReader:
        assert item is not None  # `allow` has told of it
        return EntryReader(Entry(name, item, self.file, self.text), self.problems)

    def _pairs(self, whole: EntryReader, name: str) -> list[tuple[str, Item]]:
        return list(self._reader(name, whole.item.get(name)).item.pairs())

    def _days(self, reader: EntryReader, name: str) -> int:
        value: Any = reader.scalar(name, int, 0)
        if value < 1:
            reader.report("matching.terms", reader.get(name), f"{name} 应大于零", f"{name} is above zero")
        return int(value)

    def _answers(self, whole: EntryReader) -> tuple[Term, ...]:
        found = []
        for day, item in self._pairs(whole, "answer_days"):
            inner = self._reader(day, item)
            inner.allow(("days", "reference"), ("days", "reference"))
            try:
                found.append(Term(date.fromisoformat(day), self._days(inner, "days"), inner.string("reference")))
            except ValueError:
                inner.report("matching.terms", item, f"{day} 不是日期", f"{day} is not a day", at_key=True)
        return tuple(sorted(found, key=lambda term: term.since))

    def _data(self, name: str, item: Item) -> Data:
        inner = self._reader(name, item)
        inner.allow(("label", "kinds"), ("label", "kinds"))
        named = inner.strings("kinds")
        for kind in named:
            if kind not in kinds():
                hint = did_you_mean(kind, kinds())
                inner.report("matching.terms", inner.get("kinds"), f"没有记录种类 {kind}", f"no kind {kind}", hint)
        return Data(inner.text("label"), named)

    def _reason(self, name: str, item: Item) -> Reason:
        inner = self._reader(name, item)
        inner.allow(("label", "when"), ("label", "when"))
        when = inner.strings("when")
        if not set(when) <= {DECLINE, REFUSE}:
            inner.report("matching.terms", inner.get("when"), "when 是 decline 或 refuse", "when is decline or refuse")
        return Reason(inner.text("label"), when)
