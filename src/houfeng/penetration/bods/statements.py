"""A file of statements, checked: JSON or JSON lines, of 0.4 or before; all that is wrong with it is told at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from houfeng.errors import InputError, Problem, Text, Where
from houfeng.penetration.bods.notes import note
from houfeng.penetration.bods.older import is_older, newer
from houfeng.penetration.bods.rows import INTERESTS

VERSION = "0.4"


def load(path: Path) -> list[dict[str, Any]]:
    """The statements of a file: one JSON array, or one statement a line. Numbers are exact.

    Raises:
        InputError: the file is no JSON, or no list of statements.
    """
    text = path.read_text(encoding="utf-8-sig")
    try:
        if text.lstrip().startswith("["):
            found = json.loads(text, parse_float=Decimal)
        else:
            found = [json.loads(line, parse_float=Decimal) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise _broken(
            [Problem("bods.json", Text(f"不是 JSON：{error}", f"not JSON: {error}"), Where(path.name))]
        ) from None
    wrong = [number for number, one in enumerate(found) if not isinstance(one, dict)]
    if wrong or not found:
        told = Text("应为声明的列表", "a list of statements is expected")
        raise _broken([Problem("bods.json", told, Where(path.name, row=(wrong or [0])[0] + 1))])
    return list(found)


def checked(
    statements: Sequence[Mapping[str, Any]], file: str, known_at: date | None
) -> tuple[list[dict[str, Any]], list[Problem]]:
    """The statements in the form of 0.4, by record and time, and notes on their version.

    Args:
        statements: as loaded.
        file: what to call them in problems.
        known_at: leave out what was stated later.

    Raises:
        InputError: statements that cannot be used.
    """
    notes = _versions(statements, file)
    found = newer(statements)
    problems = [problem for row, one in enumerate(found, start=1) for problem in _wrong(one, Where(file, row=row))]
    if problems:
        raise _broken(problems)
    known = [one for one in found if known_at is None or (day_of(one.get("statementDate")) or date.min) <= known_at]
    return sorted(known, key=lambda one: str(one.get("statementDate", ""))[:19]), notes


def day_of(text: object) -> date | None:
    """The day of a date or moment, or None where none is given."""
    return date.fromisoformat(str(text)[:10]) if text else None


def _versions(statements: Sequence[Mapping[str, Any]], file: str) -> list[Problem]:
    told = {str((one.get("publicationDetails") or {}).get("bodsVersion", "")) for one in statements}
    if any(is_older(one) for one in statements):
        told.add("0.3")
    other = ", ".join(sorted(told - {VERSION, ""}))
    if not other:
        return []
    message = Text(f"按 BODS {VERSION} 读入 {other} 版的声明", f"statements of version {other} are read as {VERSION}")
    return [note("bods.version", message, file, value=other)]


def _wrong(one: Mapping[str, Any], where: Where) -> list[Problem]:
    found = []
    kind, details = one.get("recordType"), one.get("recordDetails")
    if kind not in ("person", "entity", "relationship") or not isinstance(details, dict) or not one.get("recordId"):
        told = Text("声明缺少 recordId、recordType 或 recordDetails", "no recordId, recordType or recordDetails")
        return [Problem("bods.statement", told, where, value=str(kind))]
    interests = details.get("interests") or []
    texts = [one.get("statementDate"), details.get("foundingDate")]
    texts += [told.get(end) for told in interests for end in ("startDate", "endDate")]
    for text in texts:
        try:
            day_of(text)
        except ValueError:
            found.append(Problem("bods.date", Text("不是日期", "not a date"), where, value=str(text)))
    for told in interests:
        if told.get("type", "unknownInterest") not in INTERESTS:
            unknown = Text("标准中没有这种权益", "the standard has no such interest")
            found.append(Problem("bods.interest", unknown, where, value=str(told["type"])))
        for value in (told.get("share") or {}).values():
            if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 <= value <= 100:
                outside = Text("比例应为 0 到 100 的数", "a share is a number from 0 to 100")
                found.append(Problem("bods.share", outside, where, value=str(value)))
    return found


def _broken(problems: list[Problem]) -> InputError:
    return InputError(Text("受益所有权数据无法读入", "the beneficial ownership data cannot be read"), problems)
