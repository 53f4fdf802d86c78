"""A firm with something to dispute, and its bank."""

from __future__ import annotations

import pytest

from houfeng.office.access import Role, Scope
from houfeng.office.identity import accounts
from houfeng_desk.desk import Desk
from houfeng_desk.queries.delivery.judging import HOUSE

OWING = (
    "SELECT l.borrower_id AS firm, l.institution_id AS bank FROM loan_balance l JOIN enterprise e"
    " ON e.enterprise_id = l.borrower_id JOIN public_record p ON p.enterprise_id = l.borrower_id"
    " WHERE l.overdue_days > 0 GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 1"
)


@pytest.fixture
def parties(desk: Desk) -> tuple[str, str]:
    """A firm that owes and has records, with an account; and its bank, whose reporter the test's reporter becomes."""
    row = desk.reader(HOUSE).one(OWING)
    assert row is not None
    with desk.office.begin() as session:
        for login, roles, scope in (
            ("firm", [Role.ENTERPRISE], Scope(enterprise=row["firm"])),
            ("lender", [Role.REPORTER], Scope(institutions=frozenset({row["bank"]}))),
        ):
            user, _ = accounts.create(session, "test", login, login.title(), roles, scope)
            user.must_change = False
    return row["firm"], row["bank"]
