"""What pages do beside lists, for programs: exports, notices, people, settings, channels, plans, packs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from desk.api.api_samples import Program
from desk.desk_samples import ClientOf, viewer
from houfeng.errors import Text
from houfeng.office import notices
from houfeng.office.alerts.tables import Alert
from houfeng.office.jobs import Worker
from houfeng.office.tables import Approval, Channel, Job, SettingValue, User
from houfeng_desk.desk import Desk

WHY = "按月核对"


def work(desk: Desk, folder: Path) -> None:
    Worker(desk.office, folder, book=desk.book.path, beat=60).run(until_idle=True)


def test_an_export_is_a_job_and_a_large_one_needs_another(client: ClientOf, desk: Desk, tmp_path: Path) -> None:
    one = Program(client("officer"))
    asked = {"list": "enterprises", "query": "region=410300&sort=-balance", "format": "csv", "reason": WHY}
    job = one.send("POST", "/exports", **asked).json()["job"]
    work(desk, tmp_path)
    given = one.get(f"/exports/{job}")
    assert given.status_code == 200
    total = one.get("/enterprises", region="410300").json()["total"]
    assert len(given.text.split("\r\n\r\n")[0].strip().split("\r\n")) == total + 1
    assert Program(client("viewer")).get(f"/exports/{job}").status_code == 404
    with desk.office.begin() as session:
        session.add(SettingValue(name="large_export_rows", value=100, changed_by="test", changed_at=desk.clock()))
    large = {"list": "themes/loans", "query": "theme=all", "format": "csv", "reason": WHY}
    first = one.send("POST", "/exports", **large).json()["job"]
    work(desk, tmp_path)
    assert one.get(f"/exports/{first}").status_code in (404, 503)
    with desk.office.read() as session:
        approval = session.scalars(select(Approval)).one()
        assert session.get_one(Job, first).result["approval"] == approval.id
    decided = Program(client("approver")).send("POST", f"/approvals/{approval.id}/decide", approve=True, why="可以")
    assert decided.status_code == 200
    work(desk, tmp_path)
    with desk.office.read() as session:
        last = session.scalars(select(Job).order_by(Job.id.desc()).limit(1)).one()
        assert (last.state, last.error_zh) == ("done", "")
        assert last.result["rows"] > 100
    assert one.get(f"/exports/{last.id}").status_code == 200


def test_notices_by_key(client: ClientOf, desk: Desk) -> None:
    who = viewer(desk, "officer")
    with desk.office.begin() as session:
        for number in range(7):
            notices.tell(session, [who.user_id], Text(f"第 {number} 条", f"no. {number}"), "/todo", "test")
    one = Program(client("officer"))
    seen, before = [], 0
    while (page := one.get("/notices", limit=3, before=before).json())["items"]:
        seen += [item["title"]["en"] for item in page["items"]]
        before = page["next"]
        with desk.office.begin() as session:  # what comes between two pages moves nothing
            notices.tell(session, [who.user_id], Text("新", "new"), "/todo", "test")
    assert seen == [f"no. {number}" for number in reversed(range(7))]
    assert one.send("POST", "/notices/read").status_code == 200
    assert one.get("/notices").json()["unread"] == 0


def test_the_alerts_cursor_is_a_key(client: ClientOf, desk: Desk) -> None:
    """Alerts that open while somebody turns pages make no row come twice."""
    one = Program(client("officer"))
    with desk.office.begin() as session:
        for number in range(9):
            session.add(_alert(f"a{number}", hour=number // 3))
    first = one.get("/alerts", limit=4).json()
    with desk.office.begin() as session:
        session.add(_alert("new", hour=20))
    second = one.get("/alerts", limit=4, cursor=first["next"]).json()
    third = one.get("/alerts", limit=4, cursor=second["next"]).json()
    names = [item["id"] for page in (first, second, third) for item in page["items"]]
    assert sorted(names) == [f"a{number}" for number in range(9)]
    assert third["next"] is None
    assert one.get("/alerts", limit=4, cursor=first["next"], sort="-tier").status_code == 400


def _alert(name: str, hour: int) -> Alert:
    from datetime import datetime

    at = datetime(2026, 2, 1, hour)
    values: dict[str, Any] = {}
    for column in Alert.__table__.columns:
        if column.nullable or column.default is not None or column.server_default is not None:
            continue
        plain = {"JSON": [], "INTEGER": 0, "BIGINT": 0}.get(str(column.type).upper(), "")
        values[column.name] = at if column.name.endswith("_at") else plain
    return Alert(**{**values, "id": name, "tier": "red", "tier_rank": 4, "channel": "emitted", "opened_at": at})


def test_people_settings_and_channels_have_their_own_administrators(client: ClientOf, desk: Desk) -> None:
    security, system = Program(client("security_admin")), Program(client("system_admin"))
    new = {"login": "wang", "name": "王", "roles": ["officer"], "scope": {"regions": ["410300"]}}
    made = security.send("POST", "/users", **new)
    assert made.status_code == 200, made.text
    assert len(made.json()["password"]) > 10
    rights = {"roles": ["viewer"], "scope": {"regions": ["410100"]}, "why": WHY}
    assert security.send("PUT", "/users/wang/rights", **rights).status_code == 200
    assert security.send("PUT", "/users/wang/active", active=False, why=WHY).status_code == 200
    assert security.send("POST", "/users", **{**new, "login": "li", "scope": None}).status_code == 422
    with desk.office.read() as session:
        user = session.scalars(select(User).where(User.login == "wang")).one()
        assert (user.active, user.regions, [one.role for one in user.roles]) == (False, ["410100"], ["viewer"])
    assert system.send("POST", "/users", **new).status_code == 403
    assert system.send("PUT", "/settings/lock_minutes", value=30, why=WHY).status_code == 200
    assert system.send("PUT", "/settings/lock_minutes", value=0, why=WHY).status_code == 400
    assert security.get("/settings").status_code == 403
    way = {"kind": "webhook", "address": "https://hooks.example/x", "secrets": {"secret": "env:HOOK"}, "why": WHY}
    assert system.send("PUT", "/channels/hook", **way).status_code == 200
    assert system.send("PUT", "/channels/hook", **{**way, "secrets": {}, "topics": ["alerts"]}).status_code == 200
    told = system.get("/channels")
    assert told.json()["items"][0]["secrets_set"] == ["secret"]
    assert "env:HOOK" not in told.text
    with desk.office.read() as session:
        assert session.scalars(select(Channel)).one().secrets == {"secret": "env:HOOK"}


def test_a_pack_from_draft_to_submission(client: ClientOf, desk: Desk, tmp_path: Path) -> None:
    editor = Program(client("analyst"))
    assert editor.send("POST", "/packs/five-articles/drafts", start="2026-03-01", why=WHY).status_code == 422
    asked = {"entry": "digital_scope", "reading": "core_only", "start": "2026-03-01", "why": WHY}
    made = editor.send("POST", "/packs/five-articles/drafts", **asked)
    assert made.status_code == 200, made.text
    number = made.json()["id"]
    changed = editor.get("/packs/five-articles/diff", new=str(number)).json()
    assert changed["total"] > 0
    early = editor.send("POST", f"/packs/five-articles/versions/{number}/submit", from_day="2026-03-01", why=WHY)
    assert early.status_code == 400  # not simulated, its cases not run
    assert editor.send("POST", f"/packs/five-articles/versions/{number}/test").json()["job"] > 0
    assert editor.send("POST", f"/packs/warning-rules/versions/{number}/test").status_code == 404
    listed = editor.get("/packs/five-articles/versions").json()["items"]
    assert number in [one["id"] for one in listed]
    assert Program(client("viewer")).send("POST", "/packs/five-articles/drafts", **asked).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/cases/999/plan", {"version": 1, "measures": []}),
        ("POST", "/cases/999/measures/1", {"version": 1, "state": "done"}),
        ("POST", "/cases/999/votes", {"version": 1, "institution_id": "x", "vote": "for"}),
        ("POST", "/jobs/999/cancel", {}),
        ("GET", "/exports/999", {}),
    ],
)
def test_what_is_not_there_is_said_in_one_shape(client: ClientOf, method: str, path: str, body: Any) -> None:
    answer = Program(client("officer")).send(method, path, **body)
    assert answer.status_code == 404, answer.text
    assert set(answer.json()) == {"code", "message", "problems"}
