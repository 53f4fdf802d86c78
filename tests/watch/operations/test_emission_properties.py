"""What must hold for every history of orders and alerts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from itertools import count
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.watch.live.changes import CLEARED, ESCALATED, OPENED, Change
from houfeng.watch.operations.deliveries import Delivery
from houfeng.watch.operations.emission import Emission
from watch.operations.makers import DAY, RULES, TIERS, Desk, step

Act = Change | dict[str, Any]

NAMES = st.sampled_from([rule.id for rule in RULES])
KEYS = st.sampled_from([str(n) for n in range(6)])
ORDERS = st.one_of(
    st.fixed_dictionaries(
        {
            "do": st.just("life"),
            "rule": NAMES,
            "to": st.sampled_from(["draft", "shadow", "percent:40", "active", "retired"]),
        }
    ),
    st.fixed_dictionaries({"do": st.just("rollback"), "rule": NAMES}),
    st.fixed_dictionaries(
        {"do": st.just("silence"), "until": st.integers(0, 4 * DAY)},
        optional={
            "rule": NAMES,
            "key": KEYS,
            "group": st.sampled_from(["credit", "flow"]),
            "tier": st.sampled_from(TIERS),
        },
    ),
    st.fixed_dictionaries({"do": st.just("unsilence"), "silence": st.sampled_from([f"c{n}" for n in range(1, 12)])}),
    st.fixed_dictionaries(
        {"do": st.just("budget"), "per_day": st.sampled_from([0, 1, 2, 3, "none"])}, optional={"rule": NAMES}
    ),
    st.sampled_from([{"do": "stop"}, {"do": "resume"}, {"do": "stop"}, {"do": "resume"}, {"do": "release"}]),
    st.sampled_from([{"do": "stop"}, {"do": "resume"}, {"do": "release"}, {"do": "release", "rule": "A01"}]),
)


@st.composite
def histories(draw: st.DrawFn, length: int = 60) -> list[Act]:
    """Orders and steps of alerts, in order of time, as an engine makes them: open, rise, clear, open again."""
    acts: list[Act] = []
    live: dict[tuple[str, str], tuple[str, int, int]] = {}
    at, number = 0, 0
    for kind in draw(st.lists(st.integers(0, 9), max_size=length)):
        if kind < 2:
            acts.append(draw(ORDERS))
            continue
        at += draw(st.sampled_from([0, 0, 1, 3_600, DAY // 2]))
        rule, key = draw(st.sampled_from(["overdue", "siphoning", "news"])), draw(KEYS)
        alert, steps, tier = live.get((rule, key), ("", 0, 0))
        if not alert:
            number += 1
            alert, tier = f"{rule[0]}{key}", draw(st.integers(0, 3))  # key after the first letter
            what = OPENED
        else:
            what = ESCALATED if tier < 3 and kind < 6 else CLEARED
            tier += what == ESCALATED
        change = step(what, alert, at, TIERS[tier], rule, steps)
        acts.append(named(change, f"{alert}#{number}" if what == OPENED else live[rule, key][0]))
        if what == CLEARED:
            del live[rule, key]
        else:
            live[rule, key] = (acts[-1].alert_id, steps + 1, tier)  # type: ignore[union-attr]
    return acts


def named(change: Change, alert: str) -> Change:
    """The change under the id of one episode; the key is that of the rule's alert."""
    from dataclasses import replace

    return replace(change, alert_id=alert, key=alert[1:].partition("#")[0])


def play(desk: Desk, acts: Sequence[Act]) -> list[tuple[Act, list[Delivery]]]:
    """What each act brings, one by one."""
    at, out = 0, []
    for act in acts:
        if isinstance(act, Change):
            at = act.at
            out.append((act, desk.emission.route([act])))
        else:
            out.append((act, list(desk.apply(act, watermark=at).deliveries)))
    return out


def flat(played: list[tuple[Act, list[Delivery]]]) -> list[Delivery]:
    return [delivery for _, deliveries in played for delivery in deliveries]


@given(histories(), st.sets(st.integers(0, 60)))
@settings(max_examples=300)
def test_dump_and_load_anywhere_change_nothing(acts: list[Act], cuts: set[int]) -> None:
    """Through JSON, at any points: the same deliveries after it, and the same state in the end."""
    whole, cut = Desk(), Desk()
    expected, found = play(whole, acts), []
    for place, act in enumerate(acts):
        if place in cuts:
            fresh = Emission(RULES)
            fresh.load(json.loads(json.dumps(cut.emission.dump())))
            assert fresh.dump() == cut.emission.dump()
            cut.emission = fresh
        at = max((earlier.at for earlier in acts[:place] if isinstance(earlier, Change)), default=0)
        if isinstance(act, Change):
            found.append((act, cut.emission.route([act])))
        else:
            found.append((act, list(cut.apply(act, watermark=at).deliveries)))
    assert found == expected
    assert cut.emission.dump() == whole.emission.dump()


