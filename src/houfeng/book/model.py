"""Record kinds: the one place where a field is defined.

A record kind is one YAML file in `book/kinds/`. Tables, checks, Excel templates, import headers, the data dictionary
and screen labels all come from it. This module reads those files into frozen values and knows nothing of storage.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

import pyarrow as pa

from houfeng.book.yamlfile import read_yaml
from houfeng.errors import InputError, Text, UsageError, did_you_mean


class Time(StrEnum):
    """Which time a kind lives in: a reporting period, an instant, or a stretch of validity."""

    PERIOD = "period"
    EVENT = "event"
    VALIDITY = "validity"


class Type(StrEnum):
    """What a field holds. Money is yuan, a rate is percent; both are exact decimals."""

    ID = "id"  # an identifier: a credit code, a contract number; text, never a number
    CODE = "code"  # a member of a code list, or of an open coded classification (pattern)
    TEXT = "text"
    MONEY = "money"  # DECIMAL(20,2), yuan
    RATE = "rate"  # DECIMAL(10,5), percent: 3.45 is 3.45 %
    NUMBER = "number"  # DECIMAL(20,5)
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"  # whole seconds, local time


ARROW: Mapping[Type, pa.DataType] = {
    Type.ID: pa.string(),
    Type.CODE: pa.string(),
    Type.TEXT: pa.string(),
    Type.MONEY: pa.decimal128(20, 2),
    Type.RATE: pa.decimal128(10, 5),
    Type.NUMBER: pa.decimal128(20, 5),
    Type.INTEGER: pa.int64(),
    Type.BOOLEAN: pa.bool_(),
    Type.DATE: pa.date32(),
    Type.DATETIME: pa.timestamp("us"),
}

SQL: Mapping[Type, str] = {
    Type.ID: "VARCHAR",
    Type.CODE: "VARCHAR",
    Type.TEXT: "VARCHAR",
    Type.MONEY: "DECIMAL(20,2)",
    Type.RATE: "DECIMAL(10,5)",
    Type.NUMBER: "DECIMAL(20,5)",
    Type.INTEGER: "BIGINT",
    Type.BOOLEAN: "BOOLEAN",
    Type.DATE: "DATE",
    Type.DATETIME: "TIMESTAMP",
}


class CodeList(NamedTuple):
    """A closed list of codes with their labels, and where it comes from."""

    name: str
    label: Text
    source: str
    members: Mapping[str, Text]
    aliases: Mapping[str, str]  # other spellings seen in files → code


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind. `official` is its code in the reporting standard, `aliases` other headers seen in files."""

    name: str
    type: Type
    label: Text
    official: str = ""
    aliases: tuple[str, ...] = ()
    required: bool = False
    unit: str = ""
    code_list: str = ""
    pattern: str = ""  # regular expression for open classifications, for example GB/T 4754 classes
    classification: str = ""  # gbt4754: digits without their section letter get it (GB/T 4754-2017)
    check: str = ""  # named check digit: uscc, organisation_code, citizen_id, party (uscc where it looks like one)
    in_cny_of: str = ""  # the amount in CNY of that field: the same where the currency is CNY or not said
    jump: bool = False  # watch for a change against the last period by the factor of a mistaken unit
    length: int = 0
    description: Text = Text("", "")


@dataclass(frozen=True, slots=True)
class Relation:
    """A declared way from a row of one kind to at most one row of another: `on` maps own field to field there."""

    name: str
    kind: str
    on: Mapping[str, str]
    label: Text = Text("", "")


@dataclass(frozen=True, slots=True)
class Check:
    """A row check: a problem where `when` (a SQL condition over the row's own fields) is true."""

    code: str
    level: str
    when: str
    fields: tuple[str, ...]
    reason: Text
    suggestion: Text


@dataclass(frozen=True, slots=True)
class Kind:
    """A record kind: what a row means, what identifies it, and which time it lives in.

    `key` identifies a row; for a period kind within (reporter, period), for a validity kind within a reporter's list as
    of a day, for an event kind for ever. `time_field` is `period` for period kinds, the event's date or moment for
    event kinds, and `valid_from` for validity kinds, which also have `valid_to` (exclusive, empty while open).
    """

    name: str
    label: Text
    description: Text
    time: Time
    time_field: str
    key: tuple[str, ...]
    fields: Mapping[str, Field]
    relations: Mapping[str, Relation]
    checks: tuple[Check, ...]
    reporter_field: str = ""
    official: str = ""
    source: str = ""

    def schema(self) -> pa.Schema:
        """The Arrow schema of the kind's own fields, in file order."""
        return pa.schema([pa.field(f.name, ARROW[f.type]) for f in self.fields.values()])

    def field(self, name: str) -> Field:
        """The field called `name`.

        Raises:
            UsageError: there is none; names the nearest.
        """
        if name not in self.fields:
            near = did_you_mean(name, self.fields)
            raise UsageError(
                Text(f"{self.name} 没有字段 {name}。{near.zh}", f"{self.name} has no field {name}. {near.en}")
            )
        return self.fields[name]


