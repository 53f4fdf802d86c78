"""Read all grants of a pack, on top of those of the packs it requires."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from houfeng.book.model import kinds
from houfeng.errors import Problem, Text
from houfeng.packs.grants import Entitlement, Golden, Grant, Instrument, Pool, Product
from houfeng.packs.language.binding import Names
from houfeng.packs.loading.grants.conditions import ConditionReader
from houfeng.packs.loading.grants.golden import read_golden
from houfeng.packs.loading.grants.instruments import InstrumentReader
from houfeng.packs.loading.grants.offers import OfferReader
from houfeng.packs.loading.source import Entry, Source
from houfeng.packs.model import Pack, SharedCondition


@dataclass(frozen=True)
class Grants:
    """The grants of a pack, those of the packs it requires among them; golden ledgers are the pack's own."""

    conditions: Mapping[str, SharedCondition]
    pools: Mapping[str, Pool]
    instruments: Mapping[str, Instrument]
    entitlements: Mapping[str, Entitlement]
    products: Mapping[str, Product]
    golden: tuple[Golden, ...]


def read_grants(source: Source, names: Names, pack: str, required: Iterable[Pack]) -> Grants:
    """Read every section of grants; problems go to `names.problems`. Items must be bound already."""
    packs, problems = list(required), names.problems
    shared = _read(
        source, "conditions", ConditionReader(names, pack, {}).shared_condition, [p.conditions for p in packs], problems
    )
    tools, offers = InstrumentReader(names, pack, shared), OfferReader(names, pack, shared)
    pools = _read(source, "pools", tools.pool, [p.pools for p in packs], problems)
    instruments = _read(
        source, "instruments", lambda e: tools.instrument(e, pools), [p.instruments for p in packs], problems
    )
    known = {*instruments, *(entry.name for entry in source.entries("instruments"))}  # a broken one is told once
    entitlements = _read(
        source, "entitlements", lambda e: offers.entitlement(e, known), [p.entitlements for p in packs], problems
    )
    products = _read(source, "products", lambda e: offers.product(e, known), [p.products for p in packs], problems)
    golden = tuple(read_golden(entry, known, problems) for entry in source.entries("golden"))
    _names_apart([instruments, entitlements, products], names, problems)
    _orders_apart(instruments.values(), pack, problems)
    return Grants(shared, pools, instruments, entitlements, products, golden)


def _read(
    source: Source,
    section: str,
    read: Callable[[Entry], Any],
    inherited: Iterable[Mapping[str, Any]],
    problems: list[Problem],
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for names in inherited:
        found |= names
    for entry in source.entries(section):
        if entry.name in found:
            text = Text(f"{entry.name} 已在所需的包里定义", f"{entry.name} is already defined in a required pack")
            problems.append(Problem("pack.twice", text, entry.where))
        if (one := read(entry)) is not None:
            found[entry.name] = one
    return found


def _names_apart(sections: Iterable[Mapping[str, Grant]], names: Names, problems: list[Problem]) -> None:
    """A name stands for one thing over a kind, so that it can be asked for by name alone."""
    first: dict[str, Grant] = {}
    for grant in (grant for section in sections for grant in section.values()):
        other = first.setdefault(grant.name, grant)
        item = names.bound.get((grant.over, grant.name))
        taken = item is not None or grant.name in kinds()[grant.over].fields
        if other is grant and not taken:
            continue
        where = other.where if other is not grant else item.where if item is not None else grant.over
        text = Text(f"{grant.name} 已在 {where} 定义", f"{grant.name} is already defined at {where}")
        problems.append(Problem("pack.twice", text, grant.where))


def _orders_apart(instruments: Iterable[Instrument], pack: str, problems: list[Problem]) -> None:
    """Two instruments of one exclusive group cannot stand at the same place."""
    first: dict[tuple[str, str], Instrument] = {}
    for one in instruments:
        if not one.exclusive or one.order is None:
            continue
        other = first.setdefault((one.exclusive, one.order.text), one)
        if other is not one and one.pack == pack:
            text = Text(
                f"{one.name} 与 {other.name} 互斥，却排在同一位 {one.order.text}",
                f"{one.name} and {other.name} exclude each other and stand at the same place, {one.order.text}",
            )
            hint = Text("给它们不同的 order", "give each its own order")
            problems.append(Problem("pack.order", text, one.where, suggestion=hint))
