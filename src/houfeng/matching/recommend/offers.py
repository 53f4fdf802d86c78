"""Which products a need can get, at what true cost, with what chance, and why.

Eligible ones stand first, the cheapest after subsidy first, among equals the likelier (or the likeliest first, if
asked); then what cannot be judged yet, then what is refused, each with its conditions in words. A product whose price
rests on relending has it as far as there is quota (`funding`); what would pass a limit on what the bank may lend is
refused (`room`). A subsidy counts only where the firm is entitled to it, and of several the one that makes the loan
cheapest counts, since one loan gets one subsidy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from houfeng.errors import Text
from houfeng.instruments.eligibility import Answer, Reason, State
from houfeng.matching.recommend.asking import Need, Quote
from houfeng.matching.recommend.chance import Chance, History
from houfeng.matching.recommend.cost import Cost, Loan, Support, cost_of
from houfeng.matching.recommend.drawing import Draw
from houfeng.matching.recommend.funding import Funds, needed, priced
from houfeng.matching.recommend.room import Rooms, Taken

ORDERS = ("cost", "chance")


@dataclass(frozen=True, slots=True)
class Standing:
    """What the firm is entitled to: a subsidy, and whether it is (yes, no, unknown)."""

    support: Support
    label: Text
    answer: Answer
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is left to lend: of relending quota, and under the limits on one client and group, of which `taken` is what
    is promised and not lent yet. Nothing: not asked."""

    funds: Funds | None = None
    rooms: Rooms | None = None
    taken: Taken | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A product as it stands for a need. `cost` is after subsidy, `before` without; both nothing where it is refused
    outright. `base` is the product where it stands twice; `best` says that no other eligible one is both cheaper and
    likelier. `draw` is what it takes of a tool's quota where its price rests on it."""

    product: str
    label: Text
    bank: str
    answer: Answer
    cost: Cost | None
    before: Cost | None
    support: str
    chance: Chance
    reasons: tuple[Text, ...]
    base: str
    answer_days: int | None = None
    best: bool = False
    draw: Draw | None = None

    @property
    def eligible(self) -> bool:
        """Whether every condition is met."""
        return self.answer is Answer.YES


def recommend(
    need: Need,
    quotes: Sequence[Quote],
    standings: Sequence[Standing] = (),
    history: History | None = None,
    *,
    today: date | None = None,
    order: str = "cost",
    bounds: Bounds | None = None,
) -> list[Offer]:
    """All products as offers, best first; `today` lets the deadline be held against the bank's days to answer.

    `bounds` are what relending quota and lending limits leave; without them neither is asked for.
    """
    known, bounds = history or History(()), bounds or Bounds()
    offers = [_offer(need, quote, standings, known, today, bounds) for quote in quotes]
    rank = {Answer.YES: 0, Answer.UNKNOWN: 1, Answer.NO: 2}
    offers = [replace(offer, best=_undominated(offer, offers)) for offer in offers]
    return sorted(offers, key=lambda offer: (rank[offer.answer], *_key(offer, order), offer.product))


def _key(offer: Offer, order: str) -> tuple[float, float]:
    cost, chance = _cost(offer), -offer.chance.value if offer.chance.known else 0.0
    return (chance, cost) if order == "chance" else (cost, chance)


def _cost(offer: Offer) -> float:
    return offer.cost.effective if offer.cost is not None and offer.cost.effective is not None else float("inf")


def _undominated(offer: Offer, offers: Sequence[Offer]) -> bool:
    """Whether no eligible offer is at least as cheap and at least as likely, and better in one."""
    if not offer.eligible:
        return False
    own = (_cost(offer), -offer.chance.value if offer.chance.known else 0.0)
    for other in offers:
        theirs = (_cost(other), -other.chance.value if other.chance.known else 0.0)
        if other.eligible and theirs != own and theirs[0] <= own[0] and theirs[1] <= own[1]:
            return False
    return True


def _offer(
    need: Need, quote: Quote, standings: Sequence[Standing], history: History, today: date | None, bounds: Bounds
) -> Offer:
    against = limits(need, quote, today)
    if bounds.rooms is not None:
        against += bounds.rooms.against(quote.bank, need.enterprise_id, need.amount, bounds.taken, need.need_no)
    quote, funding = priced(quote, need.amount, bounds.funds, need.need_no)
    draw = Draw(quote.funded_by, quote.funded_label, needed(quote, need.amount)) if quote.funded_by else None
    told = [_words(reason) for reason in quote.reasons if reason.state is not State.MET]
    answer = Answer.NO if against else quote.answer
    if quote.rate is None and answer is not Answer.NO:
        no_rate = [] if funding else [Text("产品未给出利率", "the product states no rate")]
        answer, told = Answer.UNKNOWN, [*told, *funding, *no_rate]
    chance = history.chance(quote.base, need.segment)
    reasons = [*against, *told]
    if answer is Answer.NO or quote.rate is None:
        return _told(quote, answer, None, None, "", chance, reasons)
    loan = Loan(need.amount, need.months, quote.rate, quote.fee)
    before = cost_of(loan)
    cost, support = _supported(loan, before, standings)
    reasons += [*_why(quote, before, cost, support, standings), *funding]
    reasons.append(chance.words())
    name = support.support.name if support is not None else ""
    return replace(_told(quote, answer, cost, before, name, chance, reasons), draw=draw)


