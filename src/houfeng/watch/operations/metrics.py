"""The figures of a running watch: for Prometheus as text, for `houfeng watch status` as plain values. The same numbers.

Figures are kept as plain numbers and handed to Prometheus when it asks, so that counting a batch costs a few additions,
not one per event. All methods may be called from several threads.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from threading import Lock
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from houfeng.clock import Clock

ACCEPTED, LATE, DUPLICATE, REJECTED = OUTCOMES = ("accepted", "late", "duplicate", "rejected")

RATE_SECONDS = 10
"""The rate is that of so many last seconds."""

SIZES = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
LATENESS = (0, 1, 10, 60, 600, 3_600, 21_600, 86_400, 604_800, 2_592_000)
LATENCY = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

GAUGES = {
    "watermark_seconds": "The watermark: instants before it are closed, in local seconds since 1970-01-01",
    "watermark_lag_seconds": "Clock time less watermark, in seconds of event time",
    "queue_rows": "Rows taken from sources and not in the log yet",
    "log_seq": "Number of the last entry of the log",
    "unflushed_entries": "Entries of the log that are not in the book yet",
    "memory_bytes": "Memory of the windows",
    "snapshot_age_seconds": "Age of the last snapshot of the state",
    "waiting_alerts": "Alerts that the kill switch kept back and nobody released",
    "stopped": "1 while the kill switch is on",
}
"""Figures that are set as they are, with their meaning."""


class Histogram:
    """Counts of values by upper bound, and their sum."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float, times: int = 1) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times

    def add_all(self, values: np.ndarray[Any, Any]) -> None:
        """Count many values at once."""
        places = np.searchsorted(np.asarray(self.bounds), values, side="left")
        for place, number in enumerate(np.bincount(places, minlength=len(self.counts)).tolist()):
            self.counts[place] += number
        self.total += float(values.sum())

    def quantile(self, share: float) -> float | None:
        """The bound below which at least `share` of the values lie; nothing without values or above the last bound."""
        need, seen = share * sum(self.counts), 0
        for bound, number in zip(self.bounds, self.counts, strict=False):
            seen += number
            if seen and seen >= need:
                return bound
        return None

    def family(self, name: str, text: str) -> Metric:
        """The histogram as Prometheus takes it."""
        running, buckets = 0, []
        for bound, number in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            running += number
            buckets.append((bound, running))
        found = HistogramMetricFamily(name, text)
        found.add_metric([], buckets, self.total)
        return found

    def plain(self) -> dict[str, Any]:
        """The histogram as plain values."""
        return {
            "count": sum(self.counts),
            "sum": self.total,
            "p50": self.quantile(0.5),
            "p99": self.quantile(0.99),
            "buckets": dict(zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True)),
        }


