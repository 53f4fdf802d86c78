"""What is proved of exceptions and decision tables: found where it is so, with a true witness; not found where it is not."""

# ruff: noqa: E501  (rows of examples are read across)

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import Problem
from houfeng.packs.language.expression import Node
from houfeng.packs.logic import find_conflicts
from houfeng.packs.model import Pack
from houfeng.packs.roads.evaluate import Evaluator
from houfeng.packs.roads.world import World
from packs.pack_text import check_text, read_text

DAY = date(2026, 1, 1)


def table(
    rows: Iterable[tuple[str, str]], *, domain: str = "", otherwise: str = "", before: str = "", hit: str = "unique"
) -> str:
    """A table over enterprise from (when, then) pairs."""
    lines = [before, "tables:", "  t:", "    label: x", "    over: enterprise", f"    hit: {hit}"]
    if domain:
        lines.append(f"    domain: {domain}")
    lines += ["    rows:", *(f'      - {{when: "{when}", then: "{then}"}}' for when, then in rows)]
    return "\n".join(lines + ([f"    else: {otherwise}"] if otherwise else [])) + "\n"


def value(*exceptions: str, before: str = "") -> str:
    """A value over enterprise with exceptions named a, b, c …"""
    lines = [before, "values:", "  v:", "    label: x", "    over: enterprise", '    value: "0"', "    except:"]
    return (
        "\n".join(lines + [f"      {label}: {{{body}}}" for label, body in zip("abcd", exceptions, strict=False)])
        + "\n"
    )


def codes(text: str) -> list[str]:
    return [problem.code for problem in check_text(text)[1]]


def holds(pack: Pack, node: Node, row: dict[str, Any], day: date = DAY) -> bool:
    """Whether a condition over enterprise is true for `row`."""
    world = World.of(day, day, {"enterprise": [row]})
    return Evaluator(pack, world).node(node, row, "enterprise").value is True


def witness(problem: Problem) -> dict[str, Any]:
    """The input a problem shows, as a row."""
    row: dict[str, Any] = {"enterprise_id": "E"}
    for name, shown in re.findall(r"(\w+) = ('[^']*'|[^,]+)", problem.value):
        if shown.startswith("'"):
            row[name] = shown.strip("'")
        elif shown in ("true", "false"):
            row[name] = shown == "true"
        elif re.fullmatch(r"\d{4}-\d\d-\d\d", shown):
            row[name] = date.fromisoformat(shown)
        elif shown == "another word":
            row[name] = "~another~"
        else:
            row[name] = int(shown) if re.fullmatch(r"-?\d+", shown) else Decimal(shown)
    return row


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (table([("employees < 20", "1"), ("employees >= 20", "2")]), []),
        (table([("employees < 20", "1"), ("employees > 20", "2")]), ["pack.gap"]),
        (table([("employees <= 20", "1"), ("employees >= 20", "2")]), ["pack.overlap"]),
        (table([("employees <= 20", "1"), ("employees >= 20", "1")]), []),
        (table([("employees <= 20", "1"), ("employees >= 20", "2")], hit="first"), []),
        (table([("employees < 20", "1")], otherwise="2"), []),
        (table([("employees between 0 and 19", "1"), ("employees >= 20", "2")], domain="employees >= 0"), []),
        (table([("revenue < 0.1", "1"), ("revenue > 0.1", "2")]), ["pack.gap"]),
        (table([("size in ('CS01', 'CS02')", "1"), ("size = 'CS03'", "2")]), ["pack.gap"]),
        (table([("size in ('CS01', 'CS02')", "1"), ("size = 'CS03'", "2")], domain="size in ('CS01', 'CS02', 'CS03')"), []),
        (table([("size in ('CS01', 'CS02')", "1"), ("size in ('CS02', 'CS03')", "2")], otherwise="3"), ["pack.overlap"]),
        (table([("size < 'CS02'", "1"), ("size > 'CS01'", "2")], otherwise="3"), ["pack.overlap"]),
        (table([("size >= 'CS02'", "1"), ("size <= 'CS01'", "2")], otherwise="3"), []),
        (table([("is_rural", "1"), ("not is_rural", "2")]), []),
        (table([("is_rural < is_listed", "1"), ("is_rural >= is_listed", "2")]), []),
        (table([("founded_on < date '2020-01-01'", "1"), ("founded_on >= date '2020-01-01'", "2")]), []),
        (table([("founded_on < date '2020-01-01'", "1"), ("founded_on > date '2020-01-01'", "2")]), ["pack.gap"]),
        (table([("employees is null", "1"), ("employees >= 0", "2")], domain="employees >= 0"), []),
        (table([("employees = null", "1"), ("employees >= 0", "2")], domain="employees >= 0"), []),
        (table([("2 * employees + 1 < 20", "1"), ("employees >= 10", "2")]), []),
        (table([("case when is_rural then employees > 5 else employees > 10 end", "1"), ("employees <= 5", "2")], otherwise="3"), []),
        (table([("e2 < 20", "1"), ("e2 >= 20", "2")], before="indicators:\n  e2: {label: x, over: enterprise, value: employees * 2}"), []),
        (table([("employees < 20", "1"), ("big", "2")], before="themes:\n  big: {label: x, over: enterprise, when: employees >= 20}"), []),
        (value('when: is_rural, value: "1"', 'when: is_listed, value: "2"'), ["pack.conflict"]),
        (value('when: is_rural, value: "1"', 'when: is_listed, value: "1"'), []),
        (value('when: is_rural, value: "1"', 'when: is_listed, value: "2", beats: [a]'), []),
        (value('when: is_rural, value: "1"', 'when: not is_rural, value: "2"'), []),
        (value("when: size = 'CS01', value: \"1\"", "when: size = 'CS02', value: \"2\""), []),
        (value('when: is_rural, value: "1"', 'when: is_listed, value: "2", beats: [a]', 'when: high_rd, value: "3", beats: [a, b]'), []),
        (value('when: is_rural, value: "1"', 'when: is_listed, value: "2", beats: [a]', 'when: high_rd, value: "3", beats: [a]'), ["pack.conflict"]),
    ],
)  # fmt: skip
def test_found_and_not_found(text: str, found: list[str]) -> None:
    """Conflicts, overlaps and gaps where they are, and only there."""
    assert codes(text) == found


