"""Where alerts go, case by case, as docs/how-to/run-the-watch.md tells it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from houfeng.watch.operations.deliveries import alert_of, change_of, channels_of, plain_change, record
from watch.operations.makers import DAY, Desk, step


def test_the_beginning_decides() -> None:
    """A change of life is for alerts that open after it; who was told the beginning is told the rest."""
    desk = Desk()
    assert desk.open("a1") == "emitted"
    desk.order("life", rule="overdue", to="retired")
    assert [desk.rise("a1"), desk.clear("a1"), desk.open("a2"), desk.clear("a2")] == [
        "emitted",
        "emitted",
        "off",
        "off",
    ]


def test_a_shadow_alert_is_told_when_it_gets_worse_after_activation() -> None:
    """An escalation nobody heard the beginning of is judged like an opening; a clearing is not."""
    desk = Desk()
    desk.order("life", rule="overdue", to="shadow")
    assert [desk.open("a1"), desk.open("a2"), desk.rise("a1")] == ["shadow", "shadow", "shadow"]
    desk.order("life", rule="overdue", to="active")
    assert [desk.clear("a2"), desk.rise("a1", tier="red"), desk.clear("a1")] == ["shadow", "emitted", "emitted"]
    assert desk.emission.tally.totals["demo/overdue"] == {"shadow": 2, "later": 1}


@pytest.mark.parametrize(
    ("scope", "muted"),
    [
        ({"rule": "overdue"}, ["a1", "a2"]),
        ({"rule": "A01"}, ["a1", "a2"]),
        ({"key": "1"}, ["a1", "b1"]),
        ({"group": "flow"}, ["b1"]),
        ({"rule": "overdue", "key": "1"}, ["a1"]),
        ({"key": "1", "group": "flow"}, ["b1"]),
        ({"rule": "overdue", "tier": "blue"}, []),
    ],
)
def test_scopes_of_silences(scope: dict[str, str], muted: list[str]) -> None:
    """All that is given must fit."""
    desk = Desk()
    desk.order("silence", until=DAY, **scope)
    steps = {"a1": "overdue", "a2": "overdue", "b1": "siphoning", "c2": "news"}
    assert [alert for alert, rule in steps.items() if desk.open(alert, rule=rule) == "silenced"] == muted


def test_the_rules_life_goes_first() -> None:
    """Then silences, then the stop: what is stopped is only what would have been told."""
    desk = Desk(budget=0)
    desk.order("life", rule="overdue", to="draft")
    desk.order("silence", rule="overdue", until=DAY)
    desk.order("silence", rule="siphoning", until=DAY)
    desk.order("stop")
    steps = [step("opened", "a1", 0), step("opened", "b1", 0, rule="siphoning"), step("opened", "c1", 0, rule="news")]
    found = [(d.channel, d.cause) for d in desk.emission.route(steps)]
    assert found == [("off", "draft"), ("silenced", "c3"), ("stopped", "c4")]
    desk.order("resume")
    assert desk.emission.route([step("opened", "c2", 0, rule="news")])[0][1:] == ("held", "0")


def test_red_comes_through_a_silence() -> None:
    """Unless it says red: at the opening, and where an alert becomes red."""
    desk = Desk()
    desk.order("silence", rule="overdue", until=DAY)
    assert [desk.open("a1", tier="red"), desk.open("a2"), desk.rise("a2")] == ["emitted", "silenced", "silenced"]
    assert [desk.rise("a2", tier="red", number=2), desk.clear("a2", number=3)] == ["emitted", "emitted"]
    desk.order("silence", rule="siphoning", until=DAY, tier="red")
    assert desk.open("b1", tier="red", rule="siphoning") == "silenced"


def test_a_silence_ends_at_its_end_or_before() -> None:
    """The last second is muted, the next is not; a clearing stays where the alert was."""
    desk = Desk()
    desk.order("silence", key="1", until=100)
    assert [desk.open("a1", 100), desk.open("b1", 101, rule="siphoning")] == ["silenced", "emitted"]
    assert desk.rise("a1", 101) == "emitted"
    desk.order("silence", key="2", until=1_000, watermark=101)
    made = desk.last
    assert [desk.open("a2", 102), desk.open("c2", 102, rule="news")] == ["silenced", "silenced"]
    assert desk.order("unsilence", silence=made, who="赵六", watermark=103).accepted
    assert [desk.open("b2", 104, rule="siphoning"), desk.clear("c2", 105, rule="news")] == ["emitted", "silenced"]
    assert desk.rise("a2", 105) == "emitted"
    ended = list(desk.emission.silences.ended)
    assert [(s.id, s.ended.who if s.ended else None) for s in ended] == [("c1", None), (made, "赵六")]


def test_a_silence_does_not_take_back_what_was_said() -> None:
    """An alert that was told goes on being told."""
    desk = Desk()
    desk.open("a1")
    desk.order("silence", key="1", until=DAY)
    assert [desk.rise("a1"), desk.clear("a1")] == ["emitted", "emitted"]


def test_the_budget() -> None:
    """First come, first told; red always, and it counts; a new day begins anew."""
    desk = Desk()
    desk.order("budget", rule="overdue", per_day=2)
    assert [desk.open(f"a{n}") for n in range(4)] == ["emitted", "emitted", "held", "held"]
    assert desk.open("a5", tier="red") == "emitted"
    assert [desk.rise("a2"), desk.rise("a2", tier="red", number=2)] == ["held", "emitted"]
    assert desk.open("b1", rule="siphoning") == "emitted"
    assert desk.clear("a3") == "held"
    assert [desk.open("a6", DAY), desk.open("a7", DAY), desk.open("a8", DAY)] == ["emitted", "emitted", "held"]
    assert desk.emission.tally.days()[0]["demo/overdue"] == {"emitted": 3, "held": 2, "later": 1}


def test_a_held_alert_that_gets_worse_takes_a_free_place() -> None:
    """On a later day the budget may have room for it."""
    desk = Desk(budget=1)
    assert [desk.open("a1"), desk.open("a2"), desk.open("a3")] == ["emitted", "held", "held"]
    assert [desk.rise("a2", DAY), desk.rise("a3", DAY), desk.open("a4", DAY)] == ["emitted", "held", "held"]


def test_limits_of_a_rule_and_of_all() -> None:
    """A rule's own limit goes before the default; “none” lifts, “default” forgets."""
    desk = Desk()
    desk.order("budget", per_day=0)
    desk.order("budget", rule="A01", per_day="none")
    assert [desk.open("a1"), desk.open("b1", rule="siphoning"), desk.open("b2", tier="red", rule="siphoning")] == [
        "emitted",
        "held",
        "emitted",
    ]
    desk.order("budget", rule="A01", per_day="default")
    assert desk.open("a2") == "held"
    desk.order("budget", per_day="none")
    assert desk.open("a3") == "emitted"


