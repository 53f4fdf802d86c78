"""Channels hear of new loud alerts, once, and of no history."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from houfeng.office import outbox
from houfeng.office.alerts.index import TOPIC
from houfeng.office.database import Office
from houfeng.office.tables import OutboxMessage
from office_alerts.alert_samples import cleared, index_of, step, write


@pytest.fixture
def channels(office: Office) -> Office:
    """One channel that carries alerts and one that does not."""
    with office.begin() as session:
        for name, topics in (("duty", [TOPIC]), ("other", ["packs"])):
            outbox.define(
                session,
                "test",
                name,
                "webhook",
                "https://hooks.example.gov/houfeng",
                secrets={"secret": "env:HOUFENG_HOOK"},
                topics=topics,
            )
    return office


def told(office: Office) -> list[tuple[str, str, str]]:
    """What waits to be sent."""
    with office.read() as session:
        return [
            (m.channel, m.subject, m.link) for m in session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
        ]


def test_new_loud_alerts_are_announced_and_history_is_not(channels: Office, tmp_path: Path) -> None:
    write(tmp_path, [[step("0", tier="red")]])
    index = index_of(channels, tmp_path)
    index.catch_up()
    assert told(channels) == []
    write(
        tmp_path,
        [
            [step("1", tier="orange"), step("2", tier="yellow"), step("3", tier="red", channel="shadow")],
            [step("2", 1, tier="red"), cleared("1", 1)],
        ],
    )
    index.catch_up()
    index.catch_up()
    assert told(channels) == [
        ("duty", "橙色预警 OVE：企业E1", "/alerts/1"),
        ("duty", "红色预警 OVE：企业E2", "/alerts/2"),
    ]
