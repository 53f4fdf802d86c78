"""A version of a model: the card, its challenger, what was measured, on what, and how far it reaches.

Kept as a folder: `model.json` (everything but the trees), `trees.txt`, `card.html`, `log.txt` of the fitting. Its
digest is over card, trees, study and rows; what is predicted carries it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from houfeng.credit.figures.calibration import Calibrator
from houfeng.credit.models.card import Card, Characteristic, dump
from houfeng.errors import InputError, NotFoundError, Text

CARD, BOOSTED = "card", "boosted"
NAMES: Mapping[str, Text] = {
    CARD: Text("评分卡", "scorecard"),
    BOOSTED: Text("单调提升树", "monotone boosted trees"),
    "logistic": Text("逻辑回归（原始字段）", "logistic regression on raw fields"),
    "single": Text("单个最佳字段", "best single field"),
    "constant": Text("平均违约率", "average rate of default"),
}
WAYS: Mapping[str, Text] = {
    "scale": Text("不校准", "as scaled"),
    "platt": Text("Platt 逻辑校准", "Platt's sigmoid"),
    "isotonic": Text("保序校准", "isotonic steps"),
}


@dataclass(frozen=True)
class Challenger:
    """The boosted trees: their text, the fields they see, and their calibrator."""

    trees: str
    fields: tuple[Characteristic, ...]
    calibrator: Calibrator


@dataclass(frozen=True)
class Model:
    """One version. `champion` is `card` or `boosted`: whose figure is used; the other runs in its shadow."""

    name: str
    version: str
    label: Text
    made_at: str
    champion: str
    card: Card
    challenger: Challenger | None
    about: Mapping[str, Any]  # study, period, sample, settings, seed, sources, limits, notes
    figures: Mapping[str, Any]
    log: str = ""

    @property
    def digest(self) -> str:
        """What names this version, whatever it is called."""
        body = {"card": self.card.plain(), "about": self.about, "champion": self.champion}
        trees = self.challenger.trees if self.challenger is not None else ""
        return hashlib.sha256((dump(body) + trees).encode()).hexdigest()

    def plain(self) -> dict[str, Any]:
        """As a mapping, for JSON, without the trees."""
        found = {
            "model": self.name, "version": self.version, "label": self.label._asdict(), "made_at": self.made_at,
            "champion": self.champion, "digest": self.digest, "card": self.card.plain(), "about": dict(self.about),
            "figures": dict(self.figures),
        }  # fmt: skip
        if self.challenger is not None:
            found["challenger"] = {
                "calibrator": self.challenger.calibrator.plain(),
                "fields": [one.plain() for one in self.challenger.fields],
            }
        return found


def save(model: Model, folder: Path, page: str) -> None:
    """Write the model's files into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.json").write_text(dump(model.plain()), "utf-8")
    (folder / "card.html").write_text(page, "utf-8")
    (folder / "log.txt").write_text(model.log, "utf-8")
    if model.challenger is not None:
        (folder / "trees.txt").write_text(model.challenger.trees, "utf-8")


def read_model(folder: Path) -> Model:
    """The model kept in `folder`.

    Raises:
        NotFoundError: there is none.
        InputError: its files do not fit together: the digest is another.
    """
    path = folder / "model.json"
    if not path.is_file():
        raise NotFoundError(Text(f"{folder} 里没有模型", f"there is no model in {folder}"))
    try:
        raw = json.loads(path.read_text("utf-8"))
        model = _of(raw, folder)
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise InputError(Text(f"{path} 读不出模型：{error}", f"{path} holds no model: {error}")) from error
    if model.digest != raw["digest"]:
        raise InputError(
            Text(f"{folder} 的文件被改过：摘要不符", f"the files of {folder} were changed: the digest is another")
        )
    return model


def _of(raw: Mapping[str, Any], folder: Path) -> Model:
    challenger = None
    if raw.get("challenger"):
        trees = (folder / "trees.txt").read_text("utf-8")
        fields = tuple(Characteristic.of(one) for one in raw["challenger"]["fields"])
        challenger = Challenger(trees, fields, Calibrator.of(raw["challenger"]["calibrator"]))
    log = folder / "log.txt"
    return Model(
        raw["model"], raw["version"], Text(raw["label"]["zh"], raw["label"]["en"]), raw["made_at"], raw["champion"],
        Card.of(raw["card"]), challenger, raw["about"], raw["figures"], log.read_text("utf-8") if log.is_file() else "",
    )  # fmt: skip


def models_in(folder: Path) -> list[Model]:
    """Every model kept below `folder`, by name and then newest first; a broken one is left out."""
    found = []
    for path in sorted(folder.glob("*/model.json")) if folder.is_dir() else []:
        try:
            found.append(read_model(path.parent))
        except (InputError, NotFoundError):
            continue
    found.sort(key=lambda model: model.made_at, reverse=True)
    return sorted(found, key=lambda model: model.name)
