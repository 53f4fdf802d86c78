"""A firm on a policy's list, and the need it files."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import select

from desk.desk_samples import BANK, DeskClient
from houfeng.matching.delivery import chains
from houfeng.matching.tables import PolicyChain
from houfeng.office.access import Role, Scope
from houfeng.office.identity import accounts
from houfeng_desk.desk import Desk
from houfeng_desk.queries.delivery.judging import make_list, publish_list

POLICY = "sme_interest_2026"


def listed_firm(desk: Desk) -> str:
    """A customer of BANK on the list that is sent, with an account of its own."""
    number = make_list(desk, "system", POLICY).number
    publish_list(desk, "system", POLICY, number)
    with desk.office.begin() as session:
        sent = chains.PolicyChainBank
        found = session.scalars(
            select(PolicyChain.subject)
            .join(sent, sent.chain_id == PolicyChain.id)
            .where(sent.institution_id == BANK, PolicyChain.region.startswith("4101"))
            .order_by(PolicyChain.subject)
        ).first()
        assert found is not None
        user, _ = accounts.create(session, "test", "firm", "示例企业", {Role.ENTERPRISE}, Scope(enterprise=found))
        user.must_change = False
    return str(found)


def apply(one: DeskClient, policy: str = POLICY, status: int = 303, **more: Any) -> Any:
    """The form of a need, as a firm fills it in."""
    form = {
        "policy": policy, "amount": "300", "term_months": "12", "use": "采购原材料", "guarantee": "D",
        "deadline": "2026-06-30", "contact": "张三 13800000000", "data": ["profile", "loans"], "days": "60",
        "agree": "1",
    }  # fmt: skip
    answer = one.submit("/mine/needs", form | more)
    assert answer.status_code == status, answer.text
    return answer


def recommended(desk: Desk, officer: DeskClient, need: str) -> None:
    """The officer sends the need to BANK and others the page proposes."""
    page = officer.get(f"/needs/{need}").text
    version = re.search(r'name="version" value="(\d+)"', page)
    banks = re.findall(r'name="bank" value="(\w+)"', page)
    assert version is not None
    assert BANK in banks, banks
    chosen = [BANK, *[bank for bank in banks if bank != BANK][:1]]
    answer = officer.submit(f"/needs/{need}/recommend", {"version": version[1], "bank": chosen})
    assert answer.status_code == 303, answer.text


def answered(one: DeskClient, need: str, move: str, status: int = 303, **data: str) -> Any:
    """One step of a bank, with the version its page shows."""
    page = one.get(f"/needs/{need}").text
    found = re.search(rf'/needs/{need}/offers/(\d+)/{move}.*?name="version" value="(\d+)"', page, re.S)
    assert found, f"no {move} on the page"
    answer = one.submit(f"/needs/{need}/offers/{found[1]}/{move}", {"version": found[2], **data})
    assert answer.status_code == status, answer.text
    return answer
