"""Single events: what bounds settle without SQL is what SQL says of every pair, at the limits and at many digits too."""

# ruff: noqa: E501 (the pack below is read best with one item a line)

from __future__ import annotations

import tempfile
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houfeng.book.connection import connect
from houfeng.book.model import kinds
from houfeng.packs.loading.load import load_pack
from houfeng.watch.live.changes import Change
from houfeng.watch.live.singles import EventWatch
from houfeng.watch.plan import plan_rules
from nightly import share

PACK = """
pack: singles
version: 1.0.0
label: singles
parameters:
  limit: {unit: CNY, label: limit, values: {2025-01-02: 0.3, 2020-01-01: {value: 100, known_from: 2020-01-01}}}
indicators:
  net: {label: n, over: account_flow, value: amount - balance_after}
  part: {label: p, over: account_flow, value: amount / balance_after}
  odd: {label: o, over: account_flow, value: amount > 100 and direction = 'out'}
rules:
  tiers: {label: r, over: account_flow, tiers: {blue: amount >= 100, yellow: amount >= 100.01, orange: amount > 100.1, red: amount = 0.3}, reason: "{amount}"}
  dated: {label: r, over: account_flow, when: "amount <= :limit", tier: blue, reason: "{amount} {:limit}"}
  other: {label: r, over: account_flow, when: "amount <> 0.3 and direction <> 'in'", tier: blue, reason: "{direction}"}
  among: {label: r, over: account_flow, when: "direction in ('in', 'x') and amount between 0.1 and 0.3", tier: blue, reason: "{amount}"}
  large: {label: r, over: account_flow, when: amount > 99999999999999999.98, tier: red, reason: "{amount}"}
  beside: {label: r, over: account_flow, when: amount > balance_after, tier: blue, reason: "{amount} {balance_after}"}
  netted: {label: r, over: account_flow, tiers: {blue: net = 0, yellow: net > 0.2}, reason: "{net}"}
  parted: {label: r, over: account_flow, when: part >= 0.1 or not odd, tier: blue, reason: "{part}"}
  late: {label: r, over: account_flow, when: "occurred_at >= to_date(occurred_at) and amount < 1000", tier: blue, reason: "{amount}"}
  any: {label: r, over: account_flow, when: "amount is null or amount is not null", tier: blue, reason: "{amount}"}
  empty: {label: r, over: account_flow, when: balance_after is null, tier: blue, reason: "{net} {part}"}
"""
AMOUNTS = st.one_of(
    st.sampled_from([*map(Decimal, ("0.10", "0.30", "0.31", "99.99", "100.00", "100.01", "100.10", "100.11"))]),
    st.sampled_from([Decimal("99999999999999999.98"), Decimal("99999999999999999.99"), Decimal("-0.30"), None]),
    st.decimals(-(10**17), 10**17, places=2),
)
EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "amount": AMOUNTS,
            "balance_after": AMOUNTS,
            "direction": st.sampled_from(["in", "out", None]),
            "occurred_at": st.sampled_from([datetime(2025, 1, 1, 12), datetime(2025, 1, 2), datetime(2025, 1, 2, 9)]),
        }
    ),
    min_size=1,
    max_size=12,
)


class OnlySql(EventWatch):
    """A watch to which nothing is sure and everything may hold."""

    def _settled(self, rows: pa.Table, here: Any, pairs: Any) -> list[Change]:
        every = np.indices((len(here), len(self.cases))).reshape(2, -1).T
        return super()._settled(rows, here, np.column_stack([every, np.zeros(len(every), np.int64)]))


@cache
def watch(kind: type[EventWatch]) -> EventWatch:
    """One watch for all examples: its statements are planned once."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pack.yaml").write_text(PACK, "utf-8")
        pack = load_pack(folder)
    return kind(connect(threads=1), pack, plan_rules(pack, "account_flow", pack.rules.values()))


@settings(max_examples=share(50, 300), deadline=None, suppress_health_check=list(HealthCheck))
@given(EVENTS)
def test_bounds_say_what_sql_says(events: list[dict[str, Any]]) -> None:
    filled = [{"flow_no": f"F{n}", "institution_id": "P", **event} for n, event in enumerate(events)]
    rows = pa.Table.from_pylist(filled, kinds()["account_flow"].schema())
    seconds = rows.column("occurred_at").cast(pa.int64()).to_numpy() // 1_000_000
    rows = rows.append_column("_t", pa.array(seconds))
    assert watch(EventWatch).run(rows) == watch(OnlySql).run(rows)
