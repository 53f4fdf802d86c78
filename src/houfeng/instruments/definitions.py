"""Which instruments a pack has, and what their dated terms are on a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from houfeng.errors import Text, UsageError, did_you_mean
from houfeng.packs.grants import Instrument
from houfeng.packs.model import Pack
from houfeng.packs.roads.grants import constant

G = TypeVar("G")


@dataclass(frozen=True, slots=True)
class LendingTerms:
    """The terms of a central-bank tool on one day. What the texts leave open is nothing."""

    quota: Decimal | None
    pool: str
    pool_quota: Decimal | None
    rate: Decimal | None
    term_months: int | None
    extensions: int | None
    cadence: str


def find_instrument(pack: Pack, name: str) -> Instrument:
    """The instrument called `name`.

    Raises:
        UsageError: there is none; names the nearest.
    """
    return named(pack.instruments, name, Text("没有工具", "there is no instrument"))


def named(found: Mapping[str, G], name: str, missing: Text) -> G:
    """What is called `name` among `found`.

    Raises:
        UsageError: there is none; says `missing` and names the nearest.
    """
    if name not in found:
        near = did_you_mean(name, found)
        raise UsageError(Text(f"{missing.zh} {name}。{near.zh}", f"{missing.en} {name}. {near.en}".strip()))
    return found[name]


def instruments_over(pack: Pack, kind: str, names: Iterable[str] | None = None) -> list[Instrument]:
    """The instruments over `kind`, or those of `names` that are, in the order written."""
    wanted = list(pack.instruments) if names is None else list(names)
    found = [find_instrument(pack, name) for name in wanted]
    return [instrument for instrument in found if instrument.over == kind]


def order_of(pack: Pack, instrument: Instrument, day: date, known: date) -> int:
    """Where the instrument stands in its exclusive group: the lowest comes first."""
    found = constant(pack, instrument.order, day, known)
    return int(found) if found is not None else 0


def excluding(pack: Pack, instrument: Instrument, day: date, known: date) -> list[Instrument]:
    """The other instruments of its exclusive group that come before it, first first; none while none excludes."""
    if not instrument.exclusive or not excludes(pack, instrument, day, known):
        return []
    own = order_of(pack, instrument, day, known)
    group = [
        one for one in pack.instruments.values() if one.exclusive == instrument.exclusive and one is not instrument
    ]
    ordered = sorted((order_of(pack, one, day, known), one.name, one) for one in group)
    return [one for order, one_name, one in ordered if (order, one_name) < (own, instrument.name)]


def excludes(pack: Pack, instrument: Instrument, day: date, known: date) -> bool:
    """Whether its exclusive group binds: no row gets two of the group."""
    return bool(instrument.exclusive) and constant(pack, instrument.exclusive_when, day, known) is not False


def lending_terms(pack: Pack, instrument: Instrument, day: date, known: date) -> LendingTerms | None:
    """Quota, rate and term of a tool on `day` as known on `known`; nothing for a subsidy."""
    lent = instrument.relending
    if lent is None:
        return None
    shares_pool = constant(pack, lent.pool_when, day, known) is not False
    pool = pack.pools.get(lent.pool) if shares_pool else None

    def money(value: object) -> Decimal | None:
        return Decimal(str(value)) if value is not None else None

    quota, rate, months, extensions = (
        constant(pack, node, day, known) for node in (lent.quota, lent.rate, lent.term_months, lent.extensions)
    )
    shared = constant(pack, pool.quota, day, known) if pool is not None else None
    return LendingTerms(
        money(quota),
        pool.name if pool is not None else "",
        money(shared),
        money(rate),
        months,
        extensions,
        lent.cadence,
    )


def shares_of(pack: Pack, instrument: Instrument, day: date, known: date) -> dict[str, Decimal]:
    """The percent each named payer bears on `day`; the payer who is not named bears the rest."""
    found = {payer: constant(pack, node, day, known) for payer, node in instrument.shares.items()}
    return {payer: Decimal(str(value)) for payer, value in found.items() if value is not None}
