"""The pages of delivery without JavaScript: lists made and sent, a firm applies, banks answer, money arrives."""

from __future__ import annotations

import re
from datetime import date

import pytest
from sqlalchemy import select

from desk.delivery.need_samples import POLICY, answered, apply, recommended
from desk.desk_samples import BANK, ClientOf, Hands
from houfeng.matching.delivery import chains
from houfeng.matching.tables import NeedFile, NeedOffer, PolicyChain, PolicyRecipient
from houfeng.office import jobs as queue
from houfeng.office.jobs import Worker
from houfeng.office.tables import JournalEntry
from houfeng_desk.desk import Desk
from houfeng_desk.pages.delivery import jobs


def work(desk: Desk, *kinds: str) -> None:
    """Do the jobs that wait."""
    worker = Worker(desk.office, desk.work_folder / "jobs", book=desk.book.path, kinds=list(kinds))
    assert worker.run_once()


def test_from_list_to_money(desk: Desk, client: ClientOf, firm: str, hands: Hands) -> None:
    """Every step by its form; the figure on the pages is that of the calendar: 1 January to 20 February is 50 days."""
    mine, officer, bank = client("firm"), client("officer"), client("reporter")
    assert "可以享受" in mine.get("/mine").text
    assert f"/mine/apply?policy={POLICY}" in mine.get("/mine").text
    assert "请确认授权" in apply(mine, status=422, agree="").text
    need = apply(mine).headers["location"].rsplit("/", 1)[1]
    recommended(desk, officer, need)
    assert "张三" in bank.get(f"/needs/{need}").text
    answered(bank, need, "accept")
    answered(bank, need, "contact", note="上门核实")
    answered(bank, need, "approve", amount="300", rate="3.45", term_months="12")
    hands.forward(days=10)  # nobody stays signed in so long
    mine.enter("firm"), officer.enter("officer"), bank.enter("reporter")
    answered(bank, need, "disburse", amount="300", contract_no="HT-9", note_no="", day=hands().date().isoformat())
    with desk.office.begin() as session:
        assert chains.claimed(session, "system", BANK, "HT-9", "", hands()) == 1
        assert chains.paid(session, "system", BANK, "HT-9", "", hands()) == 1
    assert "从文件到资金 50 天" in mine.get(f"/mine/needs/{need}").text
    assert "从文件到资金 50 天" in mine.get("/mine").text
    listed = officer.get(f"/policies/{POLICY}?tab=chains&state=paid").text
    assert firm in listed
    assert re.search(r">\s*50\s*<", listed)
    assert "—" in officer.get(f"/policies/{POLICY}").text  # one is too few to be told as a statistic
    assert "首贷户" in officer.get("/needs/figures").text
    with desk.office.begin() as session:
        queue.enqueue(session, None, jobs.ROUND, {}, jobs.Text("巡检", "round"))
    work(desk, jobs.ROUND)
    assert "账簿未见" in officer.get(f"/needs/{need}").text  # the bank has not reported this loan


def test_a_list_is_made_and_sent_by_jobs(desk: Desk, client: ClientOf) -> None:
    officer, bank = client("officer"), client("reporter")
    assert officer.submit(f"/policies/{POLICY}/make").status_code == 303
    work(desk, jobs.LIST)
    assert officer.submit(f"/policies/{POLICY}/publish", {"number": "1"}).status_code == 303
    work(desk, jobs.PUBLISH)
    assert "第 1 版" in officer.get(f"/policies/{POLICY}?tab=lists").text
    assert "首版名单" in officer.get(f"/policies/{POLICY}/lists/1").text
    assert bank.get(f"/policies/{POLICY}?tab=chains").status_code == 200
    assert bank.submit(f"/policies/{POLICY}/receive").status_code == 303
    with desk.office.read() as session:
        acts = {entry.act for entry in session.scalars(select(JournalEntry))}
        regions = {chain.region[:4] for chain in session.scalars(select(PolicyChain))}
    assert {"delivery.list", "delivery.publish", "delivery.bank_received"} <= acts
    assert len(regions) > 1
    there = client("luoyang").get(f"/policies/{POLICY}?tab=chains").text
    assert "洛阳" in there
    assert "郑州" not in there
    assert client("luoyang").submit(f"/policies/{POLICY}/make").status_code == 403


