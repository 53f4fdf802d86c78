"""The same questions to the desk and to Apache Superset, one after the other, by as many people.

    python -m venv ENV && ENV/bin/pip install apache-superset duckdb-engine rich pillow cachetools 'flask-caching<2.4'
    python benchmarks/desk/beside_superset.py BOOK --superset ENV/bin --work FOLDER [--users 50] [--think 5]

Superset (gunicorn, two processes of four threads, its metadata in SQLite, its cache of answers on) reads one DuckDB
file made of the book's own copies: the notes of the month with a column for each theme, all loan balances in the order
of their borrowers, the firms with their balance. So it neither judges nor joins; what it is asked is only read. It
answers `/api/v1/chart/data`, the numbers of a chart or a table without the page round them; the desk answers whole
pages, signed in, within its scope. Each side's seconds are told with the processor time its processes took.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import httpx
from pages import FIRMS, PAGES, drawn, people, up

from houfeng.book.store import Book
from houfeng.clock import wall_clock
from houfeng.packs.loading.load import load_pack
from houfeng.themes.kept import month

THEMES = ("tech", "green", "inclusive", "pension", "digital")
ASKED = (
    "themes, by city",
    "notes of a theme",
    "notes of a theme, a city",
    "enterprises, a city",
    "enterprises, by balance",
    "enterprises, by name",
    "enterprise, loans",
)
NOTE = [
    "institution_id",
    "contract_no",
    "note_no",
    "borrower",
    "d_region",
    "d_industry",
    "balance",
    "rate",
    "matures_on",
]
FIRM = ["enterprise_id", "name", "region", "industry", "size", "balance"]
LOAN = ["institution_id", "contract_no", "note_no", "period", "balance", "rate", "quality", "overdue_days"]

Ask = Callable[[httpx.AsyncClient, int, str, str], Awaitable[bool]]
"""(client, person, question, firm) → was it answered well."""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("book", type=Path)
    parser.add_argument("--superset", type=Path, required=True, help="the bin folder of its environment")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--think", type=float, default=5.0)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--pack", default="five-articles")
    parser.add_argument("--processes", type=int, default=2, help="of the desk; Superset has two")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    tables(given)
    firms = drawn(given.book, FIRMS)
    print(json.dumps({"desk": desk(given, firms), "superset": superset(given, firms)}, indent=1, ensure_ascii=False))


def tables(given: argparse.Namespace) -> None:
    """What Superset reads, in one file."""
    place = given.work / "tables.duckdb"
    if place.exists():
        return
    part = place.with_suffix(".part")
    part.unlink(missing_ok=True)
    record = next((given.book / "months").glob("*.json"))
    as_of = date.fromisoformat(json.loads(record.read_text())["as_of"])
    views = Book.open(given.book, wall_clock).snapshot()
    kept = month(views, load_pack(given.pack), as_of, views.known_at.date())
    copies = given.book / "copies"
    flags = ", ".join(f"{kept.flag(theme)} AS {theme}" for theme in THEMES)
    with duckdb.connect(str(part), config={"memory_limit": "6GB"}) as connection:
        for name, file in (
            ("m", record.with_suffix(".duckdb")),
            ("b", next(copies.glob("loan_balance-*.duckdb"))),
            ("e", next(copies.glob("enterprise-*.duckdb"))),
        ):
            connection.execute(f"ATTACH '{file}' AS {name} (READ_ONLY)")
        connection.execute(f"CREATE TABLE notes AS SELECT * EXCLUDE (a0), a0 AS balance, {flags} FROM m.notes")
        connection.execute("CREATE TABLE balances AS FROM b.held ORDER BY borrower_id")
        connection.execute(
            "CREATE TABLE firms AS SELECT e.*, s.balance FROM e.held e LEFT JOIN "
            "(SELECT borrower_id, sum(balance_cny) AS balance FROM balances GROUP BY 1) s "
            "ON s.borrower_id = e.enterprise_id ORDER BY region, enterprise_id"
        )
    part.rename(place)


def desk(given: argparse.Namespace, firms: list[str]) -> dict[str, Any]:
    """The desk's pages."""
    url = f"sqlite:///{given.work}/office.db"
    (given.work / "office.db").unlink(missing_ok=True)
    cookies = people(url, given.users)
    command = [sys.executable, "-m", "houfeng_cli.main", "desk", "serve", "--book", str(given.book), "--office", url]

    async def ask(client: httpx.AsyncClient, person: int, question: str, firm: str) -> bool:
        path = PAGES[question].replace("{firm}", firm)
        answer = await client.get(path, headers={"cookie": f"houfeng={cookies[person]}"})
        return answer.status_code == 200 and "refresh" not in answer.headers

    command += ["--port", "8712", "--processes", str(given.processes)]
    with Server(command, {"HOUFENG_MEMORY": "4GB"}) as server:
        return asyncio.run(crowd(given, "http://127.0.0.1:8712", ask, firms, server))


