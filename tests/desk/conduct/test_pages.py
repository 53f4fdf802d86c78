"""Conduct on the desk: a firm disputes a line, its bank answers; a listing with an objection; a bundle of evidence."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

from desk.desk_samples import ClientOf, DeskClient
from houfeng.conduct.evidence.packing import check
from houfeng.conduct.tables import Bundle, Dispute, Listing
from houfeng.office.identity.people import find
from houfeng_desk.desk import Desk


def _version(browser: DeskClient, address: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', browser.get(address).text)
    assert found, f"nothing to do on {address}: {browser.get(address).text[-2000:]}"
    return found[1]


def _act(browser: DeskClient, address: str, verb: str, **fields: Any) -> Any:
    sent = {"version": _version(browser, address), "why": "核对无误", **fields}
    return browser.submit(f"{address}/{verb}", sent, of=address)


def _line(browser: DeskClient, word: str) -> str:
    """The id of the line whose row has `word`, from the firm's own portrait."""
    rows = browser.get("/mine/portrait").text.split("<tr>")
    found = next(row for row in rows if word in row and "disputes/new" in row)
    named = re.search(r"line=(\w+)", found)
    assert named
    return named[1]


def test_a_line_is_disputed_answered_and_marked(client: ClientOf, desk: Desk, parties: tuple[str, str]) -> None:
    firm, bank = parties
    owner, lender, officer = client("firm"), client("lender"), client("officer")
    line = _line(owner, "贷款余额")
    assert owner.get(f"/mine/disputes/new?line={line}").status_code == 200
    blank = owner.submit("/mine/disputes", {"line": line, "asked": "", "why": "x"}, of="/mine/portrait")
    assert blank.status_code in (400, 422)
    told = {"line": line, "asked": "余额应为零", "why": "已结清，凭证 123"}
    made = owner.submit("/mine/disputes", told, of="/mine/portrait")
    assert made.status_code == 303, made.text
    own = made.headers["location"]
    address = own.removeprefix("/mine")
    assert "异议处理中" in owner.get("/mine/portrait").text
    assert "异议处理中" in officer.get(f"/enterprises/{firm}/portrait").text
    assert firm not in client("reporter").get("/disputes").text
    assert client("reporter").get(address).status_code == 404
    assert "待我办理" in lender.get("/disputes").text
    assert "余额应为零" in lender.get("/disputes?state=mine").text
    assert officer.get(address).status_code == 200
    assert officer.submit(f"{address}/admit", {"version": "1", "why": "越权"}, of=address).status_code == 403
    assert _act(lender, address, "refuse", why="流水显示未结清").status_code == 303
    assert _act(owner, own, "appeal", why="另附判决").status_code == 303
    assert _act(officer, address, "decide", outcome="annotated", statement="本企业已起诉").status_code == 303
    shown = owner.get("/mine/portrait").text
    assert "企业声明：本企业已起诉" in shown
    with desk.office.read() as session:
        one = session.query(Dispute).one()
        assert (one.institution_id, one.state, one.outcome) == (bank, "closed", "annotated")


def test_an_admitted_line_is_not_corrected_by_words(client: ClientOf, desk: Desk, parties: tuple[str, str]) -> None:
    owner, lender = client("firm"), client("lender")
    told = {"line": _line(owner, "贷款余额"), "asked": "零", "why": "已结清"}
    address = owner.submit("/mine/disputes", told, of="/mine/portrait").headers["location"].removeprefix("/mine")
    assert _act(lender, address, "admit").status_code == 303
    answer = _act(lender, address, "correct")
    assert answer.status_code == 409
    assert "账簿仍是" in answer.text
    assert "待更正" in lender.get(address).text


def test_who_sees_which_portrait(client: ClientOf, desk: Desk, parties: tuple[str, str]) -> None:
    firm, bank = parties
    officer, lender = client("officer").get(f"/enterprises/{firm}/portrait"), client("lender")
    assert officer.status_code == 200
    assert "公共记录" in officer.text
    seen = lender.get(f"/enterprises/{firm}/portrait")
    assert seen.status_code == 200
    assert "只显示贵机构报送的记录" in seen.text
    assert 'id="d-credit"' in seen.text
    assert 'id="d-records"' not in seen.text
    assert 'id="d-register"' not in seen.text
    assert client("reporter").get(f"/enterprises/{firm}/portrait").status_code == 404
    assert client("firm").get(f"/enterprises/{firm}/portrait").status_code == 403
    assert client("enterprise").get("/mine/portrait").status_code == 200  # a firm the book does not know
    with desk.office.read() as session:
        assert find(session, "lender").institutions == [bank]


