"""Figures of needs and policies: on the page and in the file, by bank, policy, region; nothing is told of few."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from desk.delivery.need_samples import POLICY, answered, apply, recommended
from desk.desk_samples import BANK, ClientOf, DeskClient, Hands
from houfeng.matching.delivery import chains
from houfeng.matching.delivery.chains import Journey
from houfeng.matching.tables import NeedOffer, PolicyChain
from houfeng_desk.desk import Desk
from houfeng_desk.queries.delivery.judging import policies

CONSUMER = "consumer_subsidy_2026"


def file(one: DeskClient, address: str) -> str:
    """The export of a list, as text."""
    answer: Any = one.submit(address.replace("?", "/export?"), {"reason": "汇总", "format": "csv"})
    assert answer.status_code == 200, answer.text
    return str(answer.content.decode("utf-8-sig"))


@pytest.fixture
def approved(client: ClientOf, desk: Desk, firm: str) -> str:
    """A need that one bank has approved; its number."""
    need = apply(client("firm")).headers["location"].rsplit("/", 1)[1]
    recommended(desk, client("officer"), need)
    bank = client("reporter")
    answered(bank, need, "accept")
    answered(bank, need, "approve", amount="300", rate="3.45", term_months="12")
    return str(need)


@pytest.mark.parametrize("by", ["bank", "policy", "region"])
def test_answers_by_group(client: ClientOf, desk: Desk, approved: str, by: str) -> None:
    officer = client("officer")
    shown, given = officer.get(f"/needs/figures?by={by}").text, file(officer, f"/needs/figures?by={by}")
    with desk.office.read() as session:
        offer = session.scalars(select(NeedOffer).where(NeedOffer.state == "approved")).one()
    label = {"bank": offer.institution_name, "policy": policies(desk)[POLICY].label.zh, "region": "郑州"}[by]
    assert label in shown
    assert label in given
    assert "首贷户" in given
    assert officer.get("/needs/figures?by=colour").status_code == 400
    unasked = officer.get("/needs/figures").text
    assert '<option value="bank" selected>' in unasked
    assert '<option value="">' not in unasked.split('id="q-by"')[1].split("</select>")[0]
    own = client("reporter").get(f"/needs/figures?by={by}").text
    assert re.search(r"共 1 条", own)


def test_days_are_told_from_five_on(client: ClientOf, desk: Desk, firm: str, hands: Hands) -> None:
    """Four purchases are not told, on the page or in the file; eight are, with the days of the calendar: forty."""
    bank, officer = client("reporter").viewer, client("officer")
    assert bank is not None
    address = f"/policies/days?policy={CONSUMER}&who=persons&start=sent&by=region"
    times = {"sent": hands().replace(month=1, day=1), "paid": hands()}
    for done, told in ((4, False), (8, True)):
        rows = [Journey(f"k{n}", "410100", BANK, times) for n in range(done)]
        with desk.office.begin() as session:
            chains.record_persons(session, bank, CONSUMER, None, rows)
        shown, given = officer.get(address).text, file(officer, address)
        assert ("40" in re.findall(r">\s*(\d+)\s*<", shown)) is told
        assert any("郑州" in line and "40" in line for line in given.splitlines()) is told
    with desk.office.read() as session:
        assert all(not one.name for one in session.scalars(select(PolicyChain).where(PolicyChain.person.is_(True))))


def test_a_bank_that_cannot_be_chosen_is_named(client: ClientOf, desk: Desk, firm: str) -> None:
    """Nothing is sent where one of the chosen banks has no product that fits: it is told, not left out."""
    officer = client("officer")
    need = apply(client("firm")).headers["location"].rsplit("/", 1)[1]
    version = re.search(r'name="version" value="(\d+)"', officer.get(f"/needs/{need}").text)
    assert version is not None
    answer = officer.submit(f"/needs/{need}/recommend", {"version": version[1], "bank": [BANK, "nobody"]})
    assert (answer.status_code, "nobody 没有产品" in answer.text) == (409, True)
    assert "还没有推荐给银行" in officer.get(f"/needs/{need}").text
