"""The terms cases are worked by: thresholds with their dates and references, deadlines, the toolbox, the templates.

They stand in `templates/*.yaml` and are read as packs are read: unknown keys, wrong values and names that lead nowhere
are problems with file and line. They are no pack, because the language of packs has no word yet for a measure.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

from houfeng.book.yamlfile import Item, read_yaml
from houfeng.cases.states import ENDED, State
from houfeng.errors import InputError, Problem, Text, UsageError, Where, did_you_mean
from houfeng.packs.loading.reader import EntryReader
from houfeng.packs.loading.source import Entry

SECTIONS = ("thresholds", "deadlines", "remind_before", "types", "measures", "templates")
RULES = ("at_least", "more_than")
COMMITS = ("keep", "repay", "rate", "extend")
BLANKS = ("needed", "allowed", "none")


@dataclass(frozen=True, slots=True)
class Threshold:
    """The share of votes a plan needs, from a day on. `strict`: more than the share, not the share itself."""

    name: str
    label: Text
    share: Fraction
    strict: bool
    since: date
    reference: str

    def met(self, part: int, whole: int) -> bool:
        """Whether `part` of `whole` carries; nothing is carried by nobody."""
        if whole <= 0:
            return False
        found = Fraction(part, whole)
        return found > self.share if self.strict else found >= self.share

    @property
    def words(self) -> str:
        """The threshold as people write it: ≥ 2/3."""
        return f"{'>' if self.strict else '≥'} {self.share}"


@dataclass(frozen=True, slots=True)
class Tool:
    """One measure of the toolbox: its blanks, and the commitment it makes that the book can check."""

    name: str
    label: Text
    amount: str
    rate: str
    commits: str
    reference: str


@dataclass(frozen=True, slots=True)
class Sketch:
    """A measure as a template proposes it; `each` makes one for every creditor."""

    kind: str
    days: int
    each: bool = False
    share: Fraction | None = None
    rate: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """What a plan for one kind of trouble begins with."""

    name: str
    label: Text
    fits: Text
    votes: tuple[str, ...]
    measures: tuple[Sketch, ...]


@dataclass(frozen=True)
class Terms:
    """All terms, read and checked."""

    thresholds: Mapping[str, tuple[Threshold, ...]]
    deadlines: Mapping[State, int]
    remind_before: int
    types: Mapping[str, Text]
    tools: Mapping[str, Tool]
    templates: Mapping[str, Template]

    def threshold(self, name: str, day: date) -> Threshold | None:
        """The threshold in force on `day`, or nothing before its first day."""
        held = [value for value in self.thresholds[name] if value.since <= day]
        return held[-1] if held else None

    def tool(self, name: str) -> Tool:
        """The measure called `name`.

        Raises:
            UsageError: the toolbox has none.
        """
        if name not in self.tools:
            near = did_you_mean(name, self.tools)
            raise UsageError(Text(f"没有措施 {name}。{near.zh}", f"there is no measure {name}. {near.en}"))
        return self.tools[name]


@functools.cache
def shipped() -> Terms:
    """The terms Houfeng ships."""
    return read_terms(Path(str(files("houfeng.cases") / "templates")))


def read_terms(folder: Path) -> Terms:
    """Read the terms in the `*.yaml` of `folder`.

    Raises:
        InputError: there are problems; all of them are told.
    """
    problems: list[Problem] = []
    sections: dict[str, Entry] = {}
    for path in sorted(folder.glob("*.yaml")):
        text = path.read_text("utf-8")
        root, found = read_yaml(text, path.name)
        problems += found
        for key, item in root.pairs() if root is not None else ():
            if key in SECTIONS and key not in sections:
                sections[key] = Entry(key, item, path.name, text)
            else:
                problems.append(_unknown(key, item, path.name))
    problems += [_missing(name) for name in SECTIONS if name not in sections]
    terms = _Reader(problems).terms(sections) if not problems else None
    if terms is None or problems:
        raise InputError(Text("案件条款有误", "the terms of cases have problems"), problems)
    return terms


def _unknown(key: str, item: Item, file: str) -> Problem:
    what = Text(f"{key} 不是条款，或写了两次", f"{key} is no term, or is written twice")
    return Problem(
        "case.terms", what, Where(file, item.key_line, item.key_column), suggestion=did_you_mean(key, SECTIONS)
    )


def _missing(name: str) -> Problem:
    return Problem("case.terms", Text(f"缺少 {name}", f"{name} is missing"), Where("*.yaml"))


class _Reader:
    """Reads the sections; every problem goes to one list."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems

    def terms(self, sections: Mapping[str, Entry]) -> Terms:
        thresholds = {name: self._threshold(entry) for name, entry in self._entries(sections["thresholds"])}
        tools = {name: self._tool(entry) for name, entry in self._entries(sections["measures"])}
        types = EntryReader(sections["types"], self.problems)
        return Terms(
            thresholds=thresholds,
            deadlines=self._deadlines(sections["deadlines"]),
            remind_before=self._whole(sections["remind_before"]),
            types={name: types.as_text(item, name) for name, item in types.item.pairs()},
            tools=tools,
            templates={
                name: self._template(entry, thresholds, tools) for name, entry in self._entries(sections["templates"])
            },
        )

    def _entries(self, section: Entry) -> list[tuple[str, Entry]]:
        EntryReader(section, self.problems)
        return [(name, Entry(name, item, section.file, section.text)) for name, item in section.item.pairs()]

    def _threshold(self, entry: Entry) -> tuple[Threshold, ...]:
        reader = EntryReader(entry, self.problems)
        reader.allow(("label", "reference", "values"), ("label", "reference", "values"))
        found = []
        listed = reader.get("values")
        for day, item in listed.pairs() if listed is not None else ():
            inner = EntryReader(entry, self.problems, item)
            inner.allow(("share", "rule", "reference"), ("share", "rule"))
            strict = inner.choice("rule", RULES, "at_least") == "more_than"
            share = self._share(inner, "share")
            reference = inner.string("reference", reader.string("reference"))
            try:
                since = date.fromisoformat(day)
            except ValueError:
                zh = f"{day} 不是日期；写作 2026-01-19"
                inner.report("case.terms", item, zh, f"{day} is not a day; write 2026-01-19", at_key=True)
                continue
            if share is not None:
                found.append(Threshold(entry.name, reader.text("label"), share, strict, since, reference))
        return tuple(sorted(found, key=lambda value: value.since))

    def _tool(self, entry: Entry) -> Tool:
        reader = EntryReader(entry, self.problems)
        reader.allow(("label", "amount", "rate", "commits", "reference"), ("label",))
        return Tool(
            entry.name,
            reader.text("label"),
            reader.choice("amount", BLANKS, "none"),
            reader.choice("rate", BLANKS, "none"),
            reader.choice("commits", COMMITS, ""),
            reader.string("reference"),
        )

    def _template(
        self, entry: Entry, thresholds: Mapping[str, tuple[Threshold, ...]], tools: Mapping[str, Tool]
    ) -> Template:
        reader = EntryReader(entry, self.problems)
        reader.allow(("label", "fits", "votes", "measures"), ("label", "fits", "votes", "measures"))
        votes = reader.strings("votes")
        for name in votes:
            if name not in thresholds:
                self._no_such(reader, reader.get("votes"), name, thresholds)
        listed = reader.get("measures")
        sketches = [
            self._sketch(EntryReader(entry, self.problems, item), tools)
            for item in (listed.items or () if listed else ())
        ]
        return Template(entry.name, reader.text("label"), reader.text("fits"), votes, tuple(sketches))

    def _sketch(self, reader: EntryReader, tools: Mapping[str, Tool]) -> Sketch:
        reader.allow(("kind", "each", "share", "rate", "days", "unit"), ("kind", "days"))
        kind = reader.string("kind")
        if kind not in tools:
            self._no_such(reader, reader.get("kind"), kind, tools)
        each = reader.choice("each", ("creditor",), "") == "creditor"
        share = self._share(reader, "share")
        return Sketch(kind, reader.scalar("days", int, 0), each, share, reader.string("rate"), reader.string("unit"))

    def _share(self, reader: EntryReader, key: str) -> Fraction | None:
        written = reader.string(key)
        if not written:
            return None
        try:
            share = Fraction(written)
        except (ValueError, ZeroDivisionError):
            share = Fraction(-1)
        if not 0 <= share <= 1:
            zh = f"{key} 应是 0 到 1 之间的分数，如 2/3"
            reader.report("case.terms", reader.get(key), zh, f"{key} is a fraction from 0 to 1, such as 2/3")
            return None
        return share

    def _deadlines(self, section: Entry) -> Mapping[State, int]:
        reader = EntryReader(section, self.problems)
        timed = [state.value for state in State if state not in ENDED]
        reader.allow(timed, timed)
        return {State(name): reader.scalar(name, int, 0) for name in timed}

    def _whole(self, section: Entry) -> int:
        value = section.item.value
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            what = Text(f"{section.name} 应是天数", f"{section.name} is a number of days")
            self.problems.append(Problem("case.terms", what, section.where))
            return 0
        return value

    def _no_such(self, reader: EntryReader, item: Item | None, name: str, known: Mapping[str, object]) -> None:
        hint = did_you_mean(name, known)
        reader.report("case.terms", item, f"没有 {name}", f"there is no {name}", hint)
