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
from houfeng.packs.language.expression import Node
from houfeng.packs.language.functions import T
from houfeng.packs.roads.measures import event_id_sql
from houfeng.packs.roads.sql import SqlWriter
from houfeng.watch.grid import keyed_sql
from houfeng.watch.kernel.layout import NOTHING, Channel, Feed
from houfeng.watch.kernel.memory import Words
from houfeng.watch.plan import Stream

Numbers = Callable[[pa.Array], Words]
"""From texts to their numbers, new ones added."""


DIRECT = (T.TEXT, T.DECIMAL, T.INTEGER, T.DATE)
"""Types of fields that are the same numbers with or without SQL in between."""


def channels_sql(feed: Feed, writer: SqlWriter) -> str:
    """The channels of a feed that are not `direct`, for each row of the table `_batch`, in its order; nothing where all
    are. Through members once for each group.

    A channel that is a plain text field comes as whether it counts: its texts are interned once, not once a channel.
    """
    stream = Stream(feed.source, feed.by, feed.through)
    channels = [(n, channel) for n, channel in enumerate(feed.channels) if not direct(feed, channel)]
    columns = [f"{_channel(channel, writer)} AS c{n}" for n, channel in channels]
    if feed.through:
        listed = ", ".join(["_n", "_key", "_t", *columns])
        return f"SELECT {listed} FROM ({keyed_sql(stream, 'SELECT * FROM _batch')}) ORDER BY _n"
    return f"SELECT {', '.join(columns)} FROM _batch" if columns else ""


def direct(feed: Feed, channel: Channel) -> bool:
    """Whether a channel is had from the columns as they are: a field, or 1, of rows where a text field is some text."""
    where, node = channel.where, channel.node
    plain = node is None or (node.op == "field" and not node.value.path and node.type in DIRECT)
    return not feed.through and plain and (where is None or _equals(where) is not None)


def _equals(where: Node) -> tuple[str, str] | None:
    """The field and the text of `field = 'text'`."""
    if where.op != "=" or [arg.type for arg in where.args] != [T.TEXT, T.TEXT]:
        return None
    field, text = where.args if where.args[0].op == "field" else where.args[::-1]
    if field.op != "field" or field.value.path or text.op != "literal" or not isinstance(text.value, str):
        return None
    return field.value.name, text.value


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
        told = self._told(rows, origin)
        if self.feed.through:
            origin = told.column("_n").to_numpy()
        keys = told.column("_key") if self.feed.through else rows.column(self.feed.by)
        times = (told if self.feed.through else rows).column("_t").to_numpy()
        table = np.empty((len(origin), len(self.feed.channels)), np.int64)
        fields: dict[str, Words] = {}
        for n, channel in enumerate(self.feed.channels):
            if direct(self.feed, channel):
                table[:, n] = self._direct(rows, channel, fields)
                continue
            column = told.column(f"c{n}")
            if channel.node is not None and _plain_text(channel):
                counted = self._field(rows, channel.node, fields)[origin]
                gone = np.asarray(column.combine_chunks().is_null()) if column.null_count else False
                table[:, n] = np.where(gone, NOTHING, counted)
                continue
            kind, scale = (channel.node.type, channel.node.scale) if channel.node is not None else (T.INTEGER, 0)
            table[:, n] = raw(column, kind, scale, self.numbers_of)
        return Read(keys, times, origin, table)

    def _told(self, rows: pa.Table, origin: Words) -> pa.Table:
        """What is asked by SQL of the rows; they themselves where nothing is."""
        if not self.sql:
            return rows
        self.connection.register("_batch", rows.append_column("_n", pa.array(origin)) if self.feed.through else rows)
        told = self.connection.sql(self.sql).to_arrow_table()
        self.connection.unregister("_batch")
        return told

    def _direct(self, rows: pa.Table, channel: Channel, fields: dict[str, Words]) -> Words:
        """A channel from the columns as they are."""
        node, asked = channel.node, channel.where and _equals(channel.where)
        counts: Any = True
        if asked:
            counts = np.asarray(pc.fill_null(pc.equal(rows.column(asked[0]), asked[1]), False).combine_chunks())
        if node is None:
            return np.where(counts, np.ones(rows.num_rows, np.int64), NOTHING)
        try:
            return np.where(counts, self._field(rows, node, fields), NOTHING)
        except EnvironmentFault:  # an amount that does not fit is no harm in a row that does not count
            column = rows.column(node.value.name).combine_chunks()
            return raw(
                pc.if_else(pa.array(np.broadcast_to(counts, len(column))), column, None),
                node.type,
                node.scale,
                self.numbers_of,
            )

    def _field(self, rows: pa.Table, node: Node, fields: dict[str, Words]) -> Words:
        """The numbers of a field, made once for all channels."""
        field = node.value.name
        if field not in fields:
            fields[field] = raw(rows.column(field), node.type, node.scale, self.numbers_of)
        return fields[field]

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
