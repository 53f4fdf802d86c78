"""From a run to banks: what is ready is sent once, what is not is told with every reason, groups count together."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select

from databases import Ticking
from houfeng.claims import quota
from houfeng.claims.tables import Quota
from houfeng.claims.tools import Tool
from houfeng.errors import AccessError, ConflictError, NotFoundError, Text
from houfeng.matching.needs import answering, filing, going, sending
from houfeng.matching.needs.filing import About
from houfeng.matching.needs.sending import Barred, Match, Ready, Sent
from houfeng.matching.recommend import Rooms
from houfeng.matching.recommend.drawing import Draw
from houfeng.matching.tables import Authorisation, NeedFile, NeedOffer
from houfeng.office.database import Office
from houfeng.office.tables import JournalEntry
from matching.delivery.delivery_samples import ABOUT, BANK, FIRM, OTHER, SECOND, People, suggestion, wish

D = Decimal
TWO = D("2000000.00")
RUN = 7


def filed(office: Office, staff: People, who: str = "firm", **more: object) -> tuple[int, str]:
    """A need without a policy: its number in the office, and as people call it."""
    about = ABOUT if who == "firm" else About(SECOND, "示例面粉", "410202", False)
    with office.begin() as session:
        need = filing.apply(session, getattr(staff, who), about, wish(**{"policy": "", **more}))
        return need.id, need.book_no or need.number


def match(need_no: str, bank: str = BANK, **more: object) -> Match:
    """What a run gave: two million over twelve months, but for `more`."""
    return Match(need_no, more.get("amount", TWO), more.get("months", 12), suggestion(bank))  # type: ignore[arg-type]


def test_a_match_is_sent_once(office: Office, staff: People) -> None:
    """The second time changes nothing: one offer, one authorisation, one step, one line of the journal."""
    need_id, number = filed(office, staff)
    for kind in (Ready, Sent, Sent):
        with office.begin() as session:
            assert type(sending.send(session, staff.officer, match(number), RUN)) is kind
    with office.begin() as session:
        (offer,) = session.scalars(select(NeedOffer))
        (given,) = session.scalars(select(Authorisation))
        written = session.scalars(select(JournalEntry).where(JournalEntry.act == "need.recommend")).all()
        assert (offer.need_id, offer.institution_id, offer.state) == (need_id, BANK, "sent")
        assert (given.enterprise_id, given.institution_id, given.need_id) == (FIRM, BANK, need_id)
        assert [json.loads(entry.detail) for entry in written] == [{"banks": [BANK], "offer": None, "run": RUN}]
        answering.accept(session, staff.bank, offer.id, 1)  # and so the flow begins
        assert filing.find(session, staff.officer, need_id).state == "accepted"


def test_a_need_of_the_book_goes_by_its_number_there(office: Office, staff: People) -> None:
    need_id, number = filed(office, staff, book_no="XQ-1")
    assert number == "XQ-1"
    with office.begin() as session:
        one = sending.send(session, staff.officer, match("XQ-1"), RUN)
        assert isinstance(one, Ready)
        assert one.need.id == need_id


def test_nothing_goes_without_the_firm(office: Office, staff: People, clock: Ticking) -> None:
    """Not filed: no. Filed, but the authorisation has ended meanwhile: no, by this road and by the other."""
    need_id, number = filed(office, staff, days=10, deadline=wish().deadline)
    clock.pass_days(10)
    with office.begin() as session:
        absent = sending.send(session, staff.officer, match("XQ-404"), RUN)
        ended = sending.send(session, staff.officer, match(number), RUN)
        assert isinstance(absent, Barred)
        assert isinstance(ended, Barred)
        assert absent.why == (sending.NOT_FILED,)
        assert [why.en for why in ended.why] == ["the enterprise's authorisation ended on 2026-03-12"]
        with pytest.raises(ConflictError, match="authorisation ended"):
            filing.recommend(session, staff.officer, need_id, 1, [suggestion()])
        assert session.scalars(select(NeedOffer)).all() == []


def test_every_reason_is_told_at_once(office: Office, staff: People, clock: Ticking) -> None:
    """Another amount than was matched, past its day, three banks at it, and too much for the bank."""
    need_id, number = filed(office, staff, amount=D("3000000.00"), deadline=wish().deadline)
    with office.begin() as session:
        banks = [suggestion(f"9141010{n}MB000000{n}C") for n in range(3)]
        filing.recommend(session, staff.officer, need_id, 1, banks)
    clock.pass_days(130)
    rooms = Rooms(capital={BANK: (D(10_000_000), None)})
    with office.begin() as session:
        found = sending.sort_out(session, staff.officer, [match(number)], rooms)
        (one,) = found.barred
        told = " ".join(why.en for why in one.why)
        assert len(one.why) == 5
        parts = ("authorisation ended", "needed by", "not what was matched", "3 banks are at it", "1,000,000.00 left")
        assert [part for part in parts if part not in told] == []


@pytest.mark.parametrize("end", ["withdrawn", "expired", "disbursed", "approved"])
def test_what_is_over_is_not_sent(office: Office, staff: People, end: str) -> None:
    need_id, number = filed(office, staff)
    with office.begin() as session:
        session.get_one(NeedFile, need_id).state = end
        found = sending.sort_out(session, staff.officer, [match(number)])
        assert (len(found.ready), len(found.barred)) == (0, 1)


def test_a_bank_that_said_no_is_not_asked_again(office: Office, staff: People) -> None:
    _, number = filed(office, staff)
    with office.begin() as session:
        sending.send(session, staff.officer, match(number), RUN)
        (offer,) = session.scalars(select(NeedOffer))
        answering.decline(session, staff.bank, offer.id, 1, "product_full", "")
        again, elsewhere = (sending.send(session, staff.officer, match(number, bank), RUN) for bank in (BANK, OTHER))
        assert isinstance(again, Barred)
        assert "answered before: Declined" in again.why[0].en
        assert isinstance(elsewhere, Ready)


def test_needs_of_one_group_are_counted_together(office: Office, staff: People) -> None:
    """The bank may lend the group three million more: the first need of two fits, the second of another member not."""
    _, first = filed(office, staff)
    _, second = filed(office, staff, "second")
    rooms = Rooms(
        capital={BANK: (None, D(20_000_000))},  # a group may have 20 %: four million
        lent={(BANK, "G"): D(1_000_000)},
        groups={FIRM: ("G",), SECOND: ("G",)},
        names={"G": "示例集团"},
    )
    both = [match(first), match(second)]
    with office.begin() as session:
        found = sending.sort_out(session, staff.officer, both, rooms)
        assert [one.match.need_no for one in found.ready] == [first]
        (why,) = found.barred[0].why
        assert "2,000,000.00 under way, 1,000,000.00 left" in why.en
        assert "示例集团" in why.zh
        sending.send(session, staff.officer, both[0], RUN, rooms)
        _, later = going.limits(session, (), (), lambda banks, firms: rooms)
        assert isinstance(sending.send(session, staff.officer, both[0], RUN, rooms, later), Sent)
        assert isinstance(sending.send(session, staff.officer, both[1], RUN, rooms, later), Barred)
        assert isinstance(sending.send(session, staff.officer, match(second, OTHER), RUN, rooms, later), Ready)


def draws(need_no: str, amount: int, bank: str = BANK) -> Match:
    """A match whose price rests on so many million of relending."""
    draw = Draw("small_relending", Text("支小再贷款", "small relending"), D(amount * 1_000_000))
    return replace(match(need_no, bank), suggestion=replace(suggestion(bank), draw=draw))


def test_quota_is_asked_again_when_a_need_is_sent(office: Office, staff: People) -> None:
    """The tool has three million: the first need of two is sent, the second is not, because of what the
    offer on its way holds; when the quota is gone nothing is sent that rests on it."""
    tool = Tool("small_relending", Text("支小再贷款", "small relending"), "relending", "p", "d", quota=D(3_000_000))
    _, first = filed(office, staff)
    _, second = filed(office, staff, "second")
    with office.begin() as session:
        before = sending.send(session, staff.officer, draws(first, 2), RUN)
        assert isinstance(before, Barred)
        assert "the quota ledger has nothing of “small relending”" in before.why[0].en
        quota.establish(session, [tool])
        session.flush()
        for row in session.scalars(select(Quota)):
            row.ceiling = D(3_000_000)
    both = [draws(first, 2), draws(second, 2)]
    with office.begin() as session:
        found = sending.sort_out(session, staff.officer, both)
        assert ([one.match.need_no for one in found.ready], len(found.barred)) == ([first], 1)
        assert isinstance(sending.send(session, staff.officer, both[0], RUN), Ready)
    with office.begin() as session:
        (offer,) = session.scalars(select(NeedOffer))
        assert (offer.tool, offer.quota) == ("small_relending", TWO)
        later = sending.send(session, staff.officer, both[1], RUN)
        assert isinstance(later, Barred)
        (why,) = later.why
        assert "“small relending” is short: 2,000,000.00 needed, 3,000,000.00 left, of which 2,000,000.00" in why.en
        assert isinstance(sending.send(session, staff.officer, draws(second, 1), RUN), Ready)
    with office.begin() as session:
        for row in session.scalars(select(Quota)):
            row.frozen = D(3_000_000)
        assert isinstance(sending.send(session, staff.officer, draws(first, 1, OTHER), RUN), Barred)
        assert isinstance(sending.send(session, staff.officer, match(first, OTHER), RUN), Ready)


def test_who_may(office: Office, staff: People) -> None:
    _, number = filed(office, staff)
    with office.begin() as session:
        with pytest.raises(AccessError):
            sending.send(session, staff.bank, match(number), RUN)
        outside = sending.send(session, staff.elsewhere, match(number), RUN)  # of another city: no such need there
        assert isinstance(outside, Barred)
        assert outside.need is None


def test_an_address_names_an_offer_of_its_need(office: Office, staff: People) -> None:
    first, one = filed(office, staff)
    second, _ = filed(office, staff, "second")
    with office.begin() as session:
        sending.send(session, staff.officer, match(one), RUN)
        (offer,) = session.scalars(select(NeedOffer))
        answering.belongs(session, first, offer.id)
        for need, number in ((second, offer.id), (first, offer.id + 1)):
            with pytest.raises(NotFoundError):
                answering.belongs(session, need, number)
