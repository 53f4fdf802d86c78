"""A firm on a policy's list, and the need it files."""

from __future__ import annotations

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
