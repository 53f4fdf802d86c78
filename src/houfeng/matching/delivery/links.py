"""One-time links: the people of an enterprise without an account get in once, for a short time, and it is written down.

A link is used by a button on its page, not by opening it: programs that look at links in messages use none up.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from houfeng.errors import AccessError, NotFoundError, Text, UsageError
from houfeng.matching.delivery import chains
from houfeng.matching.tables import EntryLink
from houfeng.matching.terms import Terms, shipped
from houfeng.office import journal
from houfeng.office.access import Permission, Role, Scope, Viewer
from houfeng.office.database import changed, office_of
from houfeng.office.identity import accounts
from houfeng.office.identity.sessions import Caller, SignedIn, open_session, secret_hash
from houfeng.office.scope import covers
from houfeng.office.tables import User, UserSession

VIA = "link"


def make(
    session: Session, who: Viewer | str, enterprise_id: str, name: str, region: str, terms: Terms | None = None
) -> tuple[EntryLink, str]:
    """A new link for an enterprise, and its secret, shown once. Earlier unused links of it end.

    Raises:
        AccessError: `who` may not; NotFoundError: the enterprise is outside the scope.
    """
    terms = terms or shipped()
    if isinstance(who, Viewer):
        who.require(Permission.RUN_MATCHING)
        if not covers(who.scope.regions, region):
            raise NotFoundError(Text(f"没有企业 {enterprise_id[:60]}", f"there is no enterprise {enterprise_id[:60]}"))
    if not enterprise_id.strip():
        raise UsageError(Text("请写明企业", "name the enterprise"))
    office = office_of(session)
    now, secret = office.clock(), office.secret()
    old = (EntryLink.enterprise_id == enterprise_id, EntryLink.used_at.is_(None), EntryLink.ended_at.is_(None))
    changed(session, update(EntryLink).where(*old).values(ended_at=now))
    user = account_of(session, enterprise_id, name)
    row = EntryLink(
        token_hash=secret_hash(secret), enterprise_id=enterprise_id, user_id=user.id, made_at=now,
        made_by=who.login if isinstance(who, Viewer) else who,
        ends_at=now + timedelta(minutes=terms.numbers["link_minutes"]),
    )  # fmt: skip
    session.add(row)
    session.flush()
    told = {"enterprise": enterprise_id, "ends_at": row.ends_at}
    journal.write(session, who, "link.make", f"link:{row.id}", detail=told)
    return row, secret


def account_of(session: Session, enterprise_id: str, name: str) -> User:
    """The account that stands for who comes by a link: of this enterprise only, without a password."""
    login = "link-" + hashlib.sha256(enterprise_id.encode()).hexdigest()[:20]
    found = session.scalars(select(User).where(User.login == login)).one_or_none()
    if found is not None:
        return found
    user, _ = accounts.create(
        session, "system", login, name[:120] or enterprise_id, {Role.ENTERPRISE}, Scope(enterprise=enterprise_id),
        provider=VIA, subject=enterprise_id,
    )  # fmt: skip
    return user


def peek(session: Session, secret: str) -> EntryLink:
    """The link of a secret, not used up yet.

    Raises:
        AccessError: it was used, has ended, or never was; which of these is not told.
    """
    row = session.scalars(select(EntryLink).where(EntryLink.token_hash == secret_hash(secret))).one_or_none()
    now = office_of(session).clock()
    if row is None or row.used_at is not None or row.ended_at is not None or now >= row.ends_at:
        raise AccessError(
            Text(
                "链接已使用或已失效，请向经办人员重新索取。",
                "this link was used or is no longer valid; ask the officer for a new one",
            )
        )
    return row


def use(session: Session, secret: str, caller: Caller, terms: Terms | None = None) -> SignedIn:
    """Let somebody in by a link, which is used up; the session is short. Who enters has received what was sent."""
    terms, row = terms or shipped(), peek(session, secret)
    row.used_at, row.used_from = office_of(session).clock(), caller.address[:60]
    user = session.get(User, row.user_id)
    if user is None or not user.active:
        raise AccessError(Text("账号已停用", "the account is disabled"))
    told = {"enterprise": row.enterprise_id, "address": caller.address}
    journal.write(session, user.login, "link.use", f"link:{row.id}", detail=told)
    signed = open_session(session, user, VIA, caller)
    ends = row.used_at + timedelta(minutes=terms.numbers["session_minutes"])
    held = session.get(UserSession, signed.viewer.session_id)
    assert held is not None  # it was made just now
    held.expires_at = min(held.expires_at, ends)
    chains.receive(session, signed.viewer)
    return signed._replace(expires_at=held.expires_at)
