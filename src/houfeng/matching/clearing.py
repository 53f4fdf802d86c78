"""From needs and the quotes of products to a market, and from an assignment back to needs: one run of matching.

What the firm prefers is the all-in cost after subsidy. How banks rank needs is their chance at the product where
answers are known, and who asked first among equals; it is stated, not hidden, and a bank that ranks otherwise says no
at its own stage. What the total counts is what firms save in a year: the dearest eligible cost of the market, plus one
point, less the all-in cost, times the chance (where unknown, the share of all needs approved so far, or 1 where nobody
has answered yet).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import numpy as np

from houfeng.errors import Text
from houfeng.matching.assign import Assignment, Floor, Market, assign
from houfeng.matching.assign.explain import Explanation, explain
from houfeng.matching.assign.market import Caps, checked
from houfeng.matching.recommend.asking import Asked
from houfeng.matching.recommend.chance import History
from houfeng.matching.recommend.offers import Bounds, Offer, Standing, recommend
from houfeng.matching.recommend.promises import NOTHING, ZERO, Promises
from houfeng.matching.recommend.room import ALL_BANKS, Bound, Key, Rooms, Taken

FEN = 100
WAN = Text("万元", "(10,000 yuan)")
SMALL = ("CS03", "CS04")


@dataclass(frozen=True, slots=True)
class FloorAsked:
    """A floor as an officer writes it: of what the needs of a region (prefix of the code), or of small firms, ask for,
    so many percent must be placed."""

    kind: str
    region: str
    percent: Decimal

    @property
    def name(self) -> str:
        """A name that tells it from others."""
        return f"{self.kind}:{self.region}"

    def label(self) -> Text:
        """In words."""
        if self.kind == "small":
            return Text(f"小微企业至少 {self.percent}%", f"small firms at least {self.percent} %")
        return Text(f"地区 {self.region} 至少 {self.percent}%", f"region {self.region} at least {self.percent} %")

    def has(self, asked: Asked) -> bool:
        """Whether a need is meant."""
        return asked.size in SMALL if self.kind == "small" else asked.need.region.startswith(self.region)


@dataclass(frozen=True, eq=False)
class Clearing:
    """A market with the names of what stands in it, the eligible offers of each need by product, and all its offers."""

    market: Market
    needs: tuple[Asked, ...]
    products: tuple[str, ...]
    offers: tuple[Mapping[str, Offer], ...]
    all_offers: tuple[Sequence[Offer], ...]
    outside: float

    def run(self, way: str, floors: Sequence[FloorAsked] = (), *, filling: bool = True) -> Assignment:
        """Assign; see `houfeng.matching.assign`."""
        return assign(self.market, way, [self.floor(one) for one in floors], filling=filling)

    def floor(self, asked: FloorAsked) -> Floor:
        """A floor in units of the market."""
        members = np.array([asked.has(one) for one in self.needs], np.bool_)
        total = int(self.market.sizes[members].sum())
        return Floor(asked.name, asked.label(), members, int(total * asked.percent / 100), FEN * 10_000, WAN)

    def got(self, result: Assignment, need: int) -> Offer | None:
        """What a need got."""
        at = int(result.entry[need])
        return self.offers[need][self.products[self.market.products[at]]] if at >= 0 else None

    def explain(self, result: Assignment, need: int) -> Explanation:
        """Why."""
        return explain(self.market, result, need)


@dataclass(frozen=True, slots=True)
class Summary:
    """An assignment in figures. `cost` is the mean all-in cost by amount, `first` how many got what suits them best."""

    way: str
    needs: int
    placed: int
    asked: Decimal
    lent: Decimal
    cost: float | None
    first: int
    saved: float
    small: Decimal
    regions: Mapping[str, Decimal]


def clear(
    needs: Sequence[Asked],
    capacity: Mapping[str, Decimal | None],
    standings: Mapping[str, Sequence[Standing]] | None = None,
    history: History | None = None,
    today: date | None = None,
    bounds: Bounds | None = None,
) -> Clearing:
    """The market of `needs`, in the order given (who asked first stands first)."""
    products = tuple(sorted({quote.product for asked in needs for quote in asked.quotes}))
    supports, place = standings or {}, {name: at for at, name in enumerate(products)}
    everything = [
        recommend(one.need, one.quotes, supports.get(one.need.need_no, ()), history, today=today, bounds=bounds)
        for one in needs
    ]
    lists = [
        [offer for offer in one if offer.eligible and offer.cost is not None and offer.cost.effective is not None]
        for one in everything
    ]
    outside = max((_cost(offer) for offers in lists for offer in offers), default=0.0) + 1.0
    guess = history.mean() if history is not None else 1.0
    seen: dict[tuple[tuple[int, float, float], ...], int] = {}
    kept: list[tuple[tuple[int, float, float], ...]] = []
    classes = np.zeros(len(needs), np.int32)
    for number, offers in enumerate(lists):
        key = tuple(
            (place[offer.product], round(_cost(offer), 9), offer.chance.value if offer.chance.known else guess)
            for offer in offers
        )
        if key not in seen:
            seen[key] = len(kept)
            kept.append(key)
        classes[number] = seen[key]
    entries = [entry for one in kept for entry in one]
    fallback = sum(int(one.need.amount * FEN) for one in needs) + 1
    market = Market(
        sizes=np.array([int(one.need.amount * FEN) for one in needs], np.int64),
        classes=classes,
        priority=np.zeros(len(needs)),
        starts=np.concatenate([[0], np.cumsum([len(one) for one in kept], dtype=np.int64)]).astype(np.int64),
        products=np.array([product for product, _, _ in entries], np.int32),
        ranks=np.array([rank for one in kept for rank in _ranks(one)], np.int32),
        values=np.array([(outside - cost) / 100 * chance for _, cost, chance in entries], np.float64),
        lifts=np.array([chance for _, _, chance in entries], np.float64),
        capacities=np.array([_fen(capacity.get(name), fallback) for name in products], np.int64),
    )
    eligible = tuple({offer.product: offer for offer in one} for one in lists)
    if bounds is not None and bounds.rooms is not None:
        market = replace(market, caps=caps(needs, lists, products, bounds.rooms, bounds.taken or {}))
    return Clearing(checked(market), tuple(needs), products, eligible, tuple(everything), outside)


def caps(
    needs: Sequence[Asked], lists: Sequence[Sequence[Offer]], products: Sequence[str], rooms: Rooms, taken: Taken
) -> Caps:
    """The limits that several needs share and could pass together; what a need passes alone it is not eligible for.

    What is promised under a limit takes of its room. That is so of a need of this market too that a bank is at already,
    whoever gets it here: it is not counted a second time, but for what it asks for above that.
    """
    clients = Counter(client for one in needs for client in rooms.clients(one.need.enterprise_id))
    found: dict[Key, tuple[Bound, dict[int, int]]] = {}
    for number, (one, offers) in enumerate(zip(needs, lists, strict=True)):
        firm = one.need.enterprise_id
        if all(clients[client] < 2 for client in rooms.clients(firm)):
            continue
        for bank in {offer.bank for offer in offers}:
            for bound in rooms.bounds(bank, firm):
                found.setdefault(bound.key, (bound, {}))[1][number] = int(one.need.amount * FEN)
    kept = [
        (bound, fresh, room)
        for bound, sizes in found.values()
        for fresh, room in [_left(needs, bound, sizes, taken.get(bound.key, NOTHING))]
        if sum(fresh.values()) > room
    ]
    banks = {offer.product: offer.bank for offers in lists for offer in offers}
    under: list[list[int]] = [[] for _ in needs]
    for place, (_, sizes, _) in enumerate(kept):
        for number in sizes:
            under[number].append(place)
    covers = [[bound.key.bank in (ALL_BANKS, banks.get(name)) for name in products] for bound, _, _ in kept]
    return Caps(
        tuple(rooms.called(bound) for bound, _, _ in kept),
        np.concatenate([[0], np.cumsum([len(one) for one in under], dtype=np.int64)]).astype(np.int64),
        np.array([place for one in under for place in one], np.int32),
        np.array(covers, np.bool_).reshape(len(kept), max(1, len(products))),
        np.array([room for _, _, room in kept], np.int64),
    )


def _left(
    needs: Sequence[Asked], bound: Bound, sizes: Mapping[int, int], promised: Promises
) -> tuple[Mapping[int, int], int]:
    """Of the needs under a limit those that are not promised under it yet, and the room for them."""
    held, fresh = promised.total, {}
    for number, size in sizes.items():
        need = needs[number].need
        before = promised.amounts.get(need.need_no)
        if before is None:
            fresh[number] = size
        else:
            held += max(ZERO, need.amount - before)
    return fresh, max(0, int((bound.limit - bound.lent - held) * FEN))


def summary(clearing: Clearing, result: Assignment) -> Summary:
    """The figures of an assignment."""
    market, got = clearing.market, np.flatnonzero(result.entry >= 0)
    sizes = market.sizes[got]
    costs = [_cost(offer) for need in got if (offer := clearing.got(result, int(need))) is not None]
    small = np.array([clearing.needs[need].size in SMALL for need in got], np.bool_)
    regions: dict[str, Decimal] = {}
    for need, size in zip(got, sizes, strict=True):
        region = clearing.needs[need].need.region[:4]
        regions[region] = regions.get(region, Decimal(0)) + Decimal(int(size)) / FEN
    return Summary(
        result.way,
        market.needs,
        len(got),
        Decimal(int(market.sizes.sum())) / FEN,
        Decimal(int(sizes.sum())) / FEN,
        float(np.average(costs, weights=sizes)) if len(got) else None,
        int((market.ranks[result.entry[got]] == 0).sum()),
        result.value / FEN,
        Decimal(int(sizes[small].sum()) if len(got) else 0) / FEN,
        dict(sorted(regions.items())),
    )


def _cost(offer: Offer) -> float:
    return offer.cost.effective if offer.cost is not None and offer.cost.effective is not None else float("inf")


def _ranks(entries: Sequence[tuple[int, float, float]]) -> list[int]:
    """Places in a list; equal costs are a tie."""
    ranks: list[int] = []
    for at, (_, cost, _) in enumerate(entries):
        ranks.append(ranks[-1] if at and cost == entries[at - 1][1] else at)
    return ranks


def _fen(yuan: Decimal | None, otherwise: int) -> int:
    return otherwise if yuan is None else int(yuan * FEN)
