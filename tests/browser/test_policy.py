"""The five articles and the packs in a real browser: both languages, both widths, from a figure to its reason."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from browser.conftest import Opener, Picture
from browser.stage.access import faults_of, fits
from browser.stage.looks import in_each_look

PAGES = {
    "themes": "/themes",
    "themes-crossed": "/themes?set=1&rows=region&columns=theme&measures=balance",
    "theme-loans": "/themes/loans?theme=inclusive",
    "packs": "/packs",
    "pack": "/packs/five-articles?show=readings",
    "pack-rules": "/packs/warning-rules?show=rules",
    "pack-item": "/packs/five-articles/item/loan_balance/inclusive_sme",
    "pack-parameter": "/packs/five-articles/parameter/inclusive_line_cap",
    "pack-reading": "/packs/five-articles/reading/digital_scope",
    "pack-versions": "/packs/five-articles/versions",
    "pack-upload": "/packs/upload",
    "rules-life": "/packs/warning-rules/rules",
}


@in_each_look
def test_every_page_fits_and_is_accessible(open_as: Opener, picture: Picture, lang: str, phone: bool) -> None:
    page = open_as("analyst", lang=lang, phone=phone)
    for name, address in PAGES.items():
        page.goto(address)
        assert page.locator("h1").count() == 1, name
        assert fits(page), name
        assert faults_of(page) == [], name
        picture(page, f"{name}-{lang}-{'phone' if phone else 'desk'}")


def test_from_a_question_to_a_figure_to_a_note_to_its_reason(open_as: Opener) -> None:
    page = open_as("viewer", "/themes")
    expect(page.locator("[data-chart] svg")).to_be_visible()
    page.locator("details.axes > summary").first.click()
    page.locator("input[name=rows][value=region]").check()
    page.get_by_role("button", name="查询").click()
    expect(page.locator("table.cube")).to_contain_text("郑州市")
    page.locator("table.cube td a").nth(30).click()
    expect(page.get_by_text("计入金额合计")).to_be_visible()
    page.locator("table td.first a").first.click()
    expect(page.locator(".why")).to_contain_text("成立")


def test_a_draft_from_a_form_is_read_and_compared(open_as: Opener) -> None:
    page = open_as("analyst", "/packs/china-base/parameter/lpr_1y")
    page.locator("#f-value").fill("2.90")
    page.locator("#f-start").fill("2027-01-20")
    page.locator("#f-reference").fill("示例公告〔2027〕1号")
    page.locator("#f-why").fill("示例：下调")
    page.get_by_role("button", name="建立草稿").click()
    page.wait_for_url(re.compile(r"/versions/\d+"))
    expect(page.locator("table.diff")).to_contain_text("示例公告〔2027〕1号")
    assert faults_of(page) == []
    page.get_by_role("link", name="阅读全文").click()
    expect(page.locator("h1")).to_be_visible()


def test_the_cube_works_without_script(open_as: Opener) -> None:
    page = open_as("viewer", "/themes?set=1&rows=size&columns=theme&measures=balance", script=False)
    expect(page.locator("table.cube")).to_contain_text("小型")
