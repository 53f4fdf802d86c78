"""No bank reads a firm's data without an authorisation, after its end, or beyond its scope; links work once."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from databases import Ticking
from houfeng.book.connection import connect
from houfeng.book.draft import row_schema
from houfeng.book.model import kinds
from houfeng.book.store import Book
from houfeng.errors import AccessError, InputError, NotFoundError
from houfeng.matching import authorisation
from houfeng.matching.authorisation import AuthorisedViews
from houfeng.matching.delivery import links
from houfeng.matching.tables import EntryLink
from houfeng.matching.terms import shipped
from houfeng.office.access import Permission
from houfeng.office.database import Office
from houfeng.office.identity.sessions import Caller, resume
from houfeng.office.tables import JournalEntry
from matching.delivery.delivery_samples import BANK, FIRM, SECOND, People

HERE = Caller("127.0.0.1", "test")


@pytest.fixture
def book(tmp_path: Path, clock: Ticking) -> Book:
    """An empty book: what is asked here is whether SQL is handed out at all, and for whom."""
    assert row_schema(kinds()["enterprise"])
    return Book.create(tmp_path / "book", clock, synthetic=True)


def given(office: Office, staff: People, *data: str, days: int = 30) -> int:
    """An authorisation of FIRM for BANK."""
    with office.begin() as session:
        return authorisation.give(session, staff.firm, BANK, data, "loan", days).id


def readable(office: Office, views: AuthorisedViews) -> set[str]:
    """The kinds that can be read now, of all kinds there are."""
    found = set()
    for kind in kinds():
        try:
            sql = views.select(kind)
        except AccessError:
            continue
        assert f"'{FIRM}'" in sql
        found.add(kind)
    return found


def test_every_read_asks(office: Office, staff: People, clock: Ticking, book: Book) -> None:
    """Without one, within, beyond the scope, for another purpose or bank, after its end, after it was taken back."""
    snapshot = book.snapshot()
    views = AuthorisedViews(office, staff.bank, snapshot, FIRM, "loan")
    assert readable(office, views) == set()
    given(office, staff, "profile", "statements")
    allowed = {*shipped().data["profile"].kinds, *shipped().data["statements"].kinds}
    assert readable(office, views) == allowed
    for viewer, firm, purpose in (
        (staff.other, FIRM, "loan"), (staff.bank, SECOND, "loan"), (staff.bank, FIRM, "policy"),
        (staff.officer, FIRM, "loan"), (staff.second, FIRM, "loan"),
    ):  # fmt: skip
        assert readable(office, AuthorisedViews(office, viewer, snapshot, firm, purpose)) == set()
    clock.pass_days(30)
    assert readable(office, views) == set()
    number = given(office, staff, "invoices")
    assert readable(office, views) == {"invoice"}
    with office.begin() as session:
        authorisation.revoke(session, staff.firm, number, "不再需要")
    assert readable(office, views) == set()  # the same object, which could read a moment ago


def test_it_ends_at_its_last_moment(office: Office, staff: People, clock: Ticking) -> None:
    number = given(office, staff, "loans", days=1)
    with office.read() as session:
        row = session.get(authorisation.Authorisation, number)
        assert row is not None
        assert authorisation.alive(row, row.ends_at - timedelta(microseconds=1))
        assert not authorisation.alive(row, row.ends_at)
        assert not authorisation.alive(row, row.given_at - timedelta(seconds=1))


def test_what_is_read_stands_in_the_journal(office: Office, staff: People, book: Book) -> None:
    given(office, staff, "records")
    views = AuthorisedViews(office, staff.bank, book.snapshot(), FIRM, "loan")
    with connect() as connection:
        assert connection.execute(f"SELECT count(*) FROM ({views.select('public_record')})").fetchone() == (0,)
    with pytest.raises(AccessError):
        views.select("invoice", as_of=date(2026, 1, 31))
    with office.read() as session:
        entries = session.scalars(select(JournalEntry).where(JournalEntry.act.like("authorisation.%"))).all()
    assert [(e.act, e.who) for e in entries] == [("authorisation.give", "firm"), ("authorisation.read", "bank")]
    assert '"kind":"public_record"' in entries[1].detail


def test_only_the_firm_gives_and_takes_back(office: Office, staff: People) -> None:
    number = given(office, staff, "loans")
    with office.begin() as session:
        with pytest.raises(AccessError):
            authorisation.give(session, staff.bank, BANK, ["loans"], "loan", 30)
        with pytest.raises(NotFoundError):
            authorisation.revoke(session, staff.second, number, "why")
        with pytest.raises(InputError) as told:
            authorisation.give(session, staff.firm, "", ["secrets"], "fun", 0)
        assert len(told.value.problems) == 4
        assert [row.id for row in authorisation.listing(session, staff.firm, FIRM)] == [number]
        assert [row.id for row in authorisation.listing(session, staff.bank, FIRM)] == [number]
        for viewer in (staff.other, staff.second, staff.elsewhere):
            assert authorisation.listing(session, viewer, FIRM) == []


def test_a_link_opens_once_and_for_one_firm(office: Office, staff: People, clock: Ticking) -> None:
    with office.begin() as session:
        row, secret = links.make(session, staff.officer, FIRM, "示例机械", "410105")
        assert secret not in row.token_hash
    with office.begin() as session:
        assert links.peek(session, secret).enterprise_id == FIRM  # looking uses nothing up
        signed = links.use(session, secret, HERE)
    viewer = resume(office, signed.token)
    assert viewer is not None
    assert (viewer.scope.enterprise, viewer.via) == (FIRM, "link")
    assert viewer.permissions == {Permission.SEE_OWN_FIRM, Permission.USE_ACCOUNT}
    with office.begin() as session, pytest.raises(AccessError):
        links.use(session, secret, HERE)
    clock.now += timedelta(minutes=shipped().numbers["session_minutes"])
    assert resume(office, signed.token) is None
    with office.read() as session:
        acts = {e.act for e in session.scalars(select(JournalEntry)) if e.act.startswith("link.")}
    assert acts == {"link.make", "link.use"}


def test_a_link_ends_by_time_and_by_the_next(office: Office, staff: People, clock: Ticking) -> None:
    with office.begin() as session:
        _, first = links.make(session, staff.officer, FIRM, "示例机械", "410105")
        _, second = links.make(session, staff.officer, FIRM, "示例机械", "410105")
        with pytest.raises(AccessError):
            links.peek(session, first)
        with pytest.raises(NotFoundError):
            links.make(session, staff.elsewhere, FIRM, "示例机械", "410105")
        for viewer in (staff.bank, staff.firm, staff.system):
            with pytest.raises(AccessError):
                links.make(session, viewer, FIRM, "示例机械", "410105")
    clock.now += timedelta(minutes=shipped().numbers["link_minutes"])
    with office.begin() as session:
        with pytest.raises(AccessError):
            links.use(session, second, HERE)
        with pytest.raises(AccessError):
            links.use(session, "guessed", HERE)
        assert all(row.used_at is None for row in session.scalars(select(EntryLink)))
