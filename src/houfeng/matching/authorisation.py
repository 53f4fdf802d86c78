"""Authorisation: an enterprise lets one bank read some of its data for one purpose until a day, and may take it back.

It is asked for at every read, not once per page: `AuthorisedViews` hands out SQL of a kind only after the database was
asked again whether the enterprise still allows it, and the journal keeps what was read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, false, select, true
from sqlalchemy.orm import Session

from houfeng.book.model import Kind
from houfeng.errors import AccessError, InputError, NotFoundError, Problem, Text, UsageError, Where
from houfeng.matching.tables import Authorisation
from houfeng.matching.terms import Terms, shipped
from houfeng.office import journal, notices
from houfeng.office.access import Scope, Viewer
from houfeng.office.database import Office, office_of
from houfeng.office.identity.people import own_firm, people_of_bank
from houfeng.office.scope import Rows, ScopedViews
from houfeng.office.tables import JournalEntry


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """The condition on `Authorisation` that leaves those of the viewer's own firm or bank."""
    scope = viewer.scope
    parts: list[ColumnElement[bool]] = []
    if scope.regions is not None:
        parts.append(false())  # an officer needs none: the office's own scope holds
    if scope.institutions is not None:
        parts.append(Authorisation.institution_id.in_(scope.institutions))
    if scope.enterprise is not None:
        parts.append(Authorisation.enterprise_id == scope.enterprise)
    return and_(true(), *parts)


def give(
    session: Session, viewer: Viewer, institution_id: str, data: Collection[str], purpose: str, days: int, *,
    need_id: int | None = None, terms: Terms | None = None,
) -> Authorisation:  # fmt: skip
    """Let a bank read `data` for `purpose`, for so many days from now.

    Raises:
        AccessError: the viewer speaks for no enterprise.
        InputError: something is missing or too long; all of it is told.
    """
    firm, terms = own_firm(viewer), terms or shipped()
    check(data, purpose, days, terms, institution_id)
    now = office_of(session).clock()
    row = Authorisation(
        enterprise_id=firm, institution_id=institution_id, data=sorted(set(data)), purpose=purpose, need_id=need_id,
        given_at=now, given_by=viewer.user_id, ends_at=now + timedelta(days=days),
    )  # fmt: skip
    session.add(row)
    session.flush()
    told = {"institution": institution_id, "data": row.data, "purpose": purpose, "ends_at": row.ends_at}
    journal.write(session, viewer, "authorisation.give", f"authorisation:{row.id}", detail=told | {"need": need_id})
    return row


def check(data: Collection[str], purpose: str, days: int, terms: Terms, institution_id: str = "-") -> None:
    """Refuse an authorisation that cannot be, all faults at once."""
    found = []
    if not institution_id:
        found.append(_fault("institution", "请选择银行", "choose a bank"))
    if not data:
        found.append(_fault("data", "请至少选择一项授权数据", "choose at least one kind of data"))
    for name in sorted(set(data) - set(terms.data)):
        found.append(_fault("data", f"没有这类数据：{name[:40]}", f"there is no such data: {name[:40]}"))
    if purpose not in terms.purposes:
        found.append(_fault("purpose", "请选择授权用途", "choose what it is for"))
    if not 1 <= days <= terms.consent_most:
        most = terms.consent_most
        found.append(_fault("days", f"授权期限 1 到 {most} 天", f"an authorisation lasts 1 to {most} days"))
    if found:
        raise InputError(Text("授权不完整", "the authorisation is not complete"), found)


def _fault(field: str, zh: str, en: str) -> Problem:
    return Problem("authorisation.blank", Text(zh, en), Where(field=field))


def revoke(session: Session, viewer: Viewer, authorisation_id: int, why: str) -> Authorisation:
    """Take an authorisation back, from now on; the bank's people are told.

    Raises:
        NotFoundError: the viewer's enterprise gave none of that number.
    """
    firm = own_firm(viewer)
    if not why.strip():
        raise UsageError(Text("请写明撤回理由", "say why it is taken back"))
    row = session.get(Authorisation, authorisation_id)
    if row is None or row.enterprise_id != firm:
        raise NotFoundError(Text(f"没有授权 {authorisation_id}", f"there is no authorisation {authorisation_id}"))
    if row.revoked_at is None:
        row.revoked_at, row.revoked_by = office_of(session).clock(), viewer.user_id
        row.revoked_why = why.strip()[:500]
        about = f"authorisation:{row.id}"
        journal.write(session, viewer, "authorisation.revoke", about, why=why, detail={"bank": row.institution_id})
        title = Text("一家企业撤回了数据授权", "an enterprise took its authorisation back")
        notices.tell(session, people_of_bank(session, row.institution_id), title, "/needs", "authorisation.revoke")
    return row


