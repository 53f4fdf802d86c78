"""The road of a claim: drawn, submitted, decided by two, paid, extended, repaid; the books agree after every step."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from claims.claim_samples import (
    OTHER_SUBSIDY,
    SMALL,
    SUBSIDY,
    Because,
    Draft,
    Walk,
    loan,
    whole,
)
from databases import Ticking
from houfeng.claims import files, ledger
from houfeng.claims.acts import bans, deciding, drafting, funding, recalling
from houfeng.claims.acts.checking import Correction
from houfeng.claims.files import lines
from houfeng.claims.tables import ClaimStep
from houfeng.errors import AccessError, ConflictError, InputError, NotFoundError, Text


def test_a_claim_goes_all_the_way(walk: Walk, clock: Ticking) -> None:
    """Quota and books move with it: frozen at the decision, used at payment, returned at the end."""
    walk.grant(1000)
    walk.draw(loan("A", 300), loan("B", 200), refused=[loan("C", 100, reasons=(Because(),))])
    assert walk.states() == {"A": "drawn", "B": "drawn", "C": "not_eligible"}
    walk.submit()
    assert walk.claim().state == "submitted"
    whole(walk)
    walk.decide(B="材料不全")
    assert (walk.quota().frozen, walk.quota().used) == (300, 0)
    assert walk.claim().state == "submitted"
    assert walk.waiting() == 2
    whole(walk)
    walk.sign()
    assert (walk.claim().state, walk.states()) == (
        "partly_accepted",
        {"A": "accepted", "B": "refused", "C": "not_eligible"},
    )
    whole(walk)
    walk.disburse()
    claim = walk.claim()
    assert (claim.state, claim.outstanding, claim.due_on) == ("disbursed", Decimal(300), date(2027, 4, 1))
    assert (walk.quota().frozen, walk.quota().used) == (0, 300)
    whole(walk)
    clock.pass_days(365)
    with walk.office.begin() as session:
        funding.repay(session, walk.people.officer, claim.id, walk.version, clock().date(), "到期")
    assert (walk.claim().state, walk.quota().used, walk.quota().returned) == ("matured", 0, 300)
    whole(walk)
    with walk.office.read() as session:
        steps = session.scalars(select(ClaimStep).order_by(ClaimStep.number)).all()
        assert [one.move for one in steps] == ["draw", "submit", "accept", "disburse", "repay"]
        assert steps[2].proposed_by == walk.people.officer.user_id


def test_who_decided_does_not_sign(walk: Walk) -> None:
    """Neither the officer who decided nor a person with both roles signs their own decision."""
    walk.grant(1000)
    walk.draw(loan("A", 300)).submit()
    version = walk.version
    with walk.office.begin() as session:
        deciding.decide(session, walk.people.both, walk.claim_id, version, {}, "核对无误")
    with pytest.raises(AccessError):
        walk.sign(viewer=walk.people.both)
    walk.sign()
    assert walk.claim().state == "accepted"


def test_a_decision_that_is_not_signed_never_was(walk: Walk) -> None:
    """The quota is free again, the loans wait, the officer's remarks are gone."""
    walk.grant(1000)
    walk.draw(loan("A", 300), loan("B", 200)).submit().decide(B="材料不全").sign(approve=False)
    assert (walk.quota().frozen, walk.claim().state, walk.waiting()) == (0, "submitted", 2)
    whole(walk)
    walk.decide().sign()
    assert walk.claim().granted == 500
    whole(walk)


def test_while_it_waits_nothing_moves_it(walk: Walk) -> None:
    """A claim that waits for a signature is not decided again, dropped or corrected."""
    walk.grant(1000)
    walk.draw(loan("A", 300)).submit().decide()
    with pytest.raises(ConflictError, match="signature"):
        walk.decide()
    with pytest.raises(ConflictError), walk.office.begin() as session:
        drafting.drop(session, walk.people.reporter, walk.claim_id, walk.version, "不要了")


