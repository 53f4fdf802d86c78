"""Alerts of a case: those it began with, those a person adds, and later ones of the same enterprise."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from houfeng.cases.states import LIVE
from houfeng.cases.tables import CaseAlert, CaseFile
from houfeng.errors import Text
from houfeng.office import journal, notices
from houfeng.office.alerts.tables import Alert
from houfeng.office.database import office_of
from houfeng.watch.operations.life import EMITTED

_TIERS = ("", "blue", "yellow", "orange", "red")


def hold(session: Session, case: CaseFile, alerts: Collection[Alert], by: int | None) -> int:
    """Put alerts that belong to no case yet into this one; gives how many."""
    added = 0
    for alert in alerts:
        if session.get(CaseAlert, alert.id) is not None:
            continue
        session.add(
            CaseAlert(
                alert_id=alert.id, case_id=case.id, rule=alert.rule, rule_id=alert.rule_id, tier=alert.tier,
                reason_zh=alert.reason_zh, reason_en=alert.reason_en, opened_at=alert.opened_at,
                attached_at=office_of(session).clock(), attached_by=by,
            )
        )  # fmt: skip
        added += 1
        case.tier = max(case.tier, alert.tier, key=_TIERS.index)
    session.flush()
    return added


def attach_new(session: Session) -> int:
    """Attach what the watch said of enterprises since their case began, where the case rests on alerts or not.

    Gives how many. A scheduled job calls it; the owner is told.
    """
    of_live = and_(CaseFile.enterprise_id == Alert.enterprise, CaseFile.state.in_(LIVE))
    known = select(CaseAlert.alert_id)
    found = session.execute(
        select(CaseFile, Alert)
        .join(Alert, of_live)
        .where(Alert.channel == EMITTED, Alert.opened_at >= CaseFile.created_at, Alert.id.not_in(known))
        .order_by(CaseFile.id, Alert.opened_at)
    ).all()
    taken: set[str] = set()
    for case, alert in found:
        if alert.id in taken:  # of two live cases of different types, the earlier takes it
            continue
        taken.add(alert.id)
        hold(session, case, [alert], None)
        case.version += 1
        told = {"alerts": [alert.id]}
        journal.write(session, "system", "case.attach", f"case:{case.id}", why="同一企业的新预警", detail=told)
        if case.owner_id is not None:
            title = Text(f"{case.number} 有新预警并入", f"{case.number}: a new alert was attached")
            notices.tell(session, [case.owner_id], title, f"/cases/{case.id}", "case.alert", told)
    return len(taken)
