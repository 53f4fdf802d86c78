"""Live alerts for many: how long until everybody has heard of one, and what the server holds for it.

    python benchmarks/desk/stream.py [--clients 500] [--alerts 20] [--every 1.0] [--json FILE]

A small synthetic book and an office are made, a server of its own is started (`houfeng desk serve`, one process), and
`--clients` streams are opened over as many connections, by ten people. Then

1. `--alerts` alerts are written into the journal of the watch, one every `--every` seconds: from the moment one is safe
   on the disk until each client has read it;
2. all connections are dropped, as many alerts again are written, and all clients come back at once with the last number
   they saw (`Last-Event-ID`): until each has been told everything it missed, in order and nothing twice.

Everything is on one machine: the clients' own work is in the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from houfeng.book.store import Book
from houfeng.clock import wall_clock
from houfeng.office.access import Role
from houfeng.office.database import Office
from houfeng.office.identity import accounts
from houfeng.office.identity.people import find
from houfeng.office.identity.sessions import Caller, open_session
from houfeng.simulate.loading import load_province
from houfeng.simulate.province import simulate
from houfeng.watch.journal.alerts import ROLL, AlertJournal

PEOPLE = 10
PATIENCE = 300.0


@dataclass
class Client:
    """One stream: when it was open, and when it heard of each alert."""

    secret: str
    last: str = ""
    opened: float = 0.0
    heard: dict[str, float] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    twice: int = 0
    _writer: asyncio.StreamWriter | None = None
    _reading: asyncio.Task[None] | None = None

    async def open(self, port: int) -> float:
        """Connect and wait for the first sign of life; seconds it took."""
        began = time.perf_counter()
        reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        seen = f"last-event-id: {self.last}\r\n" if self.last else ""
        head = f"GET /alerts/stream?as=json HTTP/1.1\r\nhost: 127.0.0.1\r\ncookie: houfeng={self.secret}\r\n{seen}\r\n"
        self._writer.write(head.encode())
        status = await reader.readline()
        if b" 200 " not in status:
            raise RuntimeError(f"the stream was refused: {status!r}")
        while (await reader.readline()).strip():
            pass
        while b"houfeng" not in await reader.readline():
            pass
        self.opened = time.perf_counter()
        self._reading = asyncio.create_task(self._read(reader))
        return self.opened - began

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            now = time.perf_counter()
            if line.startswith(b"id: "):
                self.last = line[4:].strip().decode()
                self.order.append(int(self.last))
            elif line.startswith(b"data: "):
                alert = json.loads(line[6:])["alert"]
                self.twice += alert in self.heard
                self.heard.setdefault(alert, now)

    async def drop(self) -> None:
        """Hang up."""
        assert self._writer is not None
        assert self._reading is not None
        self._reading.cancel()
        self._writer.close()
        await asyncio.gather(self._reading, self._writer.wait_closed(), return_exceptions=True)


def step(name: str, key: str) -> dict[str, Any]:
    """An alert's opening, as the watch's journal has it."""
    return {
        "alert_id": name, "pack": "demo", "version": "1.0.0", "rule": "demo/overdue", "rule_id": "OVE",
        "group": "repayment", "kind": "enterprise", "key": key, "step": 0, "what": "opened", "at": 20_000 * 86_400,
        "event": f"loan_balance:{name}", "tier": "orange", "channel": "emitted", "cause": "",
        "values": {"overdue_days": 45}, "parameters": {}, "reason": {"zh": "逾期 45 天", "en": "45 days overdue"},
    }  # fmt: skip


def tell(watch: Path, names: Sequence[str], keys: Sequence[str]) -> dict[str, float]:
    """Write alerts into the journal of the watch; when each was safe there."""
    told = {}
    with AlertJournal.open(watch / "alerts", roll_bytes=ROLL) as journal:
        for name, key in zip(names, keys, strict=True):
            journal.append(journal.upto + 1, [step(name, key)])
            told[name] = time.perf_counter()
    return told


def prepared(folder: Path) -> tuple[Path, Path, list[str], list[str]]:
    """A book with a watch's journal, an office with people; their sessions, and keys that no book knows."""
    simulate(folder / "province", enterprises=1000, seed=20260130, months=1, end=date(2025, 12, 31))
    load_province(Book.create(folder / "book", wall_clock, synthetic=True), folder / "province")
    office = Office.create(f"sqlite:///{folder / 'office.db'}", wall_clock)
    secrets = []
    with office.begin() as session:
        for n in range(PEOPLE):
            user, _ = accounts.create(session, "bench", f"person{n}", f"Person {n}", [Role.OFFICER])
            user.must_change = False
        session.flush()
        for n in range(PEOPLE):
            user = find(session, f"person{n}")
            secrets.append(open_session(session, user, "password", Caller("bench", "stream")).token)
    office.close()
    return folder / "book", folder / "office.db", secrets, [f"FIRM{n:04d}" for n in range(10_000)]


