"""What people do about alerts: acknowledge, assign, silence. Each act stands beside the alert and in the journal.

A silence is an order to the watch, through its own inbox: the desk mutes nothing by itself, so that the command line,
the watch and the desk always say the same. What is given back here is written down with the act; `orders.send` sends
it when the transaction is over.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.errors import InputError, NotFoundError, Problem, Text, UsageError
from houfeng.office import journal, notices
from houfeng.office.access import Permission, Viewer
from houfeng.office.alerts.orders import Order, Token, write_down
from houfeng.office.alerts.reading import visible
from houfeng.office.alerts.tables import Alert, AlertAct
from houfeng.office.database import office_of
from houfeng.office.tables import User
from houfeng.packs.model import TIERS
from houfeng.packs.roads.measures import EPOCH
from houfeng.watch.operations.silences import LOUDEST

MOST = 500
"""Alerts one act may be about."""
COMMENT = 2_000


def _token() -> str:
    return secrets.token_hex(4)


def acknowledge(session: Session, viewer: Viewer, ids: Iterable[str], comment: str) -> int:
    """Say of alerts that somebody has seen them and what they think; gives how many.

    Raises:
        InputError: there is no comment, or no alert, or too many.
        NotFoundError: an alert is not theirs to see.
    """
    alerts, comment = _chosen(session, viewer, ids), _said(comment, Text("确认意见", "a comment"))
    now = office_of(session).clock()
    for alert in alerts:
        alert.acknowledged_at, alert.acknowledged_by = now, viewer.name
        _note(session, viewer, alert, "acknowledge", comment, {})
    _write(session, viewer, "alert.acknowledge", alerts, comment, {})
    return len(alerts)


def assign(session: Session, viewer: Viewer, ids: Iterable[str], login: str, comment: str) -> int:
    """Give alerts to a person (an empty `login`: to nobody), who is told in the inbox; gives how many.

    Raises:
        InputError: there is no such person, no alert, or too many.
        NotFoundError: an alert is not theirs to see.
    """
    alerts = _chosen(session, viewer, ids)
    person = session.scalars(select(User).where(User.login == login.strip().lower(), User.active)).first()
    if login.strip() and person is None:
        raise InputError(Text(f"没有在用的账号 {login}", f"there is no account {login} in use"))
    for alert in alerts:
        alert.assigned_to, alert.assigned_name = (person.id, person.name) if person else (None, "")
        _note(session, viewer, alert, "assign", comment.strip()[:COMMENT], {"to": alert.assigned_name})
    _write(session, viewer, "alert.assign", alerts, comment, {"to": person.login if person else ""})
    if person is not None:
        _tell(session, viewer, person, alerts)
    return len(alerts)


def silence(
    session: Session,
    viewer: Viewer,
    ids: Iterable[str],
    why: str,
    until: datetime,
    *,
    watch: Path,
    whole_key: bool = False,
    tier: str = LOUDEST,
    token: Token = _token,
) -> list[Order]:
    """Mute the rule of each alert for its key (`whole_key`: all rules) until a moment of event time.

    `watch` is the watch's folder. Gives the orders, to be sent when this transaction is over.

    Raises:
        InputError: there is no reason, no alert, or too many.
        UsageError: the order cannot be as it is, or the watch would refuse it.
        NotFoundError: an alert is not theirs to see.
    """
    alerts, why = _chosen(session, viewer, ids), _said(why, Text("静默理由", "a reason"))
    if tier not in TIERS:
        raise UsageError(Text(f"没有等级 {tier}", f"there is no tier {tier}"))
    end = int((until - EPOCH).total_seconds())
    muted: dict[tuple[str, str], list[Alert]] = {}
    for alert in alerts:
        muted.setdefault(("" if whole_key else alert.rule, alert.key), []).append(alert)
    orders = []
    for (rule, key), own in muted.items():
        what: dict[str, Any] = {"do": "silence", "until": end, "key": key, "tier": tier}
        order = write_down(session, viewer, watch, why, what | ({"rule": rule} if rule else {}), token)
        orders.append(order)
        for alert in own:
            alert.silenced_until, alert.silence_id = until, order.command.id
            told = {"until": until.isoformat(), "tier": tier, "order": order.command.id}
            _note(session, viewer, alert, "silence", why, told)
    detail = {"until": until.isoformat(), "tier": tier, "whole_key": whole_key}
    _write(session, viewer, "alert.silence", alerts, why, detail)
    return orders


def end_silence(
    session: Session, viewer: Viewer, alert_id: str, why: str, *, watch: Path, token: Token = _token
) -> list[Order]:
    """End the silence that was made from an alert before its time; gives and raises as `silence` does."""
    (alert,), why = _chosen(session, viewer, [alert_id]), _said(why, Text("理由", "a reason"))
    if not alert.silence_id:
        raise InputError(Text("这条预警没有静默", "this alert has no silence"))
    what = {"do": "unsilence", "silence": alert.silence_id}
    order = write_down(session, viewer, watch, why, what, token)
    for other in session.scalars(select(Alert).where(Alert.silence_id == alert.silence_id)):
        other.silenced_until, other.silence_id = None, ""
    _note(session, viewer, alert, "unsilence", why, what)
    _write(session, viewer, "alert.unsilence", [alert], why, what)
    return [order]


def _chosen(session: Session, viewer: Viewer, ids: Iterable[str]) -> list[Alert]:
    """The alerts an act is about, all of which must be the viewer's to see."""
    viewer.require(Permission.HANDLE_ALERTS)
    wanted = list(dict.fromkeys(one for one in ids if one))
    if not wanted:
        raise InputError(Text("没有选中预警", "no alert is chosen"))
    if len(wanted) > MOST:
        raise InputError(Text(f"一次最多处理 {MOST} 条", f"at most {MOST} at a time"))
    found = session.scalars(select(Alert).where(Alert.id.in_(wanted), visible(viewer.scope))).all()
    if missing := sorted(set(wanted) - {alert.id for alert in found}):
        raise NotFoundError(Text(f"没有预警 {missing[0]}", f"there is no alert {missing[0]}"))
    return sorted(found, key=lambda alert: wanted.index(alert.id))


