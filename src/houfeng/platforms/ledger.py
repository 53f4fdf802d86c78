"""The ledger of platforms: who they are, what they owe to whom, and what else the book holds of them on a day.

Everything here is read once and handed to the computations as plain values; money stays in exact decimals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from houfeng.book.connection import quoted
from houfeng.engine.duckdb import Engine
from houfeng.packs.roads.compile import Views

NONE = Decimal(0)
OVERDUE_RECORDS = ("nonstandard_overdue", "bill_overdue")
"""Public records that tell of an overdue of non-standard debt or of commercial bills."""

Row = Mapping[str, Any]


class Source(Views, Protocol):
    """The book as it may be seen: SQL of a kind on a day, and answers to SQL over it."""

    def rows(self, sql: str) -> Sequence[Row]:
        """The answer to `sql`, by column name."""


@dataclass(frozen=True)
class BookSource:
    """A source over the views of a book, with an engine that answers."""

    views: Views
    engine: Engine

    def select(
        self, kind: str, *, as_of: date | None = None, exact: bool = False, columns: Sequence[str] | None = None
    ) -> str:
        """SQL of the rows of `kind` in force."""
        return self.views.select(kind, as_of=as_of, exact=exact, columns=columns)

    def rows(self, sql: str) -> Sequence[Row]:
        """The answer to `sql`."""
        found: list[Row] = self.engine.table(sql).to_pylist()
        return found


@dataclass(frozen=True, slots=True)
class Debt:
    """One debt of a platform at the day of the ledger. `hidden` and the like are None where nobody told."""

    debt_no: str
    balance: Decimal
    creditor_id: str = ""
    creditor: str = ""
    instrument: str = ""
    principal: Decimal | None = None
    rate: Decimal | None = None
    cost: Decimal | None = None
    starts_on: date | None = None
    matures_on: date | None = None
    next_payment_on: date | None = None
    use: str = ""
    guarantee_mode: str = ""
    government_credit: bool | None = None
    hidden: bool | None = None
    registry_no: str = ""
    treatment: str = ""
    state: str = ""
    consented: bool | None = None

    @property
    def nonstandard(self) -> bool:
        """Whether it is a trust, a lease, factoring or the like."""
        return self.instrument.startswith("nonstandard")

    @property
    def holder(self) -> str:
        """Who answers for it in a vote: the creditor, or the debt itself where no creditor has a code."""
        return self.creditor_id or self.debt_no

    @property
    def all_in(self) -> Decimal | None:
        """Its all-in cost in percent a year, or its rate where nothing else is known."""
        return self.cost if self.cost is not None else self.rate


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform on a day: its list class, its debts as of `period`, and the latest rows of the other kinds."""

    enterprise_id: str
    name: str = ""
    level: str = ""
    region: str = ""
    list_class: str = ""
    bond_issuer: bool | None = None
    controller_id: str = ""
    baseline: Decimal | None = None
    baseline_on: date | None = None
    period: date | None = None
    debts: tuple[Debt, ...] = ()
    statement: Row = field(default_factory=dict)
    reports: tuple[Row, ...] = ()
    exit: Row = field(default_factory=dict)
    votes: tuple[Row, ...] = ()
    plan: tuple[Row, ...] = ()
    finance: Row = field(default_factory=dict)
    overdue_records: int | None = None

    @property
    def total(self) -> Decimal:
        """All it owes."""
        return sum((debt.balance for debt in self.debts), NONE)

    @property
    def hidden(self) -> Decimal:
        """Its hidden debt; what is not told to be hidden is not."""
        return sum((debt.balance for debt in self.debts if debt.hidden), NONE)

    @property
    def nonstandard(self) -> Decimal:
        """Its non-standard debt."""
        return sum((debt.balance for debt in self.debts if debt.nonstandard), NONE)

    @property
    def report(self) -> Row:
        """Its latest quarterly report; empty where there is none."""
        return self.reports[-1] if self.reports else {}


