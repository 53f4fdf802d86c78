"""Actual controllers, kinds of owners, and findings."""

from __future__ import annotations

from decimal import Decimal

from houfeng.penetration.actual import Actual, How, Nature, actual
from houfeng.penetration.control import control
from houfeng.penetration.findings import findings
from houfeng.penetration.graph import Holdings

LISTED = [
    ("p", "hold", 80), ("q", "hold", 20), ("hold", "listed", 25), ("p", "listed", 6), ("fund", "listed", 20),
    ("listed", "sub", 100), ("state", "soe", 100), ("soe", "half", 50), ("abroad", "half", 50),
]  # fmt: skip
KINDS = {"p": "person", "q": "person", "fund": "fund", "state": "state", "abroad": "foreign"}


def over(found: Actual, name: str) -> str:
    """Who stands at the end of the way of `name`."""
    graph = found.control.holdings
    return graph.names([found.top[graph.place(name)]])[0]


def test_the_largest_above_thirty_percent_counted_together() -> None:
    graph = Holdings.from_pairs(LISTED, KINDS)
    found = actual(control(graph))
    assert over(found, "listed") == "p"  # 25 through hold and 6 directly: 31 percent, the fund has 20
    assert found.how[graph.place("listed")] == How.LARGEST
    assert found.votes[graph.place("listed")] == 3_100_000
    assert over(found, "sub") == "p"
    assert over(found, "half") == "half"  # two have the same: nobody is the largest


def test_exactly_thirty_percent_is_a_parameter() -> None:
    graph = Holdings.from_pairs([("a", "f", 30), ("b", "f", 20)])
    assert over(actual(control(graph)), "f") == "f"
    assert over(actual(control(graph), inclusive=True), "f") == "a"
    assert over(actual(control(graph), Decimal(25)), "f") == "a"


def test_largest_holders_of_each_other_end_in_a_ring() -> None:
    graph = Holdings.from_pairs([("a", "b", 40), ("b", "a", 40), ("b", "c", 35)])
    found = actual(control(graph))
    assert [over(found, name) for name in "abc"] == ["a", "a", "a"]


def test_parties_that_act_together_are_one() -> None:
    graph = Holdings.from_pairs([("a", "f", 20), ("b", "f", 15), ("c", "f", 33)], {"a": "person", "b": "person"})
    found = actual(control(graph, pacts={"协议": ["a", "b"]}))
    assert found.top[graph.place("f")] == graph.size
    assert found.natures({})[graph.place("f")] == Nature.PRIVATE


def test_the_kind_of_owner_at_the_end() -> None:
    graph = Holdings.from_pairs([*LISTED, ("village", "shop", 90)], KINDS)
    kinds = actual(control(graph)).natures({"village": "A0202"})
    assert {name: Nature(kinds[graph.place(name)]) for name in ("sub", "soe", "shop", "fund")} == {
        "sub": Nature.PRIVATE,
        "soe": Nature.STATE,
        "shop": Nature.COLLECTIVE,
        "fund": Nature.UNKNOWN,
    }


def test_findings() -> None:
    stakes = [*LISTED, ("x", "sub", 10), ("r1", "r2", 60), ("r2", "r1", 60)]
    found = findings(
        actual(control(Holdings.from_pairs(stakes, KINDS))), {"sub": "q", "listed": "hold", "soe": "state"}
    )
    assert [(one.code, one.enterprise, one.others) for one in found] == [
        ("controller_not_ultimate", "listed", ("hold", "p")),
        ("other_controller", "sub", ("q", "p")),
        ("holders_above_whole", "sub", ()),
        ("control_ring", "r1", ()),
    ]
    assert "110.000%" in found[2].message.en
