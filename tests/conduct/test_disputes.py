"""A dispute from a line to its mark: who may move it, deadlines, corrections that the book must show, the journal."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from conduct.conduct_samples import BANK, FIRM, OTHER, Staff, line
from databases import Ticking
from houfeng.conduct.disputes import answering, filing
from houfeng.conduct.disputes.filing import find, marks
from houfeng.conduct.portrait import portrait
from houfeng.conduct.steps import steps_of
from houfeng.conduct.tables import Dispute
from houfeng.errors import AccessError, ConflictError, NotFoundError, Text, UsageError
from houfeng.office import journal
from houfeng.office.access import Viewer
from houfeng.office.database import Office
from houfeng.office.tables import JournalEntry, Notice

CHANGED = Text("0.00 元", "0.00 yuan")


def _file(office: Office, who: Viewer, **more: object) -> Dispute:
    with office.begin() as session:
        return filing.file(session, who, FIRM, line(**more), BANK, "余额应为零", "已于二月结清")


def _version(office: Office, dispute: Dispute) -> int:
    with office.read() as session:
        found = session.get(Dispute, dispute.id)
        assert found is not None
        return found.version


def test_admitted_and_corrected_once_the_book_says_otherwise(office: Office, people: Staff, clock: Ticking) -> None:
    one = _file(office, people.firm)
    assert (one.number, one.state, (one.due_on - clock.now.date()).days) == ("异〔2026〕1号", "filed", 20)
    with office.begin() as session:
        admitted = answering.answer(session, people.bank, one.id, one.version, True, "核查属实，账务差错")
        assert (admitted.due_on - clock.now.date()).days == 10
    same = Text(one.value_zh, one.value_en)
    with pytest.raises(ConflictError, match="still says"), office.begin() as session:
        answering.correct(session, people.bank, one.id, admitted.version, "S9", same)
    with office.begin() as session:
        closed = answering.correct(session, people.bank, one.id, _version(office, one), "S9", CHANGED)
        assert (closed.state, closed.outcome, closed.correction, closed.due_on) == ("closed", "corrected", "S9", None)
        assert [step.move for step in reversed(steps_of(session, closed))] == ["file", "admit", "correct"]
    with office.read() as session:
        assert journal.verify(session) == []
        acts = session.scalars(select(JournalEntry.act).where(JournalEntry.about == f"dispute:{one.id}")).all()
        told = session.scalars(select(Notice.kind).where(Notice.user_id == people.firm.user_id)).all()
    assert acts == ["dispute.file", "dispute.admit", "dispute.correct"]
    assert told == ["dispute.answer", "dispute.answer"]


def test_refused_reviewed_and_kept_with_a_statement(office: Office, people: Staff) -> None:
    one = _file(office, people.firm)
    with office.begin() as session:
        answering.answer(session, people.bank, one.id, 1, False, "合同与流水均显示未结清")
    with office.begin() as session:
        answering.appeal(session, people.firm, one.id, 2, "还款凭证另附")
        with pytest.raises(AccessError):
            answering.decide(session, people.bank, one.id, 3, "kept", "不归银行复核")
    with pytest.raises(UsageError, match="statement is missing"), office.begin() as session:
        answering.decide(session, people.officer, one.id, 3, "annotated", "证据不足以更正")
    with office.begin() as session:
        done = answering.decide(session, people.officer, one.id, 3, "annotated", "证据不足以更正", "本企业已提起诉讼")
        assert (done.state, done.outcome) == ("closed", "annotated")
    with office.read() as session:
        mark = marks(session, FIRM.id)[line().mark_key]
    assert (mark.statement, mark.pending, mark.admitted) == ("本企业已提起诉讼", False, False)


def test_the_review_may_order_a_correction(office: Office, people: Staff) -> None:
    one = _file(office, people.firm)
    with office.begin() as session:
        answering.answer(session, people.bank, one.id, 1, False, "没有差错")
        answering.appeal(session, people.firm, one.id, 2, "有判决书")
        ordered = answering.decide(session, people.officer, one.id, 3, "corrected", "判决书认定已清偿")
        assert ordered.state == "admitted"
        mark = marks(session, FIRM.id)[line().mark_key]
    assert mark.pending
    assert mark.admitted


@pytest.mark.parametrize("who", ["other_bank", "officer", "firm", "viewer", "elsewhere"])
def test_only_the_bank_that_reported_it_answers(office: Office, people: Staff, who: str) -> None:
    one = _file(office, people.firm)
    with office.begin() as session, pytest.raises((AccessError, NotFoundError)):
        answering.answer(session, getattr(people, who), one.id, 1, True, "越权")


def test_the_office_answers_for_a_court(office: Office, people: Staff) -> None:
    with office.begin() as session:
        court = line("sim-court", kind="public_record", key="R1", corrects="sim-court")
        one = filing.file(session, people.firm, FIRM, court, "", "案件已撤诉", "附裁定书")
    with office.begin() as session:
        with pytest.raises((AccessError, NotFoundError)):
            answering.answer(session, people.bank, one.id, 1, True, "不是本行的")
        assert answering.answer(session, people.officer, one.id, 1, True, "法院确认").state == "admitted"


def test_who_sees_a_dispute(office: Office, people: Staff) -> None:
    one = _file(office, people.firm)
    with office.read() as session:
        for who in (people.firm, people.bank, people.officer, people.viewer, people.approver):
            assert find(session, who, one.id).id == one.id
        for who in (people.other_firm, people.other_bank, people.elsewhere):
            with pytest.raises(NotFoundError):
                find(session, who, one.id)


def test_what_cannot_be_disputed(office: Office, people: Staff) -> None:
    _file(office, people.firm)
    with office.begin() as session:
        with pytest.raises(ConflictError, match="is open"):
            filing.file(session, people.firm, FIRM, line(), BANK, "零", "再提一次")
        with pytest.raises(UsageError, match="sums rows up"):
            filing.file(session, people.firm, FIRM, line(corrects=""), BANK, "零", "汇总")
        with pytest.raises(AccessError):
            filing.file(session, people.firm, OTHER, line(), BANK, "零", "别人的")
        with pytest.raises(UsageError):
            filing.file(session, people.firm, FIRM, line(field="x"), BANK, " ", "没写应为什么")


def test_late_answers_are_told_once_and_the_office_may_take_over(office: Office, people: Staff, clock: Ticking) -> None:
    one = _file(office, people.firm)
    with pytest.raises(ConflictError, match="has time until"), office.begin() as session:
        answering.take(session, people.officer, one.id, 1, "太早")
    clock.pass_days(20)
    with office.begin() as session:
        assert answering.go_round(session) == (0, 0)
    clock.pass_days(1)
    with office.begin() as session:
        assert answering.go_round(session) == (1, 0)
        assert answering.go_round(session) == (0, 0)
        assert answering.take(session, people.officer, one.id, _version(office, one), "超期未答").state == "review"


def test_a_refusal_that_nobody_takes_further_stands(office: Office, people: Staff, clock: Ticking) -> None:
    one = _file(office, people.firm)
    with office.begin() as session:
        answering.answer(session, people.bank, one.id, 1, False, "没有差错")
    clock.pass_days(16)
    with pytest.raises(ConflictError, match="was to be asked"), office.begin() as session:
        answering.appeal(session, people.firm, one.id, 2, "迟了")
    with office.begin() as session:
        assert answering.go_round(session) == (0, 1)
    with office.read() as session:
        found = session.get(Dispute, one.id)
        assert found is not None
        assert (found.state, found.outcome) == ("closed", "kept")


def test_marks_follow_the_line_and_tell_when_the_book_has_not_changed(office: Office, people: Staff) -> None:
    one = _file(office, people.firm)
    with office.begin() as session:
        answering.answer(session, people.bank, one.id, 1, True, "属实")
        told = marks(session, FIRM.id)
    empty = portrait(FIRM.id, line().day, {}, {}, lambda kind, row: line().source)  # type: ignore[arg-type]
    before = type(empty)(FIRM.id, empty.as_of, [line()]).marked(told).lines[0].mark
    after = type(empty)(FIRM.id, empty.as_of, [line(value=CHANGED)]).marked(told).lines[0].mark
    elsewhere = type(empty)(FIRM.id, empty.as_of, [line("another")]).marked(told).lines[0].mark
    assert before is not None
    assert before.uncorrected
    assert after is not None
    assert not after.uncorrected
    assert elsewhere is None


def test_a_withdrawn_dispute_leaves_no_mark_and_a_stale_version_is_refused(office: Office, people: Staff) -> None:
    one = _file(office, people.firm)
    with office.begin() as session:
        with pytest.raises(ConflictError, match="changed by somebody"):
            answering.withdraw(session, people.firm, one.id, 9, "旧页面")
        answering.withdraw(session, people.firm, one.id, 1, "看错了")
        assert marks(session, FIRM.id) == {}
        with pytest.raises(ConflictError):
            answering.answer(session, people.bank, one.id, 2, True, "已撤回")
