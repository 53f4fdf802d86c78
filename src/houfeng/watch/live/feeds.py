"""From event batches to the kernel's numbers: channels by one SQL statement a stream, then 64-bit integers, exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from houfeng.book.model import Kind, kinds
from houfeng.errors import EnvironmentFault, Text
from houfeng.packs.language.functions import T
from houfeng.packs.roads.measures import event_id_sql
from houfeng.packs.roads.sql import SqlWriter
from houfeng.watch.grid import keyed_sql
from houfeng.watch.kernel.layout import NOTHING, Channel, Feed
from houfeng.watch.kernel.memory import Words
from houfeng.watch.plan import Stream

Numbers = Callable[[pa.Array], Words]
"""From texts to their numbers, new ones added."""


def channels_sql(feed: Feed, writer: SqlWriter) -> str:
    """The channels of a feed for each row of the table `_batch`, in its order; through members once for each group.

    A channel that is a plain text field comes as whether it counts: its texts are interned once, not once a channel.
    """
    stream = Stream(feed.source, feed.by, feed.through)
    columns = [f"{_channel(channel, writer)} AS c{n}" for n, channel in enumerate(feed.channels)]
    if feed.through:
        listed = ", ".join(["_n", "_key", "_t", *columns])
        return f"SELECT {listed} FROM ({keyed_sql(stream, 'SELECT * FROM _batch')}) ORDER BY _n"
    return f"SELECT {', '.join(columns) or '1'} FROM _batch"


def _channel(channel: Channel, writer: SqlWriter) -> str:
    value = "1::BIGINT" if channel.node is None or _plain_text(channel) else writer.write(channel.node)
    if channel.node is not None and channel.node.type is T.INTEGER:
        value = f"CAST({value} AS BIGINT)"
    return value if channel.where is None else f"CASE WHEN {writer.write(channel.where)} THEN {value} END"


def _plain_text(channel: Channel) -> bool:
    return channel.node is not None and channel.node.type is T.TEXT and channel.node.op == "field"


class Read(NamedTuple):
    """Rows of a feed: the key, instant and place in the batch of each, and its channels row by row."""

    keys: pa.Array
    times: Words
    origin: Words
    channels: Words


class FeedReader:
    """Reads batches of one feed; `numbers_of` interns texts."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, feed: Feed, writer: SqlWriter, numbers_of: Numbers
    ) -> None:
        self.connection, self.feed, self.numbers_of = connection, feed, numbers_of
        self._asked = connection.cursor()  # for ids, which are told while the next batch is read
        self.sql = channels_sql(feed, writer)

    def read(self, rows: pa.Table) -> Read:
        """The rows that are about a key, in the order of the batch; members stand once for each of their groups."""
        origin = np.arange(rows.num_rows)
        held = rows.append_column("_n", pa.array(origin)) if self.feed.through else rows
        self.connection.register("_batch", held)
        told = self.connection.sql(self.sql).to_arrow_table()
        self.connection.unregister("_batch")
        if self.feed.through:
            origin = told.column("_n").to_numpy()
        keys = told.column("_key") if self.feed.through else rows.column(self.feed.by)
        times = (told if self.feed.through else rows).column("_t").to_numpy()
        table = np.empty((len(origin), len(self.feed.channels)), np.int64)
        texts: dict[str, Words] = {}
        for n, channel in enumerate(self.feed.channels):
            column = told.column(f"c{n}")
            if channel.node is not None and _plain_text(channel):
                field = channel.node.value.name
                if field not in texts:
                    texts[field] = raw(rows.column(field), T.TEXT, 0, self.numbers_of)
                counted = texts[field][origin]
                gone = np.asarray(column.combine_chunks().is_null()) if column.null_count else False
                table[:, n] = np.where(gone, NOTHING, counted)
                continue
            kind, scale = (channel.node.type, channel.node.scale) if channel.node is not None else (T.INTEGER, 0)
            table[:, n] = raw(column, kind, scale, self.numbers_of)
        return Read(keys, times, origin, table)

    def ids(self, rows: pa.Table) -> list[str]:
        """The ids of events."""
        return event_ids(kinds()[self.feed.source], rows, self._asked)