def test_onto_a_list_with_an_objection_and_a_signature(
    client: ClientOf, desk: Desk, parties: tuple[str, str], hands: Any
) -> None:
    firm, _ = parties
    officer, signer, owner, lender = client("officer"), client("approver"), client("firm"), client("lender")
    form = officer.get(f"/lists/new?enterprise={firm}").text
    fact = re.search(r'name="evidence" value="(\w{20})"', form)
    assert fact
    told = {"enterprise": firm, "ground": "evasion_found", "authority": "中级人民法院", "why": "法院认定"}
    of = f"/lists/new?enterprise={firm}"
    poor = officer.submit("/lists", told, of=of)
    assert poor.status_code == 422
    assert "须有认定文书文号" in poor.text
    assert "预警只是线索" in poor.text
    whole = told | {"document_no": "（2026）豫01刑终1号", "document_on": "2026-01-20", "evidence": fact[1]}
    made = officer.submit("/lists", whole, of=of)
    assert made.status_code == 303, made.text
    address = made.headers["location"]
    assert "拟" in owner.get("/inbox").text
    assert lender.get(address).status_code == 404
    assert _act(owner, f"/mine{address}", "object", why="判决未生效").status_code == 303
    hands.forward(days=8)
    officer, signer, owner, lender = client("officer"), client("approver"), client("firm"), client("lender")
    assert _act(officer, address, "answer", why="已生效").status_code == 303
    assert _act(officer, address, "put").status_code == 303
    assert _act(signer, address, "sign", decision="approve").status_code == 303
    assert "失信联合惩戒名单" in officer.get(f"/enterprises/{firm}/portrait").text
    assert lender.get(address).status_code == 200
    assert "最短公示期届满" in owner.get(f"/mine{address}").text
    with desk.office.read() as session:
        assert session.query(Listing).one().state == "listed"


def test_a_bundle_of_evidence(client: ClientOf, desk: Desk, parties: tuple[str, str]) -> None:
    firm, _ = parties
    officer = client("officer")
    assert officer.submit(f"/evasion/{firm}/bundle", {"why": ""}, of=f"/evasion/{firm}").status_code == 422
    answer = officer.submit(f"/evasion/{firm}/bundle", {"why": "移送公安机关"}, of=f"/evasion/{firm}")
    assert answer.status_code == 200, answer.text
    assert check(answer.content) == []
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert firm in archive.read("manifest.json").decode()
    with desk.office.read() as session:
        made = session.query(Bundle).one()
    assert made.size == len(answer.content)
    assert made.sha256[:16] in officer.get(f"/evasion/{firm}").text
    assert client("luoyang").submit(f"/evasion/{firm}/bundle", {"why": "x"}).status_code in (200, 404)
    assert client("viewer").submit(f"/evasion/{firm}/bundle", {"why": "x"}).status_code == 403


def test_every_page_in_both_languages(client: ClientOf, desk: Desk, parties: tuple[str, str]) -> None:
    firm, _ = parties
    officer, owner = client("officer"), client("firm")
    pages = ["/disputes", "/lists", "/lists/new", f"/lists/new?enterprise={firm}", "/evasion", f"/evasion/{firm}"]
    for browser, paths in ((officer, [*pages, f"/enterprises/{firm}/portrait"]), (owner, ["/mine/portrait"])):
        for path in paths:
            assert browser.get(path).status_code == 200, path
        browser.get("/lang/en?next=/account")
        for path in paths:
            page = browser.get(path)
            assert page.status_code == 200, path
            assert 'lang="en"' in page.text


def test_exports(client: ClientOf, parties: tuple[str, str]) -> None:
    firm, _ = parties
    officer = client("officer")
    for path in ("/disputes", "/lists", "/evasion", f"/enterprises/{firm}/portrait"):
        asked = officer.submit(
            f"{path}/export", {"why": "存档", "reason": "存档", "format": "csv"}, of=f"{path}/export"
        )
        assert asked.status_code == 200, (path, asked.text[:500])


def test_odd_questions_find_nothing(client: ClientOf, parties: tuple[str, str]) -> None:
    assert all(parties)
    officer, owner = client("officer"), client("firm")
    odd = ["%00", "a" * 80, "'%20OR%201=1--", "%E2%80%AE", "99999999999999-9"]
    paths = [f"/lists/new?enterprise={one}" for one in odd] + [f"/disputes?text={one}" for one in odd]
    paths += [f"/lists?text={one}" for one in odd] + [f"/evasion?text={one}" for one in odd]
    paths += [f"/enterprises/{one}/portrait" for one in odd] + [f"/evasion/{one}" for one in odd]
    paths += ["/disputes/999999999", "/lists/999999999", "/disputes?sort=evil", "/lists?state=evil"]
    for path in paths:
        assert officer.get(path).status_code < 500, path
    for path in ("/mine/disputes/new?line='", "/mine/disputes/1", "/mine/lists/1", "/mine/disputes/new"):
        assert owner.get(path).status_code == 404, path
    sent = {"version": "x", "why": "y"}
    assert officer.submit("/disputes/1/admit", sent).status_code in (400, 422)
    assert officer.submit("/lists/1/evil", {"version": "1", "why": "y"}).status_code == 422
    assert owner.submit("/mine/disputes", {"line": "zz", "asked": "a", "why": "b"}).status_code == 404
