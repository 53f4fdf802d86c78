"""Who gets how much at which rate: a mixed-integer programme, solved by HiGHS.

For firm i at rate r, of each yuan offered a share (1 − churn) is drawn, earns r where the firm does not default, and
is lost (times the loss given default) where it does. Each firm gets at most one rate; what it is offered lies between
the least and the most or is nothing. The budget limits what is offered, so that it holds even if nobody declines
(`expected_use` limits what is expected to be drawn instead).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from houfeng.matching.assign.market import Floats, Ints
from houfeng.matching.highs import Programme, solve


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of the problem, in yuan, and what it leaves open: the loss given default, how the budget is counted."""

    budget: float = 100_000_000.0
    least: float = 100_000.0
    most: float = 1_000_000.0
    loss: float = 1.0
    expected_use: bool = False


class Plan(NamedTuple):
    """Amount and place of the rate per firm (0 and −1: no loan), expected profit, and what no plan exceeds."""

    amounts: Floats
    rates: Ints
    profit: float
    bound: float


def drawn(churn: Floats, ratings: Floats) -> Floats:
    """The share of an offer that is drawn, [firm, rate]."""
    return 1.0 - ratings @ churn.T


def margins(rates: Floats, churn: Floats, default: Floats, ratings: Floats, loss: float) -> Floats:
    """Expected profit of a yuan offered, [firm, rate]."""
    earned = (1.0 - default)[:, None] * rates[None, :] - (default * loss)[:, None]
    return drawn(churn, ratings) * earned


def plan(rates: Floats, churn: Floats, default: Floats, ratings: Floats, rules: Rules) -> Plan:
    """The plan with the highest expected profit."""
    gain, use = margins(rates, churn, default, ratings, rules.loss), drawn(churn, ratings)
    return plan_for(gain, use if rules.expected_use else np.ones_like(gain), rules)


def plan_for(gain: Floats, use: Floats, rules: Rules) -> Plan:
    """The plan for given gains and use of budget of a yuan offered, [firm, rate]."""
    firms = len(gain)
    pairs = np.argwhere(gain > 0)
    amounts, chosen = np.zeros(firms), np.full(firms, -1, np.int64)
    if not len(pairs):
        return Plan(amounts, chosen, 0.0, 0.0)
    if not rules.expected_use:  # every rate uses the budget alike, so only the best one can be in a best plan
        top = gain.argmax(axis=1)
        pairs = pairs[pairs[:, 1] == top[pairs[:, 0]]]
    unit = rules.most
    number = len(pairs)
    worth = gain[pairs[:, 0], pairs[:, 1]]
    places = np.arange(number)
    # amounts, then whether; rows: the budget, one rate a firm, amount at most, amount at least
    column = np.concatenate([places, places, places, number + places, number + places, number + places])
    row = np.concatenate(
        [
            np.zeros(number),
            1 + firms + places,
            1 + firms + number + places,
            1 + pairs[:, 0],
            1 + firms + places,
            1 + firms + number + places,
        ]
    ).astype(np.int64)
    value = np.concatenate(
        [
            use[pairs[:, 0], pairs[:, 1]],
            np.ones(number),
            np.ones(number),
            np.ones(number),
            np.full(number, -1.0),
            np.full(number, -rules.least / unit),
        ]
    )
    order = np.argsort(column, kind="stable")
    free = np.full(number, np.inf)
    found = solve(
        Programme(
            np.concatenate([worth, np.zeros(number)]),
            np.ones(2 * number),
            np.concatenate([np.full(1 + firms + number, -np.inf), np.zeros(number)]),
            np.concatenate([[rules.budget / unit], np.ones(firms), np.zeros(number), free]),
            np.concatenate([[0], np.cumsum(np.bincount(column, minlength=2 * number))]).astype(np.int64),
            row[order],
            value[order],
            number + places,
        ),
        seconds=10.0,
    )
    taken = np.flatnonzero(found.columns[number:] > 0.5)
    amounts[pairs[taken, 0]] = found.columns[taken] * unit
    chosen[pairs[taken, 0]] = pairs[taken, 1]
    return Plan(amounts, chosen, found.value * unit, found.bound * unit)


def realised(made: Plan, rates: Floats, churn: Floats, default: Floats, rating: Ints, loss: float) -> float:
    """The profit a plan brings where outcome and rating are known; a rating of −1 (D) draws all it is offered."""
    got = np.flatnonzero(made.rates >= 0)
    lost = np.where(rating[got] >= 0, churn[made.rates[got], np.maximum(rating[got], 0)], 0.0)
    earned = np.where(default[got] > 0, -loss, rates[made.rates[got]])
    return float((made.amounts[got] * (1 - lost) * earned).sum())
