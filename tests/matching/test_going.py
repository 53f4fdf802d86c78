"""What is under way counts the same for a run as for sending: under limits until it is lent, of quota until its claim
has come to an end, and never twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from claims.claim_samples import BANKS, SMALL, Draft, Walk, loan
from claims.claim_samples import staff as claim_staff
from databases import Ticking
from houfeng.claims.acts import deciding
from houfeng.claims.acts.checking import Correction
from houfeng.errors import Text
from houfeng.instruments.eligibility import Answer
from houfeng.matching.clearing import Clearing, clear
from houfeng.matching.needs import answering, filing, going, sending
from houfeng.matching.needs.answering import Loan
from houfeng.matching.needs.sending import Barred, Match
from houfeng.matching.recommend import Asked, Bounds, Need, Quote, Rooms, recommend
from houfeng.matching.recommend.drawing import Draw
from houfeng.matching.recommend.funding import OWN, divided
from houfeng.matching.tables import NeedOffer
from houfeng.office.access import Role, Scope, Viewer
from houfeng.office.database import Office
from matching.delivery.delivery_samples import ABOUT, BANK, FIRM, OTHER, SECOND, THIRD, People, person, suggestion, wish

D = Decimal
MILLION = D(1_000_000)
TOOL = Text("支小再贷款", "small relending")
ROOMS = Rooms(
    capital={BANK: (None, 20 * MILLION)},  # a group may have 20 %: four million, of which three are left
    lent={(BANK, "G"): MILLION},
    groups=dict.fromkeys((FIRM, SECOND, THIRD), ("G",)),
    names={"G": "示例集团"},
)


def sent(office: Office, firm: Viewer, officer: Viewer, bank: str = BANK, draw: D | None = None, **more: object) -> str:
    """A need of two million that the firm has filed and a bank is at: what a run calls it."""
    with office.begin() as session:
        need = filing.apply(session, firm, ABOUT, wish(**{"policy": "", **more}))
        offered = suggestion(bank)
        if draw is not None:
            offered = replace(offered, draw=Draw(SMALL.name, TOOL, draw))
        filing.recommend(session, officer, need.id, need.version, [offered])
        return need.called


def asked(number: str, firm: str, amount: D, *banks: str, funded: bool = False) -> Asked:
    """A need of a run, for which each bank has a product; the first is the cheapest."""
    quotes = [
        Quote(f"p{bank[-1]}", Text(bank, bank), bank, Answer.YES, (), D(3) + place)
        for place, bank in enumerate(banks or (BANK, OTHER))
    ]
    if funded:
        quotes = [replace(one, funded_by=SMALL.name, funded_label=TOOL, own_rate=one.rate + 1) for one in quotes]  # type: ignore[operator]
    return Asked(Need(number, firm, amount, 12), "CS03", None, tuple(quotes))


def bounds_of(office: Office, needs: list[Asked], rooms: Rooms = ROOMS) -> Bounds:
    """What is left for a run, as the desk and the command ask."""
    with office.read() as session:
        return going.bounds(session, needs, lambda banks, firms: rooms)


def market(office: Office, needs: list[Asked]) -> Clearing:
    """A run over these needs."""
    return clear(needs, {"pA": 9 * MILLION, "pB": 9 * MILLION}, bounds=bounds_of(office, needs))


def test_a_run_refuses_what_sending_would(office: Office, staff: People) -> None:
    """Three million are left for the group and two are under way at the bank: two more pass, until the bank says no."""
    sent(office, staff.firm, staff.officer)
    need = asked("N", SECOND, 2 * MILLION)
    offers = recommend(need.need, need.quotes, bounds=bounds_of(office, [need]))
    assert [(one.bank, one.answer) for one in offers] == [(OTHER, Answer.YES), (BANK, Answer.NO)]
    assert "2,000,000.00 under way, 1,000,000.00 left" in offers[1].reasons[0].en
    with office.begin() as session:
        other = filing.apply(session, staff.second, ABOUT._replace(enterprise_id=SECOND), wish(policy=""))
        rooms, taken = going.limits(session, (BANK,), (SECOND,), lambda banks, firms: ROOMS)
        match = Match(other.called, 2 * MILLION, 12, suggestion())
        barred = sending.send(session, staff.officer, match, 7, rooms, taken)
        assert isinstance(barred, Barred)
        assert barred.why == offers[1].reasons[:1]
        answering.decline(session, staff.bank, 1, 1, "product_full", "")
    (first, _) = recommend(need.need, need.quotes, bounds=bounds_of(office, [need]))
    assert (first.bank, first.answer) == (BANK, Answer.YES)


@pytest.mark.parametrize("way", ["stable", "best"])
def test_needs_of_one_group_keep_to_what_is_left_together(office: Office, staff: People, way: str) -> None:
    """Of one million that is left three needs of six hundred thousand ask: one gets the cheap bank."""
    sent(office, staff.firm, staff.officer)
    made = market(office, [asked(f"N{n}", SECOND, 600_000 * D(1)) for n in range(3)])
    got = [offer.bank for n in range(3) if (offer := made.got(made.run(way), n)) is not None]
    assert sorted(got) == [BANK, OTHER, OTHER]


@pytest.mark.parametrize("way", ["stable", "best"])
def test_a_need_that_a_bank_is_at_is_not_counted_twice(office: Office, staff: People, way: str) -> None:
    """The need under way is in the run too, by its number in the book: with another million both fit, with a fen more
    one does not; and where the book has it larger than it was filed, so much more is gone."""
    number = sent(office, staff.firm, staff.officer, book_no="XQ-1")
    assert number == "XQ-1"
    for amount, more, banks in (
        (2 * MILLION, MILLION, [BANK, BANK]),
        (2 * MILLION, MILLION + D("0.01"), [BANK, OTHER]),
        (D("2500000"), D("500000"), [BANK, BANK]),
        (D("2500000"), D("500000.01"), [BANK, OTHER]),
    ):
        needs = [asked(number, FIRM, amount), asked("N", SECOND, D("0.01")), asked("M", THIRD, more - D("0.01"))]
        made = market(office, needs)
        got = [offer.bank for n in (0, 2) if (offer := made.got(made.run(way), n)) is not None]
        small = made.got(made.run(way), 1)
        assert small is not None
        fits = banks[1] == BANK
        assert (got[0], [got[1], small.bank].count(BANK)) == (BANK, 2 if fits else 1)


@pytest.fixture
def walk(office: Office, clock: Ticking) -> Walk:
    """Claims of the first bank for small-firm relending, of which three million are granted."""
    clock.tick = timedelta(microseconds=1)
    made = Walk(office, claim_staff(office), SMALL)
    made.grant(3 * MILLION, SMALL, pool=True)
    return made


@pytest.fixture
def firm(office: Office) -> Viewer:
    """Who files needs."""
    with office.begin() as session:
        return person(session, "firm", Role.ENTERPRISE, Scope(enterprise=FIRM))


@pytest.fixture
def free(walk: Walk) -> Callable[[], D]:
    """What is left of the pool for another loan, less what is under way, in million."""

    def left() -> D:
        with walk.office.read() as session:
            fund = going.promised(session, {(SMALL.name, BANKS[1].id)}).fund(SMALL.name, BANKS[1].id)
            found = fund.left()
            assert found is not None
            return found / MILLION

    return left


def lend(office: Office, bank: Viewer, amount: D = 2 * MILLION, contract: str = "HT") -> None:
    """The bank grants the one need it has, and lends."""
    with office.begin() as session:
        offer = session.query(NeedOffer).filter(NeedOffer.state == "sent").one()
        number = offer.id
        answering.accept(session, bank, number, 1)
        answering.approve(session, bank, number, 2, Loan(amount, D("3.1"), 12))
    with office.begin() as session:
        day = office.clock().date()
        answering.disburse(session, bank, number, 3, contract, "1", amount, day)


def test_a_loan_is_under_way_until_the_book_has_it(office: Office, staff: People) -> None:
    """Of three million the bank lends one and a half: another two fit once somebody found the loan in the book, which
    then counts it; or once it is due."""
    sent(office, staff.firm, staff.officer)
    lend(office, staff.bank, D(1_500_000))
    need = asked("N", SECOND, 2 * MILLION, BANK)

    def answer() -> Answer:
        (offer,) = recommend(need.need, need.quotes, bounds=bounds_of(office, [need]))
        return offer.answer

    assert answer() is Answer.NO
    for change in ({"confirmed": True}, {"confirmed": False, "disbursed_at": datetime(2020, 1, 1)}):
        with office.begin() as session:
            session.query(NeedOffer).update(change)
        assert answer() is Answer.YES, change


def test_from_the_offer_to_the_claim(walk: Walk, firm: Viewer, free: Callable[[], D]) -> None:
    """Two of three million stay taken all the way: by the offer, the loan, the claim that is asked for, and the ledger
    at last; refused, they are free, and corrected they are not."""
    office, people = walk.office, walk.people
    assert free() == 3
    sent(office, firm, people.officer, BANKS[0].id, 2 * MILLION)
    assert free() == 1
    lend(office, people.reporter)
    assert (free(), walk.quota("pool:agri_small").left) == (1, 3 * MILLION)
    drawn = loan("HT", 2 * MILLION, borrower_id=FIRM)
    walk.draw(drawn)
    assert free() == 1
    walk.submit()
    assert free() == 1
    walk.decide(HT="名单不符")
    assert (walk.states(), free()) == ({"HT": "refused"}, 3)
    given = Draft((drawn,), instrument=SMALL.name)
    fix = Correction("HT", "1", "", FIRM, drawn.counted_from, drawn.counted_to, drawn.base, drawn.amount)
    with office.begin() as session:
        number = walk.numbers()["HT"]
        deciding.correct(session, people.reporter, walk.claim_id, walk.version, {number: fix}, given, "更正")
    assert free() == 1
    walk.decide()
    assert (walk.quota("pool:agri_small").frozen, free()) == (2 * MILLION, 1)
    walk.sign(approve=False)
    assert (walk.quota("pool:agri_small").frozen, free()) == (0, 1)
    walk.decide().sign()
    assert free() == 1
    walk.disburse()
    assert (walk.quota("pool:agri_small").used, free()) == (2 * MILLION, 1)


def test_what_draws_no_more_or_less(walk: Walk, firm: Viewer, free: Callable[[], D], clock: Ticking) -> None:
    """A loan that is smaller than what was asked draws less; one that another tool has, or that is due, nothing."""
    office, people = walk.office, walk.people
    sent(office, firm, people.officer, BANKS[0].id, 2 * MILLION)
    lend(office, people.reporter, MILLION)
    assert free() == 2
    other = Walk(office, people, replace(SMALL, name="other_relending", pool=""))
    other.grant(9 * MILLION)
    other.draw(loan("HT", MILLION)).submit().decide().sign()
    assert free() == 3
    sent(office, firm, people.officer, BANKS[0].id, 2 * MILLION)
    lend(office, people.reporter, contract="HT-2")
    assert free() == 1
    clock.pass_days(366)
    assert free() == 3


def test_a_run_has_the_quota_that_is_not_promised(walk: Walk, firm: Viewer) -> None:
    """Of three million two are under way: one of two needs of a million is priced on relending, and the need that is
    under way itself is, because its own promise is not held against it."""
    number = sent(walk.office, firm, walk.people.officer, BANKS[0].id, 2 * MILLION)
    needs = [asked(name, SECOND, MILLION, BANKS[0].id, funded=True) for name in ("N", "M")]
    bounds = bounds_of(walk.office, needs, Rooms())
    assert bounds.funds is not None
    split, capacity = divided(needs, {"pA": 9 * MILLION}, bounds.funds)
    assert capacity == {"pA": MILLION, "pA" + OWN: 8 * MILLION}
    made = clear(split, capacity, bounds=bounds)
    for way in ("stable", "best"):
        got = [made.got(made.run(way), n) for n in (0, 1)]
        assert sorted(one.product for one in got if one) == ["pA", "pA" + OWN]
    own = asked(number, FIRM, 2 * MILLION, BANKS[0].id, funded=True)
    for need, said in ((own, "3,000,000.00 left"), (needs[0], "1,000,000.00 left (2,000,000.00 more is under way)")):
        (offer,) = recommend(need.need, need.quotes, bounds=bounds)
        assert offer.draw is not None
        assert any(said in reason.en for reason in offer.reasons)
    larger = asked("L", SECOND, MILLION + 1, BANKS[0].id, funded=True)
    (offer,) = recommend(larger.need, larger.quotes, bounds=bounds)
    assert (offer.draw, offer.cost is not None) == (None, True)
    assert any("the bank has 1,000,000.00 left (2,000,000.00 more" in reason.en for reason in offer.reasons)
