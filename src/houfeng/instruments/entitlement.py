"""Policy finds the firm: what one enterprise is entitled to and why, and who is entitled to one policy.

For one firm the rows it reaches are fetched and judged by the explaining evaluator; for all firms one wide statement
judges every policy at once. Both say yes, no or not known yet, and both roads are held to the same answers by tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import localcontext

import duckdb

from houfeng.errors import Text
from houfeng.instruments.definitions import named
from houfeng.instruments.eligibility import Answer, Reason, State, judge_sql, reasons_of
from houfeng.packs.explain import Explainer
from houfeng.packs.grants import Entitlement
from houfeng.packs.model import Pack
from houfeng.packs.roads.compile import Views
from houfeng.packs.roads.evaluate import EXACT, Evaluator
from houfeng.packs.roads.grants import Judging, condition_item, constant
from houfeng.packs.roads.sql import literal, name
from houfeng.packs.roads.world import Record

ENTERPRISE = "enterprise"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one policy says of one enterprise; `reasons` are all its conditions with what became of each."""

    entitlement: Entitlement
    answer: Answer
    reasons: tuple[Reason, ...]

    @property
    def failed(self) -> tuple[Reason, ...]:
        """The conditions that failed: each says what would change it."""
        return tuple(reason for reason in self.reasons if reason.state is State.FAILED)

    @property
    def unknown(self) -> tuple[Reason, ...]:
        """The conditions that nobody could judge: each says who holds the missing fact."""
        return tuple(reason for reason in self.reasons if reason.state is State.UNKNOWN)

    @property
    def missing(self) -> int:
        """How many conditions stand between the enterprise and a yes."""
        return len(self.failed) + len(self.unknown)


def in_force(pack: Pack, as_of: date, known: date, names: Iterable[str] | None = None) -> list[Entitlement]:
    """The entitlements (of `names`, or all) that can be asked for on `as_of`, in the order written.

    Raises:
        UsageError: an entitlement does not exist.
    """
    found = []
    for one in pack.entitlements if names is None else names:
        entitlement = find_entitlement(pack, one)
        begins, until = (constant(pack, node, as_of, known) for node in (entitlement.begins, entitlement.until))
        if (begins is None or begins <= as_of) and (until is None or as_of < until):
            found.append(entitlement)
    return found


def find_entitlement(pack: Pack, asked: str) -> Entitlement:
    """The entitlement called `asked`.

    Raises:
        UsageError: there is none; names the nearest.
    """
    return named(pack.entitlements, asked, Text("没有政策", "there is no policy"))


def entitled(
    views: Views,
    pack: Pack,
    enterprise_id: str,
    as_of: date,
    known_at: date | datetime,
    *,
    connection: duckdb.DuckDBPyConnection,
    names: Iterable[str] | None = None,
) -> list[Verdict]:
    """What every policy in force says of one enterprise: those it is entitled to, those not known yet, then the others,
    the nearest first.

    Raises:
        UsageError: an entitlement does not exist.
        InputError: there is no such enterprise on `as_of`.
    """
    known = known_at.date() if isinstance(known_at, datetime) else known_at
    policies = [one for one in in_force(pack, as_of, known, names) if one.over == ENTERPRISE]
    explainer = Explainer(pack, views, connection, as_of, known)
    wanted = [explainer.pack.items[(ENTERPRISE, one.name)] for one in policies]
    row, evaluator = explainer.world(ENTERPRISE, {"enterprise_id": enterprise_id}, wanted)
    with localcontext(EXACT):
        return ranked([_verdict(explainer.pack, evaluator, row, one) for one in policies])


def _verdict(pack: Pack, evaluator: Evaluator, row: Record, entitlement: Entitlement) -> Verdict:
    states = []
    for one in entitlement.conditions:
        value = evaluator.item(pack.items[(ENTERPRISE, condition_item(entitlement.name, one.name))], row).value
        states.append(State.UNKNOWN if value is None else State.MET if value else State.FAILED)
    answer = Answer.NO if State.FAILED in states else Answer.UNKNOWN if State.UNKNOWN in states else Answer.YES
    return Verdict(entitlement, answer, tuple(reasons_of(entitlement.conditions, states, met=True)))


def ranked(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Yes before unknown before no; among those, the fewest missing conditions first, then in the order written."""
    rank = {Answer.YES: 0, Answer.UNKNOWN: 1, Answer.NO: 2}
    return sorted(verdicts, key=lambda verdict: (rank[verdict.answer], verdict.missing))


def entitled_sql(
    views: Views,
    pack: Pack,
    as_of: date,
    known_at: date | datetime,
    *,
    names: Iterable[str] | None = None,
    fields: Iterable[str] = (),
    enterprise_ids: Sequence[str] = (),
    masks: bool = True,
) -> Judging:
    """The statement that judges every enterprise (or those of `enterprise_ids`) against the policies in force.

    Columns as `judge_sql` says: per policy a boolean of its name (null: not known yet) and its masks.

    Raises:
        UsageError: an entitlement does not exist, or none is in force.
    """
    known = known_at.date() if isinstance(known_at, datetime) else known_at
    policies = [one.name for one in in_force(pack, as_of, known, names) if one.over == ENTERPRISE]
    where = (
        f"{name('enterprise_id')} IN ({', '.join(literal(one) for one in enterprise_ids)})" if enterprise_ids else ""
    )
    return judge_sql(views, pack, policies, as_of, known, fields=fields, where=where, masks=masks)


def answers_sql(judging: Judging) -> str:
    """SQL over a judging statement: one row per policy with `entitled`, `unknown` and `not_entitled` counts."""
    parts = []
    for one in judging.grants:
        column = name(one)
        parts.append(
            f"{{'policy': {literal(one)}, 'entitled': count(*) FILTER (WHERE {column}),"
            f" 'unknown': count(*) FILTER (WHERE {column} IS NULL),"
            f" 'not_entitled': count(*) FILTER (WHERE NOT {column})}}"
        )
    return f"SELECT unnest([{', '.join(parts)}], recursive := true) FROM ({judging.sql})"


def totals(rows: Iterable[tuple[str, int, int, int]]) -> Mapping[str, Mapping[Answer, int]]:
    """The rows of `answers_sql` by policy and answer."""
    return {
        policy: {Answer.YES: entitled_, Answer.UNKNOWN: unknown, Answer.NO: not_entitled}
        for policy, entitled_, unknown, not_entitled in rows
    }
