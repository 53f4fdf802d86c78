"""Filling the index: steps of the watch's journal become rows, each once, however often and from wherever it is read.

One writer at a time: the transaction holds the office's queue of writers, reads the tail's place, takes the next steps
and moves the place in the same commit. Two processes that read along share the work without knowing of each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from houfeng.errors import Text
from houfeng.office import outbox
from houfeng.office.alerts.bound import Asked, Bound
from houfeng.office.alerts.tables import Alert, AlertStep, AlertTail
from houfeng.office.database import Office
from houfeng.packs.model import TIERS
from houfeng.watch.alerts import moment
from houfeng.watch.episodes import ESCALATED, OPENED
from houfeng.watch.journal.alerts import Place, read_along
from houfeng.watch.operations.deliveries import alert_of
from houfeng.watch.operations.life import EMITTED
from houfeng.watch.operations.told import Told
from houfeng.watch.operations.words import TIER_NAMES

GROUPS = 200
"""Groups of the journal taken in one transaction: other writers wait no longer than that takes."""

TOPIC = "alerts"
"""The topic of channels that carry new alerts."""
LOUD = ("orange", "red")

Binder = Callable[[Iterable[Asked]], Mapping[Asked, Bound]]
"""Says what keys are bound to; the desk gives one that looks into its book."""


class Index:
    """Fills the tables from the journal of alerts in the folder of a watch."""

    def __init__(self, office: Office, watch: Path, binder: Binder) -> None:
        """`watch` is the folder of the watch, BOOK/watch."""
        self.office = office
        self.journal = watch / "alerts"
        self.binder = binder
        self._sizes: tuple[tuple[str, int], ...] = ()

    def catch_up(self) -> int:
        """Take all that stands in the journal and is not in the tables yet; gives how many steps were new.

        Raises:
            EnvironmentFault: the journal is damaged; what stands before the damage is in the tables.
        """
        sizes = self._look()
        if sizes == self._sizes:
            return 0
        new = 0
        while (taken := self._take_some()) is not None:
            new += taken
        self._sizes = sizes
        return new

    def _look(self) -> tuple[tuple[str, int], ...]:
        """Names and sizes of the files: nothing new where they are as before, and then nobody is made to wait."""
        if not self.journal.is_dir():
            return ()
        return tuple((path.name, path.stat().st_size) for path in sorted(self.journal.glob("alerts-*.jsonl")))

    def _take_some(self) -> int | None:
        """Take up to `GROUPS` groups; None where there were none."""
        with self.office.read() as session:
            place = self._place(session)
        came = list(islice(read_along(self.journal, place), GROUPS))
        if not came:
            return None
        bound = self.binder(_asked(came))  # before the transaction: it may take a while
        with self.office.begin() as session:
            if self._place(session) != place:
                return 0  # somebody else was quicker; look again from where they came to
            steps = [step for _, group in came for step in group]
            taken = take(session, steps, bound, self.office.clock())
            if place != Place():  # the first reading of a folder is history: nobody is rung up for it
                announce_new(session, steps)
            tail = session.get(AlertTail, str(self.journal)) or AlertTail(folder=str(self.journal))
            tail.number, tail.offset = came[-1][0]
            tail.read_at = self.office.clock()
            session.add(tail)
        return taken

    def _place(self, session: Session) -> Place:
        tail = session.get(AlertTail, str(self.journal))
        return Place(tail.number, tail.offset) if tail else Place()


def _asked(came: Sequence[tuple[Place, list[dict[str, Any]]]]) -> list[Asked]:
    opened = [step for _, steps in came for step in steps if step["step"] == 0]
    return [Asked(step["kind"], step["key"], moment(step["at"]).date()) for step in opened]


def take(session: Session, steps: Sequence[Mapping[str, Any]], bound: Mapping[Asked, Bound], now: datetime) -> int:
    """Put steps, in the journal's order, into the tables; those that stand there are passed over."""
    known = _known(session, steps)
    held = {alert.id: alert for alert in _held(session, {alert_of(step) for step in steps})}
    rows: list[AlertStep] = []
    seq = before = session.scalar(select(func.max(AlertStep.seq))) or 0
    for step in steps:
        name = (str(step["alert_id"]), int(step["step"]))
        if name in known:
            continue
        known.add(name)
        seq += 1  # numbered here, in the journal's order: a database's own counter promises less
        alert_id = alert_of(step)
        if alert_id not in held:
            held[alert_id] = _begun(step, bound)
            session.add(held[alert_id])
        rows.append(_row(seq, step, alert_id, now))
        _move(held[alert_id], step, seq)
    session.flush()  # alerts first: steps refer to them
    session.add_all(rows)
    return seq - before


