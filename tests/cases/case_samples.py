"""People, an enterprise with three creditors, and a case walked along its road, for the tests of cases."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from houfeng.cases import documents, files, moving, parties
from houfeng.cases.files import About
from houfeng.cases.plan import commitments, versions
from houfeng.cases.plan.creditors import Creditor, CreditorTable
from houfeng.cases.plan.measures import Measure
from houfeng.cases.tables import CaseFile
from houfeng.cases.terms import shipped
from houfeng.office.access import EVERYTHING, Role, Scope, Viewer
from houfeng.office.alerts.tables import Alert
from houfeng.office.database import Office
from houfeng.office.tables import User, UserRole

START = datetime(2026, 3, 2, 9, 0)
FIRM, OTHER_FIRM = "91410100MA0000001X", "91410200MA0000002Y"
BANKS = ("91410000BANK00001A", "91410000BANK00002B", "91410000BANK00003C")
ABOUT = About(FIRM, "示例机械有限公司", "410105", Decimal("180000000.00"))
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\n"


@dataclass
class People:
    """An officer who owns cases, a second one, two approvers, an analyst and an officer of another city."""

    officer: Viewer
    second: Viewer
    approver: Viewer
    other_approver: Viewer
    both: Viewer
    viewer: Viewer
    elsewhere: Viewer
    all: tuple[Viewer, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.all = (
            self.officer, self.second, self.approver, self.other_approver, self.both, self.viewer, self.elsewhere,
        )  # fmt: skip


def person(session: Session, login: str, *roles: Role, regions: Sequence[str] | None = None) -> Viewer:
    """An account and its viewer."""
    user = User(
        login=login, name=login.title(), subject=login, created_at=START,
        regions=list(regions) if regions is not None else None,
        roles=[UserRole(role=role, granted_by="test", granted_at=START) for role in roles],
    )  # fmt: skip
    session.add(user)
    session.flush()
    scope = Scope(regions=frozenset(regions)) if regions is not None else EVERYTHING
    return Viewer(user.id, login, user.name, frozenset(roles), scope)


def people(office: Office) -> People:
    """The people of the tests, with accounts."""
    with office.begin() as session:
        return People(
            officer=person(session, "officer", Role.OFFICER),
            second=person(session, "second", Role.OFFICER),
            approver=person(session, "approver", Role.APPROVER),
            other_approver=person(session, "approver2", Role.APPROVER),
            both=person(session, "both", Role.OFFICER, Role.APPROVER),
            viewer=person(session, "viewer", Role.VIEWER),
            elsewhere=person(session, "elsewhere", Role.OFFICER, regions=["410200"]),
        )


def table(*balances: int, firm: str = FIRM) -> CreditorTable:
    """A creditor table with these balances in 万元, of the banks in order."""
    rows = tuple(
        Creditor(
            institution_id=bank, name=f"示例银行{n}", balance=Decimal(balance * 10_000).quantize(Decimal("0.01")),
            overdue=Decimal("0.00"), notes=1, rate_low=Decimal("4.35"), rate_high=Decimal("4.35"), quality="FQ02",
            matures_first=date(2026, 9, 30), period=date(2026, 2, 28), submissions=(f"s{n}",),
        )
        for n, (bank, balance) in enumerate(zip(BANKS, balances, strict=False), 1)
    )  # fmt: skip
    return CreditorTable(firm, date(2026, 2, 28), START, rows)


TABLE = table(10_000, 5_000, 3_000)
KEEP = Measure("m1", "no_withdrawal", date(2026, 12, 31), Decimal("100000000.00"), None, BANKS[0], "示例银行1")
RATE = Measure("m2", "rate_cut", date(2026, 6, 30), None, Decimal("3.5"), BANKS[1], "示例银行2")
BRIDGE = Measure("m3", "bridge_fund", date(2026, 5, 31), Decimal("20000000.00"), None, "", "地方金融管理部门")
MEASURES = (KEEP, RATE, BRIDGE)


@dataclass
class Walk:
    """One case and the person who acts on it, each act a transaction of its own as on the desk."""

    office: Office
    people: People
    folder: Path
    case_id: int = 0

    def version(self) -> int:
        with self.office.read() as session:
            return files.find(session, self.people.approver, self.case_id).version

    def case(self) -> CaseFile:
        with self.office.read() as session:
            found = files.find(session, self.people.approver, self.case_id)
            session.expunge_all()
            return found

    def begin(self, viewer: Viewer | None = None, about: About = ABOUT, type_: str = "credit_risk") -> Walk:
        with self.office.begin() as session:
            case = files.begin(
                session, viewer or self.people.officer, about, type_, "贷款逾期", "逾期 60 天", why="预警"
            )
            self.case_id = case.id
        return self

    def own(self, viewer: Viewer | None = None) -> Walk:
        owner = viewer or self.people.officer
        with self.office.begin() as session:
            parties.assign(session, owner, self.case_id, self.version(), owner.user_id, "认领")
        return self

    def move(self, name: str, viewer: Viewer | None = None) -> Walk:
        with self.office.begin() as session:
            moving.move(session, viewer or self.people.officer, self.case_id, self.version(), name, f"{name} 的理由")
        return self

    def sign(self, approve: bool = True, viewer: Viewer | None = None) -> Walk:
        with self.office.begin() as session:
            moving.sign(session, viewer or self.people.approver, self.case_id, self.version(), approve, "同意")
        return self

    def finding(self, text: str = "经核实，资金周转困难") -> Walk:
        with self.office.begin() as session:
            files.write_finding(session, self.people.officer, self.case_id, self.version(), text)
        return self

    def member(self, part: str, institution_id: str = "") -> Walk:
        with self.office.begin() as session:
            parties.add_member(
                session, self.people.officer, self.case_id, self.version(), part=part, name="张三",
                institution_id=institution_id, phone="13800000000",
            )  # fmt: skip
        return self

    def draft(self, measures: Sequence[Measure] = MEASURES, creditors: CreditorTable = TABLE) -> Walk:
        with self.office.begin() as session:
            versions.write_draft(
                session, self.people.officer, self.case_id, self.version(), template="short_of_cash",
                summary="先稳后治", measures=measures, table=creditors, terms=shipped(),
            )  # fmt: skip
        return self

    def draft_for(self, about: About) -> Walk:
        """The plan of another enterprise."""
        return self.draft(creditors=table(10_000, 5_000, 3_000, firm=about.enterprise_id))

    def vote(self, **votes: str) -> Walk:
        for name, vote in votes.items():
            with self.office.begin() as session:
                versions.record_vote(
                    session, self.people.officer, self.case_id, self.version(), BANKS[int(name[1:])], vote, "会议纪要"
                )  # fmt: skip
        return self

    def votes(self) -> Walk:
        """Two of three banks are for it."""
        return self.vote(b0="for", b1="for")

    def document(self, name: str = "凭证.pdf", data: bytes = PDF, **how: Any) -> int:
        with self.office.begin() as session:
            return documents.attach(
                session, self.people.officer, self.case_id, self.version(), self.folder, name, io.BytesIO(data), **how
            ).id

    def settle_measures(self) -> Walk:
        proof = self.document()
        with self.office.read() as session:
            ids = [row.id for row in versions.measures(session, self.case_id) if row.state == "todo"]
        for measure_id in ids:
            with self.office.begin() as session:
                versions.settle_measure(
                    session, self.people.officer, self.case_id, self.version(), measure_id, "done", "已办",
                    done_on=date(2026, 3, 2), proof_id=proof,
                )  # fmt: skip
        return self

    def outcome(self, outcome: str = "recovered") -> Walk:
        with self.office.begin() as session:
            files.write_outcome(
                session, self.people.officer, self.case_id, self.version(), outcome, "恢复付息", Decimal("1000.00")
            )
        return self

    def to_plan(self) -> Walk:
        """As far as a plan can be written."""
        self.begin().own().move("verify").finding().move("open").member("lead").move("consult")
        return self.member("creditor", BANKS[0]).move("plan")

    def to_carry_out(self) -> Walk:
        """As far as an approved plan."""
        return self.to_plan().draft().vote(b0="for", b1="for").move("submit").sign()

    def to_end(self) -> Walk:
        """All the way."""
        self.to_carry_out().settle_measures().move("follow_up").outcome().move("close")
        return self.sign()


@dataclass
class Shelf:
    """A book of one month in memory, as `BookAt` sees one."""

    as_of: date
    known_at: datetime
    notes: list[dict[str, Any]]
    periods: Mapping[str, date]

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        if "max(period)" in sql and "borrower_id" not in sql:
            return [{"institution_id": name, "period": period} for name, period in self.periods.items()]
        return [dict(note) for note in self.notes]


def shelf(period: date, known_at: datetime, *balances: int, rate: str = "4.35") -> Shelf:
    """A book where the banks report these balances (万元) for `period`."""
    notes = [
        commitments.Note(bank, Decimal(balance * 10_000), Decimal(rate), date(2027, 1, 1), f"s-{period}")._asdict()
        for bank, balance in zip(BANKS, balances, strict=False)
        if balance
    ]
    return Shelf(period, known_at, notes, dict.fromkeys(BANKS[: len(balances)], period))


def alert(session: Session, name: str, at: datetime, *, firm: str = FIRM, tier: str = "orange") -> Alert:
    """An alert in the index."""
    row = Alert(
        id=name, pack="warning-rules", version="1", rule="overdue", rule_id="P01", rule_group="P", kind="enterprise",
        key=firm, name="示例机械有限公司", region="410105", enterprise=firm, channel="emitted", tier=tier, tier_rank=3,
        opened_at=at, moved_at=at, first_seq=1, last_seq=1, reason_zh="逾期 60 天", reason_en="60 days overdue",
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row
