"""Products whose price rests on relending: cheaper only as far as the bank has quota of the tool left.

The quota ledger of claims is asked. A loan that what is left does not cover is priced without the relending
(`own_rate` of the product's terms), and says why; so is one of a tool the ledger knows nothing of. In a run of matching
what is left is divided: a product then stands twice, with the relending for what the quota covers, and at its own price
for the rest of its capacity.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, Decimal

from sqlalchemy.orm import Session

from houfeng.claims import quota
from houfeng.claims.tables import Quota
from houfeng.errors import Text
from houfeng.matching.recommend.asking import Asked, Quote
from houfeng.matching.recommend.promises import NOTHING, ZERO, Promises

OWN = "+own"
"""After a product's name: the same product without the relending."""
OWN_LABEL = Text("（自有资金）", " (own funds)")
WHOLE = Decimal(100)
FEN = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Fund:
    """What a bank has left of a tool: `ceilings` are all it stands under, by name; none of them: the ledger has none.

    A ceiling without an amount bounds nothing. `labels` are what ceilings are called. `taken` is what is promised under
    them and not in the ledger yet.
    """

    ceilings: Mapping[str, Decimal | None]
    labels: Mapping[str, Text] = field(default_factory=dict)
    taken: Mapping[str, Promises] = field(default_factory=dict)

    def promised(self, ceiling: str, need: str = "") -> Decimal:
        """What of a ceiling is promised to needs other than `need`."""
        return self.taken.get(ceiling, NOTHING).others(need)

    def rests(self, need: str = "") -> Iterator[tuple[Decimal, Decimal]]:
        """What is left under each ceiling that bounds, for `need`; and what is promised to others under it."""
        for one, left in self.ceilings.items():
            if left is not None:
                promised = self.promised(one, need)
                yield max(ZERO, left - promised), promised

    def left(self, need: str = "") -> Decimal | None:
        """The least that is left; nothing where nothing bounds it."""
        return min((rest for rest, _ in self.rests(need)), default=None)

    def covers(self, amount: Decimal, need: str = "") -> bool:
        """Whether there is quota for `amount`."""
        left = self.left(need)
        return bool(self.ceilings) and (left is None or left >= amount)

    def told(self, need: str = "") -> Text:
        """The least that is left in words, and what of it others were promised."""
        left, promised = min(self.rests(need), default=(None, ZERO))
        if left is None:
            return Text("剩余不限", "no ceiling left")
        going = Text(f"（另有在办 {promised:,.2f} 元）", f" ({promised:,.2f} more is under way)")
        zh, en = going if promised else ("", "")
        return Text(f"剩余 {left:,.2f} 元{zh}", f"{left:,.2f} left{en}")


Funds = Callable[[str, str], Fund]
"""Gives what is left of a tool for a bank."""


def left_of(session: Session, pairs: Iterable[tuple[str, str]]) -> Funds:
    """What the quota ledger says now of these tools and banks."""
    known = {pair: _fund(quota.path(session, *pair)) for pair in sorted(pairs)}
    return lambda tool, bank: known[(tool, bank)]


def _fund(path: Sequence[Quota]) -> Fund:
    labels = {one.name: Text(one.label_zh, one.label_en) for one in path}
    return Fund({one.name: one.left for one in path}, labels)


def priced(quote: Quote, amount: Decimal, funds: Funds | None, need: str = "") -> tuple[Quote, list[Text]]:
    """The quote with the price it truly has for a loan of `amount` to `need`, and why; where quota is short no tool
    funds it. Without `funds` nobody has asked."""
    if not quote.funded_by:
        return quote, []
    tool = quote.funded_label if any(quote.funded_label) else Text(quote.funded_by, quote.funded_by)
    if funds is None:
        return quote, [
            Text(
                f"利率因“{tool.zh}”资金而优惠；未查该行额度",
                f"the rate rests on funds of “{tool.en}”; the bank's quota was not asked for",
            )
        ]
    fund, wanted = funds(quote.funded_by, quote.bank), needed(quote, amount)
    if fund.covers(wanted, need):
        left = fund.told(need)
        return quote, [
            Text(
                f"利率因“{tool.zh}”资金而优惠：需额度 {wanted:,.2f} 元，该行{left.zh}",
                f"the rate rests on funds of “{tool.en}”: {wanted:,.2f} of quota, the bank has {left.en}",
            )
        ]
    return replace(quote, rate=quote.own_rate, funded_by=""), [_short(tool, quote, fund, wanted, need)]


