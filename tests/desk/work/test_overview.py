"""The overview's figures are those of `houfeng themes report` on the same book, for everybody's own scope."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from desk.desk_samples import ClientOf, viewer
from desk.work.work_samples import fill, some
from houfeng.office.access import Scope
from houfeng.packs.loading.load import load_pack
from houfeng.themes.report import ARTICLES, report
from houfeng_desk.app import DeskApp
from houfeng_desk.charts.map import GRID, by_tier, shades_of
from houfeng_desk.desk import Desk
from houfeng_desk.queries import overview as query
from houfeng_desk.queries.figures import TOTAL

WAIT = 120


def test_figures_are_those_of_the_report(app: DeskApp, desk: Desk) -> None:
    reader = desk.reader(viewer(desk, "officer"))
    months = app.state.work.figures.months(reader, WAIT)
    names = ("balance", "share", "rate", "npl", "npl_ratio", "growth_year", "growth_month")
    told = report(desk.book.snapshot(), load_pack("five-articles"), as_of=reader.as_of, by=["region"], measures=names)
    for theme in ("all", TOTAL, *ARTICLES):
        row, own = told.tables[0].find(theme), months.row(theme)
        assert row is not None
        assert {name: own.values[name] for name in names} == dict(row.values)
    by_city = {row.codes: row.values["balance"] for row in told.tables[1].rows if row.theme == "inclusive"}
    assert {row.codes: row.values["balance"] for row in months.cities.rows if row.theme == "inclusive"} == by_city
    assert months.then["month"].as_of.isoformat() == "2025-11-30"
    assert "year" not in months.then  # the book has two months


def test_the_page_says_them(app: DeskApp, desk: Desk, client: ClientOf) -> None:
    fill(app, some(desk))
    text = client("officer").get("/").text
    months = app.state.work.figures.months(desk.reader(viewer(desk, "officer")), WAIT)
    balance = Decimal(months.value("balance"))
    scale = Decimal(10_000) if balance < 10_000_000_000 else Decimal(100_000_000)
    assert f"{(balance / scale).quantize(Decimal('0.01')):,}" in text
    assert f"{months.value('npl_ratio')}" in text
    assert "2025年12月31日" in text
    assert "模拟数据" in text
    assert "示意图，非地图" in text
    assert text.count('class="tile ') == 18


def test_a_scoped_viewer_counts_only_what_is_theirs(app: DeskApp, desk: Desk, client: ClientOf) -> None:
    work = fill(app, some(desk))
    everything = work.figures.months(desk.reader(viewer(desk, "officer")), WAIT)
    own = work.figures.months(desk.reader(viewer(desk, "luoyang")), WAIT)
    assert everything is not None
    assert own is not None
    assert {row.codes for row in own.cities.rows} == {("410300",)}
    there = next(row for row in everything.cities.rows if row.codes == ("410300",) and row.theme == "all")
    assert own.value("balance") == there.values["balance"]
    assert own.value("balance") < everything.value("balance")
    page = client("luoyang").get("/").text
    assert "/alerts?state=open&amp;region=410300" in page
    assert "/alerts?state=open&amp;region=410100" not in page


@pytest.mark.parametrize("word", [word for word, _ in query.map_choices()])
def test_every_figure_of_the_map_can_be_shown(app: DeskApp, client: ClientOf, word: str) -> None:
    app.state.work.patience = WAIT
    answer = client("viewer").get("/", params={"map": word})
    assert answer.status_code == 200
    assert answer.text.count('class="tile ') == 18


def test_a_figure_the_map_has_not(client: ClientOf) -> None:
    assert client("viewer").get("/?map=tech:borrowers").status_code == 400
    assert client("viewer").get("/?map=nothing").status_code == 400


def test_a_month_the_book_has_not(app: DeskApp, client: ClientOf) -> None:
    app.state.work.patience = WAIT
    assert client("viewer").get("/?as_of=2019-01").status_code == 400


def test_while_it_is_being_counted_the_page_says_so(app: DeskApp, client: ClientOf) -> None:
    app.state.work.patience = 0
    text = client("viewer").get("/").text
    assert "正在统计这个月的数字" in text
    assert re.search(r'http-equiv="refresh"', text)


def test_the_board_shows_the_same(app: DeskApp, desk: Desk, client: ClientOf) -> None:
    fill(app, some(desk))
    person = client("viewer")
    page, tiles = person.get("/screen"), person.get("/screen/tiles")
    assert page.status_code == tiles.status_code == 200
    assert page.text.count('class="tile ') == tiles.text.count('class="tile ') == 18
    assert "<html" not in tiles.text
    assert "alerts-moved from:#board-stream" in page.text


def test_tiers_of_cities() -> None:
    found = by_tier([("410302", "blue", 2), ("410300", "red", 1), ("419001", "orange", 3), (None, "red", 9)], "{code}")
    assert (found["410300"]["tier"], found["410300"]["value"]) == ("red", "1 / 3")
    assert (found["419001"]["tier"], found["419001"]["value"]) == ("orange", "3 / 3")
    assert found["410100"]["value"] == "0"
    assert set(found) == set(GRID)


def test_shades_rank_cities() -> None:
    shades = shades_of({"a": 1, "b": 1, "c": 2, "d": None, "e": 9, "f": 10})
    assert shades == {"a": 0, "b": 0, "c": 2, "e": 3, "f": 4}


def test_which_cities_a_scope_touches() -> None:
    district = Scope(regions=frozenset({"410302"}))
    assert query.touches(district, "410300")
    assert not query.touches(district, "410100")
    assert all(query.touches(Scope(regions=frozenset({"410000"})), code) for code in GRID)
    assert query.touches(Scope(), "410100")
