"""What a bundle tells: the facts about a firm with where they come from, the alerts with why, what people did.

Facts come from the views of who makes the bundle. Alerts are replayed from the book by the pack, which gives what the
watch gave, byte for byte; a fact behind an alert that the views do not hold is counted, not shown.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

import duckdb

from houfeng.book.connection import quoted
from houfeng.book.model import Time, kinds
from houfeng.book.snapshot import Snapshot
from houfeng.book.storage.manifest import Submission
from houfeng.clock import end_of_day
from houfeng.conduct.portrait import key_of
from houfeng.conduct.reading import Asked, Histories, rows_of
from houfeng.engine.faults import telling
from houfeng.errors import HoufengError, Text
from houfeng.packs.explain import Explainer
from houfeng.packs.model import Pack
from houfeng.packs.roads.measures import EPOCH
from houfeng.watch.alerts import Alert
from houfeng.watch.replay import Replay

ENTERPRISE = "enterprise"


class Past(Protocol):
    """Gives the book as it was known at a moment."""

    def snapshot(self, known_at: datetime | None = None) -> Snapshot:
        """The book as known then, now where no moment is given."""


@dataclass(frozen=True)
class Fact:
    """One row of the book with its source; `sha256` is of its values as canonical JSON."""

    number: int
    kind: str
    record: str
    submission: str
    row: int
    reporter: str
    received_at: datetime | None
    file: str
    content_hash: str
    values: Mapping[str, Any]

    @property
    def sha256(self) -> str:
        """The hash of the values."""
        return hashlib.sha256(canonical(self.values)).hexdigest()

    def plain(self) -> dict[str, Any]:
        """As plain values, with the hash."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {"sha256": self.sha256}


def canonical(values: Mapping[str, Any]) -> bytes:
    """Values as bytes that are always the same: keys sorted, no spaces, decimals and days as text."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str).encode()


@dataclass(frozen=True)
class Reasoned:
    """An alert, its explanation line by line, and whether the explanation comes to the same answer."""

    alert: Alert
    lines: Sequence[str]
    agrees: bool | None  # None: it has no condition of its own, or cannot be computed again


@dataclass(frozen=True)
class Contents:
    """All that goes into a bundle but the papers themselves."""

    enterprise_id: str
    name: str
    as_of: date
    known_at: datetime
    synthetic: bool
    pack: str
    since: date
    facts: Sequence[Fact]
    alerts: Sequence[Reasoned]
    held_back: int = 0  # rows behind alerts that the scope does not hold
    notes: Sequence[Text] = field(default_factory=tuple)


def gather(
    past: Past, snapshot: Snapshot, asked: Asked, histories: Histories, connection: duckdb.DuckDBPyConnection,
    firm: tuple[str, str], as_of: date, since: date, pack: Pack, lang: str = "zh",
) -> Contents:  # fmt: skip
    """Everything about `firm` (its id and name): facts on `as_of`, alerts of the pack from `since` to `as_of`.

    Facts are read through `asked`, explanations are computed on `connection`.
    """
    firm_id, name = firm
    alerts = replayed(snapshot, pack, firm_id, since, as_of)
    told = [explained(past, snapshot, connection, pack, firm_id, alert, lang) for alert in alerts]
    places = {(kind, row["_submission"], row["_row"]): row for kind, row in _rows(asked, firm_id, as_of)}
    behind = {(e.kind, e.submission, e.row) for one in alerts for e in one.evidence if e.kind in kinds()}
    missing = behind - set(places)
    for kind in sorted({kind for kind, _, _ in missing}):
        wanted = sorted((s, r) for k, s, r in missing if k == kind)
        places |= {(kind, row["_submission"], row["_row"]): row for row in _placed(asked, kind, wanted)}
    facts = _facts(places, histories)
    return Contents(
        firm_id, name, as_of, snapshot.known_at, snapshot.synthetic, f"{pack.name} {pack.version} {pack.digest[:12]}",
        since, facts, told, len(behind - set(places)),
    )  # fmt: skip


def replayed(snapshot: Snapshot, pack: Pack, firm_id: str, since: date, until: date) -> list[Alert]:
    """The alerts of a pack about one firm."""
    run = Replay(snapshot.without_late(), pack, since, until, whom={ENTERPRISE: [firm_id]})
    return sorted(run.alerts(), key=lambda alert: (alert.opened_at, alert.rule))


def _rows(asked: Asked, firm_id: str, as_of: date) -> Iterable[tuple[str, dict[str, Any]]]:
    for kind, rows in rows_of(asked, firm_id, as_of).items():
        for row in rows:
            yield kind, row


def _placed(asked: Asked, kind: str, wanted: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    """The rows at these places of the book, as far as the views hold them."""
    listed = ", ".join(f"('{quoted(submission)}', {int(row)})" for submission, row in wanted)
    return asked.rows(f"SELECT * FROM ({asked.select(kind)}) WHERE (_submission, _row) IN ({listed})")


def _facts(places: Mapping[tuple[str, str, int], dict[str, Any]], histories: Histories) -> list[Fact]:
    entries: dict[str, dict[str, Submission]] = {}
    found = []
    order = sorted(places, key=lambda place: (place[0], key_of(kinds()[place[0]], places[place]), place[1], place[2]))
    for number, (kind, submission, row) in enumerate(order, start=1):
        if kind not in entries:
            entries[kind] = {entry.submission_id: entry for entry in histories.history(kind)}
        entry, values = entries[kind].get(submission), places[kind, submission, row]
        told = {name: values[name] for name in kinds()[kind].fields if values.get(name) is not None}
        source: tuple[str, datetime | None, str, str] = ("", None, "", "")
        if entry is not None:
            source = (entry.reporter, entry.received_at, entry.file, entry.content_hash)
        found.append(Fact(number, kind, key_of(kinds()[kind], values), submission, row, *source, told))
    return found


class AsWatched:
    """The book as the watch saw it on a day: events that were in time, all else as known on that day."""

    def __init__(self, events: Snapshot, then: Snapshot) -> None:
        """`events` gives the events, `then` the rest."""
        self._events, self._then = events, then

    def select(
        self, kind: str, *, as_of: date | None = None, exact: bool = False, columns: Sequence[str] | None = None
    ) -> str:
        """SQL of the rows of a kind."""
        view = self._events if kinds()[kind].time is Time.EVENT else self._then
        return view.select(kind, as_of=as_of, exact=exact, columns=columns)


def explained(
    past: Past, snapshot: Snapshot, connection: duckdb.DuckDBPyConnection, pack: Pack, firm_id: str, alert: Alert,
    lang: str,
) -> Reasoned:  # fmt: skip
    """Why an alert fired: the tree of the condition at its instant, computed again."""
    rule = pack.rules[alert.rule.partition("/")[2] or alert.rule]
    if rule.merge:
        return Reasoned(alert, [alert.reason.get(lang)], None)
    day = alert.opened_at.date()
    views = AsWatched(snapshot.without_late(), past.snapshot(end_of_day(day)))
    instant = int((alert.opened_at - EPOCH).total_seconds())
    try:
        with telling():
            explainer = Explainer(pack, views, connection, day, day, instant)
            told = explainer.explain(ENTERPRISE, {"enterprise_id": firm_id}, [f"{rule.name}:{alert.tier_at_opening}"])
    except HoufengError as error:
        return Reasoned(alert, [alert.reason.get(lang), error.render(lang)], None)
    return Reasoned(alert, told.lines(lang), told.traces[0].value is True)
