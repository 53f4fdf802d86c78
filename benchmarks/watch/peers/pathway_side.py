"""The workload on Pathway: a stateful reducer per enterprise over the same Python state (`keystate.State`),
persistence on.

Pathway reads the CSV files itself (a directory, parsed in Rust) and hands each key the events of a mini-batch, which
are put in order of time there; the state stays a Python object inside the engine. Its temporal windows are not used:
`intervals_over` and sliding windows make a row per event and window (365 of them for a year by a day), cannot give 20
values at each event, and have neither top share nor hysteresis. `--buckets` groups by two characters of the code
instead of by enterprise: fewer calls per event. Persistence is that of the inputs (on restart they are read again
from its store); two processes (`pathway spawn`) cost twice the CPU and gain nothing here.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from keystate import MISSING, State, line, step

EPOCH = datetime(1970, 1, 1)


def fen(text: str) -> int:
    """Fen of an amount with two decimals."""
    return int(text.replace(".", ""))


def build(folder: str, out: str, buckets: bool) -> None:
    """The dataflow: events, state per enterprise, alerts to a file of JSON lines."""
    import pathway as pw

    columns = ("institution_id", "flow_no", "enterprise_id", "account_no", "occurred_at", "direction", "amount")
    schema = pw.schema_builder(
        {c: pw.column_definition(dtype=str) for c in (*columns, "balance_after", "counterparty_id")}
    )
    events = pw.io.csv.read(folder, schema=schema, mode="static", name="events")

    @pw.reducers.stateful_many
    def watch(held: Any, rows: list[Any]) -> Any:
        states = {} if held is None else held[0].value
        told = []
        for (at, number, direction, amount, balance, party, key), _ in sorted(rows):
            t = int((datetime.fromisoformat(at) - EPOCH).total_seconds())
            state = states.get(key)
            if state is None:
                state = states[key] = State()
            for change in step(state, t, direction == "out", fen(amount), party or None, fen(balance)):
                told.append(json.dumps(line(key, number, t, change)))
        return (pw.wrap_py_object(states), "\n".join(told))

    e = pw.this
    events = events.with_columns(bucket=e.enterprise_id.str.slice(14, 16) if buckets else e.enterprise_id)
    found = events.groupby(e.bucket).reduce(
        e.bucket,
        held=watch(
            e.occurred_at, e.flow_no, e.direction, e.amount, e.balance_after, e.counterparty_id, e.enterprise_id
        ),
    )
    told = found.select(text=pw.apply_with_type(lambda held: held[1], str, e.held)).filter(e.text != "")
    stream = Path(out).open("w", encoding="utf-8")  # noqa: SIM115 - closed at the stream's end

    def write(key: Any, row: dict[str, Any], time: int, is_addition: bool) -> None:
        if is_addition:
            stream.write(row["text"] + "\n")

    def flush(time: int) -> None:
        stream.flush()
        os.fsync(stream.fileno())

    pw.io.subscribe(told, on_change=write, on_time_end=flush, on_end=stream.close)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", nargs="+", required=True, help="CSV files of one folder")
    parser.add_argument("--out", required=True)
    parser.add_argument("--buckets", action="store_true", help="one state for about a thousandth of the enterprises")
    given = parser.parse_args()
    import pathway as pw

    store = given.out + ".store"
    shutil.rmtree(store, ignore_errors=True)
    build(str(Path(given.events[0]).parent), given.out, given.buckets)
    config = pw.persistence.Config(pw.persistence.Backend.filesystem(store), snapshot_interval_ms=10_000)
    began = time.perf_counter()
    pw.run(monitoring_level=pw.MonitoringLevel.NONE, persistence_config=config)
    seconds = time.perf_counter() - began
    count = sum(Path(path).read_bytes().count(b"\n") - 1 for path in given.events)
    opened = sum('"opened"' in text for text in Path(given.out).read_text(encoding="utf-8").splitlines())
    print(
        json.dumps(
            {
                "side": "pathway",
                "events": count,
                "seconds": seconds,
                "rate": count / seconds,
                "opened": opened,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "buckets": given.buckets,
                "engine": f"pathway {pw.__version__}",
                "missing": MISSING,
            }
        )
    )


if __name__ == "__main__":
    main()
