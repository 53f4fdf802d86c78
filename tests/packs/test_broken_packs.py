"""One broken pack per error: each tells its code, place and words, in both languages, and nothing else is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from houfeng.book.yamlfile import read_yaml
from houfeng.errors import Level
from houfeng.packs.check import check_pack

FOLDER = Path(__file__).parent / "broken"


def _expected() -> dict[str, Any]:
    item, problems = read_yaml((FOLDER / "expected.yaml").read_text("utf-8"), "expected.yaml")
    assert item is not None
    assert not problems
    return dict(item.plain())


EXPECTED = _expected()


@pytest.mark.parametrize("name", EXPECTED)
def test_tells_the_error(name: str) -> None:
    """The problem has its code at its place, says these words, and brings no others with it."""
    wanted = EXPECTED[name]
    _, problems = check_pack(FOLDER / name)
    found = [p for p in problems if [p.code, p.where.line, p.where.column] == wanted["at"]]
    assert found, [p.render("en") for p in problems]
    problem = next(p for p in found if wanted["en"] in p.message.en + p.suggestion.en)
    assert wanted["zh"] in problem.message.zh + problem.suggestion.zh
    assert Path(problem.where.file) == FOLDER / name / "pack.yaml"
    assert problem.level is Level.ERROR
    assert len(problems) == wanted.get("problems", 1), [p.render("en") for p in problems]


def test_every_folder_is_tried() -> None:
    """No broken pack lies about untested."""
    assert {*EXPECTED, "many_errors"} == {f.name for f in FOLDER.iterdir() if f.is_dir()}


def test_tells_all_at_once() -> None:
    """Errors of head, facts, expressions and shapes, in two files, come in one go and in file order."""
    _, problems = check_pack(FOLDER / "many_errors")
    assert [(Path(p.where.file).name, p.where.line, p.code) for p in problems] == [
        ("pack.yaml", 1, "pack.name"),
        ("pack.yaml", 5, "pack.type"),
        ("pack.yaml", 7, "pack.shape"),
        ("pack.yaml", 12, "pack.unknown_name"),
        ("pack.yaml", 12, "pack.unknown_parameter"),
        ("pack.yaml", 12, "pack.unknown_set"),
        ("pack.yaml", 12, "pack.unknown_function"),
        ("pack.yaml", 15, "pack.unknown_kind"),
        ("pack.yaml", 22, "pack.measure"),
        ("pack.yaml", 25, "pack.choice"),
        ("second.yaml", 2, "pack.twice"),
        ("second.yaml", 4, "pack.type"),
        ("second.yaml", 5, "pack.unknown_key"),
    ]
