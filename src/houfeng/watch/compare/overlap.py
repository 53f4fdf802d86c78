"""Which rule adds what the others miss, and what a budget of alerts per rule and day would hold back.

A rule is *open* on a day for a key where one of its alerts is open at some moment of that day; the pair is a key-
day. Of a rule's key-days those on which no other rule is open for that key are its *own*. A rule without any of its
own **adds nothing**: taken out alone, no day would pass on which a key that stands warned would stand unwarned. Two
rules that always speak together each add nothing; taken out together they may. So rules are to be taken out one at
a time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from houfeng.packs.model import TIERS
from houfeng.watch.compare.measures import Frame, spoken, worth
from houfeng.watch.compare.notice import Key, Notice, grouped
from houfeng.watch.labels import Labels

Stretch = tuple[int, int]
"""Days as ordinals, from the first to before the second."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """What one rule adds. Keys and months count where the rule is open; `own_…` where no other rule is open."""

    rule: str
    alerts: int
    keys: int
    own_keys: int
    """Keys for which no other rule was open on any day."""
    key_months: int
    own_key_months: int
    """Key-months in which no other rule was open on any day."""
    key_days: int
    own_key_days: int
    twin: str
    """The rule that overlaps most, by Jaccard; empty where none does."""
    jaccard: float
    """Key-days with both open ÷ key-days with either open."""
    only_caught: int | None
    """Bad keys that only this rule catches (`measures`: recalled); nothing without labels."""

    @property
    def covered(self) -> float | None:
        """The share of its key-days on which another rule is open too."""
        return 1 - self.own_key_days / self.key_days if self.key_days else None

    @property
    def adds_nothing(self) -> bool:
        """No key-day of its own."""
        return self.own_key_days == 0


def overlaps(
    notices: Sequence[Notice],
    first: date,
    last: date,
    *,
    rules: Iterable[str] = (),
    labels: Labels | None = None,
    horizon: int = 180,
) -> list[Overlap]:
    """What each rule adds over the days `first` to `last`, the rule with most key-days of its own first.

    `rules` names rules that may have no alert; they stand last. Alerts outside the days are cut to them.
    """
    count = _Counts()
    opened: dict[Key, dict[str, list[Stretch]]] = defaultdict(lambda: defaultdict(list))
    for n in notices:
        opened[n.who][n.rule].append(_stretch(n, first, last))
    for who, by_rule in opened.items():
        count.add(who, {rule: _joined(stretches) for rule, stretches in by_rule.items()})
    groups = grouped(notices)
    caught = _only_caught(groups, labels, Frame(first, last, horizon)) if labels is not None else None
    found = [
        count.overlap(rule, len(groups.get(rule, ())), None if caught is None else caught[rule])
        for rule in dict.fromkeys([*groups, *rules])
    ]
    return sorted(found, key=lambda o: (-o.own_key_days, -o.key_days, o.rule))


def _stretch(notice: Notice, first: date, last: date) -> Stretch:
    """The days a notice is open at some moment of: a clearing at a midnight does not touch that day."""
    start = max(notice.opened_at.date(), first).toordinal()
    if notice.cleared_at is None or notice.cleared_at.date() > last:
        return start, last.toordinal() + 1
    cleared = notice.cleared_at
    end = cleared.date().toordinal() + (cleared.time() > time.min)
    return start, max(start, end)


def _joined(stretches: list[Stretch]) -> list[Stretch]:
    found: list[Stretch] = []
    for start, end in sorted(stretches):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


class _Counts:
    """Counts key-days, key-months and keys, alone and together, key by key."""

    def __init__(self) -> None:
        self.days: Counter[str] = Counter()
        self.own_days: Counter[str] = Counter()
        self.together: Counter[tuple[str, str]] = Counter()
        self.months: Counter[str] = Counter()
        self.own_months: Counter[str] = Counter()
        self.keys: Counter[str] = Counter()
        self.own_keys: Counter[str] = Counter()

    def add(self, who: Key, by_rule: Mapping[str, list[Stretch]]) -> None:
        """Count one key: sweep over the days on which the set of open rules changes."""
        live = {rule: stretches for rule, stretches in by_rule.items() if stretches}
        turns: dict[int, list[tuple[str, bool]]] = defaultdict(list)
        for rule, stretches in live.items():
            for start, end in stretches:
                turns[start].append((rule, True))
                turns[end].append((rule, False))
        held: set[str] = set()
        before = 0
        for day in sorted(turns):
            self._stretch(held, day - before)
            for rule, begins in turns[day]:
                (held.add if begins else held.discard)(rule)
            before = day
        months: dict[str, set[str]] = defaultdict(set)
        for rule, stretches in live.items():
            for month in _months(stretches):
                months[month].add(rule)
        for rules in months.values():
            self.months.update(rules)
            self.own_months.update(rules if len(rules) == 1 else ())
        self.keys.update(list(live))
        self.own_keys.update(list(live) if len(live) == 1 else ())

    def _stretch(self, held: set[str], length: int) -> None:
        for rule in held:
            self.days[rule] += length
            for other in held:
                if other != rule:
                    self.together[(rule, other)] += length
        if len(held) == 1:
            self.own_days[next(iter(held))] += length

    def overlap(self, rule: str, alerts: int, only_caught: int | None) -> Overlap:
        """What one rule adds."""
        twins = [
            (both / (self.days[rule] + self.days[other] - both), other)
            for (one, other), both in self.together.items()
            if one == rule
        ]
        jaccard, twin = min(twins, key=lambda pair: (-pair[0], pair[1]), default=(0.0, ""))
        return Overlap(
            rule=rule,
            alerts=alerts,
            keys=self.keys[rule],
            own_keys=self.own_keys[rule],
            key_months=self.months[rule],
            own_key_months=self.own_months[rule],
            key_days=self.days[rule],
            own_key_days=self.own_days[rule],
            twin=twin,
            jaccard=jaccard,
            only_caught=only_caught,
        )


def _months(stretches: Iterable[Stretch]) -> set[str]:
    found = set()
    for start, end in stretches:
        day, last = date.fromordinal(start).replace(day=1), date.fromordinal(end - 1)
        while day <= last:
            found.add(day.strftime("%Y-%m"))
            day = (day + timedelta(days=31)).replace(day=1)
    return found


def _only_caught(groups: Mapping[str, list[Notice]], labels: Labels, frame: Frame) -> Counter[str]:
    caught = {rule: worth(spoken(own), labels, frame).caught for rule, own in groups.items()}
    times = Counter(key for keys in caught.values() for key in keys)
    return Counter({rule: sum(times[key] == 1 for key in keys) for rule, keys in caught.items()})


@dataclass(frozen=True, slots=True)
class Held:
    """What a budget of alerts per rule and day does to one rule: passed and held back, and the days it bit."""

    rule: str
    alerts: int
    passed: int
    held: int
    days: int
    """Days on which something was held back."""
    worst: tuple[date, int] | None
    """The day on which most were held back, and how many."""
    tiers: Mapping[str, int]
    """Held back by tier, as it stood at the end of the day."""


def budget(notices: Iterable[Notice], number: int) -> tuple[list[Held], list[Notice]]:
    """What is held back where each rule may open only `number` alerts a day; and the alerts held back, in order.

    Within a rule's day the order is: tier at the day's end from high to low, then opening time, then key. What is held
    back does not come up on a later day; an escalation on a later day is no new alert and is not counted. The live
    watch cannot wait for a day's end: it takes alerts as they come, and never holds a red one.
    """
    held: list[Notice] = []
    told = []
    for rule, own in sorted(grouped(notices).items()):
        days: dict[date, list[Notice]] = defaultdict(list)
        for notice in own:
            days[notice.opened_at.date()].append(notice)
        back = {day: sorted(on, key=_order)[number:] for day, on in sorted(days.items())}
        mine = [notice for on in back.values() for notice in on]
        worst = min(((day, len(on)) for day, on in back.items() if on), key=lambda p: (-p[1], p[0]), default=None)
        tiers = Counter(_tier(notice) for notice in mine)
        bitten = sum(bool(on) for on in back.values())
        told.append(Held(rule, len(own), len(own) - len(mine), len(mine), bitten, worst, tiers))
        held += mine
    return sorted(told, key=lambda h: (-h.held, h.rule)), sorted(held, key=lambda n: (n.opened_at, n.rule, n.key))


def _tier(notice: Notice) -> str:
    return notice.tier_on(datetime.combine(notice.opened_at.date(), time.max))


def _order(notice: Notice) -> tuple[int, datetime, str]:
    return (-TIERS.index(_tier(notice)), notice.opened_at, notice.key)
