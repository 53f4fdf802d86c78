"""Pages of platforms: who may look, what they say in both languages, files of what they show, and scopes."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from desk.desk_samples import ClientOf, viewer
from houfeng.errors import NotFoundError
from houfeng.office.access import EVERYTHING, Scope
from houfeng.office.journal import entries
from houfeng.platforms.exit import STAGES
from houfeng.platforms.swap import Offer, candidates, swap
from houfeng_desk.desk import Desk
from houfeng_desk.lists import ListRequest
from houfeng_desk.lists.writing import head
from houfeng_desk.pages.platforms.platform import TABS
from houfeng_desk.queries.platforms import detail, listing
from houfeng_desk.queries.platforms.book import Platforms, platforms_of

HAN = re.compile(r"[\u4e00-\u9fff]")


def seen(desk: Desk, login: str = "officer") -> Platforms:
    return platforms_of(desk, desk.reader(viewer(desk, login)))


class Asked:
    """An address, as far as a list reads it."""

    def __init__(self, **query: str) -> None:
        self.query_params = query


def listed(desk: Desk, login: str = "officer", **query: str) -> list[dict[str, Any]]:
    ask = ListRequest.of(Asked(size="100", **query), listing.EXPORTED, listing.filters())
    return [dict(row) for row in listing.listing(seen(desk, login), ask).rows]


def path(firm: str, tab: str) -> str:
    return f"/platforms/{firm}" + ("" if tab == "overview" else f"/{tab}")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_in_both_languages(client: ClientOf, desk: Desk, lang: str) -> None:
    officer = client("officer")
    officer.cookies.set("houfeng-lang", lang)
    firms = [one.enterprise_id for one in seen(desk).all]
    pages = ["/platforms", *(path(firms[0], tab) for tab in TABS), *(path(firm, "exit") for firm in firms[1:6])]
    for address in pages:
        answer = officer.get(address)
        assert answer.status_code == 200, address
        if lang == "en":
            body = re.sub(r"<(script|title).*?</\1>", "", answer.text, flags=re.S).partition("<main")[2]
            words = re.sub(r"模拟\S*|〔\d+〕\d+号|国办发|银保监发|银发|号|中文?", "", re.sub(r"<[^>]+>", "\n", body))
            lines = [one for one in words.splitlines() if HAN.search(one)]
            odd = [one for one in lines if not re.search(r"资产|预算|再融资|经营收入|三分之二", one)]
            assert odd == [], (address, odd[:3])


def test_the_page_says_what_the_room_computes(client: ClientOf, desk: Desk) -> None:
    found = seen(desk)
    officer = client("officer")
    for one in found.all[:4]:
        page = officer.get(path(one.enterprise_id, "overview")).text
        for each in found.indicators[one.enterprise_id]:
            assert each.label.zh in page
            assert detail.shown(each) in page
        assert STAGES[found.exits[one.enterprise_id].stage].zh in page
    with_barred = next(firm for firm, _ in found.barred.debts)
    labels = {theme.label.zh for themes in found.barred.of(with_barred).values() for theme in themes}
    page = officer.get(path(with_barred, "debts")).text
    assert all(label in page for label in labels)


def test_the_list_and_its_filters(desk: Desk) -> None:
    found, every = seen(desk), listed(desk)
    assert {row["enterprise_id"] for row in every} == set(found.by_id)
    assert [row["total"] for row in every] == sorted((row["total"] for row in every), reverse=True)
    city = listed(desk, region="410300")
    assert {row["enterprise_id"] for row in city} == {
        one.enterprise_id for one in found.all if one.region.startswith("4103")
    }
    barred = listed(desk, wrong="barred")
    assert {row["enterprise_id"] for row in barred} == {firm for firm, _ in found.barred.debts}
    ordinary = listed(desk, list_class="ordinary")
    assert ordinary
    assert all(row["hidden"] == 0 for row in ordinary)
    stage = every[0]["codes"]["stage"]
    assert all(row["codes"]["stage"] == stage for row in listed(desk, stage=stage))
    name = every[0]["name"]
    assert [row["name"] for row in listed(desk, q=name[2:])] == [name]
    cheapest = [row["cost"] for row in listed(desk, sort="cost")]
    assert cheapest == sorted(cheapest)
    known = [row["resolved"] for row in listed(desk, sort="-resolved")]
    assert known.index(None) == len([one for one in known if one is not None])  # unknown ones last


def test_totals_are_the_sums_of_the_rows(desk: Desk) -> None:
    found, rows = seen(desk), listed(desk)
    totals = listing.totals(found)
    assert totals.debt == sum((row["total"] for row in rows), Decimal(0))
    assert totals.number == len(rows)
    assert totals.barred == sum(row["barred"] > 0 for row in rows)
    assert totals.done is not None
    assert totals.done == totals.resolved / totals.baseline


@pytest.mark.parametrize("tab", ["", *TABS])
def test_every_table_is_given_out_as_it_is_shown(client: ClientOf, desk: Desk, tab: str) -> None:
    officer, firm = client("officer"), seen(desk).all[0].enterprise_id
    address = (path(firm, tab) if tab else "/platforms") + "/export"
    assert officer.get(address).status_code == 200
    given = officer.submit(address, {"reason": "核对", "format": "xlsx"})
    assert given.status_code == 200, tab
    sheet = openpyxl.load_workbook(io.BytesIO(given.content)).worksheets[0]
    columns = detail.EXPORTED[tab] if tab else listing.EXPORTED
    assert [str(cell.value) for cell in sheet[1]] == [head(column) for column in columns]
    if tab == "debts":
        assert sheet.max_row - 1 == len(seen(desk).by_id[firm].debts)
    with desk.office.read() as session:
        assert list(entries(session))[-1].act == "export"


def beside(client: ClientOf, firm: str, name: str, lang: str = "zh", query: str = "") -> list[list[str]]:
    """The rows of a table that stands beside a tab's list, with its heads, as a file has them."""
    officer = client("officer")
    officer.cookies.set("houfeng-lang", lang)
    address = f"/platforms/{firm}/tables/{name}/export{query}"
    given = officer.submit(address, {"reason": "核对", "format": "csv"}, of=address)
    assert given.status_code == 200, (name, given.text[-300:])
    rows = list(csv.reader(io.StringIO(given.content.decode("utf-8-sig"))))
    return rows[: rows.index([])]


