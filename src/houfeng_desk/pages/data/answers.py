"""Answers to what a file leaves open: the intake's questions carry options as the command line writes them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from houfeng.errors import Text, UsageError

BLANKS = frozenset(("值", "列名", "代码"))
"""What stands in an option for something the person has to say."""


def answered(answers: Mapping[str, Any], options: Iterable[str]) -> dict[str, Any]:
    """`answers` with what the chosen options say added.

    Raises:
        UsageError: it is no such option, or something was left to be filled in.
    """
    found: dict[str, Any] = {**answers}
    for option in options:
        name, value = split(option)
        match name:
            case "--kind" | "--reporter" | "--period":
                found[name[2:]] = value
            case "--unit":
                found["unit"] = ",".join(dict.fromkeys([*filter(None, [found.get("unit", "")]), value]))
            case "--skip-column":
                found["skip"] = list(dict.fromkeys([*found.get("skip", ()), value]))
            case "--map" | "--constant":
                left, mark, right = value.partition("=")
                if not mark or not left.strip() or not right.strip() or {left.strip(), right.strip()} & BLANKS:
                    raise _no_answer(option)
                key = "mapping" if name == "--map" else "constants"
                found[key] = {**found.get(key, {}), left.strip(): right.strip()}
            case _:
                raise _no_answer(option)
    return found


def split(option: str) -> tuple[str, str]:
    """An option's name and value.

    Raises:
        UsageError: it is no option.
    """
    try:
        parts = shlex.split(option)
    except ValueError:
        raise _no_answer(option) from None
    if len(parts) != 2 or parts[1] in BLANKS:
        raise _no_answer(option)
    return parts[0], parts[1]


def is_complete(option: str) -> bool:
    """Whether an option can be chosen as it stands."""
    try:
        answered({}, [option])
    except UsageError:
        return False
    return True


def in_words(option: str) -> Text:
    """An option in words, for a button."""
    try:
        name, value = split(option)
    except UsageError:
        return Text(option, option)
    left, _, right = value.partition("=")
    told = {
        "--kind": Text(f"记录种类是 {value}", f"the record kind is {value}"),
        "--reporter": Text(f"报送单位是 {value}", f"the reporter is {value}"),
        "--period": Text(f"报告期是 {value}", f"the period is {value}"),
        "--unit": Text(f"单位：{value}", f"unit: {value}"),
        "--skip-column": Text(f"不要“{value}”这一列", f"leave out the column “{value}”"),
        "--map": Text(f"“{left}”就是 {right}", f"“{left}” is {right}"),
        "--constant": Text(f"每行的 {left} 都是 {right}", f"{left} is {right} in every row"),
    }
    return told.get(name, Text(option, option))


def _no_answer(option: str) -> UsageError:
    return UsageError(Text(f"这个回答还不完整：{option[:80]}", f"this answer is not complete: {option[:80]}"))
