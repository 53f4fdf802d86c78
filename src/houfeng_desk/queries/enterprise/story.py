"""What is open about a firm, and who did what: reporters, the watch, people, in order of time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from houfeng.cases.files import visible as case_visible
from houfeng.cases.tables import CaseFile
from houfeng.errors import Text
from houfeng.office.access import Permission
from houfeng.office.alerts.reading import visible
from houfeng.office.alerts.tables import Alert, AlertAct, AlertStep
from houfeng.office.tables import JournalEntry
from houfeng.watch.operations.life import EMITTED
from houfeng_desk.queries.enterprise.firm import Firm
from houfeng_desk.queries.enterprise.moments import Moment, moments
from houfeng_desk.queries.submissions.seen import Reporters
from houfeng_desk.reader import Reader

OPENED, ESCALATED, CLEARED = "opened", "escalated", "cleared"
STEPS = {OPENED: Text("触发", "opened"), ESCALATED: Text("升级", "escalated"), CLEARED: Text("解除", "cleared")}
ACTS = {
    "acknowledge": Text("确认预警", "acknowledged the alert"),
    "silence": Text("静默预警", "silenced the alert"),
    "assign": Text("分派预警", "assigned the alert"),
}
MOST = 150
MATTERS = 200


@dataclass(frozen=True)
class Line:
    """One thing that happened. `about` is data, alert, act; `link` leads to it."""

    at: datetime
    about: str
    text: Text
    more: Text = Text("", "")
    link: str = ""
    tier: str = ""


def story(session: Session, reader: Reader, firm: Firm, alerts: Sequence[Alert] | None = None) -> list[Line]:
    """The latest things about the firm, the newest first, none later than the moment of the view.

    `alerts` are those of `firm_alerts`, where the page has them already.
    """
    alerts = firm_alerts(session, reader, firm) if alerts is None else alerts
    told = [
        *_reported(moments(reader, firm), Reporters(reader)),
        *_alerted(session, alerts),
        *_done(session, firm.id, [alert.id for alert in alerts]),
    ]
    seen = [line for line in told if not reader.asked_known_at or line.at <= reader.known_at]
    return sorted(seen, key=lambda line: line.at, reverse=True)[:MOST]


def _reported(found: Iterable[Moment], reporters: Reporters) -> Iterator[Line]:
    for one in found:
        who = one.reporter_name
        yield Line(
            one.at,
            "data",
            Text(f"{who}报送：{one.kinds.zh}", f"{who} reported {one.kinds.en}"),
            Text(f"涉及本企业 {one.rows:,} 条", f"records on this firm: {one.rows:,}"),
            f"/data/submissions/{one.submission_id}" if reporters.sees(one.reporter) else "",
        )


def _alerted(session: Session, alerts: Iterable[Alert]) -> Iterator[Line]:
    by_id = {alert.id: alert for alert in alerts}
    if not by_id:
        return
    steps = session.scalars(
        select(AlertStep)
        .where(AlertStep.alert_id.in_(list(by_id)), AlertStep.channel == EMITTED)
        .order_by(AlertStep.seq)
    )
    for step in steps:
        alert = by_id[step.alert_id]
        what = STEPS.get(step.what, Text(step.what, step.what))
        reason = Text(alert.reason_zh, alert.reason_en) if step.what == OPENED else Text("", "")
        tier = "" if step.what == CLEARED else step.tier
        text = Text(f"预警 {alert.rule_id} {what.zh}", f"alert {alert.rule_id} {what.en}")
        yield Line(step.at, "alert", text, reason, f"/alerts/{alert.id}", tier)


def _done(session: Session, firm_id: str, alerts: list[str]) -> Iterator[Line]:
    """What people did: acts on alerts, and what the journal says about the firm itself."""
    for act in session.scalars(select(AlertAct).where(AlertAct.alert_id.in_(alerts))) if alerts else ():
        what = ACTS.get(act.act, Text(act.act, act.act))
        text = Text(f"{act.who} {what.zh}", f"{act.who} {what.en}")
        yield Line(act.at, "act", text, Text(act.comment, act.comment), f"/alerts/{act.alert_id}")
    entries = session.scalars(
        select(JournalEntry)
        .where(JournalEntry.about == f"enterprise:{firm_id}")
        .order_by(JournalEntry.seq.desc())
        .limit(MOST)
    )
    for entry in entries:
        detail = json.loads(entry.detail)
        title = Text(str(detail.get("zh") or entry.act), str(detail.get("en") or entry.act))
        yield Line(
            entry.at, "act", Text(f"{entry.who} {title.zh}", f"{entry.who} {title.en}"), Text(entry.why, entry.why)
        )


def firm_alerts(session: Session, reader: Reader, firm: Firm) -> list[Alert]:
    """The alerts about the firm that people were told of and the viewer may see: open ones first, then by tier."""
    if not reader.viewer.may(Permission.SEE_ALERTS):
        return []
    asked = select(Alert).where(
        or_(Alert.enterprise == firm.id, and_(Alert.kind == "enterprise", Alert.key == firm.id)),
        Alert.channel == EMITTED,
        visible(reader.viewer.scope),
    )
    if reader.asked_known_at:
        asked = asked.where(Alert.opened_at <= reader.known_at)
    found = list(session.scalars(asked.order_by(Alert.tier_rank.desc(), Alert.opened_at.desc()).limit(MATTERS)))
    return sorted(found, key=lambda alert: not is_open(alert, reader))


def is_open(alert: Alert, reader: Reader) -> bool:
    """Whether an alert was open at the moment of the view."""
    return alert.cleared_at is None or (reader.asked_known_at and alert.cleared_at > reader.known_at)


def firm_cases(session: Session, reader: Reader, firm: Firm) -> list[CaseFile]:
    """The cases about the firm that the viewer may see, the newest first."""
    if not reader.viewer.may(Permission.SEE_CASES):
        return []
    asked = select(CaseFile).where(CaseFile.enterprise_id == firm.id, case_visible(reader.viewer))
    if reader.asked_known_at:
        asked = asked.where(CaseFile.created_at <= reader.known_at)
    return list(session.scalars(asked.order_by(CaseFile.id.desc()).limit(MATTERS)))
