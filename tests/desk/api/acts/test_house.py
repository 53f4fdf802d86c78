"""The house for programs: one's own account, proposals and jobs, the journal, data step by step, lists as files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from desk.api.api_samples import Program
from desk.data.files_samples import balances
from desk.desk_samples import BANK, ClientOf, DeskClient, Hands, make_app, viewer
from houfeng.errors import Text
from houfeng.office import approvals, jobs
from houfeng.office.jobs import Worker
from houfeng.office.tables import Job, OutboxMessage
from houfeng_desk.desk import Desk
from houfeng_desk.pages.cases.jobs import ROUND

WHY = "按月核对"


def test_ones_own_account(client: ClientOf, desk: Desk) -> None:
    one, other = Program(client("officer")), Program(client("viewer"))
    made = one.send("POST", "/account/tokens", name="夜间", permissions=["see_market"], days=30)
    assert made.status_code == 200, made.text
    token = made.json()
    assert token["secret"].startswith("hf_")
    assert one.send("POST", "/account/tokens", name="x", permissions=["manage_users"], days=30).status_code == 403
    assert one.send("POST", "/account/tokens", name="x", permissions=[], days=30).status_code == 422
    program = client()
    program.headers["authorization"] = f"Bearer {token['secret']}"
    assert program.get("/api/v1/enterprises?limit=1").status_code == 200
    bred = program.post("/api/v1/account/tokens", json={"name": "x", "permissions": ["see_market"], "days": 3})
    assert bred.status_code == 403  # a token makes no tokens
    told = one.get("/account")
    assert token["secret"] not in told.text
    assert [each["id"] for each in told.json()["tokens"]] == [token["id"]]
    assert other.send("POST", f"/account/tokens/{token['id']}/revoke").status_code in (403, 404)
    assert one.send("POST", f"/account/tokens/{token['id']}/revoke").status_code == 200
    assert program.get("/api/v1/me").status_code == 401
    session = told.json()["sessions"][0]["id"]
    assert other.send("POST", f"/account/sessions/{session}/end").status_code in (403, 404)
    changed = one.send("PUT", "/account/profile", name="王五", lang="en", email="w@example.org")
    assert changed.status_code == 200, changed.text
    assert one.get("/account").json()["name"] == "王五"
    assert one.send("PUT", "/account/profile", name="王五", lang="xx").status_code == 422


def test_proposals_and_jobs_of_ones_own(client: ClientOf, desk: Desk) -> None:
    one, other = Program(client("analyst")), Program(client("officer"))
    with desk.office.begin() as session:
        approvals.register("test.kind", lambda *_: None)
        who = viewer(desk, "analyst")
        number = approvals.propose(session, who, "test.kind", "thing:1", Text("事", "thing"), {}, WHY).id
        job = jobs.enqueue(session, who, ROUND, {}, Text("活", "work"))
        job_id, job.state = job.id, "failed"
    assert [each["id"] for each in one.get("/todo").json()["proposed"]] == [number]
    assert other.send("POST", f"/approvals/{number}/withdraw", why="x").status_code in (403, 404, 409)
    assert one.send("POST", f"/approvals/{number}/withdraw", why="不提了").status_code == 200
    assert one.send("POST", f"/approvals/{number}/withdraw", why="不提了").status_code in (400, 409)
    assert other.send("POST", f"/jobs/{job_id}/retry").status_code in (403, 404)
    again = one.send("POST", f"/jobs/{job_id}/retry").json()["job"]
    with desk.office.read() as session:
        assert session.get_one(Job, again).kind == ROUND
    assert one.send("POST", f"/jobs/{again}/retry").status_code == 409  # it has not failed


def test_the_journal_is_whole(client: ClientOf) -> None:
    auditor, officer = Program(client("audit_admin")), Program(client("officer"))
    found = auditor.send("POST", "/journal/verify")
    assert found.json() == {"problems": []}
    newest = auditor.get("/journal", limit=1).json()["items"][0]
    entry = auditor.get(f"/journal/{newest['seq']}").json()
    assert (entry["act"], entry["detail"]) == ("journal.verify", {"faults": 0})
    assert auditor.get("/journal/999999").status_code == 404
    assert officer.get("/journal/1").status_code == 403
    assert officer.send("POST", "/journal/verify").status_code == 403


def test_a_channel_is_tried_and_a_person_looked_at(client: ClientOf, desk: Desk) -> None:
    system, security = Program(client("system_admin")), Program(client("security_admin"))
    way = {"kind": "webhook", "address": "https://hooks.example/x", "secrets": {"secret": "env:HOOK"}, "why": WHY}
    assert system.send("PUT", "/channels/hook", **way).status_code == 200
    number = system.send("POST", "/channels/hook/test").json()["message_id"]
    told = system.get("/channels/hook").json()["messages"]
    assert [(each["id"], each["state"]) for each in told] == [(number, "waiting")]
    with desk.office.read() as session:
        assert session.scalars(select(OutboxMessage)).one().id == number
    assert system.get("/channels/none").status_code == 404
    assert security.send("POST", "/channels/hook/test").status_code == 403
    person = security.get("/users/luoyang").json()
    assert (person["roles"], person["scope"]["regions"]) == (["officer"], ["410300"])
    assert security.get("/users/nobody").status_code == 404
    days = system.get("/due-days").json()["days"]
    assert system.send("PUT", "/due-days", days={**days, "monthly": 9}, why=WHY).status_code == 200
    assert system.get("/due-days").json()["days"]["monthly"] == 9
    assert system.send("PUT", "/due-days", days={"monthly": 400}, why=WHY).status_code in (400, 422)


@pytest.mark.parametrize(
    ("address", "query", "login"),
    [
        ("platforms", "", "officer"),
        ("disputes", "", "officer"),
        ("lists", "", "officer"),
        ("penetration/groups", "", "officer"),
        ("journal", "", "audit_admin"),
    ],
)
def test_every_list_becomes_a_file(
    client: ClientOf, desk: Desk, tmp_path: Path, address: str, query: str, login: str
) -> None:
    one = Program(client(login))
    asked = {"list": address, "query": query, "format": "csv", "reason": WHY}
    job = one.send("POST", "/exports", **asked)
    assert job.status_code == 200, job.text
    Worker(desk.office, tmp_path, book=desk.book.path, beat=60).run(until_idle=True)
    file = one.get(f"/exports/{job.json()['job']}")
    assert file.status_code == 200, file.text
    assert WHY in file.content.decode("utf-8-sig")
    assert Program(client("viewer")).get(f"/exports/{job.json()['job']}").status_code == 404


def test_only_lists_become_files(client: ClientOf) -> None:
    officer, auditor = Program(client("officer")), Program(client("audit_admin"))
    for odd in ("users", "journal/../users", "account", "enterprises?x=1", "themes"):
        assert officer.send("POST", "/exports", list=odd, reason=WHY).status_code == 400, odd
    assert officer.send("POST", "/exports", list="journal", reason=WHY).status_code == 403
    assert auditor.send("POST", "/exports", list="alerts", reason=WHY).status_code == 403
    assert officer.send("POST", "/exports", list="alerts").status_code == 422


def test_a_file_is_sent_step_by_step(small_book: Path, peopled: Path, tmp_path: Path) -> None:
    """Checked, dropped; checked again and submitted; nobody else's eyes on it."""
    shutil.copytree(small_book, tmp_path / "book")
    shutil.copy(peopled, tmp_path / "office.db")
    app = make_app(tmp_path / "book", tmp_path / "office.db", Hands(), work_folder=tmp_path / "work")
    try:
        reporter, officer = (Program(DeskClient(app).enter(login)) for login in ("reporter", "officer"))
        first = _sent(reporter, balances(3, bad=1))
        assert (first["state"], first["check"]["questions"]) == ("checked", [])
        assert reporter.get(f"/uploads/{first['token']}/marked").content[:2] == b"PK"
        assert officer.get(f"/uploads/{first['token']}").status_code == 404
        assert reporter.send("DELETE", f"/uploads/{first['token']}").status_code == 200
        assert reporter.get(f"/uploads/{first['token']}").status_code == 404
        second = _sent(reporter, balances(4))
        done = reporter.send("POST", f"/uploads/{second['token']}/submit", confirm=True).json()
        assert done["state"] == "submitted", done
        assert reporter.send("POST", f"/uploads/{second['token']}/submit", confirm=True).status_code == 409
        newest = reporter.get("/submissions", limit=1).json()["items"][0]
        assert (newest["reporter"], int(newest["rows"])) == (BANK, 4)
        calendar = reporter.get("/calendar", kind="loan_balance").json()
        assert [line["reporter"] for line in calendar["reporters"]] == [BANK]
        assert reporter.get("/calendar", kind="nothing").status_code == 404
        assert Program(DeskClient(app).enter("viewer")).send("POST", "/uploads").status_code == 403
    finally:
        app.state.work.figures.close()
        app.state.desk.close()
        app.state.desk.office.close()


def _sent(who: Program, data: bytes) -> dict[str, Any]:
    answer = who.browser.post(
        "/api/v1/uploads", files={"file": ("余额.xlsx", data)}, headers={"x-csrf-token": who.token}
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_dictionary_and_templates(client: ClientOf) -> None:
    reporter, admin = Program(client("reporter")), Program(client("system_admin"))
    kinds = {one["name"] for one in reporter.get("/kinds").json()["items"]}
    assert {"enterprise", "loan_balance"} <= kinds
    one = reporter.get("/kinds/loan_balance").json()
    assert {"balance", "quality"} <= {field["name"] for field in one["fields"]}
    assert one["codes"]
    assert any(each["kind"] == "loan_balance" for each in reporter.get("/kinds/search", q="贷款余额").json()["fields"])
    assert reporter.get("/kinds/loan_balance/template").content[:2] == b"PK"
    assert reporter.get("/kinds/nothing").status_code == reporter.get("/kinds/nothing/template").status_code == 404
    assert admin.get("/kinds").status_code == 403
