"""The creditor table of an enterprise, taken from the book; and the count of its creditors' votes.

The table is a fact of a day as known at a moment. It is frozen into each plan version with the submissions it rests
on, so that years later a court sees what the committee saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from houfeng.cases.terms import Threshold

FEN = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Creditor:
    """What one institution has lent to the enterprise: on `period`, by `notes` loan notes, told by `submissions`."""

    institution_id: str
    name: str
    balance: Decimal
    overdue: Decimal
    notes: int
    rate_low: Decimal | None
    rate_high: Decimal | None
    quality: str
    matures_first: date | None
    period: date
    submissions: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """The row as JSON values: amounts as text, exact."""
        return {name: _plain(getattr(self, name)) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class CreditorTable:
    """All creditors of an enterprise on `as_of`, as known at `known_at`, largest first."""

    enterprise_id: str
    as_of: date
    known_at: datetime
    rows: tuple[Creditor, ...]

    @property
    def total(self) -> Decimal:
        """The sum of all balances."""
        return sum((row.balance for row in self.rows), Decimal(0))

    def of(self, institution_id: str) -> Creditor | None:
        """The row of one institution."""
        return next((row for row in self.rows if row.institution_id == institution_id), None)

    def plain(self) -> dict[str, Any]:
        """The table as JSON values."""
        return {
            "enterprise_id": self.enterprise_id,
            "as_of": self.as_of.isoformat(),
            "known_at": self.known_at.isoformat(),
            "rows": [row.plain() for row in self.rows],
        }


def table_of(plain: Mapping[str, Any]) -> CreditorTable:
    """The table its `plain()` came from."""
    rows = tuple(
        Creditor(
            institution_id=row["institution_id"],
            name=row["name"],
            balance=Decimal(row["balance"]),
            overdue=Decimal(row["overdue"]),
            notes=row["notes"],
            rate_low=_decimal(row["rate_low"]),
            rate_high=_decimal(row["rate_high"]),
            quality=row["quality"],
            matures_first=date.fromisoformat(row["matures_first"]) if row["matures_first"] else None,
            period=date.fromisoformat(row["period"]),
            submissions=tuple(row["submissions"]),
        )
        for row in plain["rows"]
    )
    known = datetime.fromisoformat(plain["known_at"])
    return CreditorTable(plain["enterprise_id"], date.fromisoformat(plain["as_of"]), known, rows)


class BookAt(Protocol):
    """The book on a day, as known at a moment: SQL over the names of the record kinds."""

    @property
    def as_of(self) -> date:
        """The day."""

    @property
    def known_at(self) -> datetime:
        """The moment."""

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """The rows of `sql`."""


_CREDITORS = """
    SELECT b.institution_id, coalesce(any_value(i.name), b.institution_id) AS name, sum(b.amount) AS balance,
           coalesce(sum(b.amount) FILTER (b.overdue_days > 0), 0) AS overdue, count(*) AS notes,
           min(b.rate) AS rate_low, max(b.rate) AS rate_high, coalesce(max(b.quality), '') AS quality,
           min(coalesce(l.extended_to, l.matures_on)) AS matures_first, max(b.period) AS period,
           list(DISTINCT b._submission) AS submissions
    FROM (SELECT *, coalesce(balance_cny, balance) AS amount FROM loan_balance WHERE borrower_id = ?) b
    LEFT JOIN loan l USING (institution_id, contract_no, note_no)
    LEFT JOIN institution i ON i.institution_id = b.institution_id
    WHERE b.amount > 0
    GROUP BY b.institution_id ORDER BY balance DESC, b.institution_id
"""


def creditors_from(book: BookAt, enterprise_id: str) -> CreditorTable:
    """The creditors of an enterprise by the book: every institution with a loan balance above zero."""
    found = []
    for row in book.rows(_CREDITORS, [enterprise_id]):
        exact = {name: Decimal(row[name]).quantize(FEN) for name in ("balance", "overdue")}
        found.append(Creditor(**{**row, **exact, "submissions": tuple(sorted(row["submissions"]))}))
    return CreditorTable(enterprise_id, book.as_of, book.known_at, tuple(found))


class Vote(StrEnum):
    """What a creditor said to a plan."""

    FOR = "for"
    AGAINST = "against"
    ABSTAIN = "abstain"


class Tally(NamedTuple):
    """A threshold and what stands on its scale: fen where by amount, heads where by head."""

    threshold: Threshold
    part: int
    whole: int

    @property
    def carries(self) -> bool:
        """Whether the votes reach the threshold."""
        return self.threshold.met(self.part, self.whole)

    @property
    def share(self) -> Decimal:
        """The share in favour, as a number for people."""
        return Decimal(self.part) / Decimal(self.whole) if self.whole else Decimal(0)


def tally(table: CreditorTable, votes: Mapping[str, Vote], thresholds: Iterable[Threshold]) -> list[Tally]:
    """How `votes` stand against each threshold. Who did not vote counts in the whole: silence is not consent."""
    weights = {row.institution_id: int(row.balance / FEN) for row in table.rows}
    in_favour = [name for name in weights if votes.get(name) is Vote.FOR]
    found = []
    for threshold in thresholds:
        by_amount = threshold.name.endswith("_amount")
        part = sum(weights[name] for name in in_favour) if by_amount else len(in_favour)
        found.append(Tally(threshold, part, sum(weights.values()) if by_amount else len(weights)))
    return found


def carried(tallies: Sequence[Tally], creditors: int) -> bool:
    """Whether every threshold is reached; with no creditor there is nobody to ask."""
    return not creditors or all(each.carries for each in tallies)


def _plain(value: Any) -> Any:
    if isinstance(value, (Decimal, date)):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _decimal(text: str | None) -> Decimal | None:
    return Decimal(text) if text is not None else None
