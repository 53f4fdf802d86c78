"""What a need can get: products with their conditions, true all-in cost after subsidy, chance, and reasons in words."""

from __future__ import annotations

from houfeng.matching.recommend.asking import Asked, Need, Quote
from houfeng.matching.recommend.chance import Answer as BankAnswer
from houfeng.matching.recommend.chance import Chance, History, reliability
from houfeng.matching.recommend.cost import Cost, Loan, Repayment, Support, cost_of, effective_rate
from houfeng.matching.recommend.funding import Fund
from houfeng.matching.recommend.offers import Bounds, Offer, Standing, recommend
from houfeng.matching.recommend.quotes import capacities, quoted
from houfeng.matching.recommend.room import Rooms, rooms
from houfeng.matching.recommend.standing import standings

__all__ = [
    "Asked",
    "BankAnswer",
    "Bounds",
    "Chance",
    "Cost",
    "Fund",
    "History",
    "Loan",
    "Need",
    "Offer",
    "Quote",
    "Repayment",
    "Rooms",
    "Standing",
    "Support",
    "capacities",
    "cost_of",
    "effective_rate",
    "quoted",
    "recommend",
    "reliability",
    "rooms",
    "standings",
]
