"""Alerts of the small book's own firms, in the journal of a watch beside a copy of it, and in the office's tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from desk.desk_samples import DeskClient
from houfeng.book.connection import connect
from houfeng.watch.alerts import Alert as Replayed
from houfeng_desk.app import DeskApp
from houfeng_desk.desk import Desk
from houfeng_desk.pages.work.state import Work
from houfeng_desk.queries.alert import EPOCH
from office_alerts.alert_samples import DAY, START, step, write


def firms(desk: Desk, region: str, number: int) -> list[tuple[str, str]]:
    """Firms of the book in a city: id and name."""
    sql = desk.book.snapshot().select("enterprise", columns=["enterprise_id", "name", "region"])
    with connect() as connection:
        rows = connection.execute(
            f"SELECT DISTINCT enterprise_id, name FROM ({sql}) WHERE region = ? ORDER BY 1 LIMIT {number}", [region]
        ).fetchall()
    return [(str(one), str(name)) for one, name in rows]


def fill(app: DeskApp, steps: Sequence[dict[str, Any]]) -> Work:
    """Write steps into the watch's journal and read them into the tables."""
    work: Work = app.state.work
    write(work.desk.book.path / "watch", [list(steps)])
    work.index.catch_up()
    work.patience = 120
    return work


def some(desk: Desk) -> list[dict[str, Any]]:
    """Nine alerts: six in Luoyang, three in Zhengzhou, of all tiers, one of each day."""
    found = firms(desk, "410300", 6) + firms(desk, "410100", 3)
    tiers = ("red", "orange", "yellow", "blue")
    return [
        step(f"{n:016x}", tier=tiers[n % 4], key=firm, at=START + n * DAY, rule=("overdue", "lawsuit")[n % 2])
        for n, (firm, _) in enumerate(found)
    ]


def rows(client: DeskClient, url: str) -> list[str]:
    """The ids of the alerts a list shows, in its order."""
    text = client.get(url).text
    return list(dict.fromkeys(re.findall(r'href="/alerts/([0-9a-f]{16})', text)))


def records(alert: Replayed) -> Iterator[dict[str, Any]]:
    """The steps of a replayed alert as the journal keeps them."""
    moves = [("opened", alert.opened_at, alert.tier_at_opening, alert.opening_event)]
    moves += [("escalated", at, tier, event) for at, tier, event in alert.escalations]
    if alert.cleared_at is not None:
        moves.append(("cleared", alert.cleared_at, alert.tier, alert.clearing_event))
    plain = alert.plain()
    for number, (what, at, tier, event) in enumerate(moves):
        told = number == 0
        yield {
            "alert_id": alert.alert_id,
            "pack": alert.pack,
            "version": alert.version,
            "rule": f"{alert.pack}/{alert.rule}",
            "rule_id": alert.rule_id,
            "group": "",
            "kind": alert.kind,
            "key": alert.key,
            "step": number,
            "what": what,
            "at": int((at - EPOCH).total_seconds()),
            "event": event,
            "tier": tier,
            "channel": "emitted",
            "cause": "",
            "values": {k: str(v) if isinstance(v, Decimal) else v for k, v in plain["values"].items()} if told else {},
            "parameters": {k: str(v) for k, v in plain["parameters"].items()} if told else {},
            "reason": plain["reason"] if told else {"zh": "", "en": ""},
        }
