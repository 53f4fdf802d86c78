"""The work pages in a real browser: an alert arrives while one looks, is explained, acknowledged; the board moves."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from browser.conftest import Opener, Picture
from browser.stage.access import faults_of
from browser.stage.looks import in_each_look
from browser.stage.watches import Watch

STREAM = re.compile(r"/stream\b")
PAGES = ("/", "/?map=inclusive:share", "/alerts", "/alerts?tier=red&state=open")


def ready(page: Page) -> None:
    """Wait until the figures of the month are counted."""
    expect(page.locator(".kpi").first).to_be_visible(timeout=60_000)
    expect(page.locator("meta[http-equiv=refresh]")).to_have_count(0, timeout=60_000)


@in_each_look
def test_the_pages(open_as: Opener, picture: Picture, watch: Watch, lang: str, phone: bool) -> None:
    page = open_as("officer", lang=lang, phone=phone)
    for number, path in enumerate(PAGES):
        page.goto(path)
        if path.startswith("/?") or path == "/":
            ready(page)
        assert page.locator("h1").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        assert faults_of(page) == [], path
        picture(page, f"work-{number}-{lang}-{'phone' if phone else 'desk'}")


def test_an_alert_arrives_and_is_handled(open_as: Opener, picture: Picture, watch: Watch) -> None:
    page = open_as("officer")
    with page.expect_response(STREAM):
        page.goto("/alerts")
    before = page.locator("tbody tr").count()
    (alert,) = watch.tell()
    news = page.locator("#alert-news .news")
    expect(news).to_be_visible(timeout=10_000)
    expect(page.locator("#alert-news")).to_have_attribute("aria-live", "polite")
    expect(news).to_contain_text("1 条新预警")
    watch.tell()
    expect(news).to_contain_text("2 条新预警")
    news.click()
    expect(page.locator("tbody tr")).to_have_count(min(before + 2, 20))
    page.goto(f"/alerts/{alert.alert_id}")
    expect(page.locator(".why").first).to_contain_text("成立", timeout=60_000)
    expect(page.locator(".picture svg").first).to_be_visible(timeout=60_000)
    expect(page.get_by_text("出处（报送 · 行）").first).to_be_visible(timeout=60_000)
    assert faults_of(page) == []
    picture(page, "work-alert-zh-desk")
    page.get_by_text("确认…", exact=True).click()
    page.get_by_label("确认意见").fill("已电话核实，企业正在筹款")
    page.get_by_role("button", name="确认", exact=True).click()
    expect(page.locator(".flash")).to_contain_text("已确认")
    expect(page.locator(".tl")).to_contain_text("已电话核实")


def test_the_board_moves(open_as: Opener, picture: Picture, watch: Watch) -> None:
    page = open_as("viewer", "/screen")
    expect(page.locator("meta[http-equiv=refresh]")).to_have_count(0, timeout=60_000)
    with page.expect_response(STREAM):
        page.reload()
    total = page.locator(".figure.alarm b")
    before = int(total.inner_text().split()[0].removesuffix("条预警").replace(",", ""))
    watch.tell()
    expect(total).to_contain_text(str(before + 1))
    expect(page.locator(".b-five svg")).to_be_visible()
    picture(page, "work-screen-zh")


def test_without_script(open_as: Opener, watch: Watch) -> None:
    page = open_as("officer", "/alerts", script=False)
    page.locator("tbody a").first.click()
    page.get_by_role("link", name="现在显示").first.click()
    expect(page.locator(".why").first).to_contain_text("成立")
