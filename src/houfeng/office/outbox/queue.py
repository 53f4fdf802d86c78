"""Putting messages into the outbox."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.errors import NotFoundError, Text
from houfeng.office.database import office_of
from houfeng.office.tables import Channel, OutboxMessage


class Message(NamedTuple):
    """What is said: one line, a few more, and where to look. No figures that only some may see."""

    subject: str
    body: str = ""
    link: str = ""


def put(session: Session, channel: str, message: Message) -> OutboxMessage:
    """Put a message for the channel of that name; it goes out after the transaction of `session` stands.

    Raises:
        NotFoundError: there is no such channel.
    """
    found = session.scalars(select(Channel).where(Channel.name == channel)).first()
    if found is None:
        raise NotFoundError(Text(f"没有外发渠道 {channel}", f"there is no channel {channel}"))
    now = office_of(session).clock()
    row = OutboxMessage(
        channel=channel, subject=message.subject, body=message.body, link=message.link, created_at=now, not_before=now
    )
    session.add(row)
    session.flush()
    return row


def announce(session: Session, topic: str, message: Message) -> int:
    """Put a message for every active channel that carries `topic`; gives how many."""
    channels = [c for c in session.scalars(select(Channel).where(Channel.active)) if topic in c.topics]
    for channel in channels:
        put(session, channel.name, message)
    return len(channels)
