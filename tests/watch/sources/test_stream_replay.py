"""The book's own events as a stream."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from houfeng.book.store import Book
from houfeng.clock import fixed_clock
from houfeng.errors import UsageError
from houfeng.watch.sources.queue import Incoming, IncomingQueue
from houfeng.watch.sources.replay import ReplaySource
from watch.replay_samples import submit
from watch.sources.event_samples import take_all

NOW = datetime(2025, 2, 1)
FIRST, LAST = date(2025, 1, 1), date(2025, 1, 3)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """A book with events of two kinds on five days."""
    made = Book.create(tmp_path_factory.mktemp("replay") / "book", fixed_clock(NOW))
    flows: list[dict[str, Any]] = [
        {
            "flow_no": f"F{i:03d}",
            "institution_id": "B1",
            "enterprise_id": "A",
            "occurred_at": datetime(2024, 12, 31) + timedelta(hours=i * 7 % 120),
            "direction": "in",
            "amount": Decimal("3000000000.00"),
        }
        for i in range(60)
    ]
    records = [
        {"record_no": f"R{i}", "enterprise_id": "A", "occurred_on": date(2025, 1, i), "record_type": "enforcement"}
        for i in range(1, 5)
    ]
    submit(made, "account_flow", "B1", None, flows, NOW - timedelta(hours=1))
    submit(made, "public_record", "court", None, records, NOW)
    return made


def replayed(book: Book, offsets: dict[str, int] | None = None, **other: Any) -> list[Incoming]:
    """All that a replay gives."""
    source = ReplaySource(book.snapshot(), ["account_flow", "public_record"], FIRST, LAST, **other)
    queue = IncomingQueue(10_000)
    source.start(queue.put, offsets or {})
    taken = take_all(queue, source)
    source.stop()
    return taken


def events(items: list[Incoming]) -> list[tuple[int, int, str]]:
    """(offset, instant, kind) of every event, by offset."""
    found = []
    for item in items:
        if item.rows.num_rows:
            columns = (item.rows.column(name).to_pylist() for name in ("_offset", "_t"))
            found += [(offset, t, item.kind) for offset, t in zip(*columns, strict=True)]
    return sorted(found)


def test_events_come_in_order_from_day_to_day(book: Book) -> None:
    """Both days included; ties by kind; numbers without gaps; money exact; however large the blocks."""
    whole = events(replayed(book))
    assert [offset for offset, _, _ in whole] == list(range(1, len(whole) + 1))
    assert [t for _, t, _ in whole] == sorted(t for _, t, _ in whole)
    days = {date(1970, 1, 1) + timedelta(seconds=t) for _, t, _ in whole}
    assert days == {FIRST, date(2025, 1, 2), LAST}
    assert sum(kind == "public_record" for _, _, kind in whole) == 3
    small = replayed(book, block=3)
    assert events(small) == whole
    assert max(sum(i.size for i in small if i.first == item.first) for item in small) == 3
    amounts = {a for i in small if i.kind == "account_flow" for a in i.rows.column("amount").to_pylist()}
    assert amounts == {Decimal("3000000000.00")}


def test_a_replay_goes_on_where_it_was(book: Book) -> None:
    """Behind the offset of the log, at the edge of a day and within one."""
    whole = events(replayed(book))
    for known in (0, 1, 7, 15, len(whole)):
        assert events(replayed(book, {f"replay:{FIRST}:{LAST}": known}, block=4)) == whole[known:]


def test_a_replay_keeps_time(book: Book) -> None:
    """At 3600 times the speed an hour takes a second, by the clock that is handed in."""
    now = [100.0]
    naps: list[float] = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        now[0] += seconds

    whole = events(replayed(book, speed=3600, monotonic=lambda: now[0], sleep=sleep))
    assert now[0] - 100 == pytest.approx((whole[-1][1] - whole[0][1]) / 3600)
    assert max(naps) <= 0.2


def test_what_cannot_be_replayed_is_refused(book: Book) -> None:
    """A kind that is no event, a day before the first."""
    with pytest.raises(UsageError):
        ReplaySource(book.snapshot(), ["loan"], FIRST, LAST)
    with pytest.raises(UsageError):
        ReplaySource(book.snapshot(), ["account_flow"], LAST, FIRST)
