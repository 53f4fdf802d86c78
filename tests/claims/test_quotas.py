"""Quotas: what is left, what binds together, and who grants them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from claims.claim_samples import (
    BANKS,
    PRIVATE,
    SMALL,
    Walk,
    loan,
    whole,
)
from houfeng.claims import quota
from houfeng.errors import ConflictError, HoufengError
from houfeng.office import approvals


def test_the_last_claim_gets_what_is_left(walk: Walk) -> None:
    """The oldest loans first; the loan at the edge is cut, the rest is refused and says why."""
    walk.grant(450)
    walk.draw(
        loan("A", 300, counted_from=date(2026, 1, 2)),
        loan("B", 200, counted_from=date(2026, 1, 3)),
        loan("C", 100, counted_from=date(2026, 1, 4)),
    )
    walk.submit().decide().sign()
    assert walk.states() == {"A": "accepted", "B": "accepted", "C": "refused"}
    assert (walk.claim().granted, walk.quota().left) == (450, 0)
    whole(walk)
    walk.disburse()
    whole(walk)


def test_no_quota_no_acceptance(walk: Walk) -> None:
    """A tool without a quota, and one that is used up, accept nothing."""
    walk.draw(loan("A", 300)).submit()
    with pytest.raises(ConflictError, match="no quota"):
        walk.decide()
    walk.grant(0)
    with pytest.raises(ConflictError, match="short"):
        walk.decide()
    assert walk.waiting() == 1


def test_pools_tools_and_banks_bind_together(walk: Walk) -> None:
    """The private tool stands inside the pool with a quota of its own; the small tool is held to the pool's alone."""
    walk.tool = SMALL
    walk.grant(1000, SMALL, pool=True)
    walk.grant(400, PRIVATE)
    walk.funded(loan("A", 700))
    assert (walk.quota("pool:agri_small").left, walk.quota("tool:small_relending").left) == (300, None)
    private = Walk(walk.office, walk.people, PRIVATE, BANKS[1])
    private.grant(350, PRIVATE, BANKS[1])
    private.draw(loan("P", 500)).submit().decide().sign()
    assert private.claim().granted == 300  # the pool's rest, though tool and bank have more
    whole(walk)
    with pytest.raises(ConflictError), walk.office.begin() as session:
        quota.bank_part(session, SMALL, BANKS[0])  # it has money already


def test_a_quota_is_granted_by_two_and_never_below_what_is_taken(walk: Walk) -> None:
    """The officer proposes, the approver signs; taking back more than is free is refused."""
    node = walk.grant(0)

    def ask(yuan: int) -> int:
        with walk.office.begin() as session:
            return quota.ask_grant(session, walk.people.officer, node.id, Decimal(yuan), "年度下达").id

    def sign(number: int) -> None:
        with walk.office.begin() as session:
            approvals.decide(session, walk.people.approver, number, True, "同意")

    sign(ask(500))
    assert walk.quota().ceiling == 500
    walk.draw(loan("A", 300)).submit().decide()
    late = ask(-300)
    with pytest.raises(ConflictError):
        sign(late)
    whole(walk)
    for stranger in (walk.people.elsewhere, walk.people.viewer, walk.people.reporter):
        with pytest.raises(HoufengError), walk.office.begin() as session:
            quota.ask_grant(session, stranger, node.id, Decimal(1), "试")
