"""The stream enters the book once, the same whatever the stretches."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from book.store_samples import KINDS, START, ask, flows, shown
from book.stream.stream_samples import batch, calls, content, entries, make
from houfeng.book.store import Book
from houfeng.book.stream import compact
from houfeng.clock import wall_clock
from houfeng.errors import ConflictError, UsageError


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return make(tmp_path / "book")


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.integers(1, 13), max_size=6), st.booleans())
def test_the_same_content_whatever_the_stretches(
    tmp_path_factory: pytest.TempPathFactory, cuts: set[int], put_together: bool
) -> None:
    whole, parts = (make(tmp_path_factory.mktemp(name) / "book") for name in ("whole", "parts"))
    whole.append_stream(entries(14), 14)
    after = 0
    for upto in [*sorted(cuts), 14]:
        given_in = entries(14)[:upto] if upto % 2 else entries(14)[after:upto]  # what it has already is passed over
        parts.append_stream(given_in, upto)
        after = upto
    if put_together:
        one = parts.kind("flow")
        compact.compact(parts.table("rows/flow"), one, calls(parts), "w", parts.path / "lock", rows=10**6)
    assert content(parts) == content(whole)
    assert parts.streamed_upto() == whole.streamed_upto() == 14


def test_what_stands_in_the_list_of_submissions(book: Book) -> None:
    assert book.streamed_upto() == 0
    assert book.append_stream(entries(4), 4) == 16
    found = {(e.reporter, e.file, e.sheet, e.rows, e.late, e.streamed) for e in book.snapshot().history("flow")}
    assert found == {
        (source, f"stream:{source}", f"{late}1-4", 2 if late else 6, bool(late), (1, 4))
        for source in "st"
        for late in ("", "late ")
    }
    assert book.append_stream(entries(4), 4) == 0
    assert book.append_stream([batch(5)], 7) == 0
    assert book.streamed_upto() == 7
    (bad,) = book.quarantine([e.submission_id for e in book.snapshot().history("flow")]).to_pylist()
    assert (bad["row"], bad["sheet"], bad["kind"]) == (5, "5-7", "flow")
    with pytest.raises(UsageError, match="after 8"):
        book.append_stream([batch(9)], 8)


def test_late_events_can_be_left_out(book: Book) -> None:
    book.append_stream(entries(4), 4)
    book.submit([flows({"late one": "1"}, reporter="late ")])
    view = book.snapshot()
    assert len(shown(view, "flow", "flow_no")) == 17
    for sql in (
        view.select("flow", late=False),
        view.select_all("flow", late=False),
        view.without_late().select("flow", columns=["flow_no"]),
        view.without_late().select_all("flow"),
    ):
        names = [row[0] for row in ask(f"SELECT flow_no FROM ({sql})")]
        assert len(names) == 13
        assert not [name for name in names if name.endswith("-0")]
    assert len(view.history("flow")) == 5
    assert len(view.without_late().history("flow")) == 3


def test_a_file_with_an_event_of_the_stream_is_compared_with_it(book: Book) -> None:
    book.append_stream([batch(1)], 1)
    same = flows({"s-1-1": "1.01"}, day=START + timedelta(minutes=1, seconds=1))
    assert book.submit([same]).outcomes[0].ignored == 1
    other = flows({"s-1-1": "9.99"}, day=START + timedelta(minutes=1, seconds=1))
    assert book.submit([other]).outcomes[0].quarantined == 1


def test_two_processes_that_put_the_log_into_the_book(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Book.open(book.path, wall_clock, kinds=KINDS)
    real = book._ids

    def meanwhile() -> str:
        other.append_stream(entries(4), 4)
        return real()

    monkeypatch.setattr(book, "_ids", meanwhile)
    with pytest.raises(ConflictError, match="another process"):
        book.append_stream(entries(6), 6)
    monkeypatch.undo()
    book.append_stream(entries(6), 6)
    assert len(content(book)[0]) == 2 * 4 * 5
