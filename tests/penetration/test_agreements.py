"""Agreements limited to one enterprise, the register where votes say nothing, and beneficial owners."""

from __future__ import annotations

from decimal import Decimal

import pytest

from houfeng.penetration.control import Control, control
from houfeng.penetration.graph import Holdings
from houfeng.penetration.ownership.agreements import Agreements, known, with_registered
from houfeng.penetration.ownership.beneficial import BeneficialOwners, Why
from houfeng.penetration.ownership.history import Turn, controllers_of, month_ends, turns

PACT = {"协议": ["p", "q"]}
LIMITED = [
    ("p", "f", 30), ("qs", "f", 25), ("q", "qs", 80), ("r", "f", 45), ("f", "g", 60), ("p", "h", 30), ("q", "h", 30),
    ("r", "h", 40),
]  # fmt: skip


def tops(found: Control, *names: str) -> list[str | None]:
    return [found.ultimate(name) for name in names]


def test_an_agreement_about_one_enterprise_binds_no_other_votes() -> None:
    graph = Holdings.from_pairs(LIMITED)
    assert tops(control(graph, pacts=PACT), "f", "g", "h") == ["协议", "协议", "协议"]
    found = control(graph, pacts=PACT, only_in={"协议": "f"})
    assert tops(found, "f", "g", "h", "qs") == ["协议", "协议", None, "q"]
    steps = found.proof("g")
    assert [(step.enterprise, [hold.holder for hold in step.holds], step.total) for step in steps] == [
        ("qs", ["q"], 80), ("f", ["p", "qs"], 55), ("g", ["f"], 60),
    ]  # fmt: skip
    assert found.proof("f") == steps[:2]


def test_such_an_agreement_counts_only_where_no_party_controls_alone() -> None:
    alone = Holdings.from_pairs([("p", "f", 60), ("q", "f", 20), ("q", "g", 51)])
    assert tops(control(alone, pacts=PACT, only_in={"协议": "f"}), "f", "g") == ["p", "q"]
    few = Holdings.from_pairs([("p", "f", 30), ("q", "f", 20)])
    assert tops(control(few, pacts=PACT, only_in={"协议": "f"}), "f") == [None]
    one_of_the_other = Holdings.from_pairs([("p", "q", 90), ("q", "f", 30), ("p", "f", 15)])  # no votes twice
    assert tops(control(one_of_the_other, pacts=PACT, only_in={"协议": "f"}), "f") == [None]


def test_agreements_about_unknown_enterprises_are_left_out() -> None:
    agreed = known(Agreements({"a": ("p", "q"), "b": ("p", "q")}, {"a": "nowhere"}), Holdings.from_pairs(LIMITED))
    assert (dict(agreed.pacts), dict(agreed.only_in)) == ({"b": ("p", "q")}, {})


def test_the_register_counts_where_votes_say_nothing() -> None:
    graph = Holdings.from_pairs([("a", "f", 40), ("b", "f", 40), ("f", "g", 60), ("c", "h", 70)])
    first = control(graph)
    wider, said = with_registered(first, {"f": "a", "g": "z", "h": "z", "new": "z", "a": "a"})
    assert said == {"f": "a", "new": "z"}
    found = control(wider)
    assert tops(found, "f", "g", "h", "new") == ["a", "a", "c", "z"]
    assert wider.totals[wider.place("f")] == graph.totals[graph.place("f")]  # shares stay
    assert with_registered(first, {"h": "z"})[0] is graph


def beneficial(graph: Holdings, firm: str, **options: object) -> list[tuple[str, tuple[Why, ...], bool]]:
    found = BeneficialOwners(control(graph), **options).of(firm)  # type: ignore[arg-type]
    return [(one.person, one.why, one.certain) for one in found]


def test_beneficial_owners_by_shares_votes_and_control() -> None:
    people = dict.fromkeys("pqrs", "person")
    graph = Holdings.from_pairs(
        [("p", "hold", 60), ("q", "hold", 40), ("hold", "f", 51), ("r", "f", 25), ("s", "f", 24)], people
    )
    assert beneficial(graph, "f") == [
        ("p", (Why.SHARE, Why.VOTES, Why.CONTROL), True),  # 30.6 percent
        ("r", (Why.SHARE, Why.VOTES), True),  # exactly 25
    ]
    assert [one[0] for one in beneficial(graph, "f", line=Decimal(20))] == ["p", "r", "s", "q"]  # q has 20.4
    ruled = Holdings.from_pairs([("p", "a", 51), ("a", "b", 51), ("b", "f", 51), ("state", "f", 49)], people)
    assert beneficial(ruled, "f") == [("p", (Why.CONTROL,), True)]  # 13.3 percent of the shares
    wide = Holdings.from_pairs([(f"x{n}", "f", 10) for n in range(10)], {f"x{n}": "person" for n in range(10)})
    assert beneficial(wide, "f") == []
    assert beneficial(wide, "f", in_charge={"f": "boss"}) == [("boss", (Why.IN_CHARGE,), True)]


def test_a_range_makes_an_owner_that_may_be() -> None:
    graph = Holdings.from_pairs([("p", "f", None), ("q", "f", 70)], {"p": "person", "q": "person"})
    first, second = BeneficialOwners(control(graph)).of("f")
    assert (first.person, first.certain) == ("q", True)
    assert (second.person, second.certain, second.share) == ("p", False, 0)
    assert second.most == pytest.approx(0.3)


def test_parties_of_an_agreement_are_beneficial_owners_together() -> None:
    graph = Holdings.from_pairs([("p", "f", 20), ("q", "f", 20), ("r", "f", 15)], dict.fromkeys("pqr", "person"))
    owners = BeneficialOwners(control(graph, Decimal(35), pacts=PACT)).of("f")
    assert [(one.person, one.why) for one in owners] == [("p", (Why.CONTROL,)), ("q", (Why.CONTROL,))]


def test_months_and_turns() -> None:
    from datetime import date

    assert month_ends(date(2025, 11, 5), date(2026, 2, 1)) == (
        date(2025, 11, 30), date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 28),
    )  # fmt: skip
    before = controllers_of(control(Holdings.from_pairs(LIMITED), pacts=PACT, only_in={"协议": "f"}))
    assert before == {"f": "协议", "g": "协议", "qs": "q"}
    assert turns(before, {"f": "x", "qs": "q"}) == (Turn("f", "协议", "x"), Turn("g", "协议", None))
