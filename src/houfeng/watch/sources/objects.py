"""The slow road: one line of JSON, and what is wrong with it, all of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from houfeng.errors import Problem, Text, Where, did_you_mean

Texts = dict[str, str | None]
"""The fields of an event as found: numbers as written, truth values as TRUE and FALSE."""


class Pairs(list[tuple[str, Any]]):
    """An object as its pairs, so that a key given twice is seen."""


class Digits(str):
    """A number as written."""


def pairs_of(line: bytes, limit: int) -> Pairs | Problem:
    """The object in a line, or why it is none."""
    if len(line) > limit:
        return _problem("too_long", "一行过长", "the line is too long", f"{len(line):,} > {limit:,}")
    try:
        found = json.loads(
            line.decode("utf-8"), object_pairs_hook=Pairs, parse_float=Digits, parse_int=Digits, parse_constant=_no
        )
        _check(found)
    except UnicodeDecodeError:
        return _problem(
            "encoding", "不是 UTF-8 编码", "not in UTF-8", hint=Text("改用 UTF-8 编码发送", "send it as UTF-8")
        )
    except (ValueError, RecursionError) as error:
        hint = Text("每行写一个 JSON 对象", "write one JSON object per line")
        return _problem("not_json", "这一行不是 JSON", "the line is not JSON", str(error), hint)
    if not isinstance(found, Pairs):
        what = type(found).__name__.lower()
        return _problem("not_object", "这一行不是一个对象", "the line is not an object", what)
    return found


def kind_of(pairs: Pairs, default: str, known: Collection[str]) -> str | Problem:
    """The kind of event an object says it is, or `default` where it does not say."""
    named = [value for key, value in pairs if key == "kind"]
    if len(named) > 1:
        return _problem("field_twice", "同一字段给了两次", "the field is given twice", "kind", name="kind")
    name = named[0] if named and named[0] is not None and named[0] != "" else default
    if not isinstance(name, str) or isinstance(name, Digits) or (name and name not in known):
        hint = did_you_mean(str(name), known)
        return _problem("kind_unknown", "没有这种事件", "there is no such kind of event", str(name), hint, "kind")
    if not name:
        hint = Text("加上键 kind，或用 --kind 指明", "add the key “kind”, or say --kind")
        return _problem("kind_missing", "没有说明是哪种事件", "it is not said what kind of event this is", hint=hint)
    return name


def fields_of(pairs: Pairs, known: Mapping[str, str]) -> tuple[Texts, list[Problem], list[str]]:
    """The texts of an object's fields (`known`: key → field), what is wrong with them, and the keys that mean none."""
    texts: Texts = {}
    problems, unknown = [], []
    for key, value in pairs:
        target = known.get(key)
        if target is None:
            unknown += [key] if key != "kind" else []
        elif target in texts:
            problems.append(_problem("field_twice", "同一字段给了两次", "the field is given twice", key, name=target))
        elif isinstance(value, list):  # an object too: a list of pairs
            texts[target] = None
            text = "值是对象或数组，应为单个值", "the value is an object or array, not a single value"
            problems.append(_problem("nested", *text, key, name=target))
        else:
            texts[target] = str(value).upper() if isinstance(value, bool) else value
    return texts, problems, unknown


def _no(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _check(value: object) -> None:
    """Half a surrogate pair is no text: it could not be stored."""
    if isinstance(value, str):
        value.encode("utf-8")
    elif isinstance(value, (list, tuple)):
        for part in value:
            _check(part)


def _problem(code: str, zh: str, en: str, value: str = "", hint: Text = Text("", ""), name: str = "") -> Problem:
    return Problem(_CODES[code], Text(zh, en), Where(field=name), value=value[:200], suggestion=hint)


_CODES = {
    "too_long": "watch.too_long",
    "encoding": "watch.encoding",
    "not_json": "watch.not_json",
    "not_object": "watch.not_object",
    "kind_unknown": "watch.kind_unknown",
    "kind_missing": "watch.kind_missing",
    "field_twice": "watch.field_twice",
    "nested": "watch.nested",
}
