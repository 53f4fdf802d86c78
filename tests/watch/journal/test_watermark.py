"""The watermark moves row by row, whatever the batches, and never back."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from houfeng.watch.journal.watermark import BEGINNING, Watermark

STEP = st.one_of(
    st.tuples(st.just("rows"), st.sampled_from("abc"), st.lists(st.integers(0, 60), max_size=8)),
    st.tuples(st.just("advance"), st.sampled_from(["", "a", "b"]), st.integers(0, 70)),
)


class Slow:
    """The contract, row by row."""

    def __init__(self, lateness: int) -> None:
        self.lateness, self.value = lateness, BEGINNING
        self.reached: dict[str, int] = {}
        self.idle: set[str] = set()

    def settle(self) -> None:
        active = [self.reached[s] - self.lateness for s in self.reached if s not in self.idle]
        self.value = max([self.value, *([min(active)] if active else [])])

    def row(self, source: str, t: int) -> bool:
        if t < self.value:
            return True
        self.reached[source] = max(t, self.reached.get(source, t))
        self.idle.discard(source)
        self.settle()
        return False

    def advance(self, until: int, source: str) -> None:
        self.value = max(self.value, until or BEGINNING)
        self.idle |= {source} - {""}
        self.settle()


@given(st.integers(0, 20), st.lists(STEP, max_size=12), st.data())
def test_as_row_by_row_in_any_batches(lateness: int, steps: list[tuple], data: st.DataObject) -> None:
    fast, slow = Watermark(lateness), Slow(lateness)
    for what, source, said in steps:
        if what == "advance":
            fast.advance(said, source)
            slow.advance(said, source)
            continue
        cut = data.draw(st.integers(0, len(said)))
        expected = [slow.row(source, t) for t in said]
        found = [fast.admit(source, np.array(part, np.int64)) for part in (said[:cut], said[cut:])]
        assert [bool(late) for late in np.concatenate(found)] == expected
        assert fast.value == slow.value
        again = Watermark(lateness)
        again.load(json.loads(json.dumps(fast.dump())))
        assert again.dump() == fast.dump()
        fast = again


def test_ties_of_an_instant_may_come_in_several_batches() -> None:
    mark = Watermark(0)
    assert not mark.late(np.array([5])).any()
    assert not mark.admit("a", np.array([100, 100])).any()
    assert mark.late(np.array([99, 100])).tolist() == [True, False]
    assert mark.reached() == {"a": 100}


def test_an_idle_source_is_not_waited_for() -> None:
    mark = Watermark(10)
    mark.events("a", 100)
    mark.events("b", 50)
    assert mark.value == 90  # closed is closed, also when a slower source comes up
    mark.events("a", 200)
    assert mark.value == 90
    mark.advance(0, "b")
    assert mark.value == 190
    assert mark.admit("b", np.array([60])).tolist() == [True]
    mark.events("a", 300)
    assert mark.value == 290
