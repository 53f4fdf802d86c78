"""Lists of policies: versions, who joined and left and why, and their sending out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from houfeng.errors import AccessError, ConflictError, NotFoundError
from houfeng.matching.delivery import chains, lists, receipts
from houfeng.matching.tables import PolicyChain, PolicyMember, PolicyRecipient
from houfeng.office.database import Office
from houfeng.office.tables import JournalEntry, Notice
from matching.delivery.delivery_samples import BANK, FIRM, FIRMS, OTHER, POLICY, SECOND, THIRD, People, Sets, judge

JANUARY, FEBRUARY, MARCH = date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 1)


def test_versions_tell_who_joined_and_left_and_why(office: Office, staff: People) -> None:
    """Against sets worked out by hand: {1,2} → {1,3} → {3}."""
    states = {
        (JANUARY, FIRM): "yes", (JANUARY, SECOND): "yes", (JANUARY, THIRD): "unknown",
        (FEBRUARY, FIRM): "yes", (FEBRUARY, THIRD): "yes",
        (MARCH, THIRD): "yes", (MARCH, FIRM): "unknown",
    }  # fmt: skip
    for day in (JANUARY, FEBRUARY, MARCH):
        asked = replace(judge(day, ()), states=states)
        with office.begin() as session:
            lists.make(session, staff.officer, asked, POLICY.name)
    with office.read() as session:
        held = [
            {m.enterprise_id for m in lists.members(session, staff.officer, POLICY.name, number)}
            for number in (1, 2, 3)
        ]
        assert held == [{FIRM, SECOND}, {FIRM, THIRD}, {THIRD}]
        joined, left = lists.changes(session, staff.officer, POLICY.name, 2)
        assert [(m.enterprise_id, m.joined_why["missing"][0]["condition"]) for m in joined] == [(THIRD, "staff")]
        assert [(m.enterprise_id, m.left_why["missing"][0]["condition"]) for m in left] == [(SECOND, "size")]
        _, left = lists.changes(session, staff.officer, POLICY.name, 3)
        assert [(m.left_why["cause"], m.left_why["missing"][0]["condition"]) for m in left] == [("facts", "staff")]
        first, _ = lists.changes(session, staff.officer, POLICY.name, 1)
        assert {m.joined_why["cause"] for m in first} == {"first"}
        row = lists.version(session, POLICY.name, 1)
        assert (row.examined, row.entitled, row.unknown, row.joined, row.departed) == (3, 2, 1, 2, 0)


def test_the_same_question_gives_the_same_version(office: Office, staff: People) -> None:
    asked = judge(JANUARY, {FIRM})
    with office.begin() as session:
        assert lists.make(session, staff.officer, asked, POLICY.name).number == 1
        assert lists.make(session, staff.officer, asked, POLICY.name).number == 1
        with pytest.raises(NotFoundError):
            lists.make(session, staff.officer, asked, "nothing")


def test_a_new_rule_is_told_apart_from_new_facts(office: Office, staff: People) -> None:
    """The pack changed: who leaves though nothing about it changed leaves by the rule."""
    with office.begin() as session:
        lists.make(session, staff.officer, judge(JANUARY, {FIRM}), POLICY.name)
        stricter = judge(FEBRUARY, {SECOND}, policy=replace(POLICY, digest="d2"))
        lists.make(session, staff.officer, stricter, POLICY.name)
        _, left = lists.changes(session, staff.officer, POLICY.name, 2)
        assert [m.left_why["cause"] for m in left] == ["rule"]


def test_only_an_officer_of_the_whole_book_makes_lists(office: Office, staff: People) -> None:
    for viewer in (staff.elsewhere, staff.bank, staff.firm, staff.system):
        with office.begin() as session, pytest.raises(AccessError):
            lists.make(session, viewer, judge(JANUARY, {FIRM}), POLICY.name)
    with office.begin() as session:
        assert lists.make(session, "system", judge(JANUARY, {FIRM}), POLICY.name).made_by == "system"


def sent(office: Office, staff: People, asked: Sets, number: int = 1) -> int:
    """A list made and published; FIRM is a customer of BANK, SECOND of both banks."""
    with office.begin() as session:
        lists.make(session, staff.officer, asked, POLICY.name)
        return lists.publish(session, staff.officer, POLICY.name, number, {FIRM: [BANK], SECOND: [BANK, OTHER]})


def test_a_list_goes_to_firms_and_their_banks(office: Office, staff: People) -> None:
    assert sent(office, staff, judge(JANUARY, {FIRM, SECOND, THIRD})) == 3
    with office.read() as session:
        counts = {row.institution_id: row.members for row in session.scalars(select(PolicyRecipient))}
        assert counts == {BANK: 2, OTHER: 1}
        seen = {
            login: {m.enterprise_id for m in lists.members(session, viewer, POLICY.name, 1)}
            for login, viewer in vars(staff).items() if login != "system"
        }  # fmt: skip
        told = {row.user_id for row in session.scalars(select(Notice))}
    assert seen == {
        "officer": {FIRM, SECOND, THIRD}, "elsewhere": {SECOND}, "bank": {FIRM, SECOND}, "other": {SECOND},
        "firm": {FIRM}, "second": {SECOND},
    }  # fmt: skip
    assert told == {staff.bank.user_id, staff.other.user_id, staff.firm.user_id, staff.second.user_id}


def test_a_version_is_sent_once_and_only_the_newest(office: Office, staff: People) -> None:
    sent(office, staff, judge(JANUARY, {FIRM}))
    with office.begin() as session:
        with pytest.raises(ConflictError):
            lists.publish(session, staff.officer, POLICY.name, 1, {})
        lists.make(session, staff.officer, judge(FEBRUARY, {FIRM}), POLICY.name)
        lists.make(session, staff.officer, judge(MARCH, {FIRM}), POLICY.name)
        with pytest.raises(ConflictError):
            lists.publish(session, staff.officer, POLICY.name, 2, {})
        assert lists.publish(session, staff.officer, POLICY.name, 3, {}) == 0  # the chain goes on, no second one


def test_who_left_before_applying_is_told_so(office: Office, staff: People) -> None:
    sent(office, staff, judge(JANUARY, {FIRM, SECOND}))
    with office.begin() as session:
        (chain,) = session.scalars(select(PolicyChain).where(PolicyChain.subject == FIRM))
        chains.answer(session, staff.firm, chain.id, True)
        chains.advance(session, staff.firm, chain, "applied")
    sent(office, staff, judge(FEBRUARY, {THIRD}), 2)
    with office.read() as session:
        states = {chain.subject: chain.state for chain in session.scalars(select(PolicyChain))}
    assert states == {FIRM: "applied", SECOND: "left", THIRD: "sent"}
    sent(office, staff, judge(MARCH, {SECOND, THIRD}), 3)
    with office.read() as session:  # back on the list: a chain anew
        states_now = [
            chain.state for chain in session.scalars(select(PolicyChain).where(PolicyChain.subject == SECOND))
        ]
    assert states_now == ["left", "sent"]


def test_a_bank_says_that_it_has_a_list(office: Office, staff: People) -> None:
    """Once, for itself only, with the days counted; an officer of one city is not told of the whole market."""
    sent(office, staff, judge(JANUARY, {FIRM, SECOND}))
    with office.begin() as session:
        for row in session.scalars(select(PolicyRecipient)):
            row.sent_at -= timedelta(days=3)
    with office.begin() as session:
        assert [one.number for one in receipts.waiting(session, staff.bank, POLICY.name)] == [1]
        assert [(one.number, one.days) for one in receipts.receive(session, staff.bank, POLICY.name)] == [(1, 3)]
        with pytest.raises(ConflictError):
            receipts.receive(session, staff.bank, POLICY.name)
        with pytest.raises(AccessError):
            receipts.receive(session, staff.officer, POLICY.name)
        told = {
            viewer.login: [
                (one.sent.institution_id, one.days) for one in receipts.receipts(session, viewer, POLICY.name)
            ]
            for viewer in (staff.officer, staff.elsewhere, staff.bank, staff.other)
        }
        acts = [entry.act for entry in session.scalars(select(JournalEntry).where(JournalEntry.act.like("delivery.%")))]
    assert told == {
        "officer": [(BANK, 3), (OTHER, None)], "elsewhere": [], "bank": [(BANK, 3)], "other": [(OTHER, None)],
    }  # fmt: skip
    assert acts == ["delivery.list", "delivery.publish", "delivery.bank_received"]


def test_receiving_does_not_bring_back_who_left(office: Office, staff: People) -> None:
    sent(office, staff, judge(JANUARY, {FIRM}))
    sent(office, staff, judge(FEBRUARY, {SECOND}), 2)
    with office.begin() as session:
        assert (len(chains.waiting(session, staff.firm)), chains.receive(session, staff.firm)) == (0, 0)
        (chain,) = session.scalars(select(PolicyChain).where(PolicyChain.subject == FIRM))
        assert (chain.state, chain.received_at) == ("left", None)


def test_many_versions_against_sets(office: Office, staff: People) -> None:
    """Any sequence of sets is told again from who joined and left."""
    sequence = [{FIRM}, {SECOND}, {FIRM, SECOND}, set(), {THIRD, FIRM}, {FIRM}, {FIRM, SECOND, THIRD}]
    for day, firms in enumerate(sequence, 1):
        with office.begin() as session:
            lists.make(session, staff.officer, judge(date(2026, 1, day), firms), POLICY.name)
    with office.read() as session:
        for number, firms in enumerate(sequence, 1):
            found = {m.enterprise_id for m in lists.members(session, staff.officer, POLICY.name, number)}
            assert found == firms
            before, row = ([set(), *sequence][number - 1]), lists.version(session, POLICY.name, number)
            whole = len(firms), len(firms - before), len(before - firms), len(FIRMS), 0
            assert lists.counted(session, staff.officer, row) == whole
            here = ({SECOND} & one for one in (firms, firms - before, before - firms))
            assert lists.counted(session, staff.elsewhere, row) == (*map(len, here), None, None)
        assert session.scalars(select(PolicyMember)).all()
