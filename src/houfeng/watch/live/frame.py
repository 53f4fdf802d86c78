"""What the live watch takes from the book: who is watched and from when, features by day, members of groups, types.

The statements are the replay's own (`watch.reference.shards`), run once for all keys instead of shard by shard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from houfeng.book.connection import connect
from houfeng.book.model import kinds
from houfeng.book.store import Snapshot
from houfeng.packs.model import Pack
from houfeng.packs.roads.measures import instant_sql
from houfeng.watch.kernel.memory import Words
from houfeng.watch.live.panels import Panel
from houfeng.watch.plan import Plan
from houfeng.watch.reference.shards import Shards

FOREVER = date(2199, 12, 31)
ALL_AT_ONCE = 1 << 62


class Frame:
    """The book as the live watch sees it from the day `first` on, in a connection of its own."""

    def __init__(
        self, snapshot: Snapshot, pack: Pack, plan: Plan, first: date, *, memory: str, threads: int | None
    ) -> None:
        self.connection: duckdb.DuckDBPyConnection = connect(memory=memory, threads=threads, in_order=True)
        self.snapshot, self.pack, self.plan, self.first = snapshot, pack, plan, first
        self.memory, self.threads = memory, threads
        self.shards = Shards(self.connection, snapshot, pack, plan, first, FOREVER)
        self.found = bool(self.shards.prepare(ALL_AT_ONCE))
        if not self.found:
            self.connection.execute("CREATE TEMP TABLE _universe (_key VARCHAR, _live DATE)")
        self.connection.execute("CREATE OR REPLACE TEMP TABLE _keys AS SELECT * FROM _universe")

    def on(self, day: date) -> Frame:
        """The same view from another day on."""
        return Frame(self.snapshot, self.pack, self.plan, day, memory=self.memory, threads=self.threads)

    def keys(self) -> tuple[pa.Array, Words]:
        """Every key that is watched, and the number of the day from which it is."""
        if not self.found:
            return pa.array([], pa.string()), np.empty(0, np.int64)
        read = self.connection.sql("SELECT _key, _live FROM _universe ORDER BY _live, _key").to_arrow_table()
        days = read.column("_live").combine_chunks().cast(pa.date32()).cast(pa.int32())
        return read.column("_key").combine_chunks(), np.asarray(days).astype(np.int64)

    def members(self) -> pa.Array:
        """Everybody who ever is a member of a key, where the rules look through membership."""
        through = sorted({stream.through for stream in self.plan.streams if stream.through}) if self.found else []
        rows = " UNION ".join(f"SELECT _member FROM _members_{kind}" for kind in through)
        if not rows:
            return pa.array([], pa.string())
        return self.connection.sql(f"SELECT DISTINCT _member FROM ({rows})").to_arrow_table().column(0).combine_chunks()

    def panels(self, number_of: Callable[[Any], Words], max_keys: int) -> Iterator[Panel]:
        """The features' panels for all keys, with the parameters of the first day."""
        for table, columns in self.shards.panels(self.first) if self.found else ():
            names = ", ".join(f'"{name}"' for name, _ in columns)
            read = self.connection.sql(f"SELECT _key, _day, {names} FROM {table} ORDER BY _day").to_arrow_table()
            self.connection.execute(f"DROP TABLE {table}")
            days = np.asarray(read.column("_day").combine_chunks().cast(pa.date32()).cast(pa.int32())).astype(np.int64)
            numbers = number_of(read.column("_key"))
            plain = read.drop_columns(["_key", "_day"]).combine_chunks()
            yield Panel(plain, columns, days, numbers, np.full(max_keys, -1, np.int64))

    def types(self) -> dict[str, str]:
        """The SQL type of every windowed item, as the replay has it."""
        if not self.found:  # nobody of this kind yet: nothing is computed until a newer frame has somebody
            return {item.name: "VARCHAR" for item in self.plan.windows}
        self.connection.execute("CREATE OR REPLACE TEMP TABLE _keys AS SELECT * FROM _universe WHERE false")
        found = self.shards.types(self.first)
        self.connection.execute("CREATE OR REPLACE TEMP TABLE _keys AS SELECT * FROM _universe")
        return found

    def events(self, kind: str, first: int, last: int) -> pa.Table:
        """The events of a kind in the book at instants from `first` to before `last`, with `_t`, in order of time."""
        rows = f"SELECT *, {instant_sql(kinds()[kind])} AS _t FROM ({self.shards.event_rows[kind]})"
        sql = f"SELECT * FROM ({rows}) WHERE _t >= {first} AND _t < {last} ORDER BY _t"
        return self.connection.sql(sql).to_arrow_table()

    def before(self, kind: str, instant: int) -> Iterator[pa.Table]:
        """The events of a kind in the book before an instant."""
        yield self.events(kind, 0, instant)