def _short(tool: Text, quote: Quote, fund: Fund, wanted: Decimal, need: str) -> Text:
    if fund.ceilings:
        left = fund.told(need)
        why = Text(
            f"“{tool.zh}”额度不足：需 {wanted:,.2f} 元，该行{left.zh}",
            f"quota of “{tool.en}” is short: {wanted:,.2f} needed, the bank has {left.en}",
        )
    else:
        why = Text(f"额度台账没有“{tool.zh}”的额度", f"the quota ledger has nothing of “{tool.en}”")
    if quote.own_rate is None:
        return Text(f"{why.zh}；产品未给出不含再贷款的利率", f"{why.en}; the product states no rate without it")
    return Text(
        f"{why.zh}；按不含再贷款的利率 {quote.own_rate:.2f}% 计（含再贷款 {quote.rate:.2f}%）",
        f"{why.en}; at the rate without it, {quote.own_rate:.2f} % (with it {quote.rate:.2f} %)",
    )


def needed(quote: Quote, amount: Decimal) -> Decimal:
    """The quota a loan of `amount` takes: the tool pays so much of the principal."""
    return (amount * quote.funded_share / WHOLE).quantize(FEN)


def divided(
    asked: Sequence[Asked], capacity: Mapping[str, Decimal | None], funds: Funds
) -> tuple[list[Asked], dict[str, Decimal | None]]:
    """Needs and capacities for a market: products whose quota covers only part of their capacity stand twice.

    What is left under a ceiling is divided among the products that draw on it, in proportion to what they could use, so
    that together they never pass it.
    """
    quotes = {quote.product: quote for one in asked for quote in one.quotes if quote.funded_by}
    parts, found = _parts(quotes, capacity, funds), dict(capacity)
    twice = {name for name in parts if quotes[name].own_rate is not None}
    for name, part in parts.items():
        found[name] = part
        if name in twice:
            whole = capacity.get(name)
            found[name + OWN] = None if whole is None else whole - part
    return [one._replace(quotes=tuple(_both(one, twice, funds))) for one in asked], found


def _both(one: Asked, twice: Collection[str], funds: Funds) -> Iterator[Quote]:
    for quote in one.quotes:
        if quote.product not in twice:
            yield quote
            continue
        wanted = needed(quote, one.need.amount)
        if covered := funds(quote.funded_by, quote.bank).covers(wanted, one.need.need_no):
            yield quote
        label = Text(quote.label.zh + OWN_LABEL.zh, quote.label.en + OWN_LABEL.en)
        own = replace(quote, product=quote.product + OWN, part_of=quote.product, label=label)
        yield replace(own, rate=quote.own_rate, own_rate=None, funded_by="") if covered else own


def _parts(quotes: Mapping[str, Quote], capacity: Mapping[str, Decimal | None], funds: Funds) -> dict[str, Decimal]:
    """Of each product whose quota covers some of its capacity but not all: how much of it."""
    drawn: dict[str, tuple[Fund, Decimal]] = {}
    for name, quote in quotes.items():
        fund, whole = funds(quote.funded_by, quote.bank), capacity.get(name)
        left, wanted = fund.left(), None if whole is None else needed(quote, whole)
        bounds = [bound for bound in (left, wanted) if bound is not None]
        if left is not None and min(bounds) > 0:
            drawn[name] = (fund, min(bounds))
    asked: dict[str, Decimal] = {}
    for fund, use in drawn.values():
        for ceiling in fund.ceilings:
            asked[ceiling] = asked.get(ceiling, Decimal(0)) + use
    found = {}
    for name, (fund, use) in drawn.items():
        bound = ((one, left - fund.promised(one)) for one, left in fund.ceilings.items() if left is not None)
        shares = (left * use / asked[one] for one, left in bound)
        part = (min(use, *shares) * WHOLE / quotes[name].funded_share).quantize(FEN, ROUND_DOWN)
        whole = capacity.get(name)
        if whole is None or part < whole:
            found[name] = part
    return found