def test_the_kill_switch() -> None:
    """Nothing goes out; afterwards what is new goes out, and the rest waits for a release, which is once."""
    desk = Desk()
    assert [desk.open("a1"), desk.open("a2"), desk.open("a9")] == ["emitted"] * 3
    assert desk.order("stop").accepted
    assert not desk.order("stop").accepted
    assert not desk.order("release").accepted
    assert [desk.open("a3"), desk.open("a4"), desk.open("a5"), desk.open("a6", tier="red")] == ["stopped"] * 4
    assert [desk.rise("a1"), desk.clear("a2"), desk.clear("a4", 1), desk.rise("a5")] == ["stopped"] * 4
    assert desk.rise("a9") == "stopped"
    desk.order("resume")
    assert [desk.open("a7"), desk.rise("a5", tier="red", number=2)] == ["emitted", "emitted"]
    assert desk.rise("a9", tier="red", number=2) == "emitted"
    assert [(c.alert_id, c.what) for c in desk.emission.waiting()] == [
        ("a3", "opened"),
        ("a6", "opened"),
        ("a1", "escalated"),
        ("a2", "cleared"),
    ]
    out = desk.order("release")
    assert [(d.change.alert_id, d.change.step, d.channel) for d in out.deliveries] == [
        ("a3", 0, "emitted"),
        ("a6", 0, "emitted"),
        ("a1", 1, "emitted"),
        ("a2", 2, "emitted"),
    ]
    assert desk.order("release").deliveries == ()
    assert [desk.clear("a3"), desk.clear("a1")] == ["emitted", "emitted"]


