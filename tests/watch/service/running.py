"""A book, a small pack and events for a real `houfeng watch run` in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from houfeng.book.connection import connect
from houfeng.book.draft import QUARANTINE, Draft, row_schema
from houfeng.book.model import kinds
from houfeng.book.store import Book
from houfeng.clock import wall_clock
from houfeng.watch.journal.alerts import ROLL, AlertJournal
from watch.sources.event_samples import lines, uscc

PACK = """
pack: small
version: 1.0.0
label: small
indicators:
  out_1h: {label: o, over: enterprise, from: account_flow, where: direction = 'out', measure: sum(amount), window: 1 hour, hop: 1 minute}
  seen_1d: {label: s, over: enterprise, from: account_flow, measure: count(), window: 1 day}
  quiet: {label: q, over: enterprise, from: account_flow, measure: days_since()}
rules:
  outflow: {label: r, over: enterprise, tiers: {yellow: out_1h > 600, red: out_1h > 1200}, clear_when: out_1h < 300, reason: "{out_1h}"}
  busy: {label: r, over: enterprise, when: seen_1d >= 40, tier: blue, reason: "{seen_1d}"}
  silent: {label: r, over: enterprise, when: quiet >= 1, tier: orange, reason: "{quiet}"}
  large: {label: r, over: account_flow, when: amount >= 199, tier: yellow, reason: "{amount}"}
"""  # noqa: E501
FIRST = "2026-01-01"
STARTED: list[subprocess.Popen[bytes]] = []
SMALL = ["--max-keys", "4096", "--state-memory", "64MB", "--lang", "en", "--from", FIRST]
FIRMS = [uscc(100 + n) for n in range(40)]


def prepare(folder: Path) -> tuple[Path, Path]:
    """A book that knows the firms, and the pack."""
    pack = folder / "pack"
    pack.mkdir(parents=True)
    (pack / "pack.yaml").write_text(PACK, "utf-8")
    book = Book.create(folder / "book", wall_clock)
    rows = [{"_row": n, "enterprise_id": firm, "name": firm} for n, firm in enumerate(FIRMS, 1)]
    table = pa.Table.from_pylist(rows, row_schema(kinds()["enterprise"]))
    draft = Draft("enterprise", "registry", date(2025, 1, 1), table, QUARANTINE.empty_table(), "f", "", "hash")
    book.submit([draft], received_at=datetime(2025, 1, 2))
    return folder / "book", pack


def events(count: int, step: int = 60) -> list[dict[str, Any]]:
    """Events in order of time, one every `step` seconds, of all firms in turn."""
    start = datetime.fromisoformat(FIRST)
    return [
        {
            "flow_no": f"F{n:06d}",
            "institution_id": uscc(1),
            "enterprise_id": FIRMS[n * n % len(FIRMS)],
            "occurred_at": (start + timedelta(seconds=n * step)).isoformat(),
            "direction": "out" if n % 3 else "in",
            "amount": f"{n * 7919 % 200}.{n % 100:02d}",
        }
        for n in range(count)
    ]


def write(folder: Path, some: Sequence[dict[str, Any]], name: str = "account_flow-1.jsonl") -> Path:
    """Events as a file in a folder that is watched."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(lines(some))
    return folder


def houfeng(*arguments: str | Path, **options: Any) -> subprocess.Popen[bytes]:
    """The command line, in a process of its own."""
    command = [sys.executable, "-m", "houfeng_cli.main", "watch", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ), **options)
    STARTED.append(process)
    return process


def end_all() -> None:
    """Leave no process behind where a test has failed."""
    while STARTED:
        with STARTED.pop() as process:
            process.kill()


def begun(process: subprocess.Popen[bytes]) -> None:
    """Wait until the watch says that it runs."""
    assert process.stderr is not None
    while line := process.stderr.readline():
        if line.startswith(b"watching:"):
            return
    raise AssertionError(process.wait())


def finish(process: subprocess.Popen[bytes], code: int = 0, given: bytes | None = None) -> tuple[str, str]:
    """Wait for the end of a process; what it said."""
    out, error = process.communicate(given, timeout=120)
    assert process.returncode == code, (process.returncode, error.decode()[-3000:])
    return out.decode(), error.decode()


def alerts(place: Path) -> list[str]:
    """All steps in the journal of a watch, in no order."""
    return sorted(json.dumps(one, sort_keys=True) for one in AlertJournal(place / "alerts", ROLL).read())


def rows(book: Path) -> list[tuple[Any, ...]]:
    """All events in the book, with their source and place in it and whether they are late."""
    opened = Book.open(book, wall_clock)
    entries = {entry.submission_id: entry for entry in opened.entries()}
    found = connect().sql(opened.snapshot().select("account_flow")).to_arrow_table().to_pylist()
    fields = [*kinds()["account_flow"].fields]
    return sorted(
        (
            entries[row["_submission"]].reporter,
            row["_row"],
            entries[row["_submission"]].late,
            *map(str, map(row.get, fields)),
        )
        for row in found
    )
