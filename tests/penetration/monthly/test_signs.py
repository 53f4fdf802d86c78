"""Signs by hand: rings of holdings, shared places, changes before overdue, money that comes back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.engine.duckdb import Engine
from houfeng.penetration.graph import Holdings
from houfeng.penetration.groups import Group
from houfeng.penetration.monthly.flows import Terms, group_outflows, round_trips
from houfeng.penetration.monthly.limits import members_of
from houfeng.penetration.monthly.naming import named
from houfeng.penetration.monthly.partners import customers_bad, lenders_left, months_before
from houfeng.penetration.monthly.signs import before_overdue, ownership_rings, shared_places
from penetration.monthly.market import DAY, add, firms, loan, made


def test_rings_of_holdings() -> None:
    stakes = [("a", "b", 10), ("b", "c", 1), ("c", "a", 5), ("c", "d", 80), ("p", "a", 50), ("d", "d", 3)]
    found = ownership_rings(Holdings.from_pairs(stakes))
    assert [(one.enterprise, one.subject, one.firms) for one in found] == [("a", "a", 3), ("b", "a", 3), ("c", "a", 3)]


def test_shared_places_count_firms_with_loans(tmp_path: Path) -> None:
    here = firms(*"abcd", registered_address="金水路 1号", phone="037100000000")
    there = [{**one, "registered_address": "金水路1号"} for one in firms("e")]
    loans = [loan("B1", name, 5) for name in "abe"] + [loan("B1", "c", 0)]
    book = made(tmp_path, {"enterprise": [*here, *there], "loan_balance": loans})
    with Engine() as engine:
        found = shared_places(book.snapshot(), DAY, engine)
    assert [(one.enterprise, one.finding, one.subject, one.firms, one.lending) for one in found] == [
        (name, "shared_address", "金水路1号", 5, 3) for name in "abe"
    ]


def test_changes_before_overdue(tmp_path: Path) -> None:
    """a is overdue since 31 May; what changed 90 days before counts, what changed 91 days before does not."""
    first = date(2026, 5, 31)

    def change(number: int, firm: str, item: str, days: int, **more: Any) -> dict[str, Any]:
        day = first - timedelta(days=days)
        return {"change_no": f"{number}", "enterprise_id": firm, "item": item, "changed_on": day, **more}

    changes = [
        change(1, "a", "controller", 90), change(2, "a", "legal_representative", 91), change(3, "a", "controller", -1),
        change(4, "a", "capital", 180, before_value=100, after_value=40),
        change(5, "a", "capital", 10, before_value=100, after_value=90),
        change(6, "a", "capital", 20, before_value=100, after_value=190), change(7, "b", "controller", 5),
    ]  # fmt: skip
    loans = [loan("B1", "a", 5, overdue_days=30), loan("B1", "a", 5, 2, overdue_days=3), loan("B1", "b", 5)]
    book = made(tmp_path, {"registration_change": changes, "loan_balance": loans})
    with Engine() as engine:
        capital, person = before_overdue(book.snapshot(), DAY, engine)
    assert (person.enterprise, person.finding, person.subject, person.days) == (
        "a", "person_before_overdue", "controller", 90,
    )  # fmt: skip
    assert (capital.finding, capital.amount, capital.share, capital.days) == (
        "capital_before_overdue", Decimal(60), Decimal(60), 180,
    )  # fmt: skip


def flow(number: int, payer: str, payee: str, day: date, amount: int, seen: str = "", **more: Any) -> dict[str, Any]:
    """A payment as its payer's account shows it, or as that of `seen`."""
    own = seen or payer
    direction, other = ("out", payee) if own == payer else ("in", payer)
    return {
        "institution_id": "B1", "flow_no": f"{number}", "enterprise_id": own, "counterparty_id": other,
        "direction": direction, "occurred_at": datetime.combine(day, datetime.min.time()), "amount": amount, **more,
    }  # fmt: skip


def test_round_trips(tmp_path: Path) -> None:
    """a → b → a within ten days; a → c → d → a; what comes back on the eleventh day, or in small parts, is none."""
    start = date(2026, 6, 1)
    after = [start + timedelta(days=days) for days in range(13)]
    rows = [
        flow(1, "a", "b", start, 100), flow(2, "a", "b", start, 100, seen="b"),  # one payment seen twice
        flow(3, "b", "a", after[10], 90),
        flow(4, "a", "c", start, 70), flow(5, "c", "d", start, 60), flow(6, "d", "a", after[3], 80),
        flow(7, "a", "e", start, 100), flow(8, "e", "a", after[11], 100),
        flow(9, "a", "f", start, 100), flow(10, "f", "a", after[1], 49),
    ]  # fmt: skip
    book = made(tmp_path, {"account_flow": rows})
    with Engine() as engine:
        found = round_trips(book.snapshot(), DAY, engine, Terms(floor=Decimal(50)))
    told = {(one.enterprise, one.subject): (one.amount, one.firms, one.days) for one in found}
    assert told == {("a", "b"): (Decimal(90), 2, 10), ("a", "c"): (Decimal(60), 3, 3)}