def test_witnesses_are_true() -> None:
    """The input shown makes both rows hold, or none."""
    text = table([("employees < 20 and size <> 'CS01'", "1"), ("revenue > 1.5 and employees > 10 and founded_on > date '2020-01-01'", "2")], domain="employees > 0")  # fmt: skip
    pack, problems = check_text(text)
    assert pack is not None
    item = pack.items[("enterprise", "t")]
    assert {p.code for p in problems} == {"pack.overlap", "pack.gap"}
    for problem in problems:
        row = witness(problem)
        held = [holds(pack, line.when, row) for line in item.rows]
        assert item.domain is not None
        assert holds(pack, item.domain, row)
        assert held == ([True, True] if problem.code == "pack.overlap" else [False, False])


def test_conflict_in_one_version_only() -> None:
    """Exceptions that were apart until a parameter changed conflict, and the day of that version decides."""
    before = (
        "parameters:\n  low: {unit: count, values: {2020-01-01: 10, 2025-01-01: {value: 30, known_from: 2025-02-01}}}"
    )
    apart = "when: 'employees < :low', value: \"1\"", 'when: employees > 20, value: "2"'
    assert codes(value(*apart, before=before)) == ["pack.conflict"]
    assert codes(value(*apart, before=before.replace("30", "15"))) == []


def test_days_without_a_value_prove_nothing() -> None:
    """Before a parameter begins there is nothing to prove of it."""
    before = (
        "parameters:\n  low: {unit: count, values: {2027-01-01: 10}}\n  high: {unit: count, values: {2028-01-01: 10}}"
    )
    rows = [("employees < :low", "1"), ("employees >= :high", "2")]
    assert codes(table(rows, before=before)) == []
    assert codes(table(rows, before=before.replace("2028-01-01: 10", "2028-01-01: 11"))) == ["pack.gap"]


ATOMS = ["is_rural", "not is_rural", "employees is null", "size is not null"]
ATOMS += [f"employees {op} {n}" for op in ("<", "<=", "=", "<>", ">", ">=") for n in (0, 1, 2, 3)]
ATOMS += [f"size {op} '{word}'" for op in ("<", "<=", "=", "<>", ">", ">=") for word in ("b", "d")]
ATOMS += [
    "employees in (1, 3)",
    "employees between 1 and 2",
    "size in ('b', 'd')",
    "employees * 2 > 3",
    "-employees < -1",
]
DOMAIN = "employees >= 0 and employees <= 3 and size in ('a', 'b', 'c', 'd') and (is_rural or not is_rural)"
ROWS = [
    {"enterprise_id": "E", "employees": n, "size": s, "is_rural": r}
    for n, s, r in itertools.product(range(4), "abcd", (True, False))
]


def condition(rng: random.Random, depth: int = 2) -> str:
    if depth == 0 or rng.random() < 0.3:
        return rng.choice(ATOMS)
    parts = [condition(rng, depth - 1) for _ in range(rng.randint(2, 3))]
    joined = "(" + f" {rng.choice(('and', 'or'))} ".join(parts) + ")"
    return f"(not {joined})" if rng.random() < 0.2 else joined


@settings(max_examples=120, derandomize=True, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_against_brute_force(seed: int) -> None:
    """On a domain small enough to try every input, proof and trial find the same."""
    rng = random.Random(seed)
    rows = [(condition(rng), str(n)) for n in range(rng.randint(1, 3))]
    pack = read_text(table(rows, domain=DOMAIN))
    item = pack.items[("enterprise", "t")]
    held = [[holds(pack, line.when, row) for row in ROWS] for line in item.rows]
    overlaps = {
        (i + 1, j + 1)
        for i, j in itertools.combinations(range(len(rows)), 2)
        if any(map(all, zip(held[i], held[j], strict=True)))
    }
    gap = any(not any(column) for column in zip(*held, strict=True))
    problems = find_conflicts(pack)
    found = {tuple(int(n) for n in re.findall(r"\d+", p.message.en)) for p in problems if p.code == "pack.overlap"}
    assert found == overlaps, rows
    assert any(p.code == "pack.gap" for p in problems) == gap, rows
    for problem in problems:
        row = witness(problem)
        assert item.domain is not None
        assert holds(pack, item.domain, {"is_rural": True, **row}), (problem.value, rows)