def _said(text: str, what: Text) -> str:
    if not text.strip():
        empty = Text(f"请填写{what.zh}", f"please give {what.en}")
        raise InputError(empty, [Problem("alert.no_reason", empty)])
    return text.strip()[:COMMENT]


def _note(session: Session, viewer: Viewer, alert: Alert, act: str, comment: str, detail: Mapping[str, Any]) -> None:
    now = office_of(session).clock()
    session.add(
        AlertAct(
            alert_id=alert.id,
            act=act,
            at=now,
            user_id=viewer.user_id,
            who=viewer.name,
            comment=comment,
            detail=dict(detail),
        )
    )


def _write(
    session: Session, viewer: Viewer, act: str, alerts: Sequence[Alert], why: str, detail: Mapping[str, Any]
) -> None:
    """One entry of the journal for each alert, so that all that was done about one is found under its name."""
    for alert in alerts:
        told = {"rule": alert.rule, "key": alert.key, "tier": alert.tier, "together": len(alerts)}
        journal.write(session, viewer, act, f"alert:{alert.id}", why=why, detail={**told, **detail})


def _tell(session: Session, viewer: Viewer, person: User, alerts: Sequence[Alert]) -> None:
    first, more = alerts[0], len(alerts) - 1
    who = first.name or first.key
    title = (
        Text(f"{viewer.name} 把 {len(alerts)} 条预警指派给您：{who} 等", f"{viewer.name} gave you {len(alerts)} alerts")
        if more
        else Text(f"{viewer.name} 把预警指派给您：{who}", f"{viewer.name} gave you an alert: {who}")
    )
    link = f"/alerts?assigned={person.login}" if more else f"/alerts/{first.id}"
    notices.tell(session, [person.id], title, link, "alert")
