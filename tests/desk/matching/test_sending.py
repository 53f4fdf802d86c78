"""From the page of a run to the banks: in one click, or all of it; what cannot be sent stands there with its reason."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from desk.delivery.need_samples import apply
from desk.desk_samples import ClientOf, Hands
from desk.matching.run_samples import run_of
from houfeng.errors import Text
from houfeng.instruments.eligibility import Answer
from houfeng.matching.recommend import Asked, Need, Quote
from houfeng.matching.tables import NeedFile, NeedOffer
from houfeng.office.jobs.worker import Worker
from houfeng.office.tables import JournalEntry
from houfeng_desk.desk import Desk
from houfeng_desk.queries.matching.gathering import bounds_of


@pytest.fixture
def worker(desk: Desk, small_book: Path, tmp_path: Path) -> Worker:
    """A worker on the same office and book."""
    return Worker(desk.office, tmp_path / "jobs", book=small_book)


@pytest.fixture
def ran(client: ClientOf, firm: str, worker: Worker) -> str:
    """A run over the needs of the book and one that the firm has filed; its address."""
    apply(client("firm"))
    return run_of(client("officer"), worker)


def offers(desk: Desk) -> list[tuple[str, str, str]]:
    """Product, state and bank of every offer."""
    with desk.office.read() as session:
        return [(one.product, one.state, one.institution_id) for one in session.scalars(select(NeedOffer))]


def forms(page: str, address: str) -> list[dict[str, str]]:
    """The forms of one need that send it to a bank."""
    found = re.findall(rf'action="{address}/recommend">(.*?)</form>', page, re.S)
    return [dict(re.findall(r'name="(need|product)" value="([^"]*)"', form)) for form in found]


def test_all_of_a_run_are_sent_as_a_job(client: ClientOf, desk: Desk, worker: Worker, ran: str) -> None:
    """Only the need that was filed goes; those of the book are told with the reason; again sends nothing more."""
    officer = client("officer")
    shown = officer.get(ran).text
    assert "推荐这 1 条" in shown
    assert "企业还没有在平台提出这项需求并授权" in shown
    for times in (1, 2):
        answer = officer.submit(f"{ran}/recommend-all", {"way": "best"}, of=ran)
        assert answer.status_code == 303
        assert worker.run_once()
        assert [state for _, state, _ in offers(desk)] == ["sent"]
        after = officer.get(ran).text
        assert f"推荐 {2 - times} 条，此前已推荐 {times - 1} 条" in after
    assert "推荐这 1 条" not in after
    assert "需〔2026〕1号" in client("firm").get("/mine").text
    with desk.office.read() as session:
        need = session.scalars(select(NeedFile)).one()
        acts = [entry.about for entry in session.scalars(select(JournalEntry)) if entry.act == "matching.recommend"]
    assert need.state == "recommended"
    assert acts == [f"job:{ran.rsplit('/', 1)[1]}"] * 2


def test_one_need_in_one_click(client: ClientOf, desk: Desk, ran: str, firm: str) -> None:
    """The bank then has it in its inbox, with what the firm lets it read."""
    officer = client("officer")
    page = officer.get(f"{ran}/need?no=需〔2026〕1号").text
    (form,) = [one for one in forms(page, ran) if one["product"] == "state_mortgage"] or forms(page, ran)[:1]
    for told in ("已推荐给", "此前已推荐给"):
        answer = officer.submit(f"{ran}/recommend", form, of=ran)
        assert (answer.status_code, answer.headers["location"]) == (303, "/needs/1")
        assert told in officer.get("/needs/1").text
    ((product, state, bank),) = offers(desk)
    assert (form["product"].startswith(product), state) == (True, "sent")
    listed = officer.get(ran).text
    assert "已推荐" in listed
    with desk.office.read() as session:
        name = session.scalars(select(NeedOffer)).one().institution_name
    assert name in listed
    quote = Quote("p", Text("p", "p"), bank, Answer.YES, (), Decimal(3))
    left = bounds_of(desk, [Asked(Need("another", firm, Decimal(1), 12), "", None, (quote,))])
    assert left.taken is not None  # the next run counts what this one has sent
    assert {key.client: one.amounts for key, one in left.taken.items()} == {firm: {"需〔2026〕1号": Decimal(3_000_000)}}


def test_what_cannot_be_sent_says_why(client: ClientOf, desk: Desk, ran: str, hands: Hands) -> None:
    officer = client("officer")
    page = officer.get(f"{ran}/need?no=需〔2026〕1号").text
    form = forms(page, ran)[0]
    for change, status in (
        ({"need": "SIMXQ-nothing"}, 404), ({"product": "nothing"}, 404), ({"product": "coop_household"}, 409),
    ):  # fmt: skip
        assert officer.submit(f"{ran}/recommend", form | change, of=ran).status_code == status
    of_the_book = re.search(rf'href="{ran}/need\?no=(SIM[^"]+)"', officer.get(f"{ran}?state=got").text)
    assert of_the_book is not None
    there = forms(officer.get(f"{ran}/need?no={of_the_book[1]}").text, ran)[0]
    refused = officer.submit(f"{ran}/recommend", there, of=ran)
    assert (refused.status_code, "企业还没有在平台提出" in refused.text) == (409, True)
    hands.forward(days=60)  # the authorisation was for sixty days
    officer.enter("officer")
    refused = officer.submit(f"{ran}/recommend", form, of=ran)
    assert (refused.status_code, "企业的授权已于 2026-04-11 到期" in refused.text) == (409, True)
    assert offers(desk) == []
    assert officer.submit(f"{ran}/recommend-all", {"way": "other"}, of=ran).status_code == 400


def test_only_who_may_run_matching_sends(client: ClientOf, ran: str) -> None:
    for login in ("viewer", "reporter"):
        for address in (f"{ran}/recommend", f"{ran}/recommend-all"):
            assert client(login).submit(address, {"need": "x", "product": "y", "way": "best"}).status_code == 403
    assert client("luoyang").submit(f"{ran}/recommend-all", {"way": "best"}).status_code == 404


def test_the_list_says_how_each_need_stands(client: ClientOf, ran: str) -> None:
    officer = client("officer")
    answer: Any = officer.submit(f"{ran}/export", {"format": "csv", "reason": "核对"}, of=f"{ran}/export")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert sum("可推荐" in line for line in lines) == 1
    assert sum("不能推荐" in line for line in lines) > 1
