"""One run of matching over the open needs of a book: both ways side by side, told in plain values that can be kept.

The result is what a page, a file or another program reads: figures of each way, what each product lent and what its
capacity is worth, how each floor came out, and for every need what it got, what was better, and all its offers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from houfeng.engine.duckdb import Engine
from houfeng.errors import HoufengError, InputError, Text
from houfeng.matching.assign import WAYS, Assignment
from houfeng.matching.assign.market import reached
from houfeng.matching.clearing import FEN, Clearing, FloorAsked, clear, summary
from houfeng.matching.recommend.asking import Asked, Quote
from houfeng.matching.recommend.chance import History
from houfeng.matching.recommend.drawing import Draw
from houfeng.matching.recommend.funding import divided
from houfeng.matching.recommend.offers import Bounds, Offer, Standing
from houfeng.matching.recommend.quotes import capacities, quoted
from houfeng.packs.model import Pack
from houfeng.packs.roads.compile import Views

MOST = 20_000
"""Needs of one run on the desk; more are for the benchmark's road, which keeps no offers in words."""


Standings = Callable[[Sequence[Asked]], Mapping[str, Sequence[Standing]]]
"""Gives what firms are entitled to, by the numbers of their needs."""

Bounding = Callable[[Sequence[Asked]], Bounds]
"""Gives what quota and lending limits leave to the banks and firms of these needs."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a run. `share` is the percent of every product's capacity that is given out this time."""

    as_of: date
    known: date
    floors: tuple[FloorAsked, ...] = ()
    share: Decimal = Decimal(100)
    filling: bool = True


def run(
    views: Views,
    pack: Pack,
    wanted: Wanted,
    *,
    engine: Engine,
    history: History | None = None,
    standings: Standings = lambda asked: {},
    bounding: Bounding = lambda asked: Bounds(),
    progress: Callable[[int, int, Text], None] = lambda done, total, text: None,
) -> dict[str, Any]:
    """Run it: costs after what firms are entitled to, chances by what banks answered.

    Raises:
        InputError: there are more needs than `MOST`.
    """
    progress(0, 4, Text("逐条判定需求与产品", "holding needs against products"))
    asked = quoted(views, pack, wanted.as_of, wanted.known, engine=engine)
    if len(asked) > MOST:
        raise InputError(Text(f"需求太多（{len(asked)}，最多 {MOST}）", f"too many needs ({len(asked)} of {MOST})"))
    progress(1, 4, Text("测算综合成本", "computing all-in costs"))
    held = {
        name: None if value is None else value * wanted.share / 100
        for name, value in capacities(pack, wanted.as_of, wanted.known).items()
    }
    bounds = bounding(asked)
    if bounds.funds is not None:
        asked, held = divided(asked, held, bounds.funds)
    clearing = clear(asked, held, standings(asked), history, wanted.as_of, bounds)
    quotes = {quote.product: quote for one in asked for quote in one.quotes}
    found: dict[str, Assignment] = {}
    faults: dict[str, list[Mapping[str, str]]] = {}
    for place, way in enumerate(WAYS):
        progress(2 + place, 4, Text("分配", "assigning"))
        try:
            found[way] = clearing.run(way, wanted.floors, filling=wanted.filling)
        except HoufengError as fault:
            faults[way] = [told(fault.message), *(told(problem.message) for problem in fault.problems)]
    return {
        "pack": f"{pack.name} {pack.version}",
        "as_of": wanted.as_of.isoformat(),
        "share": str(wanted.share),
        "outside": clearing.outside,
        "ways": {way: _figures(clearing, result) for way, result in found.items()},
        "faults": faults,
        "products": [_product(quotes, clearing, found, place) for place in range(len(clearing.products))],
        "floors": [_floor(clearing, found, one, place) for place, one in enumerate(wanted.floors)],
        "needs": [_need(quotes, clearing, found, number) for number in range(len(asked))],
    }


def told(text: Text) -> dict[str, str]:
    """A text as it is kept."""
    return {"zh": text.zh, "en": text.en}


