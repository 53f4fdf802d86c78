"""One way to open DuckDB: no extension is fetched, no file is touched that the query was not given."""

from __future__ import annotations

import os
from collections.abc import Sequence

import duckdb

from houfeng.errors import Text, UsageError

DEFAULT_MEMORY = "1GB"


def connect(
    *, memory: str = DEFAULT_MEMORY, threads: int | None = None, spill: str = "", in_order: bool = False
) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB that never reaches for an extension (they are downloads; a closed network has none).

    `memory` bounds what a query may hold before it spills to the folder `spill` (empty: DuckDB's own temporary folder).
    `in_order`: a statement over one table, without ORDER BY, gives its rows in the table's order.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "memory_limit": memory,
        "preserve_insertion_order": in_order,
    }
    if threads:
        config["threads"] = threads
    try:
        connection = duckdb.connect(":memory:", config=config)
    except (duckdb.ParserException, duckdb.InvalidInputException) as error:
        raise UsageError(
            Text(
                f"HOUFENG_MEMORY 的值 {memory} 不可用；写作 1GB", f"HOUFENG_MEMORY cannot be {memory}; write it as 1GB"
            )
        ) from error
    connection.execute("SET TimeZone = 'Asia/Shanghai'")
    if spill:
        connection.execute(f"SET temp_directory = '{quoted(spill)}'")
    return connection


def scratch() -> duckdb.DuckDBPyConnection:
    """A connection for a short job over data in memory: its own tables and views, in one database per process.

    Opening a database takes some 30 ms, which thousands of small files would feel; a cursor of an open one takes none.
    A forked child starts its own: threads of a database do not survive a fork.
    """
    if os.getpid() not in _roots:
        _roots.clear()
        _roots[os.getpid()] = connect()
    return _roots[os.getpid()].cursor()


_roots: dict[int, duckdb.DuckDBPyConnection] = {}


def lock_down(connection: duckdb.DuckDBPyConnection, paths: Sequence[str]) -> None:
    """From here on the connection reads only `paths`, opens no network and cannot be unlocked."""
    listed = ", ".join(f"'{quoted(path)}'" for path in paths)
    connection.execute(f"SET allowed_paths = [{listed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def quoted(text: str) -> str:
    """`text` for the inside of a SQL string literal."""
    return text.replace("'", "''")
