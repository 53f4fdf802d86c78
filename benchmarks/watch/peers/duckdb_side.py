"""The workload as plain SQL in DuckDB: window functions over all events at once. A batch, not a stream: the whole
history is read, every value computed, then the alerts' episodes are walked through in Python (cooldown and hysteresis
are no window functions).

Could not express: nothing arrives, nothing is acknowledged, there is no latency; a further event means to begin
again. Like the other peers it evaluates at events only (no day's end), but events of one second are one instant here,
as for Houfeng.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

sys.path.insert(0, str(Path(__file__).parents[1]))
from workload import DAY, INDICATORS, RULES, Indicator, sql_of

TIERS = ("", "blue", "yellow", "orange", "red")
MISSING = (
    "a batch: no durable order of events, no latency, every further event means to compute all again",
    "hysteresis, escalation and cooldown are walked through in Python after the SQL",
    "evaluates at events only: no day's end",
    "no snapshot features, quarantine, late events, evidence or rule life",
)
EVENTS = """
CREATE TABLE e AS SELECT enterprise_id AS k, CAST(epoch(occurred_at) AS BIGINT) AS t,
  flow_no AS id, direction = 'out' AS o, CAST(amount * 100 AS BIGINT) AS a, CAST(balance_after * 100 AS BIGINT) AS b,
  counterparty_id AS p FROM read_parquet({files})
"""


def edge(item: Indicator, t: str = "t") -> str:
    """The open edge of the window of the instant `t`."""
    start = f"({t} - {item.offset + item.window})"
    return f"({start} - {start} % {item.hop})"


def windowed(item: Indicator) -> str:
    """The indicator as a window function over `e`; top share is not one."""
    where = {"out": " FILTER (WHERE o)", "in": " FILTER (WHERE NOT o)", "": ""}[item.direction]
    reach = f"RANGE BETWEEN (t - {edge(item)} - 1) PRECEDING AND " if item.window else ""
    until = f"{item.offset} PRECEDING" if item.offset else "CURRENT ROW"
    over = f"OVER (PARTITION BY k ORDER BY t {reach + until if item.window else ''})"
    match item.function:
        case "count":
            return f"count(*){where} {over}"
        case "sum":
            return f"CAST(coalesce(sum(a){where} {over}, 0) AS BIGINT)"
        case "mean":
            return f"CAST(sum(a){where} {over} AS DOUBLE) / nullif(count(*){where} {over}, 0)"
        case "min" | "max":
            return f"{item.function}(a){where} {over}"
        case "distinct":
            return f"count(DISTINCT p){where} {over}"
        case "last":
            return "arg_max(b, id) FILTER (WHERE b IS NOT NULL) OVER (PARTITION BY k, t)"  # every event bears one
        case "days_since":
            return f"(t - max(t){where} {over}) // {DAY}"
    raise ValueError(item.function)


def top_share(item: Indicator) -> str:
    """Key, instant and top share: each instant joined with the events in its window."""
    return (
        f"SELECT k, t, CAST(max(s) AS DOUBLE) / CAST(sum(s) AS DOUBLE) AS {item.name} FROM ("
        f"SELECT x.k, x.t, w.p, sum(w.a) AS s FROM (SELECT DISTINCT k, t FROM e) x JOIN e w ON w.k = x.k"
        f" AND w.t > {edge(item, 'x.t')} AND w.t <= x.t WHERE w.p IS NOT NULL"
        f" AND {'w.o' if item.direction == 'out' else 'NOT w.o'}"
        f" GROUP BY ALL) GROUP BY ALL"
    )


def compute(connection: duckdb.DuckDBPyConnection, files: list[str]) -> int:
    """Make the table `state`: one row per key and instant, all indicators, the rules' levels and clear conditions."""
    connection.execute(EVENTS.format(files=files))
    shares = [item for item in INDICATORS if item.function == "top_share"]
    columns = ", ".join(f"{windowed(item)} AS {item.name}" for item in INDICATORS if item not in shares)
    connection.execute(f"CREATE TABLE w AS SELECT k, t, id, {columns} FROM e")
    joins = "".join(f" LEFT JOIN ({top_share(item)}) USING (k, t)" for item in shares)
    connection.execute(
        "CREATE TABLE v AS SELECT * FROM (SELECT * FROM w QUALIFY row_number() OVER"
        f" (PARTITION BY k, t ORDER BY id) = 1){joins}"
    )
    levels = []
    for number, rule in enumerate(RULES):
        branches = " ".join(f"WHEN {sql_of(c)} THEN {TIERS.index(x)}" for x, c in reversed(list(rule.tiers.items())))
        levels.append(f"CAST(CASE {branches} ELSE 0 END AS TINYINT) AS l{number}")
        levels.append(f"coalesce({sql_of(rule.clear) if rule.clear else 'TRUE'}, FALSE) AS c{number}")
    connection.execute(f"CREATE TABLE state AS SELECT *, {', '.join(levels)} FROM v")
    row = connection.execute("SELECT count(*) FROM e").fetchone()
    return int(row[0]) if row else 0


def changes(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    """(rule, key, what, tier, instant, event) of every alert, walked through rule by rule."""
    found: list[tuple[Any, ...]] = []
    for number, rule in enumerate(RULES):
        rows = connection.execute(
            f"SELECT k, t, id, l{number}, c{number} FROM state"
            f" WHERE k IN (SELECT k FROM state WHERE l{number} > 0) ORDER BY k, t"
        ).fetchall()
        for key, group in groupby(rows, key=lambda row: row[0]):
            open_, free = 0, 0
            for _, t, event, level, clear in group:
                if not open_ and level and t >= free:
                    found.append((rule.name, key, "opened", TIERS[level], t, event))
                    open_ = level
                elif open_ and level > open_:
                    found.append((rule.name, key, "escalated", TIERS[level], t, event))
                    open_ = level
                elif open_ and not level and clear:
                    found.append((rule.name, key, "cleared", TIERS[open_], t, event))
                    open_, free = 0, t + rule.cooldown * DAY
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", nargs="+", required=True, help="Parquet files")
    parser.add_argument("--out", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--values", help="also write every value of every instant to this Parquet file (for checking)")
    given = parser.parse_args()
    began = time.perf_counter()
    connection = duckdb.connect(config={"threads": given.threads, "memory_limit": "12GB"})
    count = compute(connection, given.events)
    found = changes(connection)
    with Path(given.out).open("w", encoding="utf-8") as out:
        for rule, key, what, tier, t, event in found:
            out.write(json.dumps({"rule": rule, "key": key, "what": what, "tier": tier, "t": t, "event": event}) + "\n")
    seconds = time.perf_counter() - began
    if given.values:
        connection.execute(f"COPY state TO '{given.values}' (FORMAT parquet)")
    opened = sum(change[2] == "opened" for change in found)
    print(
        json.dumps(
            {
                "side": "duckdb",
                "events": count,
                "seconds": seconds,
                "rate": count / seconds,
                "opened": opened,
                "engine": f"duckdb {duckdb.__version__}",
                "missing": MISSING,
            }
        )
    )


if __name__ == "__main__":
    main()
