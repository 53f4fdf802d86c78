"""From a run of matching to needs: what was given to whom is recommended to that bank, once; what cannot be says why.

A run holds needs of the book beside those filed on the desk. Only a need that its enterprise filed, with an
authorisation that still holds, can be sent to a bank; that is asked again at the moment of sending, and so is every
other reason: the limits on one client and group, and the quota of the tool a price rests on.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from houfeng.errors import Text
from houfeng.matching.needs import filing, going
from houfeng.matching.needs.answering import STATES
from houfeng.matching.needs.filing import Suggestion
from houfeng.matching.recommend.room import Rooms, Taken
from houfeng.matching.tables import NeedFile, NeedOffer
from houfeng.matching.terms import Terms, shipped
from houfeng.office.access import Permission, Viewer
from houfeng.office.database import office_of

CHUNK = 2_000
"""Needs asked for in one statement."""
NUMBER = re.compile(r"需〔(\d{4})〕(\d{1,9})号")


@dataclass(frozen=True, slots=True)
class Match:
    """A need of a run with what it was given; `amount` and `months` are those the run reckoned with."""

    need_no: str
    amount: Decimal
    months: int
    suggestion: Suggestion


class Ready(NamedTuple):
    """It can be recommended now."""

    match: Match
    need: NeedFile


class Sent(NamedTuple):
    """It was recommended to this bank already, and the bank is at it."""

    match: Match
    need: NeedFile
    offer: NeedOffer


class Barred(NamedTuple):
    """It cannot be recommended: every reason. `need` is nothing where none was filed."""

    match: Match
    need: NeedFile | None
    why: tuple[Text, ...]


@dataclass
class Sorted:
    """Matches by what can be done with them, in the order given."""

    ready: list[Ready] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    barred: list[Barred] = field(default_factory=list)


def sort_out(
    session: Session, viewer: Viewer, matches: Sequence[Match], rooms: Rooms | None = None, taken: Taken | None = None,
    terms: Terms | None = None,
) -> Sorted:  # fmt: skip
    """What of `matches` can be recommended, was already, or cannot be.

    `taken` is what is promised under the limits of `rooms`; what is ready is added to it, so that needs of one group
    are counted together. So is quota, which is asked of the ledger as it stands now.
    """
    viewer.require(Permission.RUN_MATCHING)
    terms, found = terms or shipped(), Sorted()
    draws = {(draw.tool, match.suggestion.institution_id) for match in matches if (draw := match.suggestion.draw)}
    taken, promised = taken if taken is not None else {}, going.promised(session, draws)
    needs = _needs(session, viewer, [match.need_no for match in matches])
    offers = _offers(session, {need.id for need in needs.values()})
    for match in matches:
        need = needs.get(match.need_no)
        if need is None:
            found.barred.append(Barred(match, None, (NOT_FILED,)))
            continue
        bank, own = match.suggestion.institution_id, offers.get(need.id, [])
        there = next((offer for offer in own if offer.institution_id == bank), None)
        if there is not None and there.state not in OVER:
            found.sent.append(Sent(match, need, there))
            continue
        why = [*_stopped(session, need, match, own, there, terms)]
        if rooms is not None:
            why += rooms.against(bank, need.enterprise_id, need.amount, taken, need.called)
        if (draw := match.suggestion.draw) is not None:
            why += promised.against(draw, bank, need.called)
        if why:
            found.barred.append(Barred(match, need, tuple(why)))
            continue
        if draw is not None:
            promised.take(draw.tool, bank, need.called, draw.amount)
        if rooms is not None:
            rooms.take(taken, bank, need.enterprise_id, need.called, need.amount)
        found.ready.append(Ready(match, need))
    return found


def send(
    session: Session, viewer: Viewer, match: Match, run: int, rooms: Rooms | None = None, taken: Taken | None = None,
    terms: Terms | None = None,
) -> Ready | Sent | Barred:  # fmt: skip
    """Recommend one match, if that can be done now; the same again changes nothing."""
    found = sort_out(session, viewer, [match], rooms, taken, terms)
    for ready in found.ready:
        filing.recommend(session, viewer, ready.need.id, ready.need.version, [match.suggestion], terms, run=run)
        return ready
    return (found.sent or found.barred)[0]


def firms(session: Session, viewer: Viewer, matches: Sequence[Match]) -> set[str]:
    """The enterprises behind `matches`, those that have filed them."""
    return {need.enterprise_id for need in _needs(session, viewer, [match.need_no for match in matches]).values()}


NOT_FILED = Text(
    "企业还没有在平台提出这项需求并授权，须由企业在自己的页面申请",
    "the enterprise has not filed this need and authorised banks; it does so on its own page",
)
OVER = ("declined", "refused", "lapsed")


def _stopped(
    session: Session, need: NeedFile, match: Match, own: Sequence[NeedOffer], there: NeedOffer | None, terms: Terms
) -> Iterable[Text]:
    """What stands against sending a need, apart from limits."""
    now = office_of(session).clock()
    if need.state in filing.ENDED:
        zh, en = filing.STATES[need.state]
        yield Text(f"需求{zh}", f"the need is at “{en}”")
        return
    if need.state == "approved":
        yield Text("已有银行审批通过", "a bank has approved it")
    if there is not None:
        zh, en = STATES[there.state]
        yield Text(f"该行此前的答复：{zh}", f"this bank has answered before: {en}")
    ends = filing.consent_ends(need, terms)
    if ends <= now:
        yield filing.consent_over(ends)
    if need.deadline < now.date():
        yield Text(f"已过最晚用款日期 {need.deadline}", f"past the day the money is needed by, {need.deadline}")
    if (need.amount, need.term_months) != (match.amount, match.months):
        yield Text(
            f"企业申请的是 {need.amount:,.2f} 元、{need.term_months} 个月，与对接时不同，请重新对接",
            f"the enterprise asks for {need.amount:,.2f} over {need.term_months} months, which is not what was matched",
        )
    if sum(1 for offer in own if offer.state not in OVER) >= (most := terms.numbers["recommend_to"]):
        yield Text(f"已同时推荐给 {most} 家银行，等待答复", f"{most} banks are at it already; wait for an answer")


def _needs(session: Session, viewer: Viewer, numbers: Collection[str]) -> Mapping[str, NeedFile]:
    """The needs of the viewer's scope that a run calls so: by their own number, or that of the need in the book.

    Where a need of the book was filed more than once, the one that goes on, or else the last.
    """
    found: dict[str, NeedFile] = {}
    asked = list(dict.fromkeys(numbers))
    for start in range(0, len(asked), CHUNK):
        wanted = select(NeedFile).where(filing.visible(viewer), _called(asked[start : start + CHUNK]))
        for need in session.scalars(wanted.order_by(NeedFile.state.not_in(filing.ENDED), NeedFile.id)):
            found[need.called] = need
    return found


def _called(numbers: Sequence[str]) -> ColumnElement[bool]:
    by_year: dict[int, list[int]] = {}
    for number in numbers:
        if own := NUMBER.fullmatch(number):
            by_year.setdefault(int(own[1]), []).append(int(own[2]))
    own_numbers = (and_(NeedFile.year == year, NeedFile.serial.in_(serials)) for year, serials in by_year.items())
    return or_(and_(NeedFile.book_no != "", NeedFile.book_no.in_(numbers)), *own_numbers)


def _offers(session: Session, needs: Collection[int]) -> Mapping[int, list[NeedOffer]]:
    found: dict[int, list[NeedOffer]] = {}
    asked = sorted(needs)
    for start in range(0, len(asked), CHUNK):
        wanted = select(NeedOffer).where(NeedOffer.need_id.in_(asked[start : start + CHUNK])).order_by(NeedOffer.id)
        for offer in session.scalars(wanted):
            found.setdefault(offer.need_id, []).append(offer)
    return found
