"""The question of the cube as it stands in the address, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from urllib.parse import urlencode

from starlette.requests import Request

from houfeng.clock import parse_moment
from houfeng.errors import Text, UsageError
from houfeng_desk.queries.themes import STANDARD, THEME, Ask

FILTERS = ("region", "institution", "institution_type", "industry", "size", "ownership", "guarantee_mode")
"""Dimensions the form filters by; others come through `only=NAME=CODE` from a link."""
COMPARES = ("month", "year", "ytd", "period", "known")


def ask_of(request: Request) -> Ask:
    """The question in the address. One without `set` is the page's first look: themes down, the standard measures.

    Raises:
        UsageError: something in it cannot be meant.
    """
    asked = request.query_params
    if "set" not in asked:
        return Ask(where=_where(request), compare="year", components=False)
    rows = _listed(asked.getlist("rows")) or (THEME,)
    columns = tuple(one for one in _listed(asked.getlist("columns")) if one not in rows)
    if THEME not in rows and THEME not in columns:
        rows = (*rows, THEME)
    compare, known = _compare(asked)
    return Ask(
        rows=rows,
        columns=columns,
        measures=_listed(asked.getlist("measures")) or STANDARD,
        compare=compare,
        known=known,
        where=_where(request),
        components=bool(asked.get("components")),
        unit=asked.get("unit", "auto") or "auto",
        readings=dict(_pairs(asked.getlist("reading"))),
    )


def _compare(asked: Mapping[str, str]) -> tuple[str, datetime | None]:
    compare = asked.get("compare", "")
    if compare and compare not in COMPARES:
        raise UsageError(Text(f"没有这种对比：{compare[:40]}", f"there is no such comparison: {compare[:40]}"))
    if compare == "period":
        return asked.get("compare_period", "").strip(), None
    if compare == "known":
        moment = asked.get("compare_known", "").strip()
        if not moment:
            raise UsageError(Text("请填写对比的知悉时点", "say the other moment of knowledge"))
        return compare, parse_moment(moment)
    return compare, None


def _where(request: Request) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name in FILTERS:
        for code in request.query_params.getlist(f"in_{name}"):
            if code:
                found.setdefault(name, []).append(code[:60])
    for name, code in _pairs(request.query_params.getlist("only")):
        found.setdefault(name, []).append(code)
    return {name: tuple(dict.fromkeys("" if code == "-" else code for code in codes)) for name, codes in found.items()}


def _pairs(given: Iterable[str]) -> list[tuple[str, str]]:
    pairs = []
    for one in given:
        name, sign, value = one.partition("=")
        if sign:
            pairs.append((name.strip()[:60], value.strip()[:60]))
    return pairs


def _listed(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for one in given for part in one.split(",") if part.strip()))


def drill_address(drill: Mapping[str, str], where: Mapping[str, tuple[str, ...]], readings: Mapping[str, str]) -> str:
    """The address of the notes a cell is made of: its own codes, and the filters of the question."""
    query = [("theme", drill["theme"])]
    query += [("only", f"{name}={code or '-'}") for name, code in drill.items() if name != "theme"]
    for name, codes in where.items():
        query += [("only", f"{name}={code or '-'}") for code in codes if name not in drill]
    query += [("reading", f"{name}={label}") for name, label in readings.items()]
    return f"/themes/loans?{urlencode(query)}"
