"""A bank's reporter, officers and approvers, a tool, and claims drawn by hand for the tests of claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

from houfeng.claims import ledger, quota
from houfeng.claims.acts import deciding, drafting, funding
from houfeng.claims.files import lines
from houfeng.claims.life import LineState
from houfeng.claims.tables import Claim, Quota
from houfeng.claims.tools import Bank, Tool
from houfeng.errors import Text
from houfeng.office import approvals, journal
from houfeng.office.access import EVERYTHING, Role, Scope, Viewer
from houfeng.office.database import Office
from houfeng.office.identity import accounts
from houfeng.office.identity.people import viewer_of

START = datetime(2026, 4, 1, 9)
FIRST, LAST = date(2026, 1, 1), date(2026, 3, 31)
BANKS = tuple(Bank(f"91410000BANK0000{n}A", f"示例银行{n}", f"410{n}00") for n in range(1, 4))
TECH = Tool(
    "tech_relending", Text("科技创新再贷款", "Technology relending"), "relending", "relending-tools", "d" * 64,
    rate=Decimal("1.25"), term_months=12, extensions=2, cadence="quarterly",
)  # fmt: skip
SMALL = replace(
    TECH, name="small_relending", label=Text("支小再贷款", "Small-firm relending"), pool="agri_small",
    pool_label=Text("支农支小与再贴现", "Farm, small and rediscount"),
)  # fmt: skip
PRIVATE = replace(
    SMALL, name="private_relending", label=Text("民营企业再贷款", "Private-firm relending"), quota=Decimal("1000")
)
SUBSIDY = Tool(
    "sme_subsidy", Text("中小微企业贷款贴息", "SME interest subsidy"), "subsidy", "interest-subsidies", "e" * 64,
    exclusive="subsidy",
)  # fmt: skip
OTHER_SUBSIDY = replace(SUBSIDY, name="equipment_subsidy", label=Text("设备更新贷款贴息", "Equipment subsidy"))


@dataclass(frozen=True)
class Because:
    """A condition's outcome, as eligibility gives one."""

    condition: str = "size"
    state: str = "failed"
    label: Text = Text("企业规模须为中小微", "the firm must be small")
    reference: str = "第三条"
    holder: Text = Text("统计部门", "the statistics office")
    changes: Text = Text("更正规模认定", "correct the size on record")


@dataclass(frozen=True)
class Loan:
    """One loan as drawn."""

    contract_no: str
    amount: Decimal
    note_no: str = "1"
    item_no: str = ""
    borrower_id: str = "91410100MA0000001X"
    counted_from: date = FIRST
    counted_to: date = LAST
    base: Decimal = Decimal("0.00")
    central: Decimal = Decimal("0.00")
    reasons: tuple[Because, ...] = ()


def loan(contract: str, yuan: int | str, **more: object) -> Loan:
    """A loan of which `yuan` may be claimed; the centre pays nine tenths."""
    amount = Decimal(yuan).quantize(Decimal("0.01"))
    made = Loan(contract, amount, base=amount, central=(amount * 9 / 10).quantize(Decimal("0.01")))
    return replace(made, **more)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Draft:
    """What the book gives a bank for a period."""

    lines: Sequence[Loan]
    refused: Sequence[Loan] = ()
    instrument: str = TECH.name
    institution_id: str = BANKS[0].id
    period: tuple[date, date] = (FIRST, LAST)
    as_of: date = LAST
    known_at: datetime = START
    pack_digest: str = "d" * 64


@dataclass
class Staff:
    """The people of the tests."""

    reporter: Viewer
    second_bank: Viewer
    third_bank: Viewer
    officer: Viewer
    approver: Viewer
    both: Viewer
    viewer: Viewer
    elsewhere: Viewer

    def of(self, bank: Bank) -> Viewer:
        """The reporter of a bank."""
        return (self.reporter, self.second_bank, self.third_bank)[BANKS.index(bank)]


