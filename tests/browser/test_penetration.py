"""The graph of a firm in a real browser: drawn, grown by a click, printed, and without script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from browser.conftest import Opener, Picture
from browser.stage.access import faults_of, fits
from houfeng.book.store import Book
from houfeng.clock import wall_clock
from houfeng.engine.duckdb import Engine

NODES = "() => document.getElementById('links-graph').graph.nodes.length"
WHERE = """() => {
  const state = document.getElementById('links-graph').graph;
  const at = state.nodes.findIndex((one) => one.expand && !one.more && !one.centre);
  const data = state.chart.getModel().getSeriesByIndex(0).getData();
  const place = data.getItemGraphicEl(at).getComputedTransform();
  return [place[4], place[5]];
}"""
"""Where the first node that can be expanded stands in the drawing."""


@pytest.fixture(scope="module")
def server(shared_server: str) -> str:
    """Nothing here changes the book or what others look at."""
    return shared_server


@pytest.fixture(scope="module")
def hub(book_for_browser: Path) -> str:
    """The firm that holds most others."""
    book = Book.open(book_for_browser, wall_clock)
    with Engine() as engine:
        rows: list[Any] = engine.rows(
            f"SELECT holder_id FROM ({book.snapshot().select('holding')}) WHERE holder_kind = 'enterprise'"
            " GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
        )
    return str(rows[0][0])


def test_a_click_grows_the_graph(open_as: Opener, picture: Picture, hub: str) -> None:
    page = open_as("officer", f"/enterprises/{hub}?tab=links")
    expect(page.locator("#links-graph svg")).to_be_visible()
    assert fits(page)
    assert faults_of(page) == []
    before = page.evaluate(NODES)
    x, y = page.evaluate(WHERE)
    page.locator("#links-graph").click(position={"x": x, "y": y})
    expect(page.locator("#links-graph-told")).not_to_be_empty()
    assert page.evaluate(NODES) >= before
    picture(page, "penetration-links-zh-desk")
    page.emulate_media(media="print")
    expect(page.locator("#links-graph svg")).to_be_visible()
    expect(page.locator("form.query").first).to_be_hidden()


def test_tabs_on_a_phone_in_english(open_as: Opener, picture: Picture, hub: str) -> None:
    page = open_as("officer", "/penetration/groups", lang="en", phone=True)
    assert fits(page)
    for tab in ("links", "group", "circle", "fall"):
        page.goto(f"/enterprises/{hub}?tab={tab}")
        assert fits(page), tab
        assert faults_of(page) == [], tab
        picture(page, f"penetration-{tab}-en-phone")


def test_without_script_the_tables_say_it(open_as: Opener, hub: str) -> None:
    page = open_as("officer", "/account")
    page = open_as("officer", f"/enterprises/{hub}?tab=links", script=False)
    expect(page.get_by_role("heading", name="最终控制人")).to_be_visible()
    page.locator("section.card td.first a").first.click()
    expect(page.get_by_role("heading", name="关系图")).to_be_visible()
