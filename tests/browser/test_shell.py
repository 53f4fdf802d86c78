"""The frame in a real browser: both languages, both widths, keyboard, no script."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from browser.access import faults_of
from browser.conftest import Opener

PAGES = {
    "officer": ["/account", "/inbox", "/todo", "/jobs", "/search?q=x", "/help", "/help/alerts", "/nothing-here"],
    "security_admin": ["/users", "/users/new", "/users/officer"],
    "audit_admin": ["/journal", "/journal/1", "/journal/export"],
    "system_admin": ["/settings", "/patterns"],
}
EACH = [(login, path) for login, paths in PAGES.items() for path in paths]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_every_page_of_the_house(open_as: Opener, picture: object, lang: str, phone: bool) -> None:
    for login, path in EACH:
        page = open_as(login, path, lang=lang, phone=phone)
        assert page.locator("h1").count() == 1
        assert fits(page), f"{path} is wider than the window"
        assert faults_of(page) == [], path
        name = path.strip("/").replace("/", "-").replace("?", "-").replace("=", "-")
        picture(page, f"house-{name}-{lang}-{'phone' if phone else 'desk'}")  # type: ignore[operator]
    page = open_as("", "/sign-in", lang=lang, phone=phone)
    assert faults_of(page) == []
    picture(page, f"house-sign-in-{lang}-{'phone' if phone else 'desk'}")  # type: ignore[operator]


def fits(page: Page) -> bool:
    """Whether the page needs no scrolling to the side."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_the_menu_of_a_phone_works_without_script(open_as: Opener) -> None:
    page = open_as("officer", "/account", phone=True, script=False)
    assert page.get_by_role("link", name="后台任务").first.is_hidden()
    page.locator(".folded > summary").click()
    page.locator(".folded").get_by_role("link", name="后台任务").click()
    expect(page.locator("h1")).to_have_text("后台任务")


def test_keyboard_only(open_as: Opener) -> None:
    page = open_as("officer", "/account")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    inside = page.evaluate("document.querySelector('main').contains(document.activeElement)")
    assert inside
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_language_and_large_type(open_as: Opener) -> None:
    page = open_as("officer", "/account")
    page.get_by_role("link", name="EN", exact=False).first.click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("h1")).to_have_text("My account")
    page.get_by_label("Language").last.select_option("en")
    page.get_by_label("Large type").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_class("large")
    page.get_by_label("Language").last.select_option("zh")
    page.get_by_label("Large type").uncheck()
    page.get_by_role("button", name="Save").click()


def test_charts_are_drawn_within_the_policy(open_as: Opener) -> None:
    page = open_as("system_admin", "/patterns")
    expect(page.locator(".chart svg")).to_be_visible()
    assert page.locator(".chart svg text").count() > 5
