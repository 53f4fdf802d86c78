"""The workload on Bytewax: keyed Python state (`keystate.State`), two processes, recovery on.

Each process reads its own part of every slice (the parts split by enterprise, as a topic would be: `events.py --parts
2`), Bytewax exchanges by key, snapshots the touched keys into its SQLite stores at every epoch, and the alerts go to
one file with fsync. Its own windowing operators are not used: they give one value when a window closes, not 20 values
at each event, and a window of 365 days sliding by a day would put every event into 365 windows. `--buckets` keys the
stream by two characters of the code (about 960 states of many enterprises) instead of by enterprise: fewer calls and
snapshots per event, about twice as fast.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import pickle
import resource
import shutil
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from keystate import MISSING, State, line, step

BATCH = 20_000
EPOCH = timedelta(seconds=10)


def rows(path: str, buckets: bool) -> list[tuple[str, tuple[Any, ...]]]:
    """(key, (t, out, fen, counterparty, balance, flow, enterprise)) of a Parquet file, in its order."""
    table = pq.read_table(path)
    table = table.combine_chunks()
    fen = [_fen(table[column].chunk(0)) for column in ("amount", "balance_after")]
    t = table["occurred_at"].cast(pa.timestamp("s")).cast(pa.int64()).to_pylist()
    out, who = pc.equal(table["direction"], "out").to_pylist(), table["enterprise_id"].to_pylist()
    rest = zip(
        t, out, fen[0], table["counterparty_id"].to_pylist(), fen[1], table["flow_no"].to_pylist(), who, strict=True
    )
    return list(zip([key[14:16] for key in who] if buckets else who, rest, strict=True))


def _fen(money: pa.Array) -> list[int]:
    # a decimal of two places is held as its fen, in 16 bytes; ours fit the lower eight
    return np.frombuffer(money.buffers()[1], np.int64)[2 * money.offset : 2 * (money.offset + len(money)) : 2].tolist()


def flow(files: list[str], out: str, parts: int, buckets: bool, began: dict[str, float]) -> Any:
    """The dataflow."""
    import bytewax.operators as op
    from bytewax.connectors.files import FileSink
    from bytewax.dataflow import Dataflow
    from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
    from bytewax.operators import StatefulBatchLogic

    class Part(StatefulSourcePartition[Any, int]):
        def __init__(self, paths: list[str], done: int) -> None:
            self.paths, self.done, self.held, self.at = paths, done, [], 0
            self.events = self._batches()

        def _batches(self) -> Any:
            skip = self.done
            for path in self.paths:
                found = rows(path, buckets)
                for start in range(0, len(found), BATCH):
                    batch = found[start : start + BATCH]
                    if skip >= len(batch):
                        skip -= len(batch)
                        continue
                    yield batch[skip:]
                    skip = 0

        def next_batch(self) -> Any:
            began.setdefault("at", time.perf_counter())
            batch = next(self.events)  # StopIteration is how a source says that it is at its end
            self.done += len(batch)
            return batch

        def snapshot(self) -> int:
            return self.done

    class Source(FixedPartitionedSource[Any, int]):
        def list_parts(self) -> list[str]:
            return [str(part) for part in range(parts)]

        def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> Part:
            return Part(
                [f for f in files if parts == 1 or f.rsplit("-", 1)[1].startswith(f"{for_part}.")], resume_state or 0
            )

    class Logic(StatefulBatchLogic[Any, Any, bytes]):
        def __init__(self, state: Any) -> None:
            self.state = state

        def on_batch(self, values: list[Any]) -> tuple[list[Any], bool]:
            found, states = [], self.state
            for t, is_out, amount, party, balance, number, who in values:
                state = states.get(who)
                if state is None:
                    state = states[who] = State()
                for change in step(state, t, is_out, amount, party, balance):
                    found.append(json.dumps(line(who, number, t, change)))
            return found, StatefulBatchLogic.RETAIN

        def snapshot(self) -> bytes:
            return pickle.dumps(self.state, 5)

    graph = Dataflow("watch")
    events = op.input("events", graph, Source())
    told = op.stateful_batch("state", events, lambda resumed: Logic({} if resumed is None else pickle.loads(resumed)))
    op.output("alerts", told, FileSink(out))
    return graph


def process(number: int, files: list[str], out: str, store: str, processes: int, buckets: bool, told: Any) -> None:
    """One process of the cluster."""
    from bytewax._bytewax import cluster_main
    from bytewax.recovery import RecoveryConfig

    began: dict[str, float] = {}
    addresses = [f"127.0.0.1:{24_100 + i}" for i in range(processes)] if processes > 1 else None
    cluster_main(
        flow(files, out, processes, buckets, began),
        addresses,
        number,
        epoch_interval=EPOCH,
        recovery_config=RecoveryConfig(store),
    )
    told.put((began.get("at", 0.0), time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024))


def main() -> None:
    """Command line."""
    from importlib.metadata import version

    from bytewax.recovery import init_db_dir

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--events", nargs="+", required=True, help="Parquet files; with two processes, made with --parts 2"
    )
    parser.add_argument("--out", required=True)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--buckets", action="store_true", help="one state for about a thousandth of the enterprises")
    given = parser.parse_args()
    store = Path(given.out + ".store")
    shutil.rmtree(store, ignore_errors=True)
    Path(given.out).unlink(missing_ok=True)
    store.mkdir()
    init_db_dir(store, given.processes)
    told: Any = multiprocessing.Queue()
    children = [
        multiprocessing.Process(
            target=process, args=(n, sorted(given.events), given.out, str(store), given.processes, given.buckets, told)
        )
        for n in range(given.processes)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
        if child.exitcode:
            raise SystemExit(f"a process ended with {child.exitcode}")
    found = [told.get() for _ in children]
    seconds = max(end for _, end, _ in found) - min(start for start, _, _ in found)
    count = sum(pq.read_metadata(path).num_rows for path in given.events)
    opened = sum('"opened"' in text for text in Path(given.out).read_text(encoding="utf-8").splitlines())
    print(
        json.dumps(
            {
                "side": "bytewax",
                "events": count,
                "seconds": seconds,
                "rate": count / seconds,
                "opened": opened,
                "peak_mb": sum(peak for _, _, peak in found),
                "processes": given.processes,
                "buckets": given.buckets,
                "engine": f"bytewax {version('bytewax')}",
                "missing": MISSING,
            }
        )
    )


if __name__ == "__main__":
    main()
