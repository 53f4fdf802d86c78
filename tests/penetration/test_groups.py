"""Groups of connected clients: links, trees of reasons, exempt holders, change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import Text
from houfeng.penetration.graph import Holdings
from houfeng.penetration.groups import Group, Link, changes, control_links, groups


def link(parent: str, child: str, reason: str = "income") -> Link:
    return Link(reason, parent, child, Text("", ""))


def test_control_and_dependence_chain() -> None:
    holdings = Holdings.from_pairs([("p", "a", 60), ("a", "b", 70), ("q", "c", 90)])
    links = [*control_links(holdings), link("b", "c"), link("c", "d", "guarantee")]
    (found,) = groups(links)
    assert found.members == ("a", "b", "c", "d", "p", "q")
    assert found.head == "p"
    assert [(one.reason, one.parent, one.child) for one in found.tree] == [
        ("control", "p", "a"),
        ("control", "p", "b"),
        ("income", "b", "c"),
        ("control", "q", "c"),
        ("guarantee", "c", "d"),
    ]
    assert groups(links, clients={"a", "b", "d"})[0].members == ("a", "b", "d")


def test_a_state_organ_does_not_fuse_the_province() -> None:
    stakes = [("sasac", f"soe{n}", 100) for n in range(5)] + [(f"soe{n}", f"sub{n}", 80) for n in range(5)]
    holdings = Holdings.from_pairs([*stakes, *(("fund", f"sub{n}", 4) for n in range(5))])
    assert len(groups(control_links(holdings))) == 1
    found = groups(control_links(holdings, exempt={"sasac"}))
    assert [(one.head, one.members) for one in found] == [(f"soe{n}", (f"soe{n}", f"sub{n}")) for n in range(5)]


def test_what_changed() -> None:
    def group(head: str, *members: str) -> Group:
        return Group(head, (head, *members), ())

    found = changes([group("a", "b", "c"), group("x", "y")], [group("b", "c", "d"), group("m", "n")])
    assert [(one.head, one.before, one.joined, one.left) for one in found] == [
        ("b", "a", ("d",), ("a",)),
        ("m", "", ("m", "n"), ()),
        ("", "x", (), ("x", "y")),
    ]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_every_group_is_joined_by_its_tree_and_to_nobody_else(pairs: list[tuple[int, int]]) -> None:
    links = [link(str(a), str(b)) for a, b in pairs if a != b]
    found = groups(links)
    of = {name: one.head for one in found for name in one.members}
    assert all(of[one.parent] == of[one.child] for one in links)
    for one in found:
        assert len(one.tree) == len(one.members) - 1
        reached = {one.head}
        for step in one.tree:
            assert (step.parent in reached) != (step.child in reached)
            reached |= {step.parent, step.child}
        assert reached == set(one.members)
