"""A firm, its bank, officers, an approver, and lines of a portrait for the tests of conduct."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from houfeng.conduct.disputes.filing import Firm
from houfeng.conduct.lists.entering import Basis
from houfeng.conduct.portrait import Line, Source
from houfeng.errors import Text
from houfeng.office.access import EVERYTHING, Role, Scope, Viewer
from houfeng.office.database import Office
from houfeng.office.identity import accounts
from houfeng.office.identity.people import viewer_of

START = datetime(2026, 4, 1, 9)
FIRM = Firm("91410100MA0000001X", "示例机械有限公司", "410100")
OTHER = Firm("91410100MA0000002X", "别家有限公司", "410200")
BANK, OTHER_BANK = "91410000BANK00001A", "91410000BANK00002A"


@dataclass
class Staff:
    """The people of the tests."""

    firm: Viewer
    other_firm: Viewer
    bank: Viewer
    other_bank: Viewer
    officer: Viewer
    approver: Viewer
    both: Viewer
    elsewhere: Viewer
    viewer: Viewer


def staff(office: Office) -> Staff:
    """Everybody, with accounts."""

    def person(login: str, *roles: Role, scope: Scope = EVERYTHING) -> Viewer:
        with office.begin() as session:
            user, _ = accounts.create(session, "test", login, login.title(), roles, scope)
            user.must_change = False
            session.flush()
            return viewer_of(user, via="password")

    return Staff(
        person("firm", Role.ENTERPRISE, scope=Scope(enterprise=FIRM.id)),
        person("other_firm", Role.ENTERPRISE, scope=Scope(enterprise=OTHER.id)),
        person("bank", Role.REPORTER, scope=Scope(institutions=frozenset({BANK}))),
        person("other_bank", Role.REPORTER, scope=Scope(institutions=frozenset({OTHER_BANK}))),
        person("officer", Role.OFFICER),
        person("approver", Role.APPROVER),
        person("both", Role.OFFICER, Role.APPROVER),
        person("elsewhere", Role.OFFICER, scope=Scope(regions=frozenset({"410200"}))),
        person("viewer", Role.VIEWER),
    )


def line(reporter: str = BANK, **more: Any) -> Line:
    """A loan as its bank reports it."""
    source = Source("S1", 7, reporter, "示例银行", START)
    made = Line(
        "credit", "loan_balance", f"{reporter}/C1/N1", "", Text("贷款余额 N1", "Loan N1"),
        Text("500,000.00 元", "500,000.00 yuan"), Text("逾期天数 9 天", "9 days overdue"), date(2026, 3, 31), source,
        reporter,
    )  # fmt: skip
    return replace(made, **more)


def basis(ground: str = "evasion_found", **more: Any) -> Basis:
    """A complete basis of an entry."""
    fact = {"kind": "public_record", "key": "R1", "zh": "被执行 100 元", "en": "enforced", "submission": "S2", "row": 1}
    made = Basis(ground, "郑州市中级人民法院", "（2026）豫01刑终1号", date(2026, 3, 1), [fact])
    return replace(made, **more)