def text_of(value: object) -> Text:
    """A text from YAML: a mapping with zh and en, or one string for both."""
    if isinstance(value, Mapping):
        return Text(str(value.get("zh", "")), str(value.get("en", "")))
    return Text(str(value or ""), str(value or ""))


def _field(name: str, raw: Mapping[str, Any]) -> Field:
    known = {
        "type",
        "label",
        "official",
        "aliases",
        "required",
        "unit",
        "code_list",
        "pattern",
        "classification",
        "check",
        "in_cny_of",
        "jump",
        "length",
        "description",
    }
    if unknown := set(raw) - known:
        raise ValueError(f"field {name}: unknown keys {sorted(unknown)}")
    return Field(
        name=name,
        type=Type(raw["type"]),
        label=text_of(raw["label"]),
        official=raw.get("official", ""),
        aliases=tuple(raw.get("aliases", ())),
        required=raw.get("required", False),
        unit=raw.get("unit", ""),
        code_list=raw.get("code_list", ""),
        pattern=raw.get("pattern", ""),
        classification=raw.get("classification", ""),
        check=raw.get("check", ""),
        in_cny_of=raw.get("in_cny_of", ""),
        jump=raw.get("jump", False),
        length=raw.get("length", 0),
        description=text_of(raw.get("description", "")),
    )


def kind_from(raw: Mapping[str, Any]) -> Kind:
    """Build a kind from its YAML mapping. A mistake in a shipped file is ours: it raises, and a test loads them all."""
    return Kind(
        name=raw["kind"],
        label=text_of(raw["label"]),
        description=text_of(raw.get("description", "")),
        time=Time(raw["time"]),
        time_field=raw.get("time_field", {"period": "period", "validity": "valid_from"}.get(raw["time"], "")),
        key=tuple(raw["key"]),
        fields={name: _field(name, body) for name, body in raw["fields"].items()},
        relations={
            name: Relation(name, body["kind"], dict(body["on"]), text_of(body.get("label", "")))
            for name, body in raw.get("relations", {}).items()
        },
        checks=tuple(
            Check(
                code=body["code"],
                level=body.get("level", "error"),
                when=body["when"],
                fields=tuple(body.get("fields", ())),
                reason=text_of(body["reason"]),
                suggestion=text_of(body.get("suggestion", "")),
            )
            for body in raw.get("checks", ())
        ),
        reporter_field=raw.get("reporter_field", ""),
        official=raw.get("official", ""),
        source=raw.get("source", ""),
    )


def _shipped(folder: Traversable) -> Iterator[Mapping[str, Any]]:
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".yaml"):
            root, problems = read_yaml(entry.read_text("utf-8"), entry.name)
            if root is None or problems:
                raise InputError(
                    Text(f"自带文件 {entry.name} 有误", f"the shipped file {entry.name} is wrong"), problems
                )
            yield root.plain()


@functools.cache
def kinds() -> Mapping[str, Kind]:
    """All record kinds Houfeng ships, by name, in alphabetical order."""
    folder = files("houfeng.book") / "kinds"
    found = [kind_from(raw) for raw in _shipped(folder)]
    return {kind.name: kind for kind in found}


def kind(name: str) -> Kind:
    """The record kind called `name`.

    Raises:
        UsageError: there is none; names the nearest.
    """
    if name not in kinds():
        near = did_you_mean(name, kinds())
        raise UsageError(Text(f"没有名为 {name} 的记录种类。{near.zh}", f"there is no record kind {name}. {near.en}"))
    return kinds()[name]


@functools.cache
def code_lists() -> Mapping[str, CodeList]:
    """All code lists, by name: one YAML file each in `book/codes/`."""
    folder = files("houfeng.book") / "codes"
    lists = {}
    for raw in _shipped(folder):
        lists[raw["code_list"]] = CodeList(
            name=raw["code_list"],
            label=text_of(raw["label"]),
            source=raw.get("source", ""),
            members={str(code): text_of(label) for code, label in raw["members"].items()},
            aliases={str(alias): str(code) for alias, code in raw.get("aliases", {}).items()},
        )
    return lists
