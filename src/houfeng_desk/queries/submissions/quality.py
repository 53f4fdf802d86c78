"""The quality score of a reporter: in time, clean, right the first time. 100 is best; the page tells how it is made.

    40 × in time     due returns that came by the day; one that came late counts half, one that is missing not at all
    40 × clean       good rows among all rows first sent; correcting afterwards does not mend this
    20 × first time  returns that did not have to be sent again

over the months shown. A part about which nothing is known is left out and the others weigh more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from houfeng.book.storage.manifest import Submission
from houfeng.clock import month_end
from houfeng_desk.queries.submissions.due import DueDays, expected_kinds

IN_TIME, CLEAN, FIRST_TIME = 40, 40, 20


@dataclass(frozen=True)
class Score:
    """The score and what it is made of: shares from 0 to 1, nothing where unknown."""

    points: float
    in_time: float | None
    clean: float | None
    first_time: float | None
    due: int
    late: int
    missing: int
    rows: int
    quarantined: int
    resent: int

    @property
    def grade(self) -> str:
        """good, fair or poor, for a word beside the number."""
        return "good" if self.points >= 90 else "fair" if self.points >= 75 else "poor"


def score(own: Sequence[Submission], due: DueDays, today: date, months: Sequence[date]) -> Score | None:
    """The score of one reporter's submissions over `months`; nothing where nothing was due or sent."""
    sent: dict[tuple[str, date], list[Submission]] = defaultdict(list)
    for entry in own:
        if entry.period is not None and month_end(entry.period) in months:
            sent[(entry.kind, month_end(entry.period))].append(entry)
    asked = [
        (kind, month) for month in months for kind in expected_kinds(own, month) if _is_due(due, kind, month, today)
    ]
    firsts = [min(versions, key=lambda e: e.received_at) for versions in sent.values()]
    late = sum(1 for one in asked if one in sent and _late(sent[one], due.of(*one)))
    missing = sum(1 for one in asked if one not in sent)
    rows, bad = sum(e.rows for e in firsts), sum(e.quarantined for e in firsts)
    resent = sum(1 for versions in sent.values() if len(versions) > 1)
    parts = (
        (IN_TIME, (len(asked) - missing - late / 2) / len(asked) if asked else None),
        (CLEAN, rows / (rows + bad) if rows + bad else None),
        (FIRST_TIME, 1 - resent / len(sent) if sent else None),
    )
    known = [(weight, share) for weight, share in parts if share is not None]
    if not known:
        return None
    points = 100 * sum(weight * share for weight, share in known) / sum(weight for weight, _ in known)
    in_time, clean, first_time = (share for _, share in parts)
    return Score(round(points, 1), in_time, clean, first_time, len(asked), late, missing, rows, bad, resent)


def _is_due(due: DueDays, kind: str, month: date, today: date) -> bool:
    day = due.of(kind, month)
    return day is not None and today > day


def _late(versions: Sequence[Submission], day: date | None) -> bool:
    return day is not None and min(version.received_at for version in versions).date() > day
