"""The pages of cases without JavaScript: from the clue to the close-out by forms, in two languages, in scope."""

from __future__ import annotations

import io
import json
import re
from datetime import date
from typing import Any

import pytest
from docx import Document
from sqlalchemy import select

from desk.desk_samples import ClientOf, DeskClient, Hands
from houfeng.cases.tables import Briefing, CaseFile
from houfeng.office.jobs import Worker
from houfeng.office.tables import JournalEntry
from houfeng_desk.desk import Desk
from houfeng_desk.pages.cases import jobs

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\n"
_FIRM = """
    SELECT b.borrower_id FROM loan_balance b JOIN enterprise e ON e.enterprise_id = b.borrower_id
    WHERE b.balance > 0 AND e.region LIKE '4101%' GROUP BY 1 HAVING count(DISTINCT b.institution_id) >= 2
    ORDER BY sum(b.balance) DESC, 1 LIMIT 1
"""


@pytest.fixture
def officer(client: ClientOf) -> DeskClient:
    return client("officer")


@pytest.fixture
def firm(desk: Desk, officer: DeskClient) -> str:
    """An enterprise of Zhengzhou with loans at two institutions."""
    assert officer.viewer is not None
    return str(desk.reader(officer.viewer).value(_FIRM))


def begun(officer: DeskClient, firm: str, **more: str) -> int:
    """A case begun by the form."""
    data = {"enterprise": firm, "type": "credit_risk", "title": "逾期处置", "clue": "欠息三月", "why": "报告", **more}
    answer = officer.submit("/cases", data)
    assert answer.status_code == 303, answer.text
    return int(answer.headers["location"].rsplit("/", 1)[1])


def act(one: DeskClient, case_id: int, what: str, status: int = 303, **data: Any) -> Any:
    """An act with the version the page shows."""
    shown = one.get(f"/cases/{case_id}?tab=documents").text
    version = re.search(r'name="version" value="(\d+)"', shown)
    with one.desk.office.read() as session:
        now = session.get(CaseFile, case_id)
        assert now is not None
        seen = version[1] if version else str(now.version)
    files = data.pop("files", None)
    answer = one.submit(f"/cases/{case_id}/{what}", {"version": seen, **data}, files=files)
    assert answer.status_code == status, answer.text
    return answer


def filled(page: str) -> dict[str, str]:
    """What a browser would send of the form of a plan as it stands."""
    inputs = re.findall(r'<input[^>]* name="((?!drop_|fresh)\w+)"[^>]* value="([^"]*)"', page)
    chosen = {}
    for name, inside in re.findall(r'<select id="\w+" name="((?:kind|bank)_\d+)">(.*?)</select>', page, re.S):
        found = re.search(r'value="([^"]*)" selected', inside)
        chosen[name] = found[1] if found else ""
    return {**dict(inputs), **chosen}


def test_from_clue_to_close_out(officer: DeskClient, client: ClientOf, firm: str, desk: Desk) -> None:
    """Every step by its form, as two people without JavaScript would."""
    case = begun(officer, firm, informant="李某 13800000000")
    assert officer.viewer is not None
    act(officer, case, "assign", owner=str(officer.viewer.user_id), why="认领")
    act(officer, case, "move", move="verify", why="核实")
    act(officer, case, "move", status=409, move="open", why="立案")
    act(officer, case, "finding", finding="经核实属实")
    act(officer, case, "move", move="open", why="立案")
    act(officer, case, "members", part="lead", name="赵局长", organisation="市金融局")
    act(officer, case, "move", move="consult", why="会商")
    shown = officer.get(f"/cases/{case}?tab=creditors").text
    banks = re.findall(r'<div class="sub code">([0-9A-Z]{18})</div>', shown)
    assert len(banks) >= 2
    act(officer, case, "members", part="creditor", name="孙经理", institution=banks[0])
    act(officer, case, "move", move="plan", why="拟订")
    assert "帮扶类" in officer.get(f"/cases/{case}/plan").text
    form = officer.get(f"/cases/{case}/plan?template=short_of_cash").text
    fields = filled(form)
    bad = officer.submit(f"/cases/{case}/plan", {**fields, "amount_0": "许多"}, of=f"/cases/{case}")
    assert bad.status_code == 422
    assert "许多" in bad.text
    saved = officer.submit(f"/cases/{case}/plan", {**fields, "summary": "先稳后治"}, of=f"/cases/{case}")
    assert saved.status_code == 303, saved.text
    for bank in banks:
        act(officer, case, "votes", institution=bank, vote="for", note="纪要")
    act(officer, case, "move", move="submit", why="送审")
    act(officer, case, "sign", status=403, decision="approve", why="自批")
    approver = client("approver")
    assert "待签批" in approver.get(f"/cases/{case}").text
    assert "138" not in approver.get(f"/cases/{case}").text
    assert approver.get("/todo").status_code == 200
    act(approver, case, "sign", decision="approve", why="同意")
    act(officer, case, "documents", files={"file": ("纪要.pdf", io.BytesIO(PDF), "application/pdf")}, note="会议")
    shown = officer.get(f"/cases/{case}?tab=measures").text
    proof = re.search(r'<option value="(\d+)">纪要.pdf', shown)
    assert proof is not None
    today = desk.clock().date().isoformat()
    for measure in dict.fromkeys(re.findall(rf"/cases/{case}/measures/(\d+)", shown)):
        act(officer, case, f"measures/{measure}", state="done", done_on=today, proof=proof[1])
    act(officer, case, "move", move="follow_up", why="回访")
    act(officer, case, "outcome", outcome="recovered", recovered="12.5", note="恢复付息")
    act(officer, case, "move", move="close", why="结案")
    act(approver, case, "sign", decision="approve", why="同意结案")
    shown = officer.get(f"/cases/{case}").text
    assert "案件已办结" in shown
    assert officer.get("/cases/figures").status_code == 200
    answer = officer.submit(f"/cases/{case}/paper", {"format": "docx", "why": "报送"}, of="/account")
    told = "\n".join(p.text for p in Document(io.BytesIO(answer.content)).paragraphs)
    assert "一、基本情况" in told
    assert "先稳后治" in told