def test_tables_beside_the_list_are_given_out_as_the_tab_has_them(client: ClientOf, desk: Desk) -> None:
    found, officer = seen(desk), client("officer")
    left = next(one for one in found.all if found.exits[one.enterprise_id].breaches)
    firm = left.enterprise_id
    conditions = beside(client, firm, "conditions")
    assert [row[0] for row in conditions[1:]] == [one.label.zh for one in found.exits[firm].conditions]
    assert {row[1] for row in conditions[1:]} <= {"是", "否", "不明"}
    assert [row[0] for row in beside(client, firm, "breaches", "en")[1:]] == [
        why.en for _, why in found.exits[firm].breaches
    ]
    planned = next(one.enterprise_id for one in found.all if found.progress[one.enterprise_id].by_method())
    ways = beside(client, planned, "ways")
    assert [(Decimal(row[1]), Decimal(row[2])) for row in ways[1:]] == [
        tuple(wan(Decimal(amount)) for amount in pair) for pair in found.progress[planned].by_method().values()
    ]
    for name, tab in (("conditions", "exit"), ("breaches", "exit"), ("ways", "plan"), ("against-ledger", "plan")):
        shown = {one.enterprise_id: officer.get(path(one.enterprise_id, tab)).text for one in (left, found.all[0])}
        for other, text in shown.items():
            held = len(beside(client, other, name)) > 1
            assert (f"/platforms/{other}/tables/{name}/export" in text) == held, (name, other)
    assert officer.get(f"/platforms/{firm}/tables/nothing/export").status_code == 404
    lead = officer.get(f"/platforms/{firm}/tables/ways")
    assert (lead.status_code, lead.headers["location"]) == (303, f"/platforms/{firm}/plan")


def test_the_figures_of_a_swap_are_given_out_for_the_scenario_of_the_address(client: ClientOf, desk: Desk) -> None:
    found = seen(desk)
    dear = next(one for one in found.all if candidates(one, Decimal(5)))
    query = "?rate=5&dearer=5&months=60"
    text = client("officer").get(path(dear.enterprise_id, "swap") + query).text
    assert f"/platforms/{dear.enterprise_id}/tables/swap-figures/export?rate=5&amp;dearer=5" in text
    figures = beside(client, dear.enterprise_id, "swap-figures", "en", query)
    assert figures[0] == ["Indicator", "Unit", "Before", "After"]
    before, after = (Decimal(figures[1][place]) for place in (2, 3))
    assert before > after  # of dear debt for a loan of 5 %
    for value in figures[1][2:]:
        assert f"{value}%" in text
    offer = Offer(rate=Decimal(5), term_months=60)
    planned = swap(dear, candidates(dear, Decimal(5)), offer, found.terms.day)
    months = beside(client, dear.enterprise_id, "swap-months", "en", query)
    assert len(months) - 1 == len(planned.ladders[0].rungs)
    assert sum(Decimal(row[1]) for row in months[1:]) == wan(planned.ladders[0].within)


