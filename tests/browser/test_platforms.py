"""Platforms in a real browser: every tab on a desk and on a phone, drawn, readable, and without a fault."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from browser.conftest import Opener
from browser.stage.access import faults_of
from browser.stage.looks import in_each_look

TABS = ("", "/ladder", "/plan", "/debts", "/exit", "/swap")


@pytest.fixture(scope="module")
def server(shared_server: str) -> str:
    """Nothing here changes the book or what others look at."""
    return shared_server


@in_each_look
def test_every_tab(open_as: Opener, lang: str, phone: bool) -> None:
    page = open_as("officer", "/platforms", lang=lang, phone=phone)
    assert faults_of(page) == []
    first = page.locator("table.stack tbody a").first.get_attribute("href")
    assert first
    for tab in TABS:
        page.goto(first + tab)
        expect(page.locator("nav.tabs a[aria-current]")).to_have_count(1)
        assert faults_of(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_scenario_is_counted_from_its_form(open_as: Opener) -> None:
    page = open_as("officer", "/platforms?sort=-total")
    page.locator("table.stack tbody a").first.click()
    page.get_by_role("link", name="置换测算").click()
    expect(page.locator("#swap canvas, #swap svg").first).to_be_visible()
    page.get_by_label("新贷款利率（%）").fill("3")
    page.get_by_label("费率（%，一次）").fill("0.5")
    page.get_by_role("button", name="测算").click()
    assert "rate=3" in page.url
    expect(page.get_by_text("净收益（万元）")).to_be_visible()
