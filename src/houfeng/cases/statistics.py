"""What became of cases: time in each state, recovery, relapse within a year; and outcomes as labels for replay."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.cases.files import visible
from houfeng.cases.plan.versions import latest
from houfeng.cases.states import LIVE, Outcome, State
from houfeng.cases.tables import CaseFile, CaseStep
from houfeng.errors import Text
from houfeng.office.access import Permission, Viewer
from houfeng.office.database import office_of

YEAR = timedelta(days=365)
BAD: frozenset[Outcome] = frozenset({Outcome.RESTRUCTURED, Outcome.BANKRUPT, Outcome.JUSTICE})
"""Outcomes that say the warning was right. A recovered firm was in trouble too, but did not go bad."""
GOOD: frozenset[Outcome] = frozenset({Outcome.RECOVERED, Outcome.FALSE_ALARM})
LABEL_HEADERS = ("enterprise_id", "bad_on", "label", "outcome", "case", "opened_on", "closed_on")
"""For `--key-column enterprise_id --date-column bad_on --label-column label --bad bad` of `houfeng watch`."""


class Stay(NamedTuple):
    """How long cases stayed in a state: how many stays, the median and the longest in days; `now` are there still."""

    state: State
    stays: int
    median_days: float
    longest_days: float
    now: int


class Group(NamedTuple):
    """Cases of one region, bank or measure and what became of them."""

    name: str
    cases: int
    live: int
    ended: int
    exposure: Decimal
    recovered: Decimal
    relapsed: int
    watched: int

    @property
    def recovery(self) -> Decimal | None:
        """The share of the ended cases' exposure that was recovered."""
        return self.recovered / self.exposure if self.exposure else None

    @property
    def relapse(self) -> Decimal | None:
        """The share of the cases ended over a year ago whose enterprise came back within the year."""
        return Decimal(self.relapsed) / self.watched if self.watched else None


def cases_of(session: Session, viewer: Viewer) -> Sequence[CaseFile]:
    """The cases of the viewer's scope."""
    viewer.require(Permission.SEE_CASES)
    return session.scalars(select(CaseFile).where(visible(viewer)).order_by(CaseFile.id)).all()


def stays(session: Session, cases: Iterable[CaseFile]) -> list[Stay]:
    """The time `cases` spent in each state, by their moves; a stay that has not ended counts up to now."""
    held = {case.id: case for case in cases}
    now = office_of(session).clock()
    spans: dict[State, list[timedelta]] = defaultdict(list)
    there: dict[State, int] = defaultdict(int)
    moves: dict[int, list[CaseStep]] = defaultdict(list)
    for step in session.scalars(select(CaseStep).order_by(CaseStep.case_id, CaseStep.number)):
        if step.case_id in held:
            moves[step.case_id].append(step)
    for steps in moves.values():
        for step, after in zip(steps, [*steps[1:], None], strict=True):
            state = State(step.to)
            if state not in LIVE:
                continue
            spans[state].append((after.at if after is not None else now) - step.at)
            there[state] += after is None
    return [_stay(state, spans[state], there[state]) for state in LIVE if spans[state]]


def _stay(state: State, spans: Sequence[timedelta], now: int) -> Stay:
    days = [span.total_seconds() / 86400 for span in spans]
    return Stay(state, len(days), round(median(days), 1), round(max(days), 1), now)


def groups(session: Session, cases: Sequence[CaseFile], keys: Callable[[CaseFile], Iterable[str]]) -> list[Group]:
    """Cases by what `keys` says of each, most first; a case may stand in several groups."""
    now = office_of(session).clock()
    relapses = _relapsed(cases)
    found: dict[str, list[CaseFile]] = defaultdict(list)
    for case in cases:
        for key in keys(case):
            found[key].append(case)
    told = [_group(name, own, relapses, now) for name, own in found.items()]
    return sorted(told, key=lambda group: (-group.cases, group.name))


def _group(name: str, cases: Sequence[CaseFile], relapses: set[int], now: datetime) -> Group:
    ended = [case for case in cases if case.ended_at is not None and case.outcome != Outcome.MERGED]
    watched = [case for case in ended if case.ended_at is not None and case.ended_at <= now - YEAR]
    return Group(
        name=name,
        cases=len(cases),
        live=sum(case.ended_at is None for case in cases),
        ended=len(ended),
        exposure=sum((case.exposure or Decimal(0) for case in ended), Decimal(0)),
        recovered=sum((case.recovered or Decimal(0) for case in ended), Decimal(0)),
        relapsed=sum(case.id in relapses for case in watched),
        watched=len(watched),
    )


def _relapsed(cases: Iterable[CaseFile]) -> set[int]:
    """Ended cases whose enterprise had another case within a year after, the false alarms left out."""
    by_firm: dict[str, list[CaseFile]] = defaultdict(list)
    for case in cases:
        by_firm[case.enterprise_id].append(case)
    return {
        case.id
        for own in by_firm.values()
        for case in own
        if case.ended_at is not None
        and any(
            case.ended_at < other.created_at <= case.ended_at + YEAR and other.outcome != Outcome.FALSE_ALARM
            for other in own
        )
    }


def banks_of(session: Session, case: CaseFile) -> list[str]:
    """The creditors of the newest plan, by name."""
    plan = latest(session, case.id)
    return [row["name"] for row in plan.creditors["rows"]] if plan is not None else []


def measures_in(session: Session, case: CaseFile) -> list[str]:
    """The kinds of measures of the newest plan."""
    plan = latest(session, case.id)
    return sorted({measure["kind"] for measure in plan.measures}) if plan is not None else []


class Label(NamedTuple):
    """What a closed case says of its enterprise."""

    enterprise_id: str
    bad: bool
    day: str
    outcome: Outcome
    case: CaseFile


def labels(cases: Iterable[CaseFile]) -> list[Label]:
    """Outcomes as labels: the day a bad enterprise went bad is the day its case began, as later ones knew of it."""
    found = []
    for case in cases:
        outcome = Outcome(case.outcome) if case.ended_at is not None and case.outcome else None
        if outcome in BAD or outcome in GOOD:
            bad = outcome in BAD
            assert outcome is not None
            found.append(Label(case.enterprise_id, bad, str(case.created_at.date()) if bad else "", outcome, case))
    return found


def labels_csv(cases: Iterable[CaseFile]) -> str:
    """The labels as a table that `houfeng watch replay`, `score` and `overlap` read."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(LABEL_HEADERS)
    for label in labels(cases):
        ended = label.case.ended_at
        writer.writerow(
            [
                label.enterprise_id, label.day, "bad" if label.bad else "good", label.outcome.value,
                label.case.number, label.case.created_at.date(), ended.date() if ended else "",
            ]
        )  # fmt: skip
    return out.getvalue()


LABEL_HELP = Text(
    "bad_on 为案件起始日；label 为 bad 或 good；并案与未办结的不计",
    "bad_on is the day the case began; label is bad or good; merged and live cases are left out",
)
