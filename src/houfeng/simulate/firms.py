"""The firms of one chunk: who they are, how big, who owns and guarantees whom, and how their months will go.

A chunk is worked out whole and alone, from its own random stream, so a province of any size needs the memory of one
chunk. Ties between firms stay inside a chunk and mostly inside a block of neighbours, who share a city.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from houfeng.simulate.ground import columns as c
from houfeng.simulate.ground import industries as ind
from houfeng.simulate.ground.banks import CITY_WEIGHTS, REGIONS
from houfeng.simulate.ground.identifiers import FIRM, credit_codes, numbered
from houfeng.simulate.ground.months import HISTORY, Months

CHUNK = 16_384
BLOCK = 64  # neighbours of one city
CIRCLE = 1024  # firms among whom owners and guarantors are found
NEVER = 9_999
CLASSES = ("enterprise", "individual_business", "cooperative", "public_body")
CODE_KINDS = np.array([91, 92, 93, 12], dtype=np.int64)
OWNERSHIPS = ("A01", "A02", "B01", "B02", "B03")
CAUSES = ("demand", "lawsuit", "diversion", "guarantee")

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Firms:
    """One chunk of firms as arrays of equal length. Money in yuan; months count from the first reported one."""

    index: Array  # number in the province
    ids: Any  # Arrow strings
    persons: Any  # Arrow strings: the main person of each
    city: Array
    industry: Array  # index into industries.CODES
    kind: Array  # index into CLASSES
    ownership: Array  # index into OWNERSHIPS
    staff: Array
    revenue: Array
    assets: Array
    size: Array  # index into industries.SIZES
    founded: Array  # day number
    parent: Array  # position in the chunk of the corporate owner, -1 for none
    guarantor: Array  # position in the chunk of the firm that stands surety, -1 for none
    ring: Array  # whether the surety is part of a guarantee ring
    borrows: Array
    trouble: Array  # month the trouble begins, NEVER for none
    default: Array  # month of the first missed payment, NEVER for none
    cause: Array  # index into CAUSES
    health: Array  # firms × (HISTORY + months): business against normal times
    person_of: Array  # position of the firm whose main person also runs this one

    def __len__(self) -> int:
        return len(self.index)


def make_firms(first: int, count: int, months: Months, seed: np.random.SeedSequence) -> Firms:
    """The chunk of `count` firms that begins with firm number `first`."""
    rng = np.random.default_rng(seed)
    index = np.arange(first, first + count, dtype=np.int64)
    city = np.repeat(rng.choice(len(CITY_WEIGHTS), size=-(-count // BLOCK), p=CITY_WEIGHTS), BLOCK)[:count]
    kind = rng.choice(4, size=count, p=[0.79, 0.14, 0.05, 0.02])
    industry = rng.choice(len(ind.CODES), size=count, p=ind.WEIGHTS)
    staff, revenue, assets = _sizes(rng, index, industry, kind)
    size = ind.size_class(ind.STANDARD_OF[industry], staff, revenue, assets)
    parent = _hubs(rng, count, 0.16, 3.0)
    parent[(kind != 0) | (kind[parent] != 0)] = -1  # only companies own companies
    guarantor, ring = _sureties(rng, count)
    borrows = (rng.random(count) < np.array([0.9, 0.75, 0.5, 0.28])[size] * np.where(kind == 3, 0.2, 1.0)) | ring
    trouble, default, cause = _fates(rng, industry, size, months.count)
    _contagion(rng, guarantor, borrows, trouble, default, cause)
    person_of = _people(rng, count)
    return Firms(
        index=index,
        ids=credit_codes(CODE_KINDS[kind], REGIONS[city], FIRM, index),
        persons=numbered("SIMP", index, 9).take(pa.array(person_of)),
        city=city, industry=industry, kind=kind,
        ownership=_ownership(rng, size, kind),
        staff=staff, revenue=revenue, assets=assets, size=size,
        founded=c.day_number(months.first(0)) - (rng.gamma(2.0, 1300.0, count) + 60).astype(np.int64),
        parent=parent, guarantor=guarantor, ring=ring, borrows=borrows,
        trouble=trouble, default=default, cause=cause,
        health=_health(rng, trouble, default, months.count),
        person_of=person_of,
    )  # fmt: skip


def _sizes(rng: np.random.Generator, index: Array, industry: Array, kind: Array) -> tuple[Array, Array, Array]:
    """Staff, revenue and assets: log-normal around what is usual in the industry, hubs of a circle much bigger."""
    group = ind.GROUP_OF[industry]
    usual = np.array([g.staff for g in ind.GROUPS])[group]
    heads = np.array([g.revenue for g in ind.GROUPS])[group]
    hub = np.where(index % CIRCLE < 12, 8.0, 1.0)
    small = np.where(kind == 1, 0.3, np.where(kind == 2, 0.6, 1.0))
    staff = np.maximum(1, np.rint(usual * small * hub * rng.lognormal(0.0, 1.05, len(index)))).astype(np.int64)
    revenue = np.rint(staff * heads * rng.lognormal(-0.1, 0.7, len(index)) / 100) * 100
    assets = np.rint(revenue * rng.lognormal(-0.1, 0.6, len(index)) / 100 + 500) * 100
    return staff, revenue, assets


def _ownership(rng: np.random.Generator, size: Array, kind: Array) -> Array:
    """State firms are more frequent among the big; individual businesses and cooperatives are private or collective."""
    draw = rng.random(len(size))
    state = np.array([0.35, 0.15, 0.05, 0.02])[size]
    found = np.select([draw < state, draw < state + 0.04, draw > 0.985, draw > 0.97], [0, 1, 4, 3], default=2)
    return np.where(kind == 3, 0, np.where(kind == 2, 1, np.where(kind == 1, 2, found)))


def _hub_of(rng: np.random.Generator, count: int, power: float) -> Array:
    """For each firm a firm of its circle, low places far more often: degrees get a heavy tail."""
    at = np.arange(count)
    start = at - at % CIRCLE
    room = np.minimum(CIRCLE, count - start)
    found: Array = start + np.floor(room * rng.random(count) ** power).astype(np.int64)
    return found


def _hubs(rng: np.random.Generator, count: int, share: float, power: float) -> Array:
    """A hub before the firm itself, for `share` of the firms; -1 for the rest. Owners so form a forest."""
    hub = _hub_of(rng, count, power)
    return np.where((rng.random(count) < share) & (hub < np.arange(count)), hub, -1)


def _people(rng: np.random.Generator, count: int) -> Array:
    """Who runs each firm: mostly its own main person, for some the person of a hub, who then runs many."""
    at, hub = np.arange(count), _hub_of(rng, count, 4.0)
    other = rng.random(count) < 0.12
    return np.where(other & ~other[hub], hub, at)


def _sureties(rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    """Who stands surety for whom: hubs of the circle, near neighbours, and in some blocks a ring of three to six."""
    at = np.arange(count)
    near = at - at % BLOCK + rng.integers(0, BLOCK, count)
    chosen = np.where(rng.random(count) < 0.45, _hub_of(rng, count, 5.0), near)
    surety = np.where((chosen < count) & (chosen != at), chosen, -1)
    ring = np.zeros(count, dtype=bool)
    for start in np.flatnonzero(rng.random(count // BLOCK) < 0.12) * BLOCK:
        members = start + rng.integers(0, BLOCK - 6) + np.arange(rng.integers(3, 7))
        surety[members] = np.roll(members, -1)
        ring[members] = True
    return surety, ring


def _fates(rng: np.random.Generator, industry: Array, size: Array, months: int) -> tuple[Array, Array, Array]:
    """Trouble strikes some; most of those miss a payment four to eight months later, the others recover."""
    count = len(industry)
    risk = np.array([g.risk for g in ind.GROUPS])[ind.GROUP_OF[industry]] * np.array([0.4, 0.7, 1.0, 1.2])[size]
    span = months + 27
    struck = rng.random(count) < np.minimum(0.6, 0.0034 * span * risk)
    trouble = np.where(struck, rng.integers(-24, months + 3, count), NEVER)
    lasting = struck & (rng.random(count) < 0.68)
    default = np.where(lasting, trouble + rng.integers(4, 9, count), NEVER)
    return trouble, default, rng.choice(3, size=count, p=[0.55, 0.2, 0.25])


def _contagion(
    rng: np.random.Generator, surety: Array, borrows: Array, trouble: Array, default: Array, cause: Array
) -> None:
    """A surety that has to pay may be pulled down by it: twice along the chain, each time two months later."""
    for _ in range(2):
        hit = np.flatnonzero((default < NEVER) & borrows & (surety >= 0))
        hit = hit[rng.random(len(hit)) < 0.12]
        target = surety[hit]
        fresh = trouble[target] == NEVER
        trouble[target[fresh]] = default[hit[fresh]] + 1
        default[target[fresh]] = default[hit[fresh]] + rng.integers(3, 7, int(fresh.sum()))
        cause[target[fresh]] = CAUSES.index("guarantee")


def _health(rng: np.random.Generator, trouble: Array, default: Array, months: int) -> Array:
    """Business by month against normal times: falls from the trouble to 0.3 at the default, or dips and recovers."""
    month = np.arange(-HISTORY, months)[None, :]
    since = month - trouble[:, None]
    lead = np.maximum(default - trouble, 1)[:, None]
    falling = np.clip(1.0 - 0.7 * (since + 1) / lead, 0.25, 1.0)
    dip = 1.0 - 0.3 * np.clip(np.minimum(since + 1, 8 - since) / 4.0, 0.0, 1.0)
    level = np.where(since < 0, 1.0, np.where(default[:, None] < NEVER, falling, dip))
    trend = 1.0 + rng.normal(0.004, 0.006, len(trouble))[:, None] * month
    season = 1.0 + 0.12 * np.sin(2 * np.pi * (month + 3) / 12.0)
    path: Array = np.maximum(level * trend * season * rng.lognormal(0.0, 0.07, level.shape), 0.02)
    return path
