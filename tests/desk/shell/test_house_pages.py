"""The pages of the house do what they say: users, account, journal, jobs, settings, inbox, decisions, help, search."""

from __future__ import annotations

import re

import pytest

from desk.desk_samples import ClientOf, DeskClient, viewer
from houfeng.errors import Text
from houfeng.office import approvals, journal, notices
from houfeng.office.access import Permission, Role
from houfeng.office.identity.people import find
from houfeng.office.jobs import queue
from houfeng_desk.app import DeskApp
from houfeng_desk.desk import Desk
from houfeng_desk.helping import ORDER, help_page, rendered
from houfeng_desk.pages.house import search, todo


def once(text: str) -> str:
    """What a page shows once."""
    found = re.search(r'class="once">([^<]+)<', text)
    assert found
    return found[1]


def test_a_new_person_from_form_to_first_sign_in(client: ClientOf, desk: Desk) -> None:
    admin = client("security_admin")
    form = {"login": "New.Person", "name": "新人", "roles": ["officer", "approver"], "regions_limit": "some"}
    refused = admin.submit("/users", form, of="/users/new")
    assert (refused.status_code, "选了限定" in refused.text) == (422, True)
    made = admin.submit("/users", {**form, "regions_ticked": ["410300"], "regions": "410102，410105"}, of="/users/new")
    assert made.status_code == 200
    who = viewer(desk, "new.person")
    assert who.roles == {Role.OFFICER, Role.APPROVER}
    assert who.scope.regions == {"410300", "410102", "410105"}
    assert once(made.text) not in admin.get("/users/new.person").text
    fresh = client()
    entered = fresh.submit("/sign-in", {"login": "new.person", "password": once(made.text)}, of="/sign-in")
    assert entered.headers["location"] == "/first-start"
    assert "新人" in admin.get("/users?text=new").text
    assert "没有符合条件的记录" in admin.get("/users?text=new&state=disabled").text


def test_changing_and_disabling_somebody(client: ClientOf, desk: Desk) -> None:
    admin, officer = client("security_admin"), client("officer")
    why = {"why": "轮岗"}
    assert admin.submit("/users/officer/roles", {"roles": ["viewer"], **why}).status_code == 303
    assert viewer(desk, "officer").roles == {Role.VIEWER}
    assert admin.submit("/users/officer/roles", {"roles": ["viewer"]}).status_code == 422
    assert admin.submit("/users/officer/roles", {"roles": ["king"], **why}).status_code == 422
    assert admin.submit("/users/security_admin/roles", {"roles": ["viewer"], **why}).status_code == 403
    assert officer.get("/account").status_code == 200
    assert admin.submit("/users/officer/sign-out", why).status_code == 303
    assert officer.get("/account").status_code == 303
    assert admin.submit("/users/officer/disable", why).status_code == 303
    with desk.office.read() as session:
        assert not find(session, "officer").active
    assert admin.submit("/users/officer/enable", why).status_code == 303
    reset = admin.submit("/users/officer/password", why)
    assert len(once(reset.text)) >= 16
    assert admin.get("/users/nobody").status_code == 404


def test_tokens_and_sessions_of_ones_own(client: ClientOf) -> None:
    here, there = client("analyst"), client("analyst")
    made = here.submit("/account/tokens", {"name": "报表", "permissions": ["see_market"], "days": "30"})
    assert once(made.text).startswith("hf_")
    assert here.submit("/account/tokens", {"name": "x", "permissions": ["see_journal"], "days": "9"}).status_code == 403
    assert here.submit("/account/tokens", {"name": "x", "permissions": ["export"], "days": "-"}).status_code == 422
    number = re.search(r"/account/tokens/(\d+)/revoke", made.text)
    assert number
    assert client("officer").submit(f"/account/tokens/{number[1]}/revoke").status_code == 404
    assert here.submit(f"/account/tokens/{number[1]}/revoke").status_code == 303
    other = re.search(r"/account/sessions/(\d+)/end", here.get("/account").text)
    assert other
    assert client("officer").submit(f"/account/sessions/{other[1]}/end").status_code == 404
    assert here.submit(f"/account/sessions/{other[1]}/end").status_code == 303
    assert there.get("/account").status_code == 303
    profile = {"name": "Ann", "email": "", "lang": "en", "large": "1"}
    assert here.submit("/account/profile", profile).status_code == 303
    page = here.get("/account").text
    assert 'lang="en" class="large"' in page


def test_the_journal_is_read_verified_and_exported(client: ClientOf, desk: Desk) -> None:
    audit = client("audit_admin")
    assert "整条链完好" in audit.submit("/journal/verify").text
    assert "journal.verify" in audit.get("/journal?act=journal").text
    assert audit.get("/journal/1").status_code == 200
    assert audit.get("/journal/999999").status_code == 404
    assert audit.get("/journal?since=2026-02-31").status_code == 400
    csv = audit.submit("/journal/export", {"reason": "年度审计", "format": "csv"}).content.decode("utf-8-sig")
    with desk.office.read() as session:
        newest = journal.head(session)
        assert newest is not None
        assert (newest.act, newest.why) == ("export", "年度审计")
        entry = next(e for e in journal.entries(session) if e.seq == newest.seq - 1)
        assert entry.hash in csv
    assert "年度审计" in csv


