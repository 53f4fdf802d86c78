"""Alerts of the replay and changes of the live watch in one comparable shape."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from houfeng.watch.alerts import Alert
from houfeng.watch.live.changes import CLEARED, ESCALATED, OPENED, Change
from watch.replay_samples import instant


def of_replay(alerts: Iterable[Alert]) -> list[str]:
    """Every alert as text: who, what, when, each step, values with their types, parameters, reason."""
    return sorted(
        repr(
            (
                a.alert_id,
                (a.pack, a.version, a.rule, a.rule_id, a.kind, a.key),
                (instant(a.opened_at), a.tier_at_opening, a.opening_event),
                tuple((instant(at), tier, event) for at, tier, event in a.escalations),
                (instant(a.cleared_at), a.clearing_event) if a.cleared_at else None,
                dict(a.values),
                dict(a.parameters),
                tuple(a.reason),
            )
        )
        for a in alerts
    )


def of_live(changes: Iterable[Change]) -> list[str]:
    """The same of changes, folded by alert."""
    by_alert: dict[str, list[Change]] = {}
    for change in changes:
        by_alert.setdefault(change.alert_id, []).append(change)
    return sorted(repr(_folded(alert, steps)) for alert, steps in by_alert.items())


def _folded(alert: str, steps: list[Change]) -> tuple[Any, ...]:
    first = steps[0]
    assert first.what == OPENED
    assert [c.step for c in steps] == list(range(len(steps)))
    cleared = [c for c in steps if c.what == CLEARED]
    assert cleared == steps[-1:] or not cleared
    return (
        alert,
        (first.pack, first.version, first.rule.partition("/")[2], first.rule_id, first.kind, first.key),
        (first.at, first.tier, first.event),
        tuple((c.at, c.tier, c.event) for c in steps if c.what == ESCALATED),
        (cleared[0].at, cleared[0].event) if cleared else None,
        dict(first.values),
        dict(first.parameters),
        tuple(first.reason),
    )
