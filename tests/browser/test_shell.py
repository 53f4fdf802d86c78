"""The frame in a real browser: both languages, both widths, keyboard, no script."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from browser.conftest import Opener, Picture
from browser.stage.access import faults_of, fits
from browser.stage.looks import in_each_look

PAGES = {
    "officer": ["/account", "/inbox", "/todo", "/jobs", "/search?q=x", "/help", "/help/alerts", "/nothing-here"],
    "security_admin": ["/users", "/users/new", "/users/officer"],
    "audit_admin": ["/journal", "/journal/1", "/journal/export"],
    "system_admin": ["/settings", "/patterns"],
}


@pytest.fixture(scope="module")
def server(shared_server: str) -> str:
    """Nothing here changes the book or what others look at."""
    return shared_server


@in_each_look
def test_every_page_of_the_house(open_as: Opener, picture: Picture, lang: str, phone: bool) -> None:
    for login, paths in PAGES.items():
        page = open_as(login, lang=lang, phone=phone)
        for path in paths:
            page.goto(path)
            assert page.locator("h1").count() == 1
            assert fits(page), f"{path} is wider than the window"
            assert faults_of(page) == [], path
            name = path.strip("/").replace("/", "-").replace("?", "-").replace("=", "-")
            picture(page, f"house-{name}-{lang}-{'phone' if phone else 'desk'}")
    page = open_as("", "/sign-in", lang=lang, phone=phone)
    assert faults_of(page) == []
    picture(page, f"house-sign-in-{lang}-{'phone' if phone else 'desk'}")


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
