"""A small pack and a second, slow replay in plain Python: the oracle that the SQL replay must equal.

The oracle shares nothing with the replay but the evaluator of expressions: it walks the instants of one key in order,
picks the submission in use by reading the rule in docs/concepts/windows.md literally, and keeps its own episodes.
"""

# ruff: noqa: E501 (the pack below is read best with one item a line)

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from houfeng.book.draft import QUARANTINE, Draft, row_schema
from houfeng.book.model import Time, kinds
from houfeng.book.store import Book
from houfeng.packs.membership import Membership
from houfeng.packs.model import TIERS, Pack, Rule
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
  spent: {label: a, over: enterprise, from: account_flow, where: direction = 'out', measure: sum(amount), window: 3 days, after: {from: account_flow, where: direction = 'in'}}
  spent_times: {label: a, over: enterprise, from: account_flow, measure: count(), window: 30 hours, hop: 6 hours, after: {from: account_flow, where: direction = 'in'}}
  spent_top: {label: a, over: enterprise, from: account_flow, measure: "top_share(counterparty_id, amount) > 0.5", window: 2 days, after: {from: account_flow, where: "amount >= :floor and direction = 'in'"}}
  spent_with: {label: a, over: enterprise, from: account_flow, where: direction = 'out', measure: distinct(counterparty_id), window: 2 days, after: {from: public_record}}
  spent_last: {label: a, over: enterprise, from: account_flow, measure: last(balance_after), window: 2 days, hop: 1 hour, after: {from: account_flow, where: direction = 'out'}}
  unanswered: {label: w, over: enterprise, from: account_flow, where: direction = 'out', measure: days_since(), without: {from: account_flow, where: direction = 'in'}}
  ignored: {label: w, over: enterprise, from: public_record, measure: days_since() >= 2, without: {from: account_flow, where: "amount > :floor"}}
  month_in: {label: c, over: enterprise, from: account_flow, where: direction = 'in', measure: sum(amount), since: month}
  quarter_partners: {label: c, over: enterprise, from: account_flow, measure: distinct(counterparty_id), since: quarter}
  year_top: {label: c, over: enterprise, from: account_flow, measure: "top_share(counterparty_id, amount)", since: year}
  year_suits: {label: c, over: enterprise, from: public_record, measure: count(), since: year}
  group_out: {label: g, over: connected_group, from: account_flow, through: group_member, where: direction = 'out', measure: sum(amount), window: 2 days}
  group_partners: {label: g, over: connected_group, from: account_flow, through: group_member, measure: distinct(counterparty_id), window: 3 days}
  group_spent: {label: g, over: connected_group, from: account_flow, through: group_member, measure: count(), window: 3 days, after: {from: public_record}}
  group_lent: {label: g, over: connected_group, from: loan_balance, by: borrower_id, through: group_member, measure: sum(balance)}
  group_suits: {label: g, over: connected_group, from: public_record, through: group_member, measure: days_since(), without: {from: account_flow, where: direction = 'in'}}
  net: {label: n, over: account_flow, value: amount - balance_after}
