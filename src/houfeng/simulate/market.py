"""What only the province as a whole has: balances between banks, products and needs.

Needs are found among the firms of the first chunk, so these parts stay small in a province of any size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from houfeng.book.model import kind
from houfeng.simulate.firms import NEVER, Firms
from houfeng.simulate.ground import columns as c
from houfeng.simulate.ground.banks import Banks
from houfeng.simulate.ground.identifiers import numbered
from houfeng.simulate.ground.months import Months
from houfeng.simulate.registers import REGION_WORDS

NEEDS = 2000


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
