"""Uploading: a dry run with everything that is wrong, answers, confirmation, and who may report for whom."""

from __future__ import annotations

import io

import openpyxl
import pytest

from desk.data.files_samples import HEADERS, OTHER, balances, send, sent, words, workbook
from desk.desk_samples import BANK, ClientOf
from houfeng.errors import UsageError
from houfeng.office import jobs
from houfeng.office.journal import entries
from houfeng_desk.desk import Desk
from houfeng_desk.pages.data import receiving
from houfeng_desk.pages.data.answers import answered, in_words, is_complete


def rows_of(desk: Desk, period: str = "2026-01-31") -> int:
    """Good rows of balances in force for a month."""
    return sum(entry.rows for entry in desk.book.snapshot().submissions("loan_balance") if str(entry.period) == period)


def test_preview_writes_nothing_then_submit_does(client: ClientOf, desk: Desk) -> None:
    officer = client("officer")
    place = sent(officer, "一月余额.xlsx", balances(5, bad=2))
    preview = words(officer.get(place).text)
    assert "可收（行）" in preview
    assert "intake.bad_number" in preview
    assert rows_of(desk) == 0
    marked = openpyxl.load_workbook(io.BytesIO(officer.get(f"{place}/marked").content))
    assert marked.worksheets[0].max_row == 3
    assert officer.submit(f"{place}/submit").status_code == 303
    assert rows_of(desk) == 3
    receipt = words(officer.get(place).text)
    assert "已收" in receipt
    entry = next(e for e in desk.book.entries() if e.file == "一月余额.xlsx")
    assert entry.submission_id in receipt
    with desk.office.read() as session:
        told = [one for one in entries(session) if one.act == "data.submit"]
    assert [(one.who, "一月余额.xlsx" in one.detail) for one in told] == [("officer", True)]
    assert officer.submit(f"{place}/submit").status_code == 409


def test_vanishing_rows_are_asked_about_by_name(client: ClientOf, desk: Desk) -> None:
    officer = client("officer")
    officer.submit(f"{sent(officer, 'a.xlsx', balances(5))}/submit")
    place = sent(officer, "b.xlsx", balances(2))
    officer.submit(f"{place}/submit")
    asked = words(officer.get(place).text)
    assert "这次替换会让一些记录不再出现" in asked
    assert "JJ4" in asked
    assert rows_of(desk) == 5
    officer.submit(f"{place}/submit", {"confirm": "1"})
    assert rows_of(desk) == 2
    assert "不再出现（已确认）" in words(officer.get(place).text)


def test_questions_are_asked_and_answered(client: ClientOf, desk: Desk) -> None:
    officer = client("officer")
    rows = [[BANK, "HT1", "JJ1", "2026-01-31", "100", "甲"]]
    place = sent(officer, "q.xlsx", workbook(rows, [*HEADERS, "奇怪的列"]))
    assert "请先回答" in words(officer.get(place).text)
    assert officer.submit(f"{place}/submit").status_code == 303
    assert rows_of(desk) == 0
    assert officer.submit(f"{place}/answer", {"answer-1": "--skip-column '奇怪的列'"}).status_code == 303
    assert "核对结果" in words(officer.get(place).text)
    again = sent(officer, "q.xlsx", workbook(rows, [*HEADERS, "奇怪的列"]))
    assert officer.submit(f"{again}/answer", {"typed-1-1": "rm -rf /"}).status_code == 400


def test_a_bank_reports_for_itself_only(client: ClientOf, desk: Desk) -> None:
    reporter = client("reporter")
    assert "您只能为本单位报送" in reporter.get("/data/upload").text
    own = sent(reporter, "own.xlsx", balances(2))
    reporter.submit(f"{own}/submit")
    assert rows_of(desk) == 2
    for name, data, fields in (
        ("foreign.xlsx", balances(2, OTHER), {}),
        ("mixed.xlsx", workbook([[BANK, "A", "A", "2026-01-31", 1], [OTHER, "B", "B", "2026-01-31", 1]]), {}),
        (
            "firms.xlsx",
            workbook([["91410100MA0LWCG058", "改名"]], ["统一社会信用代码", "企业名称"]),
            {"period": "2026-01", "kind": "enterprise"},
        ),
    ):
        place = sent(reporter, name, data, **fields)
        assert "不归您报送" in words(reporter.get(place).text), name
        assert reporter.submit(f"{place}/submit").status_code == 409
    assert send(reporter, "x.xlsx", balances(1), reporter=OTHER).status_code == 403
    assert rows_of(desk) == 2


def test_an_upload_is_its_senders_alone(client: ClientOf) -> None:
    place = sent(client("officer"), "a.xlsx", balances())
    second = client("second")
    assert second.get(place).status_code == 404
    assert second.get(f"{place}/marked").status_code == 404
    assert second.submit(f"{place}/submit").status_code == 404
    assert second.submit(f"{place}/drop").status_code == 404
    assert client("viewer").get("/data/upload").status_code == 403


def test_dropping_forgets_the_file(client: ClientOf, desk: Desk) -> None:
    officer = client("officer")
    place = sent(officer, "a.xlsx", balances())
    assert officer.submit(f"{place}/drop").headers["location"] == "/data/upload"
    assert officer.get(place).status_code == 404
    assert list((desk.work_folder / "uploads").iterdir()) == []


def test_a_large_file_goes_through_the_worker(client: ClientOf, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "SMALL", 10)
    reporter = client("reporter")
    place = sent(reporter, "large.xlsx", balances(4, bad=1))
    assert "由后台处理" in words(reporter.get(place).text)
    worker = jobs.Worker(desk.office, desk.work_folder / "jobs", book=desk.book.path, beat=0.2)
    assert worker.run_once()
    assert "intake.bad_number" in words(reporter.get(place).text)
    assert reporter.submit(f"{place}/submit").status_code == 303
    assert rows_of(desk) == 0
    assert worker.run_once()
    assert rows_of(desk) == 3
    assert "已收" in words(reporter.get(place).text)
    assert "large.xlsx" in reporter.get("/inbox").text
    shorter = sent(reporter, "shorter.xlsx", balances(1))
    assert worker.run_once()
    reporter.submit(f"{shorter}/submit")
    assert worker.run_once()
    assert rows_of(desk) == 3
    assert "确认替换并入账" in words(reporter.get(shorter).text)


def test_answers_are_those_of_the_questions() -> None:
    options = [
        "--kind loan",
        "--map '客户号=borrower_id'",
        "--skip-column 备注",
        "--unit 万元",
        "--unit 'rate=fraction'",
    ]
    mapping = {"客户号": "borrower_id"}
    expected = {"kind": "loan", "mapping": mapping, "skip": ["备注"], "unit": "万元,rate=fraction"}
    assert answered({}, options) == expected
    for wrong in ("--kind", "rm -rf", "--map '列名=x'", "--constant 'x=值'", "--reporter 代码", "--book /etc", "'"):
        assert not is_complete(wrong)
        with pytest.raises(UsageError):
            answered({}, [wrong])
    assert in_words("--period 2026-01").en == "the period is 2026-01"
