"""Columns with a type of their own are read as the same values written as texts would be."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houfeng.watch.sources import direct
from houfeng.watch.sources.parsing import event_kinds
from houfeng.watch.sources.typed import Parsed, Typist
from watch.sources.event_samples import uscc

IDS = st.sampled_from(
    [uscc(5), uscc(5).lower(), uscc(5)[:-1] + "0", f" {uscc(6)}", *("NULL", "#N/A", "1e5", "", "无数据", "A-1"), None]
)
LONG = st.text(max_size=600) | st.text("ab 中#", max_size=8) | st.none()
moments = st.datetimes(datetime(1700, 1, 1), datetime(2300, 1, 1))
whole = moments.map(lambda m: m.replace(microsecond=0))
ends = st.sampled_from([datetime(2025, 1, 1), datetime(2025, 1, 1, 23, 59, 59), None])
FLOWS = st.fixed_dictionaries(
    {
        "flow_no": IDS,
        "institution_id": IDS,
        "enterprise_id": IDS,
        "counterparty_id": IDS,
        "direction": st.sampled_from(["in", "out", "收", "sideways", None]),
        "occurred_at": moments | whole | ends,
        "amount": st.none() | st.decimals(-(10**20), 10**20, places=2) | st.just(Decimal("0.00")),
        "summary": LONG,
    }
)
TYPES = st.fixed_dictionaries(
    {
        "occurred_at": st.sampled_from([pa.timestamp("us"), pa.timestamp("ms"), pa.timestamp("s")]),
        "amount": st.sampled_from([pa.decimal128(38, 2), pa.decimal128(38, 4), pa.decimal128(24, 2)]),
    }
)


def read(rows: list[dict[str, Any]], types: dict[str, pa.DataType]) -> Parsed:
    """The rows of a file with typed columns."""
    columns = {name: pa.array([row[name] for row in rows], types.get(name, pa.string())) for name in rows[0]}
    offsets = np.arange(1, len(rows) + 1)
    return Typist(event_kinds()["account_flow"]).texts(columns, offsets, lambda at: ["" for _ in at])


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(FLOWS, min_size=1, max_size=8), TYPES)
def test_typed_columns_are_read_as_texts_are(rows: list[dict[str, Any]], types: dict[str, pa.DataType]) -> None:
    found = read(rows, types)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(direct, "typed", lambda column, cells: None)
        wanted = read(rows, types)
    assert found.rows.to_pylist() == wanted.rows.to_pylist()
    assert found.rejected.to_pylist() == wanted.rejected.to_pylist()
