"""Sending what waits: at most so many parcels a minute on each channel, several messages in one where they crowd.

A message is marked as going before it is sent and as sent afterwards, so a crash in between sends it again: once at
least, rarely twice. No transaction is open while the other side is waited for.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from houfeng.errors import HoufengError, Text
from houfeng.office import notices
from houfeng.office.access import Role
from houfeng.office.database import Office, changed
from houfeng.office.outbox.channels import KINDS
from houfeng.office.outbox.senders import NotSent, Parcel, Said, Way, plain, send
from houfeng.office.references import resolve
from houfeng.office.tables import Channel, OutboxMessage

LOG = logging.getLogger(__name__)

PER_MINUTE = 20  # what the robots of WeCom and DingTalk take
SINGLE = 3  # up to so many messages go out one by one; more are a digest
MOST_ATTEMPTS = 10
STALE = timedelta(minutes=5)  # a message going for so long has lost its worker
MOST = 200  # messages looked at in one round of a channel


def deliver(office: Office) -> int:
    """Send what is due on every channel; gives how many parcels went out. A chore of the worker."""
    with office.read() as session:
        now = office.clock()
        names = [c.name for c in session.scalars(select(Channel).where(Channel.active)) if not _paused(c, now)]
        due = set(session.scalars(select(OutboxMessage.channel).where(*_due(now)).distinct()))
    return sum(_deliver_on(office, name) for name in names if name in due)


def _deliver_on(office: Office, name: str) -> int:
    sent = 0
    while (taken := _take(office, name)) is not None:
        channel, parcel = taken
        try:
            secrets = {part: resolve(reference) for part, reference in channel.secrets.items()}
            send(Way(channel.kind, channel.address, secrets, channel.options), parcel)
        except NotSent as fault:
            _failed(office, channel, parcel, fault.why, fault.pause)
            return sent
        except HoufengError as fault:
            _failed(office, channel, parcel, str(fault), timedelta(0))
            return sent
        _arrived(office, parcel)
        sent += 1
    return sent


def _take(office: Office, name: str) -> tuple[Channel, Parcel] | None:
    """The next parcel of a channel, marked as going; None where nothing is due or the minute is full."""
    with office.begin() as session:
        now = office.clock()
        channel = session.scalars(select(Channel).where(Channel.name == name)).one()
        if not channel.active or _paused(channel, now) or _sent_lately(session, name, now) >= PER_MINUTE:
            return None
        waiting = select(OutboxMessage).where(OutboxMessage.channel == name, *_due(now))
        rows = list(session.scalars(waiting.order_by(OutboxMessage.id).limit(MOST)))
        if not rows:
            return None
        if len(rows) <= SINGLE:
            rows = rows[:1]
        desk = str(channel.options.get("desk", "")).rstrip("/")
        said = [
            Said(row.subject, row.body, desk + row.link if desk and row.link else "", row.created_at) for row in rows
        ]
        room = KINDS[channel.kind].room
        while len(said) > 1 and len(plain(said).encode()) > room * 3 // 4:  # marks of Markdown take the rest
            said.pop()
        parcel = Parcel(f"{channel.id}-{rows[0].id}-{rows[0].attempts + 1}", said, now)
        for row in rows[: len(said)]:
            row.state, row.parcel, row.tried_at = "going", parcel.id, now
            row.attempts += 1
        session.flush()
        return channel, parcel


def _arrived(office: Office, parcel: Parcel) -> None:
    with office.begin() as session:
        changed(session, update(OutboxMessage).where(_going(parcel)).values(state="sent", fault=""))


def _failed(office: Office, channel: Channel, parcel: Parcel, why: str, pause: timedelta) -> None:
    """Try again after 30 s, 1 min, 2 min … at most an hour; in the end tell the system administrators."""
    LOG.warning("channel %s: %s", channel.name, why)
    with office.begin() as session:
        now = office.clock()
        if pause:
            changed(session, update(Channel).where(Channel.id == channel.id).values(paused_until=now + pause))
        given_up = 0
        for row in session.scalars(select(OutboxMessage).where(_going(parcel))):
            row.fault = why
            if row.attempts >= MOST_ATTEMPTS:
                row.state = "failed"
                given_up += 1
            else:
                wait = min(timedelta(seconds=30 * 2 ** (row.attempts - 1)), timedelta(hours=1))
                row.state, row.not_before = "waiting", now + max(wait, pause)
        if given_up:
            title = Text(
                f"渠道 {channel.name} 有 {given_up} 条消息未能送达：{why}",
                f"channel {channel.name}: {given_up} messages could not be sent: {why}",
            )
            notices.tell(session, Role.SYSTEM_ADMIN, title, "/settings", "outbox")


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Waiting and its time has come, or going with a worker that is gone."""
    waiting = (OutboxMessage.state == "waiting") & (OutboxMessage.not_before <= now)
    lost = (OutboxMessage.state == "going") & (OutboxMessage.tried_at < now - STALE)
    return (waiting | lost,)


def _going(parcel: Parcel) -> ColumnElement[bool]:
    return (OutboxMessage.parcel == parcel.id) & (OutboxMessage.state == "going")


def _paused(channel: Channel, now: datetime) -> bool:
    return channel.paused_until is not None and channel.paused_until > now


def _sent_lately(session: Session, name: str, now: datetime) -> int:
    """How many parcels went out in the last minute, arrived or not."""
    lately = select(func.count(OutboxMessage.parcel.distinct())).where(
        OutboxMessage.channel == name, OutboxMessage.tried_at > now - timedelta(minutes=1)
    )
    return session.scalar(lately) or 0
