"""Each indicator at its lines, just below and just beyond, and what it says where a figure is missing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from houfeng.platforms.indicators import MAKERS, Indicator, indicators, worst
from houfeng.platforms.ledger import Platform, weighted_cost
from platforms.platform_samples import DAY, debt, line, platform, terms, vote

D = Decimal
NEAR, FAR = date(2026, 12, 31), date(2027, 1, 1)  # within twelve months of the ledger, and not


def one(name: str, given: Platform) -> Indicator:
    return next(found for found in indicators(given, terms()) if found.name == name)


def levels(name: str, *given: Platform) -> list[str]:
    return [one(name, each).level for each in given]


def report(**facts: Any) -> tuple[dict[str, Any], ...]:
    return (facts | {"period": DAY},)


def test_there_are_the_fourteen_of_the_catalogue() -> None:
    found = indicators(platform(), terms())
    assert len(found) == len(MAKERS) == 14
    assert all(each.value is None and each.level == "" for each in found if each.name != "overdue")


def test_resolution_behind_plan_by_more_than_ten_points() -> None:
    def behind(actual: str) -> Platform:
        return platform(baseline=D(1000), plan=(line(date(2025, 9, 30), "fiscal", "300", actual),))

    assert levels("resolution", behind("200"), behind("199.99")) == ["", "orange"]
    assert one("resolution", behind("250")).value == D("0.25")
    unknown = one("resolution", platform(plan=(line(DAY, "fiscal", "1", "1"),)))
    assert (unknown.value, unknown.applies) == (None, True)
    assert one("resolution", platform(debt("d", "1"))).applies is False  # no hidden debt, no plan


def test_hidden_debt_stands_against_an_exit() -> None:
    some = platform(debt("h", "1", hidden=True), debt("d", "3"))
    assert (one("hidden_share", some).value, one("hidden_share", some).level) == (D("0.25"), "blue")
    assert levels("hidden_share", platform(debt("d", "3"))) == [""]


def test_short_debt() -> None:
    def short(part: str, rest: str) -> Platform:
        return platform(debt("s", part, matures_on=NEAR), debt("l", rest, matures_on=FAR))

    found = levels(
        "short_share", short("40", "60"), short("40.01", "59.99"), short("50", "50"), short("50.01", "49.99")
    )
    assert found == ["", "orange", "orange", "red"]
    assert one("short_share", platform(debt("old", "1", matures_on=date(2024, 1, 1)), debt("u", "1"))).value == D("0.5")


def test_cash_against_short_debt() -> None:
    def cash(amount: str) -> Platform:
        return platform(debt("s", "100", matures_on=NEAR), reports=report(free_cash=D(amount)))

    found = levels("cash_cover", cash("30"), cash("29.99"), cash("10"), cash("9.99"))
    assert found == ["", "orange", "orange", "red"]
    restricted = platform(debt("s", "100", matures_on=NEAR), statement={"cash": D(50)})
    assert one("cash_cover", restricted).value == D("0.5")
    assert "restricted" in one("cash_cover", restricted).why.en
    assert one("cash_cover", platform(debt("l", "1", matures_on=FAR), reports=report(free_cash=D(1)))).applies is False


def test_nonstandard_debt() -> None:
    def mixed(part: str, rest: str) -> Platform:
        return platform(debt("n", part, instrument="nonstandard_trust"), debt("b", rest, instrument="bond"))

    found = levels(
        "nonstandard_share", mixed("20", "80"), mixed("20.01", "79.99"), mixed("30", "70"), mixed("31", "69")
    )
    assert found == ["", "orange", "orange", "red"]


def test_cost_is_weighted_by_balance_and_held_against_the_lpr() -> None:
    """LPR over five years is 3.50 on the day; 3.50 + 2 points is the line: (300 × 5.4 + 100 × 5.8) ÷ 400 = 5.5."""
    at = platform(debt("a", "300", cost=D("5.4")), debt("b", "100", cost=D("5.8")))
    above = platform(debt("a", "300", cost=D("5.4")), debt("b", "100", cost=D("5.8001")))
    assert one("cost", at).value == D("5.50000")
    assert levels("cost", at, above) == ["", "orange"]
    assert one("cost", platform(debt("a", "1", rate=D("4.1")))).value == D("4.10000")
    assert weighted_cost([debt("a", "1")]) is None


def test_interest_cover() -> None:
    def cover(ebitda: str) -> Platform:
        return platform(statement={"ebitda": D(ebitda), "interest_expense": D(3)})

    assert levels("interest_cover", cover("3"), cover("2.99"), cover("-1")) == ["", "orange", "orange"]
    assert one("interest_cover", platform(statement={"ebitda": D(1)})).why.en == "missing: interest"


def test_refinancing_must_last() -> None:
    def quarters(*shares: str) -> Platform:
        return platform(reports=tuple({"repaid": D(100), "refinanced": D(share)} for share in shares))

    lasting, once, short = (
        quarters("95", "99", "100", "96"),
        quarters("95", "99", "94.99", "100"),
        quarters("100", "100"),
    )
    assert levels("refinancing", lasting, once, short) == ["orange", "", ""]
    assert one("refinancing", quarters("10", "95", "99", "100", "96")).level == "orange"  # the last four
    assert one("refinancing", once).value == D("0.972475")


def test_guarantees_against_net_assets() -> None:
    def given(amount: str, own: str) -> Platform:
        return platform(reports=report(guarantees_given=D(amount)), statement={"net_assets": D(own)})

    found = levels("guarantees", given("50", "100"), given("50.01", "100"), given("100", "100"), given("101", "100"))
    assert found == ["", "orange", "orange", "red"]
    assert (one("guarantees", given("1", "-5")).level, one("guarantees", given("1", "-5")).value) == ("red", None)
    assert one("guarantees", given("0", "-5")).level == ""


def test_debt_ratio_of_the_region() -> None:
    def owing(amount: str) -> Platform:
        return platform(finance={"government_debt": D(amount), "hidden_debt": D(0), "fiscal_capacity": D(100)})

    found = levels("region_debt", owing("119.99"), owing("120"), owing("199"), owing("200"), owing("299"), owing("300"))
    assert found == ["", "yellow", "yellow", "orange", "orange", "red"]


def test_receivables_from_government() -> None:
    def owed(amount: str) -> Platform:
        return platform(reports=report(government_receivables=D(amount)), statement={"total_assets": D(100)})

    assert levels("receivables", owed("30"), owed("30.01")) == ["", "orange"]


def test_the_wall() -> None:
    even = [debt(str(n), "25", matures_on=date(2026, n, 10)) for n in (3, 5, 6, 8)]
    assert (one("wall", platform(*even)).value, one("wall", platform(*even)).level) == (3, "")
    more = [*even, debt("x", "0.01", matures_on=date(2026, 3, 11))]
    assert one("wall", platform(*more)).level == "orange"
    assert one("wall", platform(debt("d", "1", matures_on=date(2030, 1, 1)))).applies is False


def test_consent_and_overdue() -> None:
    asked = platform(debt("1", "2", creditor_id="A"), debt("2", "1", creditor_id="B"), votes=(vote("A", "consent"),))
    assert one("consent", asked).level == ""
    assert one("consent", platform(debt("1", "1", creditor_id="A"))).level == "blue"
    late = platform(debt("1", "2", instrument="nonstandard_other", state="overdue"), overdue_records=2)
    assert (one("overdue", late).value, one("overdue", late).level) == (3, "red")
    loan = platform(debt("1", "2", instrument="bank_loan", state="overdue"), overdue_records=0)
    assert one("overdue", loan).level == ""


def test_lines_are_those_of_the_day() -> None:
    early = terms(date(2019, 12, 31))
    given = platform(debt("s", "100", matures_on=date(2020, 3, 1)), period=date(2019, 12, 31))
    assert {each.level for each in indicators(given, early) if each.name in ("short_share", "wall", "consent")} == {""}


def test_the_worst_level() -> None:
    given = platform(debt("n", "100", instrument="nonstandard_trust", hidden=True))
    assert worst(indicators(given, terms())) == "red"
    assert worst(()) == ""


@pytest.mark.parametrize("name", ["hidden_share", "short_share", "nonstandard_share", "overdue"])
def test_without_a_ledger_nothing_is_said(name: str) -> None:
    found = one(name, Platform("P1"))
    assert (found.value, found.level) == (None, "")