def serve(book: Path, office: Path, log: Path) -> tuple[subprocess.Popen[bytes], int]:
    """The desk, and the port it listens on."""
    command = [sys.executable, "-m", "houfeng_cli.main", "desk", "serve", "--port", "0", "--book", str(book)]
    with log.open("wb") as sink:
        process = subprocess.Popen([*command, "--office", f"sqlite:///{office}"], stdout=sink, stderr=sink)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:([1-9]\d*)", log.read_text("utf-8", "replace"))
        if found and listens(int(found[1])):
            return process, int(found[1])
        time.sleep(0.1)
    raise RuntimeError(log.read_text("utf-8", "replace"))


def listens(port: int) -> bool:
    """Whether anybody takes a connection."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def held(pid: int) -> tuple[float, float]:
    """Megabytes a process holds, and seconds of work it has done."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    found = re.search(r"VmRSS:\s+(\d+)", status)
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return int(found[1]) / 1024 if found else 0.0, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile and the longest, in seconds."""
    ordered = sorted(values)
    return {
        "p50": round(statistics.median(ordered), 3),
        "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 3),
        "max": round(ordered[-1], 3),
    }


async def _until(done: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > until:
            raise RuntimeError("not everybody has heard everything")
        await asyncio.sleep(0.02)


async def measured(
    clients: list[Client], port: int, pid: int, watch: Path, keys: list[str], alerts: int, every: float
) -> dict[str, Any]:
    """The two rounds."""
    idle, _ = held(pid)
    opening: list[Awaitable[float]] = [one.open(port) for one in clients]
    began = time.perf_counter()
    connect = await asyncio.gather(*opening)
    figures: dict[str, Any] = {
        "clients": len(clients),
        "connect_s": spread(connect),
        "all_connected_s": round(time.perf_counter() - began, 2),
        "server_idle_mb": round(idle),
        "server_connected_mb": round(held(pid)[0]),
    }
    _, worked = held(pid)
    told: dict[str, float] = {}
    for n in range(alerts):
        told |= await asyncio.to_thread(tell, watch, [f"{n:016x}"], [keys[n]])
        await asyncio.sleep(every)
    await _until(lambda: all(len(one.heard) == alerts for one in clients))
    late = [one.heard[name] - at for name, at in told.items() for one in clients]
    last = [max(one.heard[name] for one in clients) - at for name, at in told.items()]
    figures |= {
        "alerts": alerts,
        "arrival_s": spread(late),
        "arrival_at_the_last_client_s": spread(last),
        "server_cpu_s_per_alert": round((held(pid)[1] - worked) / alerts, 3),
        "server_after_mb": round(held(pid)[0]),
    }
    await asyncio.gather(*(one.drop() for one in clients))
    names = [f"{n:016x}" for n in range(alerts, 2 * alerts)]
    await asyncio.to_thread(tell, watch, names, keys[alerts : 2 * alerts])
    began = time.perf_counter()
    again = await asyncio.gather(*(one.open(port) for one in clients))
    await _until(lambda: all(len(one.heard) == 2 * alerts for one in clients))
    return figures | {
        "reconnect_s": spread(again),
        "replay_to_all_s": round(time.perf_counter() - began, 2),
        "told_twice": sum(one.twice for one in clients),
        "out_of_order": sum(one.order != sorted(one.order) for one in clients),
        "missed": sum(2 * alerts - len(one.heard) for one in clients),
        "server_end_mb": round(held(pid)[0]),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--alerts", type=int, default=20)
    parser.add_argument("--every", type=float, default=1.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="houfeng-stream-") as name:
        book, office, secrets, keys = prepared(Path(name))
        tell(book / "watch", ["f" * 16], [keys[-1]])  # the first reading of a journal is history
        process, port = serve(book, office, Path(name) / "log")
        try:
            time.sleep(2)
            clients = [Client(secrets[n % PEOPLE]) for n in range(options.clients)]
            work = measured(clients, port, process.pid, book / "watch", keys, options.alerts, options.every)
            text = json.dumps(asyncio.run(work), indent=1)
            print(text, flush=True)
            if options.json:
                options.json.write_text(text + "\n", "utf-8")
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
