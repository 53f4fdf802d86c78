"""An office with officers, two banks and two firms; a judge made of plain sets, for the tests of delivery."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from houfeng.errors import Text
from houfeng.matching.delivery.judging import Firm, Found, Judge, Missing, Policy, Verdict
from houfeng.matching.needs.filing import About, Suggestion, Wish
from houfeng.office.access import EVERYTHING, Role, Scope, Viewer
from houfeng.office.database import Office
from houfeng.office.identity import accounts
from houfeng.office.identity.people import viewer_of

START = datetime(2026, 3, 2, 9, 0)
BANK, OTHER = "91410100MB0000001A", "91410200MB0000002B"
FIRM, SECOND, THIRD = "91410100MA0000001X", "91410200MA0000002Y", "91410300MA0000003Z"
FIRMS = {FIRM: Firm("示例机械", "410105"), SECOND: Firm("示例面粉", "410202"), THIRD: Firm("示例药业", "410302")}


@dataclass
class People:
    """Who acts in the tests."""

    officer: Viewer
    elsewhere: Viewer
    bank: Viewer
    other: Viewer
    firm: Viewer
    second: Viewer
    system: Viewer


def person(session: Session, login: str, role: Role, scope: Scope = EVERYTHING) -> Viewer:
    """An account and its viewer."""
    user, _ = accounts.create(session, "test", login, login.title(), {role}, scope)
    user.must_change = False
    session.flush()
    return viewer_of(user, via="password")


def people(office: Office) -> People:
    """All of them, with accounts."""
    with office.begin() as session:
        return People(
            officer=person(session, "officer", Role.OFFICER),
            elsewhere=person(session, "elsewhere", Role.OFFICER, Scope(regions=frozenset({"410200"}))),
            bank=person(session, "bank", Role.REPORTER, Scope(institutions=frozenset({BANK}))),
            other=person(session, "other", Role.REPORTER, Scope(institutions=frozenset({OTHER}))),
            firm=person(session, "firm", Role.ENTERPRISE, Scope(enterprise=FIRM)),
            second=person(session, "second", Role.ENTERPRISE, Scope(enterprise=SECOND)),
            system=person(session, "system", Role.SYSTEM_ADMIN),
        )


POLICY = Policy(
    name="sme_loan", label=Text("小微贴息", "Subsidy for small firms"), benefit=Text("贴息", "a subsidy"),
    document="示例〔2026〕1号", document_on=date(2026, 1, 20), delivers="sme", bring=(), call=Text("", ""),
    pack="test", digest="d1",
)  # fmt: skip
SIZE = Missing("size", "no", Text("规模为小微", "small or micro"), changes=Text("重新认定规模", "size told anew"))
STAFF = Missing("staff", "unknown", Text("从业人数", "employees"), holder=Text("统计部门", "statistics office"))


@dataclass(frozen=True)
class Sets:
    """A judge that reads a table: (day, firm) → the verdict's state; what is not there is no."""

    states: Mapping[tuple[date, str], str]
    as_of: date
    known_at: datetime
    policy: Policy = POLICY

    @property
    def policies(self) -> Mapping[str, Policy]:
        return {self.policy.name: self.policy}

    def found(self, policy: str) -> Found:
        yes = {firm: FIRMS[firm] for firm in FIRMS if self._state(firm) == "yes"}
        unknown = sum(1 for firm in FIRMS if self._state(firm) == "unknown")
        return Found(self.as_of, self.known_at, len(FIRMS), unknown, yes)

    def why(self, policy: str, enterprises: Collection[str]) -> Mapping[str, Verdict]:
        return {firm: self._verdict(firm) for firm in enterprises}

    def earlier(self, as_of: date, known_at: datetime) -> Judge:
        return replace(self, as_of=as_of, known_at=known_at)

    def firm(self, enterprise_id: str) -> Sequence[Verdict]:
        return [self._verdict(enterprise_id)]

    def _state(self, firm: str) -> str:
        return self.states.get((self.as_of, firm), "no")

    def _verdict(self, firm: str) -> Verdict:
        state = self._state(firm)
        return Verdict(POLICY.name, state, {"yes": (), "no": (SIZE,), "unknown": (STAFF,)}[state])


def judge(day: date, yes: Collection[str], unknown: Collection[str] = (), **more: object) -> Sets:
    """A judge for whom these are entitled on every day up to `day` that a test names."""
    states = {(day, firm): "yes" for firm in yes} | {(day, firm): "unknown" for firm in unknown}
    return Sets(states, day, datetime(day.year, day.month, day.day, 8), **more)  # type: ignore[arg-type]


ABOUT = About(FIRM, "示例机械", "410105", True)


def wish(**more: object) -> Wish:
    """A need of two million."""
    plain: dict[str, object] = {
        "amount": Decimal("2000000.00"), "term_months": 12, "use": "采购原材料", "guarantee": "D",
        "deadline": date(2026, 6, 30), "contact": "张三 13800000000", "data": ("profile", "statements"), "days": 90,
        "policy": POLICY.name,
    }  # fmt: skip
    return Wish(**(plain | more))  # type: ignore[arg-type]


def suggestion(bank: str = BANK, days: int | None = None) -> Suggestion:
    """A product of a bank."""
    return Suggestion(bank, f"银行{bank[-1]}", f"p{bank[-1]}", Text("快贷", "Fast loan"), Decimal("3.1"), 0.7,
                      ({"zh": "符合条件", "en": "fits"},), days)  # fmt: skip
