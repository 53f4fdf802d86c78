"""A market to clear: needs in classes, products with capacities, and each class's list of products, best first.

Needs that are alike in everything that decides (what they are eligible for, what it costs them, what it is worth) form
a class and share one list, so that half a million needs need some thousands of lists. The lists stand one after the
other in long arrays: `products[starts[c]:starts[c + 1]]` is the list of class c. Sizes and capacities are whole units:
fen where money is given out, 1 each where places are; nothing here is rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from houfeng.errors import InputError, Problem, Text

Ints = np.ndarray[Any, np.dtype[np.int64]]
Smalls = np.ndarray[Any, np.dtype[np.int32]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Truths = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, eq=False)
class Caps:
    """What some needs may get together at some products: a bank's limit on one client or group, the joint limit of all
    banks. A need of several such bounds keeps to all of them.

    `starts`, `members`: the bounds of need i are members[starts[i]:starts[i + 1]]. `covers`: by bound, the products it
    is about. `room`: the most units, by bound.
    """

    labels: tuple[Text, ...]
    starts: Ints
    members: Smalls
    covers: Truths
    room: Ints

    @property
    def arrays(self) -> tuple[Ints, Smalls, Truths]:
        """What compiled functions read of them."""
        return self.starts, self.members, self.covers

    def left(self, given: Market, entry: Ints) -> Ints:
        """What is left under each bound by an assignment."""
        if not len(self.room):
            return self.room
        need = np.repeat(np.arange(given.needs), np.diff(self.starts))
        got = entry[need] >= 0
        need, bound = need[got], self.members[got]
        there = self.covers[bound, given.products[entry[need]]]
        used = np.zeros(len(self.room), np.int64)
        np.add.at(used, bound[there], given.sizes[need[there]])
        found: Ints = self.room - used
        return found

    def signatures(self) -> Ints:
        """A number for each need, the same for needs under the same bounds."""
        seen: dict[tuple[int, ...], int] = {(): 0}
        found, members = np.zeros(len(self.starts) - 1, np.int64), self.members.tolist()
        for need in np.flatnonzero(np.diff(self.starts)):
            own = members[self.starts[need] : self.starts[need + 1]]
            found[need] = seen.setdefault(tuple(sorted(own)), len(seen))
        return found


NO_CAPS = Caps((), np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros((0, 1), np.bool_), np.zeros(0, np.int64))


@dataclass(frozen=True, eq=False)
class Market:
    """Who asks, who offers, and what each thinks of the other.

    `sizes`: what a need takes up. `priority`: how banks rank needs, higher first; among equals the need that stands
    earlier in the arrays (give them in the order of their dates). `lifts` are added to the priority at that product.
    `ranks`: the place of an entry in its class's list; equal ranks are a tie. `values`: what one unit is worth there.
    """

    sizes: Ints
    classes: Smalls
    priority: Floats
    starts: Ints
    products: Smalls
    ranks: Smalls
    values: Floats
    lifts: Floats
    capacities: Ints
    caps: Caps = NO_CAPS

    @property
    def needs(self) -> int:
        """How many needs there are."""
        return len(self.sizes)

    @property
    def owners(self) -> Smalls:
        """The class of each entry of the lists."""
        return np.repeat(np.arange(len(self.starts) - 1, dtype=np.int32), np.diff(self.starts))

    def entry(self, need: int, product: int) -> int:
        """Where `product` stands in the list of `need`, or −1."""
        first, end = self.starts[self.classes[need]], self.starts[self.classes[need] + 1]
        found = np.flatnonzero(self.products[first:end] == product)
        return int(first + found[0]) if len(found) else -1


@dataclass(frozen=True, eq=False)
class Assignment:
    """What came out: `entry` is the place in the lists each need ends at, or −1; the rest is what it rests on.

    `way` is `stable` or `best`. `room` is what each product has left. Stable: `cut_score`, `cut_need` are the best
    that was sent away per product, `reserved` the share kept for the members of each floor. Best: `prices` are what one
    more unit of a product's capacity would bring, `floor_prices` what one more unit of each floor costs, `bound` what
    no assignment can exceed. `cap_room` is what each of the market's caps has left. `exact` says whether the result is
    proved to be the best (stable: whether no pair is left that would rather have each other).
    """

    way: str
    entry: Ints
    room: Ints
    value: float
    exact: bool
    cut_score: Floats | None = None
    cut_need: Ints | None = None
    reserved: tuple[float, ...] = ()
    filled: int = 0
    prices: Floats | None = None
    floor_prices: Floats | None = None
    bound: float | None = None
    cap_room: Ints | None = None

    def products(self, given: Market) -> Smalls:
        """The product each need got, or −1."""
        found = np.full(given.needs, -1, np.int32)
        got = self.entry >= 0
        found[got] = given.products[self.entry[got]]
        return found


def worth(given: Market, entry: Ints) -> float:
    """The value of an assignment: sizes times what a unit is worth where each need ended."""
    got = entry >= 0
    return float((given.sizes[got] * given.values[entry[got]]).sum())


def reached(given: Market, entry: Ints, members: Truths) -> int:
    """How many units the members of a floor got."""
    return int(given.sizes[members & (entry >= 0)].sum())


@dataclass(frozen=True, eq=False)
class Floor:
    """At least `least` units go to the needs that are `members`: a region, the small firms.

    In words an amount is so many units over `divisor` (fen as 万元: 1,000,000), in `measure`.
    """

    name: str
    label: Text
    members: Truths
    least: int
    divisor: int = 1
    measure: Text = Text("", "")

    def amount(self, units: float) -> Text:
        """So many units, in words."""
        number = f"{units / self.divisor:,.2f}" if self.divisor > 1 else f"{units:,.0f}"
        return Text(f"{number}{self.measure.zh}", f"{number} {self.measure.en}".strip())


def market(
    sizes: Sequence[int],
    lists: Sequence[Sequence[int]],
    capacities: Sequence[int],
    *,
    classes: Sequence[int] | None = None,
    priority: Sequence[float] | None = None,
    values: Sequence[Sequence[float]] | None = None,
    ranks: Sequence[Sequence[int]] | None = None,
    lifts: Sequence[Sequence[float]] | None = None,
) -> Market:
    """A market from plain lists, one per class (per need where `classes` is not given), checked.

    Raises:
        InputError: with all that does not fit together.
    """
    lengths = [len(one) for one in lists]
    flat = [product for one in lists for product in one]
    made = Market(
        sizes=np.asarray(sizes, np.int64),
        classes=np.asarray(range(len(sizes)) if classes is None else classes, np.int32),
        priority=np.zeros(len(sizes)) if priority is None else np.asarray(priority, np.float64),
        starts=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64),
        products=np.asarray(flat, np.int32),
        ranks=np.asarray(_flat(ranks) if ranks is not None else [k for n in lengths for k in range(n)], np.int32),
        values=np.asarray(_flat(values) if values is not None else [1.0] * len(flat), np.float64),
        lifts=np.asarray(_flat(lifts) if lifts is not None else [0.0] * len(flat), np.float64),
        capacities=np.asarray(capacities, np.int64),
    )
    return checked(made)


def _flat(lists: Sequence[Sequence[Any]]) -> list[Any]:
    return [value for one in lists for value in one]


def checked(given: Market) -> Market:
    """The market, if its parts fit together.

    Raises:
        InputError: with all that does not.
    """
    classes, entries = len(given.starts) - 1, len(given.products)
    owners = given.owners if given.starts[0] == 0 and (np.diff(given.starts) >= 0).all() else None
    wrong = [
        (
            owners is None or given.starts[-1] != entries,
            Text("清单的起止与条目数不合", "where lists start does not fit the number of entries"),
        ),
        (
            not (len(given.ranks) == len(given.values) == len(given.lifts) == entries),
            Text("名次、价值、加分须与清单条目一样多", "ranks, values and lifts are as many as entries"),
        ),
        (
            not (len(given.classes) == len(given.priority) == given.needs),
            Text("类别、优先分须与需求一样多", "classes and priorities are as many as needs"),
        ),
        (bool((given.sizes <= 0).any()), Text("需求大小须大于零", "the size of a need is above zero")),
        (bool((given.capacities < 0).any()), Text("容量不能为负", "a capacity is not negative")),
        (
            bool(given.needs and (given.classes.min() < 0 or given.classes.max() >= classes)),
            Text("有需求属于不存在的类别", "a need is of a class that does not exist"),
        ),
        (
            bool(entries and (given.products.min() < 0 or given.products.max() >= len(given.capacities))),
            Text("清单中有不存在的产品", "a list names a product that does not exist"),
        ),
        (
            not all(np.isfinite(part).all() for part in (given.priority, given.values, given.lifts)),
            Text("优先分、价值、加分须是有限的数", "priorities, values and lifts are finite numbers"),
        ),
    ]
    if not any(bad for bad, _ in wrong) and owners is not None and entries:
        same = owners[1:] == owners[:-1]
        pairs = owners.astype(np.int64) * (len(given.capacities) + 1) + given.products
        wrong += [
            (
                bool((given.ranks[1:] < given.ranks[:-1])[same].any()),
                Text("清单须从最好的排起", "a list starts with the best"),
            ),
            (
                len(np.unique(pairs)) != entries,
                Text("同一清单里产品重复", "a product stands twice in one list"),
            ),
        ]
    problems = [Problem("assign.market", text) for bad, text in wrong if bad]
    if problems:
        raise InputError(Text("对接的输入有误", "the market does not fit together"), problems)
    return given


def refined(given: Market, floors: Sequence[Floor]) -> tuple[Market, list[Truths]]:
    """The market with classes split so that each lies wholly inside or outside every floor; and who is inside.

    Lists are repeated for the parts of a class, so nothing about any single need changes.
    """
    if not floors:
        return given, []
    key = given.classes.astype(np.int64)
    for floor in floors:
        key = key * 2 + floor.members
    split, first = divided(given, key)
    return split, [floor.members[first] for floor in floors]


def divided(given: Market, key: Ints) -> tuple[Market, Ints]:
    """The market with classes split so that needs of a class have the same `key`; and a need of each class.

    Lists are repeated for the parts of a class: an entry stands at the same place of its list as before.
    """
    _, first, classes = np.unique(key, return_index=True, return_inverse=True)
    old = given.classes[first]
    lengths = np.diff(given.starts)[old]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    entries = np.repeat(given.starts[:-1][old] - starts[:-1], lengths) + np.arange(starts[-1])
    split = replace(
        given,
        classes=classes.astype(np.int32),
        starts=starts,
        products=given.products[entries],
        ranks=given.ranks[entries],
        values=given.values[entries],
        lifts=given.lifts[entries],
    )
    return split, first
