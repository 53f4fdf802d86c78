"""A policy finds a firm in a real browser: it sees what it is entitled to, applies, a bank lends and claims; two loans
are refused with reasons, one is put right; two people decide, the quota moves, money arrives, the days are counted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from browser.conftest import Opener, Picture
from browser.stage.access import faults_of
from browser.stage.claiming import granted, paid, submitted
from browser.stage.looks import in_each_look
from desk.claims.claim_pages import PERIOD, TOOL
from desk.desk_samples import BANK, PASSWORD
from houfeng.claims.acts.drawing import bank_of
from houfeng.clock import wall_clock
from houfeng.instruments.claims import ClaimLine
from houfeng.matching.delivery import lists
from houfeng.matching.tables import PolicyList
from houfeng.office.access import Role, Scope
from houfeng.office.database import Office
from houfeng.office.identity import accounts
from houfeng.office.identity.local import set_password
from houfeng_desk.desk import Desk
from houfeng_desk.queries.claims import drawing
from houfeng_desk.queries.delivery.judging import HOUSE, make_list, publish_list

POLICY = "service_credit"
GIVEN = 40
"""Days before today on which the document of the policy stands, so that the days can be counted."""


class Scene:
    """The office of the server, from outside: a list that was sent, a firm on it, and a loan its bank may claim for."""

    def __init__(self, office: Path, book: Path) -> None:
        self.office = Office.open(f"sqlite:///{office}", wall_clock)
        self.desk = Desk.open(self.office, book, wall_clock)
        self._sent()
        self.loan = self._loan()
        self.firm = self.loan.borrower_id
        with self.office.begin() as session:
            whole = {Role.ENTERPRISE}, Scope(enterprise=self.firm)
            user, _ = accounts.create(session, "test", "firm", "示例企业", *whole)
            set_password(session, user, PASSWORD)
            user.must_change = False

    def _sent(self) -> None:
        number = make_list(self.desk, "test", POLICY).number
        with self.office.begin() as session:
            row = session.scalars(select(PolicyList)).one()
            row.document_on = wall_clock().date() - timedelta(days=GIVEN)
        publish_list(self.desk, "test", POLICY, number)

    def _loan(self) -> ClaimLine:
        """The first loan of the bank's claim to a firm that the policy's list has."""
        with self.office.read() as session:
            firms = lists.firms(session, POLICY, 1)
            whose = bank_of(self.desk.reader(HOUSE), BANK)
            period = drawing.period_of(PERIOD, wall_clock().date())
            draft = drawing.draw(session, self.desk, drawing.tool(self.desk, TOOL), whose, period)
        return next(line for line in draft.lines if line.borrower_id in firms)

    def close(self) -> None:
        self.desk.close()
        self.office.close()


@pytest.fixture(scope="module")
def scene(server: str, office_for_browser: Path, book_for_browser: Path) -> Iterator[Scene]:
    """The office of the server."""
    made = Scene(office_for_browser, book_for_browser)
    yield made
    made.close()


def filled(page: Page) -> None:
    """The form of a need, as a firm fills it in."""
    page.get_by_label("金额（万元）").fill("300")
    page.get_by_label("期限（月）").fill("12")
    page.get_by_label("资金用途").fill("采购原材料")
    page.get_by_label("可提供的担保").select_option("D")
    page.get_by_label("最晚用款日期").fill((wall_clock() + timedelta(days=60)).strftime("%Y-%m-%d"))
    page.get_by_label("联系人和电话").fill("张三 13800000000")
    page.get_by_label("我代表企业授权").check()
    page.get_by_role("button", name="授权并提交").click()


def answered(page: Page, move: str, fields: Mapping[str, str]) -> None:
    """Open the form of a bank's step, fill it in, send it."""
    form = page.locator(f"form[action$='/{move}']")
    page.locator(f"details:has(form[action$='/{move}']) > summary").click()
    for label, value in fields.items():
        form.get_by_label(label).fill(value)
    form.get_by_role("button").click()
    expect(page.locator(".flash")).to_contain_text("已登记")


def lent(bank: Page, loan: ClaimLine) -> None:
    """The bank takes the need on, decides, and reports the loan that the book has."""
    bank.goto("/needs")
    bank.get_by_role("link", name=re.compile("需〔")).first.click()
    expect(bank.locator("main")).to_contain_text("张三")
    bank.get_by_role("button", name="受理", exact=True).click()
    amount = str(loan.base / 10_000)
    answered(bank, "contact", {"说明": "上门核实"})
    answered(bank, "approve", {"金额": amount, "年利率": "3.45"})
    answered(bank, "disburse", {"金额": amount, "贷款合同号": loan.contract_no, "借据号": loan.note_no})
    expect(bank.locator(".offer")).to_contain_text(loan.contract_no)


