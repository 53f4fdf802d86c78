"""Values: exact on both roads, in every spelling people use."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.book.intake import exact
from houfeng.book.intake.codes import Codes
from houfeng.book.intake.findings import Finding
from houfeng.book.intake.headers import Column
from houfeng.book.intake.values import Reader, as_text
from houfeng.book.model import ARROW, Field, Type, code_lists
from houfeng.errors import Text

SET = settings(deadline=None, derandomize=True, max_examples=150)
FULL = str.maketrans("0123456789.,-%()/:", "０１２３４５６７８９．，－％（）／：")


def read(
    kind: Type, texts: list[Any], *, factor: int = 1, period: bool = False, **more: Any
) -> tuple[list[Any], list[Finding]]:
    item = Field("x", kind, Text("甲", "x"), **more)
    cells = pa.array(texts) if not isinstance(texts, pa.Array) else texts
    values, findings = Reader(Codes(code_lists())).read(Column(0, "甲", item, Fraction(factor)), cells, period=period)
    assert values.type == ARROW[kind]
    assert len(values) == len(texts)
    return values.to_pylist(), findings


money = st.decimals(min_value=Decimal("-999999999999999.99"), max_value=Decimal("999999999999999.99"), places=2)


def spellings(value: Decimal) -> list[str]:
    plain = format(value, "f")
    grouped = f"{value:,.2f}"
    spelt = [
        plain,
        grouped,
        f" {plain} ",
        plain.translate(FULL),
        grouped.translate(FULL),
        f"¥{plain}" if value >= 0 else plain,
        f"{plain}元",
    ]
    if value < 0:
        spelt.append(f"({format(-value, 'f')})")
    return spelt


@given(money)
@SET
def test_money_survives_every_spelling(value: Decimal) -> None:
    spelt = spellings(value)
    values, findings = read(Type.MONEY, spelt)
    assert values == [value] * len(spelt)
    assert findings == []


@given(st.lists(money, min_size=1, max_size=30))
@SET
def test_wan_and_yi_are_exact(values: list[Decimal]) -> None:
    for factor in (10_000, 100_000_000):
        texts = [format(v / factor, "f") for v in values]
        read_back, findings = read(Type.MONEY, texts, factor=factor)
        assert read_back == values
        assert findings == []


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**17), max_value=10**17, places=7))
@SET
def test_rounding_is_half_up_and_told(value: Decimal) -> None:
    (found,), findings = read(Type.MONEY, [format(value, "f")])
    expected, cut = exact.fixed_of(value, 20, 2)
    assert found == expected
    assert [f.code for f in findings] == (["intake.rounded"] if cut else [])


def test_the_figures_that_must_survive() -> None:
    texts = ["3000000000", "3,000,000,000.00", "16777217.01", "1.677721701e7", "300000万元", "30亿", "0.1", "-0"]
    values, findings = read(Type.MONEY, texts)
    assert values == [
        Decimal(n)
        for n in ("3000000000", "3000000000", "16777217.01", "16777217.01", "3000000000", "3000000000", "0.10", "0.00")
    ]
    assert findings == []
    floats = pa.array([3e9, 16777217.01, 123456789012.34, 1e16, 0.1, None, float("nan")])
    assert read(Type.MONEY, floats)[0] == [
        Decimal("3000000000"),
        Decimal("16777217.01"),
        Decimal("123456789012.34"),
        Decimal(10**16),
        Decimal("0.10"),
        None,
        None,
    ]
    assert read(Type.MONEY, pa.array([16777217, 3_000_000_000], pa.int64()))[0] == [
        Decimal(16777217),
        Decimal(3_000_000_000),
    ]
    assert read(Type.MONEY, pa.array([Decimal("16777217.01")]))[0] == [Decimal("16777217.01")]


def test_bad_and_missing_numbers() -> None:
    values, findings = read(
        Type.MONEY, ["", "-", "NULL", "N/A", "1.5x", "#N/A", "1" * 19, "1,23,4", "１２a", "1e999", "12.345", "abc"]
    )
    assert values == [None] * 10 + [Decimal("12.35"), None]
    told = {(f.code, v) for f in findings for v in f.values}
    bad = ("1.5x", "1" * 19, "1,23,4", "12a", "1e999", "abc")
    others = {("intake.excel_error", "#N/A"), ("intake.rounded", "12.345")}
    assert told == {("intake.bad_number", text) for text in bad} | others


def test_overflow_by_unit_is_an_error() -> None:
    values, findings = read(Type.MONEY, ["99999999999999.99", "999999999999999999"], factor=10_000)
    assert values == [Decimal("999999999999999900.00"), None]
    assert [f.code for f in findings] == ["intake.bad_number"]


@given(st.decimals(min_value=-100, max_value=1000, places=5))
@SET
def test_rates_with_and_without_percent(value: Decimal) -> None:
    text = format(value, "f")
    values, findings = read(
        Type.RATE,
        [text, f"{text}%", f"{text}％", f"{text} %", f"{text}%".translate(FULL), f"{format(value * 10, 'f')}‰"],
    )
    assert values == [value] * 6
    assert findings == []


@given(st.dates(date(1901, 1, 1), date(2099, 12, 31)))
@SET
def test_dates_in_every_style(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    spelt = [
        day.isoformat(), f"{day:%Y%m%d}", f"{day.year}/{day.month}/{day.day}", f"{day.year}年{day.month}月{day.day}日",
        f"{day:%d.%m.%Y}", f"{day.isoformat()} 00:00:00", f"{day.isoformat()}T00:00:00",
        f"{day.year}.{day.month}.{day.day}",
        f"{day.year} 年 {day.month} 月 {day.day} 日", day.isoformat().translate(FULL),
    ]  # fmt: skip
    spelt += [str(serial), f"{serial}.0"] if serial >= 10_000 else []
    values, findings = read(Type.DATE, spelt)
    assert values == [day] * len(spelt)
    assert findings == []
    assert read(Type.DATE, pa.array([day]))[0] == [day]
    assert read(Type.DATE, pa.array([datetime(day.year, day.month, day.day)]))[0] == [day]


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30",
        "2026-13-01",
        "31/01/2026",
        "01/02/2026",
        "2026-01",
        "202601",
        "soon",
        "5",
        "9999999",
        "2026-1-",
        "0001-01-01",
    ],
)
def test_what_is_no_date(text: str) -> None:
    values, findings = read(Type.DATE, [text])
    assert values == [None]
    assert [f.code for f in findings] == ["intake.bad_date"]


@given(st.integers(2000, 2099), st.integers(1, 12))
@SET
def test_periods_end_where_their_month_or_quarter_ends(year: int, month: int) -> None:
    end = (date(year + month // 12, month % 12 + 1, 1)) - timedelta(days=1)
    spelt = [
        f"{year}-{month:02d}",
        f"{year}{month:02d}",
        f"{year}年{month}月",
        f"{year}/{month}",
        f"{year}年{month}月末",
        end.isoformat(),
    ]
    assert read(Type.DATE, spelt, period=True)[0] == [end] * 6
    if month % 3 == 0:
        quarters = [
            f"{year}Q{month // 3}",
            f"{year}年第{'一二三四'[month // 3 - 1]}季度",
            f"{year}年{month // 3}季度末",
        ]
        assert read(Type.DATE, quarters, period=True)[0] == [end] * 3


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)).map(lambda m: m.replace(microsecond=0)))
@SET
def test_moments(moment: datetime) -> None:
    spelt = [
        moment.isoformat(" "),
        moment.isoformat(),
        f"{moment:%Y%m%d%H%M%S}",
        f"{moment:%Y/%m/%d %H:%M:%S}",
        f"{moment.isoformat()}+08:00",
    ]
    spelt += [(moment - timedelta(hours=8)).isoformat() + "Z"]
    values, findings = read(Type.DATETIME, spelt)
    assert values == [moment] * 6
    assert findings == []
    assert read(Type.DATETIME, ["2026-02-30 10:00:00", "2026-01-31 25:00:00", "2026-01-31 10:00"])[0] == [
        None,
        None,
        datetime(2026, 1, 31, 10),
    ]


def test_excel_serial_moments() -> None:
    assert read(Type.DATETIME, ["46053.5", "46053.39583333333"])[0] == [
        datetime(2026, 1, 31, 12),
        datetime(2026, 1, 31, 9, 30),
    ]


def test_integers_and_booleans() -> None:
    values, findings = read(Type.INTEGER, ["12", "1,200", "12.0", "１２", "12.5", "x", ""])
    assert values == [12, 1200, 12, 12, None, None, None]
    assert sum(len(f.at) for f in findings) == 2
    words = ["是", "否", "1", "0", "Y", "n", "TRUE", "false", "√", "×", "１", "maybe", ""]
    values, findings = read(Type.BOOLEAN, words)
    assert values == [True, False, True, False, True, False, True, False, True, False, True, None, None]
    assert [f.values for f in findings] == [["maybe"]]


def test_codes_by_label_alias_and_width() -> None:
    values, findings = read(
        Type.CODE, ["valid", "有效发票", " 作废发票", "红冲", "ＶＯＩＤ", "怪状态", ""], code_list="invoice_status"
    )
    assert values == ["valid", "valid", "void", "red", "void", None, None]
    (finding,) = findings
    assert (finding.code, finding.values) == ("intake.unknown_code", ["怪状态"])
    assert any(finding.suggestion)
    values, findings = read(Type.CODE, ["C3973", "c3973", "Ｃ３９", "3973x"], pattern=r"^([A-T]\d{2,4}|2000?)$")
    assert values == ["C3973", "C3973", "C39", None]
    assert findings[0].values == ["3973X"] or findings[0].values == ["3973x"]


def test_ids() -> None:
    good = "91100000100003962T"
    texts = [
        good,
        good.lower(),
        f" {good} ",
        unicodedata.normalize("NFKC", good).translate(FULL),
        "911000001000039620",
        "E1",
        "11010519491231002X",
    ]
    values, findings = read(Type.ID, texts, check="party")
    assert values == [good, good, good, good, None, "E1", "11010519491231002X"]
    assert [(f.code, f.values) for f in findings] == [("intake.check_digit", ["911000001000039620"])]
    values, findings = read(Type.ID, ["9.11E+17", "4.1010119900307e+17", "00012", "1234567890123456"])
    assert values == [None, None, "00012", "1234567890123456"]
    assert [f.code for f in findings] == ["intake.digits_lost"]
    values, findings = read(Type.ID, ["abc", "abcd", "甲乙丙"], length=3)
    assert values == ["abc", "abcd", "甲乙丙"]
    assert [(f.code, f.level.value) for f in findings] == [("intake.too_long", "warning")]


def test_free_text_stays_as_it_is() -> None:
    assert read(Type.TEXT, [" ＡＢＣ（有限）公司 ", "-", "", "NULL"])[0] == ["ＡＢＣ（有限）公司", "-", None, None]


def test_typed_columns_become_texts() -> None:
    assert as_text(pa.array(["a", None]).dictionary_encode()).to_pylist() == ["a", None]
    assert as_text(pa.array([b"x"])).to_pylist() == ["b'x'"]
    assert as_text(pa.array([[1]])).to_pylist() == ["[1]"]
    assert as_text(pa.array(["a"], pa.large_string())).to_pylist() == ["a"]
    assert as_text(pa.array([1.5], pa.float32())).to_pylist() == ["1.5"]
