"""The rows of a study: id, day of decision, outcome and features, one row each, with every refusal told at once.

Numbers become doubles (a score is no money), everything else text. A blank outcome stays blank: such rows are for
`predict`. Rows come from files by the study's SQL, or from the items of a pack over a book, each day as known then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import sqlglot
from numpy.typing import NDArray
from sqlglot import exp

from houfeng.book.connection import connect, quoted
from houfeng.credit.studies.study import Feature, Study
from houfeng.errors import InputError, Problem, Text, UsageError, Where

ID, DAY, BAD = "_id", "_day", "_bad"


@dataclass(frozen=True)
class Sample:
    """The rows of a study. `columns` tells which columns of the files each feature was made of; `notes` are warnings
    of the guard; `digest` names the rows."""

    study: Study
    table: pa.Table
    columns: dict[str, frozenset[str]]
    notes: tuple[Problem, ...] = ()

    @property
    def ids(self) -> list[str]:
        """The id of every row."""
        return [str(value) for value in self.table[ID].to_pylist()]

    @property
    def days(self) -> list[date | None]:
        """The day of decision of every row."""
        return list(self.table[DAY].to_pylist())

    @property
    def outcome(self) -> NDArray[np.float64]:
        """1 where bad, 0 where good, not a number where blank."""
        return np.asarray(self.table[BAD].cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Whether a row's outcome is known."""
        return ~np.isnan(self.outcome)

    @property
    def digest(self) -> str:
        """The hash of all rows."""
        return digest_of(self.table)

    def take(self, keep: NDArray[np.bool_]) -> Sample:
        """The rows where `keep`."""
        return Sample(self.study, self.table.filter(pa.array(keep)), self.columns, self.notes)


def digest_of(table: pa.Table) -> str:
    """The hash of a table's cells in order."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema.remove_metadata()) as writer:
        writer.write_table(table.replace_schema_metadata(None).combine_chunks())
    return hashlib.sha256(sink.getvalue()).hexdigest()


def connection_of(study: Study, data: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB in which the files of the study are views by their names.

    Raises:
        UsageError: a file is not there.
    """
    connection = connect(memory="4GB", in_order=True)
    for file in study.files:
        path = data / file.path
        if not path.is_file():
            raise UsageError(
                Text(f"没有文件 {path}（用 --data 给出数据目录）", f"there is no file {path}; say the folder by --data")
            )
        read = "read_parquet" if path.suffix == ".parquet" else "read_csv"
        options = "" if read == "read_parquet" else ", all_varchar = false, sample_size = -1"
        connection.execute(f"CREATE VIEW \"{file.name}\" AS SELECT * FROM {read}('{quoted(str(path))}'{options})")
    return connection


def read_rows(study: Study, connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """The rows of the study's SQL with id, day, outcome and features.

    Raises:
        InputError: an expression is wrong, or an id is missing or repeated.
    """
    decided = study.decided or "NULL"
    try:
        decided = f"DATE '{date.fromisoformat(decided)}'"
    except ValueError:
        decided = f"CAST(({decided}) AS DATE)"
    chosen = [
        f"CAST(({study.id}) AS VARCHAR) AS {ID}",
        f"{decided} AS {DAY}",
        f"CAST(({study.outcome}) AS BOOLEAN) AS {BAD}",
        *(f'CAST(({f.value}) AS {sql_type(f)}) AS "{f.name}"' for f in study.features),
    ]
    where = f"WHERE {study.where}" if study.where else ""
    sql = f"SELECT {', '.join(chosen)} FROM ({study.rows}) rows_of_study {where}"
    try:
        table: pa.Table = connection.sql(sql).to_arrow_table()
    except duckdb.Error as error:
        said = str(error).splitlines()[0]
        raise InputError(Text(f"研究的表达式有误：{said}", f"an expression of the study is wrong: {said}")) from error
    return table.set_column(0, ID, checked_ids(study, table[ID].to_pylist()))


def read_labels(study: Study, data: Path) -> dict[str, bool | None]:
    """Of a study over a pack, the outcome of each id as its files have it.

    Raises:
        UsageError: a file is not there.
        InputError: an expression is wrong.
    """
    connection = connection_of(study, data)
    sql = f"SELECT CAST(({study.id}) AS VARCHAR), CAST(({study.outcome}) AS BOOLEAN) FROM ({study.rows})"
    try:
        return dict(connection.execute(sql).fetchall())
    except duckdb.Error as error:
        said = str(error).splitlines()[0]
        raise InputError(Text(f"研究的表达式有误：{said}", f"an expression of the study is wrong: {said}")) from error
    finally:
        connection.close()


def checked_ids(study: Study, ids: Sequence[str | None]) -> pa.Array:
    """The ids, each there.

    Raises:
        InputError: one is missing.
    """
    if any(value is None for value in ids):
        where = Where(str(study.file))
        text = Text(f"{study.id} 有空值", f"{study.id} is empty in some rows")
        raise InputError(Text("研究的行有误", "rows of the study are wrong"), [Problem("credit.rows", text, where)])
    return pa.array(ids, pa.string())


def sql_type(feature: Feature) -> str:
    """How a feature is read."""
    return "DOUBLE" if feature.kind == "numeric" else "VARCHAR"


def columns_of(study: Study) -> dict[str, frozenset[str]]:
    """Which columns of the files each feature is made of, followed through the names that the study's SQL gives.

    An alias stands for every column of every expression that it names anywhere in the SQL: rather too many than few.
    """
    aliases: dict[str, set[str]] = {}
    for select in sqlglot.parse_one(study.rows, dialect="duckdb").find_all(exp.Select):
        for chosen in select.expressions:
            if isinstance(chosen, exp.Alias):
                names = {column.name for column in chosen.find_all(exp.Column)}
                if names != {chosen.alias}:
                    aliases.setdefault(chosen.alias, set()).update(names)
    return {feature.name: frozenset(_followed(names_in(feature.value), aliases)) for feature in study.features}


def names_in(expression: str) -> set[str]:
    """The columns an SQL expression names.

    Raises:
        InputError: it is no expression.
    """
    try:
        return {column.name for column in sqlglot.parse_one(expression, dialect="duckdb").find_all(exp.Column)}
    except sqlglot.errors.SqlglotError as error:
        raise InputError(Text(f"看不懂的表达式：{expression}", f"not an expression: {expression}")) from error


def _followed(names: set[str], aliases: dict[str, set[str]]) -> set[str]:
    found, open_ = set[str](), set(names)
    while open_:
        name = open_.pop()
        found.add(name)
        open_ |= aliases.get(name, set()) - found
    return found
