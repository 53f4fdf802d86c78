"""A claim in a real browser, step by step, as a bank and two of the office take them."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from desk.claims.claim_pages import PERIOD, TOOL, spoilt

LABEL = "服务消费与养老再贷款"


def drawn(reporter: Page) -> None:
    """A claim drawn by the form; a quarter that is not on it is put there, as time goes by."""
    reporter.goto("/claims/new")
    reporter.locator("#f-tool").select_option(TOOL)
    reporter.evaluate(
        "first => { const s = document.querySelector('#f-period'); "
        "if (![...s.options].some(o => o.value === first)) s.add(new Option(first, first)) }",
        PERIOD,
    )
    reporter.locator("#f-period").select_option(PERIOD)
    reporter.get_by_role("button", name="生成草稿").click()
    expect(reporter.locator(".flash")).to_contain_text("笔符合条件")


def submitted(reporter: Page, contract: str, folder: Path) -> str:
    """The workbook with two amounts too high: two loans are refused with reasons, that of `contract` is put right.
    Gives the address of the claim."""
    drawn(reporter)
    with reporter.expect_download() as waiting:
        reporter.get_by_role("link", name="下载申报表").click()
    changed = folder / "claim.xlsx"
    changed.write_bytes(spoilt(Path(waiting.value.path()).read_bytes(), {1: 2, 2: 3}))
    reporter.get_by_text("上传申报表…").click()
    reporter.locator("#f-file").set_input_files(changed)
    reporter.get_by_role("button", name="上传并申报").click()
    expect(reporter.locator(".flash")).to_contain_text("2 笔与账簿不符")
    refused = reporter.locator("#correct .plan-row")
    expect(refused).to_have_count(2)
    wrong = refused.filter(has_text=contract)
    expect(wrong).to_contain_text("高于账簿的")
    given = re.search(r"账簿可申报 ([\d,.]+) 元", wrong.text_content() or "")
    assert given
    wrong.get_by_text("更正…").click()
    wrong.get_by_label("申报金额（元）").fill(given[1].replace(",", ""))
    wrong.get_by_label("更正说明").fill("录入错误")
    wrong.get_by_role("button", name="更正").click()
    expect(reporter.locator(".flash")).to_contain_text("已更正")
    expect(refused).to_have_count(1)
    return "/" + reporter.url.split("/", 3)[3]


def granted(officer: Page, signer: Page, amount: str) -> None:
    """A quota for the tool: an officer proposes, another signs."""
    officer.goto("/quota")
    officer.get_by_role("button", name="按政策包建立额度科目").click()
    officer.get_by_role("link", name=LABEL).click()
    officer.get_by_text("下达或收回额度…").click()
    officer.get_by_label("变动金额（万元）").fill(amount)
    officer.locator("form[action$=grant]").get_by_label("理由").fill("年度下达")
    officer.locator("form[action$=grant] button").click()
    expect(officer.locator(".flash")).to_contain_text("送签批")
    signer.goto("/todo")
    form = signer.locator("form[action$=decide]").first
    form.get_by_label("理由").fill("同意下达")
    form.get_by_role("button", name="批准").click()
    expect(signer.locator(".flash")).to_contain_text("已批准")


def used(page: Page) -> tuple[str, str]:
    """What of the tool's quota is used and frozen."""
    page.goto("/quota")
    cells = page.locator("tr", has=page.get_by_role("link", name=LABEL)).locator("td")
    return cells.nth(3).inner_text(), cells.nth(4).inner_text()


def paid(officer: Page, signer: Page, address: str) -> None:
    """Accepted, signed, paid: the quota moves."""
    assert used(officer) == ("0.00", "0.00")
    officer.goto(address)
    officer.locator("#decide-why").fill("台账与名单相符")
    officer.get_by_role("button", name="提交审核").click()
    expect(officer.locator(".flash")).to_contain_text("额度已冻结")
    frozen = used(officer)
    assert frozen[0] == "0.00"
    assert frozen[1] != "0.00"
    signer.goto(address)
    signer.locator("#sign-why").fill("同意")
    signer.get_by_role("button", name="同意", exact=True).click()
    expect(signer.locator(".road [aria-current]")).to_have_text("部分核准")
    officer.goto(address)
    officer.get_by_text("登记拨付…").click()
    officer.locator("#pay-why").fill("拨付")
    officer.locator("form[action$=disburse] button").click()
    expect(officer.locator(".road [aria-current]")).to_have_text("已拨付")
    assert used(officer) == (frozen[1], "0.00")
