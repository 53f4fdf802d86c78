"""All enterprises against all policies at once, into Parquet files: of each firm, what became of every condition.

The firms are judged some hundreds of thousands at a time, by ranges of their key. What a policy counts of a firm
(loans, lines of credit, statuses, lists) is grouped by that key, and DuckDB carries the range over to what is grouped:
so each share groups and joins only its own firms and stays within a small memory. Three million in one statement spill
to the disk over and over. Nothing is written of a policy but its conditions' bits, which policies share; answers, masks
and lists are picked out of them (`Judged.answers`, `Judged.eligible`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

from houfeng.engine.duckdb import Engine
from houfeng.instruments.drawing.judged import Judged, judged_files
from houfeng.instruments.entitlement import ENTERPRISE, in_force
from houfeng.packs.model import Pack
from houfeng.packs.roads.compile import Compiler, Views
from houfeng.packs.roads.grants import judging
from houfeng.packs.roads.sql import literal, name

SHARE = 500_000
"""Enterprises judged at a time."""
PROBES = 4096
"""Keys that are looked at to find ranges of about as many enterprises each."""
KEY = name("enterprise_id")


def judge_everyone(
    engine: Engine,
    views: Views,
    pack: Pack,
    as_of: date,
    known_at: date | datetime,
    out: Path,
    *,
    names: Iterable[str] | None = None,
) -> Judged:
    """Judge every enterprise for the policies in force (of `names`, or all) into files in the folder `out`.

    Raises:
        UsageError: an entitlement does not exist, none is in force, or `out` is no folder.
        EnvironmentFault: memory, disk or permission does not suffice.
    """
    known = known_at.date() if isinstance(known_at, datetime) else known_at
    policies = [one for one in in_force(pack, as_of, known, names) if one.over == ENTERPRISE]
    judged = judging(Compiler(pack, views, as_of, known), ENTERPRISE, policies, packed=True)
    return judged_files(engine, judged, as_of, known, _shares(engine, views, as_of), out, "entitled")


def _shares(engine: Engine, views: Views, as_of: date) -> list[str]:
    """SQL conditions on the key that share the enterprises out; one where they are few."""
    firms = views.select(ENTERPRISE, as_of=as_of, columns=["enterprise_id"])
    ((count,),) = engine.rows(f"SELECT count(*) FROM ({firms})")
    number = -(-count // SHARE)
    if number < 2:
        return ["TRUE"]
    each = max(count // PROBES, 1)
    probes = [key for (key,) in engine.rows(f"SELECT {KEY} FROM ({firms}) WHERE hash({KEY}) % {each} = 0 ORDER BY 1")]
    cuts = sorted({probes[len(probes) * k // number] for k in range(1, number)})
    starts = [f"{KEY} >= {literal(cut)}" for cut in cuts]
    ends = [f"{KEY} < {literal(cut)}" for cut in cuts]
    return [ends[0], *(f"{start} AND {end}" for start, end in zip(starts, ends[1:], strict=False)), starts[-1]]