def test_a_decision_needs_another_person_and_a_reason(client: ClientOf, desk: Desk) -> None:
    done: list[str] = []
    approvals.register("test.kind", lambda session, approval, who: done.append(approval.about))
    asker = viewer(desk, "second")
    with desk.office.begin() as session:
        number = approvals.propose(
            session, asker, "test.kind", "thing:1", Text("启用 <b>新版</b>", "activate"), {"n": 3}, "更准"
        ).id
    approver, proposer = client("approver"), client("second")
    page = approver.get("/todo").text
    assert "启用 &lt;b&gt;新版&lt;/b&gt;" in page
    assert '<b class="badge">1</b>' in page
    url = f"/approvals/{number}/decide"
    assert proposer.submit(url, {"answer": "approve", "why": "好"}).status_code == 403
    assert approver.submit(url, {"answer": "approve", "why": " "}).status_code == 422
    assert approver.submit(url, {"answer": "perhaps", "why": "x"}).status_code == 422
    assert approver.submit(url, {"answer": "approve", "why": "同意"}).status_code == 303
    assert done == ["thing:1"]
    assert approver.submit(url, {"answer": "refuse", "why": "晚了"}).status_code == 409
    assert "已批准" in proposer.get("/todo").text
    notice = re.search(r"/inbox/(\d+)/open", proposer.get("/inbox").text)
    assert notice
    assert approver.submit(f"/inbox/{notice[1]}/open").status_code == 404
    assert proposer.submit(f"/inbox/{notice[1]}/open").headers["location"] == "/todo"


def test_jobs_are_ones_own(client: ClientOf, desk: Desk) -> None:
    queue.register("test.job", lambda run: None)
    with desk.office.begin() as session:
        number = queue.enqueue(session, viewer(desk, "officer"), "test.job", {}, Text("重放一季", "Replay")).id
    owner, other, admin = client("officer"), client("analyst"), client("system_admin")
    assert "重放一季" in owner.get("/jobs").text
    assert "重放一季" not in other.get("/jobs").text
    assert other.get(f"/jobs/{number}").status_code == 404
    assert "hx-get" in owner.get(f"/jobs/{number}").text
    assert owner.submit(f"/jobs/{number}/retry").status_code == 409
    assert admin.submit(f"/jobs/{number}/cancel").status_code == 303
    assert admin.submit(f"/jobs/{number}/retry").status_code == 403
    again = owner.submit(f"/jobs/{number}/retry")
    assert again.headers["location"] == f"/jobs/{number + 1}"


def test_settings_are_changed_with_a_reason(client: ClientOf) -> None:
    admin = client("system_admin")
    assert admin.submit("/settings/lock_minutes", {"value": "20", "why": "等保要求"}).status_code == 303
    assert admin.submit("/settings/lock_minutes", {"value": "20"}).status_code == 422
    assert admin.submit("/settings/lock_minutes", {"value": "0", "why": "x"}).status_code == 400
    assert admin.submit("/settings/nothing", {"value": "1", "why": "x"}).status_code == 400
    assert client("audit_admin").get("/journal?act=setting").text.count("setting.change") == 1


def test_what_is_found_is_what_one_may_find(app: DeskApp, client: ClientOf) -> None:
    def firms(desk: Desk, reader: object, text: str, limit: int) -> list[search.Found]:
        return [search.Found(f"{text} {n}", "sub", f"/enterprises/{n}") for n in range(limit)]

    app.state.parts["search"].clear()
    search.provide(app, Text("企业", "Enterprises"), Permission.SEE_MARKET, firms)
    assert "&lt;i&gt; 7" in client("viewer").get("/search?q=<i>").text
    assert "&lt;i&gt; 7" not in client("reporter").get("/search?q=<i>").text
    assert client("viewer").get("/search").status_code == 200


def test_what_others_let_wait(app: DeskApp, client: ClientOf) -> None:
    def cases(desk: Desk, who: object) -> list[todo.Waiting]:
        return [todo.Waiting(Text("方案待报", "a plan is due"), Text("明天", "tomorrow"), "/cases/1", None, "orange")]

    todo.provide(app, Text("案件", "Cases"), cases)
    assert "方案待报" in client("officer").get("/todo").text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_of_help_is_there(client: ClientOf, lang: str) -> None:
    browser: DeskClient = client("officer")
    browser.get(f"/lang/{lang}")
    for name in ORDER:
        found = help_page(name, lang)
        assert found is not None, name
        assert str(found.html).count("<") == str(found.html).count(">")
        assert browser.get(f"/help/{name}").status_code == 200
    assert browser.get("/help/nothing").status_code == 404
    hostile = rendered("<script>alert(1)</script> [x](javascript:alert) [y](//evil.example)")
    assert re.findall(r"<[^>]*>", hostile) == ["<p>", "</p>"]


def test_notices_count_in_the_frame(client: ClientOf, desk: Desk) -> None:
    browser = client("officer")
    with desk.office.begin() as session:
        notices.tell(session, Role.OFFICER, Text("一条", "one"), "https://evil.example/", "test")
    assert re.search(r'href="/inbox">[^<]*<b>1</b>', browser.get("/account").text)
    link = re.search(r"/inbox/(\d+)/open", browser.get("/inbox").text)
    assert link
    assert browser.submit(f"/inbox/{link[1]}/open").headers["location"] == "/inbox"
    assert browser.submit("/inbox/read").status_code == 303
