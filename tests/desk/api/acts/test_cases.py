"""Cases for programs: begun, worked on, signed by another; papers in and out; what a stranger or an old version may."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desk.api.api_samples import Program
from desk.desk_samples import DeskClient, Hands, make_app
from desk.lived_samples import SECRET, Lived, live
from houfeng.cases.tables import CaseFile
from houfeng.cases.terms import shipped
from houfeng_desk.app import DeskApp


@pytest.fixture
def lived(small_book: Path, peopled: Path, tmp_path: Path) -> Iterator[tuple[DeskApp, Lived]]:
    """A desk in which something has happened."""
    shutil.copytree(small_book, tmp_path / "book")
    shutil.copy(peopled, tmp_path / "office.db")
    app = make_app(tmp_path / "book", tmp_path / "office.db", Hands(), work_folder=tmp_path / "work")
    yield app, live(app)
    app.state.work.figures.close()
    app.state.desk.close()
    app.state.desk.office.close()


def people(app: DeskApp, *logins: str) -> list[Program]:
    return [Program(DeskClient(app).enter(login)) for login in logins]


def test_a_case_from_an_alert_to_its_owner(lived: tuple[DeskApp, Lived]) -> None:
    app, found = lived
    officer, stranger, viewer = people(app, "officer", "luoyang", "viewer")
    firm, alert = found.other["enterprise_id"], found.other["alert_id"]
    asked: dict[str, Any] = {
        "enterprise_id": firm, "type": "fraud", "title": "另案", "why": "线索", "alerts": [alert],
        "informant": "张三 13900001111",
    }  # fmt: skip
    assert officer.send("POST", "/cases", **{**asked, "type": "no such type"}).status_code in (400, 422)
    with app.state.desk.office.read() as session:
        held = session.get_one(CaseFile, int(found.other["case_id"])).type
    assert officer.send("POST", "/cases", **{**asked, "type": held}).status_code == 409  # one lives already
    other = next(one for one in shipped().types if one != held)
    assert viewer.send("POST", "/cases", **{**asked, "type": other}).status_code == 403
    assert stranger.send("POST", "/cases", **{**asked, "type": other}).status_code == 404
    made = officer.send("POST", "/cases", **{**asked, "type": other})
    assert made.status_code == 200, made.text
    case = made.json()
    assert (case["joined"], case["state"]) == (False, "clue")
    one = f"/cases/{case['id']}"
    named = officer.send("PUT", f"{one}/owner", version=case["version"], why="承办", login="officer")
    assert named.status_code == 200, named.text
    assert officer.send("PUT", f"{one}/owner", version=99, why="承办", login="officer").status_code == 409
    nobody = officer.send("PUT", f"{one}/owner", version=named.json()["version"], why="承办", login="viewer")
    assert nobody.status_code == 400
    told = officer.send("PUT", f"{one}/finding", version=named.json()["version"], text="属实")
    member = {"part": "lead", "name": "李四", "phone": "13800002222"}
    added = officer.send("POST", f"{one}/members", version=told.json()["version"], **member).json()
    papers = officer.get(f"{one}/papers").json()
    assert [each["name"] for each in papers["members"]] == ["李四"]
    assert "13800002222" not in officer.get(f"{one}/papers").text
    assert officer.get(f"{one}/papers").json()["informant"].startswith("张三")  # its owner is inside
    shown = officer.send("POST", f"{one}/unmask", why="联系").json()
    assert shown["members"][0]["phone"] == "13800002222"
    gone = officer.send("POST", f"{one}/members/{added['member']}/end", version=added["version"], why="调离")
    assert gone.status_code == 200, gone.text
    end = officer.send("PUT", f"{one}/outcome", version=1, outcome="recovered", note="x", recovered="-1")
    assert end.status_code == 422
    assert stranger.get(one).status_code == stranger.get(f"{one}/papers").status_code == 404


def test_a_plan_is_signed_by_another(lived: tuple[DeskApp, Lived]) -> None:
    app, found = lived
    officer, second, stranger = people(app, "officer", "second", "luoyang")
    one = f"/cases/{found.other['case_id']}"
    version = officer.get(one).json()["version"]
    assert officer.send("POST", f"{one}/sign", version=version, approve=True, why="我签").status_code == 403
    assert stranger.send("POST", f"{one}/withdraw", version=version, why="x").status_code == 404
    assert second.send("POST", f"{one}/sign", version=version + 5, approve=True, why="x").status_code == 409
    signed = second.send("POST", f"{one}/sign", version=version, approve=True, why="同意")
    assert signed.status_code == 200, signed.text
    assert signed.json()["state"] == "carry_out"
    paper = {"format": "docx", "why": "存档"}
    file = officer.send("POST", f"{one}/paper", **paper)
    assert file.status_code == 200
    assert file.content[:2] == b"PK"
    assert officer.send("POST", f"{one}/paper", **{**paper, "number": 999}).status_code == 404
    same = officer.get(f"{one}/plans/compare", old=1, new=1).json()
    assert (same["old"], same["new"]) == (1, 1)
    assert officer.get(f"{one}/plans/compare", old=1, new=77).status_code == 404


def test_documents_in_and_out(lived: tuple[DeskApp, Lived]) -> None:
    app, found = lived
    officer, stranger, viewer = people(app, "officer", "luoyang", "viewer")
    one = f"/cases/{found.other['case_id']}"
    version = officer.get(one).json()["version"]
    data = b"%PDF-1.4\n%%EOF\n"
    sent = officer.browser.post(
        f"/api/v1{one}/documents", data={"version": str(version), "confidential": "1"},
        files={"file": ("调查.pdf", data)}, headers={"x-csrf-token": officer.token},
    )  # fmt: skip
    assert sent.status_code == 200, sent.text
    assert sent.json()["sha256"] == hashlib.sha256(data).hexdigest()
    number = sent.json()["id"]
    listed = officer.get(f"{one}/papers").json()["documents"]
    assert number in [each["id"] for each in listed]
    assert officer.get(f"{one}/documents/{number}").content == data  # its owner is inside
    assert viewer.get(f"{one}/documents/{number}").status_code == 403
    assert viewer.send("POST", f"{one}/documents/{number}", why="好奇").status_code == 403
    fetched = officer.send("POST", f"{one}/documents/{number}", why="核查")
    assert fetched.content == data
    assert officer.send("POST", f"{one}/documents/{number}").status_code == 422
    own = officer.get(f"{one}/documents/{found.other['document_id']}")
    assert own.status_code == 200
    again = officer.browser.get(
        f"/api/v1{one}/documents/{found.other['document_id']}", headers={"if-none-match": own.headers["etag"]}
    )
    assert again.status_code == 304
    for path in (f"{one}/papers", f"{one}/documents/{number}"):
        refused = stranger.get(path)
        assert refused.status_code == 404
        assert SECRET not in refused.text
    blank = officer.browser.post(
        f"/api/v1{one}/documents", data={"version": str(version)}, headers={"x-csrf-token": officer.token}
    )
    assert blank.status_code == 422


def test_figures_and_labels_of_cases(lived: tuple[DeskApp, Lived]) -> None:
    app, _ = lived
    officer, stranger, admin = people(app, "officer", "luoyang", "audit_admin")
    whole, part = officer.get("/cases/figures").json(), stranger.get("/cases/figures").json()
    assert whole["total"] == 2
    assert part["total"] == 1
    assert sum(group["cases"] for group in whole["groups"]) == 2
    assert officer.get("/cases/figures", by="password").status_code == 422
    assert admin.get("/cases/figures").status_code == 403
    labels = officer.send("POST", "/cases/labels", reason="回放")
    assert labels.content.startswith(b"\xef\xbb\xbfenterprise_id")
    assert officer.send("POST", "/cases/labels").status_code == 422
    job = officer.send("POST", "/cases/round").json()["job"]
    assert officer.get(f"/jobs/{job}").json()["id"] == job
    assert people(app, "reporter")[0].send("POST", "/cases/round").status_code == 403


def test_alerts_several_at_once_and_in_depth(lived: tuple[DeskApp, Lived]) -> None:
    app, found = lived
    officer, stranger, viewer = people(app, "officer", "luoyang", "viewer")
    own, other = found.own["alert_id"], found.other["alert_id"]
    assert viewer.send("POST", "/alerts/acknowledge", ids=[own], comment="x").status_code == 403
    refused = stranger.send("POST", "/alerts/acknowledge", ids=[own, other], comment="看过")
    assert refused.status_code == 404
    assert officer.get(f"/alerts/{own}").json()["acts"] == []  # all or none
    assert officer.send("POST", "/alerts/acknowledge", ids=[], comment="x").status_code == 422
    assert officer.send("POST", "/alerts/acknowledge", ids=[own, other], comment="看过").status_code == 200
    assert officer.send("POST", "/alerts/assign", ids=[own, other], login="officer").status_code == 200
    acts = officer.get(f"/alerts/{other}").json()["acts"]
    assert {each["act"] for each in acts} == {"acknowledge", "assign"}
    for part in ("why", "indicators", "rows"):
        shown = officer.get(f"/alerts/{other}/{part}")
        assert shown.status_code == 200, shown.text
        assert shown.json()["fault"] is not None  # no version of its rule is kept here: it says so
        assert stranger.get(f"/alerts/{other}/{part}").status_code == 404
    assert officer.send("POST", f"/alerts/{other}/unsilence", why="误设").status_code == 422  # it is not silenced
