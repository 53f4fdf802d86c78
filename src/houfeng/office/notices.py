"""The desk's own inbox: the first channel, and the only one that needs no way out of the house."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from houfeng.errors import Text
from houfeng.office.access import Role, Viewer
from houfeng.office.database import changed, office_of
from houfeng.office.tables import Notice, User, UserRole


def tell(
    session: Session,
    to: Iterable[int] | Role,
    title: Text,
    link: str,
    kind: str,
    detail: Mapping[str, Any] | None = None,
    *,
    but: int | None = None,
) -> int:
    """Put a line into the inbox of these people, or of all who have the role (`but` one); gives how many."""
    now = office_of(session).clock()
    wanted = select(User.id).where(User.active)
    if isinstance(to, Role):
        wanted = wanted.join(UserRole).where(UserRole.role == to)
    else:
        wanted = wanted.where(User.id.in_(set(to)))
    people = [person for person in session.scalars(wanted) if person != but]
    for person in people:
        session.add(
            Notice(
                user_id=person,
                at=now,
                kind=kind,
                title_zh=title.zh,
                title_en=title.en,
                link=link,
                detail=dict(detail or {}),
            )
        )
    session.flush()
    return len(people)


def unread(session: Session, viewer: Viewer) -> int:
    """How many lines the viewer has not read."""
    mine = select(func.count()).select_from(Notice).where(Notice.user_id == viewer.user_id, Notice.read_at.is_(None))
    return session.scalar(mine) or 0


def inbox(session: Session, viewer: Viewer, *, limit: int = 50, offset: int = 0) -> Sequence[Notice]:
    """The viewer's lines, newest first."""
    mine = select(Notice).where(Notice.user_id == viewer.user_id).order_by(Notice.id.desc())
    return session.scalars(mine.limit(limit).offset(offset)).all()


def read(session: Session, viewer: Viewer, ids: Iterable[int] | None = None) -> int:
    """Mark lines of the viewer as read, all where `ids` is not given; gives how many were new."""
    mine = update(Notice).where(Notice.user_id == viewer.user_id, Notice.read_at.is_(None))
    if ids is not None:
        mine = mine.where(Notice.id.in_(set(ids)))
    return changed(session, mine.values(read_at=office_of(session).clock()))
