"""Conduct for programs: a firm disputes, its bank answers, the office decides; an entry and its signature; evidence."""

from __future__ import annotations

from typing import Any

from desk.api.api_samples import Program
from desk.desk_samples import ClientOf, Hands
from houfeng.conduct.evidence.packing import check
from houfeng_desk.desk import Desk


def line_of(owner: Program, label: str) -> dict[str, Any]:
    lines = owner.get("/mine/portrait").json()["portrait"]["lines"]
    found: dict[str, Any] = next(one for one in lines if label in one["label"]["zh"])
    return found


def test_a_dispute_from_filing_to_decision(client: ClientOf, parties: tuple[str, str]) -> None:
    firm, _ = parties
    owner, lender, officer = (Program(client(login)) for login in ("firm", "lender", "officer"))
    stranger, nobody = Program(client("reporter")), Program(client("enterprise"))
    line = line_of(owner, "贷款余额")
    asked = {"line": line["id"], "asked": "余额应为零", "why": "已结清"}
    assert owner.send("POST", "/mine/disputes", **{**asked, "line": "0" * 16}).status_code == 404
    assert owner.send("POST", "/mine/disputes", **{**asked, "why": ""}).status_code == 422
    assert officer.send("POST", "/mine/disputes", **asked).status_code == 403
    made = owner.send("POST", "/mine/disputes", **asked)
    assert made.status_code == 200, made.text
    one = f"/disputes/{made.json()['id']}"
    assert stranger.get(one).status_code == 404
    assert nobody.get(f"/mine{one}").status_code == 404
    assert stranger.get("/disputes").json()["total"] == 0
    seen = lender.get(one)
    assert {move["move"] for move in seen.json()["moves"]} == {"admit", "refuse"}
    again = lender.browser.get(f"/api/v1{one}", headers={"if-none-match": seen.headers["etag"]})
    assert again.status_code == 304
    version = seen.json()["version"]
    assert lender.send("POST", f"{one}/move", version=version + 3, move="refuse", why="x").status_code == 409
    assert lender.send("POST", f"{one}/move", version=version, move="dance", why="x").status_code == 422
    assert officer.send("POST", f"{one}/move", version=version, move="admit", why="x").status_code == 403
    refused = lender.send("POST", f"{one}/move", version=version, move="refuse", why="流水显示未结清").json()
    assert refused["state"] == "refused"
    appealed = owner.send("POST", f"/mine{one}/move", version=refused["version"], move="appeal", why="另附判决").json()
    decided = officer.send(
        "POST", f"{one}/move", version=appealed["version"], move="decide", why="证据不足", outcome="annotated",
        statement="本企业已起诉",
    )  # fmt: skip
    assert decided.status_code == 200, decided.text
    own = owner.get(f"/mine{one}").json()
    assert (own["state"], own["outcome"], own["statement"]) == ("closed", "annotated", "本企业已起诉")
    assert [step["to"] for step in own["steps"]] == ["closed", "review", "refused", "filed"]  # newest first
    marked = line_of(owner, "贷款余额")["mark"]
    assert marked is not None
    portrait = officer.get(f"/enterprises/{firm}/portrait").json()["lines"]
    assert any(each["id"] == line["id"] and each["mark"] for each in portrait)


def test_an_entry_needs_a_notice_and_two_persons(
    client: ClientOf, desk: Desk, parties: tuple[str, str], hands: Hands
) -> None:
    firm, _ = parties
    officer, second, owner, lender = (Program(client(login)) for login in ("officer", "second", "firm", "lender"))
    evidence = [one["id"] for one in officer.get(f"/enterprises/{firm}/portrait").json()["lines"]][:2]
    asked = {
        "enterprise_id": firm, "ground": "evasion_found", "authority": "中级人民法院",
        "document_no": "（2026）豫01执9号",
        "document_on": "2026-01-20", "evidence": [*evidence, "alert:none"], "why": "判决生效未履行",
    }  # fmt: skip
    assert lender.send("POST", "/lists", **asked).status_code == 403
    assert officer.send("POST", "/lists", **{**asked, "ground": "nothing"}).status_code in (400, 422)
    assert Program(client("viewer")).send("POST", "/lists", **asked).status_code == 403
    made = officer.send("POST", "/lists", **asked)
    assert made.status_code == 200, made.text
    entry = made.json()
    one = f"/lists/{entry['id']}"
    told = officer.get(one).json()
    assert len(told["evidence"]) == 2  # what is not there is left out
    assert told["state"] == "noticed"
    assert owner.get(f"/mine{one}").json()["acts"] == ["object"]
    assert Program(client("enterprise")).get(f"/mine{one}").status_code == 404
    objected = owner.send("POST", f"/mine{one}/act", version=entry["version"], act="object", why="已履行")
    assert objected.status_code == 200, objected.text
    early = officer.send("POST", f"{one}/act", version=objected.json()["version"], act="put", why="列入")
    assert early.status_code == 409
    answered = officer.send("POST", f"{one}/act", version=objected.json()["version"], act="answer", why="未见凭证")
    assert answered.status_code == 200, answered.text
    hands.forward(days=8)
    officer, second = Program(client("officer")), Program(client("second"))
    put = officer.send("POST", f"{one}/act", version=answered.json()["version"], act="put", why="列入")
    assert put.json()["waits_for_signature"] is True
    own = officer.send("POST", f"{one}/sign", version=put.json()["version"], approve=True, why="我签")
    assert own.status_code == 403
    signed = second.send("POST", f"{one}/sign", version=put.json()["version"], approve=True, why="同意")
    assert signed.status_code == 200, signed.text
    listed = officer.get("/lists", list="punishment", state="listed").json()
    assert [row["member_id"] for row in listed["items"]] == [firm]
    assert officer.get("/lists/counts").json()["punishment"] == 1
    assert {step["name"] for step in officer.get(one).json()["conditions"]}


def test_a_bundle_of_evidence_checks_out(client: ClientOf, parties: tuple[str, str]) -> None:
    firm, _ = parties
    officer, lender = Program(client("officer")), Program(client("lender"))
    assert officer.send("POST", f"/evasion/{firm}/bundle").status_code == 422
    hidden = officer.send("POST", f"/evasion/{firm}/bundle", why="移送\x1c公安")
    assert (hidden.status_code, [one["where"] for one in hidden.json()["problems"]]) == (422, ["why"])
    assert lender.send("POST", f"/evasion/{firm}/bundle", why="x").status_code == 403
    file = officer.send("POST", f"/evasion/{firm}/bundle", why="移送公安")
    assert file.status_code == 200, file.text
    assert check(file.content) == []
    told = officer.get(f"/evasion/{firm}").json()
    assert [one["why"] for one in told["bundles"]] == ["移送公安"]
    assert Program(client("luoyang")).get("/evasion").status_code == 200