def test_money_to_the_group_under_another_name(tmp_path: Path) -> None:
    rows = [
        flow(1, "a", "b", DAY, 25), flow(2, "a", "b", DAY, 10, counterparty_kind="group"),
        flow(3, "a", "x", DAY, 65), flow(4, "b", "a", DAY, 9), flow(5, "b", "x", DAY, 91),
        flow(6, "a", "b", date(2026, 3, 1), 500),
    ]  # fmt: skip
    book = made(tmp_path, {"account_flow": rows})
    with Engine() as engine:
        (found,) = group_outflows(book.snapshot(), DAY, members_of([("G", Group("a", ("a", "b"), ()))]), engine)
    assert (found.enterprise, found.subject, found.amount, found.share) == ("a", "G", Decimal(25), Decimal(25))


def test_lenders_that_leave(tmp_path: Path) -> None:
    """a: two of three left and the third lends more; b: one left; c: two left and the third lends no more."""
    then, later = date(2026, 3, 31), date(2026, 6, 30)
    before = [loan(bank, firm, 10) for firm in "abc" for bank in ("B1", "B2", "B3")]
    now = [loan("B3", "a", 11), loan("B2", "b", 10), loan("B3", "b", 11), loan("B3", "c", 10), loan("B4", "c", 0)]
    book = made(tmp_path, {"loan_balance": before}, then)
    add(book, {"loan_balance": now}, later)
    with Engine() as engine:
        (found,) = lenders_left(book.snapshot(), later, engine)
    assert (found.enterprise, found.subject, found.firms, found.amount) == ("a", "2026-03-31", 2, Decimal(20))
    assert found.share == Decimal("66.66667")
    assert months_before(date(2026, 5, 31), 3) == date(2026, 2, 28)
    assert months_before(date(2026, 2, 28), 2) == date(2025, 12, 31)
    assert months_before(date(2026, 1, 30), 11) == date(2025, 2, 28)


def test_customers_that_are_bad(tmp_path: Path) -> None:
    def sale(number: int, seller: str, buyer: str, amount: int, day: date = DAY, **more: Any) -> dict[str, Any]:
        named = {"seller_id": seller, "buyer_id": buyer, "invoice_code": "", "invoice_no": f"{number}"}
        return {**named, "issued_on": day, "amount": amount, "status": "valid", **more}

    sales = [
        sale(1, "a", "x", 30), sale(2, "a", "y", 30), sale(3, "a", "z", 40), sale(4, "a", "x", 900, status="void"),
        sale(5, "a", "x", 900, date(2025, 6, 30)), sale(6, "b", "x", 50), sale(7, "a", "a", 0),
    ]  # fmt: skip
    loans = [loan("B1", "a", 5), loan("B1", "x", 5, quality="FQ03"), loan("B1", "y", 5, overdue_days=90)]
    filed = [{"record_no": "1", "enterprise_id": "z", "occurred_on": DAY, "record_type": "bankruptcy_filing"}]
    book = made(tmp_path, {"invoice": sales, "loan_balance": loans, "public_record": filed})
    with Engine() as engine:
        found = customers_bad(book.snapshot(), DAY, engine)
    assert [(one.enterprise, one.subject, one.amount, one.share) for one in found] == [
        ("a", "x", Decimal(30), Decimal(30)), ("a", "z", Decimal(40), Decimal(40)),
    ]  # fmt: skip


def test_names_last() -> None:
    first = named("X-", [("a", "b", "c"), ("d", "e")], {})
    assert first == ["X-a", "X-d"]
    before = {"X-a": ["a", "b", "c"], "X-d": ["d", "e"]}
    # the larger part of a split goes on, a new group may not take a name that is or was another's
    assert named("X-", [("c", "z"), ("b", "a")], before) == ["X-c", "X-a"]
    assert named("X-", [("a", "d", "e")], before) == ["X-d"]
    fresh = named("X-", [("d", "y"), ("e", "d")], {"X-d": ["q"], "X-e": ["e", "d"]})
    assert fresh[1] == "X-e"
    assert fresh[0] not in ("X-d", "X-e")
    assert len(named("X-", [("n" * 60,)], {})[0]) <= 60


@settings(deadline=None)
@given(st.lists(st.sets(st.integers(0, 12), min_size=1), max_size=5), st.lists(st.sets(st.integers(0, 12)), max_size=5))
def test_no_name_is_given_twice(after: list[set[int]], before: list[set[int]]) -> None:
    old = {f"X-{n}": [str(one) for one in members] for n, members in enumerate(before)}
    found = named("X-", [tuple(str(one) for one in sorted(members)) for members in after], old)
    assert len(set(found)) == len(after)
    for name, members in zip(found, after, strict=True):
        if name in old:
            assert {int(one) for one in old[name]} & members
