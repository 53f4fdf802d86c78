"""Everybody above a firm: its ultimate controller with the proof, and who owns it in the end, with bounds.

Read step by step upwards, firms of the viewer's scope only; what stands above a firm outside the scope is not looked
at, so for a scoped viewer the way may end at somebody without a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from houfeng.errors import InputError, Text
from houfeng.penetration.actual import How, actual
from houfeng.penetration.bounds import Missing, Uncertain
from houfeng.penetration.control import HALF, Control, control
from houfeng.penetration.graph import Holdings
from houfeng.penetration.integrated import Penetration
from houfeng.penetration.ownership.agreements import agreements, known
from houfeng_desk.queries.penetration.parties import Parties, Party, firms_in_scope
from houfeng_desk.queries.penetration.rows import Row, Within, column
from houfeng_desk.reader import Reader

MOST, STEPS, SHOWN = 3000, 30, 40
"""Firms looked at above one, steps taken, and owners told."""
QUARTER = 0.25
"""The share from which a person is a beneficial owner (受益所有人信息管理办法, a parameter there)."""
FIELDS = ("holder_id", "enterprise_id", "holder_kind", "share", "share_min", "share_max", "votes")


@dataclass(frozen=True)
class Held:
    """One enterprise of a proof, with the stakes that carry it (holder, percent of the votes) and their sum."""

    enterprise: Party
    holds: tuple[tuple[Party, Decimal], ...]
    total: Decimal


@dataclass(frozen=True)
class Owner:
    """Somebody above: parts of one. `least` and `most` differ where a stake is known as a range only."""

    party: Party
    share: float
    direct: float
    least: float
    most: float
    ultimate: bool
    beneficial: bool
    controller: bool


@dataclass(frozen=True)
class Above:
    """What the holdings say of who stands above a firm."""

    controllers: tuple[Party, ...] = ()
    how: Text | None = None
    proof: tuple[Held, ...] = ()
    owners: tuple[Owner, ...] = ()
    more: int = 0
    unknown: float = 0.0
    over: bool = False
    clear_first: tuple[Party, Party, Missing] | None = None
    registered: Party | None = None
    trouble: Text | None = None
    whole: bool = True
    kinds: Mapping[str, str] = field(default_factory=dict)

    @property
    def steps(self) -> frozenset[tuple[str, str]]:
        """(holder, enterprise) of the proof, by the keys of a graph."""
        return frozenset((who.key, one.enterprise.key) for one in self.proof for who, _ in one.holds if who.key)


def above(reader: Reader, firm_id: str, registered: str | None = None, most: int | None = SHOWN) -> Above:
    """Who stands above the firm, so many owners; `registered` is the controller that the register names."""
    within = Within(reader)
    rows, whole = upwards(reader, within, [firm_id])
    kinds = {row["holder_id"]: row["holder_kind"] or "" for row in rows}
    people = {name for name, kind in kinds.items() if kind == "person"}
    everybody = {*column(rows, "holder_id"), *column(rows, "enterprise_id")}
    parties = Parties(reader, [*everybody, registered or ""], people)
    said = parties.of(registered) if registered else None
    if not rows:
        return Above(registered=said, whole=whole)
    holdings = graph_of(rows)
    agreed = known(agreements(within, reader.as_of, within.engine), holdings)
    held = control(holdings, HALF, pacts=agreed.pacts, only_in=agreed.only_in)

    def party(name: str) -> Party:
        return parties.of(name, kinds.get(name, "enterprise"))

    names, how = _controllers(held, firm_id)
    proof = tuple(
        Held(party(step.enterprise), tuple((party(one.holder), one.votes) for one in step.holds), step.total)
        for step in held.proof(firm_id)
    )
    try:
        owners, unknown, over, missing = _owners(holdings, firm_id, names, party)
    except InputError as fault:  # a ring that owns itself wholly
        text = fault.problems[0].message if fault.problems else fault.message
        return Above(
            tuple(party(name) for name in names), how, proof, registered=said, whole=whole, kinds=kinds,
            trouble=parties.told(text, *everybody),
        )  # fmt: skip
    first = (party(missing.holder), party(missing.enterprise), missing) if missing else None
    return Above(
        tuple(party(name) for name in names), how, proof, tuple(owners[:most]), len(owners[most:]) if most else 0,
        unknown, over, first, said, None, whole, kinds,
    )  # fmt: skip


def upwards(reader: Reader, within: Within, firms: Iterable[str]) -> tuple[list[Row], bool]:
    """The holdings in `firms` and in all that stand above them, and whether that is all of them."""
    seen, found = set(firms), list[Row]()
    frontier, whole = sorted(seen), True
    for _ in range(STEPS):
        rows = within.about("holding", "enterprise_id", frontier)
        found += rows
        holders = {row["holder_id"] for row in rows if row["holder_kind"] != "person" and row["holder_id"]} - seen
        frontier = sorted(holders if reader.viewer.scope.everything else firms_in_scope(reader, holders))
        seen |= holders
        if not frontier:
            return found, whole
        if len(seen) > MOST:
            break
    return found, False


def graph_of(rows: Sequence[Mapping[str, Any]]) -> Holdings:
    """The graph of some rows of `holding`."""
    columns = {
        name: pa.array([None if row[name] is None else str(row[name]) for row in rows], pa.string()) for name in FIELDS
    }
    return Holdings.of(pa.table(columns))


def _controllers(held: Control, firm_id: str) -> tuple[list[str], Text | None]:
    """Who controls the firm in the end, several where they act together, and by what."""
    graph = held.holdings
    place = graph.place(firm_id)
    top, how = int(held.top[place]), Text("表决权过半", "more than half of the votes")
    if top == place:
        found = actual(held)
        top = int(found.top[place])
        if top == place:
            return [], None
        if found.how[place] == How.LARGEST:
            votes = Decimal(int(found.votes[place])) * 100 / 10_000_000
            how = Text(
                f"表决权最多（{votes.normalize():f}%）且超过 30%",
                f"the most votes ({votes.normalize():f}%), and more than 30 %",
            )
    if top >= graph.size:
        return graph.names(held.parties[top - graph.size]), Text("一致行动", "an agreement to act together")
    return graph.names(np.array([top])), how


def _owners(
    holdings: Holdings, firm_id: str, controllers: Sequence[str], party: Any
) -> tuple[list[Owner], float, bool, Missing | None]:
    """Owners by share; those outside the scope are one."""
    found = Penetration(holdings).of(firm_id)
    uncertain = Uncertain(holdings)
    missing = uncertain.missing(firm_id)
    asked = [one.holder for one in found.owners]
    bounds = {one.holder: one for one in uncertain.of(firm_id, asked)} if missing and len(asked) <= MOST // 10 else {}
    owners, out = [], [0.0, 0.0, 0.0, 0.0]
    for one in found.owners:
        who: Party = party(one.holder)
        low = bounds[one.holder].least if one.holder in bounds else one.share
        high = bounds[one.holder].most if one.holder in bounds else one.share
        if who.outside:
            if one.ultimate:
                out = [a + b for a, b in zip(out, (one.share, one.direct, low, high), strict=True)]
            continue
        person = one.kind == "person"
        enough = person and (one.share >= QUARTER or one.holder in controllers)
        ruled = one.holder in controllers
        owners.append(Owner(who, one.share, one.direct, low, high, one.ultimate, enough, ruled))
    if out[3]:
        hidden = Party("", "", "", False, False, outside=True)
        owners.append(Owner(hidden, out[0], out[1], out[2], min(1.0, out[3]), True, False, False))
    owners.sort(key=lambda one: (-one.share, -one.most))
    return owners, found.unknown, found.over, missing[0] if missing else None
