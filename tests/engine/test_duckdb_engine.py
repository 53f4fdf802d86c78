"""The engine: whole answers, files that appear complete or not at all, faults told clearly."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from houfeng.engine.duckdb import Engine
from houfeng.errors import EnvironmentFault, InputError, UsageError
from houfeng.settings import load

SMALL = load({"HOUFENG_MEMORY": "200MB", "HOUFENG_THREADS": "1"})


def test_rows_tables_and_files_are_exact(tmp_path: Path) -> None:
    sql = "SELECT CAST('16777217.01' AS DECIMAL(20,2)) AS a UNION ALL SELECT CAST(3000000000 AS DECIMAL(20,2))"
    out = tmp_path / "it's.parquet"
    with Engine(SMALL) as engine:
        assert sorted(engine.rows(sql)) == [(Decimal("16777217.01"),), (Decimal("3000000000.00"),)]
        assert engine.table(sql).num_rows == 2
        assert engine.write(sql, out, {"houfeng.x": "it's"}) == 2
        scratch = engine.scratch
    assert sorted(pq.read_table(out)["a"].to_pylist()) == [Decimal("16777217.01"), Decimal("3000000000.00")]
    assert pq.read_schema(out).metadata[b"houfeng.x"] == b"it's"
    assert not scratch.exists()


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "a.parquet"
    out.write_bytes(b"old")
    with Engine(SMALL) as engine:
        with pytest.raises(UsageError, match="no folder"):
            engine.write("SELECT 1", tmp_path / "none" / "a.parquet")
        with pytest.raises(EnvironmentFault):
            engine.write(f"SELECT * FROM read_parquet('{tmp_path}/nothing.parquet')", out)
    assert out.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]


def test_too_little_memory_is_one_clear_error() -> None:
    with Engine(load({"HOUFENG_MEMORY": "10MB", "HOUFENG_THREADS": "1"})) as engine:
        engine.connection.execute("SET max_temp_directory_size = '1MB'")
        with pytest.raises(EnvironmentFault, match="HOUFENG_MEMORY"):
            engine.rows(
                "SELECT x, list(y) FROM (SELECT range % 1000000 AS x, range AS y FROM range(3000000)) GROUP BY x"
            )


def test_several_queries_make_one_file(tmp_path: Path) -> None:
    out = tmp_path / "a.parquet"
    queries = [f"SELECT CAST('{n}6777217.01' AS DECIMAL(20,2)) AS a, 'x' AS b" for n in range(3)]
    with Engine(SMALL) as engine:
        assert engine.write_all(queries, out, {"houfeng.x": "y"}) == 3
        assert pq.read_table(out)["a"].to_pylist() == [Decimal(f"{n}6777217.01") for n in range(3)]
        assert pq.read_schema(out).metadata[b"houfeng.x"] == b"y"
        assert engine.write_all(queries[:1], out) == 1


def test_a_fault_while_rows_stream_is_told_as_what_it_is(tmp_path: Path) -> None:
    out = tmp_path / "a.parquet"
    out.write_bytes(b"old")
    late = "SELECT CAST(CASE WHEN range = 900000 THEN 'x' ELSE '1' END AS INTEGER) AS a FROM range(1000000)"
    with Engine(SMALL) as engine, pytest.raises(InputError, match="too large"):
        engine.write_all(["SELECT CAST(1 AS INTEGER) AS a", late], out)
    assert out.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]
