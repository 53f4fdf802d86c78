"""The text of an expression: where it stands in its file, and how much of it is too much to read."""

from __future__ import annotations

import re
from typing import NamedTuple

from sqlglot import exp

from houfeng.book.yamlfile import Item
from houfeng.errors import Problem, Text, Where

MAX_LENGTH = 6000
MAX_DEPTH = 60
MAX_HEIGHT = 100


class Place(NamedTuple):
    """Where an expression was written: the file, its whole text, and the YAML value."""

    file: str
    source: str
    item: Item

    def at(self, text: str, start: int, token: str) -> Where:
        """The place of `token`, which begins at `start` of the expression `text`, in the file.

        YAML may fold, indent and escape, so the token is found again by counting: the n-th occurrence in the expression
        is the n-th after the value begins in the file.
        """
        lines = self.source.splitlines()
        pattern = re.compile(rf"(?<![\w.]){re.escape(token)}(?!\w)")
        nth = len(pattern.findall(text[:start])) if start >= 0 else 0
        line, column = self.item.line, self.item.column - 1
        for number in range(line - 1, len(lines)):
            for match in pattern.finditer(lines[number], column if number == line - 1 else 0):
                if nth == 0:
                    return Where(self.file, number + 1, match.start() + 1)
                nth -= 1
        return Where(self.file, self.item.line, self.item.column)

    @property
    def where(self) -> Where:
        """The place of the whole value."""
        return Where(self.file, self.item.line, self.item.column)


def too_deep(place: Place) -> Problem:
    """The problem of an expression nested too deeply."""
    what = Text("表达式嵌套过深，请拆成几个指标", "the expression is nested too deeply; split it into several items")
    return Problem("pack.too_deep", what, place.where)


def height(tree: exp.Expr) -> int:
    """How many steps stand one above the other; a long chain of `and` counts once, for it is read flat."""
    height, queue = 0, [(tree, 1)]
    while queue:
        part, level = queue.pop()
        height = max(height, level)
        flat = type(part) if isinstance(part, exp.Connector) else None
        queue += [(child, level + (type(child) is not flat)) for child in part.iter_expressions()]
    return height


def too_much(text: str, place: Place) -> Problem | None:
    """Why `text` is not even read: empty, too long, or nested too deeply; nothing where it is fine."""
    if not text.strip():
        return Problem("pack.empty", Text("表达式是空的", "the expression is empty"), place.where)
    deep = depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        deep = max(deep, depth)
    words = len(re.findall(r"\b(?:case|not)\b|[-+~]{2,}", text, re.IGNORECASE))
    if len(text) > MAX_LENGTH or deep > MAX_DEPTH or words > 4 * MAX_DEPTH:
        return Problem(
            "pack.too_deep",
            Text(
                "表达式太长或嵌套过深，请拆成几个指标",
                "the expression is too long or too deep; split it into several items",
            ),
            place.where,
        )
    return None
