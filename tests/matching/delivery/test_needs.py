"""The flow of a need: apply and authorise, recommend, answer within the term, contact, decide, disburse."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from databases import Ticking
from houfeng.errors import AccessError, ConflictError, InputError, NotFoundError, UsageError
from houfeng.matching.delivery import chains, lists, statistics
from houfeng.matching.needs import answering, filing, reminders
from houfeng.matching.needs import statistics as figures
from houfeng.matching.needs.answering import Loan
from houfeng.matching.tables import Authorisation, NeedFile, NeedOffer, PolicyChain
from houfeng.office.database import Office
from houfeng.office.tables import Notice
from matching.delivery.delivery_samples import ABOUT, BANK, FIRM, OTHER, POLICY, People, judge, suggestion, wish

LOAN = Loan(Decimal("2000000.00"), Decimal("3.45"), 12)


def applied(office: Office, staff: People, **more: object) -> int:
    """A need of FIRM for the policy it is on the list of."""
    with office.begin() as session:
        if lists.newest(session, POLICY.name) is None:
            lists.make(session, staff.officer, judge(date(2026, 1, 31), {FIRM}), POLICY.name)
            lists.publish(session, staff.officer, POLICY.name, 1, {FIRM: [BANK]})
        return filing.apply(session, staff.firm, ABOUT, wish(**more)).id


def recommended(office: Office, staff: People, need_id: int, *banks: str) -> list[int]:
    """The need sent to banks; gives the offers' numbers."""
    with office.begin() as session:
        version = filing.find(session, staff.officer, need_id).version
        suggestions = [suggestion(bank) for bank in banks or (BANK, OTHER)]
        return [offer.id for offer in filing.recommend(session, staff.officer, need_id, version, suggestions)]


def test_from_application_to_money(office: Office, staff: People, clock: Ticking) -> None:
    """Every step by its person; the days are those of the calendar: document 20 January, money 19 March = 58 days."""
    need_id = applied(office, staff)
    clock.pass_days(1)  # 3 March
    first, second = recommended(office, staff, need_id)
    clock.pass_days(2)
    with office.begin() as session:
        answering.accept(session, staff.bank, first, 1)
        answering.decline(session, staff.other, second, 1, "product_full", "")
    clock.pass_days(3)
    with office.begin() as session:
        answering.contact(session, staff.bank, first, 2, "电话联系，约定上门")
        answering.approve(session, staff.bank, first, 3, LOAN)
    clock.pass_days(4)
    with office.begin() as session:
        day = clock.now.date()
        answering.disburse(session, staff.bank, first, 4, "HT-1", "JJ-1", LOAN.amount, day)
    clock.pass_days(7)
    with office.begin() as session:
        assert chains.claimed(session, staff.bank, BANK, "HT-1", "JJ-1", clock.now) == 1
        assert chains.paid(session, staff.officer, BANK, "HT-1", "JJ-1", clock.now, Decimal("6000.00")) == 1
        assert chains.paid(session, staff.officer, BANK, "HT-1", "", clock.now) == 0  # once
        need = filing.find(session, staff.firm, need_id)
        (chain,) = session.scalars(select(PolicyChain))
        states = {offer.institution_id: offer.state for offer in session.scalars(select(NeedOffer))}
        acts = [step.act for step in filing.steps(session, staff.officer, need_id)]
        assert statistics.own_days(chain) == 58
    assert (need.state, chain.state, chain.paid) == ("disbursed", "paid", Decimal("6000.00"))
    assert states == {BANK: "disbursed", OTHER: "declined"}
    assert acts == ["apply", "recommend", "accept", "decline", "contact", "approve", "disburse"]
    moments = [chains.time_of(chain, step) for step in chains.ORDER]
    assert all(moments)
    assert [m.date() for m in moments if m] == sorted(m.date() for m in moments if m)


