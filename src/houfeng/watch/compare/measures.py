"""What the alerts of one version are worth against labels, and what they cost in work. Every definition is here.

Let h be the horizon in days, a an alert that spoke at moment a (for a tier: when it first reached that tier or a
higher one), and e the local midnight with which a bad day begins. Labels are known up to and with the day `until`.

With dated labels:

- a is **true** where its key has a bad e with a < e ≤ a + h.
- a is **after** where it is not true and its key already had a bad e ≤ a: nothing was left to warn of. Not counted.
- a is **too young** where a + h is later than the end of `until`: what follows is not known yet (right-censoring).
  Not counted either way, even where it has already come true, because the others of its age could not yet have;
  those that did come true are told as `young_true`.
- a is **unlabelled** where its key has no label or is bad on no known day. Not counted.
- All else is **false**. **Precision** = true ÷ (true + false).
- A **bad key** has a bad e after the first day of the period and not after its last; its first such e counts. It is
  **recalled** where some a of it has e − h ≤ a < e. **Recall** = recalled ÷ bad keys. A key not recalled that had
  an alert open at e all the same, because it spoke before e − h, is `standing`. Bad keys with e − h before the
  first day have not their whole horizon in the period (left-censoring): `short_history`.
- **Lead time** of a recalled key = e − the first such a, in days.

With undated labels nothing is known of time: a is true where its key is bad and false where it is good; a bad key
is recalled where it has any a in the period. That is separation, not warning.

In both: **key precision** = bad ÷ labelled among the keys with a counted a; **false alarm rate** = good keys with
an a ÷ good keys. Shares have Wilson's 95 % interval (`labels.share`).

Work: alerts ÷ days of the period ÷ officers; the busiest day; alerts ÷ watched keys × 100 ÷ months of 30.4375 days.


"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from houfeng.packs.model import TIERS
from houfeng.watch.compare.notice import Notice, grouped
from houfeng.watch.labels import Labels, Share, share

DAY = timedelta(days=1)
MONTH = 365.25 / 12


@dataclass(frozen=True, slots=True)
class Frame:
    """Over what is measured: the days of the period, the horizon, until when labels are known, how many do the work."""

    first: date
    last: date
    horizon: int = 180
    until: date | None = None
    officers: int = 1

    @property
    def days(self) -> int:
        """The days of the period, both ends included."""
        return (self.last - self.first).days + 1

    @property
    def known(self) -> date:
        """The last day whose bad events are known; by default the last day of the period."""
        return self.until or self.last


@dataclass(frozen=True, slots=True)
class Work:
    """What the alerts ask of people."""

    alerts: int
    keys: int
    per_officer_day: float
    busiest: tuple[date, int] | None
    per_hundred_key_months: float | None


@dataclass(frozen=True, slots=True)
class Worth:
    """What the alerts say against labels; the module says how each figure is defined."""

    precision: Share
    recall: Share
    key_precision: Share
    false_alarms: Share
    after: int
    young: int
    young_true: int
    unlabelled: int
    standing: int
    short_history: int
    lead: tuple[float, float, float] | None
    """Lower quartile, median and upper quartile of the lead time in days."""
    caught: frozenset[str]
    """The bad keys recalled."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """An alert and the moment it spoke."""

    notice: Notice
    at: datetime


def spoken(notices: Iterable[Notice], tier: str | None = None) -> list[Spoken]:
    """Alerts with the moments they opened, or those that reached `tier` with the moments they did."""
    if tier is None:
        return [Spoken(n, n.opened_at) for n in notices]
    return [Spoken(n, at) for n in notices if (at := n.reached(tier)) is not None]


def work(said: Sequence[Spoken], frame: Frame, watched: int | None) -> Work:
    """The work the alerts make; `watched` is the number of keys watched, or nothing where it is not known."""
    days = Counter(s.at.date() for s in said)
    busiest = min(days.items(), key=lambda pair: (-pair[1], pair[0]), default=None)
    return Work(
        alerts=len(said),
        keys=len({s.notice.who for s in said}),
        per_officer_day=len(said) / frame.days / frame.officers,
        busiest=busiest,
        per_hundred_key_months=100 * len(said) / watched / (frame.days / MONTH) if watched else None,
    )


def worth(said: Sequence[Spoken], labels: Labels, frame: Frame) -> Worth:
    """What the alerts say against the labels."""
    return _dated(said, labels, frame) if labels.dated else _undated(said, labels)


def _undated(said: Sequence[Spoken], labels: Labels) -> Worth:
    bad = labels.bad_undated | labels.bad.keys()
    hits = sum(s.notice.key in bad for s in said)
    misses = sum(s.notice.key in labels.good for s in said)
    keys = {s.notice.key for s in said}
    return Worth(
        precision=share(hits, hits + misses),
        recall=share(len(keys & bad), len(bad)),
        key_precision=share(len(keys & bad), len(keys & bad) + len(keys & labels.good)),
        false_alarms=share(len(keys & labels.good), len(labels.good)),
        after=0,
        young=0,
        young_true=0,
        unlabelled=len(said) - hits - misses,
        standing=0,
        short_history=0,
        lead=None,
        caught=frozenset(keys & bad),
    )


def _dated(said: Sequence[Spoken], labels: Labels, frame: Frame) -> Worth:
    judged = [(s, _judge(s, labels, frame)) for s in said]
    counts = Counter(verdict for _, verdict in judged)
    true = {s.notice.key for s, verdict in judged if verdict == "true"}
    false = {s.notice.key for s, verdict in judged if verdict == "false"}
    alarmed = {s.notice.key for s in said} & labels.good
    bad = bad_days(labels, frame)
    leads, standing = _leads(said, bad, frame)
    return Worth(
        precision=share(counts["true"], counts["true"] + counts["false"]),
        recall=share(len(leads), len(bad)),
        key_precision=share(len(true), len(true | false)),
        false_alarms=share(len(alarmed), len(labels.good)),
        after=counts["after"],
        young=counts["young"] + counts["young true"],
        young_true=counts["young true"],
        unlabelled=counts["unlabelled"],
        standing=standing,
        short_history=sum(e - timedelta(days=frame.horizon) < _midnight(frame.first) for e in bad.values()),
        lead=quartiles([lead / DAY for lead in leads.values()]),
        caught=frozenset(leads),
    )


def _judge(said: Spoken, labels: Labels, frame: Frame) -> str:
    key, at, end = said.notice.key, said.at, said.at + timedelta(days=frame.horizon)
    if key not in labels.good and key not in labels.bad:
        return "unlabelled"
    days = [_midnight(day) for day in labels.bad.get(key, ()) if day <= frame.known]
    hit = any(at < e <= end for e in days)
    if not hit and any(e <= at for e in days):
        return "after"
    if end >= _midnight(frame.known) + DAY:
        return "young true" if hit else "young"
    return "true" if hit else "false"


def bad_days(labels: Labels, frame: Frame) -> dict[str, datetime]:
    """The bad keys that can be recalled, each with the midnight of its first bad day within the period."""
    found = {}
    for key, days in labels.bad.items():
        inside = [day for day in days if frame.first < day <= min(frame.last, frame.known)]
        if inside:
            found[key] = _midnight(inside[0])
    return found


def _leads(said: Iterable[Spoken], bad: dict[str, datetime], frame: Frame) -> tuple[dict[str, timedelta], int]:
    """The lead time of each recalled key; and how many of the others had an older alert still open."""
    leads: dict[str, timedelta] = {}
    standing: set[str] = set()
    for s in said:
        e = bad.get(s.notice.key)
        if e is None or s.at >= e:
            continue
        if s.at >= e - timedelta(days=frame.horizon):
            leads[s.notice.key] = max(e - s.at, leads.get(s.notice.key, timedelta()))
        elif s.notice.cleared_at is None or s.notice.cleared_at > e:
            standing.add(s.notice.key)
    return leads, len(standing - leads.keys())


def quartiles(values: Sequence[float]) -> tuple[float, float, float] | None:
    """Lower quartile, median and upper quartile, interpolated linearly (Hyndman and Fan's type 7)."""
    if not values:
        return None
    if len(values) == 1:
        return (values[0],) * 3
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


@dataclass(frozen=True, slots=True)
class Assessment:
    """One row of the page: all rules (`rule` empty) or one, all alerts (`tier` empty) or those that reached a tier."""

    rule: str
    tier: str
    work: Work
    worth: Worth | None


def assess(
    notices: Sequence[Notice], frame: Frame, watched: Mapping[str, int], labels: Labels | None
) -> list[Assessment]:
    """The work and worth of all alerts, of each tier and of each rule and tier that has alerts, in that order.

    `watched` is the number of keys watched by kind; empty where it is not known.
    """
    groups = {"": list(notices), **dict(sorted(grouped(notices).items()))}
    found = []
    for rule, own in groups.items():
        kinds = {n.kind for n in own} if rule else set(watched)
        number = sum(watched.get(kind, 0) for kind in kinds)
        for tier in ("", *reversed(TIERS[1:])):  # the lowest or higher is all
            said = spoken(own, tier or None)
            if said or not (rule or tier):
                judged = worth(said, labels, frame) if labels is not None else None
                found.append(Assessment(rule, tier, work(said, frame, number or None), judged))
    return found
