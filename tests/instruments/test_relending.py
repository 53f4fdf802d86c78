"""Interest of central-bank money by ACT/360, its extensions, what is taken back: against hand calculations."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from houfeng.errors import UsageError
from houfeng.instruments.relending import Penalty, interest, legs, recall, refund
from houfeng.packs.loading.load import load_pack

D = Decimal


@pytest.mark.parametrize(
    ("principal", "rate", "since", "until", "expected"),
    [
        ("100000000", "1.25", date(2026, 1, 19), date(2027, 1, 19), "1267361.11"),  # 365 × 1e8 × 1.25% / 360
        ("100000000", "1.25", date(2026, 1, 19), date(2026, 1, 19), "0.00"),  # the day of repayment does not count
        ("1000000", "0.95", date(2026, 2, 1), date(2026, 5, 1), "2348.61"),  # 89 days: 2,348.6111
        ("36000", "1", date(2026, 1, 1), date(2026, 1, 2), "1.00"),
        ("180", "1", date(2026, 1, 1), date(2026, 1, 2), "0.01"),  # 0.005 exactly: half up
    ],
)
def test_interest(principal: str, rate: str, since: date, until: date, expected: str) -> None:
    assert interest(D(principal), D(rate), since, until) == D(expected)


def test_a_drawing_with_its_extensions_takes_the_rate_of_each_first_day() -> None:
    rates = load_pack("china-base").parameters["relending_1y"]

    def on(day: date) -> Decimal | None:
        found = rates.on(day, day)
        return found.value if found else None

    found = legs(D(10_000_000), date(2024, 2, 29), 12, 2, on)
    # 1.75 % from 2024-01-25, still on 2025-02-28; 1.25 % from 2026-01-19
    assert [(leg.since, leg.until, leg.rate) for leg in found] == [
        (date(2024, 2, 29), date(2025, 2, 28), D("1.75")),
        (date(2025, 2, 28), date(2026, 2, 28), D("1.75")),
        (date(2026, 2, 28), date(2027, 2, 28), D("1.25")),
    ]
    # 365 days each: 10,000,000 × 1.75% × 365/360 = 177,430.5556; × 1.25% = 126,736.1111
    assert [leg.interest for leg in found] == [D("177430.56"), D("177430.56"), D("126736.11")]


def test_no_rate_no_leg() -> None:
    with pytest.raises(UsageError, match="2026-01-01"):
        legs(D(1), date(2026, 1, 1), 12, 0, lambda _: None)


def test_recall_after_a_failed_audit() -> None:
    found = recall(
        D(5_000_000), D("1.25"), date(2026, 2, 1), date(2026, 5, 1), date(2026, 6, 15), Penalty(D("0.6"), 12)
    )
    # 45 days from May 1: 5,000,000 × 1.25% × 45/360 = 7,812.50; 134 days from Feb 1: × 0.6% × 134/360 = 11,166.6667
    assert (found.interest, found.penalty, found.banned_until) == (D("7812.50"), D("11166.67"), date(2027, 6, 15))
    assert found.total == D("5018979.17")


def test_a_refund_is_line_by_line_and_never_set_off() -> None:
    paid = [(D("100.27"), D("90.24")), (D("50.00"), D("45.00")), (D("10.00"), D("9.00"))]
    due = [(D("0.00"), D("0.00")), (D("49.99"), D("44.99")), (D("12.00"), D("10.80"))]
    found = refund(paid, due)
    assert (found.amount, found.central, found.provincial) == (D("100.28"), D("90.25"), D("10.03"))
