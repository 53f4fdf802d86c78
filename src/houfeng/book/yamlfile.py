"""YAML as a careful reader wants it: every value knows its line, and nothing in a file can run, link or explode.

Record kinds and packs are YAML written by people. This reader takes the plain subset: mappings, lists and scalars. It
refuses tags, anchors and aliases (a small file could unfold into gigabytes), finds keys written twice, follows YAML 1.2
for words (`on`, `no` and `yes` are words, not truth values), and keeps decimals exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import yaml

from houfeng.errors import Problem, Text, Where

MAX_DEPTH = 24
MAX_BYTES = 4_000_000
MAX_DIGITS = 40

Scalar = str | int | Decimal | bool | date | None

_INT = re.compile(r"[-+]?[0-9][0-9_]*")
_DECIMAL = re.compile(r"[-+]?[0-9][0-9_]*\.[0-9]+")
_QUOTED = ("'", '"', "|", ">")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Item:
    """One YAML value with its place: a mapping (`entries`), a list (`items`) or a scalar (`value`).

    `line` and `column` count from 1 and point at the value; `key_line` and `key_column` at its key where it has one.
    `block` is true for a literal or folded block, whose text begins on the next line.
    """

    line: int
    column: int
    value: Scalar = None
    entries: dict[str, Item] | None = None
    items: tuple[Item, ...] | None = None
    key_line: int = 0
    key_column: int = 0
    block: bool = False
    quoted: bool = False

    @property
    def shape(self) -> str:
        """`mapping`, `list` or `scalar`."""
        return "mapping" if self.entries is not None else "list" if self.items is not None else "scalar"

    def get(self, key: str) -> Item | None:
        """The entry called `key`, or nothing."""
        return self.entries.get(key) if self.entries is not None else None

    def pairs(self) -> Iterator[tuple[str, Item]]:
        """The entries of a mapping, in file order; nothing for other shapes."""
        yield from (self.entries or {}).items()

    def plain(self) -> Any:
        """The value without places, as dicts, lists and scalars."""
        if self.entries is not None:
            return {key: item.plain() for key, item in self.entries.items()}
        if self.items is not None:
            return [item.plain() for item in self.items]
        return self.value


def read_yaml(text: str, file: str) -> tuple[Item | None, list[Problem]]:
    """Read one YAML document. Gives the root (nothing if it cannot be read) and every problem found."""
    if len(text.encode(errors="replace")) > MAX_BYTES:
        return None, [
            Problem(
                "yaml.too_big", Text("文件超过 4 MB，不像人写的 YAML", "over 4 MB: no YAML a person wrote"), Where(file)
            )
        ]
    reader = _Reader(file)
    try:
        if (refused := _refused(text, reader)) is not None:
            return None, [refused]
        root = yaml.compose(text, yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or "syntax"
        return None, [reader.problem("yaml.syntax", mark, f"YAML 语法错误：{what}", f"YAML syntax: {what}")]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return None, [
            Problem(
                "yaml.syntax", Text(f"YAML 无法读取：{error}", f"cannot be read as YAML: {error}"), Where(file, 1, 1)
            )
        ]
    if root is None:
        return Item(1, 1, entries={}), []
    return reader.item(root), reader.problems


def _refused(text: str, reader: _Reader) -> Problem | None:
    # Looked for in the flat stream of events: building the tree of a deep or self-referring file is what would hurt.
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            zh, en = "不许用锚点和引用（& 与 *）", "anchors and aliases (& and *) are not allowed"
            return reader.problem("yaml.alias", event.start_mark, zh, en)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            return reader.problem("yaml.too_deep", event.start_mark, "嵌套过深", "nested too deeply")
    return None


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def problem(self, code: str, mark: Any, zh: str, en: str) -> Problem:
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return Problem(code, Text(zh, en), Where(self.file, line, column))

    def item(self, node: yaml.Node, key: yaml.Node | None = None) -> Item:
        mark = node.start_mark
        line, column = mark.line + 1, mark.column + 1
        key_line, key_column = (key.start_mark.line + 1, key.start_mark.column + 1) if key is not None else (0, 0)
        if not node.tag.startswith("tag:yaml.org,2002:") or node.tag.endswith("binary"):
            shown = node.tag
            self.problems.append(
                self.problem("yaml.tag", mark, f"不许用标签 {shown}", f"tags are not allowed: {shown}")
            )
        entries: dict[str, Item] | None = None
        items: tuple[Item, ...] | None = None
        value: Scalar = None
        style = None
        if isinstance(node, yaml.MappingNode):
            entries = self._entries(node)
        elif isinstance(node, yaml.SequenceNode):
            items = tuple(self.item(child) for child in node.value)
        elif isinstance(node, yaml.ScalarNode):
            value, style = self._scalar(node), node.style
        return Item(
            line,
            column,
            value,
            entries,
            items,
            key_line,
            key_column,
            block=style in ("|", ">"),
            quoted=style in ("'", '"'),
        )

    def _entries(self, node: yaml.MappingNode) -> dict[str, Item]:
        entries: dict[str, Item] = {}
        for key, child in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.problems.append(
                    self.problem("yaml.key", key.start_mark, "键必须是一个词", "a key must be one word")
                )
                continue
            if key.value in entries:
                self.problems.append(
                    self.problem(
                        "yaml.twice",
                        key.start_mark,
                        f"键 {key.value} 写了两次",
                        f"the key {key.value} is written twice",
                    )
                )
                continue
            entries[key.value] = self.item(child, key)
        return entries

    def _scalar(self, node: yaml.ScalarNode) -> Scalar:
        text: str = node.value
        if node.style in _QUOTED:  # the C reader gives '' for a plain scalar, the Python reader None
            return text
        if text in ("", "~", "null"):
            return None
        if text in ("true", "false"):
            return text == "true"
        if len(text) > MAX_DIGITS:
            return text
        if _INT.fullmatch(text) and not (len(text) > 1 and text[0] == "0"):
            return int(text.replace("_", ""))
        if _DECIMAL.fullmatch(text):
            return Decimal(text.replace("_", ""))
        if _DATE.fullmatch(text):
            try:
                return date.fromisoformat(text)
            except ValueError:
                self.problems.append(
                    self.problem("yaml.date", node.start_mark, f"没有这一天：{text}", f"there is no such day: {text}")
                )
        return text
