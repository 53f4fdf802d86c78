"""Which products fit a need, ranked by the matching: all-in cost after what the firm is entitled to, and chance."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from houfeng.errors import ConflictError, HoufengError, Text
from houfeng.instruments.eligibility import Answer
from houfeng.matching.needs import going
from houfeng.matching.needs.filing import Suggestion
from houfeng.matching.recommend import Bounds, Need, Offer, Quote, Standing, recommend, standings
from houfeng.matching.tables import NeedFile
from houfeng_desk.desk import Desk
from houfeng_desk.queries.delivery.judging import HOUSE, judging
from houfeng_desk.queries.matching.gathering import history, rooms_of, segment

_PRODUCTS = """
    SELECT p.product_no, p.institution_id, coalesce(i.name, p.institution_id) AS bank, p.name, p.min_amount,
        p.max_amount, p.min_rate, p.max_rate, p.max_term_months, p.guarantee_modes
    FROM product p LEFT JOIN institution i ON i.institution_id = p.institution_id
    ORDER BY p.product_no
"""
_SIZE = "SELECT size FROM enterprise WHERE enterprise_id = ?"
MOST = 12
FIVE = Decimal("0.00001")


class Ranked(NamedTuple):
    """The products for a need: those that fit, the best of each bank, best first; and why the other banks' do not."""

    fitting: list[Suggestion]
    barred: list[Suggestion]


def suggestions(desk: Desk, need: NeedFile) -> list[Suggestion]:
    """Products of the book that the need fits, the best of each bank, best first."""
    return ranked(desk, need).fitting


def chosen(desk: Desk, need: NeedFile, banks: Collection[str]) -> list[Suggestion]:
    """The suggestions of these banks.

    Raises:
        ConflictError: some of them cannot be recommended; all are named, with why.
    """
    found = ranked(desk, need)
    wanted = set(banks)
    missing = wanted - {one.institution_id for one in found.fitting}
    if missing:
        why = {one.institution_id: one for one in found.barred}
        zh = "；".join(_barred(why.get(bank), bank, "zh") for bank in sorted(missing))
        en = "; ".join(_barred(why.get(bank), bank, "en") for bank in sorted(missing))
        raise ConflictError(Text(f"不能推荐：{zh}", f"cannot be recommended: {en}"))
    return [one for one in found.fitting if one.institution_id in wanted]


def _barred(one: Suggestion | None, bank: str, lang: str) -> str:
    if one is None:
        return Text(f"{bank[:60]} 没有产品", f"{bank[:60]} has no product").get(lang)
    return f"{one.institution_name}（{'，'.join(why[lang] for why in one.reasons)}）"


def ranked(desk: Desk, need: NeedFile) -> Ranked:
    """The products of the book for a need."""
    rows = {row["product_no"]: row for row in desk.reader(HOUSE).rows(_PRODUCTS)}
    asked, quotes = _need(desk, need), [_quote(row) for row in rows.values()]
    with desk.office.read() as session:
        banks = {quote.bank for quote in quotes}
        lending, taken = going.limits(session, banks, {need.enterprise_id}, partial(rooms_of, desk))
    offers = recommend(
        asked,
        quotes,
        _standings(desk, asked),
        history(desk),
        today=desk.clock().date(),
        bounds=Bounds(rooms=lending, taken=taken),
    )
    found: dict[str, Suggestion] = {}
    barred: dict[str, Suggestion] = {}
    for offer in offers:
        if offer.eligible and offer.bank not in found and len(found) < MOST:
            found[offer.bank] = _suggestion(offer, rows[offer.product]["bank"])
        elif not offer.eligible and offer.bank not in found:
            barred.setdefault(offer.bank, _suggestion(offer, rows[offer.product]["bank"]))
    return Ranked(list(found.values()), list(barred.values()))


def _need(desk: Desk, need: NeedFile) -> Need:
    size = desk.reader(HOUSE).value(_SIZE, [need.enterprise_id]) or ""
    return Need(
        need.called, need.enterprise_id, need.amount, need.term_months, need.use, need.guarantee, need.deadline,
        need.region, segment(size, need.guarantee),
    )  # fmt: skip


def _quote(row: dict[str, Any]) -> Quote:
    """A product as its bank reports it to the book; its rate is the middle of the range."""
    low, high = row["min_rate"], row["max_rate"]
    known = [Decimal(value) for value in (low, high) if value is not None]
    modes = (row["guarantee_modes"] or "").replace("，", ",").split(",")
    return Quote(
        product=row["product_no"],
        label=Text(row["name"] or row["product_no"], row["name"] or row["product_no"]),
        bank=row["institution_id"],
        answer=Answer.YES,
        reasons=(),
        rate=sum(known, Decimal(0)) / len(known) if known else None,
        min_amount=row["min_amount"],
        max_amount=row["max_amount"],
        months=row["max_term_months"],
        guarantees=tuple(mode.strip() for mode in modes if mode.strip()),
    )


def _standings(desk: Desk, need: Need) -> Sequence[Standing]:
    """The subsidies the firm is entitled to; none where the book does not know it, or the desk has no policies."""
    try:
        with judging(desk) as judge:
            day = judge.as_of
            return standings(judge.pack, judge.answers(need.enterprise_id), need, day, judge.known_at.date())
    except HoufengError:
        return ()


def _suggestion(offer: Offer, bank: str) -> Suggestion:
    effective = offer.cost.effective if offer.cost is not None else None
    return Suggestion(
        institution_id=offer.bank,
        institution_name=bank,
        product=offer.product,
        label=offer.label,
        cost=Decimal(str(effective)).quantize(FIVE) if effective is not None else None,
        chance=offer.chance.value if offer.chance.known else None,
        reasons=tuple({"zh": reason.zh, "en": reason.en} for reason in offer.reasons),
    )
