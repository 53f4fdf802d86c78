"""Problems are values, and errors are what is left at the edge.

A check that finds something wrong with a file, a pack or a question makes a `Problem`: what, where, why, what to do.
Functions that look at somebody's input collect problems and return them all; only the command line and the desk turn
them into an exit code or a page. `HoufengError` is the one root of everything raised on purpose; a user sees its text,
never a stack trace, and anything else that escapes is a bug.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Text(NamedTuple):
    """One text in the two languages of the desk. `zh` comes first because its readers do."""

    zh: str
    en: str

    def get(self, lang: str) -> str:
        """The text in `lang` (`zh` or `en`); an empty translation falls back to the other one."""
        return (self.en or self.zh) if lang == "en" else (self.zh or self.en)


class Level(StrEnum):
    """How much a problem weighs: an error stops the row or the file, a warning and a note do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Where(NamedTuple):
    """Where a problem stands. Lines, columns and rows count from 1, as editors and Excel show them."""

    file: str = ""
    line: int = 0
    column: int = 0
    sheet: str = ""
    row: int = 0
    field: str = ""

    def __str__(self) -> str:
        parts = [self.file] if self.file else []
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        place = ":".join(parts)
        if self.sheet:
            place += f"[{self.sheet}]"
        if self.row:
            place += f" row {self.row}"
        if self.field:
            place += f" {self.field}"
        return place.strip()


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about somebody's input.

    `code` is stable and documented in docs/reference/problems.md; `message` says what is wrong and why it matters;
    `suggestion` says what to do about it.
    """

    code: str
    message: Text
    where: Where = Where()
    level: Level = Level.ERROR
    value: str = ""
    suggestion: Text = Text("", "")

    def render(self, lang: str = "zh") -> str:
        """One line for people: place, code, message, the value found, what to do."""
        line = f"{self.where}: {self.level.value} {self.code}: {self.message.get(lang)}"
        if self.value:
            line += f" [{self.value}]"
        if any(self.suggestion):
            line += f" → {self.suggestion.get(lang)}"
        return line.removeprefix(": ")


@dataclass
class HoufengError(Exception):
    """The root of every error raised on purpose. `code` is stable; `problems` tells all that was found, at once."""

    message: Text
    problems: Sequence[Problem] = field(default_factory=tuple)

    code = "houfeng.error"
    status = 500
    exit_code = 1

    def __str__(self) -> str:
        return self.render("en")

    def render(self, lang: str = "zh") -> str:
        """The message and, one per line, its problems."""
        lines = [self.message.get(lang), *(problem.render(lang) for problem in self.problems)]
        return "\n".join(line for line in lines if line)


class InputError(HoufengError):
    """What was given cannot be used as it is: the file, the pack, the question."""

    code = "houfeng.input"
    status = 422


class UsageError(HoufengError):
    """The command or request was put wrongly: an unknown name, a missing option."""

    code = "houfeng.usage"
    status = 400
    exit_code = 2


class AccessError(HoufengError):
    """Who asks may not: the role, the scope or the state of the session does not allow it."""

    code = "houfeng.access"
    status = 403
    exit_code = 4


class NotFoundError(HoufengError):
    """There is no such thing, or none that the asker may know of."""

    code = "houfeng.not_found"
    status = 404


class EnvironmentFault(HoufengError):
    """The machine said no: disk full, no permission, a missing font or library."""

    code = "houfeng.environment"
    status = 503
    exit_code = 3


class ConflictError(HoufengError):
    """Somebody else changed what this rests on; asking again may go through."""

    code = "houfeng.conflict"
    status = 409


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like `name`, or the empty string where nothing is alike."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else ""


def did_you_mean(name: str, known: Iterable[str]) -> Text:
    """A suggestion naming the nearest known name, or an empty text."""
    near = nearest(name, known)
    return Text(f"是不是“{near}”？", f"did you mean “{near}”?") if near else Text("", "")
