"""A card scores as its parts say, says why, and scores the same as the pack it is published as, on every row."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from credit.card_samples import LINE, card, model, write_traits
from houfeng.book.connection import connect
from houfeng.credit.figures.calibration import Calibrator
from houfeng.credit.models.bins import exact_split
from houfeng.credit.models.card import Card
from houfeng.credit.models.model import read_model, save
from houfeng.credit.models.page import render
from houfeng.credit.models.publish import publish
from houfeng.credit.models.reasons import reasons
from houfeng.errors import InputError
from houfeng.packs.cases import RowViews
from houfeng.packs.check import check_pack
from houfeng.packs.loading.load import load_pack
from houfeng.packs.model import Pack
from houfeng.packs.roads.compile import Compiler
from houfeng.packs.roads.evaluate import EXACT, Evaluator
from houfeng.packs.roads.world import World

DAY = date(2026, 1, 31)
STAFF = (None, 0, 1, 4, 5, 6, 20, 21, 50, 51, 1000)
MONEY = (None, "0.00", "1.00", "3.00", "0.33", "333333.00", "1000000.00", "333333.01", "999999999999.99", "0.01")


def firms(number: int, seed: int) -> list[dict[str, Any]]:
    """Rows that stand on every edge of the card."""
    pick = random.Random(seed)

    def money() -> Decimal | None:
        found = pick.choice(MONEY)
        return None if found is None else Decimal(found)

    return [
        {
            "enterprise_id": f"E{n}",
            "employees": pick.choice(STAFF),
            "revenue": money(),
            "total_assets": money(),
            "size": pick.choice((None, "CS01", "CS02", "CS03", "CS04", "it's", "")),
        }
        for n in range(number)
    ]


def features(rows: list[dict[str, Any]]) -> pa.Table:
    """The fields of the card, worked out in plain Python."""

    def margin(row: dict[str, Any]) -> float | None:
        if row["revenue"] is None or not row["total_assets"]:
            return None
        return float(row["revenue"]) / float(row["total_assets"])

    def wide(row: dict[str, Any]) -> str | None:
        return None if row["employees"] is None else ("true" if row["employees"] > 50 else "false")

    return pa.table(
        {
            "staff": pa.array([row["employees"] for row in rows], pa.float64()),
            "margin": pa.array([margin(row) for row in rows], pa.float64()),
            "size_class": pa.array([row["size"] for row in rows], pa.string()),
            "wide": pa.array([wide(row) for row in rows], pa.string()),
        }
    )


def by_hand(one: Card, row: dict[str, Any], margin: float | None) -> int:
    """The score by reading the card line by line."""
    points = {c.name: [b.points for b in c.bins] for c in one.characteristics}
    staff = row["employees"]
    place = 4 if staff is None else 3 if staff == 0 else 0 if staff < 5 else 1 if staff < 20.5 else 2
    total = one.base + points["staff"][place]
    total += points["margin"][2 if margin is None else 0 if margin < 0.333333 else 1]
    sizes = {"CS01": 0, "CS02": 0, "CS04": 1, "it's": 1, None: 3}
    total += points["size_class"][sizes.get(row["size"], 2)]
    return total + points["wide"][3 if staff is None else 0 if staff > 50 else 1]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """The card as a pack."""
    folder = tmp_path_factory.mktemp("packs")
    traits = write_traits(folder)
    publish(model(str(traits)), folder / "hand-score", "hand_score")
    found, problems = check_pack(str(folder / "hand-score"))
    assert found is not None
    assert not problems, [p.render("en") for p in problems]
    return found


def test_points_come_from_weight_and_evidence():
    one = card()
    assert one.base == round(LINE.offset + LINE.factor * 2.5)
    staff = one.characteristics[0]
    assert [b.points for b in staff.bins] == [round(LINE.factor * 0.9 * woe) for woe in (-0.8, 0.1, 1.3, -0.33, -0.5)]
    assert one.least < 500 < one.most


def test_a_score_is_the_sum_of_its_points():
    rows = firms(400, 1)
    table = features(rows)
    margins = table["margin"].to_pylist()
    assert card().score(table).tolist() == [by_hand(card(), row, m) for row, m in zip(rows, margins, strict=True)]


def test_the_pack_scores_every_row_as_the_card_by_both_roads(published: Pack):
    rows = firms(400, 2)
    connection = connect(memory="256MB", threads=1)
    views = RowViews(connection, {"enterprise": rows})
    statement = Compiler(published, views, DAY, DAY).statement("enterprise", ["hand_score", "hand_score_pd"])
    cursor = connection.execute(f"SELECT enterprise_id, hand_score, hand_score_pd FROM ({statement.sql})")
    found = {key: (score, pd) for key, score, pd in cursor.fetchall()}
    scores = card().score(features(rows))
    assert [found[row["enterprise_id"]][0] for row in rows] == scores.tolist()
    said = np.asarray([float(found[row["enterprise_id"]][1]) for row in rows])
    assert np.abs(said - card().pd(scores)).max() < 0.05  # by bands of ten points
    world = World.of(DAY, DAY, {"enterprise": rows})
    evaluator = Evaluator(published, world)
    with localcontext(EXACT):
        told = [evaluator.item(published.items[("enterprise", "hand_score")], row).value for row in rows[:100]]
    assert told == scores[:100].tolist()


def test_isotonic_steps_are_published_as_they_are(tmp_path: Path):
    steps = Calibrator("isotonic", edges=(-4.0, -1.5, 0.25), values=(0.01, 0.2, 0.5))
    traits = write_traits(tmp_path)
    publish(model(str(traits), steps), tmp_path / "steps", "step_score")
    rows = firms(200, 3)
    connection = connect(memory="256MB", threads=1)
    pack = load_pack(str(tmp_path / "steps"))
    sql = Compiler(pack, RowViews(connection, {"enterprise": rows}), DAY, DAY).statement(
        "enterprise", ["step_score_pd"]
    )
    found = dict(connection.execute(f"SELECT enterprise_id, step_score_pd FROM ({sql.sql})").fetchall())
    wanted = card(steps).pd(card(steps).score(features(rows)))
    assert [float(found[row["enterprise_id"]]) for row in rows] == pytest.approx(wanted.tolist(), abs=1e-9)


def test_a_card_over_files_is_no_pack(tmp_path: Path):
    with pytest.raises(InputError) as caught:
        publish(model(""), tmp_path / "x", "x")
    assert [p.code for p in caught.value.problems] == ["credit.not_in_pack"]


def test_reasons_name_the_points_lost_in_words():
    found = reasons(card(), {"staff": 0.0, "margin": None, "size_class": "CS03", "wide": "false"})
    assert [r.lost for r in found] == sorted((r.lost for r in found), reverse=True)
    assert {r.name for r in found} == {"staff", "margin", "size_class", "wide"}
    staff = next(r for r in found if r.name == "staff")
    best = max(b.points for b in card().characteristics[0].bins)
    assert staff.lost == best - staff.points
    assert staff.text.zh == f"员工：特殊值 0，失 {staff.lost} 分"
    assert staff.text.en == f"staff: special value 0, {staff.lost} points lost"
    score = card().base + sum(r.points for r in found)
    row = pa.table(
        {"staff": [0.0], "margin": pa.array([None], pa.float64()), "size_class": ["CS03"], "wide": ["false"]}
    )
    assert card().score(row).tolist() == [score]


def test_a_model_kept_is_the_model_read_and_a_change_is_found(tmp_path: Path):
    made = model("traits")
    save(made, tmp_path, render(made, "zh"))
    assert read_model(tmp_path).digest == made.digest
    assert read_model(tmp_path).card == made.card
    path = tmp_path / "model.json"
    path.write_text(path.read_text("utf-8").replace('"base": 5', '"base": 6', 1), "utf-8")
    with pytest.raises(InputError, match="digest"):
        read_model(tmp_path)


def test_splits_are_decimals_a_pack_can_hold():
    assert str(exact_split(11.42500019)) == "11.425"
    assert str(exact_split(123456789.0)) == "123457000"
    assert str(exact_split(-0.00000123456789)) == "-0.00000123457"
    assert exact_split(1e-20) == 0