def announce_new(session: Session, steps: Sequence[Mapping[str, Any]]) -> int:
    """Let the channels that carry `alerts` know of alerts that came to orange or red and were told to people.

    No figures: who reads a channel may not see them. Gives how many messages were put.
    """
    put = 0
    for step in steps:
        if step["channel"] != EMITTED or step["tier"] not in LOUD or step["what"] not in (OPENED, ESCALATED):
            continue
        alert = session.get(Alert, alert_of(step))
        assert alert is not None
        tier = TIER_NAMES[step["tier"]]
        subject = f"{tier.zh}色预警 {alert.rule_id}：{alert.name or alert.key}"
        put += outbox.announce(session, TOPIC, outbox.Message(subject, "", f"/alerts/{alert.id}"))
    return put


def _known(session: Session, steps: Sequence[Mapping[str, Any]]) -> set[tuple[str, int]]:
    names = sorted({(str(step["alert_id"]), int(step["step"])) for step in steps})
    found: set[tuple[str, int]] = set()
    for part in _parts(names):
        asked = select(AlertStep.record_id, AlertStep.step).where(tuple_(AlertStep.record_id, AlertStep.step).in_(part))
        found |= {(record, step) for record, step in session.execute(asked)}
    return found


def _held(session: Session, ids: set[str]) -> list[Alert]:
    return [a for part in _parts(sorted(ids)) for a in session.scalars(select(Alert).where(Alert.id.in_(part)))]


def _parts(values: Sequence[Any], size: int = 400) -> Iterable[Sequence[Any]]:
    return (values[n : n + size] for n in range(0, len(values), size))


def _begun(step: Mapping[str, Any], bound: Mapping[Asked, Bound]) -> Alert:
    at = moment(step["at"])
    own = bound.get(Asked(step["kind"], step["key"], at.date()), Bound())
    return Alert(
        id=alert_of(step),
        pack=step["pack"],
        version=step["version"],
        rule=step["rule"],
        rule_id=step["rule_id"],
        rule_group=step["group"],
        kind=step["kind"],
        key=step["key"],
        name=own.name,
        region=own.region,
        institution=own.institution,
        enterprise=own.enterprise,
        exposure=own.exposure,
        channel=step["channel"],
        tier=step["tier"],
        tier_rank=TIERS.index(step["tier"]) + 1,
        opened_at=at,
        moved_at=at,
        steps=0,
        first_seq=0,
        last_seq=0,
        reason_zh="",
        reason_en="",
    )


def _row(seq: int, step: Mapping[str, Any], alert_id: str, now: datetime) -> AlertStep:
    return AlertStep(
        seq=seq,
        alert_id=alert_id,
        record_id=str(step["alert_id"]),
        step=int(step["step"]),
        what=step["what"],
        at=moment(step["at"]),
        event=step["event"],
        tier=step["tier"],
        channel=step["channel"],
        cause=step["cause"],
        kept=dict(step),
        learned_at=now,
    )


def _move(alert: Alert, step: Mapping[str, Any], seq: int) -> None:
    """What the step makes of the alert, by the same rule as everywhere (`Told.add`)."""
    told = Told(alert.id, {}, {}, alert.tier, alert.channel, 0 if alert.cleared_at else None)
    told.add(step)
    alert.tier, alert.tier_rank, alert.channel = told.tier, TIERS.index(told.tier) + 1, told.channel
    alert.cleared_at = moment(step["at"]) if told.cleared_at is not None else None
    alert.moved_at, alert.steps, alert.last_seq = moment(step["at"]), alert.steps + 1, seq
    alert.first_seq = alert.first_seq or seq
    reason = Text(**step["reason"])
    if any(reason):
        alert.reason_zh, alert.reason_en = reason
