"""Steps of alerts as they come: what a listener needs of each, and which of them a question wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.errors import Text
from houfeng.office.access import Scope
from houfeng.office.alerts.reading import sees
from houfeng.office.alerts.tables import Alert, AlertStep
from houfeng.packs.model import TIERS
from houfeng.watch.operations.life import EMITTED
from houfeng_desk.charts.map import city_of
from houfeng_desk.lists import ListRequest
from houfeng_desk.queries.alerts import ALL, NO_GROUP

TOLD = ("opened", "escalated")
"""Steps that somebody must hear of at once; a clearing is seen when the list is looked at again."""


@dataclass(frozen=True, slots=True)
class News:
    """One step of one alert."""

    seq: int
    alert_id: str
    what: str
    at: datetime
    tier: str
    channel: str
    rule_id: str
    rule_group: str
    kind: str
    key: str
    name: str
    region: str | None
    institution: str | None
    enterprise: str | None
    reason: Text

    def seen_by(self, scope: Scope) -> bool:
        """Whether somebody of `scope` may hear of it."""
        return sees(scope, self.region, self.institution, self.enterprise)

    def plain(self, lang: str) -> dict[str, Any]:
        """For programs that listen."""
        return {
            "seq": self.seq,
            "alert": self.alert_id,
            "what": self.what,
            "at": self.at.isoformat(),
            "tier": self.tier,
            "channel": self.channel,
            "rule": self.rule_id,
            "kind": self.kind,
            "key": self.key,
            "name": self.name,
            "region": self.region,
            "reason": self.reason.get(lang),
            "href": f"/alerts/{self.alert_id}",
        }


def after(session: Session, seq: int, limit: int = 500) -> list[News]:
    """The steps after `seq`, in order, at most `limit`."""
    wanted = (
        select(AlertStep, Alert)
        .join(Alert, Alert.id == AlertStep.alert_id)
        .where(AlertStep.seq > seq)
        .order_by(AlertStep.seq)
        .limit(limit)
    )
    return [_news(step, alert) for step, alert in session.execute(wanted)]


def _news(step: AlertStep, alert: Alert) -> News:
    reason = step.kept.get("reason", {})
    return News(
        seq=step.seq,
        alert_id=alert.id,
        what=step.what,
        at=step.at,
        tier=step.tier,
        channel=step.channel,
        rule_id=alert.rule_id,
        rule_group=alert.rule_group,
        kind=alert.kind,
        key=alert.key,
        name=alert.name or alert.key,
        region=alert.region,
        institution=alert.institution,
        enterprise=alert.enterprise,
        reason=Text(reason.get("zh", ""), reason.get("en", "")),
    )


def wanted(news: Sequence[News], scope: Scope, ask: ListRequest) -> list[News]:
    """Those that this scope may hear of and that fit the filters of a list; without a channel, what people are told."""
    return [one for one in news if one.what in TOLD and one.seen_by(scope) and _fits(one, ask)]


def _fits(one: News, ask: ListRequest) -> bool:
    channel = ask["channel"] or EMITTED
    lowest, above = ask["tier"].removesuffix("+"), ask["tier"].endswith("+")
    rank = TIERS.index(one.tier)
    group = "" if ask["group"] == NO_GROUP else ask["group"]
    text = ask["q"].casefold()
    since, until = ask.day("since"), ask.day("until")
    return (
        channel in (ALL, one.channel)
        and (not lowest or (rank >= TIERS.index(lowest) if above else one.tier == lowest))
        and ask["state"] != "cleared"
        and ask["handled"] in ("", "no")
        and (not ask["region"] or city_of(one.region) == ask["region"])
        and (not ask["group"] or one.rule_group == group)
        and (not ask["rule"] or one.rule_id == ask["rule"])
        and (not ask["institution"] or one.institution == ask["institution"])
        and (not ask["key"] or one.key == ask["key"])
        and (not text or any(text in part.casefold() for part in (one.name, one.key, one.reason.zh)))
        and (since is None or one.at.date() >= since)
        and (until is None or one.at.date() <= until)
    )
