"""From when a column is known: by its profile, or by the time of the record kind it maps to; never by its name.

A profile says it of a column it leaves out (`known:` another column that holds the day, or `outcome`). A column that
maps to a field of a kind is known when the kind's row comes about: at its event, its period, or the day it begins.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from houfeng.book.intake.profile import read_profile
from houfeng.book.model import Time, Type, kind, text_of
from houfeng.book.yamlfile import read_yaml
from houfeng.errors import Text

OUTCOME = "outcome"
"""In a profile: known only with or after the outcome."""


@dataclass(frozen=True, slots=True)
class Known:
    """`since` is the column that holds the day a value is known from, `outcome`, or empty where nobody says."""

    since: str
    reason: Text
    field: str = ""  # kind.field, where the column maps to one


def known_columns(profile: Path) -> dict[str, Known]:
    """What a profile says of each of its columns."""
    read = read_profile(profile)
    root, _ = read_yaml(profile.read_text("utf-8"), str(profile))
    skipped: Mapping[str, Any] = (root.plain().get("skip") or {}) if root is not None else {}
    found = {}
    for header, body in skipped.items():
        since = str(body.get("known", "")) if isinstance(body, Mapping) else ""
        found[str(header)] = Known(since, text_of(body or ""))
    headers = {name: header for header, name in read.mapping.items()}
    for header, name in read.mapping.items():
        found[header] = _by_kind(read.kind, name, headers)
    return found


def _by_kind(kind_name: str, field_name: str, headers: Mapping[str, str]) -> Known:
    shape, said = kind(kind_name), _said().get(kind_name, {})
    place = f"{kind_name}.{field_name}"
    own = shape.field(field_name)
    if field_name in said.get("life", ()):
        return Known(
            OUTCOME,
            Text(
                f"{shape.label.zh}的{own.label.zh}在存续期内会改，表里是最后的值",
                f"{own.label.en} of {shape.label.en} changes while the row lives; the table holds its last value",
            ),
            place,
        )
    began = said.get("since") or ("" if shape.time is Time.VALIDITY else shape.time_field) or "valid_from"
    reason = Text(
        f"{shape.label.zh}自{shape.fields[began].label.zh}起才有", f"a row of {shape.label.en} is there from {began} on"
    )
    identity = own.type is Type.ID or field_name in shape.key
    return Known("" if identity else headers.get(began, ""), reason, place)


@functools.cache
def _said() -> Mapping[str, Mapping[str, Any]]:
    entry = files("houfeng.credit.guard") / "known.yaml"
    root, problems = read_yaml(entry.read_text("utf-8"), "known.yaml")
    assert root is not None, problems
    found: Mapping[str, Mapping[str, Any]] = root.plain()
    return found