def _figures(clearing: Clearing, result: Assignment) -> dict[str, Any]:
    made = summary(clearing, result)
    return {
        "needs": made.needs,
        "placed": made.placed,
        "asked": str(made.asked),
        "lent": str(made.lent),
        "cost": made.cost,
        "first": made.first,
        "saved": made.saved,
        "small": str(made.small),
        "regions": {region: str(amount) for region, amount in made.regions.items()},
        "exact": result.exact,
        "bound": None if result.bound is None else result.bound / FEN,
        "filled": result.filled,
        "reserved": list(result.reserved),
    }


def _product(
    quotes: Mapping[str, Quote], clearing: Clearing, found: Mapping[str, Assignment], place: int
) -> dict[str, Any]:
    product, capacity = quotes[clearing.products[place]], int(clearing.market.capacities[place])
    lent = {way: str(Decimal(capacity - int(result.room[place])) / FEN) for way, result in found.items()}
    prices = found["best"].prices if "best" in found else None
    return {
        "name": product.product,
        "label": told(product.label),
        "bank": product.bank,
        "capacity": str(Decimal(capacity) / FEN),
        "lent": lent,
        "price": None if prices is None else float(prices[place]) * 100,
    }


def _floor(clearing: Clearing, found: Mapping[str, Assignment], asked: FloorAsked, place: int) -> dict[str, Any]:
    floor = clearing.floor(asked)
    prices = found["best"].floor_prices if "best" in found else None
    return {
        "label": told(floor.label),
        "least": str(Decimal(floor.least) / FEN),
        "got": {
            way: str(Decimal(reached(clearing.market, result.entry, floor.members)) / FEN)
            for way, result in found.items()
        },
        "price": None if prices is None else float(prices[place]) * 100,
    }


def _need(
    quotes: Mapping[str, Quote], clearing: Clearing, found: Mapping[str, Assignment], number: int
) -> dict[str, Any]:
    asked = clearing.needs[number]
    return {
        "need_no": asked.need.need_no,
        "enterprise_id": asked.need.enterprise_id,
        "amount": str(asked.need.amount),
        "months": asked.need.months,
        "use": asked.need.use,
        "guarantee": asked.need.guarantee,
        "region": asked.need.region,
        "size": asked.size,
        "posted": asked.posted.isoformat() if asked.posted else None,
        "eligible": int(np.diff(clearing.market.starts)[clearing.market.classes[number]]),
        "got": {way: _got(quotes, clearing, result, number) for way, result in found.items()},
        "offers": [offer_told(offer) for offer in clearing.all_offers[number]],
    }


def _got(quotes: Mapping[str, Quote], clearing: Clearing, result: Assignment, number: int) -> dict[str, Any]:
    why, offer = clearing.explain(result, number), clearing.got(result, number)
    return {
        "product": offer.product if offer is not None else "",
        "cost": offer.cost.effective if offer is not None and offer.cost is not None else None,
        "place": why.place,
        "why": told(why.why),
        "better": [
            {
                "product": clearing.products[one.product],
                "label": told(quotes[clearing.products[one.product]].label),
                "why": told(one.why),
                "own": one.own,
                "lowest": one.lowest,
                "price": None if one.price is None else one.price * 100,
            }
            for one in why.better
        ],
    }


def _drawn(draw: Draw) -> dict[str, Any]:
    return {"tool": draw.tool, "label": told(draw.label), "amount": str(draw.amount)}


def offer_told(offer: Offer) -> dict[str, Any]:
    """An offer as it is kept."""
    return {
        "product": offer.product,
        "base": offer.base,
        "label": told(offer.label),
        "bank": offer.bank,
        "answer_days": offer.answer_days,
        "answer": offer.answer.value,
        "cost": offer.cost.effective if offer.cost is not None else None,
        "simple": offer.cost.simple if offer.cost is not None else None,
        "before": offer.before.effective if offer.before is not None else None,
        "support": offer.support,
        "chance": offer.chance.value if offer.chance.known else None,
        "best": offer.best,
        "draw": None if offer.draw is None else _drawn(offer.draw),
        "reasons": [told(reason) for reason in offer.reasons],
    }
