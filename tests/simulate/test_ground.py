"""Identifiers, sizes, months and columns under the synthetic province."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from houfeng.errors import UsageError
from houfeng.simulate.firms import make_firms
from houfeng.simulate.ground import columns as c
from houfeng.simulate.ground import industries as ind
from houfeng.simulate.ground.banks import lender_count, make_banks, owners
from houfeng.simulate.ground.identifiers import credit_codes, numbered
from houfeng.simulate.ground.months import lpr, months_until
from houfeng.simulate.registers import enterprises

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def holds(code: str) -> bool:
    """Both check digits of a credit code, worked out the plain way."""
    weights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]
    total = sum(ALPHABET.index(char) * weight for char, weight in zip(code, weights, strict=False))
    body = [int(char, 36) for char in code[8:16]]
    rest = 11 - sum(value * weight for value, weight in zip(body, [3, 7, 9, 10, 5, 8, 4, 2], strict=True)) % 11
    digit = {10: "X", 11: "0"}.get(rest, str(rest))
    return code[16] == digit and code[17] == ALPHABET[(31 - total % 31) % 31]


@pytest.mark.parametrize(
    "code", ["91100000100003962T", "91110000802100433B", "91330100799655058B", "91440300708461136T"]
)
def test_the_plain_way_knows_real_codes(code: str) -> None:
    assert holds(code)


def test_codes_carry_check_digits_and_regions() -> None:
    firms = make_firms(0, 3000, months_until(date(2026, 1, 31), 3), np.random.SeedSequence(1))
    codes = firms.ids.to_pylist()
    assert len(set(codes)) == 3000
    assert all(holds(code) for code in codes)
    assert {code[2:8] for code in codes} <= {"419001"} | {f"41{n:02d}00" for n in range(1, 18)}
    assert all(holds(code) for code in [*make_banks(3_000_000).ids, *owners().to_pylist()])


def test_codes_of_the_biggest_province_are_unlike() -> None:
    serials = np.arange(2_999_000, 3_000_000)
    codes = credit_codes(np.full(1000, 91), np.full(1000, 410100), "MA", serials)
    first = credit_codes(np.full(1000, 91), np.full(1000, 410100), "MA", np.arange(1000))
    assert len(set(codes.to_pylist()) | set(first.to_pylist())) == 2000


def test_numbered_pads() -> None:
    assert numbered("SIM", np.array([0, 42]), 4).to_pylist() == ["SIM0000", "SIM0042"]
    assert numbered("SIM", np.array([], dtype=np.int64), 4).to_pylist() == []


WAN = 10_000
SIZES = [
    ("C3411", 1000, 40_000, 1, "CS01"), ("C3411", 999, 40_000, 1, "CS02"), ("C3411", 1000, 39_999, 1, "CS02"),
    ("C3411", 300, 2000, 1, "CS02"), ("C3411", 20, 300, 1, "CS03"), ("C3411", 19, 90_000, 1, "CS04"),
    ("A0111", 1, 20_000, 1, "CS01"), ("A0111", 1, 499.99, 1, "CS03"), ("A0111", 1, 49.99, 1, "CS04"),
    ("E4710", 1, 80_000, 80_000, "CS01"), ("E4710", 1, 80_000, 4999, "CS03"),
    ("F5151", 20, 5000, 1, "CS02"), ("F5151", 4, 50_000, 1, "CS04"), ("F5211", 49, 20_000, 1, "CS03"),
    ("I6513", 100, 1000, 1, "CS02"), ("I6410", 2000, 99_999, 1, "CS02"), ("K7010", 1, 200_000, 10_000, "CS01"),
    ("K7010", 1, 1000, 4999, "CS03"), ("K7020", 100, 500, 1, "CS03"), ("L7211", 300, 0, 120_000, "CS01"),
    ("L7211", 99, 0, 120_000, "CS03"), ("M7320", 300, 0, 0, "CS01"), ("M7320", 9, 9e9, 9e9, "CS04"),
    ("G5910", 199, 30_000, 1, "CS02"), ("G5431", 999, 30_000, 1, "CS02"), ("H6210", 10, 100, 1, "CS03"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "staff", "revenue", "assets", "size"), SIZES)
def test_sizes_follow_the_standard_of_2017(code: str, staff: int, revenue: float, assets: float, size: str) -> None:
    row = np.array([ind.STANDARD_NAMES.index(ind.standard_of(code))])
    found = ind.size_class(row, np.array([staff]), np.array([revenue * WAN]), np.array([assets * WAN]))
    assert ind.SIZES[found[0]] == size


def test_the_size_in_the_register_is_that_of_the_figures_beside_it() -> None:
    firms = make_firms(0, 2000, months_until(date(2026, 1, 31), 3), np.random.SeedSequence(2))
    table = enterprises(firms, -1)
    standard = np.array([ind.STANDARD_NAMES.index(ind.standard_of(code)) for code in table["industry"].to_pylist()])
    figures = [
        np.array([float(v) for v in table[name].to_pylist()]) for name in ("employees", "revenue", "total_assets")
    ]
    expected = [ind.SIZES[at] for at in ind.size_class(standard, *figures)]
    public = [kind == "public_body" for kind in table["borrower_class"].to_pylist()]
    assert table["size"].to_pylist() == ["CS05" if p else e for p, e in zip(public, expected, strict=True)]


def test_industries_are_classes_of_four_digits_with_their_letter() -> None:
    assert len(ind.CODES) == len(set(ind.CODES)) > 400
    assert all(len(code) == 5 and code[0] in "ABCDEFGHIKLMNOPQR" and code[1:].isdigit() for code in ind.CODES)
    assert {"C2710", "C3741", "C3963", "C3973", "C4040"} <= {
        code for code, high in zip(ind.CODES, ind.IS_HIGH_TECH, strict=True) if high
    }


def test_months_end_where_whole_months_end() -> None:
    months = months_until(date(2026, 2, 27), 2)
    assert (months.first(0), months.end(1)) == (date(2025, 12, 1), date(2026, 1, 31))
    assert months_until(date(2026, 2, 28), 1).first(0) == date(2026, 2, 1)
    assert months.first(-13) == date(2024, 11, 1)
    assert months.received(1, 10).isoformat() == "2026-02-10T09:00:00"
    with pytest.raises(UsageError):
        months_until(date(2026, 1, 31), 0)


def test_the_prime_rate_of_a_day() -> None:
    days = np.array([c.day_number(d) for d in (date(2025, 5, 19), date(2025, 5, 20), date(2010, 1, 1))])
    assert lpr(days, np.array([False, True, False])).tolist() == [310_000, 350_000, 425_000]


def test_columns_are_exact() -> None:
    known = np.array([True, False, True])
    assert c.money(np.array([1, 2, -305]), known).to_pylist() == [Decimal("0.01"), None, Decimal("-3.05")]
    assert c.rate(np.array([345_000])).to_pylist() == [Decimal("3.45000")]
    assert c.days(np.array([0])).to_pylist() == [date(1970, 1, 1)]
    assert c.pick(["a", "b"], np.array([1, -1])).to_pylist() == ["b", None]
    assert c.money(np.array([7])).type == pa.decimal128(20, 2)


def test_lenders_grow_slowly() -> None:
    assert [lender_count(n) for n in (1000, 5000, 30_000, 300_000, 3_000_000)] == [6, 11, 16, 23, 30]
