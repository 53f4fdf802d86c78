"""Orders: what is wrong with one is told, with what to do; nothing changes."""

from __future__ import annotations

from typing import Any

import pytest

from houfeng.packs.loading.load import load_pack
from houfeng.watch.operations.emission import Emission
from houfeng.watch.operations.orders import Known, find_rule, known_rules
from watch.operations.makers import Desk


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"do": "life", "rule": "overdu", "to": "shadow"}, "“overdue”"),
        ({"do": "life", "rule": "A02", "to": "shadow"}, "A01"),
        ({"do": "life", "rule": "A01"}, "lacks to"),
        ({"do": "life", "rule": "A01", "to": "shadoww"}, "shadow"),
        ({"do": "life", "rule": 7, "to": "shadow"}, "must be a text"),
        ({"do": "life", "rule": "A01", "to": "shadow", "tire": "red"}, "tire"),
        ({"do": "lief", "rule": "A01"}, "“life”"),
        ({}, "order"),
        ({"do": 3}, "order"),
        ({"do": "silence", "rule": "A01"}, "lacks until"),
        ({"do": "silence", "rule": "A01", "until": "2026"}, "whole seconds"),
        ({"do": "silence", "rule": "A01", "until": True}, "whole seconds"),
        ({"do": "silence", "until": 100}, "houfeng watch stop"),
        ({"do": "silence", "rule": "A01", "until": 99}, "watermark"),
        ({"do": "silence", "key": "k", "until": 100, "tier": "rde"}, "“red”"),
        ({"do": "silence", "rule": "A09", "until": 100}, "A01"),
        ({"do": "unsilence", "silence": "c9"}, "no silence"),
        ({"do": "budget", "per_day": -1}, "whole number"),
        ({"do": "budget", "per_day": 1.5}, "whole number"),
        ({"do": "budget", "per_day": "many"}, "whole number"),
        ({"do": "budget", "per_day": "default"}, "default"),
        ({"do": "resume"}, "not stopped"),
        ({"do": "rollback", "rule": "A01"}, "no earlier state"),
    ],
)
def test_refused_with_words(what: dict[str, Any], words: str) -> None:
    """Each refusal says why, in both languages, and leaves everything as it was."""
    desk = Desk()
    before = desk.emission.route([]), desk.emission.summary() | {"lives": None}
    outcome = desk.apply(what, watermark=100)
    assert not outcome.accepted
    assert words in outcome.text.en
    assert any("\u4e00" <= letter <= "\u9fff" for letter in outcome.text.zh)
    assert "  " not in outcome.text.en
    assert (desk.emission.route([]), desk.emission.summary() | {"lives": None}) == before
    assert all(not life.turns for life in desk.emission.lives.values())


@pytest.mark.parametrize(("who", "why"), [("", "x"), ("x", " "), (" ", "")])
def test_who_and_why_are_needed(who: str, why: str) -> None:
    """Nothing is changed by nobody, or for no reason."""
    outcome = Desk().order("stop", who=who, why=why)
    assert not outcome.accepted
    assert "who" in outcome.text.en


def test_a_rule_has_three_names() -> None:
    """Full name, name, id; where two packs share one, the full name is asked for."""
    rules = {r.name: r for r in (Known("a/x", "X1", "g"), Known("b/x", "X2", "g"), Known("b/y", "Y1", "g"))}
    assert [find_rule(said, rules).name for said in ("a/x", "X2", "y", "Y1")] == ["a/x", "b/x", "b/y", "b/y"]
    emission = Emission(rules.values())
    assert emission.rules == rules
    desk = Desk()
    desk.emission.rules = rules
    outcome = desk.order("life", rule="x", to="shadow")
    assert not outcome.accepted
    assert "a/x, b/x" in outcome.text.en


def test_a_command_counts_once() -> None:
    """The same id again, as after a crash between log and inbox, answers the same and changes nothing."""
    desk = Desk()
    first = desk.order("stop")
    assert not desk.emission.knows("c2")
    assert desk.emission.knows("c1")
    desk.numbers = iter([1])
    again = desk.order("stop")
    assert again.again
    assert (again.accepted, again.text) == (first.accepted, first.text)


def test_answers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest are remembered."""
    monkeypatch.setattr("houfeng.watch.operations.emission.ANSWERS_KEPT", 3)
    desk = Desk()
    for _ in range(5):
        desk.order("stop")
    assert [desk.emission.knows(f"c{n}") for n in range(1, 6)] == [False, False, True, True, True]


def test_a_silence_may_end_at_the_watermark() -> None:
    """That instant is not closed yet."""
    assert Desk().order("silence", rule="A01", until=100, watermark=100).accepted


def test_rules_of_a_pack() -> None:
    """A shipped pack gives its rules with pack, id and group."""
    pack = load_pack("warning-rules")
    rules = known_rules(pack)
    assert len(rules) == len(pack.rules)
    assert Known("warning-rules/many_lenders", "CR01", "credit") in rules
