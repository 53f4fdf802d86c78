"""Enterprises in a real browser: the list, every tab, both languages, both widths, as known at, print."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import Opener, Picture
from browser.stage.access import faults_of, fits
from browser.stage.looks import in_each_look

TABS = ("overview", "loans", "indicators", "alerts", "links", "records", "finance", "known", "story")


@pytest.fixture(scope="module")
def server(shared_server: str) -> str:
    """Nothing here changes the book or what others look at."""
    return shared_server


def a_firm(page: Page) -> str:
    """The address of the firm that owes most."""
    page.goto("/enterprises?sort=-overdue_days")
    address = page.locator("table td.first a").first.get_attribute("href")
    assert address
    return address.partition("?")[0]


@in_each_look
def test_every_tab_fits_and_is_accessible(open_as: Opener, picture: Picture, lang: str, phone: bool) -> None:
    page = open_as("officer", "/enterprises", lang=lang, phone=phone)
    assert fits(page)
    assert faults_of(page) == []
    size = "phone" if phone else "desk"
    picture(page, f"enterprises-{lang}-{size}")
    firm = a_firm(page)
    for tab in TABS:
        page.goto(f"{firm}?tab={tab}")
        assert page.locator("h1").count() == 1
        assert fits(page), tab
        assert faults_of(page) == [], tab
        picture(page, f"enterprise-{tab}-{lang}-{size}")


def test_from_the_list_to_a_reason_and_back_in_time(open_as: Opener) -> None:
    page = open_as("officer", "/enterprises?region=410100")
    page.locator("#q-q").fill("模拟")
    page.get_by_role("button", name="查询").click()
    expect(page.locator(".chip")).to_have_count(2)
    page.goto(a_firm(page))
    expect(page.locator("[data-chart] svg").first).to_be_visible()
    page.get_by_role("link", name=re.compile("^贷款")).first.click()
    page.locator("td a[title]").first.click()
    expect(page.locator("#why")).to_be_visible()
    page.get_by_role("link", name="知悉变化").click()
    page.get_by_role("link", name="当时的页面").nth(1).click()
    expect(page.locator(".flash.note")).to_contain_text("这是")
    page.get_by_role("link", name="回到现在").click()
    expect(page.locator(".flash.note")).to_have_count(0)


def test_works_without_script(open_as: Opener) -> None:
    page = open_as("officer", "/enterprises", script=False)
    page.goto(a_firm(page))
    page.locator(".tabs").get_by_role("link", name="财务").click()
    expect(page.locator("#main h2").first).to_contain_text("财务报表")


def test_prints_without_the_frame(open_as: Opener) -> None:
    page = open_as("officer", "/enterprises")
    page.goto(a_firm(page))
    page.emulate_media(media="print")
    expect(page.locator(".side")).to_be_hidden()
    expect(page.locator(".printed")).to_contain_text("打印人")
