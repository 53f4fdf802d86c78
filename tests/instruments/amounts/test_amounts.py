"""What an instrument pays, held to an oracle that counts every day by hand, and to what must hold of any ceiling."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houfeng.instruments.amounts.shape import Ceiling, Shape
from houfeng.instruments.drawing.listing import whole
from instruments.amounts.amount_oracle import Cap, Item, pay
from instruments.amounts.amount_tables import SCALE, count

DAY = timedelta(days=1)
money = st.integers(0, 30_000_000).map(lambda fen: Decimal(fen).scaleb(-2))
limits = st.none() | st.sampled_from(["0", "10.00", "300.05", "3000.00", "40000.00"]).map(Decimal)
days = st.dates(date(2025, 3, 1), date(2026, 11, 30))
QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def an_item(draw: st.DrawFn) -> Item:
    begins = draw(days)
    ends = begins + draw(st.integers(-3, 500)) * DAY
    repaid = draw(st.dictionaries(st.integers(1, 300).map(lambda n: begins + n * DAY), money, max_size=3))
    names = (draw(st.sampled_from(["BK1", "BK2"])), draw(st.sampled_from(["H1", "H2"])))
    points = draw(st.sampled_from(["1", "1.5", "0.5", "0.7333", "2.0001"]))
    number, item = str(draw(st.integers(1, 10**6))), draw(st.sampled_from(["", "p1"]))
    return Item(
        *names, number, item, draw(st.sampled_from(["F1", "F2"])),
        begins, begins + draw(st.integers(0, 40)) * DAY, ends, draw(money), Decimal(points),
        {"a": None, "b": None}, repaid,
    )  # fmt: skip


def same_limit(items: list[Item], key: str, limit: Decimal | None) -> list[Item]:
    return [replace(i, limits={**i.limits, key: limit}) for i in items]


several = st.lists(an_item(), min_size=1, max_size=9, unique_by=lambda item: item.place)
periods = st.tuples(days, st.integers(0, 430)).map(lambda p: (p[0], p[0] + p[1] * DAY))
FIRM = Cap("a", lambda item, year: item.borrower_id, "base")
PERSON_YEAR = Cap("a", lambda item, year: (item.borrower_id, item.institution_id, year), "amount", yearly=True)
PERSON_EVER = Cap("b", lambda item, year: (item.borrower_id, item.institution_id), "amount")
BY_FIRM = Ceiling(("borrower_id",), "base", "a")
BY_YEAR = Ceiling(("borrower_id", "institution_id", "year"), "amount", "a")
BY_PERSON = Ceiling(("borrower_id", "institution_id"), "amount", "b")


@QUIET
@given(several, periods, limits, st.booleans())
def test_a_ceiling_on_the_principal_of_a_firm(
    items: list[Item], period: tuple[date, date], limit: Decimal | None, follows: bool
) -> None:
    items = same_limit(items, "a", limit)
    shape = Shape(True, SCALE, 365, (BY_FIRM,), follows_balance=follows)
    assert count(items, shape, *period, limits=("a",)) == pay(items, [FIRM], *period, follows=follows)


@QUIET
@given(several, periods, limits, limits, st.sampled_from([365, 360]))
def test_ceilings_on_the_money_of_a_person_by_year_and_over_all(
    items: list[Item], period: tuple[date, date], yearly: Decimal | None, ever: Decimal | None, basis: int
) -> None:
    items = same_limit(same_limit(items, "a", yearly), "b", ever)
    shape = Shape(True, SCALE, basis, (BY_YEAR, BY_PERSON))
    wanted = pay(items, [PERSON_YEAR, PERSON_EVER], *period, day_count=basis)
    assert count(items, shape, *period, limits=("a", "b")) == wanted


@QUIET
@given(several, st.randoms(use_true_random=False), limits)
def test_the_order_of_rows_changes_nothing(items: list[Item], chance: object, limit: Decimal | None) -> None:
    items = same_limit(items, "a", limit)
    period = (date(2025, 6, 1), date(2026, 5, 31))
    shuffled = list(items)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    shape = Shape(True, SCALE, 365, (BY_YEAR,))
    assert count(items, shape, *period, limits=("a",)) == count(shuffled, shape, *period, limits=("a",))


@QUIET
@given(several, limits, st.lists(days, min_size=1, max_size=4, unique=True), st.sampled_from([BY_FIRM, BY_YEAR]))
def test_claims_of_any_run_of_periods_add_up_to_the_whole(
    items: list[Item], limit: Decimal | None, turns: list[date], ceiling: Ceiling
) -> None:
    """However the time is cut, a borrower gets the same in all; below the ceiling, each item does."""
    items = same_limit(items, "a", limit)
    shape = Shape(True, SCALE, 365, (ceiling,))
    whole = count(items, shape, date(2025, 1, 1), date(2028, 12, 31), limits=("a",))
    edges = [date(2025, 1, 1), *sorted(turns), date(2029, 1, 1)]
    parts = [count(items, shape, since, until - DAY, limits=("a",)) for since, until in itertools.pairwise(edges)]
    assert sum(whole.values()) == sum((sum(part.values(), Decimal(0)) for part in parts), Decimal(0))
    if limit is None or ceiling.on == "base":
        assert all(sum((part.get(key, Decimal(0)) for part in parts), Decimal(0)) == whole[key] for key in whole)
    assert all(amount >= 0 for part in parts for amount in part.values())


@QUIET
@given(several, st.data(), st.sampled_from(["300.05", "3000.00"]), st.sampled_from([BY_FIRM, BY_YEAR]), st.booleans())
def test_splitting_a_loan_never_raises_a_capped_subsidy(
    items: list[Item], data: st.DataObject, limit: str, ceiling: Ceiling, round_: bool
) -> None:
    """Two notes for one give at most the fen that half-up rounding makes, and nothing where no rounding is."""
    items = [
        replace(i, borrower_id="F1", institution_id="BK1", repaid={}) for i in same_limit(items, "a", Decimal(limit))
    ]
    unit = Decimal("0.01")
    if round_ or ceiling.on == "base":
        unit, limit = Decimal(365), str(365 * int(Decimal(limit)))  # with whole points every day is whole fen
        items = [replace(i, base=i.base.quantize(Decimal(1)) * unit, points=Decimal(2)) for i in items]
        items = same_limit(items, "a", Decimal(limit))
    items = list({i.place: i for i in items}.values())
    period = (date(2025, 1, 1), date(2028, 12, 31))
    shape = Shape(True, SCALE, 365, (ceiling,))
    whole = items[data.draw(st.integers(0, len(items) - 1))]
    part = unit * data.draw(st.integers(0, int(whole.base / unit)))
    one = replace(whole, base=part, item_no=whole.item_no + "-1")
    other = replace(whole, base=whole.base - part, item_no=whole.item_no + "-2")
    split = [i for i in items if i is not whole] + [one, other]
    before = sum(count(items, shape, *period, limits=("a",)).values(), Decimal(0))
    after = sum(count(split, shape, *period, limits=("a",)).values(), Decimal(0))
    assert after <= before + (0 if unit == 365 else Decimal("0.01"))
    if before == Decimal(limit) and ceiling.on == "amount" and len({i.counted_to.year for i in items}) == 1:
        assert after <= before


def test_money_too_large_for_a_machine_word_is_exact() -> None:
    item = Item(
        "B", "H", "1", "", "F", date(2026, 1, 1), date(2026, 1, 1), date(2027, 12, 31),
        Decimal("88888888888888.88"), Decimal("1.2345"), {"a": None},
    )  # fmt: skip
    shape = Shape(True, SCALE, 365, (BY_FIRM,))
    period = (date(2026, 1, 1), date(2027, 12, 31))
    assert count([item], shape, *period, limits=("a",)) == pay([item], [FIRM], *period)


@QUIET
@given(st.lists(st.integers(-(10**18), 10**18), min_size=1, max_size=30), st.integers(0, 11))
def test_short_and_long_decimals_become_the_same_whole_numbers(numbers: list[int], places: int) -> None:
    told = [Decimal(number).scaleb(-places - 2) for number in numbers]
    rows = ", ".join(f"(CAST('{one:f}' AS DECIMAL(38,{places + 2})))" for one in told)
    found = duckdb.sql(f"SELECT {whole('n', places)} FROM (VALUES {rows}) t(n)").fetchall()
    assert [one for (one,) in found] == [int(one.scaleb(places).quantize(Decimal(1), ROUND_HALF_UP)) for one in told]
