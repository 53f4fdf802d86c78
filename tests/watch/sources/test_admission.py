"""Rows are let in by one rule, however they are cut into blocks and grouped."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.clock import fixed_clock
from houfeng.watch.journal.watermark import Watermark
from houfeng.watch.sources.admission import Admission, Admitted
from houfeng.watch.sources.parsing import Parser
from houfeng.watch.sources.queue import Incoming, incoming
from watch.sources.event_samples import codes_of, flow, lines, uscc

NOON = fixed_clock(datetime(2026, 1, 2, 12))
PARSER = Parser("account_flow")


def block(events: list[dict[str, Any]], first: int = 1, source: str = "s") -> list[Incoming]:
    """Events as one block of a source."""
    found = PARSER.lines(lines(events), first)
    return incoming(source, found, first, first + len(events) - 1)


def told(results: list[Admitted]) -> tuple[dict[int, bool], dict[int, list[str]], int]:
    """Offset → late, offset → codes, and how many duplicates."""
    late, codes, twice = {}, {}, 0
    for result in results:
        if result.rows.num_rows:
            late.update(zip(*(result.rows.column(n).to_pylist() for n in ("_offset", "_late")), strict=True))
        codes.update(codes_of(result.rejected))
        twice += result.duplicates
    return late, codes, twice


def at(second: int) -> str:
    """A moment of the first of January."""
    return f"2026-01-01T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def test_late_is_decided_row_by_row() -> None:
    """A row raises the watermark for the next one; a tie is in time; late rows are let in with their mark."""
    admission = Admission(Watermark(10), NOON)
    times = [100, 95, 90, 89, 120, 109, 110, 120]
    late, _, _ = told(admission.admit(block([flow(i, occurred_at=at(t)) for i, t in enumerate(times)])))
    assert [late[i + 1] for i in range(8)] == [False, False, False, True, False, True, False, False]
    assert admission.counts["s", "late"] == 2


def test_the_same_event_again_is_dropped_and_another_under_its_id_refused() -> None:
    """While the instant is open; also within one block, and with an earlier time of its own."""
    admission = Admission(Watermark(100), NOON)
    first = [flow(1, occurred_at=at(500)), flow(1, occurred_at=at(500)), flow(1, occurred_at=at(500), amount="1.00")]
    late, codes, twice = told(admission.admit(block(first)))
    assert (late, codes, twice) == ({1: False}, {3: ["watch.duplicate_differs"]}, 1)
    _, codes, _ = told(admission.admit(block([flow(1, occurred_at=at(450))], 4)))
    assert codes == {4: ["watch.duplicate_differs"]}
    assert told(admission.admit(block([flow(2, occurred_at=at(700)), flow(1, occurred_at=at(500))], 5)))[0] == {
        5: False,
        6: True,
    }


def test_ids_may_be_remembered_longer() -> None:
    """`remember` drops what a sender repeats after its instant closed."""
    admission = Admission(Watermark(0), NOON, remember=1000)
    events = [flow(i, occurred_at=at(i * 100)) for i in range(1, 6)]
    admission.admit(block(events))
    assert told(admission.admit(block(events, 6))) == ({}, {}, 5)


def test_the_future_a_leaping_clock_and_unknown_keys_are_refused() -> None:
    """Each with its reason, the others pass, and none of the refused moves the watermark."""
    known = lambda kind, rows: np.array([v != uscc(9) for v in rows.column("enterprise_id").to_pylist()])  # noqa: E731
    admission = Admission(Watermark(0), NOON, known, future=60, max_gap=3600)
    events = [
        flow(1, occurred_at=at(0)),
        flow(2, occurred_at="2026-01-02T12:01:00"),
        flow(3, occurred_at="2026-01-02T12:01:01"),
        flow(4, occurred_at=at(10), enterprise_id=uscc(9)),
        flow(5, occurred_at=at(3600)),
        flow(6, occurred_at=at(7201)),
        flow(7, occurred_at=at(7200)),
    ]
    late, codes, _ = told(admission.admit(block(events)))
    assert late == {1: False, 5: False, 7: False}
    assert codes == {2: ["watch.jump"], 3: ["watch.future"], 4: ["watch.unknown_key"], 6: ["watch.jump"]}
    assert admission.watermark.value == 20454 * 86400 + 7200


def test_memory_is_bounded_by_the_lateness() -> None:
    """Ids of closed instants are forgotten, however long the stream runs."""
    admission = Admission(Watermark(60), NOON)
    for start in range(0, 40_000, 2_000):
        admission.admit(block([flow(i, occurred_at=at(i)) for i in range(start, start + 2_000)], start + 1))
    assert admission.dump().num_rows == 61
    assert admission._table.nbytes < 1 << 20


EVENTS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 40), st.sampled_from(["1.00", "2.00"]), st.booleans()), max_size=30
)


def many(some: list[tuple[int, int, str, bool]]) -> list[list[dict[str, Any]]]:
    """A stream of two kinds, one list for each event."""
    made: list[list[dict[str, Any]]] = []
    for number, second, amount, other in some:
        if other:
            record = {
                "kind": "public_record",
                "record_no": f"R{number:05d}",
                "enterprise_id": uscc(3),
                "amount": amount,
            }
            record |= {"occurred_on": f"2026-01-0{second % 2 + 1}", "record_type": "enforcement"}
            made.append([record])
        else:
            made.append([flow(number, occurred_at=at(second), amount=amount)])
    return made


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.lists(st.integers(0, 30), max_size=4), st.integers(0, 20), st.booleans(), st.integers(0, 30))
def test_blocks_and_restarts_make_no_difference(
    some: list[tuple[int, int, str, bool]], cuts: list[int], lateness: int, grouped: bool, restart: int
) -> None:
    """One row at a time, in blocks of any size, several blocks at once, and with a dump and load in between."""
    events = [event for row in many(some) for event in row]
    single = Admission(Watermark(lateness), NOON, max_gap=100_000)
    expected = told([a for i, e in enumerate(events) for a in single.admit(block([e], i + 1))])
    edges = sorted({0, len(events), *(min(cut, len(events)) for cut in cuts)})
    blocks = [block(events[a:b], a + 1) for a, b in pairwise(edges)]
    watermark = Watermark(lateness)
    admission = Admission(watermark, NOON, max_gap=100_000)
    results: list[Admitted] = []
    if grouped:
        results = admission.admit([item for items in blocks for item in items])
    else:
        for number, items in enumerate(blocks):
            results += admission.admit(items)
            if number == restart:
                again = Watermark(lateness)
                again.load(watermark.dump())
                fresh = Admission(again, NOON, max_gap=100_000)
                fresh.load(admission.dump())
                admission, watermark = fresh, again
    assert told(results) == expected


def test_nothing_but_bad_rows() -> None:
    """An item without good rows comes through with its bad ones, and counts."""
    admission = Admission(Watermark(0), NOON)
    (result,) = admission.admit(block([{"amount": 1}]))
    assert (result.rows.num_rows, result.rejected.num_rows, result.first, result.last) == (0, 1, 1, 1)
    assert result.rows.schema.field("_late").type == pa.bool_()
    (empty,) = admission.admit(incoming("s", [], 2, 5))
    assert (empty.rows.num_rows, empty.last) == (0, 5)
