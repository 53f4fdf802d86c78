"""One durable decision per HTTP request through Houfeng: a real `houfeng watch run`, 50 rules over single events.

A book of a thousand enterprises, one process of the watch, one event per request. An answer comes when the event is in
the log on the disk (fdatasync) and its rules have spoken; `alerts` in it are the decisions. The client is
`http_load.py`'s, with a look at each answer. Afterwards, when the watch has been ended by a signal: the book must hold
exactly the events that were acknowledged, each once, and as many answers must hold alerts as plain Python says.
`decided` is the share of answers with alerts, `cpu_ms` what the watch computed per request.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Any

import http_load
import pyarrow.parquet as pq
from events import write
from ezrules_http import _wait, free_port
from houfeng_side import make_book

Rule = tuple[tuple[str, str, str], ...]
SPREAD = {"amount": (800_000, 1.5), "balance_after": (5_000_000, 2.0)}  # as events.py draws them, in fen
KEYS = 1_000


def rules(count: int = 50) -> list[Rule]:
    """Conjunctions of two or three comparisons; about one rule in 800 holds for an event, as in `stateless_side.py`."""
    random_, made = random.Random(f"http {count}"), []
    for _ in range(count):
        direction = random_.choice([None, "in", "out"])
        both, split = (0.001 if direction is None else 0.002) * random_.uniform(0.8, 1.7), random_.uniform(0.1, 0.9)
        parts = []
        for (field, (middle, width)), power in zip(SPREAD.items(), (split, 1 - split), strict=True):
            more, share = random_.random() < 0.5, both**power
            at = NormalDist(math.log(middle), width).inv_cdf(1 - share if more else share)
            parts.append((field, ">" if more else "<", f"{math.exp(at) / 100:.2f}"))
        made.append((*parts, *([("direction", "=", direction)] if direction else [])))
    return made


def pack_text(given: Sequence[Rule]) -> str:
    """The rules as a pack, in YAML."""
    lines = ["pack: bench-http", "version: 1.0.0", "label: benchmark", "rules:"]
    for number, rule in enumerate(given):
        when = " and ".join(f"{f} {sign} " + (f"'{k}'" if f == "direction" else k) for f, sign, k in rule)
        lines.append(
            f'  r{number:02}: {{label: r{number:02}, over: account_flow, when: "{when}", tier: yellow, '
            'reason: {zh: "金额{amount}", en: "amount {amount}"}}'
        )
    return "\n".join(lines) + "\n"


def holds(rule: Rule, event: dict[str, Any]) -> bool:
    """Plain Python's answer. Amounts have two decimals: as whole fen they compare exactly."""
    for field, sign, limit in rule:
        if field == "direction":
            met = event[field] == limit
        else:
            value, bound = (round(float(number) * 100) for number in (event[field], limit))
            met = value > bound if sign == ">" else value < bound
        if not met:
            return False
    return True


class Load:
    """The client's load: what it took, and what the answers said."""

    def __init__(self, bodies: Iterator[bytes]) -> None:
        self.bodies, self.accepted, self.decided, self.odd = bodies, 0, 0, 0

    def run(self, url: str, seconds: float, concurrency: int) -> dict[str, Any]:
        """One measurement."""
        before = self.accepted, self.decided
        found = http_load.run(url, self.bodies, seconds=seconds, concurrency=concurrency)  # type: ignore[arg-type]
        accepted, decided = self.accepted - before[0], self.decided - before[1]
        if found["wrong"] or accepted != found["requests"]:
            raise SystemExit(f"{found['requests']} requests, {accepted} accepted, answers {found['wrong']}")
        return found | {"decided": decided / max(1, accepted)}

    async def answer(self, reader: asyncio.StreamReader) -> tuple[int, bool]:
        """`http_load._answer` that also looks at the answer."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        size = int(head.split("content-length:", 1)[1].split("\r\n", 1)[0])
        body = await reader.readexactly(size)
        self.accepted += b'"accepted": 1,' in body
        self.decided += b'"alerts": [{' in body
        return int(head.split(" ", 2)[1]), "connection: close" not in head


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, default=50)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--events", type=int, default=400_000, help="so many are made; not all need be sent")
    given = parser.parse_args()
    found, made = [], rules(given.rules)
    with tempfile.TemporaryDirectory(prefix="houfeng-http-") as temporary:
        folder = Path(temporary)
        files = write(folder / "events", given.events, "jsonl", slice_=given.events, keys=KEYS)
        parquet = write(folder / "names", 50_000, "parquet", keys=KEYS)
        make_book(folder / "book", parquet)
        (folder / "pack").mkdir()
        (folder / "pack" / "pack.yaml").write_text(pack_text(made), "utf-8")
        lines = files[0].read_bytes().splitlines()
        load = Load(iter(lines))
        http_load._answer = load.answer  # type: ignore[assignment]
        port = free_port()
        command = [Path(sys.executable).with_name("houfeng"), "watch", "run", folder / "pack", "--quiet"]
        command += ["--source", f"http:127.0.0.1:{port}", "--kind", "account_flow", "--book", folder / "book"]
        command += ["--from", "2025-01-01", "--lateness", "3600"]
        server = subprocess.Popen([str(part) for part in command], stdout=sys.stderr, cwd=folder)
        try:
            _wait(port)
            url = f"http://127.0.0.1:{port}/api/v1/events"
            load.run(url, 2, 4)
            for concurrency in given.concurrency:
                cpu = cpu_seconds(server.pid)
                one = load.run(url, given.seconds, concurrency)
                found.append(one | {"cpu_ms": 1000 * (cpu_seconds(server.pid) - cpu) / max(1, one["requests"])})
        finally:
            server.send_signal(signal.SIGINT)
            ended = server.wait(120)
        if ended:
            raise SystemExit(f"the watch ended with {ended}")
        check(folder / "book", lines, load, made)
    side = "houfeng watch, one process"
    print(json.dumps([{"side": side, "rules": given.rules} | one for one in found]))


def cpu_seconds(process: int) -> float:
    """Of all cores, so far."""
    told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def check(book: Path, lines: Sequence[bytes], load: Load, made: Sequence[Rule]) -> None:
    """That the book holds what was acknowledged, and that the answers decided as plain Python does."""
    stored = [
        number
        for file in (book / "rows" / "account_flow").rglob("*.parquet")
        for number in pq.read_table(file, columns=["flow_no"]).column(0).to_pylist()
    ]
    events = {event["flow_no"]: event for event in map(json.loads, lines)}
    if len(stored) != len(set(stored)) or len(stored) != load.accepted or not events.keys() >= set(stored):
        raise SystemExit(f"{load.accepted} acknowledged, {len(stored)} in the book, {len(set(stored))} different")
    decided = sum(any(holds(rule, events[number]) for rule in made) for number in stored)
    if decided != load.decided:
        raise SystemExit(f"{load.decided} answers hold alerts; {decided} should")
    print(f"{len(stored)} acknowledged, all in the book; {decided} decisions, all right", file=sys.stderr)


if __name__ == "__main__":
    main()