def test_a_stale_page_is_told_so(officer: DeskClient, firm: str) -> None:
    case = begun(officer, firm)
    act(officer, case, "finding", finding="一")
    answer = officer.submit(f"/cases/{case}/finding", {"version": "1", "finding": "二"})
    assert answer.status_code == 409
    assert "已被他人更新" in answer.text


def test_one_enterprise_one_plan(officer: DeskClient, firm: str) -> None:
    case = begun(officer, firm)
    answer = officer.submit(
        "/cases", {"enterprise": firm, "type": "credit_risk", "title": "t", "clue": "c", "why": "w"}
    )
    assert answer.status_code == 409
    assert f"/cases/{case}" in answer.text
    assert f"/cases/{case}" in officer.get(f"/cases/new?enterprise={firm}").text


def test_the_button_of_an_alert_leads_to_the_form(officer: DeskClient) -> None:
    answer = officer.submit("/cases?alert=a%26b")
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases/new?alert=a%26b")
    assert officer.get("/cases/new?alert=nobody").status_code == 404


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("tab", ["overview", "creditors", "plan", "measures", "documents", "timeline"])
def test_every_tab_in_both_languages(officer: DeskClient, firm: str, lang: str, tab: str) -> None:
    case = begun(officer, firm, title="<b>title</b>")
    officer.get(f"/lang/{lang}")
    shown = officer.get(f"/cases/{case}?tab={tab}")
    assert shown.status_code == 200
    assert "<b>title</b>" not in shown.text
    assert officer.get("/cases").status_code == officer.get("/cases?view=list&state=live&whose=mine").status_code == 200


def test_scope_and_roles(officer: DeskClient, client: ClientOf, firm: str) -> None:
    """Another city's officer does not find the case; who may not see cases is told so; a viewer cannot act."""
    case = begun(officer, firm)
    elsewhere = client("luoyang")
    assert elsewhere.get(f"/cases/{case}").status_code == 404
    assert f"/cases/{case}" not in elsewhere.get("/cases").text
    for login in ("reporter", "enterprise", "system_admin", "audit_admin"):
        assert client(login).get(f"/cases/{case}").status_code == 403
    act(client("viewer"), case, "move", status=403, move="verify", why="w")


def test_what_is_confidential_is_masked(officer: DeskClient, client: ClientOf, firm: str, desk: Desk) -> None:
    case = begun(officer, firm, informant="李某 13800000000")
    second = client("second")
    assert "13800000000" in officer.get(f"/cases/{case}").text
    assert "13800000000" not in second.get(f"/cases/{case}").text
    assert second.submit(f"/cases/{case}/unmask", {"why": ""}).status_code == 422
    assert "13800000000" in second.submit(f"/cases/{case}/unmask", {"why": "核对"}).text
    with desk.office.read() as session:
        (entry,) = session.scalars(select(JournalEntry).where(JournalEntry.act == "case.unmask"))
        assert (entry.who, entry.why) == ("second", "核对")


def test_the_list_is_exported_whole(officer: DeskClient, firm: str) -> None:
    begun(officer, firm, title="=cmd()")
    answer = officer.submit("/cases/export?view=list", {"reason": "汇总", "format": "csv"})
    assert answer.status_code == 200
    assert "逾期" not in answer.text
    assert "案〔2026〕1号" in answer.content.decode("utf-8-sig")
    assert "\n=cmd" not in answer.text


def test_a_briefing_is_written_kept_and_given(
    officer: DeskClient, client: ClientOf, firm: str, desk: Desk, hands: Hands
) -> None:
    """Asked for on the page, written by a worker, fetched with its hash; each step in the journal."""
    begun(officer, firm)
    answer = officer.submit("/reports", {"cadence": "month", "day": "2026-02-10", "lang": "zh", "issuer": "示例局"})
    assert answer.status_code == 303, answer.text
    worker = Worker(desk.office, desk.work_folder / "jobs", book=desk.book.path, kinds=[jobs.BRIEFING])
    assert worker.run_once()
    with desk.office.read() as session:
        (row,) = session.scalars(select(Briefing))
        assert (row.first_on, row.last_on) == (date(2026, 2, 1), date(2026, 2, 28))
        places = [number for number, file in enumerate(row.files) if file["name"].endswith(".docx")]
    assert "Word" in officer.get("/reports").text
    given = officer.get(f"/reports/{row.id}/{places[0]}")
    document = Document(io.BytesIO(given.content))
    told = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "2026年第2期（月报）" in told
    assert "本期新建案件1件" in told
    assert client("luoyang").get(f"/reports/{row.id}/0").status_code == 404
    assert officer.get(f"/reports/{row.id}/9").status_code == 404
    with desk.office.read() as session:
        acts = session.scalars(select(JournalEntry).where(JournalEntry.about == f"briefing:{row.id}")).all()
        assert [entry.act for entry in acts] == ["briefing.make", "briefing.fetch"]
        assert json.loads(acts[0].detail)["files"][0]["sha256"] == row.files[0]["sha256"]


def test_the_daily_round(officer: DeskClient, firm: str, desk: Desk) -> None:
    begun(officer, firm)
    assert officer.submit("/cases/round").status_code == 303
    worker = Worker(desk.office, desk.work_folder / "jobs", book=desk.book.path, kinds=[jobs.ROUND])
    assert worker.run_once()
