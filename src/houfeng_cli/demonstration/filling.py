"""What the desk of the demo shows besides alerts: policies on their way, needs, claims, a score, an assignment.

All of it is made from the synthetic province through the functions that the pages call.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import date
from pathlib import Path

import click

from houfeng.book.connection import connect
from houfeng.book.store import Book
from houfeng.clock import wall_clock
from houfeng.office.access import Role, Scope
from houfeng.office.database import Office
from houfeng.office.identity import accounts
from houfeng.office.identity.local import set_password
from houfeng.office.identity.people import find, viewer_of

OPEN_NEEDS = date(2025, 12, 1)
"""A day on which needs of the province are open and their deadlines ahead."""


def fill(book: Path) -> list[tuple[str, str, str]]:
    """Fill the pages of policy and market; gives login, name and password of the enterprise's own account.

    Raises:
        HoufengError: one of the parts cannot be made.
    """
    from houfeng_cli.demonstration import claims, conduct, credit, matching

    bank, firm = _bank_and_firm(book)
    office = Office.open(f"sqlite:///{book / 'office.db'}", wall_clock)
    try:
        person = _enterprise(office, firm)
        _part("政策直达与融资需求 / policies on their way, and needs", lambda: _deliver(office, book, firm, bank))
        _part("信用画像、异议与名单 / conduct", lambda: conduct.seed(office, book, wall_clock))
        _part("再贷款与贴息申报 / claims", lambda: claims.seed(office, book, wall_clock))
        _part("评分卡 / a scorecard", lambda: credit.seed(book, wall_clock))
        with office.read() as session:
            officer = viewer_of(find(session, "officer"), via="demo")
        _part("银企对接 / an assignment", lambda: matching.seed(office, officer, OPEN_NEEDS))
    finally:
        office.close()
    return [person]


def _deliver(office: Office, book: Path, firm: str, bank: str) -> None:
    from houfeng_cli.demonstration import delivery
    from houfeng_desk.desk import Desk

    desk = Desk.open(office, book, wall_clock)
    try:
        delivery.seed(desk, firm=firm, bank=bank)
    finally:
        desk.close()


def _part(what: str, make: Callable[[], object]) -> None:
    click.secho(f"\n■ {what}", bold=True)
    told = make()
    if isinstance(told, list):
        for problem in told:
            click.echo(f"  {problem.render()}")


def _bank_and_firm(book: Path) -> tuple[str, str]:
    """The reporter's bank, and a small private firm that owes it."""
    opened = Book.open(book, wall_clock)
    bank = min(entry.reporter for entry in opened.entries() if entry.kind == "loan_balance")
    snapshot = opened.snapshot()
    day = max(entry.period for entry in snapshot.submissions("loan_balance") if entry.period is not None)
    loans, firms = (snapshot.select(kind, as_of=day) for kind in ("loan_balance", "enterprise"))
    found = connect().execute(
        f"SELECT enterprise_id FROM ({firms}) e JOIN ({loans}) l ON l.borrower_id = e.enterprise_id "
        "WHERE l.institution_id = $1 AND e.size = 'CS03' AND e.is_private AND l.balance > 0 "
        "GROUP BY 1 ORDER BY sum(l.balance) DESC, 1 LIMIT 1",
        [bank],
    )
    row = found.fetchone()
    return bank, str(row[0]) if row else ""


def _enterprise(office: Office, firm: str) -> tuple[str, str, str]:
    password = secrets.token_urlsafe(12)
    with office.begin() as session:
        user, _ = accounts.create(
            session, "demo", "enterprise", "韩企业", frozenset({Role.ENTERPRISE}), Scope(enterprise=firm)
        )
        set_password(session, user, password)
        user.must_change = False
    return "enterprise", "韩企业", password
