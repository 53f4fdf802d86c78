"""Who is eligible for what: one wide statement over the rows of a kind, and the reasons behind its masks.

Every answer is yes, no or not known yet. A loan is eligible where every condition is met; the masks say which were not,
and which nobody could judge because a fact is missing, and `reasons` says it in words, with who holds the fact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path

import pyarrow as pa

from houfeng.engine.duckdb import Engine
from houfeng.errors import Text, UsageError, Where
from houfeng.instruments.definitions import named
from houfeng.packs.grants import Condition, Grant
from houfeng.packs.language.expression import Node
from houfeng.packs.model import Pack
from houfeng.packs.roads.compile import Compiler, Views
from houfeng.packs.roads.grants import FAILED, UNKNOWN, Judging, grants_of, judging

__all__ = ["FAILED", "UNKNOWN", "Answer", "Reason", "State", "answer_of", "judge", "judge_sql", "reasons"]


class Answer(StrEnum):
    """What a grant says of a row."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class State(StrEnum):
    """What became of one condition."""

    MET = "met"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reason:
    """One condition and what became of it. `holder` holds the fact where it is missing; `changes` would meet it."""

    condition: str
    state: State
    label: Text
    reference: str
    holder: Text
    changes: Text
    where: Where = Where()


def judge_sql(
    views: Views,
    pack: Pack,
    names: Iterable[str],
    as_of: date,
    known_at: date | datetime,
    *,
    fields: Iterable[str] = (),
    columns: Mapping[str, Node] | None = None,
    where: str = "",
    masks: bool = True,
) -> Judging:
    """The statement that judges every row of the kind that the grants `names` are all over, on the day `as_of`.

    Per grant: a boolean of its name (null: not known yet) and the masks `<name>_failed` and `<name>_unknown`, a bit for
    each condition in the order written. `fields` are further columns; `columns` are further expressions over the kind,
    by name (an instrument's base, its points); `where` is SQL over those columns.

    Raises:
        UsageError: a grant does not exist, or the grants are over different kinds.
    """
    grants = [find_grant(pack, name) for name in names]
    kinds = sorted({grant.over for grant in grants})
    if len(kinds) != 1:
        which = ", ".join(kinds)
        raise UsageError(
            Text(f"一次只判一种记录，这里有：{which or '无'}", f"one kind is judged at a time, not: {which or 'none'}")
        )
    compiler = Compiler(pack, views, as_of, _day(known_at))
    return judging(compiler, kinds[0], grants, fields=fields, columns=columns, where=where, masks=masks)


def judge(
    views: Views,
    pack: Pack,
    names: Iterable[str],
    as_of: date,
    known_at: date | datetime,
    *,
    engine: Engine,
    fields: Iterable[str] = (),
    columns: Mapping[str, Node] | None = None,
    where: str = "",
    out: Path | None = None,
) -> pa.Table | int:
    """Judge the rows as `judge_sql` says: an Arrow table, or the number of rows written to the Parquet file `out`.

    Raises:
        UsageError: as `judge_sql`, or `out` stands in no folder.
        EnvironmentFault: memory, disk or permission does not suffice.
    """
    judged = judge_sql(views, pack, names, as_of, known_at, fields=fields, columns=columns, where=where)
    return engine.table(judged.sql) if out is None else engine.write(judged.sql, out, about(pack, judged))


def about(pack: Pack, judged: Judging) -> dict[str, str]:
    """What a file of judged rows says of itself: the pack, and which condition each bit of the masks stands for."""
    bits = {
        f"houfeng.bits.{name}": ",".join(one.name for one in find_grant(pack, name).conditions)
        for name in judged.grants
    }
    return {"houfeng.pack": f"{pack.name} {pack.version}", "houfeng.digest": pack.digest, **bits}


def find_grant(pack: Pack, name: str) -> Grant:
    """The instrument, entitlement or product called `name`.

    Raises:
        UsageError: there is none; names the nearest.
    """
    return named(grants_of(pack), name, Text("没有工具、政策或产品", "there is no instrument, policy or product"))


def answer_of(failed: int, unknown: int) -> Answer:
    """The answer that two masks give: one condition failed is a no, whatever else is unknown."""
    return Answer.NO if failed else Answer.UNKNOWN if unknown else Answer.YES


def reasons(pack: Pack, name: str, failed: int, unknown: int, *, met: bool = False) -> list[Reason]:
    """The conditions of a grant that failed or could not be judged, in the order written; with `met`, all of them.

    Raises:
        UsageError: there is no such grant.
    """
    grant = find_grant(pack, name)
    states = [
        State.FAILED if failed >> bit & 1 else State.UNKNOWN if unknown >> bit & 1 else State.MET
        for bit in range(len(grant.conditions))
    ]
    return reasons_of(grant.conditions, states, met=met)


def reasons_of(conditions: Sequence[Condition], states: Sequence[State], *, met: bool = False) -> list[Reason]:
    """Conditions with what became of them, without those that are met unless `met`."""
    return [
        Reason(one.name, state, one.label, one.reference, one.holder, one.changes, one.where)
        for one, state in zip(conditions, states, strict=True)
        if met or state is not State.MET
    ]


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
