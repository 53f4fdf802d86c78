"""What banks have lent to several firms together, against the limits on groups; read for those firms only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from houfeng.packs.roads.sql import literal
from houfeng.penetration.monthly.limits import Limits
from houfeng_desk.queries.enterprise.lending import bank_names
from houfeng_desk.queries.penetration.rows import Within
from houfeng_desk.reader import Reader

NONE = Decimal(0)


@dataclass(frozen=True)
class BankLine:
    """One bank's loans to them all; `share` is percent of its net tier-1 capital, nothing where that is not known."""

    bank: str
    institution_id: str
    amount: Decimal
    firms: int
    share: Decimal | None
    limit: Decimal
    large_line: Decimal

    @property
    def over(self) -> bool:
        """Whether the limit on groups is passed."""
        return self.share is not None and self.share > self.limit

    @property
    def large(self) -> bool:
        """Whether it is a large exposure (大额风险暴露)."""
        return self.share is not None and self.share >= self.large_line


@dataclass(frozen=True)
class Lent:
    """What firms owe: by firm (balance, overdue) and by bank, the largest first."""

    firms: dict[str, tuple[Decimal, Decimal]]
    banks: tuple[BankLine, ...]

    @property
    def total(self) -> Decimal:
        """All of it."""
        return sum((one.amount for one in self.banks), NONE)


def lent(reader: Reader, within: Within, firms: Collection[str], limits: Limits | None = None) -> Lent:
    """What `firms` owe in the viewer's scope on the day looked at."""
    limits = limits or Limits()
    if not firms or not within.reported("loan_balance"):
        return Lent({}, ())
    listed = ", ".join(literal(one) for one in sorted(firms))
    rows = within.rows(
        "SELECT borrower_id, institution_id, sum(coalesce(balance_cny, balance)) AS owed,"
        " sum(coalesce(balance_cny, balance)) FILTER (coalesce(overdue_days, 0) > 0) AS late"
        f" FROM ({within.select('loan_balance', as_of=reader.as_of)}) WHERE borrower_id IN ({listed})"
        " GROUP BY 1, 2 HAVING sum(coalesce(balance_cny, balance)) > 0"
    )
    by_firm, by_bank = dict[str, tuple[Decimal, Decimal]](), dict[str, list[Decimal]]()
    for row in rows:
        owed, late = by_firm.get(row["borrower_id"], (NONE, NONE))
        by_firm[row["borrower_id"]] = (owed + row["owed"], late + (row["late"] or NONE))
        by_bank.setdefault(str(row["institution_id"]), []).append(row["owed"])
    own = {
        row["institution_id"]: row["tier1_capital"]
        for row in reader.rows("SELECT institution_id, tier1_capital FROM institution")
    }
    names = bank_names(reader)
    banks = [
        BankLine(
            names.get(bank, bank), bank, sum(amounts, NONE), len(amounts), _share(sum(amounts, NONE), own.get(bank)),
            limits.group, limits.large,
        )
        for bank, amounts in by_bank.items()
    ]  # fmt: skip
    banks.sort(key=lambda one: (-one.amount, one.bank))
    return Lent(by_firm, tuple(banks))


def _share(amount: Decimal, capital: Decimal | None) -> Decimal | None:
    return (100 * amount / capital).quantize(Decimal("0.01")) if capital else None
