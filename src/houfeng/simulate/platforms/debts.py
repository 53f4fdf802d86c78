"""The list of platforms and the ledger of their debts, month by month.

Platforms are found among the firms of the first chunk. Nothing here draws a random number: what a platform or a debt is
like follows from its number, so that the streams of the rest of the province stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from houfeng.book.model import kind
from houfeng.simulate.firms import Array, Firms
from houfeng.simulate.ground import columns as c
from houfeng.simulate.ground.banks import Banks, owners
from houfeng.simulate.ground.identifiers import numbered
from houfeng.simulate.ground.months import Months
from houfeng.simulate.registers import REGION_WORDS, names

PLATFORMS = 80
DEBTS = 5  # per platform
INSTRUMENTS = ("bank_loan", "bond", "nonstandard_trust", "nonstandard_leasing", "nonstandard_other")
TREATMENTS = ("repay", "swap_bond", "refinance", "extend", "asset_sale", "none")
CLASSES = ("listed", "listed", "treated", "ordinary")
RESOLVED_BEFORE = 3, 10
"""The part of the registered hidden debt that was resolved before the first plan quarter, as a fraction."""


@dataclass(frozen=True)
class Ledger:
    """The debts that stand at a month end, as arrays of equal length; money in fen."""

    firm: Array  # position of the platform among the firms
    number: Array
    term: Array
    start: Array  # month
    principal: Array
    balance: Array

    @property
    def platform(self) -> Array:
        """Number of the platform."""
        return self.number // DEBTS

    @property
    def instrument(self) -> Array:
        """Place in INSTRUMENTS."""
        return self.number * 3 % len(INSTRUMENTS)

    @property
    def hidden(self) -> Array:
        """Whether it is hidden debt: ordinary firms have none, and some listed platforms have none left."""
        platform = self.platform
        hidden: Array = (self.number % 4 == 1) & (platform % 4 != 3) & (platform % 8 != 4)
        return hidden

    def owed(self, which: Array, count: int) -> Array:
        """The balances of the debts for which `which` holds, summed for each of `count` platforms."""
        found = np.zeros(count, dtype=np.int64)
        np.add.at(found, self.platform[which], self.balance[which])
        return found


def platform_firms(firms: Firms) -> Array:
    """Positions of the firms that are financing platforms: the biggest companies of the state."""
    state = np.flatnonzero((firms.ownership == 0) & (firms.kind == 0))
    biggest: Array = state[np.argsort(-firms.assets[state], kind="stable")][:PLATFORMS]
    return biggest


def ledger(firms: Firms, month: int) -> Ledger:
    """The debts of the platforms at a month end: each paid down over its life."""
    at = np.repeat(platform_firms(firms), DEBTS)
    number = np.arange(len(at))
    term = 24 + number * 7 % 60
    start = -(number * 11 % 24) - 6
    here = np.flatnonzero(month < start + term)
    at, number, term, start = at[here], number[here], term[here], start[here]
    principal = c.fen(np.maximum(firms.assets[at] * (0.05 + 0.02 * (number % 4)), 1e6))
    return Ledger(at, number, term, start, principal, principal - principal // (2 * term) * (month - start))


def hidden_at(firms: Firms, month: int) -> Array:
    """Hidden debt of each platform at a month end, in fen."""
    found = ledger(firms, month)
    return found.owed(found.hidden, len(platform_firms(firms)))


def platforms(firms: Firms, months: Months) -> Any:
    """The list of platforms, with the hidden debt that was registered for them."""
    at = platform_firms(firms)
    number = np.arange(len(at))
    part, of = RESOLVED_BEFORE
    registered = hidden_at(firms, before_plan(months)) * of // (of - part)
    columns = {
        "enterprise_id": firms.ids.take(pa.array(at)),
        "name": names(firms).take(pa.array(at)),
        "level": c.pick(["county", "city", "park", "county", "province"], number % 5),
        "region": c.pick(REGION_WORDS, firms.city[at]),
        "list_class": c.pick(CLASSES, number % 4),
        "is_bond_issuer": c.flags(number % 3 == 0),
        "controller_id": owners().take(pa.array(firms.city[at])),
        "hidden_baseline": c.money(registered, registered > 0),
        "baseline_on": c.days(np.full(len(at), c.day_number(months.end(before_plan(months)))), registered > 0),
    }
    return c.table(kind("platform"), columns, len(at))


def before_plan(months: Months) -> int:
    """The quarter end before the first quarter of the plan: three to five months before the first month reported."""
    return next(month for month in range(-3, -6, -1) if months.ends_quarter(month))


def platform_debts(firms: Firms, banks: Banks, month: int, months: Months) -> Any:
    """The debts of the platforms at a month end; overdue once the platform defaults."""
    found = ledger(firms, month)
    at, number, instrument, platform = found.firm, found.number, found.instrument, found.platform
    begins = months.starts(-31, -5)[found.start + 31]
    ends = c.day_number(months.first(0)) + (found.start + found.term) * 30
    late = firms.default[at] <= month
    cost = 380_000 + 90_000 * instrument
    today = c.day_number(months.end(month))
    columns = {
        "enterprise_id": firms.ids.take(pa.array(at)),
        "debt_no": numbered("SIMZW", number, 8),
        "period": c.days(np.full(len(at), today)),
        "creditor_id": c.blanked(c.pick(banks.ids, number % len(banks)), instrument == 0),
        "instrument": c.pick(INSTRUMENTS, instrument),
        "principal": c.money(found.principal),
        "balance": c.money(found.balance),
        "rate": c.rate(cost),
        "all_in_cost": c.rate(cost + 60_000),
        "starts_on": c.days(begins),
        "matures_on": c.days(ends),
        "next_payment_on": c.days(np.minimum(ends, today + 1 + number % 90)),
        "use": c.blanked(c.pick(USES, _use(number, platform)), number % 17 != 9),
        "guarantee_mode": c.pick(["D", "C99", "B01"], number % 3),
        "government_credit": c.flags((number % 29 == 7) | ((platform % 16 == 11) & (instrument == 2))),
        "is_hidden": c.flags(found.hidden),
        "registry_no": c.blanked(numbered("SIMJC", number, 8), found.hidden),
        "treatment": c.pick(TREATMENTS, number % len(TREATMENTS)),
        "debt_state": c.pick(
            ["normal", "restructured", "overdue"], np.where(late, 2, (number % 17 == 3).astype(np.int64))
        ),
        "consented": c.flags(number % 3 != 0),
    }
    return c.table(kind("platform_debt"), columns, len(at))


USES = ("repay_principal", "repay_interest", "working_capital", "own_project")


def _use(number: Array, platform: Array) -> Array:
    """Place in USES: ordinary firms finance their own projects; a few of the others borrow for what they may not."""
    barred = np.where(number % 11 == 4, 2, np.where(number % 13 == 6, 1, 0))
    use: Array = np.where(platform % 4 == 3, 3, barred)
    return use
