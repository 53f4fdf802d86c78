"""Lists: no entry without a document, notice, an answered objection and two persons; exit by term, repair, removal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conduct.conduct_samples import FIRM, OTHER, START, Staff, basis
from databases import Ticking
from houfeng.conduct.lists import entering, leaving
from houfeng.conduct.lists.conditions import FAILED, MET, all_met, conditions
from houfeng.conduct.lists.entering import find
from houfeng.conduct.tables import Listing
from houfeng.conduct.terms import terms_on
from houfeng.errors import AccessError, ConflictError, InputError, NotFoundError, UsageError
from houfeng.office import approvals, journal
from houfeng.office.access import Viewer
from houfeng.office.database import Office


def _get(office: Office, entry: Listing) -> Listing:
    with office.read() as session:
        found = session.get(Listing, entry.id)
        assert found is not None
        return found


def _propose(office: Office, people: Staff, ground: str = "evasion_found") -> Listing:
    with office.begin() as session:
        return entering.propose(session, people.officer, FIRM, basis(ground), "法院认定转移财产")


def _sign(office: Office, entry: Listing, who: Viewer, approve: bool = True) -> Listing:
    with office.begin() as session:
        approval = session.get(Listing, entry.id)
        assert approval is not None
        assert approval.approval_id is not None
        approvals.decide(session, who, approval.approval_id, approve, "核对无误")
    return _get(office, entry)


def _listed(office: Office, people: Staff, clock: Ticking, ground: str = "evasion_found") -> Listing:
    entry = _propose(office, people, ground)
    clock.pass_days(8)
    with office.begin() as session:
        entering.put(session, people.officer, entry.id, 1, "期满未申辩")
    return _sign(office, entry, people.approver)


def test_onto_the_list_and_off_it_at_the_end_of_the_term(office: Office, people: Staff, clock: Ticking) -> None:
    entry = _listed(office, people, clock)
    assert (entry.state, entry.level, entry.listed_on) == ("listed", "serious", date(2026, 4, 9))
    assert (entry.least_until, entry.until) == (date(2027, 4, 9), date(2029, 4, 9))
    with office.begin() as session:
        assert leaving.counts(session) == {"incentive": 0, "punishment": 1}
        assert leaving.expire(session, date(2029, 4, 8)) == 0
        assert leaving.expire(session, date(2029, 4, 9)) == 1
        assert leaving.expire(session, date(2029, 4, 10)) == 0
        assert journal.verify(session) == []
    assert (_get(office, entry).state, _get(office, entry).left_how) == ("left", "expired")


@pytest.mark.parametrize(
    ("ground", "months"), [("false_report", 12), ("serious_violation", 36), ("late_obligation", 3), ("taxpayer_a", 12)]
)
def test_terms_by_how_grave_it_is(office: Office, people: Staff, clock: Ticking, ground: str, months: int) -> None:
    entry = _listed(office, people, clock, ground)
    assert entry.until is not None
    assert entry.listed_on is not None
    years, left = divmod(months, 12)
    assert entry.until == entry.listed_on.replace(year=entry.listed_on.year + years, month=4 + left)


def test_ordinary_failings_stood_three_years_before_april_2026() -> None:
    assert terms_on(date(2026, 3, 31)).number("ordinary_most_months") == 36
    assert terms_on(date(2026, 4, 1)).number("ordinary_most_months") == 12
    with pytest.raises(InputError, match="ordinary_most_months"):
        terms_on(date(2020, 1, 1)).number("ordinary_most_months")


def test_what_is_missing_is_told_at_once(office: Office, people: Staff) -> None:
    alert = [{"kind": "alert", "key": "a1"}]
    poor = replace(basis(), authority=" ", document_no="", document_on=None, evidence=alert)
    with office.begin() as session:
        with pytest.raises(InputError) as told:
            entering.propose(session, people.officer, FIRM, poor, "只有预警")
        assert [one.where.field for one in told.value.problems] == [
            "authority", "document_no", "document_on", "evidence",
        ]  # fmt: skip
        with pytest.raises(UsageError):
            entering.propose(session, people.officer, FIRM, basis(), " ")
        good = replace(basis("honoured"), document_no="", document_on=None, evidence=[])
        assert entering.propose(session, people.officer, FIRM, good, "省级表彰").list_kind == "incentive"


def test_time_to_object_and_no_entry_before_the_answer(office: Office, people: Staff, clock: Ticking) -> None:
    entry = _propose(office, people)
    with pytest.raises(ConflictError, match="time to object until"), office.begin() as session:
        entering.put(session, people.officer, entry.id, 1, "太早")
    with office.begin() as session:
        with pytest.raises(NotFoundError):
            entering.object_(session, people.other_firm, entry.id, 1, "不是我")
        entering.object_(session, people.firm, entry.id, 1, "判决尚未生效")
        with pytest.raises(ConflictError):
            entering.object_(session, people.firm, entry.id, 2, "再说一次")
    clock.pass_days(8)
    with pytest.raises(ConflictError, match="answer the objection"), office.begin() as session:
        entering.put(session, people.officer, entry.id, 2, "没有答复")
    with office.begin() as session:
        entering.answer(session, people.officer, entry.id, 2, "判决已于三月一日生效")
        entering.put(session, people.officer, entry.id, 3, "已答复")
    assert _sign(office, entry, people.approver).state == "listed"


def test_an_objection_may_end_it_and_comes_too_late_after_the_notice(
    office: Office, people: Staff, clock: Ticking
) -> None:
    entry = _propose(office, people)
    clock.pass_days(8)
    with office.begin() as session:
        with pytest.raises(ConflictError, match="has passed"):
            entering.object_(session, people.firm, entry.id, 1, "迟了")
        entering.drop(session, people.officer, entry.id, 1, "认定文书被撤销")
    assert _get(office, entry).state == "dropped"
    with office.begin() as session:
        entering.propose(session, people.officer, FIRM, basis(), "可以重新办理")


def test_four_eyes(office: Office, people: Staff, clock: Ticking) -> None:
    with office.begin() as session:
        entry = entering.propose(session, people.both, FIRM, basis(), "自己提")
    clock.pass_days(8)
    with office.begin() as session:
        entering.put(session, people.both, entry.id, 1, "自己送")
    with pytest.raises(AccessError):
        _sign(office, entry, people.both)
    with pytest.raises(ConflictError, match="waits for a signature"), office.begin() as session:
        entering.drop(session, people.officer, entry.id, 2, "正待签批")
    refused = _sign(office, entry, people.approver, approve=False)
    assert (refused.state, refused.approval_id) == ("noticed", None)


def test_scopes(office: Office, people: Staff, clock: Ticking) -> None:
    entry = _propose(office, people)
    with office.begin() as session:
        for who in (people.bank, people.elsewhere, people.other_firm):
            with pytest.raises(NotFoundError):
                find(session, who, entry.id)
        for who in (people.firm, people.viewer):
            with pytest.raises(AccessError):
                entering.drop(session, who, entry.id, 1, "越权")
        with pytest.raises(AccessError):
            entering.propose(session, people.elsewhere, FIRM, basis("false_report"), "别处的经办")
        assert entering.propose(session, people.elsewhere, OTHER, basis(), "本地的").enterprise_id == OTHER.id
        with pytest.raises(ConflictError, match="for this ground"):
            entering.propose(session, people.officer, FIRM, basis(), "重复")
    clock.pass_days(8)
    with office.begin() as session:
        entering.put(session, people.officer, entry.id, 1, "期满")
    _sign(office, entry, people.approver)
    with office.begin() as session:
        for who in (people.bank, people.elsewhere):  # who applies a list sees it
            assert find(session, who, entry.id).id == entry.id
        with pytest.raises(AccessError):
            leaving.remove(session, people.elsewhere, entry.id, 3, "别处的经办")


def test_repair_by_conditions_and_two_persons(office: Office, people: Staff, clock: Ticking) -> None:
    entry = _listed(office, people, clock, "false_report")
    version = entry.version
    with pytest.raises(ConflictError, match="can be asked from"), office.begin() as session:
        leaving.ask_repair(session, people.firm, entry.id, version, "已更正材料", True)
    clock.pass_days(91)
    with office.begin() as session:
        with pytest.raises(UsageError, match="public promise"):
            leaving.ask_repair(session, people.firm, entry.id, version, "已更正材料", False)
        leaving.ask_repair(session, people.firm, entry.id, version, "已更正材料并缴清罚款", True)
    with pytest.raises(UsageError), office.begin() as session:
        leaving.repair(session, people.officer, entry.id, version + 1, " ", "没核实")
    with office.begin() as session:
        leaving.repair(session, people.officer, entry.id, version + 1, "缴款凭证已核", "条件满足")
    done = _sign(office, entry, people.approver)
    assert (done.state, done.left_how) == ("left", "repaired")
    with office.read() as session:
        assert leaving.on_lists(session, FIRM.id) == []


def test_a_refused_repair_may_be_asked_again_and_a_wrong_entry_is_removed(
    office: Office, people: Staff, clock: Ticking
) -> None:
    entry = _listed(office, people, clock, "late_obligation")
    with office.begin() as session:
        leaving.ask_repair(session, people.firm, entry.id, entry.version, "已履行", True)
        leaving.refuse_repair(session, people.officer, entry.id, entry.version + 1, "尚欠滞纳金")
        leaving.ask_repair(session, people.firm, entry.id, entry.version + 2, "滞纳金已缴", True)
        leaving.remove(session, people.officer, entry.id, entry.version + 3, "认定文书被撤销")
    assert _sign(office, entry, people.approver).left_how == "removed"


def test_a_clean_time_by_the_rival_reading() -> None:
    asked = {"asked_on": "2026-08-01", "done": "x", "promise": "yes", "verified": "y"}
    assert all_met(conditions(None, START.date(), asked, None, 0))
    assert not all_met(conditions(None, START.date(), asked, None, 90))  # nobody looked
    assert [one.state for one in conditions(None, START.date(), asked, 1, 90)][-1] == FAILED
    assert all_met(conditions(None, START.date(), asked, 0, 90))


@given(st.dates(date(2026, 1, 1), date(2030, 1, 1)), st.integers(-400, 400), st.booleans(), st.booleans())
def test_nobody_leaves_before_the_least_time(today: date, days: int, verified: bool, promised: bool) -> None:
    """All conditions hold exactly when the time has passed, somebody verified it, and a promise was given."""
    repair = {"done": "x", **({"verified": "y"} if verified else {}), **({"promise": "yes"} if promised else {})}
    found = conditions(today + timedelta(days=days), today, repair, None, 0)
    assert all_met(found) == (days <= 0 and verified and promised)
    assert (found[0].state == MET) == (days <= 0)
