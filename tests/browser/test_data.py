"""Submissions in a real browser: the calendar, the dictionary, and a file from upload to receipt."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from browser.conftest import Opener, Picture
from browser.stage.access import faults_of, fits
from browser.stage.looks import in_each_look
from desk.data.files_samples import balances

PATHS = ("/data", "/data/upload", "/data/dictionary", "/data/dictionary/loan_balance", "/data/dictionary?q=余额")


@in_each_look
def test_pages_fit_and_are_accessible(open_as: Opener, picture: Picture, lang: str, phone: bool) -> None:
    size = "phone" if phone else "desk"
    page = open_as("reporter", lang=lang, phone=phone)
    for path in PATHS:
        page.goto(path)
        assert fits(page), path
        assert faults_of(page) == [], path
        picture(
            page, f"{path.strip('/').replace('/', '-').partition('?')[0]}-{'q-' if '?' in path else ''}{lang}-{size}"
        )


@pytest.mark.parametrize(("lang", "phone"), [("zh", False), ("en", True)], ids=["desk", "phone"])
def test_a_file_from_upload_to_receipt(
    open_as: Opener, picture: Picture, tmp_path: Path, lang: str, phone: bool
) -> None:
    file = tmp_path / "一月余额.xlsx"
    file.write_bytes(balances(6, bad=2, period="2026-02-28" if phone else "2026-01-31"))
    page = open_as("reporter", "/data/upload", lang=lang, phone=phone)
    page.locator("#file").set_input_files(file)
    page.locator("form .btn.p").click()
    expect(page.locator("#main h2").first).to_have_text("核对结果" if lang == "zh" else "What the check found")
    assert fits(page)
    assert faults_of(page) == []
    picture(page, f"data-preview-{lang}")
    page.locator("form.inline .btn.p").click()
    expect(page.locator("#main h2").first).to_have_text("回执" if lang == "zh" else "Receipt")
    page.locator("td.code a").first.click()
    expect(page.locator(".bad").first).to_be_visible()
    assert fits(page)
    assert faults_of(page) == []
    picture(page, f"data-submission-{lang}")
    with page.expect_download() as got:
        page.locator(".head a.btn.p").click()
    assert got.value.suggested_filename.endswith(".xlsx")


def test_a_refused_file_says_why(open_as: Opener, picture: Picture, tmp_path: Path) -> None:
    file = tmp_path / "假.xlsx"
    file.write_bytes(b"a,b\n1,2\n")
    page = open_as("officer", "/data/upload")
    page.locator("#file").set_input_files(file)
    page.locator("form .btn.p").click()
    expect(page.get_by_role("alert")).to_contain_text("扩展名是 .xlsx")
    picture(page, "data-refused-zh")
