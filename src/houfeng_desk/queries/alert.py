"""One alert in full: why it fired, its indicators over time, the rows behind it. All recomputed from the book.

An alert was judged by events as they happened and by features as they were known on its day; what is shown here looks
at the book the same way, through the viewer's scope. Where the scope holds back what the alert rests on, the tree does
not come to the same answer, and the page says so instead of showing it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.book.connection import connect
from houfeng.book.model import Time, kinds
from houfeng.book.snapshot import Snapshot
from houfeng.cases.tables import CaseAlert, CaseFile
from houfeng.clock import end_of_day
from houfeng.errors import InputError, NotFoundError, Text
from houfeng.office.access import Scope, Viewer
from houfeng.office.alerts import reading
from houfeng.office.alerts.tables import Alert, AlertAct, AlertStep
from houfeng.office.scope import ScopedViews
from houfeng.packs.explain import Explainer, Explanation
from houfeng.packs.model import Pack, Rule
from houfeng.packs.roads.measures import EPOCH
from houfeng.watch.alerts import Alert as FullAlert
from houfeng.watch.episodes import CLEARED
from houfeng.watch.operations.deliveries import step_of
from houfeng.watch.reference.series import Series, indicator_series
from houfeng.watch.service.packs import versions
from houfeng.watch.showing import alerts_in_full
from houfeng_desk.desk import Desk
from houfeng_desk.queries.figures import pack_of

BEFORE, AFTER, MOST = 60, 45, 400
"""Days of a chart before the opening and after it (or the clearing), and in all."""

EVASION = "evasion"
"""The folder of a book in which the watch of `evasion-rules` keeps its journal."""


class Packs:
    """The versions of packs the watch has run by, read once; a new one is looked for when a version is not known."""

    def __init__(self, desk: Desk) -> None:
        """Reads nothing yet."""
        self.desk = desk
        self.places = (watch_folder(desk), evasion_folder(desk))  # of the two watches a desk shows
        self._lock = threading.Lock()
        self._found: OrderedDict[tuple[str, str], Pack] = OrderedDict()
        self._folders: tuple[str, ...] | None = None

    def all(self) -> list[Pack]:
        """All kept versions, oldest first; the shipped rules where no watch has run yet."""
        folders = [place / "packs" for place in self.places if (place / "packs").is_dir()]
        names = tuple(sorted(f"{path}" for folder in folders for path in folder.iterdir()))
        with self._lock:
            if names != self._folders:
                kept = [pack for place in self.places for pack in versions(place)]
                self._found = OrderedDict(((pack.name, pack.version), pack) for pack in kept)
                self._folders = names
            return list(self._found.values()) or [pack_of(self.desk, "warning-rules")]

    def find(self, name: str, version: str) -> Pack | None:
        """A version, or nothing where it is not kept any more."""
        return next((pack for pack in self.all() if (pack.name, pack.version) == (name, version)), None)


def rule_of(packs: Packs, alert: Alert) -> tuple[Pack, Rule]:
    """The rule an alert was opened by, in the version of the pack it was.

    Raises:
        NotFoundError: that version is not kept.
    """
    pack = packs.find(alert.pack, alert.version)
    rule = pack.rules.get(alert.rule.partition("/")[2]) if pack is not None else None
    if pack is None or rule is None:
        of = f"{alert.pack} {alert.version}"
        raise NotFoundError(
            Text(
                f"规则的版本 {of} 未留存，不能重算",
                f"the version {of} of the rule is not kept; it cannot be recomputed",
            )
        )
    return pack, rule


class AsWatched:
    """The book as the watch saw it on a day: all events of streams that were in time, all else as known on that day."""

    def __init__(self, now: Snapshot, then: Snapshot) -> None:
        """`now` gives the events, `then` the rest."""
        self._now, self._then = now.without_late(), then
        self.known_at, self.synthetic, self.kinds = then.known_at, now.synthetic, now.kinds

    def select(
        self,
        kind: str,
        *,
        as_of: date | None = None,
        exact: bool = False,
        columns: Sequence[str] | None = None,
        late: bool = True,
    ) -> str:
        """As `Snapshot.select`."""
        view = self._now if kinds()[kind].time is Time.EVENT else self._then
        return view.select(kind, as_of=as_of, exact=exact, columns=columns)

    def history(self, kind: str) -> Any:
        """As `Snapshot.history`."""
        return self._now.history(kind)


@dataclass(frozen=True)
class Why:
    """The explanation of the tier an alert opened with, and whether it comes to the same answer."""

    explanation: Explanation
    agrees: bool


def why(desk: Desk, packs: Packs, scope: Scope, alert: Alert, step: AlertStep) -> Why:
    """The tree of the condition that opened or escalated an alert by `step`, at the instant of it.

    Raises:
        NotFoundError: the version is not kept.
        InputError: the rule has no condition of its own, or its record cannot be seen.
    """
    pack, rule = rule_of(packs, alert)
    if rule.merge:
        raise InputError(
            Text(
                "合并规则没有自己的条件，它依据的预警见下",
                "a merging rule rests on the alerts below, not on a condition",
            )
        )
    day = step.at.date()
    watched = AsWatched(desk.book.snapshot(), desk.book.snapshot(end_of_day(day)))
    views = ScopedViews(watched, scope)
    instant = int((step.at - EPOCH).total_seconds())
    with connect(memory=desk.settings.memory, threads=desk.settings.threads) as connection:
        explainer = Explainer(pack, views, connection, day, day, instant)
        told = explainer.explain(alert.kind, _key(alert), [f"{rule.name}:{step.tier}"])
    return Why(told, told.traces[0].value is True)


def _key(alert: Alert) -> dict[str, Any]:
    kind = kinds()[alert.kind]
    parts = alert.key.split("|") if kind.time is Time.EVENT else [alert.key]
    return dict(zip(kind.key, parts, strict=True))


def indicators(desk: Desk, packs: Packs, alert: Alert, watched_to: date) -> list[Series]:
    """The indicators of an alert's rule around its time, not beyond the day the watch has come to.

    Raises:
        NotFoundError: the version is not kept.
    """
    pack, rule = rule_of(packs, alert)
    opened, ended = alert.opened_at.date(), (alert.cleared_at or alert.moved_at).date()
    last = min(ended + timedelta(days=AFTER), opened + timedelta(days=MOST - BEFORE), watched_to)
    first = opened - timedelta(days=BEFORE)
    settings = desk.settings
    return indicator_series(
        desk.book.snapshot(), pack, rule, alert.key, first, max(last, opened), memory=settings.memory,
        threads=settings.threads,
    )  # fmt: skip


def in_full(desk: Desk, packs: Packs, alert: Alert, kept: Sequence[dict[str, Any]]) -> FullAlert:
    """The alert with the rows it rests on, gathered from the book by the code of the replay. `kept` are the journal's
    records of all alerts of its key.

    Raises:
        NotFoundError: the version is not kept.
    """
    pack, _ = rule_of(packs, alert)
    steps = [step_of(record) for record in kept]
    settings = desk.settings
    found = alerts_in_full(
        desk.book.snapshot(), pack, steps, [alert.id], memory=settings.memory, threads=settings.threads
    )
    return found[0]


def watch_folder(desk: Desk) -> Path:
    """The folder of the watch."""
    return desk.book.path / "watch"


def evasion_folder(desk: Desk) -> Path:
    """The folder of the watch of `evasion-rules`, which runs beside the other: a watch runs one pack."""
    return desk.book.path / EVASION


@dataclass(frozen=True)
class Found:
    """An alert with all that the office knows of it."""

    alert: Alert
    steps: list[AlertStep]
    acts: list[AlertAct]
    others: list[Alert]
    case: CaseFile | None

    @property
    def gravest(self) -> AlertStep:
        """The last step that said why: the opening, or the last escalation."""
        told = [step for step in self.steps if step.what != CLEARED]
        return (told or self.steps)[-1]


def find(session: Session, viewer: Viewer, alert_id: str) -> Found:
    """The alert, within the viewer's scope."""
    alert = reading.find(session, viewer.scope, alert_id)
    case = session.scalars(
        select(CaseFile).join(CaseAlert, CaseAlert.case_id == CaseFile.id).where(CaseAlert.alert_id == alert.id)
    ).first()
    return Found(
        alert,
        list(reading.steps_of(session, alert)),
        list(reading.acts_of(session, alert)),
        list(reading.related(session, viewer.scope, alert)),
        case,
    )