def test_a_release_asks_again_whether_the_rule_speaks() -> None:
    """The rule for which everything was stopped has been put into shadow meanwhile; another was silenced."""
    desk = Desk()
    desk.open("a9")
    desk.order("stop")
    assert [desk.open("a1"), desk.open("b2", rule="siphoning"), desk.open("c3", rule="news")] == ["stopped"] * 3
    desk.rise("a9")
    desk.order("life", rule="overdue", to="shadow")
    desk.order("silence", key="3", until=DAY)
    desk.order("resume")
    assert [d.change.alert_id for d in desk.order("release", rule="siphoning").deliveries] == ["b2"]
    out = desk.order("release")
    assert [d.change.alert_id for d in out.deliveries] == ["a9"]
    assert [desk.clear("a1"), desk.clear("c3", rule="news"), desk.clear("b2", rule="siphoning")] == [
        "shadow",
        "silenced",
        "emitted",
    ]
    assert desk.emission.waiting() == []


def test_alerts_on_one_event_wait_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are over when they open, and no less true; so many wait, the others are counted."""
    monkeypatch.setattr("houfeng.watch.operations.emission.OVER_KEPT", 2)
    desk = Desk()
    desk.order("stop")
    for alert in ("a1", "a2", "a3"):
        assert [desk.open(alert, 5), desk.clear(alert, 5, number=1)] == ["stopped", "stopped"]
    desk.order("resume")
    out = desk.order("release")
    assert [(d.change.alert_id, d.change.what) for d in out.deliveries] == [("a1", "opened"), ("a2", "opened")]
    assert "1 more alerts on single events" in out.text.en
    assert desk.emission.dump()["open"] == []
    assert desk.order("release").text.en.startswith("0 released")
    assert "journal" not in desk.order("release").text.en


def test_what_waits_is_exact() -> None:
    """Decimals, days and moments come back as they were."""
    change = step("opened", "a1", 7)
    assert change_of(plain_change(change)) == change
    assert change_of(plain_change(step("cleared", "a1", 7))) == step("cleared", "a1", 7)
    odd = {"list": [Decimal("1.0"), None, [date(2026, 1, 2)]], "map": {"a": Decimal(2)}, "none": None, "yes": True}
    assert change_of(json.loads(json.dumps(plain_change(replace(change, values=odd))))).values == odd
    numpy = {"int": np.int64(7), "float": np.float64(0.5), "yes": np.bool_(True)}
    assert change_of(json.loads(json.dumps(plain_change(replace(change, values=numpy))))).values == numpy


def test_a_release_is_a_record_of_its_own() -> None:
    """The journal keeps a step once; the release of a step must not be taken for the step."""
    desk = Desk()
    desk.order("stop")
    first = desk.emission.route([step("opened", "a1", 7)])
    desk.order("resume")
    second = desk.order("release").deliveries
    kept = [record(delivery) for delivery in (*first, *second)]
    assert [(k["alert_id"], k["channel"], k["cause"], alert_of(k)) for k in kept] == [
        ("a1", "stopped", "c1", "a1"),
        ("a1:released", "emitted", "release:c3", "a1"),
    ]


def test_an_alert_is_taken_over_with_its_channel() -> None:
    """From the journal: once told, always told, also by a release; history is told when it gets worse."""
    told, stopped, released = ({"channel": c} for c in ("emitted", "stopped", "emitted"))
    kept = [{"alert_id": "a1", **told}, {"alert_id": "a1", **stopped}, {"alert_id": "a2", **stopped}]
    kept += [
        {"alert_id": "a3", **stopped},
        {"alert_id": "a3:released", **released},
        {"alert_id": "a4", "channel": "warmed"},
    ]
    channels = channels_of(kept)
    assert channels == {"a1": "emitted", "a2": "stopped", "a3": "emitted", "a4": "warmed"}
    desk = Desk(budget=0)
    desk.emission.adopt(channels)
    assert desk.emission.summary()["open_by_channel"] == {"emitted": 2, "stopped": 1, "warmed": 1}
    assert [desk.rise("a1"), desk.clear("a3"), desk.clear("a2"), desk.rise("a4", tier="red")] == [
        "emitted",
        "emitted",
        "stopped",
        "emitted",
    ]


def test_an_alert_from_before() -> None:
    """Steps of an alert whose opening this emission never saw are judged, and a clearing leaves nothing behind."""
    desk = Desk(budget=0)
    assert [desk.rise("a1"), desk.rise("a2", tier="red"), desk.clear("a3")] == ["held", "emitted", "emitted"]
    assert [desk.clear("a1"), desk.clear("a2")] == ["held", "emitted"]
    assert desk.emission.dump()["open"] == []
