"""Who owns a firm, what it owns, who guarantees whom: plain tables. Rows come from `holding` and `guarantee`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from houfeng.errors import Text
from houfeng.packs.roads.sql import literal
from houfeng_desk.queries.enterprise import words
from houfeng_desk.queries.enterprise.firm import Firm, Row
from houfeng_desk.queries.enterprise.identity import Source, Sources, person_names
from houfeng_desk.queries.enterprise.lending import bank_names
from houfeng_desk.reader import Reader


@dataclass(frozen=True)
class Party:
    """The other side of a link: a firm that can be opened, or a person whose name may be masked."""

    id: str
    shown_id: str
    name: str
    person: bool
    known: bool
    """Whether the viewer's scope has a page for it."""


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
        if self.row["share"] is not None:
            return f"{self.row['share'].normalize():f}%"
        low, high = self.row["share_min"], self.row["share_max"]
        if low is None and high is None:
            return "—"
        return f"{low.normalize():f}%–{high.normalize():f}%" if low and high else f"≥{low:f}%" if low else f"≤{high:f}%"


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


class _Parties:
    def __init__(self, reader: Reader, identifiers: list[str]) -> None:
        self.shown = words.sees_persons(reader.viewer)
        self.names = person_names(reader, identifiers)
        found = reader.rows(
            "SELECT enterprise_id FROM enterprise WHERE enterprise_id IN (SELECT unnest(?))", [sorted(set(identifiers))]
        )
        self.firms = {row["enterprise_id"] for row in found}

    def of(self, identifier: str, *, person: bool = False) -> Party:
        """A party by identifier."""
        person = person or (identifier not in self.firms and words.is_person(identifier))
        name = self.names.get(identifier, "")
        return Party(
            identifier,
            words.masked_id(identifier, shown=self.shown) if person else identifier,
            words.masked_name(name, shown=self.shown) if person else name,
            person,
            identifier in self.firms,
        )


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
    parties, sources, banks = _Parties(reader, others), Sources(reader), bank_names(reader)

    def stake(row: Row, field: str) -> Holding:
        person = field == "holder_id" and row["holder_kind"] == "person"
        kind = words.label("holding", "holder_kind", row["holder_kind"])
        return Holding(parties.of(row[field], person=person), kind, row, sources.of("holding", row))

    def contract(row: Row, field: str) -> Guaranteed:
        return Guaranteed(
            parties.of(row[field] or ""),
            words.label("guarantee", "guarantee_type", row["guarantee_type"]),
            banks.get(str(row["institution_id"]), str(row["institution_id"])),
            row,
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
