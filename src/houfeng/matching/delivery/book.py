"""The judge of a book: a pack's entitlements over the enterprises of a snapshot, for lists and for one firm's page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

import duckdb

from houfeng.engine.faults import telling
from houfeng.errors import NotFoundError, Text
from houfeng.instruments.eligibility import Answer, Reason, State, answer_of, reasons
from houfeng.instruments.entitlement import ENTERPRISE, entitled, entitled_sql, in_force
from houfeng.instruments.entitlement import Verdict as Answered
from houfeng.matching.delivery.judging import Firm, Found, Judge, Missing, Policy, Verdict
from houfeng.packs.grants import Entitlement
from houfeng.packs.model import Pack
from houfeng.packs.roads.compile import Views
from houfeng.packs.roads.grants import FAILED, UNKNOWN, constant
from houfeng.packs.roads.sql import name as quoted_name

Opened = Callable[[date, datetime], tuple[Views, duckdb.DuckDBPyConnection]]
"""Gives the whole book as of a day, as known at a moment, and a connection its SQL runs on."""

CHUNK = 5_000


class Stands(NamedTuple):
    """How one firm of many stands to one policy in force."""

    entitlement: Entitlement
    answer: Answer


class BookJudge:
    """Says who is entitled by `pack`, of the book that `opened` gives."""

    def __init__(self, pack: Pack, opened: Opened, as_of: date, known_at: datetime) -> None:
        """Nothing is read until it is asked."""
        self.pack, self.as_of, self.known_at = pack, as_of, known_at
        self._opened = opened
        self._policies: Mapping[str, Policy] | None = None

    @property
    def policies(self) -> Mapping[str, Policy]:
        """The policies over enterprises, in force or not, by name."""
        if self._policies is None:
            listed = [one for one in self.pack.entitlements.values() if one.over == ENTERPRISE]
            self._policies = {one.name: policy_of(self.pack, one, self.as_of, self.known_at.date()) for one in listed}
        return self._policies

    def found(self, policy: str) -> Found:
        """Who is entitled; nobody where the policy cannot be asked for on the day."""
        views, connection = self._opened(self.as_of, self.known_at)
        if not in_force(self.pack, self.as_of, self.known_at.date(), [policy]):
            return Found(self.as_of, self.known_at, 0, 0, {})
        judged = entitled_sql(
            views, self.pack, self.as_of, self.known_at, names=[policy], fields=("name", "region"), masks=False
        )
        column = quoted_name(policy)
        with telling():
            counts = connection.execute(
                f"SELECT count(*), count(*) FILTER (WHERE {column} IS NULL) FROM ({judged.sql})"
            ).fetchone()
            rows = connection.execute(
                f"SELECT enterprise_id, coalesce(name, enterprise_id), coalesce(region, '') FROM ({judged.sql}) "
                f"WHERE {column}"
            ).fetchall()
        assert counts is not None  # a count has one row
        members = {firm: Firm(name, region) for firm, name, region in rows}
        return Found(self.as_of, self.known_at, counts[0], counts[1], members)

    def why(self, policy: str, enterprises: Collection[str]) -> Mapping[str, Verdict]:
        """How these enterprises stand, as far as the book knows them."""
        views, connection = self._opened(self.as_of, self.known_at)
        if not enterprises or not in_force(self.pack, self.as_of, self.known_at.date(), [policy]):
            return {}
        found: dict[str, Verdict] = {}
        asked = sorted(enterprises)
        for start in range(0, len(asked), CHUNK):
            judged = entitled_sql(
                views, self.pack, self.as_of, self.known_at, names=[policy], enterprise_ids=asked[start : start + CHUNK]
            )
            failed, unknown = quoted_name(policy + FAILED), quoted_name(policy + UNKNOWN)
            with telling():
                rows = connection.execute(f"SELECT enterprise_id, {failed}, {unknown} FROM ({judged.sql})").fetchall()
            for firm, no, open_ in rows:
                missing = tuple(missing_of(each) for each in reasons(self.pack, policy, no, open_))
                found[firm] = Verdict(policy, answer_of(no, open_).value, missing)
        return found

    def earlier(self, as_of: date, known_at: datetime) -> Judge:
        """The same pack on another day, as known then."""
        return BookJudge(self.pack, self._opened, as_of, known_at)

    def answers(self, enterprise_id: str) -> Sequence[Answered]:
        """What the instruments room says of one enterprise and every policy in force."""
        views, connection = self._opened(self.as_of, self.known_at)
        with telling():
            return entitled(views, self.pack, enterprise_id, self.as_of, self.known_at, connection=connection)

    def stands(self, enterprises: Collection[str]) -> Mapping[str, Sequence[Stands]]:
        """How many enterprises stand to every policy in force, without the conditions: for runs over all needs."""
        views, connection = self._opened(self.as_of, self.known_at)
        policies = [one for one in in_force(self.pack, self.as_of, self.known_at.date()) if one.over == ENTERPRISE]
        found: dict[str, Sequence[Stands]] = {}
        asked = sorted(enterprises) if policies else []
        columns = ", ".join(quoted_name(one.name) for one in policies)
        for start in range(0, len(asked), CHUNK):
            judged = entitled_sql(
                views, self.pack, self.as_of, self.known_at, enterprise_ids=asked[start : start + CHUNK], masks=False
            )
            with telling():
                rows = connection.execute(f"SELECT enterprise_id, {columns} FROM ({judged.sql})").fetchall()
            for firm, *answers in rows:
                found[firm] = [Stands(one, _said(told)) for one, told in zip(policies, answers, strict=True)]
        return found

    def firm(self, enterprise_id: str) -> Sequence[Verdict]:
        """How one enterprise stands to every policy in force: entitled, unknown, then the nearest first."""
        return [
            Verdict(
                each.entitlement.name,
                each.answer.value,
                tuple(missing_of(reason) for reason in (*each.failed, *each.unknown)),
                tuple(missing_of(reason) for reason in each.reasons if reason.state is State.MET),
            )
            for each in self.answers(enterprise_id)
        ]

    def policy(self, name: str) -> Policy:
        """The policy called `name`.

        Raises:
            NotFoundError: there is none.
        """
        if name not in self.policies:
            raise NotFoundError(Text(f"没有政策 {name[:80]}", f"there is no policy {name[:80]}"))
        return self.policies[name]


def _said(told: bool | None) -> Answer:
    return Answer.UNKNOWN if told is None else Answer.YES if told else Answer.NO


def policy_of(pack: Pack, one: Entitlement, day: date, known: date) -> Policy:
    """An entitlement as delivery needs it; days begin on the first day it can be asked for."""
    begins, until = (constant(pack, node, day, known) for node in (one.begins, one.until))
    made = Policy(
        name=one.name, label=one.label, benefit=one.benefit, document=one.document, document_on=begins,
        delivers=one.delivers, bring=one.bring, call=one.call, pack=one.pack, digest=pack.digest,
        reference=one.reference,
    )  # fmt: skip
    return replace(made, begins=begins, until=until)


def missing_of(reason: Reason) -> Missing:
    """A reason of eligibility in the words of delivery."""
    state = {State.FAILED: "no", State.UNKNOWN: "unknown", State.MET: "yes"}[reason.state]
    return Missing(reason.condition, state, reason.label, reason.reference, reason.holder, reason.changes)
