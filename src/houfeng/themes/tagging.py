"""Which loan carries which tag: one wide statement over the loan balances of a period, a row per note.

This is where a policy turns into facts about single loans: each row has the note's key, a flag for every theme, the
amount each theme counts of it, and the reason bits that say which condition or exception decided. Statistics and the
per-loan file both come from this one statement, so they cannot differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa

from houfeng.book.snapshot import Snapshot
from houfeng.engine.duckdb import Engine
from houfeng.packs.language.expression import Node
from houfeng.packs.model import Definition, Pack
from houfeng.packs.roads.compile import Compiler, Statement, Views
from houfeng.packs.roads.sql import name
from houfeng.themes.shares import LOANS, in_shares, shares

MONEY = "DECIMAL(20,2)"
COUNTED = "counted_loan"
"""The pack's own value, over loan balances, that says whether a note counts at all (written off: no)."""


@dataclass(frozen=True)
class Tagging:
    """A compiled statement over loan balances.

    `statement` gives the columns; `amounts` maps each theme to the SQL, over those columns, of what it counts of a note
    that carries it, as money: rounded half away from zero to the fen, note by note, so that the amounts of the notes
    add up to the figure of the cell. `plain` is the SQL of the plain balance.
    """

    statement: Statement
    themes: tuple[Definition, ...]
    amounts: dict[str, str]
    plain: str

    def partial_amounts(self) -> dict[str, str]:
        """Of `amounts`, those that differ from the plain balance."""
        return {theme: sql for theme, sql in self.amounts.items() if sql != self.plain}


@dataclass(frozen=True)
class Tagged:
    """What came of tagging: the rows in a file at `out`, or in `table`."""

    rows: int
    out: Path | None
    table: pa.Table | None
    about: dict[str, str]


def loan_themes(pack: Pack) -> tuple[Definition, ...]:
    """The pack's themes over loan balances, in the order they were written."""
    return tuple(theme for theme in pack.themes() if theme.over == LOANS)


def compile_tagging(
    views: Views, pack: Pack, as_of: date, known: date, *, fields: Iterable[str] = (), bits: bool = True
) -> Tagging:
    """The statement over the balances of the very period `as_of`, with the policy as known on the day `known`.

    `fields` are further columns wanted, as dotted paths.
    """
    themes = loan_themes(pack)
    compiler = Compiler(pack, views, as_of, known)
    plain_field = pack.measure.get(LOANS, "balance_cny")
    plain = name(plain_field)
    amounts = {}
    for theme in themes:
        counted = compiler.writer().write(theme.amount) if theme.amount is not None else plain
        amounts[theme.name] = counted if counted == plain else money(counted)
    inner = [path for theme in themes if theme.amount is not None for path in paths_in(theme.amount)]
    names = [theme.name for theme in themes]
    items = [*names, *([COUNTED] if (LOANS, COUNTED) in pack.items else [])]
    wanted = dict.fromkeys([plain_field, "borrower_id", "rate", *fields, *inner])
    extra = [path for path in wanted if path not in items]
    return Tagging(compiler.statement(LOANS, items, fields=extra, exact=True, bits=bits), themes, amounts, plain)


def money(sql: str) -> str:
    """`sql` as money: rounded half away from zero to the fen."""
    return f"CAST(round({sql}, 2) AS {MONEY})"


def paths_in(node: Node) -> list[str]:
    """The dotted paths of the fields and items that an expression names."""
    return [".".join((*part.value.path, part.value.name)) for part in node.walk() if part.op in ("field", "item")]


def tag(
    snapshot: Snapshot,
    pack: Pack,
    as_of: date,
    known_at: datetime | None = None,
    out: Path | None = None,
    *,
    engine: Engine | None = None,
    bits: bool = True,
) -> Tagged:
    """Tag every note of the period `as_of`, into the Parquet file `out` (streaming) or, without it, a table in memory.

    Columns: `institution_id`, `contract_no`, `note_no`, `period`, `borrower_id`, `amount` (plain balance, yuan), `rate`
    (percent); for each theme a boolean of its name and, where it counts another amount than the balance, the money
    `<theme>_amount` (empty where the flag is false); `reasons_0`, `reasons_1` …: bit masks, whose bits the file's
    metadata key `houfeng.bits` names in order, 63 to a column; `_submission` and `_row` say where the row came from.
    `known_at` is when the policy is known as of; without it, the snapshot's moment. Without `bits` the masks are left
    out.

    Raises:
        UsageError: `out` stands in no folder.
        EnvironmentFault: memory, disk or permission does not suffice.
    """
    known_at = known_at or snapshot.known_at
    tagging = compile_tagging(snapshot, pack, as_of, known_at.date(), bits=bits)
    about = _about(snapshot, pack, as_of, known_at, tagging)
    queries = in_shares(per_loan_sql(tagging), shares(snapshot, as_of))
    if engine is not None:
        return _run(engine, queries, about, out)
    with Engine() as own:
        return _run(own, queries, about, out)


def per_loan_sql(tagging: Tagging) -> str:
    """SQL of the per-loan rows."""
    statement, partial = tagging.statement, tagging.partial_amounts()
    columns = [name(key) for key in statement.keys]
    columns += [name("borrower_id"), f"{tagging.plain} AS amount", name("rate")]
    for theme in tagging.themes:
        columns.append(name(theme.name))
        if theme.name in partial:
            columns.append(
                f"CASE WHEN {name(theme.name)} THEN {partial[theme.name]} END AS {name(theme.name + '_amount')}"
            )
    columns += [*(name(mask) for mask in statement.bit_columns), name("_submission"), name("_row")]
    return f"SELECT {', '.join(columns)} FROM ({statement.sql})"


def _run(engine: Engine, queries: Sequence[str], about: dict[str, str], out: Path | None) -> Tagged:
    if out is not None:
        return Tagged(engine.write_all(queries, out, about), out, None, about)
    table = pa.concat_tables([engine.table(sql) for sql in queries]).replace_schema_metadata(about)
    return Tagged(table.num_rows, None, table, about)


def _about(snapshot: Snapshot, pack: Pack, as_of: date, known_at: datetime, tagging: Tagging) -> dict[str, str]:
    bits = [f"{bit.item}:{bit.exception}" if bit.exception else bit.item for bit in tagging.statement.bits]
    return {
        "houfeng.pack": f"{pack.name} {pack.version}",
        "houfeng.digest": pack.digest,
        "houfeng.as_of": as_of.isoformat(),
        "houfeng.book_known_at": snapshot.known_at.isoformat(),
        "houfeng.policy_known_at": known_at.isoformat(),
        "houfeng.synthetic": "true" if snapshot.synthetic else "false",
        "houfeng.bits": json.dumps(bits),
    }
