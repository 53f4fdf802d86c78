"""Control against a published example and a plain restatement of its definition."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import NotFoundError, UsageError
from houfeng.penetration.control import Control, control, controlled_by
from houfeng.penetration.graph import Holdings

# The company-control example of the Vadalog/Prometheux documentation: 14 edges, 51 pairs (acceptance.md).
PUBLISHED = [
    ("1", "2", 90), ("2", "3", 100), ("3", "2", 10), ("3", "4", 90), ("4", "5", 100), ("5", "1", 10), ("1", "6", 90),
    ("6", "5", 100), ("5", "10", 90), ("10", "20", 100), ("20", "1", 50), ("1", "10", 90), ("19", "5", 100),
    ("10", "19", 50),
]  # fmt: skip
RING = {"1": 60, "2": 100, "3": 100, "4": 90, "5": 200, "6": 90, "10": 180, "20": 100}

Stakes = list[tuple[str, str, Decimal]]


@pytest.mark.parametrize("holder", ["1", "2", "3", "4", "5", "6"])
def test_the_published_example_within_the_ring(holder: str) -> None:
    assert controlled_by(Holdings.from_pairs(PUBLISHED), holder) == {k: v for k, v in RING.items() if k != holder}


def test_the_published_example_outside_the_ring() -> None:
    holdings = Holdings.from_pairs(PUBLISHED)
    assert controlled_by(holdings, "10") == {"20": 100}
    assert controlled_by(holdings, "19") == RING | {"5": 300}
    assert controlled_by(holdings, "20") == {}
    found = control(holdings)
    assert {name: found.ultimate(name) for name in RING} == dict.fromkeys(RING, "19")
    assert sorted(holdings.names((holdings.totals > 10_000_000).nonzero()[0])) == ["10", "5"]  # more than 100 % is held


def test_exactly_half_is_not_control_and_a_line_can_be_lower() -> None:
    holdings = Holdings.from_pairs([("a", "b", 50), ("c", "b", 50)])
    assert controlled_by(holdings, "a") == {}
    assert controlled_by(holdings, "a", Decimal("49.99999")) == {"b": 50}
    assert control(holdings, Decimal(40)).several[holdings.place("b")]  # two have more than 40 percent
    with pytest.raises(UsageError, match="between 0 and 100"):
        control(holdings, Decimal(101))
    with pytest.raises(NotFoundError, match="nobody"):
        controlled_by(holdings, "nobody")


def test_a_stake_of_a_firm_in_itself_does_not_count() -> None:
    holdings = Holdings.from_pairs([("a", "b", 40), ("b", "b", 20), ("c", "b", 40)])
    assert control(holdings).ultimate("b") is None


def test_parties_that_act_together_control_what_none_does_alone() -> None:
    holdings = Holdings.from_pairs([("p", "f", 30), ("q", "f", 30), ("r", "f", 40), ("f", "g", 60), ("p", "h", 80)])
    found = control(holdings, pacts={"一致行动协议1": ["p", "q", "not there"]})
    assert [found.ultimate(name) for name in "fgh"] == ["一致行动协议1", "一致行动协议1", "p"]
    first, second = found.proof("g")
    assert ([(hold.holder, hold.votes) for hold in first.holds], first.total) == ([("p", 30), ("q", 30)], 60)
    assert (second.enterprise, second.holds[0].holder) == ("g", "f")


def test_a_ring_of_majorities_is_named() -> None:
    holdings = Holdings.from_pairs([("a", "b", 60), ("b", "a", 60), ("b", "c", 70), ("x", "a", 40)])
    found = control(holdings)
    assert found.ultimate("b") == "a"
    assert found.ultimate("c") == "a"
    assert found.ultimate("a") is None
    assert found.loops.tolist() == [name == "a" for name in holdings.ids.to_pylist()]


def test_a_range_gives_what_is_certain_and_what_may_be() -> None:
    holdings = Holdings.from_pairs([("a", "b", None), ("c", "b", 40), ("b", "d", 100)])
    assert control(holdings).ultimate("d") == "b"
    assert control(holdings, certain=False).ultimate("d") == "a"  # up to 60 percent may be a's


FIRMS = [f"f{n}" for n in range(7)]


@st.composite
def stakes(draw: st.DrawFn) -> Stakes:
    """Holdings of up to seven firms and three persons, at most the whole of each."""
    found: Stakes = []
    for firm in FIRMS:
        left = 100
        for holder in draw(st.lists(st.sampled_from([*FIRMS, "p", "q", "r"]), unique=True, max_size=4)):
            share = draw(st.integers(0, left))
            left -= share
            if share:
                found.append((holder, firm, Decimal(share)))
    return found or [("p", "f0", Decimal(100))]


def plain(given_: Stakes, holder: str, line: Decimal = Decimal(50)) -> set[str]:
    """The definition, as it is written: add firms until nothing more joins."""
    found: set[str] = set()
    while True:
        held: dict[str, Decimal] = {}
        for who, firm, share in given_:
            if who != firm and (who == holder or who in found):
                held[firm] = held.get(firm, Decimal(0)) + share
        more = {firm for firm, total in held.items() if total > line} - found - {holder}
        if not more:
            return found
        found |= more


@settings(deadline=None)
@given(stakes(), st.sampled_from([50, 33]))
def test_as_the_definition_says(given_: Stakes, line: int) -> None:
    holdings = Holdings.from_pairs(given_)
    for name in holdings.ids.to_pylist():
        assert set(controlled_by(holdings, name, Decimal(line))) == plain(given_, name, Decimal(line))


@settings(deadline=None)
@given(stakes())
def test_the_ultimate_controller_controls_and_is_not_controlled(given_: Stakes) -> None:
    holdings = Holdings.from_pairs(given_)
    found = control(holdings)
    names = holdings.ids.to_pylist()
    sets = {name: plain(given_, name) for name in names}
    for name in names:
        top = found.ultimate(name)
        above = {other for other in names if name in sets[other]}
        if top is None:
            # nobody does, or it stands for a ring whose members all control each other
            assert not above or (_loop(found, name) and all(other in sets[name] for other in above))
            continue
        assert name in sets[top]
        assert all(other == top or other in sets[top] for other in above)
        _check_proof(found, given_, name, top)


def _loop(found: Control, name: str) -> bool:
    return bool(found.loops[found.holdings.place(name)])


def _check_proof(found: Control, given_: Stakes, name: str, top: str) -> None:
    """Each step rests on what stands before it and exceeds the line."""
    share = {(who, firm): part for who, firm, part in given_}
    known = {top}
    for step in found.proof(name):
        assert {hold.holder for hold in step.holds} <= known
        assert sum(share[hold.holder, step.enterprise] for hold in step.holds) == step.total > 50
        known.add(step.enterprise)
    assert name in known


@settings(deadline=None)
@given(stakes(), st.integers(0, 40), st.integers(1, 30))
def test_control_is_monotone_in_shares(given_: Stakes, which: int, more: int) -> None:
    who, firm, share = given_[which % len(given_)]
    raised = [*given_[: which % len(given_)], (who, firm, share + more), *given_[which % len(given_) + 1 :]]
    before, after = controlled_by(Holdings.from_pairs(given_), who), controlled_by(Holdings.from_pairs(raised), who)
    assert set(before) <= set(after)
