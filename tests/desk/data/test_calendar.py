"""The calendar of returns, the score, one submission, the dictionary and the due days."""

from __future__ import annotations

import io
from datetime import date, datetime

import openpyxl
import pytest

from desk.data.files_samples import OTHER, balances, sent, words
from desk.desk_samples import BANK, ClientOf, Hands, viewer
from houfeng.book.storage.manifest import Submission
from houfeng.errors import InputError
from houfeng_desk.desk import Desk
from houfeng_desk.queries.submissions.calendar import calendar, cell
from houfeng_desk.queries.submissions.due import DueDays, due_days, set_due_days
from houfeng_desk.queries.submissions.quality import score

DAYS = DueDays({"monthly": 15, "quarterly": 30, "yearly": 31})
MONTHS = (date(2025, 12, 31), date(2026, 1, 31))


def submission(
    period: date, received: datetime, rows: int = 90, quarantined: int = 10, to: datetime | None = None
) -> Submission:
    return Submission(
        f"{received:%Y%m%dT%H%M%S}-x-1", "loan_balance", BANK, period, None, None, received, False, "h", "f.xlsx", "",
        rows, quarantined, 0, True, False, to,
    )  # fmt: skip


def test_a_due_day_that_a_month_does_not_have() -> None:
    assert DAYS.of("loan_balance", date(2025, 12, 31)) == date(2026, 1, 15)
    assert DAYS.of("guarantee", date(2026, 1, 31)) == date(2026, 2, 28)
    assert DAYS.of("account_flow", date(2026, 1, 31)) is None


def test_on_time_late_missing_and_not_due_yet() -> None:
    own = [submission(MONTHS[0], datetime(2026, 1, 15, 23, 59))]
    assert cell(own, MONTHS[0], DAYS, date(2026, 1, 20)).state == "on_time"
    assert cell(own, MONTHS[1], DAYS, date(2026, 2, 15)).state == "due"
    assert cell(own, MONTHS[1], DAYS, date(2026, 2, 16)).state == "missing"
    assert cell(own, date(2025, 11, 30), DAYS, date(2026, 2, 16)).state == "none"
    late = cell([submission(MONTHS[0], datetime(2026, 1, 18))], MONTHS[0], DAYS, date(2026, 2, 1))
    assert (late.state, late.returns[0].days_late, late.bad_share) == ("late", 3, 0.1)


def test_the_score_is_what_the_page_says() -> None:
    own = [
        submission(MONTHS[0], datetime(2026, 1, 18), 90, 10, datetime(2026, 1, 20)),
        submission(MONTHS[0], datetime(2026, 1, 20), 100, 0),
        submission(MONTHS[1], datetime(2026, 2, 10), 100, 0),
    ]
    found = score(own, DAYS, date(2026, 3, 1), MONTHS)
    assert found is not None
    assert (found.due, found.late, found.missing, found.resent) == (2, 1, 0, 1)
    assert (found.in_time, found.clean, found.first_time) == (0.75, 190 / 200, 0.5)
    assert found.points == round(40 * 0.75 + 40 * 0.95 + 20 * 0.5, 1)
    assert score([], DAYS, date(2026, 3, 1), MONTHS) is None


def test_the_calendar_of_a_book(desk: Desk, hands: Hands) -> None:
    found = calendar(desk.reader(viewer(desk, "officer")), DAYS, "loan_balance")
    assert found.months[0] == date(2026, 1, 31)
    assert len(found.lines) == 6
    assert {line.cells[1].state for line in found.lines} == {"on_time"}
    assert {line.cells[0].state for line in found.lines} == {"due"}
    hands.now = datetime(2026, 2, 16)
    assert calendar(desk.reader(viewer(desk, "officer")), DAYS, "loan_balance").missing == 6
    past = desk.reader(viewer(desk, "officer"), known_at=datetime(2026, 1, 7))
    assert all(not line.cells[0].rows for line in calendar(past, DAYS, "loan_balance").lines)


def test_a_reporter_sees_only_their_bank(client: ClientOf, desk: Desk) -> None:
    found = calendar(desk.reader(viewer(desk, "reporter")), DAYS)
    assert [line.reporter for line in found.lines] == [BANK]
    page = client("reporter").get("/data").text
    assert BANK in page
    assert OTHER not in page
    foreign = next(entry for entry in desk.book.entries() if entry.reporter == OTHER)
    reporter = client("reporter")
    answers = [reporter.get(f"/data/submissions/{one}") for one in (foreign.submission_id, "nothing")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert reporter.get(f"/data/submissions/{foreign.submission_id}/marked").status_code == 404


def test_a_submission_its_bad_rows_and_its_versions(client: ClientOf, desk: Desk) -> None:
    officer = client("officer")
    officer.submit(f"{sent(officer, 'first.xlsx', balances(5, bad=2))}/submit")
    officer.submit(f"{sent(officer, 'second.xlsx', balances(5))}/submit")
    first, second = (e for e in desk.book.entries() if e.file in ("first.xlsx", "second.xlsx"))
    page = officer.get(f"/data/submissions/{first.submission_id}")
    told = words(page.text)
    assert "已被替换" in told
    assert second.submission_id in told
    assert "不是数字" in told
    assert "很多" in told
    assert "在用" in words(officer.get(f"/data/submissions/{second.submission_id}").text)
    marked = officer.get(f"/data/submissions/{first.submission_id}/marked")
    assert openpyxl.load_workbook(io.BytesIO(marked.content)).worksheets[0].max_row == 3
    filtered = officer.get(f"/data/submissions/{first.submission_id}?code=intake.bad_number&field=balance&page=1")
    assert "共 2 行" in words(filtered.text)
    assert officer.get(f"/data/submissions/{second.submission_id}/marked").status_code == 404


def test_due_days_are_a_setting_that_is_journaled(client: ClientOf, desk: Desk) -> None:
    system = client("system_admin")
    days = {"monthly": "12", "quarterly": "20", "yearly": "31", "why": "统一口径"}
    assert system.submit("/data/due", days, of="/data/due").status_code == 303
    with desk.office.read() as session:
        assert due_days(session).days == {"monthly": 12, "quarterly": 20, "yearly": 31}
    assert client("officer").get("/data/due").status_code == 403
    with desk.office.begin() as session, pytest.raises(InputError):
        set_due_days(session, viewer(desk, "system_admin"), {"monthly": 32}, "x")


def test_the_dictionary_is_searched_and_templates_open(client: ClientOf) -> None:
    reporter = client("reporter")
    assert "贷款余额" in reporter.get("/data/dictionary").text
    assert "loan_balance#balance" in reporter.get("/data/dictionary?q=DKYE").text
    assert "FQ03" in reporter.get("/data/dictionary?q=次级").text
    assert "没有找到" in words(reporter.get("/data/dictionary?q=%3Cb%3Enothing").text)
    assert "<b>nothing" not in reporter.get("/data/dictionary?q=%3Cb%3Enothing").text
    assert "DKYE" in reporter.get("/data/dictionary/loan_balance").text
    template = reporter.get("/data/templates/loan_balance")
    assert openpyxl.load_workbook(io.BytesIO(template.content)).worksheets[0].title == "贷款余额"
    assert reporter.get("/data/templates/nothing").status_code == 404
    assert client("audit_admin").get("/data").status_code == 403
