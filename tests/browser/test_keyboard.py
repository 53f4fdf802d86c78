"""The main story by keys alone: sign in, past the menu, to an alert, into its form and out again, to a case and a
decision. What has the focus is always seen, and a form that was opened can be reached and left."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from browser.conftest import Opener
from browser.stage.watches import Watch
from desk.desk_samples import PASSWORD

MOST = 120
"""Steps of Tab before one gives up."""
FOCUSED = "document.activeElement"


def seen(page: Page) -> bool:
    """Whether what has the focus is on the page and has a ring or an edge that says so."""
    return bool(
        page.evaluate(
            """() => {
                const one = document.activeElement, look = getComputedStyle(one), box = one.getBoundingClientRect();
                return one !== document.body && box.width > 0 && box.height > 0
                    && (look.outlineStyle !== 'none' || look.boxShadow !== 'none');
            }"""
        )
    )


def to(page: Page, what: str) -> None:
    """Tab until the focus is on what matches the selector."""
    if page.evaluate(f"what => {FOCUSED}.matches(what)", what):
        return  # the page put it there
    for _ in range(MOST):
        page.keyboard.press("Tab")
        assert seen(page), page.evaluate(f"{FOCUSED}.outerHTML.slice(0, 200)")
        if page.evaluate(f"what => {FOCUSED}.matches(what)", what):
            return
    raise AssertionError(f"no way by Tab to {what}")


def past_the_menu(page: Page) -> None:
    """The first Tab is on the skip link; Enter leads into the page."""
    page.keyboard.press("Tab")
    assert page.evaluate(f"{FOCUSED}.className") == "skip"
    page.keyboard.press("Enter")


def test_sign_in_by_keys(open_as: Opener) -> None:
    page = open_as("", "/sign-in")
    to(page, "#login")
    page.keyboard.type("viewer")
    to(page, "#password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    expect(page.locator("h1")).to_be_visible()


def test_an_alert_is_acknowledged_by_keys(open_as: Opener, watch: Watch) -> None:
    page = open_as("officer", "/alerts?state=open")
    past_the_menu(page)
    to(page, "tbody td a[href^='/alerts/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/alerts/*")
    past_the_menu(page)
    to(page, "details.act > summary")
    page.keyboard.press("Enter")
    to(page, "form[action$='/acknowledge'] textarea")
    page.keyboard.type("已电话核实")
    to(page, "form[action$='/acknowledge'] button")
    page.keyboard.press("Enter")
    expect(page.locator(".flash")).to_contain_text("已确认")
    past_the_menu(page)
    to(page, "details.act > summary")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # and closed again
    expect(page.locator("details.act[open]")).to_have_count(0)


def test_a_filter_is_set_and_taken_off_by_keys(open_as: Opener) -> None:
    page = open_as("officer", "/enterprises")
    past_the_menu(page)
    to(page, "#q-q")
    page.keyboard.type("模拟")
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_count(1)
    past_the_menu(page)
    to(page, "a.chip, .chip a")
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_count(0)
