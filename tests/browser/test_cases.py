"""Cases in a real browser: begin one, move it, every tab in both languages and widths, by keyboard, without script."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import Opener, Picture
from browser.stage.access import faults_of
from browser.stage.looks import in_each_look
from houfeng.book.connection import connect
from houfeng.book.store import Book
from houfeng.clock import wall_clock

TABS = ("overview", "creditors", "plan", "measures", "documents", "timeline")


@pytest.fixture(scope="module")
def firms(book_for_browser: Path) -> list[str]:
    """Enterprises with loans at two institutions."""
    views = Book.open(book_for_browser, wall_clock).snapshot()
    balances, firms = (views.select(kind) for kind in ("loan_balance", "enterprise"))
    with connect() as connection:
        rows = connection.execute(
            f"SELECT borrower_id FROM ({balances}) WHERE borrower_id IN (SELECT enterprise_id FROM ({firms})) "
            "GROUP BY 1 HAVING count(DISTINCT institution_id) > 1 ORDER BY 1 LIMIT 9"
        ).fetchall()
    return [row[0] for row in rows]


def begin(page: Page, firm: str) -> str:
    """Begin a case by the form and take it over; its address."""
    page.goto(f"/cases/new?enterprise={firm}")
    page.get_by_label("线索内容").fill("近三个月连续欠息")
    page.get_by_label("事由").fill("机构报告")
    page.get_by_role("button", name="建案").click()
    expect(page.locator(".flash")).to_contain_text("已建案")
    address = page.url.split("/", 3)[3]
    page.get_by_text("确定承办人…").click()
    page.locator("form[action$=assign]").get_by_label("理由").fill("认领")
    page.locator("form[action$=assign] button").click()
    return "/" + address


def move(page: Page, name: str) -> None:
    """Open the form of a move, say why, send it."""
    form = page.locator(f"form:has(input[name=move][value={name}])")
    page.locator(f"details:has(input[name=move][value={name}]) summary").click()
    form.get_by_label("理由").fill("按程序办理")
    form.get_by_role("button").click()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_case_moves_by_forms(open_as: Opener, firms: list[str], script: bool) -> None:
    """From the clue to the opened case; what is missing is said beside the move that needs it."""
    page = open_as("officer", "/cases", script=script)
    begin(page, firms[int(script)])
    move(page, "verify")
    expect(page.locator(".road [aria-current]")).to_have_text("核实")
    expect(page.locator(".move", has_text="立案")).to_contain_text("须已写明核实情况")
    page.get_by_text("填写核实情况…").click()
    page.locator("form[action$=finding] textarea").fill("经核实，周转困难属实。")
    page.locator("form[action$=finding] button").click()
    move(page, "open")
    expect(page.locator(".road [aria-current]")).to_have_text("立案")


@in_each_look
def test_every_page(open_as: Opener, picture: Picture, firms: list[str], lang: str, phone: bool) -> None:
    """No page is wider than its window, and axe finds nothing serious."""
    number = 2 + (lang == "en") + 2 * phone
    address = begin(open_as("officer", "/cases"), firms[number])
    paths = [
        "/cases",
        "/cases?view=list",
        "/cases/new",
        "/cases/figures",
        "/reports",
        f"/cases/new?enterprise={firms[0]}",
    ]
    page = open_as("officer", lang=lang, phone=phone)
    for path in [*paths, *(f"{address}?tab={tab}" for tab in TABS)]:
        page.goto(path)
        assert page.locator("h1").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        assert faults_of(page) == [], path
        name = path.strip("/").replace("/", "-").replace("?", "-").replace("=", "-")
        picture(page, f"cases-{name}-{lang}-{'phone' if phone else 'desk'}")


def test_keyboard_only(open_as: Opener) -> None:
    """The board's filters and cards are reached and opened by keys alone."""
    page = open_as("officer", "/cases")
    page.get_by_role("link", name="待认领").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**whose=free**")
