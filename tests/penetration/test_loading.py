"""Holdings from a table: numbered by the order of their ids, added up by pair, however the table is cut into chunks."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.penetration.graph import Holdings

ROWS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from("cdefgh"), st.decimals(0, 100, places=5)),
    min_size=1,
    max_size=40,
)


@settings(deadline=None)
@given(ROWS, st.lists(st.integers(0, 40), max_size=4))
def test_as_a_dictionary_of_pairs_says(rows: list[tuple[str, str, Decimal]], cuts: list[int]) -> None:
    names = ("holder_id", "enterprise_id", "share")
    columns = dict(zip(names, zip(*[(who, firm, str(share)) for who, firm, share in rows], strict=True), strict=True))
    table = pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()})
    ends = sorted({0, len(rows), *(min(cut, len(rows)) for cut in cuts)})
    parts = [table.slice(first, last - first) for first, last in pairwise(ends)]
    graph = Holdings.of(pa.concat_tables(parts))
    expected: dict[tuple[str, str], int] = {}
    for who, firm, share in rows:
        expected[who, firm] = expected.get((who, firm), 0) + int(share * 100_000)
    pairs = list(zip(graph.names(graph.holder), graph.names(graph.held), strict=True))
    assert pairs == sorted(expected)
    assert dict(zip(pairs, graph.low.tolist(), strict=True)) == expected
    assert graph.ids.to_pylist() == sorted({name for pair in expected for name in pair})
    by = graph.by_held
    assert [graph.held[s] for s in by.order] == sorted(graph.held)
    assert np.array_equal(by.stop, by.start[1:])