def alive(row: Authorisation, now: datetime) -> bool:
    """Whether an authorisation holds at `now`."""
    return row.revoked_at is None and row.given_at <= now < row.ends_at


def listing(session: Session, viewer: Viewer, enterprise_id: str) -> Sequence[Authorisation]:
    """The authorisations of an enterprise that the viewer is a side of, newest first."""
    wanted = select(Authorisation).where(Authorisation.enterprise_id == enterprise_id, visible(viewer))
    return session.scalars(wanted.order_by(Authorisation.id.desc())).all()


def allowed(session: Session, viewer: Viewer, enterprise_id: str, purpose: str) -> frozenset[str]:
    """What the viewer's bank may read of an enterprise now, for that purpose; nothing for who is of no bank."""
    banks, now = viewer.scope.institutions, office_of(session).clock()
    if not banks:
        return frozenset()
    rows = session.scalars(
        select(Authorisation).where(
            Authorisation.enterprise_id == enterprise_id,
            Authorisation.institution_id.in_(banks),
            Authorisation.purpose == purpose,
        )
    )
    return frozenset(name for row in rows if alive(row, now) for name in row.data)


def require(session: Session, viewer: Viewer, enterprise_id: str, data: str, purpose: str) -> None:
    """Raise AccessError unless the enterprise lets the viewer's bank read `data` for `purpose` now."""
    if data not in allowed(session, viewer, enterprise_id, purpose):
        label = shipped().data[data].label if data in shipped().data else Text(data, data)
        raise AccessError(
            Text(
                f"企业没有授权贵行为此用途查看“{label.zh}”，或授权已到期、已撤回；请向企业申请授权。",
                f"the enterprise does not let your bank read “{label.en}” for this purpose, or no longer; ask it to",
            )
        )


class AuthorisedViews:
    """What one bank may read of one enterprise: every `select` asks the office again and tells the journal.

    It is handed to the readers of the desk in place of a snapshot; there is no other way from a bank to these rows.
    """

    def __init__(
        self, office: Office, viewer: Viewer, snapshot: Rows, enterprise_id: str, purpose: str,
        terms: Terms | None = None,
    ) -> None:  # fmt: skip
        """`snapshot` as `viewer`'s bank may read it of `enterprise_id`."""
        self._office, self._viewer, self._firm, self._purpose = office, viewer, enterprise_id, purpose
        self._terms = terms or shipped()
        self._views = ScopedViews(snapshot, Scope(enterprise=enterprise_id))
        self.known_at, self.synthetic = snapshot.known_at, snapshot.synthetic
        self.kinds: Mapping[str, Kind] = snapshot.kinds

    def select(self, kind: str, *, as_of: date | None = None, columns: Sequence[str] | None = None) -> str:
        """SQL of the enterprise's rows of `kind`.

        Raises:
            AccessError: nothing the enterprise allows now covers `kind`.
        """
        names = [name for name, each in self._terms.data.items() if kind in each.kinds]
        with self._office.begin() as session:
            may = allowed(session, self._viewer, self._firm, self._purpose)
            held = [name for name in names if name in may]
            if not held:
                require(session, self._viewer, self._firm, names[0] if names else kind, self._purpose)
            told = {"data": held[0], "kind": kind, "purpose": self._purpose}
            journal.write(session, self._viewer, "authorisation.read", f"enterprise:{self._firm}", detail=told)
        return self._views.select(kind, as_of=as_of, columns=columns)


def reads(session: Session, viewer: Viewer, most: int = 100) -> Sequence[JournalEntry]:
    """Who read what of the viewer's own firm, newest first, as the journal keeps it."""
    about = f"enterprise:{own_firm(viewer)}"
    wanted = select(JournalEntry).where(JournalEntry.act == "authorisation.read", JournalEntry.about == about)
    return session.scalars(wanted.order_by(JournalEntry.seq.desc()).limit(most)).all()
