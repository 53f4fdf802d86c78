"""Why a need ended where it did: what it got, what it would rather have had, and why it did not.

Stable: each better product sent it away, or would; the last one it took stands above it. Best total: each better
product's place is worth more to others than what this need would win there, which its shadow price tells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from houfeng.errors import Text
from houfeng.matching.assign.market import Assignment, Market


@dataclass(frozen=True, slots=True)
class Better:
    """A product the need would rather have had. `own` and `lowest` are priorities: its own, and the last one's taken.

    `price` is what a unit of that product's capacity is worth to the total.
    """

    product: int
    place: int
    own: float
    lowest: float | None
    price: float | None
    why: Text


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a need got (−1: nothing), at which place of its list, and what was better."""

    need: int
    product: int
    place: int
    listed: int
    better: tuple[Better, ...]
    why: Text


def explain(given: Market, result: Assignment, need: int) -> Explanation:
    """The explanation of one need."""
    first, end = int(given.starts[given.classes[need]]), int(given.starts[given.classes[need] + 1])
    at = int(result.entry[need])
    rank = int(given.ranks[at]) if at >= 0 else np.iinfo(np.int32).max
    better = tuple(_better(given, result, need, entry) for entry in range(first, end) if int(given.ranks[entry]) < rank)
    product = int(given.products[at]) if at >= 0 else -1
    place = int(given.ranks[at]) + 1 if at >= 0 else 0
    return Explanation(need, product, place, end - first, better, _why(place, end - first))


def _why(place: int, listed: int) -> Text:
    if not listed:
        return Text("没有一个产品的条件全部满足", "there is no product whose conditions it all meets")
    if not place:
        return Text(
            f"符合 {listed} 个产品的条件，但额度都给了排在前面的需求",
            f"it meets the conditions of {listed} products, but their capacity went to others before it",
        )
    if place == 1:
        return Text("得到的就是最合算的一个", "it got the one that suits it best")
    return Text(f"在 {listed} 个可选产品中排第 {place}", f"it got number {place} of {listed} it could have")


def _better(given: Market, result: Assignment, need: int, entry: int) -> Better:
    product = int(given.products[entry])
    own = float(given.priority[need] + given.lifts[entry])
    lowest = _lowest(given, result, product)
    room, size = int(result.room[product]), int(given.sizes[need])
    price = float(result.prices[product]) if result.prices is not None else None
    place = int(given.ranks[entry]) + 1
    if (cap := _capped(given, result, need, product)) is not None:
        why = Text(
            f"{cap.zh}已留给同一客户或集团的其他需求", f"{cap.en} went to other needs of the same client or group"
        )
    elif price is not None:
        why = _priced(given, result, need, entry, price, room >= size)
    elif lowest is None:
        why = Text("该产品额度不足以放这一笔", "its capacity does not hold this one")
    elif lowest > own:
        why = Text("额度已给了银行排位更高的需求", "its capacity went to needs the bank ranks higher")
    elif lowest == own:
        why = Text("排位相同，先提出的先得", "the same rank; who asked first came first")
    elif any(result.reserved):
        why = Text("额度为保底对象保留", "capacity is kept for the members of a floor")
    else:
        why = Text(
            "剩余额度放不下整笔；后面较小的需求放得下",
            "what is left does not hold the whole; a smaller one behind it fitted",
        )
    return Better(product, place, own, lowest, price, why)


def _priced(given: Market, result: Assignment, need: int, entry: int, price: float, fits: bool) -> Text:
    value, at = float(given.values[entry]), int(result.entry[need])
    here = float(given.values[at]) if at >= 0 else 0.0
    if fits and price <= 1e-9:
        return Text("为总体（保底或整笔放置）让出", "given up for the whole: a floor, or how whole needs fit")
    return Text(
        f"那里每百元一年多得 {(value - here) * 100:.3f} 元，但额度的影子价格是 {price * 100:.3f} 元：给别人至少一样值",
        f"it would gain {(value - here) * 100:.3f} a year per hundred there; the shadow price of that capacity is "
        f"{price * 100:.3f}: others gain at least as much",
    )


def _capped(given: Market, result: Assignment, need: int, product: int) -> Text | None:
    """The cap that has no room left for the need at a product; what the need has itself is no hindrance."""
    caps, at = given.caps, int(result.entry[need])
    if result.cap_room is None or not len(caps.room):
        return None
    for cap in caps.members[caps.starts[need] : caps.starts[need + 1]].tolist():
        own = int(given.sizes[need]) if at >= 0 and caps.covers[cap, given.products[at]] else 0
        if caps.covers[cap, product] and int(result.cap_room[cap]) + own < int(given.sizes[need]):
            label: Text = caps.labels[cap]
            return label
    return None


def _lowest(given: Market, result: Assignment, product: int) -> float | None:
    got = np.flatnonzero(result.entry >= 0)
    there = got[given.products[result.entry[got]] == product]
    if not len(there):
        return None
    return float((given.priority[there] + given.lifts[result.entry[there]]).min())
