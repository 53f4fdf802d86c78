"""Topics of librdkafka's own mock cluster: real clients and the real protocol, without a broker."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from houfeng.errors import EnvironmentFault
from houfeng.watch.sources.kafka import KafkaSource
from houfeng.watch.sources.queue import Incoming, IncomingQueue
from watch.sources.event_samples import codes_of, flow, lines, rows_of
from watch.sources.kafka_samples import Cluster


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    """One cluster for all tests; each has a topic of its own."""
    return Cluster()


def wait(until: Callable[[], Any], seconds: float = 120.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def take(queue: IncomingQueue, rows: int) -> list[Incoming]:
    """At least so many rows, good or bad."""
    taken: list[Incoming] = []
    while sum(item.size for item in taken) < rows:
        some = queue.take(1_000_000, 120)
        assert some, "nothing came"
        taken += some
    return taken


def values(numbers: range) -> list[bytes]:
    """Events as messages."""
    return [lines([flow(i)]).strip() for i in numbers]


def test_each_message_is_an_event_with_its_offset(cluster: Cluster) -> None:
    """Of all partitions, with what is wrong; a message may span lines, an empty one is none."""
    cluster.send("all", [*values(range(3)), b"oops", b"", lines([flow(8)], indent=1)])
    cluster.send("all", values(range(10, 12)), partition=1)
    source, queue = KafkaSource(["all"], cluster.settings, kind="account_flow"), IncomingQueue(100)
    source.start(queue.put, {})
    taken = take(queue, 7)
    source.stop()
    by_source = {name: [i for i in taken if i.source == name] for name in {i.source for i in taken}}
    assert set(by_source) == {"kafka:all:0", "kafka:all:1"}
    first = rows_of(by_source["kafka:all:0"])
    assert first.column("_offset").to_pylist() == [0, 1, 2, 5]
    assert first.column("flow_no").to_pylist() == ["F000000", "F000001", "F000002", "F000008"]
    assert rows_of(by_source["kafka:all:1"]).column("_offset").to_pylist() == [0, 1]
    bad = [codes_of(i.rejected) for i in by_source["kafka:all:0"] if i.rejected.num_rows]
    assert bad == [{3: ["watch.not_json"]}]


def test_it_goes_on_behind_our_log_whatever_the_broker_thinks(cluster: Cluster) -> None:
    """What the broker holds as committed is not believed: too far or not far enough."""
    cluster.send("log", values(range(10)))
    other = Consumer({**cluster.settings, "group.id": "houfeng-watch"})
    other.commit(offsets=[TopicPartition("log", 0, 9)], asynchronous=False)
    other.close()
    for known, expected in (({}, range(10)), ({"kafka:log:0": 3}, range(4, 10))):
        source, queue = KafkaSource(["log"], cluster.settings, kind="account_flow"), IncomingQueue(100)
        source.start(queue.put, known)
        assert rows_of(take(queue, len(expected))).column("_offset").to_pylist() == list(expected)
        source.stop()


def test_what_comes_again_is_passed_over(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that delivers from an earlier place than asked for changes nothing."""
    cluster.send("again", values(range(6)))
    monkeypatch.setattr(KafkaSource, "_from_log", lambda _, topic, n: TopicPartition(topic, n, 0 if n else 1))
    source, queue = KafkaSource(["again"], cluster.settings, kind="account_flow"), IncomingQueue(100)
    source.start(queue.put, {"kafka:again:0": 3})
    assert rows_of(take(queue, 2)).column("_offset").to_pylist() == [4, 5]
    source.stop()
    assert queue.rows == 0


def test_a_full_queue_pauses_the_partitions(cluster: Cluster) -> None:
    """Nothing is fetched into memory while nothing is taken; then all of it comes, once and in order."""
    source, queue = KafkaSource(["full"], cluster.settings, kind="account_flow"), IncomingQueue(20)
    cluster.send("full", values(range(1)))
    source.start(queue.put, {})
    taken = take(queue, 1)
    count = 1
    while not source.paused:
        assert count < 5_000, "it was never paused"
        cluster.send("full", values(range(count, count + 30)))
        count += 30
        time.sleep(0.1)
    taken += take(queue, count - 1)
    assert rows_of(taken).column("_offset").to_pylist() == list(range(count))
    wait(lambda: not source.paused)
    source.stop()


def test_the_broker_is_told_for_its_display(cluster: Cluster) -> None:
    """What is durable is committed, at the latest at the end."""
    cluster.send("lag", values(range(5)))
    source, queue = KafkaSource(["lag"], cluster.settings, kind="account_flow"), IncomingQueue(100)
    source.start(queue.put, {})
    take(queue, 5)
    source.acknowledge("kafka:lag:0", 4)
    source.stop()
    looking = Consumer({**cluster.settings, "group.id": "houfeng-watch"})
    wait(lambda: looking.committed([TopicPartition("lag", 0)], timeout=10)[0].offset == 5)
    looking.close()


def test_a_group_shares_the_partitions(cluster: Cluster) -> None:
    """With a group the brokers say which partitions; where in them is still told by the log."""
    cluster.send("group", values(range(4)))
    source = KafkaSource(["group"], cluster.settings, kind="account_flow", group="ours")
    queue = IncomingQueue(100)
    source.start(queue.put, {"kafka:group:0": 1})
    assert rows_of(take(queue, 2)).column("_offset").to_pylist() == [2, 3]
    source.stop()


def test_lost_messages_are_a_fault(cluster: Cluster) -> None:
    """Where the log's place is no longer on the broker it stops and says so, rather than leave a gap."""
    cluster.send("lost", values(range(2)))
    source, queue = KafkaSource(["lost"], cluster.settings, kind="account_flow"), IncomingQueue(100)
    source.start(queue.put, {"kafka:lost:0": 500})
    wait(lambda: source.error is not None)
    source.stop()
    assert isinstance(source.error, EnvironmentFault)
    assert "may be lost" in str(source.error)


def test_no_broker_is_a_clear_fault() -> None:
    """At the start, within the time given."""
    source = KafkaSource(["t"], {"bootstrap.servers": "127.0.0.1:1", "log_level": 0}, kind="account_flow", seconds=0.5)
    with pytest.raises(EnvironmentFault, match="Kafka cannot be used"):
        source.start(IncomingQueue(1).put, {})
