"""A study in YAML: whom a score is about, what is known on the day it is asked for, and what became of them.

    study: sba-7a
    label: {zh: …, en: …}
    files: {loans: {path: sba_7a_loans/….parquet, profile: ../profiles/sba-7a.yaml}}
    rows: SELECT … FROM loans              # default: all columns of the only file
    id: LoanNr_ChkDgt
    decided: ApprovalDate                  # a column, or a day; features must be known by then
    outcome: "MIS_Status = 'CHGOFF'"       # true, false, or blank
    features:
      employees: {value: NoEmp, trend: down, special: [0], label: {zh: 员工数, en: Employees}}
    test: {from: 2003-10-01}               # out of time; or {folds: 5, repeats: 3}

or, from a book, the items of a pack: `pack`, `over`, `days`, and `outcome: {item: …, months: 12}`; with `files` too,
`id` and `outcome` are of the files, which then hold the labels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from houfeng.book.model import text_of
from houfeng.book.yamlfile import Item, read_yaml
from houfeng.errors import InputError, Problem, Text, UsageError, Where, did_you_mean

KEYS = (
    "study", "label", "description", "files", "rows", "id", "decided", "outcome", "where", "features", "test",
    "calibrate_from", "settings", "scale", "pack", "over", "days", "limits", "champion",
)  # fmt: skip
TRENDS = {"auto": "auto_asc_desc", "up": "ascending", "down": "descending", "free": "auto"}
"""How the chance of the outcome may move with a field: one direction found, up, down, or any shape."""
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class File:
    """A file of rows by the name SQL calls it; `profile` tells what its columns mean and when they are known."""

    name: str
    path: str
    profile: Path | None = None


@dataclass(frozen=True, slots=True)
class Feature:
    """A field of a score. `kind` is numeric or category; `special` values keep bins of their own."""

    name: str
    value: str
    kind: str
    trend: str
    special: tuple[float, ...]
    label: Text
    where: Where


@dataclass(frozen=True, slots=True)
class Test:
    """How figures are made on rows the model has not seen: from a day on, or by folds."""

    start: date | None
    folds: int
    repeats: int


@dataclass(frozen=True, slots=True)
class Settings:
    """How a card is fitted. Shares are of rows; `least_iv` drops weak fields; `most` bounds how many stay."""

    bins: int = 6
    least_bin: float = 0.05
    least_iv: float = 0.02
    most: int = 15
    least_special: int = 20
    ridge: float = 1.0
    rounds: int = 400
    leaves: int = 15
    least_leaf: int = 0  # rows of a leaf of the trees; 0: a fiftieth of all, 5 to 100


@dataclass(frozen=True, slots=True)
class Scale:
    """`base` points where good stands to bad as `odds` to 1; `pdo` more points double the odds."""

    pdo: float = 20
    base: float = 600
    odds: float = 50


@dataclass(frozen=True)
class Study:
    """What a file of a study says."""

    name: str
    label: Text
    description: Text
    file: Path
    files: tuple[File, ...]
    rows: str
    id: str
    decided: str
    outcome: str
    where: str
    features: tuple[Feature, ...]
    test: Test
    calibrate_from: date | None
    settings: Settings
    scale: Scale
    limits: Text
    champion: str = ""
    pack: str = ""
    over: str = "enterprise"
    days: tuple[date, ...] = ()
    outcome_months: int = 0
    lines: Mapping[str, int] = field(default_factory=dict)


def read_study(path: Path) -> Study:
    """The study in the YAML file `path`.

    Raises:
        UsageError: there is no such file.
        InputError: it is none; every problem is told.
    """
    if not path.is_file():
        raise UsageError(Text(f"没有文件 {path}", f"there is no file {path}"))
    root, problems = read_yaml(path.read_text("utf-8"), str(path))
    reader = _Reader(path, root, problems)
    if root is None or root.entries is None or problems:
        problems = problems or [reader.problem(None, "研究应是键值", "a study is a mapping")]
        raise InputError(Text(f"{path} 不是可用的研究", f"{path} is no usable study"), problems)
    study = reader.study()
    if problems:
        raise InputError(Text(f"{path} 不是可用的研究", f"{path} is no usable study"), problems)
    return study


class _Reader:
    def __init__(self, path: Path, root: Item | None, problems: list[Problem]) -> None:
        self.path, self.problems = path, problems
        self.root = root or Item(1, 1, entries={})
        self.raw: dict[str, Any] = self.root.plain() if self.root.entries is not None else {}

    def problem(self, item: Item | None, zh: str, en: str, hint: Text = Text("", "")) -> Problem:
        at = item or self.root
        where = Where(str(self.path), at.key_line or at.line, at.key_column or at.column)
        return Problem("credit.study", Text(zh, en), where, suggestion=hint)

    def tell(self, item: Item | None, zh: str, en: str, hint: Text = Text("", "")) -> None:
        self.problems.append(self.problem(item, zh, en, hint))

    def study(self) -> Study:
        for key, item in self.root.pairs():
            if key not in KEYS:
                self.tell(item, f"研究没有键 {key}", f"a study has no key {key}", did_you_mean(key, KEYS))
        for key in ("study", "label", "outcome", "features"):
            if key not in self.raw:
                self.tell(None, f"缺少 {key}", f"{key} is missing")
        if not self.raw.get("files") and not self.raw.get("pack"):
            self.tell(None, "请给出 files 或 pack", "give files or pack")
        raw, outcome = self.raw, self.raw.get("outcome", "")
        from_book = isinstance(outcome, Mapping)
        files = self._files()
        return Study(
            name=str(raw.get("study", self.path.stem)),
            label=text_of(raw.get("label")),
            description=text_of(raw.get("description")),
            file=self.path,
            files=files,
            rows=str(raw.get("rows") or (f"SELECT * FROM {files[0].name}" if len(files) == 1 else "")),
            id=str(raw.get("id", "enterprise_id")),
            decided=str(raw.get("decided") or ""),
            outcome=str(outcome.get("item", "") if from_book else outcome),
            where=str(raw.get("where") or ""),
            features=self._features(),
            test=self._test(),
            calibrate_from=self._day("calibrate_from"),
            settings=self._numbers("settings", Settings),
            scale=self._numbers("scale", Scale),
            limits=text_of(raw.get("limits")),
            champion=str(raw.get("champion") or ""),
            pack=str(raw.get("pack") or ""),
            over=str(raw.get("over") or "enterprise"),
            days=tuple(day for day in raw.get("days") or () if isinstance(day, date)),
            outcome_months=int(outcome.get("months", 0)) if from_book else 0,
        )

    def _files(self) -> tuple[File, ...]:
        found = []
        for name, body in (self.raw.get("files") or {}).items():
            shaped = body if isinstance(body, Mapping) else {"path": body}
            profile = shaped.get("profile")
            found.append(File(str(name), str(shaped["path"]), self.path.parent / str(profile) if profile else None))
        return tuple(found)

    def _features(self) -> tuple[Feature, ...]:
        section = self.root.get("features")
        if section is None or section.entries is None:
            return ()
        found = []
        for name, item in section.pairs():
            plain = item.plain()
            body: Mapping[str, Any] = plain if isinstance(plain, Mapping) else {"value": plain or name}
            for key in body:
                if key not in ("value", "kind", "trend", "special", "label"):
                    self.tell(item, f"{name} 没有键 {key}", f"{name} has no key {key}")
            kind, trend = str(body.get("kind", "numeric")), str(body.get("trend", "auto"))
            if kind not in ("numeric", "category"):
                self.tell(item, f"{name} 的 kind 应为 numeric 或 category", f"kind of {name}: numeric or category")
            if trend not in TRENDS:
                self.tell(item, f"{name} 的 trend 应为 {'、'.join(TRENDS)}", f"trend of {name}: {', '.join(TRENDS)}")
            if not _NAME.fullmatch(name):
                self.tell(
                    item, f"{name} 只能用小写字母、数字和下划线", f"{name}: lower-case letters, digits, underscores"
                )
            special = tuple(float(value) for value in body.get("special") or ())
            label = text_of(body.get("label") or name)
            where = Where(str(self.path), item.key_line, item.key_column)
            found.append(Feature(name, str(body.get("value", name)), kind, trend, special, label, where))
        return tuple(found)

    def _test(self) -> Test:
        body = self.raw.get("test") or {}
        start = body.get("from")
        if start is not None and not isinstance(start, date):
            self.tell(self.root.get("test"), "test.from 应为日期", "test.from should be a day")
            start = None
        return Test(start, int(body.get("folds", 5)), int(body.get("repeats", 1)))

    def _day(self, key: str) -> date | None:
        value = self.raw.get(key)
        if value is None or isinstance(value, date):
            return value
        self.tell(self.root.get(key), f"{key} 应为日期", f"{key} should be a day")
        return None

    def _numbers(self, key: str, kind: type[Any]) -> Any:
        body, given = self.raw.get(key) or {}, {}
        for name, value in body.items():
            if name not in kind.__dataclass_fields__:
                hint = did_you_mean(name, kind.__dataclass_fields__)
                self.tell(self.root.get(key), f"{key} 没有 {name}", f"{key} has no {name}", hint)
            else:
                given[name] = type(kind.__dataclass_fields__[name].default)(value)
        return kind(**given)