def read_platforms(source: Source, day: date, enterprise: str = "") -> list[Platform]:
    """The platforms in force on `day`, or the one called `enterprise`, by id. Debts paid off are left out.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    rows = {kind: _by_firm(source, kind, day, enterprise) for kind in KINDS}
    names = {row["institution_id"]: row["name"] for row in _rows(source, "institution", day)}
    finance = {row["region"]: row for row in _rows(source, "region_finance", day)}
    records = _overdue_records(source, day, enterprise)
    reports = _by_firm(source, "platform_report", None, enterprise)
    return [
        _platform(
            row,
            {kind: rows[kind].get(firm, []) for kind in KINDS},
            sorted((r for r in reports.get(firm, ()) if r["period"] <= day), key=lambda r: r["period"]),
            names,
            finance.get(row["region"], {}),
            records.get(firm, 0),
        )
        for firm, (row, *_) in sorted(rows["platform"].items())
    ]


KINDS = ("platform", "platform_debt", "platform_exit", "platform_vote", "platform_plan", "financial_statement")


def _platform(
    row: Row,
    of: Mapping[str, Sequence[Row]],
    reports: Sequence[Row],
    names: Mapping[str, str],
    finance: Row,
    records: int,
) -> Platform:
    debts = tuple(_debt(one, names) for one in sorted(of["platform_debt"], key=_debt_order) if one["balance"] > 0)
    periods = [one["period"] for one in of["platform_debt"]]
    return Platform(
        enterprise_id=row["enterprise_id"],
        name=row["name"] or row["enterprise_id"],
        level=row["level"] or "",
        region=row["region"] or "",
        list_class=row["list_class"] or "",
        bond_issuer=row["is_bond_issuer"],
        controller_id=row["controller_id"] or "",
        baseline=row["hidden_baseline"],
        baseline_on=row["baseline_on"],
        period=max(periods, default=None),
        debts=debts,
        statement=next(iter(of["financial_statement"]), {}),
        reports=tuple(reports),
        exit=next(iter(of["platform_exit"]), {}),
        votes=tuple(sorted(of["platform_vote"], key=lambda one: str(one["creditor_id"]))),
        plan=tuple(sorted(of["platform_plan"], key=lambda one: (one["quarter"], one["method"]))),
        finance=finance,
        overdue_records=records,
    )


def _debt(row: Row, names: Mapping[str, str]) -> Debt:
    creditor = row["creditor_id"] or ""
    return Debt(
        debt_no=row["debt_no"],
        balance=row["balance"],
        creditor_id=creditor,
        creditor=names.get(creditor) or creditor,
        instrument=row["instrument"] or "",
        principal=row["principal"],
        rate=row["rate"],
        cost=row["all_in_cost"],
        starts_on=row["starts_on"],
        matures_on=row["matures_on"],
        next_payment_on=row["next_payment_on"],
        use=row["use"] or "",
        guarantee_mode=row["guarantee_mode"] or "",
        government_credit=row["government_credit"],
        hidden=row["is_hidden"],
        registry_no=row["registry_no"] or "",
        treatment=row["treatment"] or "",
        state=row["debt_state"] or "",
        consented=row["consented"],
    )


def _debt_order(row: Row) -> tuple[bool, date, str]:
    return row["matures_on"] is None, row["matures_on"] or date.max, row["debt_no"]


def _rows(source: Source, kind: str, day: date | None, where: str = "TRUE") -> Sequence[Row]:
    return source.rows(f"SELECT * FROM ({source.select(kind, as_of=day)}) WHERE {where}")


def _by_firm(source: Source, kind: str, day: date | None, enterprise: str) -> dict[str, list[Row]]:
    """Rows by enterprise; of statements, those of platforms alone, the latest where several report."""
    where = f"enterprise_id = '{quoted(enterprise)}'" if enterprise else "TRUE"
    if kind == "financial_statement":
        where += f" AND enterprise_id IN (SELECT enterprise_id FROM ({source.select('platform', as_of=day)}))"
        order = "ORDER BY period DESC, total_assets, _submission, _row"
        where += f" QUALIFY row_number() OVER (PARTITION BY enterprise_id {order}) = 1"
    found: dict[str, list[Row]] = {}
    for row in _rows(source, kind, day, where):
        found.setdefault(row["enterprise_id"], []).append(row)
    return found


def _overdue_records(source: Source, day: date, enterprise: str) -> dict[str, int]:
    """Records of overdue non-standard debt or bills within a year before `day`, by platform."""
    kinds = ", ".join(f"'{one}'" for one in OVERDUE_RECORDS)
    one = f"AND enterprise_id = '{quoted(enterprise)}'" if enterprise else ""
    rows = source.rows(
        f"SELECT enterprise_id, count(*) AS n FROM ({source.select('public_record', as_of=day)}) "
        f"WHERE record_type IN ({kinds}) AND occurred_on > DATE '{day}' - 365 {one} AND enterprise_id IN "
        f"(SELECT enterprise_id FROM ({source.select('platform', as_of=day)})) GROUP BY ALL"
    )
    return {row["enterprise_id"]: int(row["n"]) for row in rows}


def hidden_by_quarter(source: Source, day: date) -> dict[str, dict[date, Decimal]]:
    """Hidden debt of each platform at the quarter ends up to `day` for which the ledger was told."""
    rows = source.rows(
        "SELECT enterprise_id, period, CAST(coalesce(sum(balance) FILTER (is_hidden), 0) AS DECIMAL(20, 2)) AS hidden "
        f"FROM ({source.select('platform_debt')}) WHERE period <= DATE '{day}' AND month(period) % 3 = 0 GROUP BY ALL"
    )
    found: dict[str, dict[date, Decimal]] = {}
    for row in rows:
        found.setdefault(row["enterprise_id"], {})[row["period"]] = row["hidden"]
    return found


def weighted_cost(debts: Iterable[Debt]) -> Decimal | None:
    """The all-in cost in percent, weighted by balance, of the debts whose cost is known; five decimals, half up."""
    known = [(debt.balance, debt.all_in) for debt in debts if debt.all_in is not None]
    whole = sum((balance for balance, _ in known), NONE)
    if not whole:
        return None
    total = sum((balance * cost for balance, cost in known if cost is not None), NONE)
    return (total / whole).quantize(Decimal("0.00001"), "ROUND_HALF_UP")
