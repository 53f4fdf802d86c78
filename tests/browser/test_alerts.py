"""The work pages in a real browser: an alert arrives while one looks, is explained, acknowledged; the board moves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.access import faults_of
from browser.conftest import Opener
from desk.work.test_why import records
from houfeng.book.store import Book
from houfeng.clock import wall_clock
from houfeng.packs.loading.load import load_pack
from houfeng.watch.alerts import Alert
from houfeng.watch.journal.alerts import ROLL, AlertJournal
from houfeng.watch.replay import Replay
from houfeng.watch.service.packs import keep

Picture = Callable[[Page, str], Path]
PAGES = ("/", "/?map=inclusive:share", "/alerts", "/alerts?tier=red&state=open")


class Watch:
    """Stands in for a watch: hands alerts of the replay to the journal, one by one."""

    def __init__(self, book: Path) -> None:
        snapshot = Book.open(book, wall_clock).snapshot()
        pack = keep(book / "watch", load_pack("warning-rules"))
        days = date(2025, 12, 1), date(2025, 12, 31)
        self.alerts: list[Alert] = list(Replay(snapshot, pack, *days, only=["P01", "P02", "L02", "F06"]).alerts())
        self.folder = book / "watch" / "alerts"

    def tell(self, number: int = 1) -> list[Alert]:
        """Write the next alerts, each with its opening only."""
        told, self.alerts = self.alerts[:number], self.alerts[number:]
        with AlertJournal.open(self.folder, roll_bytes=ROLL) as journal:
            for alert in told:
                journal.append(journal.upto + 1, [next(iter(records(alert)))])
        return told


@pytest.fixture(scope="module")
def watch(book_for_browser: Path, server: str) -> Watch:
    """A watch that has told a dozen alerts."""
    made = Watch(book_for_browser)
    made.tell(12)
    return made


def ready(page: Page) -> None:
    """Wait until the figures of the month are counted."""
    expect(page.locator(".kpi").first).to_be_visible(timeout=60_000)
    expect(page.locator("meta[http-equiv=refresh]")).to_have_count(0, timeout=60_000)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_the_pages(open_as: Opener, picture: Picture, watch: Watch, lang: str, phone: bool) -> None:
    for number, path in enumerate(PAGES):
        page = open_as("officer", path, lang=lang, phone=phone)
        if path.startswith("/?") or path == "/":
            ready(page)
        assert page.locator("h1").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        assert faults_of(page) == [], path
        picture(page, f"work-{number}-{lang}-{'phone' if phone else 'desk'}")


def test_an_alert_arrives_and_is_handled(open_as: Opener, picture: Picture, watch: Watch) -> None:
    page = open_as("officer", "/alerts")
    before = page.locator("tbody tr").count()
    page.wait_for_timeout(1000)  # the stream is open
    (alert,) = watch.tell()
    news = page.locator("#alert-news .news")
    expect(news).to_be_visible(timeout=10_000)
    expect(page.locator("#alert-news")).to_have_attribute("aria-live", "polite")
    expect(news).to_contain_text("1 条新预警")
    watch.tell()
    expect(news).to_contain_text("2 条新预警", timeout=10_000)
    news.click()
    expect(page.locator("tbody tr")).to_have_count(min(before + 2, 20))
    page.goto(f"/alerts/{alert.alert_id}")
    expect(page.locator(".why").first).to_contain_text("成立", timeout=60_000)
    expect(page.locator(".picture svg").first).to_be_visible(timeout=60_000)
    expect(page.get_by_text("出处（报送 · 行）").first).to_be_visible(timeout=60_000)
    assert faults_of(page) == []
    picture(page, "work-alert-zh-desk")
    page.get_by_text("确认…", exact=True).click()
    page.get_by_label("确认意见").fill("已电话核实，企业正在筹款")
    page.get_by_role("button", name="确认", exact=True).click()
    expect(page.locator(".flash")).to_contain_text("已确认")
    expect(page.locator(".tl")).to_contain_text("已电话核实")


def test_the_board_moves(open_as: Opener, picture: Picture, watch: Watch) -> None:
    page = open_as("viewer", "/screen")
    expect(page.locator("meta[http-equiv=refresh]")).to_have_count(0, timeout=60_000)
    total = page.locator(".figure.alarm b")
    before = int(total.inner_text().split()[0].removesuffix("条预警").replace(",", ""))
    page.wait_for_timeout(1000)
    watch.tell()
    expect(total).to_contain_text(str(before + 1), timeout=15_000)
    expect(page.locator(".b-five svg")).to_be_visible()
    picture(page, "work-screen-zh")


def test_without_script(open_as: Opener, watch: Watch) -> None:
    page = open_as("officer", "/alerts", script=False)
    page.locator("tbody a").first.click()
    page.get_by_role("link", name="现在显示").first.click()
    expect(page.locator(".why").first).to_contain_text("成立")
