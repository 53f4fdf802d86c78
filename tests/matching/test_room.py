"""What a bank may still lend: to one client, to its group, under a joint limit. All by hand, on a book."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from houfeng.engine.duckdb import Engine
from houfeng.errors import Text
from houfeng.instruments.eligibility import Answer
from houfeng.matching.recommend import Bounds, Need, Quote, Rooms, recommend, rooms
from penetration.monthly.market import DAY, loan, made

D = Decimal
BANKS = [
    {"institution_id": "B1", "name": "一行", "net_capital": 1000, "tier1_capital": 800},
    {"institution_id": "B2", "name": "二行"},
    {"institution_id": "B3", "name": "三行", "net_capital": 2000, "tier1_capital": 500},
]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Rooms:
    """a and b stand in the group R; a owes 60 and b 70 at B1, c 5; R has a joint limit of 200, d one of its own."""
    rows = {
        "institution": BANKS,
        "loan_balance": [loan("B1", "a", 60), loan("B1", "b", 40), loan("B1", "b", 30, 2), loan("B1", "c", 5),
                         loan("B2", "a", 40), loan("B2", "d", 30), loan("B3", "z", 499)],
        "connected_group": [{"group_id": "R", "name": "甲集团"}],
        "group_member": [{"group_id": "R", "enterprise_id": name} for name in ("a", "b")],
        "joint_credit": [{"agreement_no": "1", "group_id": "R", "limit_total": 200},
                         {"agreement_no": "2", "enterprise_id": "d", "limit_total": 50}],
    }  # fmt: skip
    folder: Path = tmp_path_factory.mktemp("room")
    with Engine() as engine:
        return rooms(made(folder, rows).snapshot(), engine, DAY, {"B1", "B2", "B3"}, {"a", "c", "d"})


@pytest.mark.parametrize(
    ("bank", "firm", "amount", "bases"),
    [
        ("B1", "a", "30", []),  # of the group 160 may be lent and 130 is: 30 more, and 40 of a's own 100
        ("B1", "a", "30.01", ["group", "joint"]),  # the joint limit has 200 − 170 = 30 left too
        ("B1", "a", "40", ["group", "joint"]),
        ("B1", "a", "40.01", ["loans", "group", "joint"]),  # 10 % of 1000 is 100, of which a has 60
        ("B1", "a", "60.01", ["loans", "single", "group", "joint"]),  # 15 % of 800 is 120
        ("B1", "c", "95", []),
        ("B1", "c", "95.01", ["loans"]),
        ("B1", "d", "20", []),  # d owes 30 to another bank, of a joint limit of 50
        ("B1", "d", "20.01", ["joint"]),
        ("B2", "c", "999999", []),  # the book holds no capital of B2
        ("B3", "c", "75", []),  # 15 % of 500; what z owes is nothing to c
        ("B3", "c", "75.01", ["single"]),
    ],
)
def test_what_is_left(known: Rooms, bank: str, firm: str, amount: str, bases: list[str]) -> None:
    over = [bound.key.basis for bound in known.bounds(bank, firm) if bound.lent + D(amount) > bound.limit]
    assert over == bases
    assert len(known.against(bank, firm, D(amount))) == len(bases)


def test_it_says_how_much_is_left(known: Rooms) -> None:
    told = known.against("B1", "a", D("30.01"))
    assert told[0] == Text(
        "超过该行对一组关联客户的风险暴露上限（占一级资本净额）（20%）："
        "“甲集团”在该行已有贷款 130.00 元，还可放 30.00 元",
        "above what this bank may lend (exposure to one group, of net tier-1 capital, 20 %): “甲集团” owes it 130.00, "
        "30.00 left",
    )
    assert "额度 200.00 元，各行已融资 170.00 元，还可放 30.00 元" in told[1].zh


def test_an_offer_above_a_limit_is_refused_with_the_reason(known: Rooms) -> None:
    quotes = [Quote(bank, Text(bank, bank), bank, Answer.YES, (), D("3.5")) for bank in ("B1", "B2")]
    need = Need("N", "c", D(100), 12)
    offers = recommend(need, quotes, bounds=Bounds(rooms=known))
    assert [(offer.product, offer.answer) for offer in offers] == [("B2", Answer.YES), ("B1", Answer.NO)]
    assert "95.00 left" in offers[1].reasons[0].en
    assert offers[1].cost is None


def test_a_need_sent_to_several_banks_counts_once_under_a_joint_limit(known: Rooms) -> None:
    taken: dict = {}  # type: ignore[type-arg]
    for bank in ("B1", "B2", "B3"):
        known.take(taken, bank, "d", "N1", D(15))
    assert known.against("B2", "d", D(5), taken, "N2") == []
    assert len(known.against("B2", "d", D("5.01"), taken, "N2")) == 1
    assert known.against("B2", "d", D(20), taken, "N1") == []  # a need is not counted against itself