def test_everything_missing_is_told_at_once(office: Office, staff: People) -> None:
    bad = wish(amount=Decimal(0), term_months=0, use=" ", contact="", deadline=date(2026, 3, 2), data=(), days=9999)
    with office.begin() as session, pytest.raises(InputError) as told:
        filing.apply(session, staff.firm, ABOUT, bad)
    fields = {problem.where.field for problem in told.value.problems}
    assert fields == {"amount", "term_months", "use", "contact", "deadline", "data", "days"}
    with office.begin() as session, pytest.raises(NotFoundError):
        filing.apply(session, staff.second, ABOUT, wish())  # for somebody else
    with office.begin() as session, pytest.raises(AccessError):
        filing.apply(session, staff.officer, ABOUT, wish())


def test_one_need_for_one_matter(office: Office, staff: People) -> None:
    applied(office, staff)
    with pytest.raises(ConflictError):
        applied(office, staff)


def test_a_bank_sees_what_was_sent_to_it_and_its_own_answers(office: Office, staff: People) -> None:
    need_id = applied(office, staff)
    with office.read() as session, pytest.raises(NotFoundError):
        filing.find(session, staff.bank, need_id)
    first, _ = recommended(office, staff, need_id)
    with office.begin() as session:
        assert [o.institution_id for o in filing.offers(session, staff.other, need_id)] == [OTHER]
        with pytest.raises(NotFoundError):
            answering.accept(session, staff.other, first, 1)
        with pytest.raises(AccessError):
            answering.accept(session, staff.officer, first, 1)
        answering.accept(session, staff.bank, first, 1)
        assert [step.act for step in filing.steps(session, staff.other, need_id)] == ["apply", "recommend"]
        with pytest.raises(NotFoundError):
            filing.find(session, staff.second, need_id)
        with pytest.raises(NotFoundError):
            filing.find(session, staff.elsewhere, need_id)


def test_steps_only_in_their_order(office: Office, staff: People) -> None:
    (offer,) = recommended(office, staff, applied(office, staff), BANK)
    with office.begin() as session:
        with pytest.raises(ConflictError):
            answering.approve(session, staff.bank, offer, 1, LOAN)
        with pytest.raises(UsageError):
            answering.decline(session, staff.bank, offer, 1, "premises", "")  # refuses a loan, declines no need
        with pytest.raises(UsageError):
            answering.decline(session, staff.bank, offer, 1, "other", " ")
        answering.accept(session, staff.bank, offer, 1)
        with pytest.raises(ConflictError):
            answering.accept(session, staff.bank, offer, 1)
        answering.approve(session, staff.bank, offer, 2, LOAN)
        with pytest.raises(UsageError):
            answering.disburse(session, staff.bank, offer, 3, "HT", "", LOAN.amount, date(2026, 3, 1))
        with pytest.raises(InputError):
            answering.disburse(session, staff.bank, offer, 3, " ", "", Decimal(0), date(2026, 3, 2))


def test_where_all_banks_say_no(office: Office, staff: People) -> None:
    """Officers and the firm hear of it, the chain ends, and the need may go to further banks."""
    need_id = applied(office, staff)
    (offer,) = recommended(office, staff, need_id, BANK)
    with office.begin() as session:
        answering.accept(session, staff.bank, offer, 1)
        answering.refuse(session, staff.bank, offer, 2, "security", "")
        need = filing.find(session, staff.officer, need_id)
        (chain,) = session.scalars(select(PolicyChain))
        assert (need.state, chain.state, chain.reason) == ("unmet", "refused", "security")
        kinds = {n.kind for n in session.scalars(select(Notice).where(Notice.user_id == staff.officer.user_id))}
        assert "need.unmet" in kinds
    (again,) = recommended(office, staff, need_id, BANK, OTHER)  # the first was asked already
    with office.begin() as session:
        answering.accept(session, staff.other, again, 1)
        answering.approve(session, staff.other, again, 2, LOAN)
        (chain,) = session.scalars(select(PolicyChain))
        assert (chain.state, chain.institution_id, chain.ended_at) == ("approved", OTHER, None)


