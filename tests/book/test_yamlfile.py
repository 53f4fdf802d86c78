"""The YAML reader: places, exact values, the plain subset, every problem told."""

# ruff: noqa: E501  (rows of examples are read across)

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from houfeng.book.yamlfile import MAX_BYTES, MAX_DEPTH, read_yaml


def plain(text: str) -> Any:
    item, problems = read_yaml(text, "f.yaml")
    assert item is not None
    assert not problems
    return item.plain()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5), ("-5", -5), ("+5", 5), ("1_000", 1000), ("0", 0), ("007", "007"), ("1.50", Decimal("1.50")), ("-0.1", Decimal("-0.1")),
        ("3_000_000_000", 3_000_000_000), ("16777217.01", Decimal("16777217.01")), ("1e5", "1e5"), (".5", ".5"), ("0x10", "0x10"), ("1:30", "1:30"),
        ("true", True), ("false", False), ("True", "True"), ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("null", None), ("~", None), ("", None),
        ("2026-01-20", date(2026, 1, 20)), ("2026-1-20", "2026-1-20"), ("2026-01-20 10:00:00", "2026-01-20 10:00:00"), ("'5'", "5"), ('"true"', "true"), ("''", ""),
        ("中文", "中文"), ("１２３", "１２３"), (".inf", ".inf"), (".nan", ".nan"), ("9" * 41, "9" * 41), ("9" * 40, int("9" * 40)), ("9" * 5000, "9" * 5000),
    ],
)  # fmt: skip
def test_scalars(text: str, value: Any) -> None:
    """Words stay words, decimals stay exact, what is quoted is text."""
    found = plain(f"a: {text}")["a"]
    assert found == value
    assert type(found) is type(value)


def test_places() -> None:
    """Lines and columns count from 1; a value knows its key; blocks and quotes are marked."""
    item, _ = read_yaml("a: 1\nb:\n  - x\n  - {c: 'y'}\nd: |\n  text\n", "f")
    assert item is not None
    b, d = item.get("b"), item.get("d")
    assert b is not None
    assert d is not None
    assert b.items is not None
    assert (b.line, b.column, b.key_line, b.key_column) == (3, 3, 2, 1)
    inner = b.items[1].get("c")
    assert inner is not None
    assert (inner.line, inner.column, inner.quoted, inner.block) == (4, 9, True, False)
    assert (d.block, d.value, d.quoted) == (True, "text\n", False)
    assert [b.shape, b.items[1].shape, inner.shape] == ["list", "mapping", "scalar"]
    assert b.get("x") is None
    assert list(d.pairs()) == []


def test_empty_file_is_an_empty_mapping() -> None:
    """Nothing, or comments only, reads as a mapping without entries."""
    assert plain("") == {}
    assert plain("# only this\n") == {}


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "readable"),
    [
        ("a: 1\nb: [1, 2", "yaml.syntax", 3, 1, False),
        ("a: 1\n\tb: 2", "yaml.syntax", 2, 1, False),
        ("a\n---\nb", "yaml.syntax", 2, 1, False),
        ("a: \0", "yaml.syntax", 1, 1, False),
        ("a: &x 1", "yaml.alias", 1, 4, False),
        ("a: 1\nb: *x", "yaml.alias", 2, 4, False),
        ("a: " + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "yaml.too_deep", 1, 3 + MAX_DEPTH, False),
        ("a: " + "x" * MAX_BYTES, "yaml.too_big", 0, 0, False),
        ("a: 1\nb: 2\na: 3", "yaml.twice", 3, 1, True),
        ("? [x]\n: y", "yaml.key", 1, 3, True),
        ("a: !t x", "yaml.tag", 1, 4, True),
        ("a: !t [x]", "yaml.tag", 1, 4, True),
        ("a: !t {x: y}", "yaml.tag", 1, 4, True),
        ("a: !!binary aGk=", "yaml.tag", 1, 4, True),
        ("a: 2026-02-30", "yaml.date", 1, 4, True),
    ],
)
def test_problems(text: str, code: str, line: int, column: int, readable: bool) -> None:
    """Each has its code and place; what can be read in spite of it is read."""
    item, (problem, *more) = read_yaml(text, "f.yaml")
    assert (problem.code, problem.where.line, problem.where.column) == (code, line, column)
    assert not more
    assert problem.where.file == "f.yaml"
    assert all(problem.message)
    assert (item is not None) == readable


def test_all_at_once() -> None:
    """Problems do not hide each other."""
    _, problems = read_yaml("a: !t x\nb: 2026-02-30\na: 1\n", "f")
    assert [p.code for p in problems] == ["yaml.tag", "yaml.date", "yaml.twice"]


def test_depth_up_to_the_limit() -> None:
    """The limit itself is allowed."""
    nested: Any = "x"
    for _ in range(MAX_DEPTH - 1):
        nested = [nested]
    assert plain("a: " + "[" * (MAX_DEPTH - 1) + "x" + "]" * (MAX_DEPTH - 1)) == {"a": nested}
