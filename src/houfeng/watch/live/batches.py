"""Closed events of all feeds of a watch, merged in order of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from houfeng.book.model import kinds
from houfeng.engine.compiling import compiled
from houfeng.packs.roads.measures import DAY, day_of
from houfeng.watch.kernel.interner import Interner
from houfeng.watch.kernel.kernel import Events, Rows
from houfeng.watch.kernel.memory import Words
from houfeng.watch.live.feeds import FeedReader

Openings = Callable[[Sequence[int]], list[str]]
"""The opening events of rows: at a day's end the tick, else the least id among the events of the instant."""


@dataclass
class Batch:
    """Events in order of time; `row[e]` is the place of event e in the rows of its feed's kind."""

    events: Events
    readers: Sequence[FeedReader]
    rows: Sequence[pa.Table | None]
    row: Words

    def ids(self, events: Words) -> list[str]:
        """The ids of events."""
        found = np.empty(len(events), object)
        feeds = self.events.feeds[events]
        for feed in np.unique(feeds).tolist():
            places = np.flatnonzero(feeds == feed)
            rows = self.rows[feed]
            assert rows is not None
            key = rows.select(list(kinds()[self.readers[feed].feed.source].key))
            found[places] = self.readers[feed].ids(key.take(pa.array(self.row[events[places]])))
        return list(found)

    def openings(self, rows: Rows, first: int) -> Openings:
        """The openings of rows the kernel wrote for the events from `first` on."""

        def told(wanted: Sequence[int]) -> list[str]:
            owner, events = [], []
            for n, row in enumerate(wanted):
                event = int(rows.at[row, 2])
                while event >= 0:
                    owner.append(n)
                    events.append(first + event)
                    event = int(rows.links[event])
            found = [""] * len(wanted)
            for n, event_id in zip(owner, self.ids(np.array(events, np.int64)) if events else [], strict=True):
                found[n] = min(found[n], event_id) if found[n] else event_id
            return [
                one or f"tick:{day_of(int(rows.at[row, 1]) // DAY)}" for one, row in zip(found, wanted, strict=True)
            ]

        return told


def read_batch(
    readers: Sequence[FeedReader], keys: Interner, ordered: bool, batches: Mapping[str, Sequence[pa.Table]]
) -> Batch:
    """The events of `batches` (per kind, with `_t`) that are about a key, merged in order of time.

    `ordered`: events of one key and second stand in the order of their ids, which decides what is the last of them.
    """
    times, numbers_of_keys, feeds, places, numbers, rows = [], [], [], [], [], []
    held: list[pa.Table | None] = []
    base = 0
    for number, reader in enumerate(readers):
        tables = [table for table in batches.get(reader.feed.source, ()) if table.num_rows]
        if not tables:
            held.append(None)
            continue
        table = tables[0] if len(tables) == 1 else pa.concat_tables(tables, promote_options="default")
        read = reader.read(table)
        found = keys.numbers(read.keys, add=False)
        kept = np.flatnonzero(found >= 0)
        whole = len(kept) == len(found)
        times.append(read.times if whole else read.times[kept])
        numbers_of_keys.append(found if whole else found[kept])
        feeds.append(np.full(len(kept), number, np.int64))
        places.append(base + kept * read.channels.shape[1])
        rows.append(read.origin if whole else read.origin[kept])
        held.append(table)
        numbers.append(read.channels.reshape(-1))
        base += read.channels.size
    if not times:
        nothing = np.empty(0, np.int64)
        return Batch(Events(nothing, nothing, nothing, nothing, nothing), readers, held, nothing)
    t, k, f, p, r = (_joined(part) for part in (times, numbers_of_keys, feeds, places, rows))
    if (np.diff(t) < 0).any():
        order = np.argsort(t, kind="stable")
        t, k, f, p, r = (part[order] for part in (t, k, f, p, r))
    batch = Batch(Events(t, k, f, p, _joined(numbers)), readers, held, r)
    return _tied(batch) if ordered else batch


def _joined(parts: list[Words]) -> Words:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _tied(batch: Batch) -> Batch:
    """Put the events of each key and second in the order of their ids; few have company."""
    t, k, f, p, numbers = batch.events
    found = np.empty(len(t), np.int64)
    tied = found[: _company(t, k, found)]
    if not len(tied):
        return batch
    ids = np.array(batch.ids(tied), object)
    order = np.lexsort((ids, k[tied], t[tied]))
    slots = tied[np.lexsort((tied, k[tied], t[tied]))]
    new = np.arange(len(t))
    new[slots] = tied[order]
    return Batch(Events(t[new], k[new], f[new], p[new], numbers), batch.readers, batch.rows, batch.row[new])


@compiled
def _company(times, keys, found):
    """The events that share their key and second with another, written to `found`; gives their number."""
    number, i = 0, 0
    while i < len(times):
        end = i + 1
        while end < len(times) and times[end] == times[i]:
            end += 1
        if end - i > 1:
            order = np.argsort(keys[i:end], kind="mergesort")
            for n in range(end - i):
                here = keys[i + order[n]]
                before = n > 0 and keys[i + order[n - 1]] == here
                after = n + 1 < end - i and keys[i + order[n + 1]] == here
                if before or after:
                    found[number] = i + order[n]
                    number += 1
        i = end
    return number