def staff(office: Office) -> Staff:
    """Everybody, with accounts."""

    def person(login: str, *roles: Role, scope: Scope = EVERYTHING) -> Viewer:
        with office.begin() as session:
            user, _ = accounts.create(session, "test", login, login.title(), roles, scope)
            user.must_change = False
            session.flush()
            return viewer_of(user, via="password")

    def bank(number: int) -> Scope:
        return Scope(institutions=frozenset({BANKS[number].id}))

    return Staff(
        person("reporter", Role.REPORTER, scope=bank(0)),
        person("second_bank", Role.REPORTER, scope=bank(1)),
        person("third_bank", Role.REPORTER, scope=bank(2)),
        person("officer", Role.OFFICER),
        person("approver", Role.APPROVER),
        person("both", Role.OFFICER, Role.APPROVER),
        person("viewer", Role.VIEWER),
        person("elsewhere", Role.OFFICER, scope=Scope(regions=frozenset({"410200"}))),
    )


@dataclass
class Walk:
    """Claims and the people who act on them, each act a transaction of its own as on the desk."""

    office: Office
    people: Staff
    tool: Tool = TECH
    bank: Bank = BANKS[0]
    claim_id: int = 0
    bound: Mapping[str, int] = field(default_factory=dict)

    def claim(self) -> Claim:
        with self.office.read() as session:
            found = session.get(Claim, self.claim_id)
            assert found is not None
            session.expunge_all()
            return found

    @property
    def version(self) -> int:
        return self.claim().version

    def states(self) -> dict[str, str]:
        with self.office.read() as session:
            return {line.contract_no: line.state for line in lines(session, self.claim_id)}

    def numbers(self) -> dict[str, int]:
        with self.office.read() as session:
            return {line.contract_no: line.id for line in lines(session, self.claim_id)}

    def grant(self, yuan: int | str, tool: Tool | None = None, bank: Bank | None = None, pool: bool = False) -> Quota:
        tool = tool or self.tool
        with self.office.begin() as session:
            quota.establish(session, [tool])
            if bank is not None:
                node = quota.bank_part(session, tool, bank)
            else:
                name = quota.pool_name(tool.pool) if pool else quota.tool_name(tool.name)
                node = next(one for one in quota.seen(session, self.people.officer) if one.name == name)
            quota.grant(session, "test", node, Decimal(yuan), "下达")
            return node

    def quota(self, name: str = "") -> Quota:
        with self.office.read() as session:
            wanted = name or quota.tool_name(self.tool.name)
            found = next(one for one in quota.seen(session, self.people.officer) if one.name == wanted)
            session.expunge_all()
            return found

    def draw(self, *loans: Loan, refused: Sequence[Loan] = (), **more: object) -> Walk:
        draft = replace(
            Draft(loans, refused, instrument=self.tool.name, institution_id=self.bank.id),
            **more,  # type: ignore[arg-type]
        )
        with self.office.begin() as session:
            self.claim_id = drafting.draw(session, self.people.of(self.bank), self.tool, self.bank, draft).id
        return self

    def submit(self, workbook: Sequence[Loan] | None = None, draft: Draft | None = None) -> Walk:
        version = self.version
        with self.office.begin() as session:
            drafting.submit(session, self.people.of(self.bank), self.claim_id, version, "申报", workbook, draft)
        return self

    def decide(self, **refusals: str) -> Walk:
        version, numbers = self.version, self.numbers()
        with self.office.begin() as session:
            wanted = {numbers[contract]: why for contract, why in refusals.items()}
            deciding.decide(session, self.people.officer, self.claim_id, version, wanted, "已核对台账")
        return self

    def sign(self, approve: bool = True, viewer: Viewer | None = None) -> Walk:
        approval_id = self.claim().approval_id
        assert approval_id is not None
        with self.office.begin() as session:
            approvals.decide(session, viewer or self.people.approver, approval_id, approve, "同意")
        return self

    def disburse(self) -> Walk:
        version = self.version
        with self.office.begin() as session:
            day = self.office.clock().date()
            funding.disburse(session, self.people.officer, self.claim_id, version, day, "拨付")
        return self

    def funded(self, *loans: Loan, **more: object) -> Walk:
        """All the way to the money."""
        return self.draw(*loans, **more).submit().decide().sign().disburse()

    def waiting(self) -> int:
        with self.office.read() as session:
            return len(lines(session, self.claim_id, LineState.ASKED))


def whole(walk: Walk) -> None:
    """Books, quotas, holds and the journal agree."""
    with walk.office.read() as session:
        assert ledger.verify(session) == []
        assert journal.verify(session) == []
