"""Exports too large for a request: signed by another, written by the worker, fetched by who asked, gone in time."""

from __future__ import annotations

import csv
import importlib
import io
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.desk_samples import BANK, ClientOf, Hands, viewer
from houfeng.office import journal, notices
from houfeng.office.access import Role, Scope
from houfeng.office.identity import accounts
from houfeng.office.jobs import Worker
from houfeng.office.tables import Job, SettingValue
from houfeng_desk.desk import Desk
from houfeng_desk.lists import jobs

EXPORT = importlib.import_module("houfeng_desk.lists.export")
ASKED = {"reason": "年度核对", "format": "csv"}


def work(desk: Desk, folder: Path) -> None:
    Worker(desk.office, folder, book=desk.book.path, beat=60).run(until_idle=True)


def move(session: Session, region: str) -> None:
    accounts.change_roles(session, "test", "officer", [Role.OFFICER], Scope(regions=frozenset({region})), "moved")


def last(desk: Desk) -> Job:
    with desk.office.read() as session:
        return session.scalars(select(Job).where(Job.kind == jobs.KIND).order_by(Job.id.desc())).one()


def rows_of(answer: Any) -> list[list[str]]:
    table = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    return table[: table.index([])]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of more than fifty rows are not written in the request."""
    monkeypatch.setattr(EXPORT, "IN_REQUEST", 50)


def test_a_long_file_is_written_by_the_worker_as_the_list_shows_it(
    client: ClientOf, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, url = client("luoyang"), "/enterprises/export?sort=-balance"
    direct = one.submit(url, ASKED)
    assert direct.status_code == 200
    monkeypatch.setattr(EXPORT, "IN_REQUEST", 10)
    asked = one.submit(url, ASKED)
    assert asked.status_code == 303
    assert asked.headers["location"] == f"/jobs/{last(desk).id}"
    work(desk, tmp_path)
    job = last(desk)
    assert (job.state, job.error_zh) == ("done", "")
    given = one.get(job.result["href"])
    assert given.status_code == 200
    assert given.headers["content-disposition"].startswith("attachment")
    assert rows_of(given) == rows_of(direct)
    assert len(rows_of(given)) == job.result["rows"] + 1
    assert "年度核对" in given.text
    with desk.office.read() as session:
        told = notices.inbox(session, viewer(desk, "luoyang"))[0]
        assert (told.kind, told.link) == ("export", f"/jobs/{job.id}")
        acts = [(entry.act, entry.who, entry.why) for entry in journal.entries(session)]
    assert acts[-2:] == [("export", "luoyang", "年度核对"), ("export.fetch", "luoyang", "")]
    assert "下载文件" in one.get(f"/jobs/{job.id}").text


def test_a_large_file_waits_for_another_person(
    client: ClientOf, desk: Desk, tmp_path: Path, hands: Hands, small: None
) -> None:
    with desk.office.begin() as session:
        session.add(SettingValue(name="large_export_rows", value=100, changed_by="test", changed_at=desk.clock()))
    one, url = client("officer"), "/themes/loans/export?theme=all"
    assert "须另一个人批准" in one.get(url).text
    assert one.submit(url, ASKED).headers["location"] == "/todo"
    assert "等另一个人决定" in one.get(url).text
    assert one.submit(url, ASKED).status_code == 409
    work(desk, tmp_path)
    with desk.office.read() as session:
        assert session.scalars(select(Job).where(Job.kind == jobs.KIND)).all() == []
    decided = client("approver").submit("/approvals/1/decide", {"answer": "approve", "why": "可以"})
    assert decided.status_code == 303
    work(desk, tmp_path)
    job = last(desk)
    assert (job.state, job.requester.login if job.requester else "") == ("done", "officer")
    table = rows_of(one.get(job.result["href"]))
    reader = desk.reader(viewer(desk, "officer"))
    notes = {row["note_no"] for row in reader.rows("SELECT note_no FROM loan_balance WHERE period = ?", [reader.as_of])}
    assert {row[0].lstrip("'") for row in table[1:]} <= notes
    assert len(table) == job.result["rows"] + 1 > 101
    for other in ("approver", "second", "viewer"):
        assert client(other).get(job.result["href"]).status_code in (403, 404)
    hands.forward(days=3, seconds=1)
    assert client("officer").get(job.result["href"]).status_code == 404


def test_the_file_is_that_of_the_person_s_scope_and_of_now(
    client: ClientOf, desk: Desk, tmp_path: Path, small: None
) -> None:
    one = client("officer")
    assert one.submit("/enterprises/export", ASKED).status_code == 303
    with desk.office.begin() as session:
        move(session, "410300")
    work(desk, tmp_path)
    job = last(desk)
    assert job.result["scope"]["regions"] == ["410300"]
    codes = {row[2] for row in rows_of(client("officer").get(job.result["href"]))[1:]}
    assert len(codes) > 0
    with desk.office.begin() as session:
        move(session, "410100")
    assert client("officer").get(job.result["href"]).status_code == 403


def test_who_may_no_longer_export_gets_no_file(client: ClientOf, desk: Desk, tmp_path: Path, small: None) -> None:
    one = client("officer")
    assert one.submit("/enterprises/export", ASKED).status_code == 303
    with desk.office.begin() as session:
        accounts.change_roles(
            session, "test", "officer", [Role.REPORTER], Scope(institutions=frozenset({BANK})), "left"
        )
    work(desk, tmp_path)
    job = last(desk)
    assert job.state == "failed"
    assert job.error_zh


def test_a_file_that_was_changed_is_not_given(client: ClientOf, desk: Desk, tmp_path: Path, small: None) -> None:
    one = client("officer")
    one.submit("/enterprises/export", ASKED)
    work(desk, tmp_path)
    job = last(desk)
    path = Path(job.folder) / job.result["file"]
    path.write_bytes(path.read_bytes() + b"x")
    assert one.get(job.result["href"]).status_code == 503