rules:
  outflow: {label: r, over: enterprise, group: a, when: "out_2d > :limit", tier: orange, clear_when: out_2d < 50, cooldown: 1 day, reason: "{out_2d}"}
  steps: {label: r, over: enterprise, group: b, tiers: {yellow: out_6h >= 1, red: out_6h >= 3}, reason: "{out_6h}"}
  silent: {label: r, over: enterprise, tiers: {blue: quiet >= 1, yellow: quiet >= 3}, cooldown: 12 hours, reason: "{quiet}"}
  mixed: {label: r, over: enterprise, group: c, when: "(share > 0.8 or top > 0.6) and partners <= 2 and not certified", tier: yellow, reason: "{top}"}
  booked: {label: r, over: enterprise, group: d, tiers: {orange: overdue > 30, red: "overdue > 90 or lent > 1000"}, clear_when: overdue = 0, reason: "{lent}"}
  sued: {label: r, over: enterprise, group: d, when: suits > 0 and banks >= 1, tier: red, cooldown: 2 days, reason: "{suits}"}
  trend: {label: r, over: enterprise, group: b, when: "in_2d < out_before * 0.5 or mean_2d > 60 or last_2d < least_2d", tier: blue, reason: "{mean_2d}"}
  dated: {label: r, over: enterprise, when: "big_out >= 2 and size = 'CS04'", tier: blue, reason: "{big_out}"}
  passed_on: {label: r, over: enterprise, group: e, tiers: {blue: spent >= 0.5 * in_2d, yellow: "spent_times >= 2 and spent_with >= 1", red: spent_top and spent_last < 10}, reason: "{spent}"}
  not_one: {label: r, over: enterprise, when: spent_times = 1 or spent_with = 0, tier: blue, reason: "{spent_with}"}
  left_open: {label: r, over: enterprise, tiers: {blue: unanswered >= 1, yellow: unanswered >= 3 or ignored}, cooldown: 1 hour, reason: "{unanswered}"}
  calendar: {label: r, over: enterprise, tiers: {blue: "month_in = 0 and as_of() - quarter_start(as_of()) >= 1", yellow: quarter_partners >= 2 and year_top < 0.7, orange: year_suits >= 2}, reason: "{month_in}"}
  parallel: {label: r, over: enterprise, group: a, merge: {groups: 3}, cooldown: 1 day, reason: "{groups} {open_groups} {:limit}"}
  pair: {label: r, over: enterprise, merge: {groups: 2}, reason: "{groups}"}
  group_flow: {label: r, over: connected_group, tiers: {blue: group_out > 20, yellow: "group_out > :limit", red: group_partners >= 3 and group_lent > 1000}, cooldown: 1 day, reason: "{group_out}"}
  group_order: {label: r, over: connected_group, when: group_spent >= 2 or group_suits >= 1 or group_lent = 900, tier: blue, clear_when: "name is not null", reason: "{group_spent}"}
  large: {label: r, over: account_flow, tiers: {yellow: "amount >= :limit", red: "net > 60 and direction = 'out'"}, reason: "{amount} {net}"}
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
        self.pack = rule_items(pack, [rule for rule in pack.rules.values() if not rule.merge])
        self.sent, self.first, self.last = list(sent), first, last
        self.events = {s.kind for s in self.sent if kinds()[s.kind].time is Time.EVENT}
        self.features = cache(self._features)

    def told(self) -> list[Told]:
        """All episodes, sorted as the replay's alerts are compared."""
        found: list[Told] = []
        for kind in dict.fromkeys(rule.over for rule in self.pack.rules.values()):
            if kind in self.events:
                found += [told for rule in self._rules(kind) for told in self._singles(rule)]
                continue
            field = kinds()[kind].key[0]
            keys = sorted({row[field] for s in self.sent if s.kind == kind for row in s.rows})
            found += [told for key in keys for told in self._key(kind, key)]
        return found

    def _rules(self, kind: str) -> list[Rule]:
        return [rule for rule in self.pack.rules.values() if rule.over == kind and not rule.merge]

    def _key(self, kind: str, key: str) -> list[Told]:
        states = [(t, opening, self._levels(kind, key, t)) for t, opening in self._instants(kind, key)]
        found = []
        for rule in self._rules(kind):
            found += self._episodes(rule, key, [(t, o, *levels[rule.name]) for t, o, levels in states])
        merging = [rule for rule in self.pack.rules.values() if rule.over == kind and rule.merge]
        return found + [told for rule in merging for told in self._merged(rule, key, found, states)]

    def _episodes(self, rule: Rule, key: str, states: list[tuple[int, str, int, bool]]) -> list[Told]:
        found: list[Told] = []
        current: Told | None = None
        closed_until = -(10**15)
        for t, opening, level, may_clear in states:
            if current is None and level > 0 and t >= closed_until:
                current = Told(rule.name, key, [(t, TIERS[level - 1], opening)])
                found.append(current)
            elif current is not None and level > TIERS.index(current.steps[-1][1]) + 1:
                current.steps.append((t, TIERS[level - 1], opening))
            elif current is not None and level == 0 and may_clear:
                current.cleared, closed_until, current = (t, opening), t + rule.cooldown, None
        return found

    def _merged(self, rule: Rule, key: str, found: list[Told], states: list[Any]) -> list[Told]:
        """At each instant at which an episode of a rule with a group changes, look at all that are open then."""
        counted = [told for told in found if self.pack.rules[told.rule].group]
        signals = []
        for t, opening, _ in states:
            if not any(t in (*(s[0] for s in told.steps), (told.cleared or (None,))[0]) for told in counted):
                continue
            now = [e for e in counted if e.steps[0][0] <= t and (e.cleared is None or e.cleared[0] > t)]
            highest = [max(TIERS.index(s[1]) for s in e.steps if s[0] <= t) + 1 for e in now]
            enough = len({self.pack.rules[e.rule].group for e in now}) >= rule.merge
            signals.append((t, opening, min(4, 1 + max(highest)) if enough else 0, True))
        return self._episodes(rule, key, signals)

    def _singles(self, rule: Rule) -> Iterator[Told]:
        kind = kinds()[rule.over]
        for row in (row for sent in self.sent if sent.kind == rule.over for row in sent.rows):
            t = instant(row[kind.time_field])
            world = World(day_of(t), day_of(t), instant=t)
            tier = tier_of(rule, partial(self._value, Evaluator(self.pack, world), kind.name, row))
            if tier and instant(self.first) <= t <= instant(self.last) + 86399:
                event = "|".join(str(row.get(k) or "") for k in kind.key)
                yield Told(rule.name, event, [(t, tier, f"{rule.over}:{event}")], (t, f"{rule.over}:{event}"))

    def _value(self, evaluator: Evaluator, kind: str, row: Record, item: str) -> Any:
        return evaluator.item(self.pack.items[(kind, item)], row).value

    def _measured(self, kind: str) -> set[tuple[str, str, str]]:
        """What the items over a kind measure: the source, the field that leads to the key, the members' kind."""
        measures = [item.measure for item in self.pack.over(kind) if item.measure is not None]
        return {(rows.source, rows.by[0], m.through) for m in measures for rows in (m, *m.marks)}

    def _belongs(self, row: Record, by: str, through: str, key: str, day: date) -> bool:
        if not through:
            return bool(row[by] == key)
        members = self.features(day).get(through, [])
        return any(m["group_id"] == key and m["enterprise_id"] == row[by] for m in members)

    def _instants(self, over: str, key: str) -> list[tuple[int, str]]:
        events: dict[int, set[str]] = {}
        for source, by, through in self._measured(over):
            kind = kinds()[source]
            for row in (row for sent in self.sent if sent.kind == source in self.events for row in sent.rows):
                t = instant(row[kind.time_field])
                if self._belongs(row, by, through, key, day_of(t)):
                    ids = "|".join(str(row.get(k) or "") for k in kind.key)
                    events.setdefault(t, set()).add(f"{source}:{ids}")
        born = min((day_of(t) for t in events), default=date.max)
        day = self.first
        while day <= self.last and born > day and not self._known(over, key, day):
            day += timedelta(days=1)
        start, end = instant(self.first), instant(self.last) + 86399
        merged = {t: min(ids) for t, ids in events.items() if start <= t <= end}
        while day <= self.last:
            merged[instant(day) + 86399] = f"tick:{day}"
            day += timedelta(days=1)
        return sorted(merged.items())

    def _known(self, over: str, key: str, day: date) -> bool:
        """Whether a record or a feature of the key has been seen by that day."""
        own = (over, kinds()[over].key[0], "")
        return any(
            self._belongs(row, by, through, key, seen)
            for source, by, through in {own, *self._measured(over)} - self._of_events(over)
            for seen in (day - timedelta(days=n) for n in range((day - date(2024, 12, 29)).days))
            for row in self.features(seen).get(source, [])
        )

    def _of_events(self, over: str) -> set[tuple[str, str, str]]:
        return {way for way in self._measured(over) if way[0] in self.events}

    def _levels(self, kind: str, key: str, t: int) -> dict[str, tuple[int, bool]]:
        day = day_of(t)
        rows = {name: list(found) for name, found in self.features(day).items()}
        for sent in self.sent:
            if sent.kind in self.events:
                rows.setdefault(sent.kind, []).extend(sent.rows)
        world = Members(day, day, instant=t, rows=rows)
        world.oracle = self
        field = kinds()[kind].key[0]
        own = [r for r in rows.get(kind, []) if r[field] == key]
        value = partial(self._value, Evaluator(self.pack, world), kind, own[0] if own else {field: key})
        levels = {}
        for rule in self._rules(kind):
            tier = tier_of(rule, value)
            clear = rule.clear_when is None or value(f"{rule.name}:clear") is True
            levels[rule.name] = (TIERS.index(tier) + 1 if tier else 0, clear)
        return levels

    def _features(self, day: date) -> dict[str, list[Record]]:
        began = datetime(day.year, day.month, day.day)
        rows: dict[str, list[Record]] = {}
        for kind in {s.kind for s in self.sent} - self.events:
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


class Members(World):
    """A world in which an event belongs to the groups its member was in on the event's day, as known then."""

    oracle: Oracle

    def members_rows(self, members: Membership, kind: str, by: tuple[str, ...], group: Any) -> list[Record]:
        """The rows of members, each looked at on its own day."""
        field = kinds()[kind].time_field if kind in self.oracle.events else ""
        return [
            row
            for row in self.rows.get(kind, [])
            if self.oracle._belongs(
                row, by[0], members.kind, group, day_of(instant(row[field])) if field else self.as_of
            )
        ]


def _valid(row: Record, day: date) -> bool:
    start, end = row.get("valid_from"), row.get("valid_to")
    return (start is None or start <= day) and (end is None or day < end)


def day_of(t: int) -> date:
    """The day of an instant."""
    return date(1970, 1, 1) + timedelta(days=t // 86400)


def instant(moment: date | datetime) -> int:
    """Seconds of a moment; a bare date is its midnight."""
    return seconds(moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day))
