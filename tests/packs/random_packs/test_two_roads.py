"""The compiled SQL and the explaining evaluator say the same of every item, on random packs and random rows.

`make test` runs a share of it; HOUFENG_NIGHTLY=1 runs thousands of packs. Each pack holds a dozen items over three
kinds and each item is asked of every row, so that one example is some forty comparisons.
"""

from __future__ import annotations

import random
import re
from datetime import date, timedelta
from decimal import Decimal, localcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houfeng.book.connection import connect
from houfeng.book.model import kinds
from houfeng.errors import InputError
from houfeng.packs.cases import RowViews, same
from houfeng.packs.loading.load import read_pack
from houfeng.packs.model import Pack
from houfeng.packs.roads.compile import Bit, Compiler, Statement
from houfeng.packs.roads.evaluate import EXACT, Evaluator
from houfeng.packs.roads.world import World
from nightly import share
from packs.random_packs.maker import Maker
from packs.random_packs.vocabulary import OVER, Row

EXAMPLES = share(70, 6000)
OVERFLOW = "overflow"
ALLOWED = {f"pack.{code}" for code in ("type", "precision", "unknown_name", "arguments", "too_deep")}
# DuckDB 2.0 cannot plan `(case when … then 'a' end) = 'b'` where the condition is constant over a subquery: its fault
TOO_LARGE = re.compile(
    r"Overflow in (addition|subtraction|multiplication) of (INT64|INT128|DECIMAL\(38)"
    r"|BindBuiltinScalarFunction did not return"
)
AS_OF = (date(2026, 1, 15), date(2026, 1, 31), date(2024, 2, 29), date(2025, 12, 31), date(2026, 1, 1))


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return connect(memory="512MB", threads=1)


def read(text: str) -> Pack:
    with TemporaryDirectory() as folder:
        Path(folder, "pack.yaml").write_text(text, encoding="utf-8")
        pack, problems = read_pack(folder + "/")
    assert pack is not None
    # a type that is null in the end, or more decimal places than there are digits for: the reader says so
    assert {p.code for p in problems} <= ALLOWED, [p.render("en") for p in problems]
    return pack


def compiled(pack: Pack, views: RowViews, kind: str, items: list[str], days: tuple[date, date]) -> dict[Any, Row]:
    """Rows by key, each with its items and `bits`; an item that overflows is marked."""
    compiler = Compiler(pack, views, *days)
    statement = compiler.statement(kind, items)
    try:
        cursor = views.connection.execute(statement.sql)
        values = cursor.fetchall()
    except (duckdb.OutOfRangeException, duckdb.ConversionException, duckdb.InvalidInputException) as error:
        # DuckDB may compute what no row needs in the end, so it may overflow where Python does not; nothing else may be
        if not TOO_LARGE.search(str(error)):
            raise AssertionError(f"{error}\n{statement.sql}") from error
        if len(items) == 1:
            return {None: {items[0]: OVERFLOW}}
        found: dict[Any, Row] = {}
        for item in items:
            for key, row in compiled(pack, views, kind, [item], days).items():
                found.setdefault(key, {}).update(row)
        return found
    names = [column[0] for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in values]
    return {tuple(r[k] for k in kinds()[kind].key): {**r, **_bits(statement, r)} for r in rows}


def _bits(statement: Statement, row: Row) -> dict[Any, bool]:
    return {bit: bool(row[statement.bit_columns[n // 63]] >> (n % 63) & 1) for n, bit in enumerate(statement.bits)}


def explained(evaluator: Evaluator, item: Any, row: Row) -> tuple[Any, dict[Bit, bool]]:
    """The item's value, and for a theme its reason bits."""
    with localcontext(EXACT):
        try:
            trace = evaluator.item(item, row)
        except InputError:
            return OVERFLOW, {}
    if item.form.value != "theme":
        return trace.value, {}
    labels = ["", *(e.label for e in item.exemptions)]
    bits = {Bit(item.name, label): part.value is True for label, part in zip(labels, trace.parts, strict=True)}
    return trace.value, bits


def alike(one: Any, other: Any) -> bool:
    return type(one) in (int, Decimal) or type(one) is type(other) if same(one, other) else False


@settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(seed=st.integers(0, 2**48))
def test_both_roads_agree(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Every item of a random pack has one value for every row, by SQL and by Python, and one set of reasons."""
    maker = Maker(random.Random(seed))
    text = maker.pack(12)
    as_of = maker.rng.choice(AS_OF)
    known = as_of + timedelta(maker.rng.choice((0, 0, -1, -14, 30)))
    pack, rows = read(text), maker.rows(as_of)
    views, world = RowViews(connection, rows), World.of(as_of, known, rows)
    evaluator = Evaluator(pack, world)
    for kind in OVER:
        items = [item.name for item in pack.over(kind)]
        if not items:
            continue
        by_sql = compiled(pack, views, kind, items, (as_of, known))
        for row in world.rows[kind]:
            key = tuple(row[k] for k in kinds()[kind].key)
            for name in items:
                value, bits = explained(evaluator, pack.items[(kind, name)], row)
                found = by_sql.get(key, {}).get(name, by_sql.get(None, {}).get(name))
                shown = f"seed {seed}: {name} over {kind} of {row}: SQL {found!r}, Python {value!r}\n{text}"
                if OVERFLOW in (value, found):
                    continue
                assert alike(found, value), shown
                assert all(by_sql[key][bit] == held for bit, held in bits.items()), shown
