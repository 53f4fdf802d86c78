"""The claim workbook: what goes out comes back, and what is wrong is told to the row and column."""

from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError, Text
from houfeng.instruments.claims import ClaimLine, Draft, ItemKey
from houfeng.instruments.eligibility import Reason, State
from houfeng.instruments.workbook import COLUMNS, LINES, REFUSED, read_workbook, workbook

WHY = Reason(
    "field", State.FAILED, Text("不属领域", "no such field"), "财金", Text("银行", "bank"), Text("改", "change")
)


def line(number: int, amount: str, item: str = "", contract: str = "C1") -> ClaimLine:
    value, first, end = Decimal(amount), date(2026, 1, 1), date(2026, 4, 1)
    base = Decimal("1000.00")
    return ClaimLine("t", "BANK", contract, f"00{number}", item, "P'1", first, end, base, value, value, (WHY,), first)


def made(*lines: ClaimLine) -> Draft:
    period = (date(2026, 1, 1), date(2026, 3, 31))
    return Draft("t", "BANK", period, period[1], datetime(2026, 4, 1), "digest", lines, (line(99, "0.00"),))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 10**17), min_size=1, max_size=5), st.sampled_from(["zh", "en"]))
def test_what_goes_out_comes_back(fen: list[int], lang: str) -> None:
    lines = [line(n, f"{amount // 100}.{amount % 100:02}", item=str(n)) for n, amount in enumerate(fen)]
    back = read_workbook(workbook(made(*lines), lang=lang))
    assert back.problems == ()
    assert [(one.key, one.amount, one.counted_to, one.base, one.row) for one in back.lines] == [
        (one.key, one.amount, one.counted_to, one.base, n) for n, one in enumerate(lines, 2)
    ]


def test_the_sheets_say_what_they_are_and_hold_no_formula() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook(made(line(1, "5.00", contract="=1+1")))))
    assert book.sheetnames == [LINES, REFUSED, "说明"]
    assert [cell.value for cell in book[LINES][1]] == [column.label.zh for column in COLUMNS]
    assert (book[LINES]["B2"].value, book[LINES]["B2"].data_type) == ("=1+1", "s")
    assert [cell.value for cell in book[REFUSED][2]][-4:] == ["field", "不属领域", "财金", "改"]


def altered(**cells: object) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(workbook(made(line(1, "5.00"), line(2, "6.00")))))
    for place, value in cells.items():
        book[LINES][place] = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("cells", "code", "row", "field", "left"),
    [
        ({"J2": "五元"}, "claim.cell", 2, "申领金额", 1),
        ({"J2": "5.001"}, "claim.cell", 2, "申领金额", 1),
        ({"J2": "-5"}, "claim.cell", 2, "申领金额", 1),
        ({"J3": None}, "claim.empty", 3, "申领金额", 1),
        ({"G3": "2026-02-30"}, "claim.cell", 3, "计算起日", 1),
        ({"B3": None}, "claim.empty", 3, "贷款合同编码", 1),
        ({"C3": "001"}, "claim.twice", 3, "贷款借据编码", 1),
        ({"J1": "别的"}, "claim.column", 1, "申领金额", 0),
    ],
)
def test_what_is_wrong_is_told_to_the_cell(
    cells: dict[str, object], code: str, row: int, field: str, left: int
) -> None:
    data = altered(**cells)
    back = read_workbook(data)
    assert [(problem.code, problem.where.row, problem.where.field) for problem in back.problems] == [(code, row, field)]
    assert len(back.lines) == left
    if code == "claim.cell":
        assert back.problems[0].where.column == [column.label.zh for column in COLUMNS].index(field) + 1
        assert back.problems[0].value


def test_money_as_people_write_it() -> None:
    back = read_workbook(altered(J2="1,234.50", J3="0.5万元"))
    assert [one.amount for one in back.lines] == [Decimal("1234.50"), Decimal("5000.00")]
    assert back.lines[0].key == ItemKey("BANK", "C1", "001")


def test_another_file_is_refused_with_a_sentence() -> None:
    book = openpyxl.Workbook()
    book.active.append(["甲", "乙"])  # type: ignore[union-attr]
    out = io.BytesIO()
    book.save(out)
    assert [problem.code for problem in read_workbook(out.getvalue()).problems] == ["claim.sheet"]
    with pytest.raises(InputError):
        read_workbook(b"PK\x03\x04 not a zip")
