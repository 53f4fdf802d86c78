"""The workload on PySpark Structured Streaming, local[2]: `applyInPandasWithState` over the same Python state,
RocksDB, checkpoint on.

Grouped by enterprise, every micro-batch calls Python and pandas once per enterprise touched (about one event each),
which is what takes the time; so enterprises are put together in buckets and a bucket's states are one pickled value
(`--buckets 0`: one per enterprise). A trigger takes `--files` files. Spark's own windows are not used: `window(365
days, 1 day)` makes 365 rows of every event, gives a value per window and not per event, and has no top share.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = str(Path(__file__).parent)
sys.path.insert(0, HERE)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [HERE, os.environ.get("PYTHONPATH", "")]))
os.environ["PYSPARK_PYTHON"] = sys.executable
import pandas as pd  # noqa: E402
from keystate import MISSING, State, line, step  # noqa: E402

SCHEMA = (
    "institution_id string, flow_no string, enterprise_id string, account_no string, occurred_at timestamp_ntz,"
    " direction string, amount decimal(20,2), balance_after decimal(20,2), counterparty_id string"
)


def watch(key: tuple[Any, ...], frames: Iterator[pd.DataFrame], held: Any) -> Iterator[pd.DataFrame]:
    """The events of one bucket in one micro-batch."""
    states: dict[str, Any] = pickle.loads(held.get[0]) if held.exists else {}
    rows = pd.concat(list(frames)).sort_values(["t", "flow_no"])
    columns = (rows[c].tolist() for c in ("enterprise_id", "t", "o", "a", "p", "b", "flow_no"))
    told = []
    for enterprise, t, out, amount, party, balance, flow in zip(*columns, strict=True):
        state = states.get(enterprise)
        if state is None:
            state = states[enterprise] = State()
        for change in step(state, t, out, amount, party, balance):
            told.append(json.dumps(line(enterprise, flow, t, change)))
    held.update((pickle.dumps(states, 5),))
    yield pd.DataFrame({"value": told})


def used(pid: int) -> tuple[float, int]:
    """CPU seconds and summed peak MB of a process and its descendants (nobody waits for the JVM as a child)."""
    cpu, peak, waiting = 0, 0, [pid]
    while waiting:
        one = Path(f"/proc/{waiting.pop()}")
        cpu += sum(map(int, (one / "stat").read_text().rsplit(")", 1)[1].split()[11:15]))
        status = (one / "status").read_text().splitlines()
        peak += sum(int(text.split()[1]) for text in status if text.startswith("VmHWM"))  # a zombie has no such line
        waiting += [
            int(child) for task in (one / "task").iterdir() for child in (task / "children").read_text().split()
        ]
    return cpu / os.sysconf("SC_CLK_TCK"), peak // 1024


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", nargs="+", required=True, help="Parquet files of one folder")
    parser.add_argument("--out", required=True)
    parser.add_argument("--buckets", type=int, default=64)
    parser.add_argument("--files", type=int, default=1, help="files a trigger takes")
    given = parser.parse_args()
    from pyspark.sql import SparkSession
    from pyspark.sql import functions as f
    from pyspark.sql.streaming.state import GroupStateTimeout

    store, out = given.out + ".store", given.out + ".parts"
    for old in (store, out):
        shutil.rmtree(old, ignore_errors=True)
    spark = (
        SparkSession.builder.master("local[2]")
        .appName("watch")
        .config("spark.driver.memory", "6g")
        .config("spark.sql.shuffle.partitions", 2)
        .config("spark.ui.enabled", False)
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.log.level", "ERROR")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", 50_000)
        .config(
            "spark.sql.streaming.stateStore.providerClass",
            "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider",
        )
        .getOrCreate()
    )
    events = (
        spark.readStream.schema(SCHEMA)
        .option("maxFilesPerTrigger", given.files)
        .parquet(str(Path(given.events[0]).parent))
    )
    bucket = (
        f.pmod(f.hash("enterprise_id"), f.lit(given.buckets)).cast("string")
        if given.buckets
        else f.col("enterprise_id")
    )
    rows = events.select(
        bucket.alias("bucket"),
        "enterprise_id",
        "flow_no",
        f.col("counterparty_id").alias("p"),
        f.unix_timestamp(f.col("occurred_at").cast("timestamp")).alias("t"),
        (f.col("direction") == "out").alias("o"),
        (f.col("amount") * 100).cast("long").alias("a"),
        (f.col("balance_after") * 100).cast("long").alias("b"),
    )
    told = rows.groupBy("bucket").applyInPandasWithState(
        watch, "value string", "states binary", "append", GroupStateTimeout.NoTimeout
    )
    began = time.perf_counter()
    query = told.writeStream.format("text").option("checkpointLocation", store).trigger(availableNow=True).start(out)
    query.awaitTermination()
    seconds = time.perf_counter() - began
    batches = [p["durationMs"]["triggerExecution"] / 1000 for p in query.recentProgress if p["numInputRows"]]
    count = sum(p["numInputRows"] for p in query.recentProgress)
    version = spark.version
    cpu, peak = used(os.getpid())
    spark.stop()
    with Path(given.out).open("w", encoding="utf-8") as whole:
        whole.writelines(part.read_text(encoding="utf-8") for part in sorted(Path(out).glob("part-*")))
    opened = sum('"opened"' in text for text in Path(given.out).read_text(encoding="utf-8").splitlines())
    print(
        json.dumps(
            {
                "side": "spark",
                "events": count,
                "seconds": seconds,
                "rate": count / seconds,
                "opened": opened,
                "cpu": cpu,
                "peak_mb": peak,
                "first_batch_s": batches[0],
                "last_batch_s": batches[-1],
                "engine": f"pyspark {version}, local[2]",
                "missing": [
                    *MISSING,
                    "latency is that of a micro-batch; a bucket's states are written whole each time",
                ],
            }
        )
    )


if __name__ == "__main__":
    main()