def test_looking_receives_nothing(desk: Desk, client: ClientOf, firm: str, hands: Hands) -> None:
    """No page and no answer of the API is a receipt; the button is, once, and officers see after how many days."""
    mine, officer, bank = client("firm"), client("officer"), client("reporter")

    def received() -> tuple[int, int]:
        with desk.office.read() as session:
            chain = session.scalars(select(PolicyChain).where(PolicyChain.subject == firm)).one()
            sent = session.scalars(select(PolicyRecipient).where(PolicyRecipient.institution_id == BANK)).one()
            return chain.received_at is not None, sent.received_at is not None

    hands.forward(days=2)
    mine.enter("firm"), officer.enter("officer"), bank.enter("reporter")
    for one, page in ((bank, f"/policies/{POLICY}"), (mine, "/mine")):
        assert "收到</button>" in one.get(page).text
        assert one.get(f"/api/v1{page}").json()["not_received"]
    assert received() == (False, False)
    assert officer.submit(f"/policies/{POLICY}/receive").status_code == 403
    assert mine.submit("/mine/receive").status_code == bank.submit(f"/policies/{POLICY}/receive").status_code == 303
    assert received() == (True, True)
    for one, page in ((bank, f"/policies/{POLICY}"), (mine, "/mine")):
        assert "收到</button>" not in one.get(page).text
        assert one.get(f"/api/v1{page}").json()["not_received"] == []
    assert bank.submit(f"/policies/{POLICY}/receive").status_code == 409
    (row,) = (r for r in officer.get(f"/api/v1/policies/{POLICY}/receipts").json()["items"] if r["received_at"])
    assert (row["institution_id"], row["number"], row["days"]) == (BANK, 1, 2)
    assert client("luoyang").get(f"/api/v1/policies/{POLICY}/receipts").json()["total"] == 0
    assert row["bank"] in officer.get(f"/policies/{POLICY}?tab=banks").text


def test_a_bank_knows_a_firm_only_while_it_may(desk: Desk, client: ClientOf, firm: str) -> None:
    """The name, the contact and the data go when the firm takes the authorisation back."""
    mine, officer, bank = client("firm"), client("officer"), client("reporter")
    need = apply(mine).headers["location"].rsplit("/", 1)[1]
    assert bank.get(f"/needs/{need}").status_code == 404
    recommended(desk, officer, need)
    for data, status in (("profile", 200), ("loans", 200), ("statements", 403), ("invoices", 403), ("nothing", 404)):
        assert bank.get(f"/needs/{need}/data?data={data}").status_code == status
    assert client("officer").get(f"/needs/{need}/data?data=profile").status_code == 403
    with desk.office.read() as session:
        name = session.scalars(select(NeedFile)).one().enterprise_name
    assert name in bank.get("/needs").text
    shown = mine.get("/mine/authorisations").text
    assert "reporter" in shown  # who has looked
    for number in re.findall(r"/mine/authorisations/(\d+)/revoke", shown):
        assert mine.submit(f"/mine/authorisations/{number}/revoke", {"why": "改找别家"}).status_code == 303
    assert bank.get(f"/needs/{need}/data?data=profile").status_code == 403
    after = bank.get(f"/needs/{need}").text
    assert name not in after
    assert "13800000000" not in after
    assert name not in bank.get("/needs").text
    assert "没有符合条件的记录" in bank.get(f"/needs?text={name}").text  # searching does not tell either


def test_a_link_lets_the_firm_in_once(desk: Desk, client: ClientOf, firm: str) -> None:
    officer, nobody = client("officer"), client()
    with desk.office.read() as session:
        (chain,) = session.scalars(select(PolicyChain.id).where(PolicyChain.subject == firm))
    shown = officer.submit(f"/policies/{POLICY}/chains/{chain}/link").text
    found = re.search(r"http://testserver(/enter/[\w-]+)", shown)
    assert found is not None
    page = nobody.get(found[1])
    assert page.status_code == 200
    assert "no-store" in page.headers.get("cache-control", "no-store")
    token = re.search(r'name="csrf" value="(\w+)"', page.text)
    assert token is not None
    answer = nobody.post(found[1], data={"csrf": token[1]})
    assert (answer.status_code, answer.headers["location"]) == (303, "/mine")
    assert "可以享受" in nobody.get("/mine").text
    assert nobody.get("/needs").status_code == nobody.get("/policies").status_code == 403
    assert client().get(found[1]).status_code == 403
    assert officer.get("/mine").status_code == 403


