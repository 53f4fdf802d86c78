"""Digits of an industry class get the letter of their section, checked against the whole standard."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from houfeng.book.intake.identifiers import with_section

STANDARD = Path(__file__).parents[3] / "shared/data/reference_cn/gbt4754_2017_industry.csv"


@pytest.mark.parametrize(
    ("digits", "full"),
    [
        ("3963", "C3963"),
        ("0111", "A0111"),
        ("9700", "T9700"),
        ("51", "F51"),
        ("2000", "C2000"),
        ("0011", "0011"),
        ("C3963", "C3963"),
    ],
)
def test_letter(digits: str, full: str) -> None:
    assert with_section(digits) == full


@pytest.mark.data
@pytest.mark.skipif(not STANDARD.is_file(), reason="../shared/data is not here")
def test_every_class_of_the_standard() -> None:
    with STANDARD.open(encoding="utf-8-sig") as source:
        rows = [row for row in csv.DictReader(source) if row["code"].isdigit()]
    assert len(rows) > 1900
    differing = {row["code"] for row in rows if with_section(row["code"]) != row["section"] + row["code"]}
    assert differing <= {"8421"}  # that one row of the file has lost its section