def test_from_the_document_to_the_money(open_as: Opener, scene: Scene, picture: Picture, tmp_path: Path) -> None:
    """On a phone: entitled, why, apply and authorise. The officer recommends, the bank lends and claims, two loans are
    refused and one put right, two people decide, the quota moves, the money is there and its days are counted."""
    mine = open_as("firm", "/mine", phone=True)
    card = mine.locator(f".right.yes:has(a[href$='policy={POLICY}'])")
    expect(card).to_contain_text("服务消费领域贷款")
    card.get_by_text("为什么符合").click()
    expect(card.locator("details li").first).to_be_visible()
    expect(card.locator(".links .now")).to_have_text("已送达")
    mine.get_by_role("button", name="收到").click()
    expect(mine.locator(".flash")).to_contain_text("已登记收到")
    expect(card.locator(".links .now")).to_have_text("已收到")
    picture(mine, "delivery-mine-zh-phone")
    card.get_by_role("link", name="申请").click()
    filled(mine)
    expect(mine.locator(".flash")).to_contain_text("申请已提交")
    number = mine.url.rsplit("/", 1)[1]
    officer, bank, signer = open_as("officer", f"/needs/{number}"), open_as("reporter"), open_as("second")
    for box in officer.locator("input[name=bank]").all():
        box.set_checked(box.get_attribute("value") == BANK)
    officer.get_by_role("button", name="推荐给所选银行").click()
    expect(officer.locator(".flash")).to_contain_text("已推荐给 1 家银行")
    lent(bank, scene.loan)
    address = submitted(bank, scene.loan.contract_no, tmp_path)
    granted(officer, signer, "100000")
    paid(officer, signer, address)
    mine.goto(f"/mine/needs/{number}")
    expect(mine.locator(".links .now")).to_have_text("资金到位")
    expect(mine.locator("main")).to_contain_text(f"从文件到资金 {GIVEN} 天")
    picture(mine, "delivery-mine-need-zh-phone")
    officer.goto(f"/policies/{POLICY}?tab=chains&state=paid")
    expect(officer.locator("tbody tr")).to_contain_text([str(GIVEN)])
    mine.goto("/mine/authorisations")
    mine.get_by_text("撤回…").click()
    mine.get_by_label("理由").fill("已办妥")
    mine.locator("form[action$=revoke] button").click()
    bank.goto(f"/needs/{number}")
    expect(bank.locator("main")).not_to_contain_text("张三")


@in_each_look
def test_every_page(open_as: Opener, scene: Scene, picture: Picture, lang: str, phone: bool) -> None:
    """No page is wider than its window, and axe finds nothing serious."""
    paths = {
        "firm": ["/mine", f"/mine/apply?policy={POLICY}", "/mine/needs/1", "/mine/authorisations"],
        "officer": [
            "/policies", *(f"/policies/{POLICY}?tab={tab}" for tab in ("progress", "terms", "lists", "chains")),
            f"/policies/{POLICY}?tab=banks", f"/policies/{POLICY}/lists/1", "/needs", "/needs/1", "/needs/figures",
            "/claims", "/claims/1", "/quota", "/claims/audit",
        ],
        "reporter": ["/needs", "/needs/1", "/policies", f"/policies/{POLICY}", "/claims", "/claims/new", "/claims/1",
                     "/quota"],
    }  # fmt: skip
    assert scene.firm
    for login, several in paths.items():
        page = open_as(login, lang=lang, phone=phone)
        for path in several:
            page.goto(path)
            assert page.locator("h1").count() == 1, path
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
            assert faults_of(page) == [], path
            name = re.sub(r"[/?=&]+", "-", path.strip("/"))
            picture(page, f"delivery-{login}-{name}-{lang}-{'phone' if phone else 'desk'}")


def test_a_link_by_its_button(open_as: Opener, scene: Scene) -> None:
    """An officer makes a link; a stranger's browser gets in once, without script too."""
    officer = open_as("officer", f"/policies/{POLICY}?tab=chains&text={scene.firm}")
    officer.get_by_role("button", name="一次性链接").first.click()
    address = officer.locator(".once").inner_text()
    page = open_as("", "/sign-in", script=False)
    page.goto(address)
    page.get_by_role("button", name="进入").click()
    expect(page.locator("h1")).to_contain_text("模拟")
    expect(page.locator(".right.yes").first).to_be_visible()
