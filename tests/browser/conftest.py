"""A real server and a real browser. Without Chromium at /usr/bin/chromium these tests are skipped, and say so."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from browser.stage.looks import PICTURES
from browser.stage.watches import Watch
from browser.stage.watching import Watched
from desk.desk_samples import PASSWORD, make_book, make_office
from houfeng.clock import wall_clock

CHROMIUM = Path(os.environ.get("HOUFENG_CHROMIUM", "/usr/bin/chromium"))
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 375, "height": 812}
WAIT = 240


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a browser where there is none."""
    if CHROMIUM.exists():
        return
    skip = pytest.mark.skip(reason=f"no browser: {CHROMIUM} is missing (set HOUFENG_CHROMIUM)")
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def book_to_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small book, made once."""
    return make_book(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="module")
def book_for_browser(book_to_copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small book of one file of tests; they may write to it."""
    return Path(shutil.copytree(book_to_copy, tmp_path_factory.mktemp("book") / "book"))


@pytest.fixture(scope="session")
def office_to_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office whose people have passwords, made once."""
    path = tmp_path_factory.mktemp("people") / "office.db"
    make_office(path, wall_clock, password=True)
    return path


@pytest.fixture(scope="module")
def office_for_browser(office_to_copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The office of one file of tests."""
    return Path(shutil.copy(office_to_copy, tmp_path_factory.mktemp("office") / "office.db"))


@pytest.fixture(scope="module")
def server(book_for_browser: Path, office_for_browser: Path) -> Iterator[str]:
    """The desk of one file of tests, in a process of its own, on a free port; its address."""
    yield from _serving(book_for_browser, office_for_browser)


@pytest.fixture(scope="session")
def shared_server(book_to_copy: Path, office_to_copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A desk for files of tests that only look; such a file has a fixture `server` that gives it."""
    folder = tmp_path_factory.mktemp("shared")
    book = Path(shutil.copytree(book_to_copy, folder / "book"))
    yield from _serving(book, Path(shutil.copy(office_to_copy, folder / "office.db")))


def _serving(book: Path, office: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "houfeng_cli.main", "desk", "serve", "--port", "0", "--book", str(book)]
    command += ["--office", f"sqlite:///{office}"]
    log = office.with_name("log")
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        yield _address(process, log)
    finally:
        process.terminate()
        process.wait(30)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Where the server listens, once it answers."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end and process.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:[1-9]\d*", log.read_text("utf-8", "replace"))
        if found:
            try:
                with urlopen(f"{found[0]}/health") as answer:  # the server of this very test
                    if answer.status == 200:
                        return found[0]
            except OSError:
                pass
        time.sleep(0.1)
    raise RuntimeError(f"the desk did not start:\n{log.read_text('utf-8', 'replace')}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests. What a page is expected to come to, it may come to late on a busy machine."""
    expect.set_options(timeout=30_000)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def watch(book_for_browser: Path, server: str) -> Watch:
    """A watch that has told a dozen alerts."""
    made = Watch(book_for_browser)
    made.tell(12)
    return made


Opener = Callable[..., Page]
Picture = Callable[[Page, str], None]


@pytest.fixture(scope="session")
def states() -> dict[tuple[str, str], str]:
    """Kept sign-ins by server and person, so that each person signs in once."""
    return {}


@pytest.fixture
def open_as(
    chromium: Browser, server: str, states: dict[tuple[str, str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Opener]:
    """`open_as("officer", "/alerts", lang="en", phone=True)`: a page of that person's, watched.

    At the end of the test each page must have logged no error and asked no other host.
    """
    contexts: list[tuple[BrowserContext, Watched]] = []

    def opened(
        login: str, path: str = "/account", *, lang: str = "zh", phone: bool = False, script: bool = True
    ) -> Page:
        context = chromium.new_context(
            base_url=server,
            viewport=PHONE if phone else DESK,
            locale="zh-CN",
            java_script_enabled=script,
            storage_state=states.get((server, login)) if login else None,
        )
        context.add_cookies([{"name": "houfeng-lang", "value": lang, "url": server}])
        page = context.new_page()
        contexts.append((context, Watched(page, server)))
        if login and (server, login) not in states:
            page.goto("/sign-in")
            page.fill("#login", login)
            page.fill("#password", PASSWORD)
            page.click("form button.p")
            page.wait_for_url(lambda url: "/sign-in" not in url)
            path_of_state = tmp_path_factory.mktemp("state") / f"{login}.json"
            context.storage_state(path=path_of_state)
            states[server, login] = str(path_of_state)
            context.add_cookies([{"name": "houfeng-lang", "value": lang, "url": server}])
        page.goto(path)
        return page

    yield opened
    faults = [fault for _, watched in contexts for fault in watched.faults]
    for context, _ in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def picture() -> Picture:
    """`picture(page, "alerts-zh")` keeps the whole page as a PNG in $HOUFENG_PICTURES, where that is set."""

    def taken(page: Page, name: str) -> None:
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)

    return taken


@pytest.fixture(scope="session", autouse=True)
def enough_room() -> None:
    """Chromium fails in odd ways on a full disk; say it plainly."""
    if shutil.disk_usage("/tmp").free < 200_000_000:
        pytest.skip("less than 200 MB free in /tmp: Chromium would fail")
