"""The life of a rule: every step that is allowed, every one that is not, and what people hear in each state."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import UsageError
from houfeng.watch.operations.life import Life, Stage, Turn, bucket, stage
from watch.operations.makers import Desk

WAYS = {
    "draft": {"shadow", "retired"},
    "shadow": {"draft", "percent:10", "active", "retired"},
    "percent:10": {"draft", "shadow", "percent:50", "active", "retired"},
    "active": {"draft", "shadow", "percent:10", "percent:50", "retired"},
    "retired": {"draft"},
}
STATES = ["draft", "shadow", "percent:10", "percent:50", "active", "retired"]
ROADS = {
    "draft": ["draft"],
    "shadow": ["shadow"],
    "percent:10": ["percent:10"],
    "active": ["shadow", "active"],
    "retired": ["retired"],
}


@pytest.mark.parametrize("start", WAYS)
@pytest.mark.parametrize("to", STATES)
def test_each_transition(start: str, to: str) -> None:
    """What is not listed is refused in words that name the ways there are; the state is then as it was."""
    desk = Desk()
    for way in ROADS[start]:
        assert desk.order("life", rule="A01", to=way).accepted
    outcome = desk.order("life", rule="A01", to=to)
    now = str(desk.emission.lives["demo/overdue"].now)
    if to in WAYS[start] or (start == "shadow" and to == "percent:50"):
        assert (outcome.accepted, now) == (True, to)
    else:
        assert (outcome.accepted, now) == (False, start)
        assert "demo/overdue" in outcome.text.zh
        assert "demo/overdue" in outcome.text.en


def test_rollback_goes_back_one_by_one() -> None:
    """To what stood before the last change, then before that; a rule nobody touched was active."""
    desk = Desk()
    assert not desk.order("rollback", rule="overdue").accepted
    for way in ("draft", "shadow", "percent:10", "percent:50"):
        desk.order("life", rule="overdue", to=way)
    states = []
    while desk.order("rollback", rule="overdue").accepted:
        states.append(str(desk.emission.lives["demo/overdue"].now))
    assert states == ["percent:10", "shadow", "draft", "active"]


def test_history_names_who_why_when_and_where() -> None:
    """Every change that was taken is kept, rollbacks too; refused ones are not."""
    desk = Desk()
    desk.order("life", rule="overdue", to="shadow", who="张三", why="误报多")
    desk.order("life", rule="overdue", to="shadow")
    desk.order("rollback", rule="overdue", who="李四", why="已改")
    turns = desk.emission.lives["demo/overdue"].turns
    assert turns == [
        Turn("shadow", "张三", "误报多", "2026-01-16 09:30:00", 1, "c1"),
        Turn("active", "李四", "已改", "2026-01-16 09:30:00", 3, "c3", back=True),
    ]


def test_what_people_hear() -> None:
    """Only an active rule speaks to everybody."""
    for state, channel in {"draft": "off", "shadow": "shadow", "active": "emitted", "retired": "off"}.items():
        assert Life(stage(state)).channel("r", "k") == channel


@given(st.text(max_size=20), st.text(max_size=20))
def test_percent_is_stable_and_monotone(rule: str, key: str) -> None:
    """Raising a percentage only adds keys; a hundred is everybody."""
    heard = [Life(Stage("percent", n)).channel(rule, key) == "emitted" for n in range(1, 101)]
    assert heard == sorted(heard)
    assert heard[-1]
    assert heard == [bucket(rule, key) < n * 100 for n in range(1, 101)]


def test_percent_is_about_that_share() -> None:
    """Of 20,000 keys, 10 % within half a percent, and other ones for another rule."""
    keys = [f"9141{n:014}" for n in range(20_000)]
    life = Life(Stage("percent", 10))
    one, other = ({k for k in keys if life.channel(rule, k) == "emitted"} for rule in ("p/a", "p/b"))
    assert abs(len(one) - 2_000) < 100
    assert abs(len(one & other) - 200) < 60


@pytest.mark.parametrize("text", ["percent", "percent:0", "percent:101", "percent:1.5", "on", "", "Active"])
def test_bad_states(text: str) -> None:
    """The text says which states there are."""
    with pytest.raises(UsageError, match="shadow"):
        stage(text)
