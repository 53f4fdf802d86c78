"""Do the sides say the same? The Python state's values against DuckDB's, instant by instant, and each side's alerts
against DuckDB's.

python verify.py --events FILE... --values duckdb.parquet [--alerts duckdb.jsonl other.jsonl ...]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import duckdb

sys.path.insert(0, str(Path(__file__).parent / "peers"))
import keystate
from workload import RULES


def values(files: list[str], computed: str, one_in: int) -> dict[str, Any]:
    """Every value of the Python state at the last event of each instant, against DuckDB's value there."""
    connection = duckdb.connect()
    found = {
        row[:2]: row[2:]
        for row in connection.execute(
            f"SELECT k, t, {', '.join(keystate.NAMES)} FROM read_parquet('{computed}') WHERE hash(k) % {one_in} = 0"
        ).fetchall()
    }
    rows = connection.execute(
        "SELECT enterprise_id, CAST(epoch(occurred_at) AS BIGINT), direction = 'out', CAST(amount * 100 AS BIGINT),"
        f" counterparty_id, CAST(balance_after * 100 AS BIGINT) FROM read_parquet({files})"
        f" WHERE hash(enterprise_id) % {one_in} = 0 ORDER BY occurred_at, flow_no"
    ).fetchall()
    states: dict[str, Any] = {}
    mine: dict[tuple[str, int], tuple[Any, ...]] = {}
    for key, t, out, amount, party, balance in rows:
        state = states.get(key) or states.setdefault(key, keystate.State())
        mine[key, t] = state.values(t, out, amount, party, balance)
    known = {at: tuple(None if v != v else v for v in there) for at, there in mine.items()}
    wrong: dict[str, int] = {}
    for at, there in found.items():
        if known[at] != there:
            for name, a, b in zip(keystate.NAMES, known[at], there, strict=True):
                if a != b:
                    wrong[name] = wrong.get(name, 0) + 1
    return {"instants": len(found), "values": len(found) * len(keystate.NAMES), "differ": wrong}


def alerts(reference: str, others: list[str]) -> list[dict[str, Any]]:
    """How many changes of alerts each side has in common with the reference (rule, key, what, tier, instant)."""
    expected = _changes(reference)
    told = []
    for other in others:
        found = _changes(other)
        told.append(
            {
                "side": other,
                "same": len(found & expected),
                "more": len(found - expected),
                "missing": len(expected - found),
            }
        )
    return told


def _changes(path: str) -> set[tuple[Any, ...]]:
    with Path(path).open(encoding="utf-8") as lines:
        return {(a["rule"], a["key"], a["what"], a["tier"], a["t"]) for a in map(json.loads, lines)}


def shares(path: str, events: int) -> dict[str, float]:
    """Of 100 events, how many open an alert of each rule."""
    opened: dict[str, int] = {rule.name: 0 for rule in RULES}
    with Path(path).open(encoding="utf-8") as lines:
        for alert in map(json.loads, lines):
            opened[alert["rule"]] += alert["what"] == "opened"
    return {name: round(100 * count / events, 4) for name, count in opened.items()}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", nargs="+", default=[])
    parser.add_argument("--values")
    parser.add_argument("--one-in", type=int, default=1, help="compare the values of one enterprise in so many")
    parser.add_argument("--alerts", nargs="+", default=[], help="DuckDB's first")
    parser.add_argument(
        "--count", type=int, default=0, help="events behind the first file of alerts: show shares of rules"
    )
    given = parser.parse_args()
    if given.values:
        print(json.dumps(values(given.events, given.values, given.one_in)))
    for told in alerts(given.alerts[0], given.alerts[1:]) if given.alerts else []:
        print(json.dumps(told))
    if given.count:
        print(json.dumps(shares(given.alerts[0], given.count)))


if __name__ == "__main__":
    main()
