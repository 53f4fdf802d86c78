"""Answers kept in a file: what an office said once about a reporter's table, so that nobody types it every month.

    profile: sba-7a
    label: {zh: …, en: …}
    kind: loan
    map: {LoanNr_ChkDgt: note_no}
    constants: {currency: USD}
    skip:
      Term: {zh: 事后才知道…, en: known only afterwards …}

A column left out says why; the reason is told at every submission.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from houfeng.book.model import text_of
from houfeng.book.yamlfile import Item, read_yaml
from houfeng.errors import InputError, Problem, Text, UsageError, Where, did_you_mean

KEYS = ("profile", "label", "kind", "reporter", "unit", "map", "constants", "skip")


@dataclass(frozen=True)
class Profile:
    """Answers to the questions of one kind of file. `reasons` says per header why it is left out."""

    name: str
    label: Text
    kind: str
    reporter: str
    unit: str
    mapping: Mapping[str, str]
    constants: Mapping[str, str]
    reasons: Mapping[str, Text]


def read_profile(path: Path) -> Profile:
    """The profile in the YAML file `path`.

    Raises:
        UsageError: there is no such file.
        InputError: it is not a profile; every problem is told.
    """
    if not path.is_file():
        raise UsageError(Text(f"没有文件 {path}", f"there is no file {path}"))
    root, problems = read_yaml(path.read_text("utf-8"), str(path))
    if root is not None:
        problems += _shape(root, str(path))
    if root is None or problems:
        raise InputError(Text(f"{path} 不是可用的报送档案", f"{path} is no usable profile"), problems)
    raw = root.plain()
    skipped = raw.get("skip") or {}
    return Profile(
        name=str(raw.get("profile") or path.stem),
        label=text_of(raw.get("label") or path.stem),
        kind=str(raw.get("kind") or ""),
        reporter=str(raw.get("reporter") or ""),
        unit=str(raw.get("unit") or ""),
        mapping={str(k): str(v) for k, v in (raw.get("map") or {}).items()},
        constants={str(k): str(v) for k, v in (raw.get("constants") or {}).items()},
        reasons={str(header): text_of(reason or "") for header, reason in skipped.items()},
    )


def _shape(root: Item, file: str) -> list[Problem]:
    if root.entries is None:
        return [Problem("intake.profile", Text("档案应是键值", "a profile is a mapping"), Where(file, 1, 1))]
    found = []
    for key, item in root.pairs():
        where = Where(file, item.key_line, item.key_column)
        if key not in KEYS:
            what = Text(f"档案没有键 {key}", f"a profile has no key {key}")
            found.append(Problem("intake.profile", what, where, suggestion=did_you_mean(key, KEYS)))
        elif key in ("map", "constants", "skip") and item.entries is None:
            found.append(Problem("intake.profile", Text(f"{key} 应是键值", f"{key} should be a mapping"), where))
    return found
