"""What is due from whom and when: the rhythm of each kind of record and the day by which a period's return must come.

The days are a setting; the rhythm is what the reporting rules ask: balances every month, statements every quarter.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from houfeng.book.model import kinds
from houfeng.book.storage.manifest import Submission
from houfeng.errors import InputError, Text
from houfeng.office import journal
from houfeng.office.access import Viewer
from houfeng.office.database import office_of
from houfeng.office.tables import SettingValue

SETTING = "data.due_days"
EVERY: Mapping[str, int] = {
    "loan": 1,
    "loan_balance": 1,
    "credit_line": 1,
    "interbank_exposure": 1,
    "platform_debt": 1,
    "guarantee": 3,
    "collateral": 3,
    "financial_statement": 3,
    "enterprise": 12,
    "enterprise_status": 12,
}
"""Kinds with a return that is due, and how many months lie between two."""

DAYS: Mapping[str, int] = {"monthly": 15, "quarterly": 30, "yearly": 31}
"""The day of the following month by which a return must come, where the setting says nothing else."""

RHYTHMS: Mapping[str, Text] = {
    "monthly": Text("月报", "Monthly"),
    "quarterly": Text("季报", "Quarterly"),
    "yearly": Text("年报", "Yearly"),
}
REACH = timedelta(days=366)
"""Who has sent nothing of a kind for longer than this is no longer expected to."""


def rhythm(kind: str) -> str:
    """monthly, quarterly or yearly; empty where nothing is due."""
    return {1: "monthly", 3: "quarterly", 12: "yearly"}.get(EVERY.get(kind, 0), "")


@dataclass(frozen=True)
class DueDays:
    """The days of the following month, by rhythm."""

    days: Mapping[str, int]

    def of(self, kind: str, period: date) -> date | None:
        """The last day on which the return of `kind` for `period` is in time."""
        day = self.days.get(rhythm(kind))
        if day is None:
            return None
        year, month = period.year + period.month // 12, period.month % 12 + 1
        return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def due_days(session: Session) -> DueDays:
    """The days in force."""
    kept = session.get(SettingValue, SETTING)
    changed = kept.value if kept is not None and isinstance(kept.value, dict) else {}
    return DueDays({name: int(changed.get(name, day)) for name, day in DAYS.items()})


def set_due_days(session: Session, viewer: Viewer, days: Mapping[str, int], why: str) -> None:
    """Change the days, in the transaction of `session`, with a line in the journal.

    Raises:
        InputError: a day is no day of a month.
    """
    for name, day in days.items():
        if name not in DAYS or not 1 <= day <= 31:
            raise InputError(Text("报送截止日应在 1 到 31 之间", "a due day lies between 1 and 31"))
    before = dict(due_days(session).days)
    kept = session.get(SettingValue, SETTING)
    value = {**before, **days}
    if kept is None:
        kept = SettingValue(name=SETTING, value=value, changed_by=viewer.login, changed_at=office_of(session).clock())
        session.add(kept)
    kept.value, kept.changed_by, kept.changed_at = value, viewer.login, office_of(session).clock()
    journal.write(
        session, viewer, "setting.change", f"setting:{SETTING}", why=why, detail={"from": before, "to": value}
    )


def expects(kind: str, month: date) -> bool:
    """Whether a return of `kind` is due for the month that ends on `month`."""
    every = EVERY.get(kind, 0)
    return bool(every) and month.month % every == 0


def expected_kinds(entries: Iterable[Submission], month: date) -> set[str]:
    """The kinds a reporter is expected to send for a month: those it has sent for it, or for one in the year before."""
    return {
        entry.kind
        for entry in entries
        if entry.period is not None and expects(entry.kind, month) and timedelta(0) <= month - entry.period <= REACH
    }


def label(kind: str) -> Text:
    """The kind in words."""
    return kinds()[kind].label
