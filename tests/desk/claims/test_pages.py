"""Claims on the desk: drawn, uploaded with two wrong amounts, refused with reasons, corrected, decided, paid."""

from __future__ import annotations

import re

import pytest

from desk.claims.claim_pages import PERIOD, TOOL, act, begin, grant, people, spoilt, version
from desk.desk_samples import BANK, ClientOf
from houfeng.claims import ledger
from houfeng.claims.files import lines
from houfeng.claims.tables import Claim, Quota
from houfeng_desk.desk import Desk

PAGES = ("/claims", "/claims/new", "/quota")


def test_the_whole_road(client: ClientOf, desk: Desk) -> None:
    """A bank's workbook with two wrong amounts; one is corrected; the quota moves by what was signed."""
    reporter, officer, signer = people(client)
    address = begin(reporter)
    assert "系统生成" in reporter.get(address).text
    data = reporter.get(f"{address}/workbook").content
    sent = {"version": version(reporter, address), "csrf": reporter.token(address), "why": "四季度"}
    files = {"file": ("claim.xlsx", spoilt(data, {1: 2, 2: 3}))}
    answer = reporter.post(f"{address}/upload", data=sent, files=files)
    assert answer.status_code == 303, answer.text
    told = reporter.get(address).text
    assert "2 笔与账簿不符" in told
    assert len(re.findall(r"高于账簿的", told)) >= 2
    with desk.office.read() as session:
        claim = session.query(Claim).one()
        refused = [line for line in lines(session, claim.id) if line.state == "refused"]
    assert len(refused) == 2
    one = refused[0]
    wrong = act(reporter, address, "correct", line=one.id, base=one.base, amount=one.amount)
    assert wrong.status_code == 422
    assert "高于账簿" in wrong.text
    fixed = act(reporter, address, "correct", line=one.id, base=one.base, amount=one.drawn, why="录入错误")
    assert fixed.status_code == 303, fixed.text
    short = act(officer, address, "decide")
    assert short.status_code == 409  # no quota was granted
    grant(desk, 1_000_000_000)
    assert act(officer, address, "decide").status_code == 303
    assert act(signer, address, "sign", decision="approve").status_code == 303
    assert act(officer, address, "disburse", day=f"{desk.clock():%Y-%m-%d}").status_code == 303
    with desk.office.read() as session:
        claim = session.query(Claim).one()
        assert (claim.state, claim.outstanding) == ("disbursed", claim.granted)
        node = session.query(Quota).filter(Quota.name == f"tool:{TOOL}").one()
        assert node.used == claim.granted > 0
        assert ledger.verify(session) == []
    assert "已拨付" in reporter.get(address).text
    assert "展期" in officer.get(address).text
    extended = act(officer, address, "extend")
    assert extended.status_code in (303, 409), extended.text


def test_every_page_in_both_languages(client: ClientOf, desk: Desk) -> None:
    """Each page answers to who may see it; English has no Chinese left but the names of the book."""
    reporter, officer, _ = people(client)
    grant(desk, 1_000_000_000)
    address = begin(reporter)
    for person, paths in ((reporter, (*PAGES, address)), (officer, ("/claims", "/quota", address))):
        for path in paths:
            assert person.get(path).status_code == 200, path
    officer.get("/lang/en?next=/")
    assert "Nothing for you" in officer.get(address).text


def test_a_bank_sees_its_own_only(client: ClientOf, desk: Desk) -> None:
    """The claim of one bank is not there for another's officer, nor is its workbook; it cannot claim for others."""
    reporter, _, _ = people(client)
    address = begin(reporter)
    assert client("luoyang").get(address).status_code == 404
    assert client("analyst").get(address).status_code == 200
    assert client("analyst").get(f"{address}/workbook").status_code == 403
    assert client("enterprise").get("/claims").status_code == 403
    other = {"bank": "91410200MCBLUKQT4M", "tool": TOOL, "period": PERIOD}
    assert reporter.submit("/claims", other, of="/claims/new").status_code == 403
    assert reporter.get("/quota").status_code == 200
    assert BANK not in client("luoyang").get("/claims").text


@pytest.mark.parametrize(
    "query", ["state=nothing", "sort=why", "page=x", "since=yesterday", "tool=zzz", "size=7", "text=%00"]
)
def test_addresses_that_cannot_be_meant(client: ClientOf, query: str) -> None:
    """A wrong query is told, not a fault."""
    assert client("officer").get(f"/claims?{query}").status_code in (400, 422)
    assert client("officer").get("/quota?of=99").status_code == 404
    assert client("officer").get("/claims/99").status_code == 404


def test_the_list_and_a_claim_go_out_as_files(client: ClientOf) -> None:
    """What is on the screen, all of it, for a reason."""
    reporter, officer, _ = people(client)
    address = begin(reporter)
    for path in ("/claims/export", f"{address}/export"):
        answer = officer.submit(path, {"reason": "核对", "format": "csv"}, of=path)
        assert answer.status_code == 200
        assert "服务消费与养老再贷款" in answer.text or "合同号" in answer.text
