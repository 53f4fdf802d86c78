"""Four eyes: another person decides, once, in time."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.errors import AccessError, ConflictError, HoufengError, NotFoundError, Text, UsageError
from houfeng.office import approvals, journal, notices
from houfeng.office.access import Role, Scope, Viewer
from houfeng.office.approvals import State
from houfeng.office.database import Office
from houfeng.office.identity import accounts
from houfeng.office.tables import Approval, SettingValue
from office.conftest import Hands
from office.people_samples import person

TITLE = Text("启用政策包 1.2", "activate the pack 1.2")


@pytest.fixture(autouse=True)
def kind(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind of approval that leaves a mark when it is approved, and another when it is not."""
    monkeypatch.setattr(approvals, "_kinds", {})

    def mark(name: str) -> approvals.Effect:
        def effect(session: Session, approval: Approval, who: Viewer | str) -> None:
            if approval.detail.get("fails"):
                raise ConflictError(Text("不行", "no"))
            session.add(SettingValue(name=name, value=1, changed_by="test", changed_at=approval.proposed_at))

        return effect

    approvals.register("pack", mark("yes"), mark("no"))


def _propose(office: Office, viewer: Viewer, about: str = "pack:1", **options: object) -> int:
    with office.begin() as session:
        detail = {"fails": True} if options.pop("fails", False) else {"version": "1.2"}
        made = approvals.propose(session, viewer, "pack", about, TITLE, detail, "更新参数", **options)  # type: ignore[arg-type]
        return made.id


def _marks(office: Office) -> list[str]:
    with office.read() as session:
        return list(session.scalars(select(SettingValue.name)))


def test_another_person_decides_and_it_is_done_in_the_same_breath(office: Office) -> None:
    wang, li = person(office, "wang", Role.ANALYST), person(office, "li", Role.APPROVER)
    number = _propose(office, wang)
    with office.begin() as session:
        assert [one.id for one in approvals.waiting(session, li)] == [number]
        assert approvals.waiting(session, wang) == ()
        assert notices.unread(session, li) == 1
        decided = approvals.decide(session, li, number, True, "同意")
        assert (decided.state, decided.decider_id, decided.decision) == (State.APPROVED, li.user_id, "同意")
    assert _marks(office) == ["yes"]
    with office.read() as session:
        assert notices.unread(session, wang) == 1
        acts = [(e.act, e.who, e.why) for e in journal.entries(session) if e.act.startswith("approval")]
    assert acts == [("approval.propose", "wang", "更新参数"), ("approval.approve", "li", "同意")]


def test_who_proposed_cannot_decide_whatever_their_roles(office: Office) -> None:
    both, viewer = person(office, "both", Role.ANALYST, Role.APPROVER), person(office, "viewer", Role.VIEWER)
    number = _propose(office, both)
    for who in (both, viewer):
        with office.begin() as session, pytest.raises(AccessError):
            approvals.decide(session, who, number, True, "ok")
    with office.read() as session:
        assert approvals.waiting(session, both) == []
    assert _marks(office) == []


def test_it_is_decided_once(office: Office) -> None:
    wang, li = person(office, "wang", Role.ANALYST), person(office, "li", Role.APPROVER)
    zhao = person(office, "zhao", Role.APPROVER)
    number = _propose(office, wang)
    with office.begin() as session:
        approvals.decide(session, li, number, False, "缺依据")
    with office.begin() as session, pytest.raises(ConflictError):
        approvals.decide(session, zhao, number, True, "ok")
    with office.begin() as session, pytest.raises(ConflictError):
        approvals.withdraw(session, wang, number, "")
    assert _marks(office) == ["no"]


def test_of_many_deciders_at_once_one_decides(office: Office) -> None:
    wang = person(office, "wang", Role.ANALYST)
    deciders = [person(office, f"a{n}", Role.APPROVER) for n in range(6)]
    number = _propose(office, wang)
    outcome: list[str] = []

    def decide(who: Viewer) -> None:
        try:
            with office.begin() as session:
                approvals.decide(session, who, number, True, "ok")
            outcome.append("decided")
        except HoufengError as error:
            outcome.append(error.code)

    threads = [threading.Thread(target=decide, args=(who,)) for who in deciders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome) == ["decided"] + ["houfeng.conflict"] * 5


