"""The pages of matching: asked for, run as a job, compared, explained, given out; only by who may."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import select

from desk.delivery.need_samples import apply
from desk.desk_samples import ClientOf, Hands, viewer
from desk.matching.run_samples import run_of
from houfeng.matching.tables import NeedFile
from houfeng.office.jobs.worker import Worker
from houfeng_desk.desk import Desk
from houfeng_desk.queries.matching import result


@pytest.fixture
def worker(desk: Desk, small_book: Path, tmp_path: Path) -> Worker:
    """A worker on the same office and book."""
    return Worker(desk.office, tmp_path / "jobs", book=small_book)


def test_a_run_is_asked_for_and_compared(client: ClientOf, worker: Worker, hands: Hands) -> None:
    officer = client("officer")
    assert "还没有对接过" in officer.get("/matching").text
    address = run_of(officer, worker, share="5")
    assert address in officer.get("/matching").text
    shown = officer.get(address).text
    assert "稳定匹配" in shown
    assert "总量最优" in shown
    assert "影子价格" in shown
    assert "样例国有·小微信用贷" in shown


def test_a_need_is_explained_with_every_product(client: ClientOf, worker: Worker) -> None:
    officer = client("officer")
    address = run_of(officer, worker, share="5")
    needs = re.findall(r'href="(need\?no=[^"]+)"', officer.get(address).text)
    links = re.findall(rf'href="({address}/need\?no=[^"]+)"', officer.get(address).text)
    assert needs or links
    told = officer.get(links[0]).text
    assert "全部产品" in told
    assert "未知" in told  # nobody has answered yet, so no chance is known
    assert told.count("样例") >= 20
    assert officer.get(f"{address}/need?no=nothing").status_code == 404


def test_an_impossible_floor_is_named(client: ClientOf, worker: Worker) -> None:
    officer = client("officer")
    shown = officer.get(run_of(officer, worker, small="100", share="1")).text
    assert "保底要求做不到" in shown
    assert "小微企业至少 100%" in shown


def test_wrong_numbers_are_told(client: ClientOf) -> None:
    officer = client("officer")
    for asked in ({"share": "0"}, {"share": "nan"}, {"small": "101"}, {"region": "41x"}, {"region": "4115"}):
        assert officer.submit("/matching", {"day": "2025-12-15", **asked}, of="/matching").status_code == 422


def test_only_who_may_run_matching_sees_it(client: ClientOf, worker: Worker) -> None:
    address = run_of(client("officer"), worker)
    for login in ("viewer", "reporter", "enterprise"):
        assert client(login).get("/matching").status_code == 403
        assert client(login).get(address).status_code == 403
        assert client(login).get(f"{address}/export").status_code == 403
    assert client("luoyang").get(address).status_code == 404  # of one city: not the run of the whole market


def test_the_run_of_one_city_holds_its_needs_only(client: ClientOf, worker: Worker) -> None:
    luoyang = client("luoyang")
    address = run_of(luoyang, worker)
    answer = luoyang.submit(f"{address}/export", {"format": "csv", "reason": "核对"}, of=f"{address}/export")
    assert answer.status_code == 200
    regions = set(re.findall(r"\b(41\d{4})\b", answer.content.decode("utf-8-sig")))
    assert all(region.startswith("4103") for region in regions)


def test_the_export_holds_what_the_list_shows(client: ClientOf, worker: Worker) -> None:
    officer = client("officer")
    address = run_of(officer, worker)
    total = re.search(r"共 ([\d,]+) 条", officer.get(address).text)
    assert total
    answer = officer.submit(f"{address}/export", {"format": "csv", "reason": "核对"}, of=f"{address}/export")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert any("需求编号" in line for line in lines)
    assert sum(line.startswith("SIMXQ") for line in lines) == int(total[1].replace(",", ""))


def test_a_need_filed_on_the_desk_is_matched_with_what_its_firm_may_claim(
    client: ClientOf, desk: Desk, firm: str, worker: Worker, hands: Hands
) -> None:
    """It stands among the needs of the book, and some product is cheaper by the subsidy the firm is entitled to."""
    apply(client("firm"))
    address = run_of(client("officer"), worker, day=hands().date().isoformat())
    with desk.office.read() as session:
        need = session.scalars(select(NeedFile)).one()
        _, found = result.result(session, viewer(desk, "officer"), int(address.rsplit("/", 1)[1]))
    mine = next(one for one in found["needs"] if one["need_no"] == need.number)
    assert (mine["enterprise_id"], mine["amount"], mine["eligible"] > 0) == (firm, "3000000.00", True)
    helped = [offer for offer in mine["offers"] if offer["support"]]
    assert helped
    assert all(offer["cost"] < offer["before"] for offer in helped)
    assert len(found["needs"]) > 1
