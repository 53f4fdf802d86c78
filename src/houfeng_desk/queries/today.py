"""Today's alerts in numbers, and what waits for the viewer: counted in the office's index, inside the scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from houfeng.errors import Text
from houfeng.office import approvals, notices
from houfeng.office.access import Permission, Scope, Viewer
from houfeng.office.alerts import reading
from houfeng.office.alerts.tables import Alert
from houfeng.packs.model import TIERS
from houfeng.watch.operations.life import EMITTED
from houfeng_desk.charts.map import GRID, city_of


@dataclass(frozen=True)
class Alarm:
    """Open alerts: by tier, those nobody has acknowledged, and by city."""

    by_tier: dict[str, int]
    waiting: int
    total: int
    counts: tuple[reading.Open, ...]
    moved_at: datetime | None

    def worst_cities(self, most: int = 6) -> list[tuple[Text, int, dict[str, int]]]:
        """Cities with the most red and orange, then with the most."""
        found: dict[str, dict[str, int]] = {}
        for one in self.counts:
            if city := city_of(one.region):
                tiers = found.setdefault(city, dict.fromkeys(TIERS, 0))
                tiers[one.tier] += one.number
        grave = sorted(found.items(), key=lambda pair: [-pair[1][tier] for tier in reversed(TIERS)])
        return [(GRID[code][0], sum(tiers.values()), tiers) for code, tiers in grave[:most]]


def alarm(session: Session, scope: Scope) -> Alarm:
    """The open alerts of a scope, and the moment (event time) of the newest step."""
    counts = tuple(reading.open_counts(session, scope))
    tiers = {tier: sum(one.number for one in counts if one.tier == tier) for tier in reversed(TIERS)}
    moved = session.scalar(select(func.max(Alert.moved_at)).where(reading.visible(scope)))
    return Alarm(tiers, sum(one.waiting for one in counts), sum(tiers.values()), counts, moved)


def opened_daily(session: Session, scope: Scope, days: int = 30) -> tuple[list[date], dict[str, list[int]]]:
    """How many alerts opened on each of the last days of event time, by tier."""
    where = and_(Alert.channel == EMITTED, reading.visible(scope))
    newest = session.scalar(select(func.max(Alert.opened_at)).where(where))
    if newest is None:
        return [], {}
    last = newest.date()
    first = last - timedelta(days=days - 1)
    shown = [first + timedelta(days=n) for n in range(days)]
    day = func.date(Alert.opened_at)
    rows = session.execute(
        select(day, Alert.tier, func.count())
        .where(where, Alert.opened_at >= datetime.combine(first, time.min))
        .group_by(day, Alert.tier)
    )
    counts = {tier: [0] * days for tier in TIERS}
    for at, tier, number in rows:
        counts[tier][(date.fromisoformat(str(at)[:10]) - first).days] = number
    return shown, counts


def busiest_rules(session: Session, scope: Scope, most: int = 6) -> list[tuple[str, str, int]]:
    """The rules with the most open alerts: id, full name, number."""
    number = func.count()
    wanted = (
        select(Alert.rule_id, Alert.rule, number)
        .where(Alert.channel == EMITTED, Alert.cleared_at.is_(None), reading.visible(scope))
        .group_by(Alert.rule_id, Alert.rule)
        .order_by(number.desc(), Alert.rule_id)
        .limit(most)
    )
    return [(rule_id, rule, count) for rule_id, rule, count in session.execute(wanted)]


def largest(session: Session, scope: Scope, most: int = 6) -> Sequence[Alert]:
    """Red and orange open alerts with the largest exposure."""
    wanted = select(Alert).where(
        Alert.channel == EMITTED, Alert.cleared_at.is_(None), Alert.tier_rank >= 3, Alert.exposure > 0,
        reading.visible(scope),
    )  # fmt: skip
    return session.scalars(wanted.order_by(Alert.exposure.desc(), Alert.id).limit(most)).all()


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing that waits for the viewer: how pressing in a word, what, where."""

    word: Text
    tone: str
    title: Text
    sub: Text
    href: str
    button: Text


def todo(session: Session, viewer: Viewer, most: int = 6) -> list[Todo]:
    """What needs the viewer now: approvals, alerts assigned to them, red ones nobody has looked at, unread notices."""
    found = [
        Todo(
            Text("待审批", "to sign"),
            "orange",
            Text(one.title_zh, one.title_en),
            Text(f"{one.proposer.name} 提出", f"proposed by {one.proposer.name}"),
            "/todo",
            Text("审批", "Decide"),
        )
        for one in approvals.waiting(session, viewer)
    ]
    for alert in reading.mine(session, viewer, most):
        who = alert.name or alert.key
        reason = Text(alert.reason_zh, alert.reason_en)
        found.append(
            Todo(
                Text("指派给我", "mine"),
                alert.tier,
                Text(who, who),
                reason,
                f"/alerts/{alert.id}",
                Text("处理", "Handle"),
            )
        )
    if viewer.may(Permission.HANDLE_ALERTS):
        found += _unseen(session, viewer)
    if number := notices.unread(session, viewer):
        title = Text(f"{number} 条未读通知", f"{number} unread notices")
        found.append(Todo(Text("通知", "notices"), "plain", title, Text("", ""), "/inbox", Text("查看", "Read")))
    return found[:most]


def _unseen(session: Session, viewer: Viewer) -> list[Todo]:
    red = sum(one.waiting for one in reading.open_counts(session, viewer.scope) if one.tier == "red")
    if not red:
        return []
    title = Text(f"{red} 条红色预警无人确认", f"{red} red alerts nobody has acknowledged")
    sub = Text("确认、静默或立案", "acknowledge, silence or open a case")
    href = "/alerts?tier=red&state=open&handled=no"
    return [Todo(Text("红色", "red"), "red", title, sub, href, Text("处理", "Handle"))]
