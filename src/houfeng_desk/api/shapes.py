"""Values as JSON: decimals as text, moments with their zone, texts in both languages; and the models that say so."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from houfeng.clock import ZONE
from houfeng.errors import Text
from houfeng_desk.lists import Column

LINKS = frozenset({"href", "url", "firm_href"})
"""Values of rows that are addresses of pages; a program asks for the thing itself."""


class Both(BaseModel):
    """A text in the two languages."""

    zh: str
    en: str


class Fault(BaseModel):
    """One problem of a request."""

    code: str
    message: str
    where: str
    level: str


class Error(BaseModel):
    """What every error looks like. `code` is stable and documented; `message` is in the asker's language."""

    code: str
    message: str
    problems: list[Fault]


class Done(BaseModel):
    """What became of an act."""

    message: Both


def plain(value: Any) -> Any:
    """`value` as JSON can hold it.

    Raises:
        TypeError: it is of a type that nobody meant to give out.
    """
    match value:
        case None | bool() | int() | str() if not isinstance(value, Enum):
            return value
        case Text():
            return {"zh": value.zh, "en": value.en}
        case Enum():
            return value.value
        case Decimal():
            return f"{value:f}"
        case float():
            return value if math.isfinite(value) else None
        case datetime():
            return value.replace(tzinfo=ZONE).isoformat()
        case date():
            return value.isoformat()
        case Mapping():
            return {str(name): plain(one) for name, one in value.items()}
        case tuple() if hasattr(value, "_asdict"):
            return plain(value._asdict())
        case _ if isinstance(value, Sequence | set | frozenset):
            return [plain(one) for one in (sorted(value) if isinstance(value, set | frozenset) else value)]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    raise TypeError(f"not for the API: {type(value).__name__}")


def told(thing: object, *names: str) -> dict[str, Any]:
    """Some values of a thing by their names."""
    return {name: plain(getattr(thing, name)) for name in names}


def listed(rows: Sequence[Any]) -> dict[str, Any]:
    """Things that are never so many that they need pages."""
    return {"items": plain(rows), "total": len(rows)}


def done(text: Text) -> Done:
    """What became of an act, in words."""
    return Done.model_validate({"message": plain(text)})


def item(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a list as one item."""
    return {name: plain(value) for name, value in row.items() if name not in LINKS}


def list_model(name: str, columns: Sequence[Column]) -> type[BaseModel]:
    """The model of a list's answer; items may hold more than the columns name."""
    given: dict[str, Any] = {one.name: (Any, Field(None, description=_about(one))) for one in columns}
    one = create_model(f"{name}Item", __config__=ConfigDict(extra="allow"), **given)
    return create_model(
        f"{name}List",
        items=(list[one], ...),  # type: ignore[valid-type]  # made just above
        total=(int, Field(description="Rows in all, on every page of the list.")),
        next=(str | None, Field(description="The cursor of the next page, or null on the last.")),
    )


def _about(column: Column) -> str:
    how = {
        "money": "yuan, a decimal as text",
        "percent": "percent, a decimal as text",
        "share": "a part of one, a decimal as text",
        "date": "YYYY-MM-DD",
        "moment": "ISO 8601 with zone",
        "tier": "red, orange, yellow, blue or empty",
    }.get(column.kind, "")
    return f"{column.label.en} ({column.label.zh})" + (f"; {how}" if how else "")
