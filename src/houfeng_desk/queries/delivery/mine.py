"""The enterprise's own page: what it is entitled to, why or why not, and how far each policy has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.errors import HoufengError
from houfeng.matching.delivery import chains
from houfeng.matching.delivery.judging import Policy, Verdict
from houfeng.matching.needs import filing
from houfeng.matching.needs.filing import About
from houfeng.matching.tables import NeedFile, PolicyChain
from houfeng.office.access import Viewer
from houfeng_desk.desk import Desk
from houfeng_desk.queries.delivery.judging import HOUSE, judging


class Right(NamedTuple):
    """One policy as the firm sees it."""

    policy: Policy
    verdict: Verdict
    chain: PolicyChain | None


def rights(desk: Desk, enterprise_id: str) -> list[Right]:
    """Every policy in force and how the firm stands to it: entitled, unknown, then the nearest first."""
    with judging(desk) as judge:
        verdicts, known = judge.firm(enterprise_id), judge.policies
    with desk.office.read() as session:
        found = {verdict.policy: chains.of_firm(session, verdict.policy, enterprise_id) for verdict in verdicts}
        return [Right(known[each.policy], each, found[each.policy]) for each in verdicts]


def rights_or_none(desk: Desk, enterprise_id: str) -> list[Right]:
    """As `rights`; nothing where the book does not know the firm, or the desk has no policies."""
    try:
        return rights(desk, enterprise_id)
    except HoufengError:
        return []


_FIRM = "SELECT name, region FROM enterprise WHERE enterprise_id = ?"
_LOAN = "SELECT count(*) AS n FROM loan WHERE borrower_id = ?"


def about(desk: Desk, enterprise_id: str) -> About:
    """The firm as the whole book knows it; what it does not know stays empty."""
    reader = desk.reader(HOUSE)
    found = reader.one(_FIRM, [enterprise_id])
    if found is None:
        return About(enterprise_id, enterprise_id, "", None)
    first = not reader.value(_LOAN, [enterprise_id])
    return About(enterprise_id, found["name"] or enterprise_id, found["region"] or "", first)


def needs(session: Session, viewer: Viewer) -> list[NeedFile]:
    """The firm's needs, newest first."""
    wanted = select(NeedFile).where(filing.visible(viewer)).order_by(NeedFile.id.desc())
    return list(session.scalars(wanted))


def road(chain: PolicyChain | None) -> list[tuple[str, str]]:
    """The links of a chain with where they stand (done, now, or nothing), for the bar of a card."""
    if chain is None:
        return []
    done = [step for step in chains.ORDER if chains.time_of(chain, step) is not None]
    last = done[-1] if done else ""
    return [(step, "now" if step == last else "done" if step in done else "") for step in chains.ORDER]


STEP_NAMES: Mapping[str, object] = chains.STEPS
