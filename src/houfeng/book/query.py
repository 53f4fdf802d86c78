"""SQL for the analyst: one question to the book as known at a moment, and nothing else.

Every kind is a view. A question is one SELECT over those views: it is read twice, by DuckDB's parser and by SQLGlot,
and anything else is refused before it runs: other statements, table functions, names of files, settings, the
environment. Behind that stands the connection itself, which may open only the Parquet files of the views, no network,
and cannot be unlocked. Each refusal is one clear sentence.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp

from houfeng.book.connection import DEFAULT_MEMORY, connect, lock_down
from houfeng.book.model import Kind
from houfeng.book.snapshot import Snapshot
from houfeng.errors import EnvironmentFault, Text, UsageError, did_you_mean, nearest

SERIES = {"range", "generate_series", "unnest"}
"""Table functions that make rows out of nothing, and so may stand in FROM."""

FORBIDDEN = re.compile(
    r"read_.*|write_.*|scan_.*|.*_scan|glob|query|query_table|sniff_.*|parquet_.*|pragma_.*|duckdb_.*|pg_.*|load_.*"
    r"|getenv|getvariable|current_(setting|database|schema|schemas|query|query_id|connection_id|transaction_id|version)"
    r"|(current|session)_(user|role)|user|version|nextval|currval|setval|setseed|sleep_ms|stats|txid_current"
    r"|in_search_path|which_secret|json_(de)?serialize_.*|json_execute_.*|from_substrait.*|create_sort_key"
)
"""Functions that reach beyond the rows of the question: settings, files, the environment, the catalogue."""


@contextmanager
def ask(
    snapshot: Snapshot,
    sql: str,
    *,
    as_of: date | None = None,
    memory: str = DEFAULT_MEMORY,
    threads: int | None = None,
) -> Iterator[pa.RecordBatchReader]:
    """The answer of `snapshot` to one SELECT over its kinds, as a stream of record batches while the context is open.

    With `as_of` every kind is seen as of that day, see `Snapshot.select`.

    Raises:
        UsageError: the text is not one SELECT over kinds, or has a mistake; says what and names the nearest right name.
        EnvironmentFault: the memory does not suffice, or the book is damaged.
    """
    names = check(sql, snapshot.kinds)
    with (
        tempfile.TemporaryDirectory(prefix="houfeng-") as spill,
        connect(memory=memory, threads=threads, spill=spill) as connection,
        _told(snapshot.kinds, names),
    ):
        connection.execute("SET python_enable_replacements = false")
        files: list[str] = []
        for name in names:
            connection.execute(f'CREATE VIEW "{name}" AS {snapshot.select(name, as_of=as_of)}')
            files.extend(snapshot.files(name))
        lock_down(connection, files)
        yield connection.sql(sql).to_arrow_reader()


def check(sql: str, kinds: Mapping[str, Kind]) -> tuple[str, ...]:
    """The kinds that `sql` asks about, once it is certain that it is one SELECT over nothing but kinds.

    Raises:
        UsageError: it is not.
    """
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise _mistake(str(error)) from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise _refused("只能写一条 SELECT 语句", "write exactly one SELECT statement")
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="duckdb") if tree is not None]
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise _mistake(str(error)) from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise _refused("只能写一条 SELECT 语句", "write exactly one SELECT statement")
    tree = trees[0]
    for node in tree.walk():
        _check_node(node)
    return _kinds_in(tree, kinds)


def _check_node(node: exp.Expr) -> None:
    """Refuse what reaches beyond the views."""
    if isinstance(node, (exp.Command, exp.DDL, exp.DML, exp.Pragma, exp.Set, exp.Into)):
        raise _refused("只能写一条 SELECT 语句", "write exactly one SELECT statement")
    if isinstance(node, exp.Func):
        name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
        written = node.sql(dialect="duckdb").split("(")[0].strip().lower()
        for one in (name, written):
            if FORBIDDEN.fullmatch(one) and one not in SERIES:
                raise _refused(f"查询里不许用函数 {one}", f"the function {one} is not allowed in a question")


def _kinds_in(tree: exp.Query, kinds: Mapping[str, Kind]) -> tuple[str, ...]:
    """The kinds named in FROM, each checked to be one; the names of WITH are known too."""
    local = {common.alias.lower() for common in tree.find_all(exp.CTE)}
    asked: dict[str, None] = {}
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            name = table.name or table.this.name or table.this.sql_name()
            if name.lower() in SERIES or isinstance(table.this, (exp.GenerateSeries, exp.Unnest)):
                continue
            raise _refused(f"FROM 里不许用 {name}", f"{name} is not allowed in FROM")
        name = table.name.lower()
        if table.db or table.catalog:
            raise _refused(
                f"{table.sql(dialect='duckdb')} 不是记录种类", f"{table.sql(dialect='duckdb')} is not a record kind"
            )
        if name in kinds:
            asked[name] = None
        elif name not in local:
            near = did_you_mean(name, [*kinds, *local])
            raise UsageError(
                Text(f"没有名为 {table.name} 的记录种类。{near.zh}", f"there is no record kind {table.name}. {near.en}")
            )
    return tuple(asked)


@contextmanager
def _told(kinds: Mapping[str, Kind], names: tuple[str, ...]) -> Iterator[None]:
    """Turn DuckDB's errors into one clear sentence."""
    try:
        yield
    except duckdb.BinderException as error:
        raise _unknown(str(error), kinds, names) from error
    except duckdb.OutOfMemoryException as error:
        raise EnvironmentFault(
            Text("内存不够回答这个问题；请调大 HOUFENG_MEMORY", "not enough memory to answer; raise HOUFENG_MEMORY")
        ) from error
    except duckdb.IOException as error:
        raise EnvironmentFault(Text(f"账簿读不了：{error}", f"the book cannot be read: {error}")) from error
    except duckdb.PermissionException as error:
        raise _refused("查询不许读写文件或网络", "a question may not touch files or the network") from error
    except (duckdb.Error, pa.ArrowException) as error:
        raise _mistake(str(error)) from error


def _unknown(message: str, kinds: Mapping[str, Kind], names: tuple[str, ...]) -> UsageError:
    """The error of a name DuckDB does not know, with the nearest one it would."""
    found = re.search(r'(?:Referenced column|does not have a column named) "([^"]+)"', message)
    if not found:
        return _mistake(message)
    columns = [column for name in names for column in kinds[name].fields]
    near = nearest(found[1], columns)
    hint = Text(f"是不是“{near}”？", f"did you mean “{near}”?") if near else Text("", "")
    return UsageError(Text(f"没有列 {found[1]}。{hint.zh}", f"there is no column {found[1]}. {hint.en}"))


def _refused(zh: str, en: str) -> UsageError:
    return UsageError(Text(f"这个查询不能执行：{zh}", f"this question is refused: {en}"))


def _mistake(message: str) -> UsageError:
    short = message.strip().splitlines()[0] if message.strip() else "?"
    return UsageError(Text(f"SQL 有误：{short}", f"there is a mistake in the SQL: {short}"))
