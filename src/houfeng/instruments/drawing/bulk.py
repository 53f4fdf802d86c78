"""All instruments of a pack at once: every row judged in one pass, a few banks at a time, then one claim after another.

A claim of one bank judges its own rows. A central bank that looks at all claims of a month judges each loan once, for
every tool together, with the reasons, and writes that down; the claims are then drawn from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from houfeng.book.connection import quoted
from houfeng.book.model import kinds
from houfeng.book.snapshot import Snapshot
from houfeng.engine.duckdb import Engine
from houfeng.instruments.definitions import instruments_over
from houfeng.instruments.drawing.drawn import Tables, drawn_tables
from houfeng.instruments.drawing.history import with_history
from houfeng.instruments.drawing.listing import OVER, Taken, shape_of, wanted
from houfeng.instruments.eligibility import judge_sql
from houfeng.packs.grants import Instrument
from houfeng.packs.language.expression import Node
from houfeng.packs.model import Pack
from houfeng.packs.roads.compile import Views
from houfeng.packs.roads.sql import literal, name

SHARE = 500_000
"""Rows judged at a time, or those of one bank where it alone has more."""
NOT_CLAIMED = ("incentive", "risk_sharing")


def claimable(pack: Pack, kind: str) -> list[Instrument]:
    """The instruments over `kind` that are claimed row by row, in the order written; those that ended too."""
    return [
        one
        for one in instruments_over(pack, kind)
        if one.kind not in NOT_CLAIMED and one.base is not None and (one.points or one.funded_share) is not None
    ]


def judge_all(engine: Engine, views: Views, pack: Pack, kind: str, as_of: date, known: date, out: Path) -> int:
    """Judge every row of `kind` for all its instruments into the Parquet file `out`; gives how many rows.

    Per instrument: its answer, the masks of its reasons, and what a claim wants (base, points, days, limits).

    Raises:
        UsageError: `out` stands in no folder.
        EnvironmentFault: memory, disk or permission does not suffice.
    """
    seen = with_history(views)
    fields: dict[str, None] = {}
    columns: dict[str, Node] = {}
    found = claimable(pack, kind)
    for one in found:
        shape_of(pack, one, as_of, known)
        asked = wanted(one)
        fields |= dict.fromkeys(asked.fields)
        columns |= asked.columns
    every = [one.name for one in instruments_over(pack, kind)]
    judged = judge_sql(seen, pack, every, as_of, known, fields=fields, columns=columns)
    queries = [f"SELECT * FROM ({judged.sql}) WHERE {where}" for where in shares(views, kind, as_of)]
    return engine.write_all(queries, out)


def shares(views: Views, kind: str, as_of: date) -> Iterable[str]:
    """SQL conditions that share the rows of `kind` out by banks, so that joins stay small; one where that cannot be."""
    bank = kinds()[kind].reporter_field
    if not isinstance(views, Snapshot) or not bank:
        return ("TRUE",)
    rows: dict[str, int] = {}
    for entry in views.submissions(kind):
        if entry.rows and (entry.period is None or entry.period <= as_of):
            if not entry.own:
                return ("TRUE",)
            rows[entry.reporter] = max(rows.get(entry.reporter, 0), entry.rows)
    runs: list[list[str]] = []
    room = 0
    for reporter in sorted(rows):
        if not runs or rows[reporter] > room:
            runs.append([])
            room = SHARE
        runs[-1].append(reporter)
        room -= rows[reporter]
    return tuple(f"{name(bank)} BETWEEN {literal(run[0])} AND {literal(run[-1])}" for run in runs) or ("TRUE",)


@contextmanager
def claim_from(
    engine: Engine,
    views: Views,
    pack: Pack,
    instrument: Instrument,
    first: date,
    last: date,
    known: date,
    judged: Path,
    *,
    taken: Iterable[Taken] = (),
) -> Iterator[Tables]:
    """The claim of all banks under one instrument, drawn from what `judge_all` wrote."""
    source = f"SELECT * FROM read_parquet('{quoted(str(judged))}')"
    with drawn_tables(
        engine.connection, views, pack, instrument, first, last, known, taken=taken, refusals="none", judged=source
    ) as tables:
        yield tables


KINDS = tuple(OVER)
"""The kinds whose rows can be claimed."""
