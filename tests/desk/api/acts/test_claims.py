"""Claims for programs: the workbook, from drawing to money, the quota that moves, and the audit of what was funded."""

from __future__ import annotations

import io
from decimal import Decimal

import openpyxl

from desk.api.api_samples import Program
from desk.claims.claim_pages import PERIOD, TOOL, grant
from desk.desk_samples import BANK, ClientOf
from houfeng_desk.desk import Desk

MILLION = Decimal(1_000_000)
CEILING = 1000 * MILLION


def drawn(reporter: Program) -> tuple[int, int]:
    """A claim of the bank's, and its version."""
    made = reporter.send("POST", "/claims", institution_id=BANK, tool=TOOL, period=PERIOD)
    assert made.status_code == 200, made.text
    return made.json()["id"], made.json()["version"]


def test_the_workbook_holds_the_loans_of_the_claim(client: ClientOf) -> None:
    """Row by row and to the fen; only who may claim fetches it."""
    reporter = Program(client("reporter"))
    number, _ = drawn(reporter)
    answer = reporter.get(f"/claims/{number}/workbook")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    heads, *rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    listed = reporter.get(f"/claims/{number}/loans", limit=500).json()["items"]
    held = {
        (row[heads.index("贷款合同编码")], Decimal(str(row[heads.index("申领金额")])).quantize(Decimal("0.01")))
        for row in rows
        if row[heads.index("贷款合同编码")]
    }
    told = {(one["contract_no"], Decimal(one["amount"])) for one in listed if one["amount"] is not None}
    assert held == told
    assert len(held) == len(rows) == len(told) == 6
    for login, status in (("analyst", 403), ("officer", 403)):
        assert Program(client(login)).get(f"/claims/{number}/workbook").status_code == status


def paid(client: ClientOf, desk: Desk) -> tuple[int, Decimal]:
    """A claim drawn, submitted, decided by two and disbursed, all by the API; and what was granted."""
    reporter, officer, signer = (Program(client(login)) for login in ("reporter", "officer", "second"))
    grant(desk, int(CEILING))
    number, version = drawn(reporter)
    for person, verb, more in (
        (reporter, "submit", {}), (officer, "decide", {}), (signer, "sign", {"approve": True}),
        (officer, "disburse", {"day": f"{desk.clock():%Y-%m-%d}"}),
    ):  # fmt: skip
        answer = person.send("POST", f"/claims/{number}/{verb}", version=version, why="核对无误", **more)
        assert answer.status_code == 200, (verb, answer.text)
        version = answer.json()["version"]
    assert answer.json()["state"] == "disbursed"
    return number, Decimal(officer.get(f"/claims/{number}").json()["granted"])


def test_the_quota_moves_by_what_was_granted(client: ClientOf, desk: Desk) -> None:
    """The tool and what it stands under; another city's officer sees the same ceilings, an enterprise none."""
    officer = Program(client("officer"))
    _, granted = paid(client, desk)
    items = officer.get("/quotas").json()["items"]
    (tool,) = (one for one in items if one["label"]["zh"] == "服务消费与养老再贷款")
    assert (Decimal(tool["ceiling"]), Decimal(tool["used"]), Decimal(tool["frozen"])) == (CEILING, granted, 0)
    assert Decimal(tool["left"]) == CEILING - granted < CEILING
    proposed = officer.send("POST", f"/quotas/{tool['id']}/grant", amount="5000000.00", why="追加")
    assert proposed.status_code == 200
    (waits,) = [one for one in Program(client("second")).get("/approvals").json()["items"] if "额度" in str(one)]
    signed = Program(client("second")).send("POST", f"/approvals/{waits['id']}/decide", approve=True, why="同意")
    assert signed.status_code == 200, signed.text
    now = next(one for one in officer.get("/quotas").json()["items"] if one["id"] == tool["id"])
    assert Decimal(now["ceiling"]) == CEILING + 5 * MILLION
    assert Program(client("enterprise")).get("/quotas").status_code == 403


def test_an_audit_of_all_loans_projects_what_it_found(client: ClientOf, desk: Desk) -> None:
    """Every loan is drawn, one is wrong by a thousand: the projection is that, with no doubt left; it is closed."""
    officer = Program(client("officer"))
    number, _ = paid(client, desk)
    items = officer.get(f"/claims/{number}/loans", limit=500).json()["items"]
    loans = sum(1 for one in items if Decimal(one["granted"] or 0) > 0)
    asked = {
        "tool": TOOL,
        "first": "2025-10-01",
        "last": "2026-12-31",
        "method": "random",
        "seed": 7,
        "why": "年度检查",
    }
    sent = {"json": {"size": loans, **asked}, "headers": {"x-csrf-token": officer.token}}
    made = officer.browser.post("/api/v1/claims/audits", **sent)
    assert made.status_code == 200, made.text
    told = officer.get(f"/claims/audits/{made.json()['id']}").json()
    assert (told["lines"], len(told["samples"])) == (loans, loans)
    assert {one["why"]["zh"] for one in told["samples"]} == {"随机抽取"}
    first, *others = told["samples"]
    address = f"/claims/audits/{told['id']}"
    for one in others:
        assert officer.send("PUT", f"{address}/samples/{one['id']}", outcome="clean").status_code == 200
    wrong = officer.send("PUT", f"{address}/samples/{first['id']}", outcome="error", error="1000.00", note="用途不符")
    assert wrong.json() == {"id": first["id"], "outcome": "error", "error": "1000.00", "note": "用途不符"}
    closed = officer.send("POST", f"{address}/close", why="检查完毕")
    assert closed.status_code == 200, closed.text
    assert {Decimal(str(closed.json()["projection"][name])) for name in ("error", "low", "high")} == {Decimal(1000)}
    assert [one["id"] for one in officer.get("/claims/audits").json()["items"]] == [told["id"]]
    assert officer.send("PUT", f"{address}/samples/{first['id']}", outcome="clean").status_code == 409
    assert Program(client("reporter")).get(address).status_code == 403