def test_when_the_effect_fails_the_decision_does_not_stand(office: Office) -> None:
    wang, li = person(office, "wang", Role.ANALYST), person(office, "li", Role.APPROVER)
    number = _propose(office, wang, fails=True)
    with pytest.raises(ConflictError), office.begin() as session:
        approvals.decide(session, li, number, True, "ok")
    with office.read() as session:
        assert approvals.find(session, number).state == State.WAITING


def test_who_may_not_see_it_neither_hears_of_it_nor_decides_it(office: Office) -> None:
    approvals.register("pack", lambda *_: None, sees=lambda session, approval, viewer: viewer.login != "far")
    wang, far = person(office, "wang", Role.ANALYST), person(office, "far", Role.APPROVER)
    near = person(office, "near", Role.APPROVER)
    number = _propose(office, wang)
    with office.begin() as session:
        assert (len(approvals.waiting(session, far)), len(approvals.waiting(session, near))) == (0, 1)
        assert (notices.unread(session, far), notices.unread(session, near)) == (0, 1)
        with pytest.raises(NotFoundError):
            approvals.decide(session, far, number, True, "ok")
        approvals.decide(session, near, number, True, "ok")


def test_without_a_rule_only_who_sees_everything_decides(office: Office) -> None:
    city = Scope(regions=frozenset({"410100"}))
    wang, li = person(office, "wang", Role.ANALYST), person(office, "li", Role.APPROVER, scope=city)
    number = _propose(office, wang)
    with office.begin() as session:
        assert approvals.waiting(session, li) == []
        with pytest.raises(NotFoundError):
            approvals.decide(session, li, number, True, "ok")


def test_time_runs_out(office: Office, hands: Hands) -> None:
    wang, li = person(office, "wang", Role.ANALYST), person(office, "li", Role.APPROVER)
    number = _propose(office, wang, ends_at=hands.now + timedelta(days=1))
    hands.forward(days=1)
    with office.begin() as session:
        assert approvals.waiting(session, li) == []
        with pytest.raises(ConflictError, match="has passed"):
            approvals.decide(session, li, number, True, "ok")
    with office.begin() as session:
        assert approvals.expire(session) == 1
        assert approvals.expire(session) == 0
        assert approvals.find(session, number).state == State.EXPIRED
    assert _marks(office) == ["no"]


def test_one_open_proposal_about_one_thing(office: Office) -> None:
    wang = person(office, "wang", Role.ANALYST)
    number = _propose(office, wang)
    with pytest.raises(ConflictError):
        _propose(office, wang)
    _propose(office, wang, "pack:2")
    other = person(office, "li", Role.ANALYST)
    with office.begin() as session, pytest.raises(AccessError):
        approvals.withdraw(session, other, number, "")
    with office.begin() as session:
        assert approvals.withdraw(session, wang, number, "写错了").state == State.WITHDRAWN
    _propose(office, wang)


def test_reasons_and_kinds_are_asked_for(office: Office) -> None:
    wang, li = person(office, "wang", Role.ANALYST), person(office, "li", Role.APPROVER)
    number = _propose(office, wang)
    with office.begin() as session:
        with pytest.raises(UsageError):
            approvals.propose(session, wang, "pack", "x", TITLE, {}, " ")
        with pytest.raises(UsageError):
            approvals.propose(session, wang, "nothing", "x", TITLE, {}, "why")
        with pytest.raises(UsageError):
            approvals.decide(session, li, number, True, "")
        with pytest.raises(NotFoundError):
            approvals.decide(session, li, 999, True, "ok")


def test_the_inbox(office: Office) -> None:
    wang, li = person(office, "wang", Role.OFFICER), person(office, "li", Role.OFFICER)
    person(office, "gone", Role.OFFICER)
    with office.begin() as session:
        accounts.set_active(session, "test", "gone", False)
        assert notices.tell(session, Role.OFFICER, TITLE, "/x", "test", but=li.user_id) == 1
        assert notices.tell(session, [wang.user_id, wang.user_id, 999], TITLE, "/y", "test") == 1
        assert (notices.unread(session, wang), notices.unread(session, li)) == (2, 0)
        newest = notices.inbox(session, wang)[0]
        assert newest.link == "/y"
        assert notices.read(session, li, [newest.id]) == 0
        assert notices.read(session, wang, [newest.id]) == 1
        assert notices.read(session, wang) == 1
        assert notices.unread(session, wang) == 0
