"""What platforms do about their debts: the resolution plan, the answers of creditors, exits, quarterly reports.

Plan and ledger tell the same story: what is told as resolved is what has gone from the ledger, but for a few platforms
that plan more than they do, or tell more than has gone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from houfeng.book.model import kind
from houfeng.simulate.firms import Array, Firms
from houfeng.simulate.ground import columns as c
from houfeng.simulate.ground.banks import CITY_WEIGHTS, Banks
from houfeng.simulate.ground.identifiers import numbered
from houfeng.simulate.ground.months import Months
from houfeng.simulate.platforms.debts import before_plan, hidden_at, ledger, platform_firms
from houfeng.simulate.registers import REGION_WORDS

QUARTERS = 12
METHODS = ("rollover", "project_income", "asset_sale", "fiscal")
AMBITION = (100, 100, 180, 95, 110)
"""What a platform plans for each hundred that its ledger goes down by."""


def plan(firms: Firms, month: int, months: Months) -> Any:
    """The plan of every platform with hidden debt, with what was done in the quarters up to `month` (-1: the start)."""
    first = before_plan(months)
    count = max(QUARTERS, months.count // 3 + 4)
    ends = [first + 3 * n for n in range(count + 1)]
    stands = np.stack([hidden_at(firms, end) for end in ends])
    at = platform_firms(firms)
    number = np.arange(len(at))
    gone = np.vstack(
        [stands[0] * 3 // 7, stands[:-1] - stands[1:]]
    )  # what was resolved before the plan's first quarter
    aim = gone * np.array(AMBITION)[number % len(AMBITION)] // 100
    aim[0] = gone[0]
    told = np.where((number % 7 == 3) & (np.arange(count + 1)[:, None] > 0), gone * 5 // 4, gone)
    parts = [_lines(firms, at, n, end, aim[n], told[n], month, months) for n, end in enumerate(ends)]
    return pa.concat_tables(parts)


def _lines(firms: Firms, at: Array, step: int, end: int, aim: Array, told: Array, month: int, months: Months) -> Any:
    """The lines of one quarter: two ways for each platform that plans something."""
    which = np.repeat(np.flatnonzero(aim > 0), 2)
    second = np.tile([0, 1], len(which) // 2)
    method = np.where(second == 0, 0, 1 + which % 3) if step else np.where(second == 0, 3, 2)
    planned, done = (np.where(second == 0, one * 3 // 5, one - one * 3 // 5) for one in (aim[which], told[which]))
    known = np.full(len(which), end <= month)
    columns = {
        "enterprise_id": firms.ids.take(pa.array(at[which])),
        "quarter": c.days(np.full(len(which), c.day_number(months.end(end)))),
        "method": c.pick(METHODS, method),
        "planned": c.money(planned),
        "actual": c.money(done, known),
        "source_of_money": c.pick(["再融资", "经营收入", "资产处置", "预算安排"], method),
        "responsible": c.same("模拟：属地财政局", len(which)),
        "evidence": c.blanked(numbered("SIMPZ", which * 1000 + step * 10 + second, 9), known & (which % 6 != 5)),
        "approval": c.same("模拟〔2018〕1号", len(which)),
        "valid_from": c.days(np.full(len(which), c.day_number(months.first(0)) - 365)),
    }
    return c.table(kind("platform_plan"), columns, len(which))


def votes(firms: Firms, banks: Banks, month: int, months: Months) -> Any:
    """The answers of the creditors of platforms on their way out: more of them with every quarter."""
    found = ledger(firms, month)
    asked = np.flatnonzero(np.isin(found.platform % 8, (3, 4, 7)) & ~found.hidden)
    number, platform = found.number[asked], found.platform[asked]
    bank = found.instrument[asked] == 0
    before = platform % 8 == 3  # these have left
    turn = month // 3 + 1 + np.where(before, 5, platform % 3)
    answered = number % 5 < turn
    refuses = number % 10 == 8
    start = c.day_number(months.first(0)) - np.where(before, 200, 30)
    names = c.joined("模拟债权人", numbered("", number, 4))
    columns = {
        "enterprise_id": firms.ids.take(pa.array(found.firm[asked])),
        "creditor_id": pa.array(
            [banks.ids[n % len(banks)] if own else f"SIMZW{n:08d}" for n, own in zip(number, bank, strict=True)],
            pa.string(),
        ),
        "creditor_name": names,
        "vote": c.pick(["pending", "consent", "object"], np.where(answered, np.where(refuses, 2, 1), 0)),
        "balance": c.money(found.balance[asked]),
        "asked_on": c.days(start),
        "voted_on": c.days(start + 14 + number % 60 % 30, answered),
        "evidence": c.blanked(numbered("SIMHH", number, 8), answered),
        "valid_from": c.days(start),
    }
    return c.table(kind("platform_vote"), columns, len(asked))


def exits(firms: Firms, month: int, months: Months) -> Any:
    """How far the exits have come at a month end (-1: the first day); what lies later is not told yet."""
    at = platform_firms(firms)
    number = np.flatnonzero(np.isin(np.arange(len(at)) % 8, (3, 4, 7)))
    first = c.day_number(months.first(0))
    today = first if month < 0 else c.day_number(months.end(month))
    kind_of = number % 16
    off = first + np.select([kind_of == 11, kind_of == 3, kind_of == 7], [-400, -100, 80], 100_000)
    announced = np.where(off < 100_000 + first, off - 30, np.where(kind_of == 15, first + 20, 100_000 + first))
    stripped = np.minimum(announced - 60, first - 90)
    gone = off <= today
    columns = {
        "enterprise_id": firms.ids.take(pa.array(at[number])),
        "hidden_zero_on": c.days(stripped - 30),
        "function_stripped_on": c.days(stripped),
        "statement_no": c.joined("模拟说明", numbered("", number, 4)),
        "announced_on": c.days(announced, announced <= today),
        "exited_on": c.days(off, gone),
        "result": c.blanked(c.pick(["ended", "same"], (kind_of == 11).astype(np.int64)), gone),
        "evidence": c.blanked(c.joined("模拟公告", numbered("", number, 4)), announced <= today),
        "valid_from": c.days(np.full(len(number), first - 500)),
    }
    return c.table(kind("platform_exit"), columns, len(number))


def reports(firms: Firms, month: int, months: Months) -> Any:
    """The quarterly reports; every tenth platform sends none."""
    firm = platform_firms(firms)
    number = np.flatnonzero(np.arange(len(firm)) % 10 != 9)
    found = ledger(firms, month)
    owed = found.owed(np.ones(len(found.number), dtype=bool), len(firm))[number].astype(np.float64) / 100
    assets = firms.assets[firm[number]]
    repaid = c.fen(owed * 0.04)
    columns = {
        "enterprise_id": firms.ids.take(pa.array(firm[number])),
        "period": c.days(np.full(len(number), c.day_number(months.end(month)))),
        "business": c.pick(["public", "quasi_public", "operating"], number % 3),
        "free_cash": c.money(c.fen(owed * (0.01 + 0.03 * (number % 6)))),
        "government_receivables": c.money(c.fen(assets * (0.05 + 0.05 * (number % 7)))),
        "subsidies": c.money(c.fen(assets * 0.002 * (number % 4))),
        "total_profit": c.money(c.fen(assets * 0.004 * (1 + number % 3))),
        "guarantees_given": c.money(c.fen(assets * 0.08 * (number % 9))),
        "repaid": c.money(repaid),
        "refinanced": c.money(repaid * np.array([100, 80, 50])[number % 3] // 100),
    }
    return c.table(kind("platform_report"), columns, len(number))


def finances(month: int, months: Months) -> Any:
    """Fiscal capacity and debt of the cities."""
    count = len(REGION_WORDS)
    at = np.arange(count)
    capacity = 9e11 * CITY_WEIGHTS
    columns = {
        "region": c.pick(REGION_WORDS, at),
        "period": c.days(np.full(count, c.day_number(months.end(month)))),
        "fiscal_capacity": c.money(c.fen(capacity)),
        "government_debt": c.money(c.fen(capacity * (0.6 + 0.2 * (at % 9)))),
        "hidden_debt": c.money(c.fen(capacity * 0.15 * (at % 6))),
    }
    return c.table(kind("region_finance"), columns, count)
