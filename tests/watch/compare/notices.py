"""Alerts written short: rule, key, opening and clearing as days of 2025 with hours, and the tiers on the way."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import strategies as st

from houfeng.errors import Text
from houfeng.watch.compare.notice import Notice

START = datetime(2025, 1, 1)


def at(day: float) -> datetime:
    """Midnight of 1 January 2025 and so many days."""
    return START + timedelta(days=day)


def notice(
    rule: str, key: str, opened: float, cleared: float | None = None, tier: str = "yellow", *more: tuple[float, str]
) -> Notice:
    """An alert that opened at `tier` and went on to `more`."""
    steps = ((at(opened), tier), *((at(day), higher) for day, higher in more))
    return Notice(
        alert_id=f"{rule}{key}{opened}",
        rule=rule,
        rule_id=rule.upper(),
        kind="enterprise",
        key=key,
        event=f"e:{opened}",
        steps=steps,
        cleared_at=None if cleared is None else at(cleared),
        reason=Text("理由", "reason"),
    )


TIERS = ("blue", "yellow", "orange", "red")


@st.composite
def histories(
    draw: st.DrawFn, rules: tuple[str, ...] = ("a", "b", "c"), keys: tuple[str, ...] = ("X", "Y")
) -> list[Notice]:
    """All alerts of one version: of each rule and key, episodes that do not overlap, the last perhaps open."""
    found: list[Notice] = []
    for rule in rules:
        for key in keys:
            turns = sorted(draw(st.lists(st.integers(0, 80), unique=True, max_size=7)))
            for number in range(0, len(turns), 2):
                until = turns[number + 1] / 2 if number + 1 < len(turns) else None
                low = draw(st.integers(0, 3))
                found.append(notice(rule, key, turns[number] / 2, until, TIERS[low]))
    return found
