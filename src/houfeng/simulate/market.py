"""What only the province as a whole has: platforms and their debts, balances between banks, products and needs.

Platforms and needs are found among the firms of the first chunk, so these parts stay small in a province of any size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from houfeng.book.model import kind
from houfeng.simulate.firms import NEVER, Array, Firms
from houfeng.simulate.ground import columns as c
from houfeng.simulate.ground.banks import Banks, owners
from houfeng.simulate.ground.identifiers import numbered
from houfeng.simulate.ground.months import Months
from houfeng.simulate.registers import REGION_WORDS, names

PLATFORMS, NEEDS = 80, 2000
DEBTS = 5  # per platform
INSTRUMENTS = ("bank_loan", "bond", "nonstandard_trust", "nonstandard_leasing", "nonstandard_other")
TREATMENTS = ("repay", "swap_bond", "refinance", "extend", "asset_sale", "none")


def platform_firms(firms: Firms) -> Array:
    """Positions of the firms that are financing platforms: the biggest companies of the state."""
    state = np.flatnonzero((firms.ownership == 0) & (firms.kind == 0))
    biggest: Array = state[np.argsort(-firms.assets[state], kind="stable")][:PLATFORMS]
    return biggest


def platforms(firms: Firms) -> Any:
    """The list of platforms."""
    at = platform_firms(firms)
    columns = {
        "enterprise_id": firms.ids.take(pa.array(at)),
        "name": names(firms).take(pa.array(at)),
        "level": c.pick(["county", "city", "park", "county", "province"], np.arange(len(at)) % 5),
        "region": c.pick(REGION_WORDS, firms.city[at]),
        "list_class": c.pick(["listed", "listed", "treated", "ordinary"], np.arange(len(at)) % 4),
        "is_bond_issuer": c.flags(np.arange(len(at)) % 3 == 0),
        "controller_id": owners().take(pa.array(firms.city[at])),
    }
    return c.table(kind("platform"), columns, len(at))


def platform_debts(firms: Firms, banks: Banks, month: int, months: Months) -> Any:
    """The debts of the platforms at a month end: each paid down over its life, overdue once the platform defaults."""
    at = np.repeat(platform_firms(firms), DEBTS)
    number = np.arange(len(at))
    term = 24 + number * 7 % 60
    start = -(number * 11 % 24) - 6
    here = np.flatnonzero(month < start + term)
    at, number, term, start = at[here], number[here], term[here], start[here]
    principal = c.fen(np.maximum(firms.assets[at] * (0.05 + 0.02 * (number % 4)), 1e6))
    begins, ends = months.starts(-31, -5)[start + 31], c.day_number(months.first(0)) + (start + term) * 30
    instrument = number * 3 % len(INSTRUMENTS)
    late = firms.default[at] <= month
    cost = 380_000 + 90_000 * instrument
    columns = {
        "enterprise_id": firms.ids.take(pa.array(at)),
        "debt_no": numbered("SIMZW", number, 8),
        "period": c.days(np.full(len(at), c.day_number(months.end(month)))),
        "creditor_id": c.blanked(c.pick(banks.ids, number % len(banks)), instrument == 0),
        "instrument": c.pick(INSTRUMENTS, instrument),
        "principal": c.money(principal),
        "balance": c.money(principal - principal // (2 * term) * (month - start)),
        "rate": c.rate(cost),
        "all_in_cost": c.rate(cost + 60_000),
        "starts_on": c.days(begins),
        "matures_on": c.days(ends),
        "next_payment_on": c.days(np.minimum(ends, c.day_number(months.end(month)) + 1 + number % 90)),
        "is_hidden": c.flags(number % 4 == 1),
        "registry_no": c.blanked(numbered("SIMJC", number, 8), number % 4 == 1),
        "treatment": c.pick(TREATMENTS, number % len(TREATMENTS)),
        "debt_state": c.pick(
            ["normal", "restructured", "overdue"], np.where(late, 2, (number % 17 == 3).astype(np.int64))
        ),
        "consented": c.flags(number % 3 != 0),
    }
    return c.table(kind("platform_debt"), columns, len(at))


def interbank(banks: Banks, lender: int, month: int, months: Months) -> Any:
    """What one bank has lent to the banks that stand next to it, more to the big ones."""
    step = np.arange(1, min(4, len(banks)))
    to = (lender + step * step) % len(banks)
    to = np.unique(to[to != lender])
    share = banks.weight.mean(axis=0)
    amount = c.fen(2e10 * np.sqrt(share[lender] * share[to]) * (1.0 + 0.1 * np.sin(month + to)))
    columns = {
        "lender_id": c.same(banks.ids[lender], len(to)),
        "borrower_id": c.pick(banks.ids, to),
        "instrument": c.pick(["lending", "deposit", "repo"], to % 3),
        "period": c.days(np.full(len(to), c.day_number(months.end(month)))),
        "amount": c.money(amount),
    }
    return c.table(kind("interbank_exposure"), columns, len(to))


def products(banks: Banks, lender: int) -> Any:
    """The two loan products of one lender."""
    bank, second = np.full(2, lender), np.arange(2)
    low = 300_000 + np.maximum(banks.spread[bank], 0) + 20_000 * second
    columns = {
        "product_no": numbered("SIMCP", bank * 10 + second, 6),
        "institution_id": c.pick(banks.ids, bank),
        "name": c.pick(["模拟信用快贷", "模拟抵押贷"], second),
        "min_amount": c.money(np.where(second == 0, 1_000_000, 10_000_000)),
        "max_amount": c.money(np.where(second == 0, 500_000_000, 10_000_000_000)),
        "min_rate": c.rate(low),
        "max_rate": c.rate(low + 200_000),
        "max_term_months": c.integers(np.where(second == 0, 12, 60)),
        "guarantee_modes": c.pick(["D", "B,C,E"], second),
        "conditions": c.same("模拟：成立满一年，无不良信用记录", len(bank)),
    }
    return c.table(kind("product"), columns, len(bank))


def needs(firms: Firms, months: Months, rng: np.random.Generator) -> Any:
    """What firms ask for: small ones and those without a loan, none of them in trouble."""
    ask = (rng.random(len(firms)) < np.where(firms.borrows, 0.02, 0.06)) & (firms.trouble == NEVER) & (firms.kind < 3)
    at = np.flatnonzero(ask)[:NEEDS]
    posted = c.day_number(months.first(0)) - rng.integers(0, 60, len(at))
    columns = {
        "need_no": numbered("SIMXQ", firms.index[at], 9),
        "enterprise_id": firms.ids.take(pa.array(at)),
        "amount": c.money(np.maximum(c.fen(firms.revenue[at] * 0.15), 5_000_000)),
        "term_months": c.integers(rng.choice([6, 12, 24, 36], len(at))),
        "use": c.pick(["采购原材料", "购置设备", "补充流动资金"], rng.integers(0, 3, len(at))),
        "guarantee_offered": c.pick(["D", "C99", "B01", "A"], rng.integers(0, 4, len(at))),
        "deadline": c.days(posted + 90),
        "region": c.pick(REGION_WORDS, firms.city[at]),
        "state": c.same("open", len(at)),
        "valid_from": c.days(posted),
    }
    return c.table(kind("need"), columns, len(at))