def test_a_bank_sees_no_other_bank(desk: Desk, client: ClientOf, firm: str) -> None:
    mine, officer = client("firm"), client("officer")
    need = apply(mine).headers["location"].rsplit("/", 1)[1]
    recommended(desk, officer, need)
    with desk.office.read() as session:
        others = [o.institution_name for o in session.scalars(select(NeedOffer)) if o.institution_id != BANK]
    assert others
    shown = client("reporter").get(f"/needs/{need}").text
    assert all(name not in shown for name in others)
    assert client("luoyang").get(f"/needs/{need}").status_code == 404
    assert client("reporter").submit(f"/needs/{need}/recommend", {"version": "1", "bank": BANK}).status_code == 403


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_in_both_languages(desk: Desk, client: ClientOf, firm: str, lang: str) -> None:
    mine, officer, bank = client("firm"), client("officer"), client("reporter")
    need = apply(mine, use="<b>采购</b>").headers["location"].rsplit("/", 1)[1]
    recommended(desk, officer, need)
    paths = {
        mine: ["/mine", "/mine/apply", f"/mine/apply?policy={POLICY}", f"/mine/needs/{need}", "/mine/authorisations"],
        officer: [
            "/policies", *(f"/policies/{POLICY}?tab={tab}" for tab in ("progress", "terms", "lists", "chains")),
            f"/policies/{POLICY}?by=bank", f"/policies/{POLICY}/lists/1", "/needs", "/needs/figures", f"/needs/{need}",
            "/needs?state=open&sort=-amount", "/needs?text=1",
        ],
        bank: ["/needs", f"/needs/{need}", f"/needs/{need}/data?data=loans", "/needs/figures", "/policies",
               "/needs?sort=due_on"],
    }  # fmt: skip
    for one, several in paths.items():
        one.get(f"/lang/{lang}")
        for path in several:
            answer = one.get(path)
            assert answer.status_code == 200, (path, answer.text[:500])
            assert "<b>采购</b>" not in answer.text
    assert officer.get("/policies/nothing").status_code == 404
    assert officer.get(f"/policies/{POLICY}/lists/99").status_code == 404
    assert date(2026, 2, 10) == desk.clock().date()


def test_lists_are_exported_whole(desk: Desk, client: ClientOf, firm: str) -> None:
    officer = client("officer")
    apply(client("firm"))
    answer = officer.submit("/needs/export", {"reason": "汇总", "format": "csv"})
    assert answer.status_code == 200
    assert "需〔2026〕1号" in answer.content.decode("utf-8-sig")
    listed = officer.get(f"/api/v1/policies/{POLICY}/lists/1/members").json()
    for address, told in (
        (f"/policies/{POLICY}/export?tab=chains", firm), (f"/policies/{POLICY}/lists/1/export?change=joined", firm),
        (f"/policies/{POLICY}/receipts/export", BANK), (f"/policies/{POLICY}/lists/export", "退出名单"),
    ):  # fmt: skip
        answer = officer.submit(address, {"reason": "汇总", "format": "csv"})
        assert answer.status_code == 200
        assert told in answer.content.decode("utf-8-sig")
    assert f"共 {listed['total']} 条" in officer.get(f"/policies/{POLICY}/lists/1").text
    assert {row["why"]["zh"] for row in listed["items"]} == {"首版名单"}
    assert firm in officer.get(f"/policies/{POLICY}/lists/1?text={firm}").text
    assert "共 0 条" in officer.get(f"/policies/{POLICY}/lists/1?change=left").text


def test_the_firm_may_decline_and_withdraw(desk: Desk, client: ClientOf, firm: str) -> None:
    mine = client("firm")
    with desk.office.read() as session:
        (chain,) = session.scalars(select(PolicyChain.id).where(PolicyChain.subject == firm))
    assert mine.submit(f"/mine/chains/{chain}", {"wants": "no"}).status_code == 303
    assert "企业放弃" in mine.get("/mine").text
    need = apply(mine).headers["location"].rsplit("/", 1)[1]
    version = re.search(r'name="version" value="(\d+)"', mine.get(f"/mine/needs/{need}").text)
    assert version is not None
    assert mine.submit(f"/mine/needs/{need}/withdraw", {"version": version[1], "why": "不用了"}).status_code == 303
    assert "已撤回" in mine.get(f"/mine/needs/{need}").text


def test_an_offer_is_acted_on_at_its_own_need_only(desk: Desk, client: ClientOf, firm: str) -> None:
    """The number of another need in the address is 404, on the page and for programs, and nothing is changed."""
    mine, officer, bank = client("firm"), client("officer"), client("reporter")
    need = apply(mine).headers["location"].rsplit("/", 1)[1]
    recommended(desk, officer, need)
    other = apply(mine, policy="").headers["location"].rsplit("/", 1)[1]
    with desk.office.read() as session:
        (offer,) = (one for one in session.scalars(select(NeedOffer)) if one.institution_id == BANK)
    sent = {"version": str(offer.version), "move": "accept"}
    for wrong in (other, "99"):
        assert bank.submit(f"/needs/{wrong}/offers/{offer.id}/accept", sent).status_code == 404
        program = {"json": {"version": offer.version, "move": "accept"}, "headers": {"x-csrf-token": bank.token()}}
        assert bank.post(f"/api/v1/needs/{wrong}/offers/{offer.id}", **program).status_code == 404
    with desk.office.read() as session:
        assert session.get_one(NeedOffer, offer.id).state == "sent"
        (chain,) = session.scalars(select(PolicyChain.id).where(PolicyChain.subject == firm))
    assert officer.submit(f"/policies/nothing/chains/{chain}/link").status_code == 404
    assert bank.submit(f"/needs/{need}/offers/{offer.id}/accept", sent).status_code == 303
