"""What a signature does beyond the desk: the watch is told, once, and only what it would take."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from desk.desk_samples import ClientOf, Hands, make_app
from houfeng.office.jobs import Worker
from houfeng.office.tables import Approval, JournalEntry
from houfeng.packs.loading.load import load_pack
from houfeng.watch.operations.emission import Emission
from houfeng.watch.operations.inbox import Inbox, write_state
from houfeng.watch.operations.orders import known_rules
from houfeng.watch.service.packs import keep, kept
from houfeng_desk.app import DeskApp
from houfeng_desk.desk import Desk


@pytest.fixture
def watched(small_book: Path, tmp_path: Path) -> Path:
    """A book on which a watch has run by the shipped invoice rules."""
    book = tmp_path / "book"
    shutil.copytree(small_book, book)
    pack = keep(book / "watch", load_pack("sme-invoices"))
    (book / "watch" / "about.json").write_text(json.dumps({"pack": pack.digest}), "utf-8")
    emission = Emission(known_rules(pack))
    write_state(book / "watch" / "state" / "emission.json", emission.dump())
    return book


@pytest.fixture
def app(watched: Path, peopled: Path, tmp_path: Path, hands: Hands) -> Iterator[DeskApp]:
    """The desk over it."""
    shutil.copy(peopled, tmp_path / "office.db")
    made = make_app(watched, tmp_path / "office.db", hands, work_folder=tmp_path / "work")
    yield made
    made.state.desk.close()
    made.state.desk.office.close()


def work(desk: Desk, folder: Path) -> None:
    worker = Worker(desk.office, folder, book=desk.book.path)
    while worker.run_once():
        pass


def approve(desk: Desk, client: ClientOf) -> None:
    with desk.office.read() as session:
        waiting = session.scalars(select(Approval).where(Approval.state == "waiting")).one()
    answer = client("approver").submit(f"/approvals/{waiting.id}/decide", {"answer": "approve", "why": "同意"})
    assert answer.status_code == 303


def a_rule(desk: Desk) -> str:
    return next(iter(load_pack("sme-invoices").rules))


def test_a_rule_is_moved_by_two_persons_through_the_inbox(desk: Desk, client: ClientOf, tmp_path: Path) -> None:
    rule, inbox = a_rule(desk), Inbox(desk.book.path / "watch" / "inbox")
    address = f"/packs/sme-invoices/rules/{rule}"
    analyst = client("analyst")
    assert "变更状态" in analyst.get(address).text
    assert analyst.submit(f"{address}/move", {"to": "shadow", "why": "误报多"}).status_code == 303
    work(desk, tmp_path)
    assert inbox.waiting() == []  # nothing before the second signature
    assert "待审批" in client("viewer").get("/packs/sme-invoices/rules").text
    approve(desk, client)
    work(desk, tmp_path)
    (order,) = inbox.waiting()
    assert order.what == {"do": "life", "rule": f"sme-invoices/{rule}", "to": "shadow"}
    assert order.who == "analyst + approver"
    assert order.why == "误报多"
    with desk.office.read() as session:
        acts = set(session.scalars(select(JournalEntry.act)))
    assert {"approval.propose", "approval.approve", "rule.move"} <= acts


def test_a_move_the_watch_would_refuse_is_refused_at_once(desk: Desk, client: ClientOf) -> None:
    analyst = client("analyst")
    address = f"/packs/sme-invoices/rules/{a_rule(desk)}/move"
    assert analyst.submit(address, {"to": "active", "why": "已是"}).status_code == 400
    assert analyst.submit(address, {"to": "percent:0", "why": "不可"}).status_code == 400
    assert analyst.submit(address, {"to": "back", "why": "没有上一步"}).status_code == 400
    assert client("viewer").submit(address, {"to": "shadow", "why": "不能"}).status_code == 403


def test_an_activation_is_handed_to_the_watch_on_its_day_once(
    desk: Desk, client: ClientOf, tmp_path: Path, hands: Hands
) -> None:
    analyst, inbox = client("analyst"), Inbox(desk.book.path / "watch" / "inbox")
    pack = load_pack("sme-invoices")
    name = next(n for n, one in pack.parameters.items() if one.unit == "count" and one.where.file.find("sme-") > 0)
    value = int(pack.parameters[name].values[-1].value) + 1
    asked = {"value": str(value), "start": "2027-01-01", "reference": "示例", "why": "调阈值", "act": "draft"}
    address = str(analyst.submit(f"/packs/sme-invoices/parameter/{name}/change", asked).headers["location"])
    analyst.submit(f"{address}/test", {})
    analyst.submit(f"{address}/simulate", {"first": "2025-12-01", "last": "2025-12-05"})
    work(desk, tmp_path)
    shown = analyst.get(address).text
    assert "影响" in shown
    assert analyst.submit(f"{address}/submit", {"from_day": "2026-02-12", "why": "调阈值"}).status_code == 303
    approve(desk, client)
    work(desk, tmp_path)
    assert inbox.waiting() == []  # not before its day
    hands.forward(days=2)
    work(desk, tmp_path)
    work(desk, tmp_path)
    (order,) = inbox.waiting()
    assert order.what["do"] == "load"
    assert order.who == "analyst + approver"
    loaded = kept(desk.book.path / "watch", order.what["digest"])
    assert loaded.parameters[name].values[-1].value == value
    assert "收件箱" in client("viewer").get(address).text


def test_a_pack_the_watch_does_not_run_by_says_so(client: ClientOf) -> None:
    answer = client("viewer").get("/packs/warning-rules/rules")
    assert "监测所用的包是 sme-invoices" in answer.text
