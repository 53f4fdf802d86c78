"""A small pack and a second, slow replay in plain Python: the oracle that the SQL replay must equal.

The oracle shares nothing with the replay but the evaluator of expressions: it walks the instants of one key in order,
picks the submission in use by reading the rule in docs/concepts/windows.md literally, and keeps its own episodes.
"""

# ruff: noqa: E501 (the pack below is read best with one item a line)

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from houfeng.book.draft import QUARANTINE, Draft, row_schema
from houfeng.book.model import Time, kinds
from houfeng.book.store import Book
from houfeng.packs.model import TIERS, Pack
from houfeng.packs.roads.evaluate import Evaluator
from houfeng.packs.roads.measures import seconds
from houfeng.packs.roads.rules import rule_items, tier_of
from houfeng.packs.roads.world import Record, World

PACK = """
pack: sample
version: 1.0.0
label: sample
parameters:
  limit: {unit: CNY, label: limit, values: {2025-01-04: 120, 2020-01-01: {value: 100, known_from: 2020-01-01}}}
  floor: {unit: CNY, label: floor, values: {2025-01-06: 20, 2020-01-01: 10}}
indicators:
  out_2d: {label: out, over: enterprise, from: account_flow, where: direction = 'out', measure: sum(amount), window: 2 days}
  in_2d: {label: in, over: enterprise, from: account_flow, where: direction = 'in', measure: sum(amount), window: 2 days}
  out_6h: {label: out, over: enterprise, from: account_flow, measure: count(), window: 6 hours, hop: 1 hour}
  out_before: {label: b, over: enterprise, from: account_flow, measure: sum(amount), window: 2 days, offset: 2 days}
  big_out: {label: b, over: enterprise, from: account_flow, where: "amount >= :floor", measure: count(), window: 1 day, hop: 1 hour}
  partners: {label: p, over: enterprise, from: account_flow, measure: distinct(counterparty_id), window: 3 days}
  top: {label: t, over: enterprise, from: account_flow, where: direction = 'out', measure: "top_share(counterparty_id, amount)", window: 2 days}
  mean_2d: {label: m, over: enterprise, from: account_flow, measure: mean(amount), window: 2 days}
  least_2d: {label: m, over: enterprise, from: account_flow, measure: min(amount), window: 2 days}
  last_2d: {label: l, over: enterprise, from: account_flow, measure: last(balance_after), window: 2 days, hop: 6 hours}
  suits: {label: s, over: enterprise, from: public_record, where: record_type = 'enforcement', measure: count(), window: 3 days}
  quiet: {label: q, over: enterprise, from: account_flow, where: direction = 'in', measure: days_since()}
  overdue: {label: o, over: enterprise, from: loan_balance, measure: max(overdue_days)}
  lent: {label: o, over: enterprise, from: loan_balance, where: quality <> 'FQ05', measure: sum(balance)}
  banks: {label: o, over: enterprise, from: loan_balance, measure: distinct(institution_id)}
  certified: {label: o, over: enterprise, from: enterprise_status, measure: count() > 0}
  share: {label: s, over: enterprise, value: out_2d / in_2d}
rules:
  outflow: {label: r, over: enterprise, when: "out_2d > :limit", tier: orange, clear_when: out_2d < 50, cooldown: 1 day, reason: "{out_2d}"}
  steps: {label: r, over: enterprise, tiers: {yellow: out_6h >= 1, red: out_6h >= 3}, reason: "{out_6h}"}
  silent: {label: r, over: enterprise, tiers: {blue: quiet >= 1, yellow: quiet >= 3}, cooldown: 12 hours, reason: "{quiet}"}
  mixed: {label: r, over: enterprise, when: "(share > 0.8 or top > 0.6) and partners <= 2 and not certified", tier: yellow, reason: "{top}"}
  booked: {label: r, over: enterprise, tiers: {orange: overdue > 30, red: "overdue > 90 or lent > 1000"}, clear_when: overdue = 0, reason: "{lent}"}
  sued: {label: r, over: enterprise, when: suits > 0 and banks >= 1, tier: red, cooldown: 2 days, reason: "{suits}"}
  trend: {label: r, over: enterprise, when: "in_2d < out_before * 0.5 or mean_2d > 60 or last_2d < least_2d", tier: blue, reason: "{mean_2d}"}
  dated: {label: r, over: enterprise, when: "big_out >= 2 and size = 'CS04'", tier: blue, reason: "{big_out}"}
"""


@dataclass
class Told:
    """An episode as the oracle tells it."""

    rule: str
    key: str
    steps: list[tuple[int, str, str]] = field(default_factory=list)
    cleared: tuple[int, str] | None = None


