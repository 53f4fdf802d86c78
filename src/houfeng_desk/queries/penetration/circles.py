"""The circles of guarantees a firm stands in: form, members, amounts between them, key nodes, exposure by bank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from houfeng.errors import Text
from houfeng_desk.queries.enterprise import words
from houfeng_desk.queries.enterprise.links import amount_of
from houfeng_desk.queries.penetration.around import Edge, Node
from houfeng_desk.queries.penetration.lent import NONE, Lent, lent
from houfeng_desk.queries.penetration.parties import Parties, Party
from houfeng_desk.queries.penetration.rows import Row, Within
from houfeng_desk.reader import Reader

SHOWN, DRAWN = 200, 40


@dataclass(frozen=True)
class Member:
    """One firm of a circle: what it guarantees inside and has guaranteed, and what that is of its net assets.

    `all_given` is what it guarantees for anybody. `ratio` is that in percent of net assets, nothing where they are not
    known or not above nought.
    """

    party: Party
    key: bool
    given: Decimal
    received: Decimal
    all_given: Decimal
    net_assets: Decimal | None
    owed: Decimal
    late: Decimal

    @property
    def ratio(self) -> Decimal | None:
        """Guaranteed out of net assets, in percent."""
        if self.net_assets is None or self.net_assets <= 0:
            return None
        return (100 * self.all_given / self.net_assets).quantize(Decimal("0.1"))


@dataclass(frozen=True)
class CircleTold:
    """One circle, as far as the viewer's scope has it."""

    id: str
    form: Text
    count: int
    members: tuple[Member, ...]
    amount: Decimal
    contracts: int
    lent: Lent
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @property
    def more(self) -> int:
        """Members that are not listed."""
        return self.count - len(self.members)


def circles_of(reader: Reader, firm_id: str, most: int | None = SHOWN) -> tuple[CircleTold, ...]:
    """The circles of a firm on the day looked at; of each so many members."""
    within = Within(reader)
    ids = sorted({row["circle_id"] for row in within.about("circle_member", "enterprise_id", [firm_id])})
    if not ids:
        return ()
    rows = reader.rows(
        "SELECT circle_id, enterprise_id, bool_or(is_key) AS is_key FROM circle_member"
        " WHERE circle_id IN (SELECT unnest(?)) GROUP BY 1, 2 ORDER BY 1, 2",
        [ids],
    )
    forms = {
        row["circle_id"]: row["form"]
        for row in reader.rows(
            "SELECT circle_id, form FROM guarantee_circle WHERE circle_id IN (SELECT unnest(?))", [ids]
        )
    }
    return tuple(
        _told(reader, within, one, forms.get(one), [row for row in rows if row["circle_id"] == one], most)
        for one in ids
    )


def _told(
    reader: Reader, within: Within, circle_id: str, form: str | None, rows: Sequence[Row], most: int | None
) -> CircleTold:
    members = [row["enterprise_id"] for row in rows]
    key = {row["enterprise_id"] for row in rows if row["is_key"]}
    owed = lent(reader, within, members)
    given = within.about("guarantee", "guarantor_id", members, where="guarantor_id <> borrower_id")
    inside = [row for row in given if row["borrower_id"] in set(members)]
    worth = {
        row["enterprise_id"]: row["net_assets"]
        for row in within.about("financial_statement", "enterprise_id", members, where="net_assets IS NOT NULL")
    }
    parties = Parties(reader, members)
    out, back = _sums(inside, "guarantor_id"), _sums(inside, "borrower_id")
    whole = _sums(given, "guarantor_id")
    told = [
        Member(
            parties.of(one), one in key, out.get(one, NONE), back.get(one, NONE), whole.get(one, NONE), worth.get(one),
            *owed.firms.get(one, (NONE, NONE)),
        )
        for one in members
    ]  # fmt: skip
    told.sort(key=lambda one: (not one.key, -one.given - one.received, one.party.id))
    drawn = [one.party for one in told[:DRAWN]]
    return CircleTold(
        circle_id,
        words.label("guarantee_circle", "form", form),
        len(members),
        tuple(told[:most]),
        sum((amount_of(row) or NONE for row in inside), NONE),
        len(inside),
        owed,
        tuple(Node(one.key, one, "enterprise", one.id) for one in drawn),
        _edges(inside, {one.id: one for one in drawn}),
    )


def _sums(rows: Sequence[Row], field: str) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for row in rows:
        found[row[field]] = found.get(row[field], NONE) + (amount_of(row) or NONE)
    return found


def _edges(rows: Sequence[Row], drawn: dict[str, Party]) -> tuple[Edge, ...]:
    """One link for each pair that is drawn."""
    pairs: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row["guarantor_id"] in drawn and row["borrower_id"] in drawn:
            pairs.setdefault((row["guarantor_id"], row["borrower_id"]), []).append(row)
    return tuple(
        Edge(
            *ends,
            "guarantee",
            amount=sum((amount_of(row) or NONE for row in held), NONE),
            contracts=len(held),
            valid_from=min((row["valid_from"] for row in held if row["valid_from"]), default=None),
        )
        for ends, held in sorted(pairs.items())
    )
