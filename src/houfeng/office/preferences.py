"""What a person has chosen for the look of the desk: columns of lists, how dense rows stand. It changes no right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from houfeng.errors import Text, UsageError
from houfeng.office.access import Viewer
from houfeng.office.database import office_of
from houfeng.office.tables import SettingValue

DENSITIES: Mapping[str, Text] = {"normal": Text("宽松", "comfortable"), "dense": Text("紧凑", "compact")}
LISTS = 100
"""Lists whose columns are kept for one person; the oldest choice goes first."""


@dataclass(frozen=True)
class Preferences:
    """The choices of one person. `columns` are the names of those shown, by list; a list not in it shows all."""

    density: str = "normal"
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)


def preferences(session: Session, viewer: Viewer) -> Preferences:
    """What `viewer` has chosen."""
    row = session.get(SettingValue, _name(viewer))
    told: dict[str, Any] = row.value if row is not None else {}
    return Preferences(told.get("density", "normal"), told.get("columns", {}))


def choose(
    session: Session, viewer: Viewer, *, density: str | None = None, columns: Mapping[str, Sequence[str]] | None = None
) -> Preferences:
    """Keep a choice: how dense rows stand, and the columns of some lists (none named: all again).

    Raises:
        UsageError: there is no such density.
    """
    held = preferences(session, viewer)
    if density is not None and density not in DENSITIES:
        raise UsageError(Text(f"没有行距 {density[:40]}", f"there is no density {density[:40]}"))
    lists = {name: list(shown) for name, shown in held.columns.items() if name not in (columns or {})}
    lists |= {name: list(shown) for name, shown in (columns or {}).items() if shown}
    kept = Preferences(density or held.density, dict(list(lists.items())[-LISTS:]))
    value = {"density": kept.density, "columns": kept.columns}
    now = office_of(session).clock()
    session.merge(SettingValue(name=_name(viewer), value=value, changed_by=viewer.login, changed_at=now))
    session.flush()
    return kept


def _name(viewer: Viewer) -> str:
    return f"person.{viewer.user_id}"
