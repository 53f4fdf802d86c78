"""The models kept beside the book: `BOOK/models/NAME-VERSION`, written by `houfeng credit fit --out`."""

from __future__ import annotations

from pathlib import Path

from houfeng.credit.models.model import Model, models_in
from houfeng.errors import NotFoundError, Text
from houfeng_desk.desk import Desk

FOLDER = "models"
_kept: dict[tuple[str, int], list[Model]] = {}
"""The models of a folder as of its last change: a model is written once and read often."""


def folder_of(desk: Desk) -> Path:
    """Where the models of this desk lie."""
    return desk.book.path / FOLDER


def models(desk: Desk) -> list[Model]:
    """Every model, by name and then newest first."""
    folder = folder_of(desk)
    changed = [path.stat().st_mtime_ns for path in folder.glob("*/model.json")] if folder.is_dir() else []
    key = (str(folder), hash(tuple(sorted(changed))))
    if key not in _kept:
        _kept.clear()
        _kept[key] = models_in(folder)
    return _kept[key]


def model_of(desk: Desk, name: str, version: str) -> Model:
    """One model.

    Raises:
        NotFoundError: there is none.
    """
    found = next((one for one in models(desk) if one.name == name and one.version == version), None)
    if found is None:
        raise NotFoundError(Text("没有这个模型", "there is no such model"))
    return found


def scoring(desk: Desk) -> Model | None:
    """The model that scores firms: the newest whose fields are items of a pack over enterprises."""
    found = [one for one in models(desk) if one.about.get("pack") and one.about.get("over") == "enterprise"]
    return max(found, key=lambda one: one.made_at, default=None)