def test_a_workbook_is_held_against_the_book(walk: Walk) -> None:
    """More, other and unknown loans are refused with reasons; less is its choice, and so is leaving out."""
    walk.grant(10_000)
    walk.draw(
        loan("A", 300), loan("B", 200), loan("C", 100), loan("D", 50), refused=[loan("N", 70, reasons=(Because(),))]
    )
    draft = Draft(
        [loan("A", 300), loan("B", 200), loan("C", 100), loan("D", 50)], [loan("N", 70, reasons=(Because(),))]
    )
    walk.submit([loan("A", 300), loan("B", 250), loan("C", 60), loan("N", 70), loan("X", 10), loan("X", 10)], draft)
    assert walk.states() == {
        "A": "asked", "B": "refused", "C": "asked", "D": "left_out", "N": "refused", "X": "refused",
    }  # fmt: skip
    with walk.office.read() as session:
        codes = {line.contract_no: [why["code"] for why in line.reasons] for line in lines(session, walk.claim_id)}
    assert codes["B"] == ["base", "amount"]
    assert codes["C"] == ["less"]
    assert codes["N"] == ["size", "not_eligible"]
    assert codes["X"] == ["not_in_book", "twice"]
    whole(walk)


def test_refused_loans_are_corrected_and_asked_again(walk: Walk) -> None:
    """A correction that still deviates changes nothing; one that agrees with the book waits for a decision."""

    def fix(contract: str, yuan: int) -> Correction:
        one = loan(contract, yuan)
        return Correction(contract, "1", "", one.borrower_id, one.counted_from, one.counted_to, one.base, one.amount)

    walk.grant(10_000)
    draft = Draft([loan("A", 300), loan("B", 200), loan("C", 100)])
    walk.draw(*draft.lines).submit([loan("A", 300), loan("B", 250), loan("C", 120)], draft).decide().sign()
    assert walk.claim().state == "partly_accepted"
    number = walk.numbers()
    with pytest.raises(InputError) as caught, walk.office.begin() as session:
        deciding.correct(
            session, walk.people.reporter, walk.claim_id, walk.version,
            {number["B"]: fix("B", 220), number["C"]: fix("C", 110)}, draft, "更正",
        )  # fmt: skip
    assert [p.code for p in caught.value.problems] == ["claim.base", "claim.amount"] * 2
    with walk.office.begin() as session:
        deciding.correct(
            session, walk.people.reporter, walk.claim_id, walk.version, {number["B"]: fix("B", 200)}, draft, "录入笔误"
        )
    assert (walk.claim().state, walk.states()) == ("corrected", {"A": "accepted", "B": "asked", "C": "refused"})
    whole(walk)
    walk.decide().sign()
    assert (walk.claim().state, walk.claim().granted) == ("partly_accepted", 500)
    walk.disburse()
    whole(walk)


def test_extension_keeps_only_what_stands_the_re_test(walk: Walk, clock: Ticking) -> None:
    """Failing loans are repaid when it is signed; more extensions than the tool has are refused."""
    walk.grant(1000)
    walk.funded(loan("A", 300), loan("B", 200))
    number = walk.numbers()

    def extend(failing: dict[int, Text]) -> None:
        with walk.office.begin() as session:
            funding.extend(session, walk.people.officer, walk.claim_id, walk.version, failing, "到期展期")

    clock.pass_days(364)
    extend({number["B"]: Text("贷款已结清", "the loan is repaid")})
    walk.sign()
    claim = walk.claim()
    assert (claim.state, claim.due_on, claim.outstanding, claim.extensions) == ("extended", date(2028, 4, 1), 300, 1)
    assert walk.states() == {"A": "funded", "B": "repaid"}
    assert (walk.quota().used, walk.quota().returned) == (300, 200)
    whole(walk)
    with pytest.raises(ConflictError, match="re-test"):
        extend({number["A"]: Text("不再符合", "no longer eligible")})
    extend({})
    walk.sign()
    with pytest.raises(ConflictError, match="2 times"):
        extend({})
    whole(walk)


def test_a_failed_audit_takes_the_money_back_and_bars_the_bank(walk: Walk, clock: Ticking) -> None:
    """100,000 for 90 days at 3 points over 360 days: a penalty of 750.00; a ban of twelve months."""
    walk.grant(1_000_000)
    walk.funded(loan("A", 100_000), loan("B", 200_000))
    clock.pass_days(90)
    with walk.office.begin() as session:
        recalling.recall(
            session, walk.people.officer, walk.claim_id, walk.version, [walk.numbers()["A"]], "虚假台账", ban=True
        )
    walk.sign()
    assert (walk.claim().state, walk.claim().outstanding) == ("disbursed", 200_000)
    with walk.office.read() as session:
        booked = ledger.balances(session)
        assert booked[(walk.tool.name, walk.bank.id, "penalty_due")] == Decimal("750.00")
        held = bans.in_force(session, walk.bank.id, clock().date(), walk.tool.name)
        assert [one.until for one in held] == [date(2027, 6, 30)]
    whole(walk)
    walk.draw(loan("Z", 10), period=(date(2026, 4, 1), date(2026, 6, 30)))
    with pytest.raises(AccessError, match="may not claim until 2027-06-30"):
        walk.submit()
    with pytest.raises(AccessError), walk.office.begin() as session:
        bans.lift(session, walk.people.approver, held[0].id, "申诉成立")  # who signed made it
    with walk.office.begin() as session:
        bans.lift(session, walk.people.both, held[0].id, "申诉成立")
    walk.submit()