def _told(
    quote: Quote, answer: Answer, cost: Cost | None, before: Cost | None, support: str, chance: Chance,
    reasons: Sequence[Text],
) -> Offer:  # fmt: skip
    about = quote.product, quote.label, quote.bank
    return Offer(*about, answer, cost, before, support, chance, tuple(reasons), quote.base, quote.answer_days)


def limits(need: Need, quote: Quote, today: date | None = None) -> list[Text]:
    """What of amount, term, guarantee and deadline does not fit the product's terms."""
    found: list[Text] = []
    if quote.min_amount is not None and need.amount < quote.min_amount:
        found.append(
            Text(f"金额低于 {quote.min_amount:,.0f} 元的下限", f"below the minimum of {quote.min_amount:,.0f}")
        )
    if quote.max_amount is not None and need.amount > quote.max_amount:
        found.append(
            Text(f"金额高于 {quote.max_amount:,.0f} 元的上限", f"above the maximum of {quote.max_amount:,.0f}")
        )
    if quote.months is not None and need.months > quote.months:
        found.append(Text(f"期限长于 {quote.months} 个月", f"longer than {quote.months} months"))
    if quote.guarantees and need.guarantee and not need.guarantee.startswith(quote.guarantees):
        found.append(Text("提供的担保方式不在其列", "it does not take the guarantee offered"))
    if today is not None and need.deadline is not None and quote.answer_days is not None:
        left = (need.deadline - today).days
        if left < quote.answer_days:
            found.append(
                Text(
                    f"答复需 {quote.answer_days} 天，离截止只有 {left} 天",
                    f"it answers within {quote.answer_days} days; {left} are left",
                )
            )
    return found


def _supported(loan: Loan, before: Cost, standings: Sequence[Standing]) -> tuple[Cost, Standing | None]:
    """The loan with the one subsidy, of those the firm is entitled to, that makes it cheapest."""
    best, chosen = before, None
    for standing in standings:
        if standing.answer is not Answer.YES:
            continue
        cost = cost_of(replace(loan, support=standing.support))
        if cost.subsidy > best.subsidy:
            best, chosen = cost, standing
    return best, chosen


def _why(quote: Quote, before: Cost, cost: Cost, support: Standing | None, standings: Sequence[Standing]) -> list[Text]:
    told = [
        Text(
            f"合同利率 {quote.rate:.2f}%，利息 {before.interest:,.2f} 元，费用 {before.fees:,.2f} 元；"
            f"年化综合成本 {_percent(cost)}（复利），{cost.simple:.2f}%（单利）",
            f"contract rate {quote.rate:.2f} %, interest {before.interest:,.2f}, fees {before.fees:,.2f}; all-in "
            f"{_percent(cost)} a year (compound), {cost.simple:.2f}% (simple)",
        )
    ]
    if support is not None:
        told.append(
            Text(
                f"可享“{support.label.zh}”，贴息 {cost.subsidy:,.2f} 元，成本由 {_percent(before)} "
                f"降至 {_percent(cost)}",
                f"“{support.label.en}” pays {cost.subsidy:,.2f} of the interest: {_percent(before)} becomes "
                f"{_percent(cost)}",
            )
        )
    for standing in standings:
        if standing.answer is Answer.UNKNOWN:
            told.append(
                Text(
                    f"“{standing.label.zh}”是否可享尚不清楚，未计入",
                    f"whether “{standing.label.en}” applies is not known yet; it is not counted",
                )
            )
    return told


def _percent(cost: Cost) -> str:
    return f"{cost.effective:.2f}%" if cost.effective is not None else "—"


def _words(reason: Reason) -> Text:
    if reason.state is State.UNKNOWN:
        holder = reason.holder
        return Text(
            f"不清楚：{reason.label.zh}" + (f"（由{holder.zh}掌握）" if holder.zh else ""),
            f"not known: {reason.label.en}" + (f" (held by {holder.en})" if holder.en else ""),
        )
    changes = reason.changes
    return Text(
        f"不满足：{reason.label.zh}" + (f"；{changes.zh}" if changes.zh else ""),
        f"not met: {reason.label.en}" + (f"; {changes.en}" if changes.en else ""),
    )
