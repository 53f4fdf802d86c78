"""docs/glossary.md has a row for every word that a user meets in commands, kinds and packs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from houfeng.book.model import Time, kinds
from houfeng.packs.loading.load import load_pack
from houfeng.packs.model import TIERS

PAGE = Path(__file__).parents[2] / "docs" / "glossary.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text("utf-8").splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| 中文"))
]
WORDS = {word for row in ROWS for word in re.findall(r"`([^`]+)`", row[1])}


def missing(words: object) -> list[str]:
    assert isinstance(words, list)
    return sorted({word for word in words if word not in WORDS})


def test_every_kind_and_time() -> None:
    """Each record kind, and each of the three times a kind may live in."""
    assert missing([*kinds(), *(time.value for time in Time)]) == []


def test_every_article_and_tier() -> None:
    """Each article a shipped theme is tagged under, the union of them, and each tier."""
    themes = load_pack("five-articles").themes()
    assert missing([*(theme.tag.partition(".")[0] for theme in themes), *TIERS]) == []


@pytest.mark.parametrize(
    "words",
    [
        "parameter code_set theme indicator value table rule interpretation case waiting",
        "window hop offset tier cooldown clear_when reading beats except starred partial",
        "submission quarantine reporter received_at known_at as_of evidence episode alert replay",
    ],
)
def test_every_word_of_the_language(words: str) -> None:
    """The sections and marks of the pack language, and the words of the book and of warnings."""
    assert missing(words.split()) == []


def test_every_row_is_whole() -> None:
    """Five cells, none empty, and no identifier explained twice in one chapter (the same word may mean two things)."""
    assert [row for row in ROWS if len(row) != 5 or not all(row)] == []
    firsts = [(row[0], row[1]) for row in ROWS]
    assert len(firsts) == len(set(firsts))


def test_labels_of_kinds_are_the_books() -> None:
    """The Chinese name of a kind is its label."""
    told = {row[1].strip("`"): row[0] for row in ROWS}
    assert {name: told[name] for name in kinds()} == {name: kind.label.zh for name, kind in kinds().items()}
