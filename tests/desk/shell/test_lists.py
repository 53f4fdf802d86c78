"""Lists: the question in the address, the page, and the file with all of it."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from desk.desk_samples import ClientOf, viewer
from houfeng.errors import HoufengError, Text, UsageError
from houfeng_desk.desk import Desk
from houfeng_desk.lists import Choice, Column, Filter, Listing, ListRequest
from houfeng_desk.lists.writing import defused, write_csv, write_xlsx
from houfeng_desk.locale import speak

COLUMNS = (
    Column("name", Text("名称", "Name"), "link", href="url", sub="code"),
    Column("tier", Text("等级", "Tier"), "tier"),
    Column("amount", Text("敞口", "Exposure"), "money"),
    Column("rate", Text("利率", "Rate"), "percent"),
    Column("day", Text("日", "Day"), "date"),
    Column("at", Text("时间", "At"), "moment", sortable=False),
)
FILTERS = (
    Filter("tier", Text("等级", "Tier"), (Choice("red", Text("红", "Red")),)),
    Filter("since", Text("从", "From"), kind="date"),
)
ROWS = [
    {
        "name": "=1+1",
        "code": "914101000000000017",
        "tier": "red",
        "amount": Decimal("12345.678"),
        "rate": Decimal("3.85"),
        "day": date(2026, 1, 31),
        "at": datetime(2026, 1, 31, 9, 30),
        "url": "/x",
    },
    {"name": "@cmd", "code": "", "tier": None, "amount": None, "rate": None, "day": None, "at": None, "url": ""},
]


def asked(**query: str) -> ListRequest:
    return ListRequest.of(SimpleNamespace(query_params=query), COLUMNS, FILTERS)


def test_a_question_is_read_from_the_address() -> None:
    ask = asked(tier="red", since="2026-01-31", sort="-amount", page="3", size="50", other="x")
    assert (ask["tier"], ask.day("since"), ask.sort, ask.descending) == ("red", date(2026, 1, 31), "amount", True)
    assert (ask.page, ask.size, ask.offset) == (3, 50, 100)
    tail = ask.tail({"amount": "a.amount"}, "a.id")
    assert tail == "ORDER BY a.amount DESC NULLS LAST, a.id LIMIT 50 OFFSET 100"
    assert asked().tail({}, "a.id") == "ORDER BY a.id LIMIT 20 OFFSET 0"
    assert ask.everything.tail({}, "a.id") == "ORDER BY a.id"
    assert ask.everything.cut([1, 2]) == [1, 2]


@pytest.mark.parametrize(
    "query",
    [
        {"sort": "amount; DROP TABLE x"},
        {"sort": "at"},
        {"page": "-1"},
        {"page": "99999999999"},
        {"size": "7"},
        {"tier": "purple"},
        {"since": "yesterday"},
        {"since": "x" * 300},
    ],
)
def test_what_cannot_be_meant_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        asked(**query)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["tier", "since", "sort", "page", "size"]), st.text(max_size=30)))
def test_no_address_breaks_a_list(query: dict[str, str]) -> None:
    try:
        ask = asked(**query)
    except HoufengError:
        return
    tail = ask.tail({"amount": "a.amount"}, "a.id")
    assert tail.startswith("ORDER BY ")
    assert ";" not in tail


def test_the_pager_shows_the_ends_and_the_middle() -> None:
    ask = asked(page="10")
    assert Listing(COLUMNS, [], 400, ask).near_pages == [1, 0, 8, 9, 10, 11, 12, 0, 20]
    assert Listing(COLUMNS, [], 0, ask).near_pages == [1]


def test_a_workbook_says_what_the_screen_says(tmp_path: Path) -> None:
    speak("zh")
    path = tmp_path / "a.xlsx"
    write_xlsx(path, Listing(COLUMNS, ROWS, 2, asked()), [(Text("名称", "List"), "=HYPERLINK(1)")])
    book = CalamineWorkbook.from_path(path)
    rows = book.get_sheet_by_index(0).to_python()
    assert rows[0] == ["名称", "名称（补充）", "等级", "敞口（万元）", "利率", "日", "时间"]
    assert rows[1][:5] == ["=1+1", "914101000000000017", "红", pytest.approx(1.2345678), 3.85]
    assert rows[1][5:] == [date(2026, 1, 31), datetime(2026, 1, 31, 9, 30)]
    assert rows[2][:4] == ["@cmd", "", "正常", ""]
    assert book.sheet_names[1] == "说明"
    assert book.get_sheet_by_index(1).to_python() == [["名称", "=HYPERLINK(1)"]]


def test_csv_opens_in_excel_and_runs_nothing(tmp_path: Path) -> None:
    speak("en")
    path = tmp_path / "a.csv"
    write_csv(path, Listing(COLUMNS, ROWS, 2, asked()), [(Text("名称", "List"), "-x")])
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
    assert rows[0][3] == "Exposure (10,000 yuan)"
    assert rows[1] == ["'=1+1", "914101000000000017", "red", "1.23", "3.85", "2026-01-31", "2026-01-31 09:30:00"]
    assert rows[2][0] == "'@cmd"
    assert rows[4] == ["# List", "'-x"]
    speak("zh")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text())
def test_nothing_begins_like_a_formula(text: str) -> None:
    assert not defused(text).lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))


def test_an_export_asks_what_for_and_gives_all_rows(client: ClientOf, desk: Desk) -> None:
    audit = client("audit_admin")
    for _ in range(30):
        audit.submit("/journal/verify")
    shown = audit.get("/journal/export?act=journal")
    assert "将导出 30 行" in shown.text
    assert audit.submit("/journal/export?act=journal", {"reason": "", "format": "csv"}).status_code == 422
    assert audit.submit("/journal/export?act=journal", {"reason": "x", "format": "exe"}).status_code == 400
    answer = audit.submit("/journal/export?act=journal", {"reason": "检查", "format": "xlsx"})
    assert answer.headers["content-disposition"].startswith("attachment")
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    assert len(book.get_sheet_by_index(0).to_python()) == 31
    about: dict[Any, Any] = {row[0]: row[1] for row in book.get_sheet_by_index(1).to_python()}
    assert about["导出事由"] == "检查"
    assert about["条件：做了什么"] == "journal"
    assert about["数据"] == "模拟数据"
    assert viewer(desk, "audit_admin").login in about["导出人"]
