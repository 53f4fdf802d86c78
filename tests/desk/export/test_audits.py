"""Audits as files: the list of them and the sample of one, as the pages have them, for who may look at them."""

from __future__ import annotations

import csv
import io

from desk.claims.claim_pages import TOOL, act, begin, grant, people, version
from desk.desk_samples import ClientOf, DeskClient
from houfeng_desk.desk import Desk

WHY = {"reason": "核对", "format": "csv"}


def given(browser: DeskClient, address: str) -> list[list[str]]:
    """The rows of a file, with its heads."""
    answer = browser.submit(f"{address}/export", WHY, of=f"{address}/export")
    assert answer.status_code == 200, answer.text[-300:]
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    return rows[: rows.index([])]


def paid(client: ClientOf, desk: Desk) -> None:
    """A claim that was paid today."""
    reporter, officer, signer = people(client)
    address = begin(reporter)
    sent = {"version": version(reporter, address), "csrf": reporter.token(address), "why": "四季度"}
    book = {"file": ("claim.xlsx", reporter.get(f"{address}/workbook").content)}
    assert reporter.post(f"{address}/upload", data=sent, files=book).status_code == 303
    grant(desk, 1_000_000_000)
    assert act(officer, address, "decide").status_code == 303
    assert act(signer, address, "sign", decision="approve").status_code == 303
    assert act(officer, address, "disburse", day=f"{desk.clock():%Y-%m-%d}").status_code == 303


def test_audits_and_their_samples_are_given_out(client: ClientOf, desk: Desk) -> None:
    paid(client, desk)
    officer, today = client("officer"), f"{desk.clock():%Y-%m-%d}"
    assert "/claims/audit/export" not in officer.get("/claims/audit").text  # nothing to give out yet
    drawn = {"tool": TOOL, "bank": "", "first": today, "last": today, "method": "random", "size": "3", "seed": "7"}
    answer = officer.submit("/claims/audit", {**drawn, "why": "年度检查"}, of="/claims/audit")
    assert answer.status_code == 303, answer.text[-300:]
    page = answer.headers["location"]
    assert "/claims/audit/export" in officer.get("/claims/audit").text
    audits = given(officer, "/claims/audit")
    assert audits[0][:3] == ["编号", "工具", "起"]
    assert [(row[0], row[2], row[4], row[7], row[8]) for row in audits[1:]] == [
        (page.rpartition("/")[2], today, "随机", "7", "检查中")
    ]
    shown = officer.get(page).text
    assert f"{page}/export" in shown
    sample = given(officer, page)
    assert len(sample) - 1 == 3
    for row in sample[1:]:
        assert row[1] in shown  # the contract
        assert row[7] == "待检查"
    assert client("analyst").get("/claims/audit/export").status_code == 403
    assert client("luoyang").get(f"{page}/export").status_code == 404
    assert officer.get("/claims/audit/99/export").status_code == 404
