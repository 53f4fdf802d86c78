"""Pages of models and of a firm's score: who may look, what they say, and that the score is the card's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from desk.desk_samples import ClientOf, viewer
from houfeng.book.connection import connect
from houfeng.credit.models.model import Model
from houfeng.credit.models.publish import publish
from houfeng.packs.loading.load import load_pack
from houfeng.packs.roads.compile import Compiler
from houfeng_desk.desk import Desk
from houfeng_desk.queries.credit import models as kept
from houfeng_desk.queries.credit.scores import score_of


def firms(desk: Desk, number: int) -> list[str]:
    reader = desk.reader(viewer(desk, "officer"))
    return [
        row["enterprise_id"] for row in reader.rows(f"SELECT enterprise_id FROM enterprise ORDER BY 1 LIMIT {number}")
    ]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_list_and_the_card(client: ClientOf, hand: Model, lang: str) -> None:
    officer = client("officer")
    officer.cookies.set("houfeng-lang", lang)
    listed = officer.get("/credit")
    assert listed.status_code == 200
    assert "/credit/models/hand/1.0.0" in listed.text
    card = officer.get("/credit/models/hand/1.0.0")
    assert card.status_code == 200
    assert hand.digest[:24] in card.text
    assert ("评分卡" if lang == "zh" else "Scorecard") in card.text
    if lang == "en":
        body = re.sub(r"<script.*?</script>", "", card.text, flags=re.S)
        assert "分箱" not in body
    assert officer.get("/credit/models/hand/9.9.9").status_code == 404


def test_without_a_model_the_pages_say_what_to_do(
    client: ClientOf, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "folder_of", lambda desk: tmp_path / "none")
    officer = client("officer")
    assert "houfeng credit fit" in officer.get("/credit").text
    (firm,) = firms(desk, 1)
    assert "houfeng credit fit" in officer.get(f"/credit/firms/{firm}").text


def test_the_score_of_a_firm_is_the_cards_and_its_reasons_add_up(
    client: ClientOf, desk: Desk, hand: Model, tmp_path: Path
) -> None:
    reader = desk.reader(viewer(desk, "officer"))
    publish(hand, tmp_path / "hand-score", "hand_score")
    pack = load_pack(str(tmp_path / "hand-score"))
    sql = Compiler(pack, reader.views, reader.as_of, reader.known_at.date()).statement("enterprise", ["hand_score"]).sql
    by_pack = dict(connect().execute(f"SELECT enterprise_id, hand_score FROM ({sql})").fetchall())
    for firm in firms(desk, 12):
        found = score_of(desk, reader, firm)
        assert found is not None
        assert found.score == by_pack[firm]
        assert found.score == found.base + sum(reason.points for reason in found.reasons)
        assert 0 < found.pd < 1
    shown = client("officer").get(f"/credit/firms/{firm}")
    assert str(found.score) in shown.text
    assert found.reasons[0].label.zh in shown.text


def test_who_may_not_and_who_is_elsewhere(client: ClientOf, desk: Desk, hand: Model) -> None:
    assert client("enterprise").get("/credit").status_code == 403
    assert client().get("/credit").status_code in (303, 401)
    reader = desk.reader(viewer(desk, "officer"))
    elsewhere = reader.value("SELECT enterprise_id FROM enterprise WHERE region NOT LIKE '4103%' ORDER BY 1 LIMIT 1")
    assert client("luoyang").get(f"/credit/firms/{elsewhere}").status_code == 404
    assert client("officer").get("/credit/firms/x'%20OR%20'1'='1").status_code == 404
