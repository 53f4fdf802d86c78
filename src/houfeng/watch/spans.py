"""On which days each submission speaks: the stretches of days on which its rows are the ones a feature sees.

A feature on day d is taken as known when d began. For each reporter one submission is then in use: of those known, the
one nearest to d from below. This turns two times into one, so that features over a whole history are plain joins.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from houfeng.book.model import Kind, Time
from houfeng.book.store import Submission

FIRST, LAST = date(1900, 1, 1), date(2200, 1, 1)


class Span(NamedTuple):
    """The rows of `submission_id` are in use on days d with `start <= d < end`; `rank` decides between reporters."""

    submission_id: str
    start: date
    end: date
    rank: int


def day_after(moment: datetime) -> date:
    """The first day that begins at or after `moment`."""
    day = moment.date()
    return day if moment == datetime(day.year, day.month, day.day) else day + timedelta(days=1)


def spans(kind: Kind, history: Sequence[Submission]) -> list[Span]:
    """The days on which each submission of a period or validity kind is in use."""
    by_reporter: dict[str, list[Submission]] = {}
    for entry in history:
        if entry.period is not None and (entry.known_to is None or entry.known_to > entry.known_from):
            by_reporter.setdefault(entry.reporter, []).append(entry)
    order = sorted(history, key=lambda e: (e.period or FIRST, e.known_from, e.reporter))
    ranks = {entry.submission_id: rank for rank, entry in enumerate(order)}
    found: list[Span] = []
    for entries in by_reporter.values():
        found += _of_reporter(kind, entries, ranks)
    return found


def _of_reporter(kind: Kind, entries: list[Submission], ranks: dict[str, int]) -> list[Span]:
    turns = sorted(
        {FIRST, LAST}
        | {day_after(entry.known_from) for entry in entries}
        | {day_after(entry.known_to) for entry in entries if entry.known_to is not None}
        | {entry.period for entry in entries if entry.period is not None}
        | {entry.period + timedelta(days=1) for entry in entries if entry.period is not None}
    )
    found: list[Span] = []
    for start, end in pairwise(turns):
        entry = _in_use(kind, entries, start)
        if entry is None:
            continue
        if found and found[-1].submission_id == entry.submission_id and found[-1].end == start:
            found[-1] = found[-1]._replace(end=end)
        else:
            found.append(Span(entry.submission_id, start, end, ranks[entry.submission_id]))
    return found


def _in_use(kind: Kind, entries: list[Submission], day: date) -> Submission | None:
    began = datetime(day.year, day.month, day.day)
    known = [e for e in entries if e.known_from <= began and (e.known_to is None or began < e.known_to)]
    past = [e for e in known if e.period is not None and e.period <= day]
    if past:
        return max(past, key=lambda e: (e.period, e.known_from))
    if kind.time is Time.PERIOD or not known:
        return None
    return min(known, key=lambda e: (e.period, e.known_from))