@given(histories(), st.integers(1, 30))
@settings(max_examples=200)
def test_any_batching_gives_the_same(acts: list[Act], size: int) -> None:
    """Steps between two orders may come one by one or many at a time."""
    one, many = Desk(), Desk()
    expected = flat(play(one, acts))
    found: list[Delivery] = []
    batch: list[Change] = []
    at = 0
    for act in [*acts, {"do": "none"}]:
        if isinstance(act, Change):
            at = act.at
            batch.append(act)
        if len(batch) == size or not isinstance(act, Change):
            found += many.emission.route(batch)
            batch = []
        if not isinstance(act, Change) and act["do"] != "none":
            found += many.apply(act, watermark=at).deliveries
    assert found == expected
    assert many.emission.dump() == one.emission.dump()


@given(histories(), st.integers(0, 3))
@settings(max_examples=300)
def test_the_budget_is_never_exceeded(acts: list[Act], limit: int) -> None:
    """Of each rule and day, no more alerts below red are told for the first time than the limit, releases apart."""
    acts = [act for act in acts if isinstance(act, Change) or act["do"] != "budget"]
    told: set[str] = set()
    counted: Counter[tuple[str, int]] = Counter()
    for delivery in flat(play(Desk(budget=limit), acts)):
        change = delivery.change
        first = delivery.channel == "emitted" and change.alert_id not in told
        if delivery.channel == "emitted":
            told.add(change.alert_id)
        if first and change.tier != "red" and change.what != CLEARED and not delivery.cause:
            counted[change.rule, change.at // DAY] += 1
    assert all(number <= limit for number in counted.values())


@given(histories())
@settings(max_examples=300)
def test_every_step_is_routed_and_nothing_gets_out_while_stopped(acts: list[Act]) -> None:
    """Each step once, in order; none emitted between stop and resume; who was told is told the rest."""
    desk = Desk()
    played = play(desk, acts)
    assert [d.change for act, ds in played for d in ds if isinstance(act, Change)] == [
        act for act in acts if isinstance(act, Change)
    ]
    stopped, told, released = False, set(), Counter[tuple[str, int]]()
    for act, deliveries in played:
        if not isinstance(act, Change):
            stopped = {"stop": True, "resume": False}.get(act["do"], stopped)
        for delivery in deliveries:
            change = delivery.change
            if delivery.cause.startswith("release:"):
                released[change.alert_id, change.step] += 1
            assert not (stopped and delivery.channel == "emitted")
            assert change.alert_id not in told or delivery.channel == ("stopped" if stopped else "emitted")
            if delivery.channel == "emitted":
                told.add(change.alert_id)
    assert all(number == 1 for number in released.values())


@given(histories())
@settings(max_examples=200)
def test_only_open_alerts_are_remembered(acts: list[Act]) -> None:
    """In the end memory holds the alerts that are open, and what waits for a release."""
    desk = Desk()
    play(desk, acts)
    live: set[str] = set()
    for act in acts:
        if isinstance(act, Change):
            (live.discard if act.what == CLEARED else live.add)(act.alert_id)
    kept = {alert for *_, ids in desk.emission.dump()["open"] for alert in ids}
    assert sum(desk.emission.summary()["open_by_channel"].values()) == len(kept)
    waiting = {change.alert_id for change in desk.emission.waiting()}
    assert live <= kept <= live | waiting
    assert waiting <= kept
    totals = desk.emission.tally.totals
    opened = sum(n for counts in totals.values() for c, n in counts.items() if c not in ("later", "released"))
    assert opened == sum(isinstance(act, Change) and act.what == OPENED for act in acts)


def test_dump_and_load_in_the_middle_of_a_stop() -> None:
    """With alerts that wait for every reason there is; afterwards both go on alike, to the order of what is kept."""
    desk, other = Desk(budget=1), Desk()
    desk.go(*(step(OPENED, f"a{n}", n) for n in range(9, 3, -1)), step(OPENED, "b0", 9, rule="siphoning"))
    desk.order("stop")
    desk.go(step(OPENED, "c1", 10, rule="news"), step(CLEARED, "c1", 10, rule="news", number=1))
    desk.go(step(OPENED, "c2", 10, rule="news"), step(ESCALATED, "a9", 11, "orange", number=1))
    desk.go(step(CLEARED, "b0", 12, rule="siphoning", number=1))
    other.emission.load(json.loads(json.dumps(desk.emission.dump())))
    other.numbers = count(2)
    for each in (desk, other):
        each.order("resume")
        assert each.rise("a7", DAY) == "emitted"
        assert each.open("a1", DAY) == "held"
    assert other.emission.dump() == desk.emission.dump()
    assert desk.emission.summary()["waiting"] == 4
    assert other.order("release").deliveries == desk.order("release").deliveries
    assert other.emission.dump() == desk.emission.dump()


def test_old_days_are_dropped() -> None:
    """Counts of the last 62 days, totals for ever."""
    desk = Desk()
    for day in range(100):
        desk.open(f"a{day}", day * DAY)
        desk.clear(f"a{day}", day * DAY)
    assert sorted(desk.emission.tally.days()) == list(range(38, 100))
    assert desk.emission.tally.totals == {"demo/overdue": {"emitted": 100}}
