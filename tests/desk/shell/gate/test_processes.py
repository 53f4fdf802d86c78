"""Two processes that serve one desk: what one begins the other goes on with, and one that dies is replaced."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from desk.desk_samples import PASSWORD, make_office
from houfeng.clock import wall_clock
from houfeng.office import journal
from houfeng.office.database import Office
from houfeng_desk.security.limits import SIGN_IN_LOGIN
from nightly import NIGHTLY
from office_alerts.alert_samples import step, write

WAIT = 240.0


class Served:
    """A desk served by two processes on a port of its own."""

    def __init__(self, book: Path, office: Path) -> None:
        command = [sys.executable, "-m", "houfeng_cli.main", "desk", "serve", "--book", str(book), "--port", "0"]
        said = office.with_name("said")
        with said.open("w") as file:
            self.process = subprocess.Popen(
                [*command, "--office", f"sqlite:///{office}", "--processes", "2"],
                stderr=file,
                env={**os.environ, "HOUFENG_THREADS": "1"},
            )
        soon(lambda: len(self.children) == 2)
        self.address = re.findall(r"http://[0-9.:]+/", said.read_text("utf-8"))[0]

    @property
    def children(self) -> list[int]:
        """The processes that serve; Python's own tracker of resources is none."""
        assert self.process.poll() is None
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(one) for one in listed if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]

    def by(self, number: int) -> httpx.Client:
        """A new browser that only the process `number` can answer: the other stands still."""
        for place, pid in enumerate(self.children):
            os.kill(pid, signal.SIGCONT if place == number else signal.SIGSTOP)
        soon(lambda: httpx.get(f"{self.address}health", timeout=WAIT).text == "ok\n")
        return httpx.Client(base_url=self.address, timeout=WAIT)


def soon(done: Callable[[], bool]) -> None:
    """Wait until it is so."""
    until = time.monotonic() + WAIT
    while True:
        try:
            if done():
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture
def served(small_book: Path, tmp_path: Path) -> Iterator[Served]:
    """Over a copy of the small book and an office of its own."""
    book = Path(shutil.copytree(small_book, tmp_path / "book"))
    make_office(tmp_path / "office.db", wall_clock, password=True)
    found = Served(book, tmp_path / "office.db")
    try:
        yield found
    finally:
        for pid in found.children:
            os.kill(pid, signal.SIGCONT)
        found.process.terminate()
        assert found.process.wait(WAIT) == 0


def token(page: httpx.Response) -> str:
    """The token that the forms of a page carry."""
    assert page.status_code == 200, page.status_code
    return re.search(r'name="csrf" value="(\w+)"', page.text)[1]  # type: ignore[index]


def refused(served: Served) -> int:
    """How many of so many wrong sign-ins that both processes get one after the other are too many for a minute."""
    answers = []
    for number in (0, 1):
        with served.by(number) as there:
            asked = {"login": "nobody", "password": "wrong", "csrf": token(there.get("/sign-in"))}
            answers += [there.post("/sign-in", data=asked).status_code for _ in range(SIGN_IN_LOGIN - 3)]
    return answers.count(429)


@pytest.mark.skipif(not NIGHTLY, reason="starts three processes: by night")
def test_two_processes_share_sign_in_forms_journal_and_stream(served: Served, tmp_path: Path) -> None:
    first, second = served.children
    with served.by(0) as there:
        asked = {"login": "officer", "password": PASSWORD, "csrf": token(there.get("/sign-in"))}
        given = there.post("/sign-in", data=asked).cookies
        cookies = {"cookie": "; ".join(f"{name}={value}" for name, value in given.items())}
        form = token(there.get("/account", headers=cookies))
    with served.by(1) as there:
        assert there.get("/", headers=cookies).status_code == 200
        stream = there.stream("GET", "/alerts/stream", params={"as": "json", "after": "0"}, headers=cookies)
        with stream as events:
            lines = events.iter_lines()
            assert next(lines).startswith(":")
            for pid in (first, second):
                os.kill(pid, signal.SIGCONT)
            write(tmp_path / "book" / "watch", [[step("a" * 16, key="91410100000000001X")]])
            told = next(line for line in lines if line.startswith("data: {"))
            assert json.loads(told.removeprefix("data: "))["alert"] == "a" * 16
        # the form that the first process made is taken by the second
        assert there.post("/sign-out", data={"csrf": "0" * 64}, headers=cookies).status_code == 403
    with served.by(1) as there:
        assert there.post("/sign-out", data={"csrf": form}, headers=cookies).status_code == 303
    with served.by(0) as there:
        assert there.get("/", headers=cookies).headers["location"].startswith("/sign-in")

    assert any(refused(served) == SIGN_IN_LOGIN - 6 for _ in range(3)), "the two count tries together"

    os.kill(first, signal.SIGCONT)
    os.kill(second, signal.SIGKILL)
    soon(lambda: len(served.children) == 2 and second not in served.children)
    with served.by(1) as there:
        assert there.get("/sign-in").status_code == 200

    office = Office.open(f"sqlite:///{tmp_path / 'office.db'}", wall_clock)
    with office.read() as session:
        assert journal.verify(session) == []
        acts = [entry.act for entry in journal.entries(session) if entry.act != "session.refuse"]
        assert acts[-2:] == ["session.open", "session.close"]
    office.close()
