"""What is under way: offers that banks are at, and loans lent under one that no claim has come to an end for.

There is one count of it, for a run of matching, for one need, and for the moment of sending. Under the limits on one
client, group and joint credit an offer counts until the book has the loan. Under the quota of a tool
it counts until the loan's claim is decided on: then the quota ledger has it, or it was refused and draws nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from houfeng.claims.files import months_later
from houfeng.claims.life import HELD, LineState
from houfeng.claims.tables import Claim, ClaimLine
from houfeng.matching.needs import filing
from houfeng.matching.recommend import Asked, Bounds, Rooms
from houfeng.matching.recommend.drawing import Promised
from houfeng.matching.recommend.funding import left_of
from houfeng.matching.recommend.room import Taken
from houfeng.matching.tables import NeedFile, NeedOffer
from houfeng.office.database import office_of

CHUNK = 400
"""Contracts asked for in one statement."""
FEN = Decimal("0.01")
Pair = tuple[str, str]
"""A tool and a bank."""

Asking = Callable[[Collection[str], Collection[str]], Rooms]
"""Asks the book what banks may still lend to firms."""


def bounds(session: Session, asked: Sequence[Asked], asking: Asking) -> Bounds:
    """What quota and lending limits leave to the banks and firms of these needs, less what is under way."""
    quotes = {quote.product: quote for one in asked for quote in one.quotes}
    funds = promised(session, {(quote.funded_by, quote.bank) for quote in quotes.values() if quote.funded_by})
    banks, firms = {quote.bank for quote in quotes.values()}, {one.need.enterprise_id for one in asked}
    return Bounds(funds.fund, *limits(session, banks, firms, asking))


def limits(session: Session, banks: Collection[str], firms: Collection[str], asking: Asking) -> tuple[Rooms, Taken]:
    """What these banks may still lend to these firms, and what banks are at already, under every limit it would use.

    A loan that was lent counts until somebody found it in the book, or it is due.
    """
    unseen, today = NeedOffer.confirmed.is_not(True), office_of(session).clock().date()
    going = _offers(session, NeedOffer.state.in_(filing.OPEN_OFFERS))
    going += [one for one in _offers(session, NeedOffer.state == "disbursed", unseen) if _runs(one[0], today)]
    rooms, taken = asking(banks, {*firms, *(need.enterprise_id for _, need in going)}), Taken()
    for offer, need in going:
        amount = need.amount if offer.state != "disbursed" else offer.amount or need.amount
        rooms.take(taken, offer.institution_id, need.enterprise_id, need.called, amount)
    return rooms, taken


def promised(session: Session, pairs: Collection[Pair]) -> Promised:
    """What tools have left for banks, and what is under way would draw on them."""
    of_tools = NeedOffer.tool.in_({tool for tool, _ in pairs})
    going = [
        (offer, need, offer.quota or Decimal(0))
        for offer, need in (_offers(session, of_tools, NeedOffer.state.in_(filing.OPEN_OFFERS)) if pairs else ())
    ]
    going += _lent(session, _offers(session, of_tools, NeedOffer.state == "disbursed") if pairs else ())
    found = Promised(left_of(session, {*pairs, *((offer.tool, offer.institution_id) for offer, _, _ in going)}))
    for offer, need, amount in going:
        found.take(offer.tool, offer.institution_id, need.called, amount)
    return found


def _offers(session: Session, *conditions: ColumnElement[bool]) -> list[tuple[NeedOffer, NeedFile]]:
    wanted = select(NeedOffer, NeedFile).join(NeedFile, NeedFile.id == NeedOffer.need_id).where(*conditions)
    return [(offer, need) for offer, need in session.execute(wanted.order_by(NeedOffer.id))]


def _lent(
    session: Session, lent: Iterable[tuple[NeedOffer, NeedFile]]
) -> Iterator[tuple[NeedOffer, NeedFile, Decimal]]:
    """Of the offers that were lent those whose loan may still draw on the tool, and how much of what was promised."""
    today = office_of(session).clock().date()
    running = [(offer, need) for offer, need in lent if _runs(offer, today)]
    lines = _claimed(session, {offer.contract_no for offer, _ in running})
    for offer, need in running:
        own = [
            (claim, line)
            for claim, line in lines.get((offer.institution_id, offer.contract_no), ())
            if not offer.note_no or offer.note_no == line.note_no
        ]
        if not _decided(offer, own):
            part = (offer.amount or need.amount) / need.amount
            yield offer, need, ((offer.quota or Decimal(0)) * part).quantize(FEN, ROUND_HALF_UP)


def _runs(offer: NeedOffer, today: date) -> bool:
    """A loan that is due is not claimed for any more."""
    if offer.disbursed_at is None or not offer.term_months:
        return True
    return today <= months_later(offer.disbursed_at.date(), offer.term_months)


def _claimed(session: Session, contracts: Collection[str]) -> Mapping[Pair, Sequence[tuple[Claim, ClaimLine]]]:
    """What was asked of tools for these contracts, by bank and contract, in the order it was."""
    found: dict[Pair, list[tuple[Claim, ClaimLine]]] = {}
    ordered = sorted(contracts)
    for at in range(0, len(ordered), CHUNK):
        rows = session.execute(
            select(Claim, ClaimLine)
            .join(Claim, Claim.id == ClaimLine.claim_id)
            .where(Claim.comes_back.is_(True), ClaimLine.contract_no.in_(ordered[at : at + CHUNK]))
            .where(ClaimLine.state.in_([*HELD, LineState.REFUSED]))
            .order_by(ClaimLine.id)
        )
        for claim, line in rows:
            found.setdefault((claim.institution_id, line.contract_no), []).append((claim, line))
    return found


def _decided(offer: NeedOffer, lines: Sequence[tuple[Claim, ClaimLine]]) -> bool:
    """Whether the ledger has what the loan draws, of any tool since a loan gets one; or its own has refused it last."""
    if any(line.granted > 0 for _, line in lines):
        return True
    own = [line for claim, line in lines if claim.instrument == offer.tool]
    return bool(own) and own[-1].state == LineState.REFUSED