def superset(given: argparse.Namespace, firms: list[str]) -> dict[str, Any]:
    """Superset's answers for charts."""
    work = given.work.resolve()
    cache = f'{{"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": "{work}/cache", "CACHE_DEFAULT_TIMEOUT": 86400}}'
    (work / "superset_config.py").write_text(
        'SECRET_KEY = "only for a benchmark on this machine, 42 letters"\n'
        f'SQLALCHEMY_DATABASE_URI = "sqlite:///{work}/superset.db"\n'
        "WTF_CSRF_ENABLED = RATELIMIT_ENABLED = TALISMAN_ENABLED = False\n"
        f"CACHE_CONFIG = FILTER_STATE_CACHE_CONFIG = EXPLORE_FORM_DATA_CACHE_CONFIG = DATA_CACHE_CONFIG = {cache}\n"
    )
    for old in ("superset.db", "cache"):
        shutil.rmtree(work / old) if (work / old).is_dir() else (work / old).unlink(missing_ok=True)
    settings = {"SUPERSET_CONFIG_PATH": str(work / "superset_config.py"), "FLASK_APP": "superset"}
    who = {"username": "admin", "firstname": "a", "lastname": "b", "email": "a@example.org", "password": "admin"}
    admin = [word for name, value in who.items() for word in (f"--{name}", value)]
    for step in (["db", "upgrade"], ["fab", "create-admin", *admin], ["init"]):
        subprocess.run(
            [given.superset / "superset", *step], env={**os.environ, **settings}, check=True, capture_output=True
        )
    command = [given.superset / "gunicorn", "-w", "2", "-k", "gthread", "--threads", "4", "-b", "127.0.0.1:8713"]
    command += ["--timeout", "600", "superset.app:create_app()"]
    with Server([str(one) for one in command], settings) as server:
        return asyncio.run(_superset(given, work, firms, server))


async def _superset(given: argparse.Namespace, work: Path, firms: list[str], server: Server) -> dict[str, Any]:
    base = "http://127.0.0.1:8713"
    async with httpx.AsyncClient(base_url=base, timeout=600) as client:
        await up(client)
        who = {"username": "admin", "password": "admin", "provider": "db"}
        token = (await client.post("/api/v1/security/login", json=who)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}

        async def make(what: str, body: dict[str, Any]) -> int:
            answer = await client.post(f"/api/v1/{what}/", json=body, headers=headers)
            if answer.status_code >= 300:
                raise SystemExit(f"{what}: {answer.text[:400]}")
            return int(answer.json()["id"])

        extra = json.dumps({"engine_params": {"connect_args": {"read_only": True}}})
        uri = f"duckdb:///{work}/tables.duckdb"
        database = await make("database", {"database_name": "bench", "sqlalchemy_uri": uri, "extra": extra})
        sets = {
            name: await make("dataset", {"database": database, "schema": "main", "table_name": name})
            for name in ("notes", "balances", "firms")
        }

    async def ask(client: httpx.AsyncClient, person: int, question: str, firm: str) -> bool:
        name, query = chart(question, firm)
        body = {"datasource": {"id": sets[name], "type": "table"}, "queries": [query], "result_format": "json"}
        answer = await client.post("/api/v1/chart/data", json={**body, "result_type": "full"}, headers=headers)
        return answer.status_code == 200 and not answer.json()["result"][0]["error"]

    return await crowd(given, base, ask, firms, server)


