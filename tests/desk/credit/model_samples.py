"""A model made by hand, on the desk."""

from __future__ import annotations

from pathlib import Path

import pytest

from credit.card_samples import model, write_traits
from houfeng.credit.models.model import Model, save
from houfeng.credit.models.page import render
from houfeng_desk.queries.credit import models as kept


@pytest.fixture
def hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """The hand-made model, kept where this desk looks."""
    folder = tmp_path / "models"
    monkeypatch.setattr(kept, "folder_of", lambda desk: folder)
    made = model(str(write_traits(tmp_path)))
    save(made, folder / "hand-1.0.0", render(made, "zh"))
    return made
