"""The shipped packs of scorecards are clean, pass their cases, and the study beside them reads."""

from __future__ import annotations

from importlib.resources import as_file, files

import pytest

from houfeng.credit.studies.book import quarter_ends, unknown_items
from houfeng.credit.studies.study import read_study
from houfeng.packs.cases import run_cases
from houfeng.packs.check import check_pack
from houfeng.packs.loading.load import load_pack


@pytest.mark.parametrize("name", ["scorecards/firm-features", "scorecards/firm-score-sample"])
def test_packs_of_scorecards_are_clean(name: str):
    pack, problems = check_pack(name)
    assert pack is not None
    assert [p.render("en") for p in problems] == []
    assert [p.render("en") for outcome in run_cases(pack) for p in outcome.problems] == []


def test_the_study_of_the_province_names_items_there_are():
    with as_file(files("houfeng.credit.studies") / "province.yaml") as path:
        study = read_study(path)
    assert unknown_items(study, load_pack(study.pack)) == []
    assert [str(day) for day in quarter_ends(study.days[0], 6)] == ["2025-03-31", "2025-06-30"]
    assert [str(day) for day in quarter_ends(study.days[0], 7)] == ["2025-03-31", "2025-06-30", "2025-07-31"]
