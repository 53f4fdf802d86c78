"""Topics of Kafka, one event a message. Where to go on is told by our own log, never by the broker.

A partition is the source `kafka:TOPIC:PARTITION` and a message's offset is the event's. What is committed to the broker
says only how far we are, for people who watch the lag there.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from houfeng.errors import EnvironmentFault, HoufengError, Problem, Text
from houfeng.watch.journal.entries import OFFSET
from houfeng.watch.sources.parsing import Parser
from houfeng.watch.sources.queue import Closed, Incoming, Put, Source, incoming
from houfeng.watch.sources.typed import Parsed

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Message, TopicPartition

_POLL = 0.2  # seconds
_BATCH = 20_000  # messages taken at once
_COMMIT = 25  # polls between two commits
_FETCHED = 65_536  # KiB of messages that librdkafka may hold ahead


class KafkaSource(Source):
    """Topics of a cluster. `settings` goes to librdkafka as it is (brokers, security).

    By itself it takes all partitions; with `group` they are shared out among the members of that consumer group, each
    with a log of its own. `seconds` bounds how long the brokers may take to answer at the start.
    """

    def __init__(
        self,
        topics: Sequence[str],
        settings: Mapping[str, Any],
        *,
        kind: str = "",
        group: str = "",
        seconds: float = 10.0,
    ) -> None:
        super().__init__(f"kafka:{','.join(topics)}")
        self._topics, self._group, self._seconds = list(topics), group, seconds
        self._settings: dict[str, Any] = {
            "auto.offset.reset": "error",  # rows the broker dropped before we read them are a fault, not a gap
            "queued.max.messages.kbytes": _FETCHED,
            "group.id": group or "houfeng-watch",
            "log_level": 2,  # `trouble` and errors tell what is wrong, not the terminal, twenty times a second
            **settings,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
        }
        self._parser = Parser(kind)
        self._last: dict[str, int] = {}  # source → offset of the last message taken
        self._durable: dict[str, int] = {}
        self._committed: dict[str, int] = {}
        self._given: queue.Queue[list[Incoming]] = queue.Queue(maxsize=2)
        self._consumer: Consumer | None = None
        self.trouble = ""
        """What the brokers last complained of; it passes by itself."""
        self.paused = False
        """Whether it waits because the queue is full."""

    def start(self, put: Put, offsets: Mapping[str, int]) -> None:
        """Connect, and go on behind the offsets of the log.

        Raises:
            EnvironmentFault: confluent-kafka is not installed, no broker answers, or there is no such topic.
        """
        try:
            from confluent_kafka import Consumer, KafkaException
        except ImportError as error:
            text = "Kafka 需要 confluent-kafka：pip install 'houfeng[kafka]'", "Kafka: pip install 'houfeng[kafka]'"
            raise EnvironmentFault(Text(*text)) from error
        self._last = {name: offset for name, offset in offsets.items() if name.startswith("kafka:")}
        try:
            self._consumer = Consumer({**self._settings, "error_cb": self._complained}, logger=None)
            if self._group:
                self._consumer.subscribe(self._topics, on_assign=self._assigned)
            else:
                self._consumer.assign(self._partitions(self._consumer))
        except (KafkaException, HoufengError) as error:
            if self._consumer is not None:
                self._consumer.close()
            raise _fault(error.args[0]) if isinstance(error, KafkaException) else error from error
        super().start(put, offsets)

    def acknowledge(self, source: str, offset: int) -> None:
        """Messages of a partition up to `offset` are durable; the broker hears of it at the next commit."""
        self._durable[source] = max(offset, self._durable.get(source, -1))

    def problems(self) -> list[Problem]:
        """What was let in with a doubt, counted."""
        return self._parser.problems()

    def _partitions(self, consumer: Consumer) -> list[TopicPartition]:
        found = []
        for topic in self._topics:
            about = consumer.list_topics(topic, timeout=self._seconds).topics[topic]
            if about.error is not None:
                raise _fault(about.error)
            found += [self._from_log(topic, partition) for partition in sorted(about.partitions)]
        return found

    def _from_log(self, topic: str, partition: int) -> TopicPartition:
        from confluent_kafka import OFFSET_BEGINNING, TopicPartition

        last = self._last.get(source_name(topic, partition))
        return TopicPartition(topic, partition, OFFSET_BEGINNING if last is None else last + 1)

    def _assigned(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        consumer.assign([self._from_log(p.topic, p.partition) for p in partitions])

    def _complained(self, error: Any) -> None:
        self.trouble = str(error)

    def _run(self, put: Put, offsets: Mapping[str, int]) -> None:
        consumer = self._consumer
        assert consumer is not None
        giving = threading.Thread(target=self._give, args=(put,), name=f"{self.name}-put", daemon=True)
        giving.start()
        polls = 0
        try:
            while not self.stopping.is_set():
                self._pause(consumer)
                for block in self._blocks(consumer.consume(0 if self.paused else _BATCH, _POLL)):
                    self._hand_over(block)
                polls += 1
                if polls % _COMMIT == 0:
                    self._commit(consumer)
            self._commit(consumer)
        finally:
            self.stopping.set()
            giving.join(10)
            consumer.close()

    def _give(self, put: Put) -> None:
        """Put blocks into the queue, which may take its time, while the other thread goes on answering the brokers."""
        while not self.stopping.is_set():
            try:
                block = self._given.get(timeout=_POLL)
            except queue.Empty:
                continue
            try:
                put(*block)
            except Closed:
                self.stopping.set()
            finally:
                self._given.task_done()

    def _hand_over(self, block: list[Incoming]) -> None:
        while not self.stopping.is_set():
            try:
                self._given.put(block, timeout=_POLL)
                return
            except queue.Full:
                continue

    def _pause(self, consumer: Consumer) -> None:
        """Fetch nothing while blocks wait to be put."""
        full = self._given.unfinished_tasks > 1
        if full != self.paused:
            (consumer.pause if full else consumer.resume)(consumer.assignment())
            self.paused = full

    def _blocks(self, messages: Sequence[Message]) -> list[list[Incoming]]:
        """What each partition sent, as a block; what was taken before is passed over."""
        by_source: dict[str, tuple[list[int], list[bytes]]] = {}
        for message in messages:
            if message.error() is not None:
                self._check(message.error())
                continue
            topic, partition, offset = message.topic(), message.partition(), message.offset()
            if topic is None or partition is None or offset is None:
                continue  # of a message that is no error none of them lacks
            name = source_name(topic, partition)
            if offset <= self._last.get(name, -1):
                continue
            self._last[name] = offset
            offsets, values = by_source.setdefault(name, ([], []))
            offsets.append(offset)
            values.append((message.value() or b"").replace(b"\n", b" "))  # outside of strings a line feed is a blank
        blocks = []
        for name, (offsets, values) in by_source.items():
            at = np.array(offsets, np.int64)
            found = [_moved(part, at) for part in self._parser.lines(b"\n".join(values) + b"\n", 0)]
            blocks.append(incoming(name, found, offsets[0], offsets[-1]))
        return blocks

    def _check(self, error: Any) -> None:
        """An error among the messages: some pass, others mean that events are lost or never come."""
        from confluent_kafka import KafkaError

        lost = (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE)
        barred = (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError._AUTHENTICATION, KafkaError.UNKNOWN_TOPIC_OR_PART)
        if error.code() in lost:
            why = (
                "要继续的位置在 broker 上已不存在，事件可能丢失",
                "the place to go on from is gone: events may be lost",
            )
            raise EnvironmentFault(
                Text(f"{self.name}：{why[0]}（{error.str()}）", f"{self.name}: {why[1]} ({error.str()})")
            )
        if error.fatal() or error.code() in barred:
            raise _fault(error)
        self.trouble = error.str()

    def _commit(self, consumer: Consumer) -> None:
        from confluent_kafka import KafkaException, TopicPartition

        new = {s: o for s, o in self._durable.copy().items() if o > self._committed.get(s, -1)}
        if not new:
            return
        places = []
        for name, offset in new.items():
            topic, _, partition = name.removeprefix("kafka:").rpartition(":")
            places.append(TopicPartition(topic, int(partition), offset + 1))
        try:
            consumer.commit(offsets=places, asynchronous=True)
            self._committed.update(new)
        except KafkaException as error:  # nothing rests on it but a display
            self.trouble = str(error)


def source_name(topic: str, partition: int) -> str:
    """The name of a partition in the log."""
    return f"kafka:{topic}:{partition}"


def _moved(part: Parsed, offsets: np.ndarray[Any, np.dtype[np.int64]]) -> Parsed:
    """Rows numbered from 0 get the offsets of their messages, which may have gaps."""
    rows, bad = part.rows, part.rejected
    where = rows.column_names.index(OFFSET)
    rows = rows.set_column(where, OFFSET, pc.take(pa.array(offsets), rows.column(OFFSET)))
    for i, name in enumerate(("offset", "row")):
        bad = bad.set_column(i, name, pc.take(pa.array(offsets), part.rejected.column(name)))
    return Parsed(part.kind, rows, bad)


def _fault(error: Any) -> HoufengError:
    return EnvironmentFault(Text(f"Kafka 不可用：{error.str()}", f"Kafka cannot be used: {error.str()}"))