def wan(amount: Decimal) -> Decimal:
    """Yuan as a file of lists has them."""
    return (amount / 10_000).quantize(Decimal("0.01"))


def test_without_a_reason_nothing_is_given_out(client: ClientOf, desk: Desk) -> None:
    assert client("officer").submit("/platforms/export", {"format": "csv"}).status_code == 422


def test_a_city_sees_its_own_platforms(client: ClientOf, desk: Desk) -> None:
    every, own = seen(desk), seen(desk, "luoyang")
    assert {one.enterprise_id for one in own.all} == {
        one.enterprise_id for one in every.all if one.region.startswith("4103")
    }
    other = next(one.enterprise_id for one in every.all if not one.region.startswith("4103"))
    with pytest.raises(NotFoundError):
        own.one(other)
    luoyang = client("luoyang")
    assert other not in luoyang.get("/platforms").text
    for tab in TABS:
        assert luoyang.get(path(other, tab)).status_code == 404
        assert luoyang.submit(path(other, tab) + "/export", {"reason": "x", "format": "csv"}).status_code == 404
    assert "只含您范围内" in luoyang.get("/platforms").text


def test_a_bank_sees_what_it_is_owed_and_no_plan(desk: Desk) -> None:
    every = seen(desk)
    bank = next(debt.creditor_id for one in every.all for debt in one.debts if debt.creditor_id)
    plain = viewer(desk, "officer")
    someone = replace(plain, scope=Scope(institutions=frozenset({bank})))
    own = platforms_of(desk, desk.reader(someone))
    debts = [debt for one in own.all for debt in one.debts]
    assert {debt.creditor_id for debt in debts} <= {bank}
    assert all(not one.plan and not one.reports and not one.finance for one in own.all)
    assert {row["creditor_id"] for one in own.all for row in one.votes} <= {bank}
    assert plain.scope == EVERYTHING


def test_who_may_not_look(client: ClientOf, desk: Desk) -> None:
    firm = seen(desk).all[0].enterprise_id
    for login in ("reporter", "enterprise", "security_admin"):
        assert client(login).get("/platforms").status_code == 403
        assert client(login).get(path(firm, "plan")).status_code == 403
    assert client().get("/platforms").status_code == 303


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("rate=x", 400), ("rate=NaN", 400), ("rate=Infinity", 400), ("rate=1e9", 400), ("months=1.5", 400),
        ("rate=-1", 422), ("months=0", 422), ("haircut=101", 422), ("rate=" + "9" * 40, 400), ("rate=%E4%B8%80", 400),
        ("dearer=30", 200), ("rate=3.2&months=36&fee=0.5&haircut=5&stress=0", 200),
    ],
)  # fmt: skip
def test_a_swap_from_the_address(client: ClientOf, desk: Desk, query: str, status: int) -> None:
    firm = seen(desk).all[0].enterprise_id
    assert client("officer").get(f"{path(firm, 'swap')}?{query}").status_code == status


def test_a_swap_says_what_it_saves(client: ClientOf, desk: Desk) -> None:
    one = max(seen(desk).all, key=lambda found: found.nonstandard)
    page = client("officer").get(path(one.enterprise_id, "swap") + "?rate=3&months=60").text
    yearly = sum((d.balance * ((d.cost or Decimal(0)) - 3) / 100 for d in one.debts if d.nonstandard), Decimal(0))
    assert f"{yearly / 10_000:,.2f}" in page
    assert "没有可置换的债务" in client("officer").get(path(one.enterprise_id, "swap") + "?rate=3&dearer=30").text


def test_nobodys_platform_is_not_found(client: ClientOf) -> None:
    officer = client("officer")
    for address in ("/platforms/nobody", "/platforms/nobody/plan", "/platforms/nobody/export", "/platforms/%00/debts"):
        assert officer.get(address).status_code in (400, 404), address


def test_the_platforms_of_a_view_are_read_once(desk: Desk) -> None:
    assert seen(desk) is seen(desk)
    assert seen(desk) is not seen(desk, "luoyang")
