"""Rules without state, in process: 50 and 1,000 rules over 12 numeric fields, every match reported, one event after
another.

A rule is a conjunction of two to four comparisons of different fields with a number; about one rule in 800 matches an
event. Every engine gets the same rules, prepared once, and the same events as dictionaries, and must name the same
rules. `rules` and `events` are what Houfeng's side and `ezrules_http.py` take too.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

FIELDS = tuple(f"f{number:02}" for number in range(12))
Rule = tuple[tuple[str, str, int], ...]
Judge = Callable[[dict[str, int]], list[int]]


def rules(count: int, seed: int = 7) -> list[Rule]:
    """`count` rules: conjunctions of (field, < or >, number); fields are whole numbers from 0 to 999."""
    rng = random.Random(f"{seed} {count}")
    made = []
    for _ in range(count):
        parts = []
        fields = rng.sample(FIELDS, rng.randint(2, 4))
        share = 0.001 ** (1 / len(fields)) * rng.uniform(0.8, 1.4)  # of the values, that hold: few rules match
        for field in fields:
            more = rng.random() < 0.5
            parts.append(
                (field, ">" if more else "<", round(999 * (1 - share)) if more else max(1, round(1000 * share)))
            )
        made.append(tuple(parts))
    return made


def events(count: int, seed: int = 11) -> list[dict[str, int]]:
    """Events with 12 fields from 0 to 999."""
    rng = random.Random(seed)
    return [{field: rng.randrange(1000) for field in FIELDS} for _ in range(count)]


def condition(rule: Rule, prefix: str = "") -> str:
    """A rule as an expression."""
    return " and ".join(f"{prefix}{field} {sign} {number}" for field, sign, number in rule)


def python_function(given: list[Rule]) -> Judge:
    """All rules as one compiled Python function: what somebody who needs speed would write."""
    lines = [
        "def judge(e):",
        f"    {', '.join(FIELDS)} = {', '.join(f'e[{field!r}]' for field in FIELDS)}",
        "    hit = []",
    ]
    lines += [f"    if {condition(rule)}: hit.append({number})" for number, rule in enumerate(given)]
    space: dict[str, Any] = {}
    exec("\n".join([*lines, "    return hit"]), space)
    return space["judge"]  # type: ignore[no-any-return]


def rule_engine_(given: list[Rule]) -> Judge:
    """rule-engine: one `Rule` each."""
    import rule_engine

    made = [rule_engine.Rule(condition(rule)) for rule in given]
    return lambda event: [number for number, rule in enumerate(made) if rule.matches(event)]


def zen(given: list[Rule]) -> Judge:
    """zen-engine: one decision table of all rules with the hit policy `collect`; a decision made once."""
    import zen as engine

    table = {
        "nodes": [
            {"id": "in", "name": "in", "type": "inputNode", "position": {"x": 0, "y": 0}},
            {
                "id": "t",
                "name": "t",
                "type": "decisionTableNode",
                "position": {"x": 1, "y": 0},
                "content": {
                    "hitPolicy": "collect",
                    "inputs": [{"id": f, "name": f, "field": f} for f in FIELDS],
                    "outputs": [{"id": "o", "name": "o", "field": "rule"}],
                    "rules": [
                        {"_id": str(n), "o": str(n)}
                        | dict.fromkeys(FIELDS, "")
                        | {f: f"{sign} {k}" for f, sign, k in rule}
                        for n, rule in enumerate(given)
                    ],
                },
            },
            {"id": "out", "name": "out", "type": "outputNode", "position": {"x": 2, "y": 0}},
        ],
        "edges": [
            {"id": "a", "type": "edge", "sourceId": "in", "targetId": "t"},
            {"id": "b", "type": "edge", "sourceId": "t", "targetId": "out"},
        ],
    }
    decision = engine.ZenEngine().create_decision(json.dumps(table))
    return lambda event: [row["rule"] for row in decision.evaluate(event)["result"]]


def ezrules(given: list[Rule]) -> Judge:
    """ezrules' core: `RuleEngine` over its rules, mode “all matches”."""
    os.environ.setdefault("EZRULES_DB_ENDPOINT", "postgresql://nobody@127.0.0.1:1/nothing")
    os.environ.setdefault("EZRULES_APP_SECRET", "benchmark")
    from ezrules.core.rule import Rule as EzRule
    from ezrules.core.rule_engine import RuleEngine
    from ezrules.core.user_lists import StaticUserListManager

    lists = StaticUserListManager()
    made = [
        EzRule(rid=f"R{n}", logic=ez_logic(rule), r_id=n + 1, list_values_provider=lists)
        for n, rule in enumerate(given)
    ]
    engine = RuleEngine(made)
    return lambda event: [number - 1 for number in engine(event)["rule_results"]]


def ez_logic(rule: Rule) -> str:
    """A rule in ezrules' notation."""
    return f"if {condition(rule, '$')}:\n    return !HOLD"


ENGINES: dict[str, tuple[Callable[[list[Rule]], Judge], str]] = {
    "python function": (python_function, ""),
    "ezrules core": (ezrules, "ezrules"),
    "zen-engine": (zen, "zen-engine"),
    "rule-engine": (rule_engine_, "rule-engine"),
}


def measure(name: str, count: int, seconds: float) -> dict[str, Any]:
    """Events a second by the clock and by the processor, after a check that the engine names the right rules."""
    build, package = ENGINES[name]
    given, some = rules(count), events(2_000)
    judge, expected = build(given), python_function(given)
    for event in some[:300]:
        if sorted(map(int, judge(event))) != expected(event):
            raise SystemExit(f"{name} names other rules than it should: {judge(event)} for {expected(event)}")
    done, hits, began, cpu = 0, 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - began < seconds:
        for event in some[done % 2_000 : done % 2_000 + 50]:
            hits += len(judge(event))
        done += 50
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {
        "side": name + (f" {version(package)}" if package else ""),
        "rules": count,
        "events": done,
        "rate": done / wall,
        "rate_cpu": done / cpu,
        "matches_per_event": hits / done,
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, nargs="+", default=[50, 1000])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    given = parser.parse_args()
    print(json.dumps([measure(name, count, given.seconds) for count in given.rules for name in given.engines]))


if __name__ == "__main__":
    main()