def write_pack(folder: Path) -> Path:
    """The sample pack in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pack.yaml").write_text(PACK, "utf-8")
    return folder


def submit(book: Book, kind: str, reporter: str, period: date | None, rows: list[Record], received: datetime) -> None:
    """Put rows into the book as one submission received at a stated moment."""
    schema = row_schema(kinds()[kind])
    table = pa.Table.from_pylist([{"_row": n, **row} for n, row in enumerate(rows, 1)], schema)
    digest = f"{kind}{reporter}{period}{received}{rows}"
    draft = Draft(kind, reporter, period, table, QUARANTINE.empty_table(), "sample", "", digest)
    book.submit([draft], confirm=True, received_at=received)


@dataclass
class Sent:
    """One submission as the oracle remembers it."""

    kind: str
    reporter: str
    period: date | None
    rows: list[Record]
    received: datetime


class Oracle:
    """The slow replay of one pack over what was sent."""

    def __init__(self, pack: Pack, sent: Iterable[Sent], first: date, last: date) -> None:
        self.pack = rule_items(pack, list(pack.rules.values()))
        self.sent, self.first, self.last = list(sent), first, last
        self.sources = {
            i.measure.source for i in pack.items.values() if i.measure and kinds()[i.measure.source].time is Time.EVENT
        }

    def told(self) -> list[Told]:
        """All episodes, sorted as the replay's alerts are compared."""
        keys = sorted({row["enterprise_id"] for s in self.sent if s.kind == "enterprise" for row in s.rows})
        return [told for key in keys for told in self._key(key)]

    def _key(self, key: str) -> list[Told]:
        states = [(t, opening, self._levels(key, t)) for t, opening in self._instants(key)]
        found = []
        for rule in self.pack.rules.values():
            found += self._episodes(
                rule.name, key, rule.cooldown, [(t, o, *levels[rule.name]) for t, o, levels in states]
            )
        return found

    def _episodes(self, rule: str, key: str, cooldown: int, states: list[tuple[int, str, int, bool]]) -> list[Told]:
        found: list[Told] = []
        current: Told | None = None
        closed_until = -(10**15)
        for t, opening, level, may_clear in states:
            if current is None and level > 0 and t >= closed_until:
                current = Told(rule, key, [(t, TIERS[level - 1], opening)])
                found.append(current)
            elif current is not None and level > TIERS.index(current.steps[-1][1]) + 1:
                current.steps.append((t, TIERS[level - 1], opening))
            elif current is not None and level == 0 and may_clear:
                current.cleared, closed_until, current = (t, opening), t + cooldown, None
        return found

    def _instants(self, key: str) -> list[tuple[int, str]]:
        events: dict[int, list[str]] = {}
        for sent in self.sent:
            kind = kinds()[sent.kind]
            for row in sent.rows if sent.kind in self.sources else ():
                if row["enterprise_id"] == key:
                    ids = "|".join(str(row.get(k) or "") for k in kind.key)
                    events.setdefault(instant(row[kind.time_field]), []).append(f"{sent.kind}:{ids}")
        born = [date(1970, 1, 1) + timedelta(days=t // 86400) for t in events]
        day = self.first
        while day <= self.last and not (born and min(born) <= day) and not self._known(key, day):
            day += timedelta(days=1)
        start, end = instant(self.first), instant(self.last) + 86399
        merged = {t: min(ids) for t, ids in events.items() if start <= t <= end}
        while day <= self.last:
            merged[instant(day) + 86399] = f"tick:{day}"
            day += timedelta(days=1)
        return sorted(merged.items())

    def _known(self, key: str, day: date) -> bool:
        rows = self._features(day)
        return any(row.get("enterprise_id", row.get("borrower_id")) == key for kind in rows for row in rows[kind])

    def _levels(self, key: str, t: int) -> dict[str, tuple[int, bool]]:
        day = date(1970, 1, 1) + timedelta(days=t // 86400)
        rows = self._features(day)
        for sent in self.sent:
            if sent.kind in self.sources:
                rows.setdefault(sent.kind, []).extend(sent.rows)
        world = World(day, day, instant=t, rows=rows)
        own = [r for r in rows.get("enterprise", []) if r["enterprise_id"] == key]
        record = own[0] if own else {"enterprise_id": key}
        evaluator = Evaluator(self.pack, world)
        levels = {}
        for rule in self.pack.rules.values():
            tier = tier_of(rule, lambda item: evaluator.item(self.pack.items[("enterprise", item)], record).value)
            clear = (
                rule.clear_when is None
                or evaluator.item(self.pack.items[("enterprise", f"{rule.name}:clear")], record).value is True
            )
            levels[rule.name] = (TIERS.index(tier) + 1 if tier else 0, clear)
        return levels

    def _features(self, day: date) -> dict[str, list[Record]]:
        began = datetime(day.year, day.month, day.day)
        rows: dict[str, list[Record]] = {}
        for kind in {s.kind for s in self.sent} - self.sources:
            for reporter in {s.reporter for s in self.sent if s.kind == kind}:
                known: dict[Any, Sent] = {}
                for sent in self.sent:
                    if (sent.kind, sent.reporter) == (kind, reporter) and sent.received <= began:
                        known[sent.period] = sent  # a later submission of the same period replaces the earlier
                past = [p for p in known if p <= day]
                if kinds()[kind].time is Time.VALIDITY and not past:
                    past = [min(known)] if known else []
                for row in known[max(past)].rows if past else ():
                    if kinds()[kind].time is Time.PERIOD or _valid(row, day):
                        rows.setdefault(kind, []).append(row)
        return rows


def _valid(row: Record, day: date) -> bool:
    start, end = row.get("valid_from"), row.get("valid_to")
    return (start is None or start <= day) and (end is None or day < end)


def instant(moment: date | datetime) -> int:
    """Seconds of a moment; a bare date is its midnight."""
    return seconds(moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day))
