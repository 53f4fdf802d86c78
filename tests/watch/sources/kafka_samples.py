"""librdkafka's own mock cluster: real clients and the real protocol, without a broker."""

from __future__ import annotations

from confluent_kafka import Producer


class Cluster:
    """A mock cluster, which lives as long as the producer that made it."""

    def __init__(self) -> None:
        self.producer = Producer({"test.mock.num.brokers": 1, "log_level": 0})
        brokers = self.producer.list_topics(timeout=60).brokers.values()
        self.settings = {"bootstrap.servers": ",".join(f"{b.host}:{b.port}" for b in brokers), "log_level": 0}

    def send(self, topic: str, values: list[bytes], partition: int = 0) -> None:
        """Messages of one partition."""
        for value in values:
            self.producer.produce(topic, value, partition=partition)
        assert self.producer.flush(60) == 0