def test_a_subsidy_is_paid_by_two_treasuries(walk: Walk, clock: Ticking) -> None:
    """Nine tenths by the centre, the rest by the province; recalled, both get theirs back. No quota binds it."""
    walk.tool = SUBSIDY
    walk.funded(loan("A", "33.33", central=Decimal("30.00")))
    with walk.office.read() as session:
        booked = {account: amount for (_, _, account), amount in ledger.balances(session).items()}
    assert booked["subsidy_central"] == Decimal("30.00")
    assert booked["subsidy_province"] == Decimal("3.33")
    whole(walk)
    with pytest.raises(ConflictError, match="subsidy"), walk.office.begin() as session:
        funding.repay(session, walk.people.officer, walk.claim_id, walk.version, clock().date(), "到期")
    with walk.office.begin() as session:
        recalling.recall(session, walk.people.officer, walk.claim_id, walk.version, [walk.numbers()["A"]], "套取")
    walk.sign()
    assert walk.claim().state == "recalled"
    whole(walk)


def test_one_claim_for_a_bank_tool_and_period(walk: Walk) -> None:
    """A draft is drawn anew; a submitted claim is named; a dropped one frees its period."""
    walk.draw(loan("A", 300))
    first = walk.claim_id
    walk.draw(loan("A", 300), loan("B", 1))
    assert (walk.claim_id, walk.states()) == (first, {"A": "drawn", "B": "drawn"})
    walk.submit()
    with pytest.raises(ConflictError, match=f"/claims/{first}"):
        walk.draw(loan("A", 300))
    with walk.office.begin() as session:
        drafting.drop(session, walk.people.reporter, first, walk.version, "口径有误")
    walk.draw(loan("A", 300))
    assert walk.claim_id != first
    whole(walk)


def test_no_loan_under_two_tools_of_a_group(walk: Walk) -> None:
    """One tool and one subsidy may stand on a loan; two tools or two subsidies may not; a later quarter may."""
    walk.grant(1000)
    walk.draw(loan("A", 300)).submit()
    other = Walk(walk.office, walk.people, SMALL)
    other.draw(loan("A", 300), loan("B", 5)).submit()
    assert other.states() == {"A": "refused", "B": "asked"}
    paid = Walk(walk.office, walk.people, SUBSIDY)
    paid.draw(loan("A", 3)).submit()
    assert paid.states() == {"A": "asked"}
    second = Walk(walk.office, walk.people, OTHER_SUBSIDY)
    with pytest.raises(InputError):
        second.draw(loan("A", 3)).submit()
    later = Walk(walk.office, walk.people, SUBSIDY)
    spring = (date(2026, 4, 1), date(2026, 6, 30))
    later.draw(loan("A", 3, counted_from=spring[0], counted_to=spring[1]), period=spring).submit()
    assert later.states() == {"A": "asked"}
    whole(walk)


def test_a_bank_sees_and_claims_its_own_only(walk: Walk) -> None:
    """Another bank, another region, and an officer who would claim: each is told no."""
    walk.draw(loan("A", 300))
    for stranger in (walk.people.second_bank, walk.people.elsewhere):
        with pytest.raises(NotFoundError), walk.office.read() as session:
            files.find(session, stranger, walk.claim_id)
    with pytest.raises(NotFoundError), walk.office.begin() as session:
        drafting.submit(session, walk.people.second_bank, walk.claim_id, walk.version, "")
    with pytest.raises(AccessError), walk.office.begin() as session:
        drafting.submit(session, walk.people.officer, walk.claim_id, walk.version, "")


def test_a_claim_that_changed_is_not_acted_on(walk: Walk) -> None:
    """Who saw an older version is told so."""
    walk.draw(loan("A", 300))
    with pytest.raises(ConflictError, match="changed"), walk.office.begin() as session:
        drafting.submit(session, walk.people.reporter, walk.claim_id, walk.version - 1, "")
