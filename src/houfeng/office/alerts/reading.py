"""Reading the index inside a viewer's scope: one alert, its steps and acts, its neighbours, counts of what is open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from houfeng.errors import NotFoundError, Text
from houfeng.office.access import Scope, Viewer
from houfeng.office.alerts.tables import Alert, AlertAct, AlertStep
from houfeng.office.scope import covers, in_regions
from houfeng.watch.operations.life import EMITTED


def visible(scope: Scope) -> ColumnElement[bool]:
    """The condition on alerts that somebody of `scope` may see: what is bound to nothing of it is not theirs."""
    parts = in_regions(scope.regions, Alert.region)
    if scope.institutions is not None:
        parts.append(Alert.institution.in_(sorted(scope.institutions)))
    if scope.enterprise is not None:
        parts.append(Alert.enterprise == scope.enterprise)
    return and_(*parts) if parts else Alert.id.is_not(None)


def sees(scope: Scope, region: str | None, institution: str | None, enterprise: str | None) -> bool:
    """The same question about an alert in hand, for those who listen along."""
    return (
        covers(scope.regions, region)
        and (scope.institutions is None or institution in scope.institutions)
        and (scope.enterprise is None or enterprise == scope.enterprise)
    )


def find(session: Session, scope: Scope, alert_id: str) -> Alert:
    """An alert.

    Raises:
        NotFoundError: there is none that this scope may know of.
    """
    found = session.scalars(select(Alert).where(Alert.id == alert_id, visible(scope))).first()
    if found is None:
        raise NotFoundError(Text(f"没有预警 {alert_id}", f"there is no alert {alert_id}"))
    return found


def steps_of(session: Session, alert: Alert) -> Sequence[AlertStep]:
    """The steps of an alert, in order."""
    return session.scalars(select(AlertStep).where(AlertStep.alert_id == alert.id).order_by(AlertStep.seq)).all()


def acts_of(session: Session, alert: Alert) -> Sequence[AlertAct]:
    """What people did about an alert, the newest first."""
    return session.scalars(select(AlertAct).where(AlertAct.alert_id == alert.id).order_by(AlertAct.id.desc())).all()


def related(session: Session, scope: Scope, alert: Alert, limit: int = 20) -> Sequence[Alert]:
    """Other alerts of the same key, or of the enterprise it belongs to, the newest first."""
    same = and_(Alert.kind == alert.kind, Alert.key == alert.key)
    if alert.enterprise:
        same = or_(same, Alert.enterprise == alert.enterprise)
    wanted = select(Alert).where(same, Alert.id != alert.id, visible(scope))
    return session.scalars(wanted.order_by(Alert.opened_at.desc(), Alert.id).limit(limit)).all()


def kept_of_key(session: Session, alert: Alert) -> list[dict[str, Any]]:
    """The journal's records of all alerts of this key: a merging rule rests on the others."""
    wanted = (
        select(AlertStep.kept)
        .join(Alert, Alert.id == AlertStep.alert_id)
        .where(Alert.kind == alert.kind, Alert.key == alert.key)
        .order_by(AlertStep.seq)
    )
    return list(session.scalars(wanted))


class Open(NamedTuple):
    """Alerts that are open, of one tier in one region; how many nobody has acknowledged."""

    region: str | None
    tier: str
    number: int
    waiting: int


def open_counts(session: Session, scope: Scope, at: datetime | None = None) -> list[Open]:
    """Alerts people were told of that are open: now, or (`at`) those that were open at a moment of event time."""
    is_open: ColumnElement[bool] = Alert.cleared_at.is_(None)
    if at is not None:
        is_open = and_(Alert.opened_at <= at, or_(is_open, Alert.cleared_at > at))
    wanted = (
        select(Alert.region, Alert.tier, func.count(), func.count().filter(Alert.acknowledged_at.is_(None)))
        .where(Alert.channel == EMITTED, is_open, visible(scope))
        .group_by(Alert.region, Alert.tier)
    )
    return [Open(*row) for row in session.execute(wanted)]


def newest(session: Session, scope: Scope, limit: int = 8, *, only_open: bool = False) -> Sequence[Alert]:
    """The newest alerts people were told of."""
    wanted = select(Alert).where(Alert.channel == EMITTED, visible(scope))
    if only_open:
        wanted = wanted.where(Alert.cleared_at.is_(None))
    return session.scalars(wanted.order_by(Alert.opened_at.desc(), Alert.tier_rank.desc(), Alert.id).limit(limit)).all()


def mine(session: Session, viewer: Viewer, limit: int = 20) -> Sequence[Alert]:
    """Open alerts that are assigned to the viewer and wait for them."""
    wanted = select(Alert).where(
        Alert.assigned_to == viewer.user_id, Alert.cleared_at.is_(None), Alert.acknowledged_at.is_(None),
        visible(viewer.scope),
    )  # fmt: skip
    return session.scalars(wanted.order_by(Alert.tier_rank.desc(), Alert.opened_at).limit(limit)).all()


def last_seq(session: Session) -> int:
    """The number of the newest step."""
    return session.scalar(select(func.max(AlertStep.seq))) or 0


def newest_moment(session: Session) -> datetime | None:
    """The moment of event time of the newest step: how far the watch has come."""
    return session.scalar(select(func.max(Alert.moved_at)))