def event_ids(kind: Kind, rows: pa.Table, connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The ids of events of a kind: the kind and a colon, then the key fields joined by `|`."""
    columns = [rows.column(name) for name in kind.key]
    if all(pa.types.is_string(column.type) for column in columns):  # as nearly always; a question costs milliseconds
        told = [pc.fill_null(column, "") for column in columns]
        told[0] = pc.binary_join_element_wise(f"{kind.name}:", told[0], "")
        return list(pc.binary_join_element_wise(*told, "|").to_pylist())
    connection.register("_few", rows.append_column("_at", pa.array(np.arange(rows.num_rows))))
    sql = f"SELECT '{kind.name}:' || {event_id_sql(kind)} FROM _few ORDER BY _at"
    return [row[0] for row in connection.execute(sql).fetchall()]


def raw(column: pa.ChunkedArray, kind: T, scale: int, numbers_of: Numbers) -> Words:
    """A column as the kernel's 64-bit numbers: decimals in their last place, words by number; unknown is `NOTHING`.

    Raises:
        EnvironmentFault: a decimal does not fit into 64 bits.
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if kind is T.TEXT:
        found = numbers_of(array)
        return np.where(found < 0, NOTHING, found)
    if kind is T.DECIMAL:
        plain = _decimals(array.cast(pa.decimal128(38, scale)))
    elif kind is T.RATIO:
        bits = np.asarray(array.cast(pa.float64()).fill_null(0.0)).view(np.int64)
        plain = bits ^ ((bits >> 63) & np.iinfo(np.int64).max)  # doubles in the order of their bits
    elif kind is T.DATE:
        plain = np.asarray(array.cast(pa.date32()).cast(pa.int32()).fill_null(0)).astype(np.int64)
    elif kind is T.DATETIME:
        plain = np.asarray(array.cast(pa.timestamp("us")).cast(pa.int64()).fill_null(0))
    elif kind is T.BOOLEAN:
        plain = np.asarray(array.cast(pa.int8()).fill_null(0)).astype(np.int64)
    else:
        plain = np.asarray(array.cast(pa.int64()).fill_null(0))
    if array.null_count:
        plain = np.where(np.asarray(array.is_null()), NOTHING, plain)
    return plain


def _decimals(array: pa.Decimal128Array) -> Words:
    buffer = array.buffers()[1]
    if buffer is None or not len(array):
        return np.zeros(len(array), np.int64)
    pairs = np.frombuffer(buffer, np.int64).reshape(-1, 2)[array.offset : array.offset + len(array)]
    low, high = pairs[:, 0], pairs[:, 1]
    if array.null_count:
        gone = np.asarray(array.is_null())
        low, high = np.where(gone, 0, low), np.where(gone, 0, high)
    if (high != low >> 63).any():
        raise EnvironmentFault(Text("金额超出 64 位整数", "an amount does not fit into 64 bits"))
    return low


def unraw(numbers: Words, kind: T, scale: int, texts_of: Callable[[Words], pa.Array]) -> pa.Array:
    """The kernel's numbers as a column of their own type, exactly; the way back from `raw`."""
    gone = numbers == NOTHING
    if kind is T.TEXT:
        return texts_of(np.where(gone, -1, numbers))
    numbers = np.where(gone, 0, numbers)
    if kind is T.DECIMAL:
        return _as_decimals(numbers, gone, scale)
    if kind is T.RATIO:
        bits = numbers ^ ((numbers >> 63) & np.iinfo(np.int64).max)
        return pa.array(bits.view(np.float64), mask=gone)
    if kind is T.DATE:
        return pa.array(numbers.astype(np.int32), pa.int32(), mask=gone).cast(pa.date32())
    if kind is T.DATETIME:
        return pa.array(numbers, pa.int64(), mask=gone).cast(pa.timestamp("us"))
    if kind is T.BOOLEAN:
        return pa.array(numbers.astype(bool), mask=gone)
    return pa.array(numbers, mask=gone)


def _as_decimals(numbers: Words, gone: np.ndarray[Any, np.dtype[np.bool_]], scale: int) -> pa.Array:
    pairs = np.empty((len(numbers), 2), np.int64)
    pairs[:, 0], pairs[:, 1] = numbers, numbers >> 63
    plain = pa.Array.from_buffers(pa.decimal128(38, scale), len(numbers), [None, pa.py_buffer(pairs)])
    return pc.if_else(pa.array(~gone), plain, pa.scalar(None, plain.type)) if gone.any() else plain
