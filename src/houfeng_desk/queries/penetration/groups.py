"""The groups of connected clients a firm belongs to: who, why (a tree of reasons), how much by bank, what changed.

Who belongs is what the book keeps by month; why is computed from the holdings above the members, and their income,
spending and guarantees, on the day looked at.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from houfeng.errors import Text
from houfeng.packs.roads.sql import literal
from houfeng.penetration.control import control
from houfeng.penetration.dependence import dependence
from houfeng.penetration.graph import Holdings
from houfeng.penetration.groups import Group, Link, control_links, groups, without
from houfeng.penetration.monthly.keeping import GROUP
from houfeng.penetration.ownership.agreements import agreements, known
from houfeng_desk.queries.penetration.above import graph_of, upwards
from houfeng_desk.queries.penetration.lent import NONE, Lent, lent
from houfeng_desk.queries.penetration.parties import Parties, Party, group_label
from houfeng_desk.queries.penetration.rows import Row, Within
from houfeng_desk.reader import Reader

SHOWN = 200
"""Members told; all of them are counted in the amounts."""
EXPLAINED = 400
"""Members up to which the tree of reasons is computed while the page waits."""
MONTHS = 6
REASONS = {
    "control": Text("控制", "control"),
    "agreement": Text("一致行动", "acting together"),
    "income": Text("收入依赖", "depends on it for income"),
    "spending": Text("支出依赖", "spends most with it"),
    "guarantee": Text("担保超过净资产", "guarantee above net assets"),
    "head": Text("牵头", "head"),
}


@dataclass(frozen=True)
class Member:
    """One member with what it owes."""

    party: Party
    role: Text
    owed: Decimal
    late: Decimal


@dataclass(frozen=True)
class Branch:
    """A line of the tree of reasons, `depth` steps below the head."""

    depth: int
    party: Party
    reason: Text | None
    text: Text | None


@dataclass(frozen=True)
class Change:
    """Who joined and who left between the month before and this one."""

    month: date
    joined: tuple[Party, ...]
    left: tuple[Party, ...]
    members: int


@dataclass(frozen=True)
class GroupTold:
    """One group. `more` members are not listed; `asked` is not enough to explain where the tree is empty."""

    id: str
    label: Text
    computed: bool
    head: Party | None
    count: int
    members: tuple[Member, ...]
    lent: Lent
    tree: tuple[Branch, ...]
    changes: tuple[Change, ...]

    @property
    def more(self) -> int:
        """Members that are not listed."""
        return self.count - len(self.members)


def groups_of(reader: Reader, firm_id: str, most: int | None = SHOWN) -> tuple[GroupTold, ...]:
    """The groups of a firm on the day looked at, those with most members first; of each so many members."""
    within = Within(reader)
    own = within.about("group_member", "enterprise_id", [firm_id])
    ids = sorted({row["group_id"] for row in own})
    if not ids:
        return ()
    rows = reader.rows(
        "SELECT group_id, enterprise_id, any_value(role) AS role FROM group_member"
        " WHERE group_id IN (SELECT unnest(?)) GROUP BY 1, 2 ORDER BY 1, 2",
        [ids],
    )
    named = reader.rows(
        "SELECT group_id, name, head_id, basis FROM connected_group WHERE group_id IN (SELECT unnest(?))", [ids]
    )
    heads = {row["group_id"]: row for row in named}
    found = [
        _told(reader, within, one, heads.get(one), [row for row in rows if row["group_id"] == one], firm_id, most)
        for one in ids
    ]
    return tuple(sorted(found, key=lambda one: (-one.count, one.id)))


def _told(
    reader: Reader, within: Within, group_id: str, named: Row | None, rows: Sequence[Row], firm_id: str,
    most: int | None,
) -> GroupTold:  # fmt: skip
    members = [row["enterprise_id"] for row in rows]
    roles = {row["enterprise_id"]: row["role"] or "" for row in rows}
    computed = group_id.startswith(GROUP)
    owed = lent(reader, within, members)
    members.sort(key=lambda one: (one != firm_id, -owed.firms.get(one, (NONE, NONE))[0], one))
    tree = _why(reader, within, members) if len(members) <= EXPLAINED else None
    moved = _moved(reader, group_id)
    links = tree.tree if tree else ()
    everybody = [*members, *(end for one in links for end in (one.parent, one.child))]
    head_id = str((named or {}).get("head_id") or "")
    parties = Parties(reader, [*everybody, head_id, *(who for _, one in moved for who in one)])
    head = parties.of(head_id) if head_id else None
    label = group_label(named, parties, GROUP) if named else Text("关联集团", "connected group")
    return GroupTold(
        group_id,
        label,
        computed,
        head,
        len(members),
        tuple(Member(parties.of(one), _role(roles[one]), *owed.firms.get(one, (NONE, NONE))) for one in members[:most]),
        owed,
        _branches(tree, parties) if tree else (),
        _changes(moved, parties),
    )


def _role(role: str) -> Text:
    return REASONS.get(role, Text(role, role)) if role else Text("—", "—")


def _why(reader: Reader, within: Within, members: Sequence[str]) -> Group | None:
    """The group that links of control and of dependence among the members make, with its tree."""
    rows, _ = upwards(reader, within, members)
    links = list[Link]()
    if rows:
        holdings = graph_of(rows)
        organs = {row["holder_id"] for row in rows if row["holder_kind"] == "state"}
        links += [*control_links(holdings, exempt=organs), *_agreed(reader, within, without(holdings, organs))]
    narrowed = Within(reader)
    for kind, fields in (
        ("account_flow", ["enterprise_id"]),
        ("loan_balance", ["borrower_id"]),
        ("guarantee", ["guarantor_id"]),
        ("financial_statement", ["enterprise_id"]),
    ):
        narrowed.narrow(kind, fields, members)
    links += dependence(narrowed, reader.as_of, engine=narrowed.engine)
    if not reader.viewer.scope.everything:
        seen = Parties(reader, {end for one in links for end in (one.parent, one.child)})
        links = [one for one in links if not (seen.of(one.parent).outside and seen.of(one.child).outside)]
    wanted = set(members)
    return max(groups(links), key=lambda one: (len(wanted & set(one.members)), one.head), default=None)


def _agreed(reader: Reader, within: Within, holdings: Holdings) -> list[Link]:
    """A link from each party of an agreement to act together to what they control by it."""
    agreed = known(agreements(within, reader.as_of, within.engine), holdings)
    if not agreed.pacts:
        return []
    held = control(holdings, pacts=agreed.pacts, only_in=agreed.only_in)
    found = []
    for place in np.flatnonzero(held.direct >= holdings.size).tolist():
        (child,) = holdings.names([place])
        for party in holdings.names(held.parties[int(held.direct[place]) - holdings.size]):
            text = Text(f"{party} 以一致行动控制 {child}", f"{party} controls {child} with others by an agreement")
            found += [Link("agreement", party, child, text)] if party != child else []
    return found


def _branches(group: Group, parties: Parties) -> tuple[Branch, ...]:
    """The tree from the head down, each link below whom it joins."""
    below: dict[str, list[tuple[str, Link]]] = {}
    reached = {group.head}
    for link in group.tree:
        near, far = (link.parent, link.child) if link.parent in reached else (link.child, link.parent)
        reached.add(far)
        below.setdefault(near, []).append((far, link))
    found = [Branch(0, parties.of(group.head), None, None)]
    stack = [(1, *one) for one in reversed(below.get(group.head, []))]
    while stack and len(found) < SHOWN:
        depth, who, link = stack.pop()
        text = None if link.reason == "control" else parties.told(link.text, link.parent, link.child)
        found.append(Branch(depth, parties.of(who), REASONS.get(link.reason, Text(link.reason, link.reason)), text))
        stack += [(depth + 1, *one) for one in reversed(below.get(who, []))]
    return tuple(found)


def _moved(reader: Reader, group_id: str) -> list[tuple[date, set[str]]]:
    """The members of the group at the last months for which the book has a list."""
    days = {one.period for one in reader.snapshot.submissions("group_member") if one.period is not None}
    known = sorted(day for day in days if day <= reader.as_of)[-MONTHS:]
    found = []
    within = Within(reader)
    for day in known:
        rows = within.rows(
            f"SELECT DISTINCT enterprise_id FROM ({within.select('group_member', as_of=day)})"
            f" WHERE group_id = {literal(group_id)}"
        )
        found.append((day, {row["enterprise_id"] for row in rows}))
    return found


def _changes(moved: Sequence[tuple[date, set[str]]], parties: Parties) -> tuple[Change, ...]:
    """Month against month, the newest first."""

    def told(names: set[str]) -> tuple[Party, ...]:
        return tuple(parties.of(one) for one in sorted(names))

    found = [
        Change(day, told(now - before), told(before - now), len(now))
        for (_, before), (day, now) in itertools.pairwise(moved)
    ]
    return tuple(reversed(found))


def labels(reader: Reader, rows: Sequence[Mapping[str, str | None]]) -> list[Text]:
    """What groups are called, for a list of them."""
    parties = Parties(reader, [str(row["head_id"] or "") for row in rows])
    return [group_label(row, parties, GROUP) for row in rows]
