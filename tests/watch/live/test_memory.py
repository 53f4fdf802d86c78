"""Memory had ahead, and filled by several threads, holds what was written; channels had directly are SQL's."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from houfeng.clock import parse_day
from houfeng.errors import EnvironmentFault
from houfeng.packs.loading.load import load_pack
from houfeng.packs.roads.compile import column_of
from houfeng.packs.roads.sql import SqlWriter
from houfeng.watch.kernel import memory
from houfeng.watch.kernel.layout import NOTHING, layout
from houfeng.watch.live import feeds
from houfeng.watch.live.feeds import FeedReader
from houfeng.watch.plan import plan_rules

PACK = """pack: p
version: '1'
label: p
indicators:
  sums: {label: s, over: enterprise, from: account_flow, measure: sum(amount), where: direction = 'out', window: 7 days}
  count: {label: c, over: enterprise, from: account_flow, measure: count(), where: "'in' = direction", window: 7 days}
  all: {label: a, over: enterprise, from: account_flow, measure: count(), window: 7 days}
  who: {label: w, over: enterprise, from: account_flow, measure: distinct(counterparty_id), window: 7 days}
  other: {label: o, over: enterprise, from: account_flow, measure: sum(amount * 2), where: amount > 1, window: 7 days}
rules:
  much: {label: r, over: enterprise, when: sums + count + who + all + other > 1, tier: red, reason: m}
"""
HUGE = Decimal("39999999999999999.99")  # twice as much fits into 64 bits in fen; a hundred times as much does not


def rows(amounts: list[Decimal | None], directions: list[str | None]) -> pa.Table:
    """Flows, one a second."""
    number = len(amounts)
    return pa.table(
        {
            "enterprise_id": ["e"] * number,
            "counterparty_id": ["x", None, "y", "x"][:number],
            "direction": directions,
            "amount": pa.array(amounts, pa.decimal128(24, 2)),
            "_t": list(range(number)),
        }
    )


def readers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[FeedReader, FeedReader]:
    """A reader, and one that asks SQL for everything."""
    (folder / "pack.yaml").write_text(PACK, "utf-8")
    pack = load_pack(folder)
    shape = layout(plan_rules(pack, "enterprise", list(pack.rules.values())))
    day = parse_day("2025-01-01")

    def reader() -> FeedReader:
        numbers: dict[str | None, int] = {None: -1}
        writer = SqlWriter(pack, day, day, column_of)

        def number_of(texts: pa.Array) -> memory.Words:
            return np.array([numbers.setdefault(text, len(numbers)) for text in texts.to_pylist()])

        return FeedReader(duckdb.connect(), shape.feeds[0], writer, number_of)

    plain = reader()
    monkeypatch.setattr(feeds, "direct", lambda feed, channel: False)
    asked = reader()
    monkeypatch.undo()
    return plain, asked


def test_channels_had_directly_are_those_of_sql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With unknown amounts, directions and counterparties."""
    plain, asked = readers(tmp_path, monkeypatch)
    flows = rows([Decimal("1.23"), Decimal("-5.00"), None, HUGE], ["out", None, "out", "in"])
    mine = plain.read(flows).channels
    assert plain.sql.count(" AS c") < asked.sql.count(" AS c") == mine.shape[1]
    monkeypatch.setattr(feeds, "direct", lambda feed, channel: False)
    assert mine.tolist() == asked.read(flows).channels.tolist()
    assert {123, NOTHING, 1} < {int(n) for n in mine.reshape(-1)}


def test_an_amount_too_large_is_a_fault_only_where_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An incoming amount beyond 64 bits has no channel here but the one that SQL computes, which leaves it out."""
    plain, _ = readers(tmp_path, monkeypatch)
    feed = plain.feed
    out = next(n for n, c in enumerate(feed.channels) if c.node is not None and c.node.op == "field" and c.where)
    large = HUGE * 100
    fields: dict[str, memory.Words] = {}
    told = plain._direct(rows([large, Decimal("7.00")], ["in", "out"]), feed.channels[out], fields)
    assert told.tolist() == [NOTHING, 700]
    with pytest.raises(EnvironmentFault):
        plain._direct(rows([large], ["out"]), feed.channels[out], fields)


def test_memory_had_ahead_changes_nothing_and_keeps_ahead() -> None:
    """Of what the arena has written nothing is lost; a small arena has nothing had ahead."""
    heap = memory.arena(8 * memory.PAGE)
    ahead = memory.Ahead(heap)
    ahead.look()
    assert ahead._job is None
    block = memory.take(heap, 2 * memory.PAGE)
    heap[block] = heap[block + 2 * memory.PAGE - 1] = 7
    held = heap[: int(heap[memory.NEXT])].copy()
    ahead.look()
    assert ahead._job is not None
    ahead._job.result()
    assert int(heap[memory.NEXT]) < ahead.upto <= len(heap)
    assert np.array_equal(heap[: len(held)], held)
    assert not heap[len(held) :].any()


def test_filling_by_several_threads_copies_every_word() -> None:
    """A whole number of pieces, less, and a part more."""
    for size in (3, memory.PIECE, 2 * memory.PIECE + 5):
        source = np.arange(size)
        target = memory.reserve(size + 1)
        memory.fill(target, source)
        assert np.array_equal(target[:size], source)
        assert not target[size:].any()