def test_terms_are_reminded_of_and_escalated_once(office: Office, staff: People, clock: Ticking) -> None:
    """Sent 2 March, 30 days: due 1 April; soon from 29 March, late from 2 April; a shorter promise holds."""
    need_id = applied(office, staff)
    with office.begin() as session:
        made = filing.recommend(session, staff.officer, need_id, 1, [suggestion(BANK), suggestion(OTHER, 10)])
        assert [offer.due_on for offer in made] == [date(2026, 4, 1), date(2026, 3, 12)]
        assert reminders.go_round(session) == (0, 0, 0)
    clock.pass_days(12)  # 14 March
    with office.begin() as session:
        assert reminders.go_round(session) == (1, 1, 0)
        assert reminders.go_round(session) == (0, 0, 0)
    clock.pass_days(15)  # 29 March
    with office.begin() as session:
        assert reminders.go_round(session) == (1, 0, 0)
    clock.pass_days(4)  # 2 April
    with office.begin() as session:
        assert reminders.go_round(session) == (1, 1, 0)
        late = {row.key: row.late for row in figures.answers(session, staff.officer)}
        assert late == {BANK: 1, OTHER: 1}
        told = [n.kind for n in session.scalars(select(Notice).where(Notice.user_id == staff.bank.user_id))]
        assert told == ["delivery.list", "need.sent", "need.soon", "need.late"]
    clock.pass_days(100)
    with office.begin() as session:
        assert reminders.go_round(session).expired == 1
        assert filing.find(session, staff.firm, need_id).state == "expired"


def test_banks_by_hand(office: Office, staff: People, clock: Ticking) -> None:
    """BANK: answers after 2 and 4 days (median 3), one of two decided approved, lent 2,000,000 to a first-time firm."""
    one = applied(office, staff)
    two = applied(office, staff, policy="", book_no="N2")
    offers = [recommended(office, staff, need, BANK)[0] for need in (one, two)]
    clock.pass_days(2)
    with office.begin() as session:
        answering.accept(session, staff.bank, offers[0], 1)
    clock.pass_days(2)
    with office.begin() as session:
        answering.accept(session, staff.bank, offers[1], 1)
        answering.refuse(session, staff.bank, offers[1], 2, "credit", "")
        answering.approve(session, staff.bank, offers[0], 2, LOAN)
        answering.disburse(session, staff.bank, offers[0], 3, "HT", "", LOAN.amount, clock.now.date())
        (bank,) = figures.answers(session, staff.officer)
        policies = {row.key: row for row in figures.answers(session, staff.officer, "policy")}
        (city,) = figures.answers(session, staff.bank, "region")
        assert figures.answers(session, staff.other, "policy") == []
        with pytest.raises(UsageError):
            figures.answers(session, staff.officer, "colour")
        whole = figures.whole(session, staff.officer)
    assert (bank.sent, bank.answered, bank.answer_days, bank.decided, bank.approved) == (2, 2, 3, 2, 1)
    assert (bank.success, bank.disbursed, bank.amount, bank.first_time) == (0.5, 1, LOAN.amount, 1)
    assert whole == (2, 0, 1, LOAN.amount, 1, 1)
    assert (city.key, city.sent, city.success) == ("410100", 2, 0.5)
    assert {key: (row.answer_days, row.success, row.first_time) for key, row in policies.items()} == {
        POLICY.name: (2, 1.0, 1), "": (4, 0.0, 0),
    }  # fmt: skip


def test_withdrawing_ends_offers_and_authorisations(office: Office, staff: People) -> None:
    need_id = applied(office, staff)
    recommended(office, staff, need_id)
    with office.begin() as session:
        version = filing.find(session, staff.firm, need_id).version
        with pytest.raises(ConflictError):
            filing.withdraw(session, staff.firm, need_id, version - 1, "不需要了")
    with office.begin() as session:
        version = filing.find(session, staff.firm, need_id).version
        filing.withdraw(session, staff.firm, need_id, version, "不需要了")
        assert {offer.state for offer in session.scalars(select(NeedOffer))} == {"lapsed"}
        assert all(row.revoked_at for row in session.scalars(select(Authorisation)))
        assert session.scalars(select(NeedFile)).one().state == "withdrawn"
        assert session.scalars(select(PolicyChain)).one().state == "declined"
