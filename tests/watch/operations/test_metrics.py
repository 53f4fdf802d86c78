"""The figures: one set of numbers, told in two forms."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from houfeng.watch.operations.metrics import GAUGES, LATENCY, LATENESS, Histogram, Metrics

START = datetime(2026, 1, 16, 9, 30)


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def filled(clock: Hand) -> Metrics:
    metrics = Metrics(clock)
    clock.now += timedelta(seconds=20)
    metrics.events("kafka", "account_flow", "accepted", 1_000)
    metrics.events("kafka", "account_flow", "rejected", 3)
    metrics.batch(1_003)
    metrics.lateness(np.array([0, 0, 5, 100_000]))
    metrics.latency(0.02, 4)
    metrics.alerts([("demo/overdue", "emitted"), ("demo/overdue", "emitted"), ("demo/news", "held")])
    metrics.open_episodes({"red": 2, "blue": 5})
    for number, name in enumerate(GAUGES):
        metrics.gauge(name, number)
    return metrics


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(metrics.text().decode())
    return {(s.name, *sorted(s.labels.values())): s.value for family in families for s in family.samples}


def test_both_forms_tell_the_same() -> None:
    """Every figure of the status stands in the text of Prometheus (labels by value here)."""
    metrics = filled(Hand())
    status, found = metrics.status(), samples(metrics)
    assert json.loads(json.dumps(status)) == status
    assert found["houfeng_watch_events_total", "accepted", "account_flow", "kafka"] == 1_000
    assert status["events"] == {"kafka": {"account_flow": {"accepted": 1_000, "rejected": 3}}}
    assert found["houfeng_watch_alert_steps_total", "demo/overdue", "emitted"] == 2
    assert status["alerts"] == {"demo/overdue": {"emitted": 2}, "demo/news": {"held": 1}}
    assert found["houfeng_watch_open_episodes", "red"] == 2 == status["open_episodes"]["red"]
    assert found["houfeng_watch_lateness_seconds_count",] == 4 == status["lateness_seconds"]["count"]
    assert found["houfeng_watch_lateness_seconds_bucket", "0"] == 2
    assert found["houfeng_watch_lateness_seconds_bucket", "+Inf"] == 4
    assert found["houfeng_watch_alert_latency_seconds_bucket", "0.025"] == 4
    assert status["alert_latency_seconds"]["p99"] == 0.025
    assert found["houfeng_watch_batch_rows_sum",] == 1_003
    for number, name in enumerate(GAUGES):
        assert found[f"houfeng_watch_{name}",] == number == status[name]


def test_the_rate_is_that_of_the_last_seconds() -> None:
    """Rejected rows do not count; after a quiet while it is nothing; a clock set back harms nothing."""
    clock = Hand()
    metrics = filled(clock)
    assert metrics.status()["events_per_second"] == 100
    clock.now += timedelta(seconds=5)
    for _ in range(100):
        metrics.events("kafka", "account_flow", "late", 10)
    assert metrics.status()["events_per_second"] == 200
    clock.now += timedelta(seconds=6)
    assert metrics.status()["events_per_second"] == 100
    clock.now -= timedelta(hours=1)
    metrics.events("kafka", "account_flow", "accepted", 10)
    clock.now += timedelta(hours=2)
    assert metrics.status()["events_per_second"] == 0


@given(st.lists(st.integers(0, 10_000_000), max_size=50))
def test_many_at_once_counts_as_one_by_one(values: list[int]) -> None:
    """And a quantile is a bound that enough values do not pass."""
    one, many = Histogram(LATENESS), Histogram(LATENESS)
    for value in values:
        one.add(value)
    many.add_all(np.array(values, np.int64))
    assert one.plain() == many.plain()
    bound = one.quantile(0.5)
    if bound is not None:
        assert sum(value <= bound for value in values) * 2 >= len(values)


def test_nothing_yet() -> None:
    """A watch that has just begun tells figures too; unknown ones are absent."""
    metrics = Metrics(Hand())
    assert metrics.status()["memory_bytes"] is None
    assert metrics.status()["alert_latency_seconds"]["p99"] is None
    assert ("houfeng_watch_memory_bytes",) not in samples(metrics)
    with pytest.raises(KeyError):
        metrics.gauge("memory", 1)
    assert Histogram(LATENCY).plain()["count"] == 0


def test_two_watches_do_not_meet() -> None:
    """No global registry."""
    one, other = filled(Hand()), Metrics(Hand())
    assert samples(one) != samples(other)