def chart(question: str, firm: str) -> tuple[str, dict[str, Any]]:
    """Superset's words for a page's question: the table asked, and the query."""

    def rows(columns: list[str], order: str, *filters: tuple[str, str, Any]) -> dict[str, Any]:
        found = [{"col": column, "op": op, "val": value} for column, op, value in filters]
        return {"columns": columns, "filters": found, "orderby": [[order, False]], "row_limit": 50}

    def sums(theme: str, sql: str, what: str) -> dict[str, Any]:
        return {"expressionType": "SQL", "sqlExpression": sql.format(theme), "label": f"{theme} {what}"}

    if question == "themes, by city":
        metrics = [sums(theme, "sum(balance) FILTER ({})", "balance") for theme in THEMES]
        metrics += [sums(theme, "count(DISTINCT borrower) FILTER ({})", "borrowers") for theme in THEMES]
        return "notes", {"columns": ["d_region"], "metrics": metrics, "filters": [], "row_limit": 100}
    luoyang = ("d_region", "==", "410300")
    return {
        "notes of a theme": ("notes", rows(NOTE, "balance", ("inclusive", "==", True))),
        "notes of a theme, a city": (
            "notes",
            rows(NOTE, "balance", ("tech", "==", True), luoyang),
        ),
        "enterprises, a city": ("firms", rows(FIRM, "enterprise_id", ("region", "==", "410300"))),
        "enterprises, by balance": ("firms", rows(FIRM, "balance")),
        "enterprises, by name": ("firms", rows(FIRM, "enterprise_id", ("name", "LIKE", "%12345%"))),
        "enterprise, loans": ("balances", rows(LOAN, "balance", ("borrower_id", "==", firm))),
    }[question]


class Server:
    """A server's processes while they run."""

    def __init__(self, command: list[str], settings: dict[str, str]) -> None:
        self.command, self.settings = command, settings

    def __enter__(self) -> Server:
        self.process = subprocess.Popen(
            self.command, env={**os.environ, **self.settings}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(60)

    def family(self) -> list[int]:
        """The process and all below it."""
        found, waiting = [], [self.process.pid]
        while waiting:
            found.append(one := waiting.pop())
            for task in Path(f"/proc/{one}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        return found

    def cpu(self) -> float:
        """Seconds of the processor so far."""
        ticks = 0
        for one in self.family():
            fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """Resident megabytes."""
        return sum(int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in self.family()) * 4096 >> 20


async def crowd(given: argparse.Namespace, base: str, ask: Ask, firms: list[str], server: Server) -> dict[str, Any]:
    """Each question once, three times warm by one person, by some at once, then all people for a while."""
    times: dict[str, list[float]] = defaultdict(list)
    faults: dict[str, int] = defaultdict(int)
    chance = random.Random(1)
    limits = httpx.Limits(max_connections=given.users)
    async with httpx.AsyncClient(base_url=base, limits=limits, timeout=600) as client:
        await up(client)

        async def look(person: int, question: str) -> float:
            began = time.perf_counter()
            if not await ask(client, person, question, chance.choice(firms)):
                faults[question] += 1
            return time.perf_counter() - began

        cold = {question: round(await look(0, question), 2) for question in ASKED}
        for question in ASKED:  # the desk counts a month in the background: until it stands
            for _ in range(300):
                if not faults.pop(question, 0):
                    break
                await asyncio.sleep(1)
                await look(0, question)
            else:
                raise SystemExit(f"{base} does not answer: {question}")
        alone = {question: round(min([await look(0, question) for _ in range(3)]) * 1000) for question in ASKED}
        for question in ASKED * 2:  # connections at the same time reach all processes of a server, so that each is warm
            await asyncio.gather(*(look(number, question) for number in range(8)))
        until, cpu = time.perf_counter() + given.seconds, server.cpu()

        async def person(number: int) -> None:
            await asyncio.sleep(chance.random() * given.think)
            while time.perf_counter() < until:
                question = chance.choice(ASKED)
                times[question].append(await look(number, question))
                await asyncio.sleep(chance.expovariate(1 / given.think))

        await asyncio.gather(*(person(number) for number in range(given.users)))
    asked = sum(map(len, times.values()))
    shown = {
        question: {
            "n": len(times[question]),
            "cold_s": cold[question],
            "alone_ms": alone[question],
            "p50_ms": round(statistics.median(times[question]) * 1000),
            "p95_ms": round(sorted(times[question])[int(len(times[question]) * 0.95)] * 1000),
        }
        for question in ASKED
        if times[question]
    }
    return {
        "asked": asked,
        "faults": dict(faults),
        "cpu_ms_each": round((server.cpu() - cpu) / asked * 1000),
        "memory_mb": server.memory(),
        "questions": shown,
    }


if __name__ == "__main__":
    main()
