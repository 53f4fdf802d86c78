"""Limits by group, joint credit, and classes of one debtor across banks: worked by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from houfeng.engine.duckdb import Engine
from houfeng.penetration.groups import Group
from houfeng.penetration.monthly.limits import (
    JointTerms,
    exposures_sql,
    joint_credit,
    large_exposures,
    members_of,
    reported_members,
)
from houfeng.penetration.monthly.quality import inconsistencies, standings_sql
from penetration.monthly.market import DAY, firms, loan, made

BANKS = [
    {"institution_id": "B1", "name": "一行", "net_capital": 1000, "tier1_capital": 800},
    {"institution_id": "B2", "name": "二行"},
]
GROUP = Group("a", ("a", "b", "c"), ())


def test_large_exposures(tmp_path: Path) -> None:
    """a and b are 80 each (8 % of net capital, 10 % of tier 1) and 20 % together: at the limit, not over it."""
    loans = [loan("B1", "a", 80), loan("B1", "b", 80), loan("B1", "d", 101), loan("B1", "e", 19), loan("B2", "a", 7)]
    between = [{"lender_id": "B1", "borrower_id": "B2", "instrument": "placement", "amount": 201}]
    book = made(tmp_path, {"institution": BANKS, "loan_balance": loans, "interbank_exposure": between})
    with Engine() as engine:
        found = large_exposures(book.snapshot(), DAY, members_of([("G", GROUP)]), engine)
    told = {(one.basis, one.institution, one.client): (one.share, one.over) for one in found}
    assert told == {
        ("interbank", "B1", "B2"): (Decimal("25.125"), True),
        ("loans", "B1", "d"): (Decimal("10.1"), True),
        ("group", "B1", "G"): (Decimal(20), False),
        ("single", "B1", "d"): (Decimal("12.625"), False),
        ("single", "B1", "a"): (Decimal(10), False),
        ("single", "B1", "b"): (Decimal(10), False),
        ("loans", "B2", "a"): (None, False),
        ("single", "B2", "a"): (None, False),
        ("group", "B2", "G"): (None, False),
    }
    assert [one.over for one in found[:3]] == [True, True, False]


def test_what_looking_through_adds(tmp_path: Path) -> None:
    """The list a bank reported has a and b; looking through adds c, and the sum passes what could be seen."""
    reported = [{"group_id": "R", "enterprise_id": name} for name in ("a", "b")]
    kept = [{"group_id": "HFG-x", "enterprise_id": "z"}]
    loans = [loan("B1", "a", 80), loan("B1", "b", 60), loan("B1", "c", 40), loan("B1", "c", 40, 2), loan("B2", "c", 9)]
    book = made(tmp_path, {"institution": BANKS, "loan_balance": loans, "group_member": [*reported, *kept]})
    with Engine() as engine:
        listed = reported_members(book.snapshot(), DAY, engine, "HFG-")
        assert listed == [("R", "a"), ("R", "b")]
        engine.connection.register("_members", members_of([("G", GROUP)], listed))
        found = engine.rows(exposures_sql(book.snapshot(), DAY))
    assert found == [
        ("G", "B1", 3, Decimal(220), Decimal("27.5"), Decimal("17.5"), False),
        ("G", "B2", 1, Decimal(9), None, None, False),
        ("R", "B1", 2, Decimal(140), Decimal("17.5"), Decimal("17.5"), True),
    ]


def test_joint_credit(tmp_path: Path) -> None:
    """Three lenders and the sum decide; ninety per cent of the agreed limit is the warning."""
    loans = [
        loan("B1", "a", 30),
        loan("B2", "b", 10),
        loan("B3", "b", 5, 2),
        loan("B1", "d", 45),
        loan("B2", "d", 4, 2),
    ]
    agreed = [
        {"agreement_no": "1", "group_id": "G", "limit_total": 50},
        {"agreement_no": "2", "enterprise_id": "d", "limit_total": 100},
        {"agreement_no": "3", "enterprise_id": "gone", "limit_total": 1, "valid_to": date(2026, 6, 1)},
    ]
    book = made(tmp_path, {"loan_balance": loans, "joint_credit": agreed})
    terms = JointTerms(must=Decimal(45), may=Decimal(20))
    with Engine() as engine:
        group, single = joint_credit(book.snapshot(), DAY, members_of([("G", GROUP)]), engine, terms)[::-1]
    assert (group.client, group.lenders, group.finance, group.duty, group.used, group.state) == (
        "G", 3, Decimal(45), "must", Decimal("90.00"), "warning",
    )  # fmt: skip
    assert (single.client, single.lenders, single.duty, single.used, single.state) == (
        "d", 2, "", Decimal("49.00"), "normal",
    )  # fmt: skip


def test_one_debtor_one_class(tmp_path: Path) -> None:
    loans = [
        loan("B1", "a", 80), loan("B1", "a", 10, 2), loan("B1", "a", 10, 3, quality="FQ03"), loan("B2", "a", 5, 4),
        loan("B1", "b", 89), loan("B1", "b", 11, 2, quality="FQ04", overdue_days=91), loan("B2", "b", 0, 3),
        loan("B1", "c", 79, quality="FQ02"), loan("B2", "c", 21, 2, quality="FQ03", overdue_days=91),
        loan("B1", "d", 80), loan("B2", "d", 20, 2, quality="FQ02", overdue_days=91),
        loan("B1", "P", 80), loan("B2", "P", 20, 2, quality="FQ05"),
    ]  # fmt: skip
    rows = {"loan_balance": loans, "person": [{"person_id": "P"}], "enterprise": firms("a", "b", "c", "d")}
    book = made(tmp_path, rows)
    with Engine() as engine:
        found = inconsistencies(book.snapshot(), DAY, engine)
        kept = {row[:2]: row[2:] for row in engine.rows(standings_sql(book.snapshot(), DAY))}
    assert [(one.rule, one.enterprise, one.institution, one.amount, one.share) for one in found] == [
        ("P05", "a", "B2", Decimal(5), None),
        ("P06", "c", "B1", Decimal(79), Decimal("21.00")),
        ("P07", "b", "B1", Decimal(89), Decimal("11.00")),
    ]
    assert kept["a", "B1"] == (Decimal(100), Decimal(10), Decimal(0), Decimal(10))
    assert kept["a", "B2"][3] == 0
    assert kept["d", "B2"] == (Decimal(20), Decimal(0), Decimal(20), Decimal(0))
    assert {firm for firm, _ in kept} == {"a", "b", "c", "d"}
