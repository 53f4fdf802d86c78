"""What the store tells after a submission: for each part what became of it, as values for a screen or a test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from houfeng.errors import Problem


class Status(StrEnum):
    """What became of one part."""

    ACCEPTED = "accepted"
    UNCHANGED = "unchanged"  # the book has exactly this already; nothing was written
    NOT_IN_FORCE = "not in force"  # a later one was there before it
    NEEDS_CONFIRMATION = "needs confirmation"  # rows would vanish; nothing was written
    HELD = "held"  # in order, but not written because another part of the call needs confirmation


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one draft.

    `rows` entered, `ignored` were events the book had already, `quarantined` were set aside. `replaces` is the id of
    the submission it ends; `vanishing` counts the keys that have no row any more, `vanishing_keys` names a few.
    """

    kind: str
    reporter: str
    period: date | None
    file: str
    sheet: str
    status: Status
    submission_id: str = ""
    rows: int = 0
    ignored: int = 0
    quarantined: int = 0
    replaces: str = ""
    vanishing: int = 0
    vanishing_keys: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one call of `submit`: one outcome per draft, in the order given.

    `received_at` is the moment from which the book knows what was written; nothing where nothing was written.
    """

    outcomes: tuple[Outcome, ...]
    received_at: datetime | None = None

    @property
    def written(self) -> bool:
        """Whether the book changed."""
        return self.received_at is not None

    @property
    def needs_confirmation(self) -> bool:
        """Whether nothing was written because rows would vanish: ask, then submit again with `confirm`."""
        return any(outcome.status is Status.NEEDS_CONFIRMATION for outcome in self.outcomes)

    @property
    def rows(self) -> int:
        """Rows that entered the book."""
        return sum(outcome.rows for outcome in self.outcomes)

    @property
    def ignored(self) -> int:
        """Events left out because the book had them already."""
        return sum(outcome.ignored for outcome in self.outcomes)

    @property
    def quarantined(self) -> int:
        """Bad rows set aside."""
        return sum(outcome.quarantined for outcome in self.outcomes)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All that is to be told, in order."""
        return tuple(problem for outcome in self.outcomes for problem in outcome.problems)
