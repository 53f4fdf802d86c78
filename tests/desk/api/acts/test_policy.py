"""Claims, policies and needs for programs: a bank draws, the office decides, another signs; a firm applies."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select

from desk.api.api_samples import Program
from desk.claims.claim_pages import PERIOD, TOOL, grant
from desk.delivery.need_samples import POLICY
from desk.desk_samples import BANK, ClientOf, Hands
from houfeng.claims.tables import Claim, ClaimLine, Quota
from houfeng.matching.tables import PolicyChain
from houfeng_desk.desk import Desk


@pytest.fixture
def bank(client: ClientOf) -> Program:
    return Program(client("reporter"))


@pytest.fixture
def officer(client: ClientOf) -> Program:
    return Program(client("officer"))


def test_a_claim_from_drawing_to_payment(client: ClientOf, desk: Desk, bank: Program, officer: Program) -> None:
    """One loan is refused with a reason; the quota moves by what was granted; an old version moves nothing."""
    begun = {"institution_id": BANK, "tool": TOOL, "period": PERIOD}
    assert officer.send("POST", "/claims", **begun).status_code == 403
    drawn = bank.send("POST", "/claims", **begun).json()
    one = f"/claims/{drawn['id']}"
    assert bank.send("POST", f"{one}/submit", version=drawn["version"] + 7, why="").status_code == 409
    sent = bank.send("POST", f"{one}/submit", version=drawn["version"], why="四季度").json()
    assert (sent["state"], sent["refused"]) == ("submitted", 0)
    loans = officer.get(f"{one}/loans").json()
    assert loans["total"] >= drawn["loans"]
    asked = officer.get(f"{one}/loans", state="asked", limit=2).json()
    assert [len(asked["items"]), asked["total"]] == [2, drawn["loans"]]
    refusal = {"version": sent["version"], "why": "审核", "refusals": {asked["items"][0]["id"]: "用途不符"}}
    assert officer.send("POST", f"{one}/decide", **refusal).status_code == 409  # no quota was granted
    grant(desk, 1_000_000_000)
    decided = officer.send("POST", f"{one}/decide", **refusal).json()
    assert decided["waits_for_signature"] is True
    signer = Program(client("second"))
    waiting = signer.get("/approvals").json()["items"]
    signed = signer.send("POST", f"/approvals/{waiting[0]['id']}/decide", approve=True, why="同意")
    assert signed.status_code == 200, signed.text
    shown = officer.get(one).json()
    assert (shown["state"], shown["loans"]["refused"]) == ("partly_accepted", 1)
    day = desk.clock().date().isoformat()
    paid = officer.send("POST", f"{one}/disburse", version=shown["version"], why="拨付", day=day).json()
    assert paid["state"] == "disbursed"
    with desk.office.read() as session:
        claim = session.scalars(select(Claim)).one()
        quota = session.scalars(select(Quota).where(Quota.name == f"tool:{TOOL}")).one()
        refused = session.scalars(select(ClaimLine).where(ClaimLine.state == "refused")).one()
        assert quota.used == claim.granted > 0
        assert "用途不符" in str(refused.reasons)
    quotas = {line["id"]: line for line in officer.get("/quotas").json()["items"]}
    assert Decimal(quotas[quota.id]["used"]) == claim.granted
    late = officer.send("POST", f"{one}/repay", version=paid["version"], why="归还", day=day, loans=[]).json()
    assert late["state"] == "matured"


def test_claims_stay_in_their_scope(client: ClientOf, bank: Program, officer: Program) -> None:
    """Another bank's or region's asker finds none; nobody grants to himself; filters are checked."""
    drawn = bank.send("POST", "/claims", institution_id=BANK, tool=TOOL, period=PERIOD).json()
    there = Program(client("luoyang"))
    for path in (f"/claims/{drawn['id']}", f"/claims/{drawn['id']}/loans"):
        assert there.get(path).status_code == 404
    assert there.get("/claims").json()["total"] == 0
    assert [row["id"] for row in officer.get("/claims", tool=TOOL).json()["items"]] == [drawn["id"]]
    assert officer.get("/claims", state="nothing").status_code in (400, 422)
    assert (
        bank.send("POST", "/claims", institution_id="91410200MCBLUKQT4M", tool=TOOL, period=PERIOD).status_code == 403
    )
    assert bank.send("POST", "/quotas/1/grant", amount="1", why="x").status_code == 403
    dropped = bank.send("POST", f"/claims/{drawn['id']}/drop", version=drawn["version"], why="重来")
    assert dropped.status_code == 200


def test_a_firm_applies_and_a_bank_lends(
    client: ClientOf, desk: Desk, firm: str, bank: Program, officer: Program, hands: Hands
) -> None:
    """From what the firm is entitled to, to the loan; a bank sees the need when it is sent to it, and not before."""
    mine = Program(client("firm"))
    rights = {one["policy"]: one for one in mine.get("/mine").json()["policies"]}
    assert rights[POLICY]["state"] == "yes"
    wish = {
        "policy": POLICY, "amount": "3000000", "term_months": 12, "use": "采购原材料", "guarantee": "D",
        "deadline": "2026-06-30", "contact": "张三", "data": ["profile"], "days": 60,
    }  # fmt: skip
    assert mine.send("POST", "/mine/needs", **wish, agree=False).status_code == 422
    need = mine.send("POST", "/mine/needs", **wish, agree=True).json()
    one = f"/needs/{need['id']}"
    assert bank.get(one).status_code == 404
    assert Program(client("enterprise")).get(one).status_code in (403, 404)
    sent = officer.send("POST", f"{one}/recommend", version=need["version"], banks=[BANK])
    assert sent.status_code == 200, sent.text
    seen = bank.get(one).json()
    assert (seen["enterprise_id"], seen["may_read"], len(seen["offers"])) == (firm, ["profile"], 1)
    offer = seen["offers"][0]
    steps = (
        {"move": "accept"},
        {"move": "contact", "note": "上门"},
        {"move": "approve", "amount": "3000000", "rate": "3.45", "term_months": 12},
        {"move": "disburse", "amount": "3000000", "contract_no": "HT-9", "day": hands().date().isoformat()},
    )
    assert bank.send("POST", f"{one}/offers/{offer['id']}", version=offer["version"], move="approve").status_code == 422
    for step in steps:
        offer = bank.get(one).json()["offers"][0]
        done = bank.send("POST", f"{one}/offers/{offer['id']}", version=offer["version"], **step)
        assert done.status_code == 200, done.text
    with desk.office.read() as session:
        chain = session.scalars(
            select(PolicyChain).where(PolicyChain.subject == firm, PolicyChain.policy == POLICY)
        ).one()
        assert (chain.state, chain.contract_no) == ("lent", "HT-9")
    listed = officer.get("/needs").json()
    assert [row["id"] for row in listed["items"]] == [need["id"]]
    reached = next(row for row in officer.get("/policies").json()["items"] if row["name"] == POLICY)["reached"]
    assert reached[0]["chains"] is not None
    days = officer.get(f"/policies/{POLICY}/days", by="region").json()
    assert days["total"]["median"] is None  # one is too few to be told
    assert officer.get("/policies/nothing/days").status_code == 404
    assert mine.send("POST", f"/mine/needs/{need['id']}/withdraw", version=99, why="x").status_code == 409
