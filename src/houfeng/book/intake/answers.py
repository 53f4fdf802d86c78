"""What intake asks and what it is told: questions, the answers to them, and the result of one preparation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from houfeng.book.draft import Draft
from houfeng.errors import Level, Problem, Text, Where


class Question(NamedTuple):
    """Something the file leaves open and intake will not guess. `options` are command-line options that answer it."""

    code: str
    message: Text
    where: Where = Where()
    options: tuple[str, ...] = ()

    def render(self, lang: str = "zh") -> str:
        """One line for people: place, question, and how to answer it."""
        line = f"{self.where}: {self.message.get(lang)}".removeprefix(": ")
        if self.options:
            joint = " or " if lang == "en" else " 或 "
            line += f" → {joint.join(self.options)}"
        return line


@dataclass(frozen=True, slots=True)
class Answers:
    """What the sender said beside the file.

    `mapping` gives header → field, `constants` field → value for every row, `skip` headers (or `*`) to leave out.
    `unit` is 元, 万元 or 亿元 for all money, or `field=unit` (for rates also `field=fraction`), comma-separated.
    """

    kinds: tuple[str, ...] = ()
    reporter: str = ""
    period: date | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    skip: tuple[str, ...] = ()
    unit: str = ""
    version: int | None = None
    sent_at: datetime | None = None


@dataclass
class Intake:
    """The result of preparing one file.

    With `questions` open, `drafts` must not be submitted. `problems` holds at most a thousand findings, all notes among
    them; `counts` has how often each (code, field) was really found. Each draft's quarantine holds all of its bad rows.
    """

    drafts: list[Draft] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def notes(self) -> list[Problem]:
        """What was guessed or left out."""
        return [p for p in self.problems if p.level is Level.NOTE]

    @property
    def rows(self) -> int:
        """Good rows in all drafts."""
        return sum(draft.rows.num_rows for draft in self.drafts)

    @property
    def quarantined(self) -> int:
        """Bad rows in all drafts."""
        return sum(draft.quarantine.num_rows for draft in self.drafts)
