"""Alerts and orders for the tests of what happens between an alert and the people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from houfeng.errors import Text
from houfeng.watch.journal.entries import Command
from houfeng.watch.live.changes import CLEARED, ESCALATED, OPENED, Change
from houfeng.watch.operations.deliveries import Outcome
from houfeng.watch.operations.emission import Emission
from houfeng.watch.operations.orders import Known

DAY = 86_400
AT = datetime(2026, 1, 16, 9, 30)
RULES = [
    Known("demo/overdue", "A01", "credit"),
    Known("demo/siphoning", "F03", "flow"),
    Known("demo/news", "N01", "news"),
]
TIERS = ("blue", "yellow", "orange", "red")


def step(what: str, alert: str, at: int, tier: str = "yellow", rule: str = "overdue", number: int = 0) -> Change:
    """A step of the alert `alert`, which is also the key after its first letter."""
    known = next(each for each in RULES if each.name == f"demo/{rule}")
    values = {"days": 31, "balance": Decimal("10.50"), "since": date(2026, 1, 2), "seen": datetime(2026, 1, 2, 3, 4)}
    return Change(
        alert_id=alert,
        pack="demo",
        version="1",
        rule=known.name,
        rule_id=known.id,
        group=known.group,
        kind="enterprise",
        key=alert[1:],
        step=number,
        what=what,
        at=at,
        event=f"loan:{at}",
        tier=tier,
        values={} if what == CLEARED else values,
        parameters={} if what == CLEARED else {"limit": Decimal("30")},
        reason=Text("", "") if what == CLEARED else Text("逾期", "overdue"),
    )


class Desk:
    """An emission with short words for orders and steps; `at` is both watermark and instant."""

    def __init__(self, budget: int | None = None) -> None:
        self.emission = Emission(RULES, budget)
        self.numbers = count(1)
        self.last = ""

    def order(self, do: str, *, watermark: int = 0, who: str = "王五", why: str = "试", **what: Any) -> Outcome:
        """Give an order."""
        return self.apply({"do": do, **what}, watermark, who, why)

    def apply(self, what: Mapping[str, Any], watermark: int = 0, who: str = "王五", why: str = "试") -> Outcome:
        """Give an order in its plain form."""
        seq = next(self.numbers)
        self.last = f"c{seq}"
        return self.emission.apply(Command(self.last, who, why, what), seq=seq, at=AT, watermark=watermark)

    def go(self, *changes: Change) -> list[str]:
        """The channels of changes."""
        return [delivery.channel for delivery in self.emission.route(changes)]

    def open(self, alert: str, at: int = 0, tier: str = "yellow", rule: str = "overdue") -> str:
        """The channel of an opening."""
        return self.go(step(OPENED, alert, at, tier, rule))[0]

    def rise(self, alert: str, at: int = 0, tier: str = "orange", rule: str = "overdue", number: int = 1) -> str:
        """The channel of an escalation."""
        return self.go(step(ESCALATED, alert, at, tier, rule, number))[0]

    def clear(self, alert: str, at: int = 0, tier: str = "yellow", rule: str = "overdue", number: int = 2) -> str:
        """The channel of a clearing."""
        return self.go(step(CLEARED, alert, at, tier, rule, number))[0]
