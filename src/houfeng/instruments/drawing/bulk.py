"""All instruments of some packs at once: every row judged in one pass, then one claim after another.

A claim of one bank judges its own rows. A central bank that looks at all claims of a month judges each loan once, for
every tool and subsidy together, with the reasons, and writes that down; the claims are then drawn from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

from houfeng.book.model import kinds
from houfeng.book.snapshot import Snapshot
from houfeng.engine.duckdb import Engine
from houfeng.instruments.definitions import instruments_over
from houfeng.instruments.drawing.drawn import Tables, drawn_tables
from houfeng.instruments.drawing.history import with_history
from houfeng.instruments.drawing.judged import Judged, facts, judged_files, together
from houfeng.instruments.drawing.listing import OVER, Taken, shape_of, wanted
from houfeng.packs.grants import Instrument
from houfeng.packs.language.expression import Node
from houfeng.packs.model import Pack
from houfeng.packs.roads.compile import Compiler, Views
from houfeng.packs.roads.grants import judging
from houfeng.packs.roads.sql import literal, name

SHARE = 20_000_000
"""Rows judged at a time, or those of one bank where it alone has more."""
NOT_CLAIMED = ("incentive", "risk_sharing")


def claimable(pack: Pack, kind: str) -> list[Instrument]:
    """The instruments over `kind` that are claimed row by row, in the order written; those that ended too."""
    return [
        one
        for one in instruments_over(pack, kind)
        if one.kind not in NOT_CLAIMED and one.base is not None and (one.points or one.funded_share) is not None
    ]


def judge_all(
    engine: Engine, views: Views, packs: Sequence[Pack], kind: str, as_of: date, known: date, out: Path
) -> Judged:
    """Judge every row of `kind` for all instruments of `packs` into Parquet files in the folder `out`.

    Of each row: its key, the facts that claims count with, and what became of every condition.

    Raises:
        UsageError: `out` is no folder, or the packs use one name for different things.
        EnvironmentFault: memory, disk or permission does not suffice.
    """
    whole = together(packs)
    paths: dict[str, None] = {}
    nodes: dict[Node, None] = {}
    for pack in packs:
        for one in claimable(pack, kind):
            shape_of(pack, one, as_of, known)
            asked = wanted(one)
            paths |= dict.fromkeys(asked.fields)
            nodes |= dict.fromkeys(asked.columns.values())
    compiler = Compiler(whole, with_history(views), as_of, known)
    every = instruments_over(whole, kind)
    judged = judging(compiler, kind, every, fields=facts(whole, kind, paths, nodes), packed=True)
    return judged_files(engine, judged, as_of, known, shares(views, kind, as_of), out, f"judged-{kind}")


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
    judged: Mapping[str, Judged],
    *,
    taken: Iterable[Taken] = (),
) -> Iterator[Tables]:
    """The claim of all banks under one instrument, drawn from what `judge_all` wrote for `last`, by kind."""
    with drawn_tables(
        engine.connection, views, pack, instrument, first, last, known, taken=taken, refusals="none", judged=judged
    ) as tables:
        yield tables


class Drawn(NamedTuple):
    """The lines of all banks under an instrument, in the Parquet file `file`."""

    instrument: Instrument
    file: Path
    lines: int


def every_claim(
    engine: Engine,
    views: Views,
    packs: Sequence[Pack],
    first: date,
    last: date,
    known: date,
    judged: Mapping[str, Judged],
    out: Path,
) -> Iterator[Drawn]:
    """The claims of all banks for `first` to `last` under every instrument of `packs`, a file each in the folder `out`.

    Raises:
        EnvironmentFault: memory, disk or permission does not suffice.
    """
    found = {kind: [(pack, one) for pack in packs for one in claimable(pack, kind)] for kind in KINDS}
    rows = {kind: judged[kind].gathered(engine, [one for _, one in found[kind]]) for kind in KINDS}
    for pack, one in (each for kind in KINDS for each in found[kind]):
        with claim_from(engine, views, pack, one, first, last, known, rows) as tables:
            file = out / f"claim-{one.name}.parquet"
            yield Drawn(one, file, engine.write(f"SELECT * FROM {tables.counted}", file))


KINDS = tuple(OVER)
"""The kinds whose rows can be claimed."""
