"""Houfeng end to end: files in, every event durable before it is answered for, alerts out.

The book gets a record of each enterprise first (not timed). Then the watch runs as `houfeng watch run --source dir:`
does: parse and check, log with fdatasync, windows, filter, exact SQL, journal of alerts with fdatasync; every ten
seconds the log goes into the book. `seconds` is from the first file to the last alert; `settled` adds what is still to
be put into the book and the saved state.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import tempfile
import time
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from houfeng.book.draft import QUARANTINE, Draft, row_schema
from houfeng.book.model import kinds
from houfeng.book.store import Book
from houfeng.clock import parse_day, wall_clock
from houfeng.packs.loading.load import load_pack
from houfeng.watch.service.core import Limits
from houfeng.watch.service.recovery import open_core
from houfeng.watch.service.watcher import Pace, Watcher
from houfeng.watch.sources.directory import DirectorySource

HERE = Path(__file__).parent
BEFORE = datetime(2024, 12, 1)


def make_book(place: Path, files: list[Path]) -> Book:
    """A book that knows every enterprise of the events."""
    book = Book.create(place, wall_clock)
    names = pa.concat_tables([pq.read_table(file, columns=["enterprise_id"]) for file in files]).column(0).unique()
    schema = row_schema(kinds()["enterprise"])
    columns = {
        field.name: names
        if field.name in ("enterprise_id", "name")
        else pa.array(range(1, len(names) + 1), pa.int64())
        if field.name == "_row"
        else pa.nulls(len(names), field.type)
        for field in schema
    }
    rows = pa.table(columns).cast(schema)
    draft = Draft("enterprise", "registry", BEFORE.date(), rows, QUARANTINE.empty_table(), "bench", "", "bench")
    book.submit([draft], confirm=True, received_at=BEFORE)
    return book


def main() -> None:
    """Run once; print one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", nargs="+", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pack", default=str(HERE / "pack"))
    given = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="houfeng-bench-"))
    try:
        book = make_book(work / "book", given.events)
        (work / "in").mkdir()
        for file in given.events:
            shutil.copy(file, work / "in" / file.name)
        core = open_core(
            book, load_pack(given.pack), wall_clock, parse_day("2025-01-01"), limits=Limits(), future=10**9
        )
        source = DirectorySource(work / "in", kind="account_flow", poll=0.05, once=True)
        watcher = Watcher(core, [source], Pace(live=False))
        told: list[float] = []
        opened = 0

        def tell(deliveries: object) -> None:
            nonlocal opened
            opened += sum(delivery.change.step == 0 for delivery in deliveries)  # type: ignore[attr-defined]
            told.append(time.monotonic())

        watcher.tell = tell
        began, cpu = time.monotonic(), time.process_time()
        watcher.run()
        done = time.monotonic()
        count = sum(pq.read_metadata(file).num_rows for file in given.events)
        given.out.write_bytes(b"".join(path.read_bytes() for path in sorted((book.path / "watch/alerts").glob("a*"))))
        stored = work / "book" / "rows" / "account_flow"
        kept = sum(pq.read_metadata(path).num_rows for path in stored.glob("*.parquet"))
        assert kept == count, (kept, count)
        print(
            json.dumps(
                {
                    "side": "houfeng",
                    "events": count,
                    "seconds": round(told[-1] - began, 2),
                    "rate": round(count / (told[-1] - began)),
                    "settled": round(done - began, 2),
                    "cpu": round(time.process_time() - cpu, 1),
                    "opened": opened,
                    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                    "windows_mb": core.engine.memory >> 20,
                    "keys": sum(watch.keys.count for watch in core.engine.keywatches),
                    "latency_p99": watcher.metrics.status("ended")["alert_latency_seconds"]["p99"],
                    "missing": [],
                }
            )
        )
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
