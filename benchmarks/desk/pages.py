"""How long the desk's pages take for people who look at the same time, and live alerts for many.

    python benchmarks/loans.py BOOK --loans 20000000 --borrowers 5000000     # 3 million firms, 20 million notes
    HOUFENG_MEMORY=6GB houfeng book index --book BOOK          # copies by firm, and the newest month tagged
    python benchmarks/desk/pages.py BOOK [--users 50] [--think 5] [--seconds 60]

A server of its own is started (`houfeng desk serve`, two processes), every page is asked for once (the cold time; with
several processes until each has it), then
`--users` people look at pages at random, thinking `--think` seconds on average between two, each with a session and
a connection of their own. Firms are drawn at random out of 2,000, so most are looked at for the first time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from houfeng.book.connection import connect
from houfeng.book.store import Book
from houfeng.clock import wall_clock
from houfeng.office.access import Role
from houfeng.office.database import Office
from houfeng.office.identity import accounts
from houfeng.office.identity.people import find
from houfeng.office.identity.sessions import Caller, open_session

PAGES = {
    "overview": "/",
    "alerts": "/alerts",
    "enterprises": "/enterprises",
    "enterprises, a city": "/enterprises?region=410300",
    "enterprises, by name": "/enterprises?q=12345",
    "enterprises, by balance": "/enterprises?sort=-balance",
    "enterprise": "/enterprises/{firm}",
    "enterprise, loans": "/enterprises/{firm}?tab=loans",
    "themes": "/themes",
    "themes, by city": "/themes?set=1&rows=region&columns=theme&measures=balance&measures=borrowers",
    "notes of a theme": "/themes/loans?theme=inclusive",
    "notes of a theme, a city": "/themes/loans?theme=tech&only=region%3D410300",
    "packs": "/packs",
    "data": "/data",
    "cases": "/cases",
    "todo": "/todo",
}
FIRMS = 2000


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("book", type=Path)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--think", type=float, default=5.0, help="seconds between two pages of one person, on average")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--port", type=int, default=8711)
    parser.add_argument("--memory", default="6GB")
    parser.add_argument("--processes", type=int, default=2, help="as `houfeng desk serve` has it")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/office.db"
        cookies = people(url, given.users)
        firms = drawn(given.book, FIRMS)
        command = [sys.executable, "-m", "houfeng_cli.main", "desk", "serve", "--book", str(given.book)]
        server = subprocess.Popen(
            [*command, "--office", url, "--port", str(given.port), "--processes", str(given.processes)],
            env={**os.environ, "HOUFENG_MEMORY": given.memory},
        )
        try:
            print(json.dumps(asyncio.run(measured(given, cookies, firms, server.pid)), indent=1, ensure_ascii=False))
        finally:
            server.terminate()
            server.wait(30)


def people(url: str, users: int) -> list[str]:
    """Officers, each with a session; gives the cookies."""
    office, cookies = Office.create(url, wall_clock), []
    with office.begin() as session:
        for number in range(users):
            login = f"officer{number}"
            user, _ = accounts.create(session, "benchmark", login, login, [Role.OFFICER])
            user.must_change = False
            session.flush()
            cookies.append(open_session(session, find(session, login), "password", Caller("127.0.0.1", "bench")).token)
    office.close()
    return cookies


def drawn(book: Path, count: int) -> list[str]:
    """Firms that have loans, at random but the same each time."""
    snapshot = Book.open(book, wall_clock).snapshot()
    with connect() as connection:
        rows = snapshot.select("loan_balance")
        sample = "USING SAMPLE reservoir(20000 ROWS) REPEATABLE (1)"
        drawn = connection.execute(f"SELECT borrower_id FROM ({rows}) {sample}").fetchall()
        found = {row[0] for row in drawn}
        known = connection.execute(
            f"SELECT enterprise_id FROM ({snapshot.select('enterprise')}) WHERE enterprise_id IN (SELECT unnest(?))",
            [sorted(found)],
        ).fetchall()
    return sorted(row[0] for row in known)[:count]


async def measured(given: argparse.Namespace, cookies: list[str], firms: list[str], pid: int) -> dict[str, object]:
    """Cold once, warm by all."""
    base = f"http://127.0.0.1:{given.port}"
    times: dict[str, list[float]] = defaultdict(list)
    faults: dict[str, int] = defaultdict(int)
    chance = random.Random(given.seed)
    async with AsyncExitStack() as open_:

        async def browser() -> httpx.AsyncClient:
            return await open_.enter_async_context(httpx.AsyncClient(base_url=base, timeout=600, verify=False))

        client = await browser()
        await up(client)

        async def look(client: httpx.AsyncClient, cookie: str, name: str) -> float:
            began = time.perf_counter()
            path = PAGES[name].replace("{firm}", chance.choice(firms))
            answer = await client.get(path, headers={"cookie": f"houfeng={cookie}"})
            if answer.status_code != 200 or "refresh" in answer.headers:
                faults[f"{name} {answer.status_code}"] += 1
            return time.perf_counter() - began

        cold = {name: round(await look(client, cookies[0], name), 3) for name in PAGES}
        counted = [name for name in PAGES if name == "overview" or "theme" in name]
        for name in counted:  # in the background: wait until they stand
            for _ in range(300):
                answer = await client.get(PAGES[name], headers={"cookie": f"houfeng={cookies[0]}"})
                if "refresh" not in answer.headers:
                    break
                await asyncio.sleep(2)
        if given.processes > 1:  # new connections at the same time reach all processes, so that each is warm
            for name in [*PAGES, *PAGES]:
                fresh = [await browser() for _ in range(4 * given.processes)]
                await asyncio.gather(*(look(one, cookies[0], name) for one in fresh))
        faults.clear()
        until = time.perf_counter() + given.seconds

        async def person(cookie: str) -> None:
            own = await browser()
            await asyncio.sleep(chance.random() * given.think)
            while time.perf_counter() < until:
                name = chance.choice(list(PAGES))
                times[name].append(await look(own, cookie, name))
                await asyncio.sleep(chance.expovariate(1 / given.think))

        await asyncio.gather(*(person(cookie) for cookie in cookies))
    shown = {
        name: {
            "n": len(found),
            "p50_ms": round(statistics.median(found) * 1000),
            "p95_ms": round(sorted(found)[int(len(found) * 0.95)] * 1000),
            "cold_s": cold[name],
        }
        for name, found in times.items()
    }
    total = sum(len(found) for found in times.values())
    return {
        "users": given.users,
        "think_s": given.think,
        "requests_s": round(total / given.seconds, 1),
        "peak_mb": [peak(one) for one in (pid, *children(pid))],
        "faults": faults,
        "pages": shown,
    }


def peak(pid: int) -> int:
    """The most memory a process ever had resident, in MB."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def up(client: httpx.AsyncClient) -> None:
    """Wait until the server answers."""
    for _ in range(600):
        try:
            if (await client.get("/health")).status_code == 200:
                return
        except httpx.TransportError:
            await asyncio.sleep(0.2)
    raise SystemExit("the desk does not answer")


if __name__ == "__main__":
    main()
