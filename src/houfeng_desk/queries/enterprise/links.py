"""Who owns a firm, what it owns, who guarantees whom: plain tables. Rows come from `holding` and `guarantee`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from houfeng.errors import Text
from houfeng.packs.roads.sql import literal
from houfeng_desk.queries.enterprise import words
from houfeng_desk.queries.enterprise.firm import Firm, Row
from houfeng_desk.queries.enterprise.identity import Source, Sources, person_names
from houfeng_desk.queries.enterprise.lending import bank_names
from houfeng_desk.queries.penetration.parties import Parties, Party
from houfeng_desk.reader import Reader

MOST = 300
"""Rows of one table; the API gives all of them."""


@dataclass(frozen=True)
class Holding:
    """One stake, with its share or the bounds of it, votes, and the part that is pledged."""

    party: Party
    kind: Text
    row: Row
    source: Source

    @property
    def share(self) -> str:
        """The share in percent; a range where only its bounds are known."""
        return share_of(self.row)


@dataclass(frozen=True)
class Guaranteed:
    """One guarantee contract seen from the firm."""

    party: Party
    kind: Text
    bank: str
    row: Row
    source: Source
    own: bool
    """Whether the firm secures its own loan, by pledge or mortgage."""


@dataclass(frozen=True)
class Links:
    """Everything a firm is tied to."""

    holders: tuple[Holding, ...]
    held: tuple[Holding, ...]
    guarantors: tuple[Guaranteed, ...]
    guaranteed: tuple[Guaranteed, ...]
    collateral: tuple[Row, ...]


def share_of(row: Row) -> str:
    """A share in percent; a range where only its bounds are known."""
    if row["share"] is not None:
        return f"{row['share'].normalize():f}%"
    low, high = row["share_min"], row["share_max"]
    if low is None and high is None:
        return "—"
    return f"{low.normalize():f}%–{high.normalize():f}%" if low and high else f"≥{low:f}%" if low else f"≤{high:f}%"


def amount_of(row: Row) -> Decimal | None:
    """What a guarantee comes to in yuan."""
    found: Decimal | None = row["amount_cny"] if row["amount_cny"] is not None else row["amount"]
    return found


def named(reader: Reader, identifiers: list[str]) -> str:
    """The name of the first of these, as far as the viewer's scope has it."""
    return next(iter(person_names(reader, identifiers).values()), "")


def links(reader: Reader, firm: Firm) -> Links:
    """All stakes and guarantees of the firm that are valid on the day looked at."""
    day, own = reader.as_of, literal(firm.id)
    above = firm.of("holding", as_of=day, where=f"enterprise_id = {own}", order="share DESC NULLS LAST, holder_id")
    below = firm.of("holding", as_of=day, where=f"holder_id = {own}", order="share DESC NULLS LAST, enterprise_id")
    by_size = "coalesce(amount_cny, amount) DESC NULLS LAST, guarantee_no"
    backed = firm.of("guarantee", as_of=day, where=f"borrower_id = {own}", order=by_size)
    backing = firm.of(
        "guarantee", as_of=day, where=f"guarantor_id = {own} AND borrower_id IS DISTINCT FROM {own}", order=by_size
    )
    others = [r["holder_id"] for r in above] + [r["enterprise_id"] for r in below]
    others += [r["guarantor_id"] for r in backed] + [r["borrower_id"] for r in backing if r["borrower_id"]]
    people = [r["holder_id"] for r in above if r["holder_kind"] == "person"]
    parties, sources, banks = Parties(reader, others, people), Sources(reader), bank_names(reader)

    def stake(row: Row, field: str) -> Holding:
        kind = words.label("holding", "holder_kind", row["holder_kind"])
        is_holder = field == "holder_id"
        party = parties.of(row[field], (row["holder_kind"] or "") if is_holder else "enterprise")
        return Holding(party, kind, _told(row, field, party), sources.of("holding", row))

    def contract(row: Row, field: str) -> Guaranteed:
        party = parties.of(row[field] or "")
        return Guaranteed(
            party,
            words.label("guarantee", "guarantee_type", row["guarantee_type"]),
            banks.get(str(row["institution_id"]), str(row["institution_id"])),
            _told(row, field, party),
            sources.of("guarantee", row),
            row["guarantor_id"] == row["borrower_id"],
        )

    return Links(
        tuple(stake(row, "holder_id") for row in above),
        tuple(stake(row, "enterprise_id") for row in below),
        tuple(contract(row, "guarantor_id") for row in backed),
        tuple(contract(row, "borrower_id") for row in backing),
        tuple(_collateral(firm, banks, reader)),
    )


def _told(row: Row, field: str, party: Party) -> Row:
    """The row with the other end named as the party may be."""
    return row | {field: party.id or party.shown_id or None}


def _collateral(firm: Firm, banks: dict[str, str], reader: Reader) -> list[Row]:
    rows: list[dict[str, Any]] = firm.of("collateral", as_of=reader.as_of, order="appraised_value DESC NULLS LAST")
    return [
        row
        | {
            "bank": banks.get(row["institution_id"], row["institution_id"]),
            "state_label": words.label("collateral", "state", row["state"]),
        }
        for row in rows
    ]
