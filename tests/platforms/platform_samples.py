"""Platforms made by hand for the tests: debts, plans, votes, and the terms of the shipped pack."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from houfeng.packs.loading.load import load_pack
from houfeng.packs.model import Pack
from houfeng.platforms.ledger import Debt, Platform
from houfeng.platforms.terms import PACK, Terms

DAY = date(2025, 12, 31)


@cache
def pack() -> Pack:
    return load_pack(PACK)


@cache
def terms(day: date = DAY, **readings: str) -> Terms:
    chosen = pack().with_readings(readings) if readings else pack()
    return Terms(chosen, day, date(2026, 3, 1))


def debt(number: str, balance: str, **facts: Any) -> Debt:
    return Debt(number, Decimal(balance), **({"hidden": False} | facts))


def platform(*debts: Debt, **facts: Any) -> Platform:
    return Platform("P1", **({"name": "一号平台", "period": DAY, "debts": debts} | facts))


def line(quarter: date, method: str, planned: str, actual: str | None = None) -> dict[str, Any]:
    told = dict.fromkeys(("source_of_money", "responsible", "evidence", "approval"))
    done = None if actual is None else Decimal(actual)
    return {"quarter": quarter, "method": method, "planned": Decimal(planned), "actual": done, **told}


def vote(creditor: str, answer: str, balance: str | None = None) -> dict[str, Any]:
    told = None if balance is None else Decimal(balance)
    return {"creditor_id": creditor, "creditor_name": f"甲{creditor}", "vote": answer, "balance": told,
            "voted_on": None, "evidence": None}  # fmt: skip