class Metrics(Collector):
    """The figures of one watch. `clock` is asked for the rate and for when the status was written."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._events: dict[tuple[str, str, str], int] = {}
        self._alerts: dict[tuple[str, str], int] = {}
        self._episodes: dict[str, int] = {}
        self._gauges: dict[str, float] = {}
        self._recent: deque[tuple[int, int]] = deque(maxlen=RATE_SECONDS * 10)
        self._started = clock()
        self._sizes, self._lateness, self._latency = Histogram(SIZES), Histogram(LATENESS), Histogram(LATENCY)
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def events(self, source: str, kind: str, outcome: str, rows: int) -> None:
        """Count `rows` events: accepted (in the windows), late (stored, outside them), duplicate or rejected."""
        with self._lock:
            place = (source, kind, outcome)
            self._events[place] = self._events.get(place, 0) + rows
            if outcome in (ACCEPTED, LATE):
                self._lately(rows)

    def batch(self, rows: int) -> None:
        """Count a batch by its size."""
        with self._lock:
            self._sizes.add(rows)

    def lateness(self, seconds: np.ndarray[Any, Any]) -> None:
        """Count how far behind the newest instant of their source events came, in whole seconds (0: in order)."""
        with self._lock:
            self._lateness.add_all(seconds)

    def latency(self, seconds: float, alerts: int = 1) -> None:
        """Count the time from receiving the event that moved an alert to having the alert stored."""
        with self._lock:
            self._latency.add(seconds, alerts)

    def alerts(self, routed: Iterable[tuple[str, str]]) -> None:
        """Count steps of alerts by (rule, channel)."""
        with self._lock:
            for place in routed:
                self._alerts[place] = self._alerts.get(place, 0) + 1

    def open_episodes(self, by_tier: dict[str, int]) -> None:
        """Set the number of open episodes of each tier."""
        with self._lock:
            self._episodes = dict(by_tier)

    def gauge(self, name: str, value: float) -> None:
        """Set one of `GAUGES`.

        Raises:
            KeyError: there is no such figure.
        """
        if name not in GAUGES:
            raise KeyError(name)
        with self._lock:
            self._gauges[name] = value

    def text(self) -> bytes:
        """All figures in the text form of Prometheus."""
        return generate_latest(self._registry)

    def status(self, state: str = "running") -> dict[str, Any]:
        """All figures as plain values, with the moment; `state` is `starting`, `running` or `ended`."""
        with self._lock:
            events: dict[str, dict[str, dict[str, int]]] = {}
            for (source, kind, outcome), rows in self._events.items():
                events.setdefault(source, {}).setdefault(kind, {})[outcome] = rows
            alerts: dict[str, dict[str, int]] = {}
            for (rule, channel), number in self._alerts.items():
                alerts.setdefault(rule, {})[channel] = number
            return {
                "state": state,
                "written": self._clock().isoformat(),
                "started": self._started.isoformat(),
                "events_per_second": self._rate(),
                "events": events,
                "alerts": alerts,
                "open_episodes": dict(self._episodes),
                "batch_rows": self._sizes.plain(),
                "lateness_seconds": self._lateness.plain(),
                "alert_latency_seconds": self._latency.plain(),
                **{name: self._gauges.get(name) for name in GAUGES},
            }

    def collect(self) -> Iterator[Metric]:
        """The figures as Prometheus takes them (its own way to ask)."""
        with self._lock:
            families = list(self._families())
        yield from families

    def _families(self) -> Iterator[Metric]:
        events = CounterMetricFamily(
            "houfeng_watch_events", "Events by what became of them", labels=("source", "kind", "outcome")
        )
        for place, rows in self._events.items():
            events.add_metric(place, rows)
        alerts = CounterMetricFamily("houfeng_watch_alert_steps", "Steps of alerts", labels=("rule", "channel"))
        for routed, number in self._alerts.items():
            alerts.add_metric(routed, number)
        episodes = GaugeMetricFamily("houfeng_watch_open_episodes", "Alerts that are open", labels=("tier",))
        for tier, number in self._episodes.items():
            episodes.add_metric([tier], number)
        yield from (events, alerts, episodes)
        yield self._sizes.family("houfeng_watch_batch_rows", "Rows of a batch")
        yield self._lateness.family("houfeng_watch_lateness_seconds", "How far behind the newest instant events came")
        yield self._latency.family("houfeng_watch_alert_latency_seconds", "From receiving an event to the stored alert")
        yield GaugeMetricFamily(
            "houfeng_watch_events_per_second", f"Rate of the last {RATE_SECONDS} s", value=self._rate()
        )
        for name, text in GAUGES.items():
            if name in self._gauges:
                yield GaugeMetricFamily(f"houfeng_watch_{name}", text, value=self._gauges[name])

    def _lately(self, rows: int) -> None:
        """Add rows to the present tenth of a second; a clock that was set back adds to the last one."""
        tenth = self._tenths()
        if self._recent and self._recent[-1][0] >= tenth:
            tenth, before = self._recent.pop()
            rows += before
        self._recent.append((tenth, rows))

    def _rate(self) -> float:
        now = self._tenths()
        span = min(max(now, 10), RATE_SECONDS * 10)
        return sum(rows for tenth, rows in self._recent if tenth > now - RATE_SECONDS * 10) * 10 / span

    def _tenths(self) -> int:
        return int((self._clock() - self._started).total_seconds() * 10)
