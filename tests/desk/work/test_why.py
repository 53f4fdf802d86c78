"""What is recomputed for an alert's page comes to the answer the watch gave: the tree, the curve and the rows."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from desk.desk_samples import ClientOf, Hands
from desk.work.work_samples import fill, records
from houfeng.book.store import Book
from houfeng.office.access import EVERYTHING, Scope
from houfeng.office.alerts import reading
from houfeng.office.alerts.tables import Alert
from houfeng.packs.loading.load import load_pack
from houfeng.watch.alerts import Alert as Replayed
from houfeng.watch.operations.deliveries import step_of
from houfeng.watch.replay import Replay
from houfeng.watch.service.packs import keep
from houfeng_desk.app import DeskApp
from houfeng_desk.charts.alerts import Mark, picture
from houfeng_desk.desk import Desk
from houfeng_desk.queries import alert as query
from houfeng_desk.queries.evidence import seen_rows
from houfeng_desk.queries.reasons import steps as reason_steps

RULES = ("P01", "P02", "L02", "F06", "F10", "C05", "G05", "TX03", "M01")
FIRST, LAST = date(2025, 12, 1), date(2025, 12, 31)


@pytest.fixture(scope="module")
def december(small_book: Path) -> list[Replayed]:
    """Up to two alerts of each rule over December."""
    snapshot, pack = Book.open(small_book, Hands()).snapshot(), load_pack("warning-rules")
    found: dict[str, list[Replayed]] = {}
    for alert in Replay(snapshot, pack, FIRST, LAST, only=RULES).alerts():
        found.setdefault(alert.rule_id, []).append(alert)
    assert len(found) >= 6
    return [alert for alerts in found.values() for alert in alerts[:2]]


@pytest.fixture
def replayed(app: DeskApp, desk: Desk, december: list[Replayed]) -> list[Replayed]:
    """Those alerts, in the tables, with the version of their pack kept."""
    keep(desk.book.path / "watch", load_pack("warning-rules"))
    fill(app, [record for alert in december for record in records(alert)])
    return december


def row(desk: Desk, replayed: Replayed) -> Alert:
    with desk.office.read() as session:
        return reading.find(session, EVERYTHING, replayed.alert_id)


def test_the_tree_comes_to_the_same_answer(app: DeskApp, desk: Desk, replayed: list[Replayed]) -> None:
    for one in replayed:
        with desk.office.read() as session:
            alert = reading.find(session, EVERYTHING, one.alert_id)
            (first, *_) = reading.steps_of(session, alert)
        told = query.why(desk, app.state.work.packs, EVERYTHING, alert, first)
        assert told.agrees, f"{one.rule_id} {one.key}"
        for lang in ("zh", "en"):
            (top,) = reason_steps(told.explanation.traces, lang)
            assert top["holds"] is True
            assert top["parts"]


def test_the_curve_goes_through_the_value_the_watch_judged_by(
    app: DeskApp, desk: Desk, replayed: list[Replayed]
) -> None:
    drawn = 0
    for one in replayed:
        for series in query.indicators(desk, app.state.work.packs, row(desk, one), LAST + timedelta(days=5)):
            at_opening = dict(series.points)[one.opened_at]
            assert at_opening == one.values[series.item.name]
            made = picture(series, [Mark("opened", one.opened_at, one.tier)], "zh")
            assert len(made.option["series"][0]["data"]) <= len(series.points)
            drawn += 1
    assert drawn > 6


def test_the_rows_are_those_of_the_replay(app: DeskApp, desk: Desk, replayed: list[Replayed]) -> None:
    for one in replayed:
        alert = row(desk, one)
        with desk.office.read() as session:
            kept = reading.kept_of_key(session, alert)
        assert {step_of(record).alert_id for record in kept} >= {one.alert_id}
        full = query.in_full(desk, app.state.work.packs, alert, kept)
        assert (full.evidence, full.evidence_count) == (one.evidence, one.evidence_count)


def test_rows_outside_of_the_scope_are_held_back(app: DeskApp, desk: Desk, replayed: list[Replayed]) -> None:
    for one in replayed:
        alert = row(desk, one)
        assert alert.region is not None
        own, other = Scope(regions=frozenset({alert.region})), Scope(regions=frozenset({"110000"}))
        assert seen_rows(desk, own, one.evidence) == list(one.evidence)
        assert seen_rows(desk, other, one.evidence) == []


def test_the_parts_of_the_page(client: ClientOf, replayed: list[Replayed]) -> None:
    person = client("officer")
    for one in replayed[:4]:
        url = f"/alerts/{one.alert_id}"
        page = person.get(url).text
        assert one.reason.zh in page
        assert one.reference.split("；")[0] in page
        assert "成立" in person.get(f"{url}/why").text
        assert "data-chart" in person.get(f"{url}/indicators").text
        assert person.get(f"{url}?part=rows").text.count("<tr>") > 1
        answer = person.submit(f"{url}/rows/export", {"reason": "核对", "format": "csv"})
        assert answer.status_code == 200
        assert one.evidence[0].submission in answer.content.decode("utf-8-sig")


def test_in_english(client: ClientOf, replayed: list[Replayed]) -> None:
    person = client("officer")
    person.get("/lang/en?next=/account")
    text = person.get(f"/alerts/{replayed[0].alert_id}").text
    assert replayed[0].reason.en in text
    assert "holds" in person.get(f"/alerts/{replayed[0].alert_id}/why").text
