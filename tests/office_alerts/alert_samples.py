"""Steps of alerts as the journal of the watch has them, made in one line each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from houfeng.office.alerts.bound import Asked, Bound
from houfeng.office.alerts.index import Index
from houfeng.office.database import Office
from houfeng.packs.model import TIERS
from houfeng.watch.journal.alerts import AlertJournal

DAY = 86_400
START = 20_000 * DAY
"""2024-10-04, in seconds."""


def step(
    alert: str,
    number: int = 0,
    what: str = "",
    *,
    tier: str = "orange",
    at: int = START,
    channel: str = "emitted",
    key: str = "",
    rule: str = "overdue",
    kind: str = "enterprise",
    group: str = "repayment",
    released: bool = False,
) -> dict[str, Any]:
    """A record of the journal; the key is the alert's name unless it says another."""
    return {
        "alert_id": alert + (":released" if released else ""),
        "pack": "demo",
        "version": "1.0.0",
        "rule": f"demo/{rule}",
        "rule_id": rule[:3].upper(),
        "group": group,
        "kind": kind,
        "key": key or f"E{alert}",
        "step": number,
        "what": what or ("opened" if number == 0 else "escalated"),
        "at": at + number * 60,
        "event": f"loan_balance:{alert}",
        "tier": tier,
        "channel": channel,
        "cause": "",
        "values": {"overdue_days": 45 + number},
        "parameters": {"limit": "30"},
        "reason": {"zh": f"逾期 {45 + number} 天", "en": f"{45 + number} days overdue"},
    }


def cleared(alert: str, number: int, **more: Any) -> dict[str, Any]:
    """The step that ends an alert: it tells no values."""
    return step(alert, number, "cleared", **more) | {"values": {}, "reason": {"zh": "", "en": ""}}


def write(watch: Path, groups: Iterable[list[Mapping[str, Any]]], *, roll: int = 1 << 20, first: int = 1) -> None:
    """Append groups to the journal of a watch, as it would."""
    with AlertJournal.open(watch / "alerts", roll_bytes=roll) as journal:
        for seq, records in enumerate(groups, max(first, journal.upto + 1)):
            journal.append(seq, records)


CITIES = ("410100", "410300", "410302", "419001", None)


def binder(asked: Iterable[Asked]) -> dict[Asked, Bound]:
    """Binds each key to a city by its last sign; a key that ends in X is bound to nothing."""
    return {
        one: Bound(f"企业{one.key}", CITIES[ord(one.key[-1]) % 5], None, one.key, Decimal("1250000.50"))
        for one in asked
        if not one.key.endswith("X")
    }


def index_of(office: Office, watch: Path) -> Index:
    """The index over a journal."""
    return Index(office, watch, binder)


def rank(tier: str) -> int:
    """1 blue … 4 red."""
    return TIERS.index(tier) + 1
