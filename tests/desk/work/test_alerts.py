"""The list and the page of an alert: filters, scope, order, pages, export, acts."""

from __future__ import annotations

import io
from datetime import datetime

import openpyxl
import pytest
from sqlalchemy import select

from desk.desk_samples import ClientOf
from desk.work.work_samples import fill, firms, rows, some
from houfeng.office.alerts.tables import Alert
from houfeng.office.tables import JournalEntry
from houfeng.packs.loading.load import load_pack
from houfeng.watch.operations.inbox import Inbox
from houfeng_desk.app import DeskApp
from houfeng_desk.desk import Desk
from houfeng_desk.queries.alerts import GROUPS
from office_alerts.alert_samples import cleared, step, write


@pytest.fixture
def ids(app: DeskApp, desk: Desk) -> list[str]:
    """Nine alerts, the newest last; the fifth is over."""
    steps = some(desk)
    fill(app, [*steps, cleared(steps[4]["alert_id"], 1, tier="red", key=steps[4]["key"], at=steps[4]["at"])])
    return [one["alert_id"] for one in steps]


def test_newest_first(client: ClientOf, ids: list[str]) -> None:
    assert rows(client("viewer"), "/alerts") == ids[::-1]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("tier=red", [8, 4, 0]),
        ("tier=orange%2B", [8, 5, 4, 1, 0]),
        ("state=open", [8, 7, 6, 5, 3, 2, 1, 0]),
        ("state=cleared", [4]),
        ("region=410100", [8, 7, 6]),
        ("region=410300&tier=blue", [3]),
        ("since=2024-10-11", [8, 7]),
        ("until=2024-10-05", [1, 0]),
        ("handled=yes", []),
        ("q=45+天", [8, 7, 6, 5, 4, 3, 2, 1, 0]),
        ("channel=shadow", []),
        ("channel=all&tier=red", [8, 4, 0]),
        ("sort=tier", [7, 3, 6, 2, 5, 1, 8, 4, 0]),
        ("sort=-opened_at&tier=red", [8, 4, 0]),
    ],
)
def test_filters(client: ClientOf, ids: list[str], query: str, wanted: list[int]) -> None:
    assert rows(client("viewer"), f"/alerts?{query}") == [ids[n] for n in wanted]


def test_a_filter_stands_as_a_chip(client: ClientOf, ids: list[str]) -> None:
    text = client("viewer").get("/alerts?tier=red&region=410300").text
    assert text.count('class="chip"') == 2
    assert client("viewer").get("/alerts?tier=purple").status_code == 400


def test_a_scoped_viewer_sees_their_own(client: ClientOf, ids: list[str]) -> None:
    luoyang = client("luoyang")
    assert set(rows(luoyang, "/alerts?channel=all")) == set(ids[:6])
    assert luoyang.get(f"/alerts/{ids[0]}").status_code == 200
    for part in ("", "/why", "/indicators", "/rows", "/rows/export"):
        assert luoyang.get(f"/alerts/{ids[8]}{part}").status_code == 404
    for act in ("acknowledge", "assign", "silence", "unsilence"):
        data = {"comment": "x", "why": "x", "until": "2026-12-31", "login": ""}
        assert luoyang.submit(f"/alerts/{ids[8]}/{act}", data).status_code == 404


def test_export_has_all_rows_and_says_what_they_are(client: ClientOf, ids: list[str], desk: Desk) -> None:
    person = client("luoyang")
    assert "6" in person.get("/alerts/export").text
    answer = person.submit("/alerts/export?tier=red", {"reason": "月度会商", "format": "xlsx"})
    assert answer.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    first, about = book.worksheets
    assert [row[0].value for row in first.iter_rows(min_row=2)] == [ids[4], ids[0]]
    told = {row[0].value: row[1].value for row in about.iter_rows()}
    assert "月度会商" in told.values()
    with desk.office.read() as session:
        entry = session.scalars(select(JournalEntry).where(JournalEntry.act == "export")).one()
    assert entry.why == "月度会商"


def test_acts_of_a_batch(client: ClientOf, ids: list[str], desk: Desk) -> None:
    person = client("officer")
    back = "/alerts?tier=red"
    answer = person.submit("/alerts/acknowledge", {"id": ids[:3], "comment": "已核实", "next": back})
    assert (answer.status_code, answer.headers["location"]) == (303, back)
    assert set(rows(person, "/alerts?handled=yes")) == set(ids[:3])
    assert person.submit("/alerts/acknowledge", {"comment": "x"}).status_code == 422
    assert person.submit("/alerts/acknowledge", {"id": ids[:1], "comment": " "}).status_code == 422
    elsewhere = person.submit("/alerts/acknowledge", {"id": ids[:1], "comment": "x", "next": "//evil.example/"})
    assert elsewhere.headers["location"] == "/alerts"
    person.submit("/alerts/assign", {"id": ids[3:5], "login": "luoyang", "assign_comment": ""})
    assert set(rows(client("luoyang"), "/alerts?handled=mine")) == set(ids[3:5])
    answer = person.submit("/alerts/silence", {"id": ids[:2], "why": "重组", "until": "2026-12-31"})
    assert answer.status_code == 303
    orders = Inbox(desk.book.path / "watch" / "inbox").waiting()
    assert len(orders) == 2
    with desk.office.read() as session:
        alert = session.get(Alert, ids[0])
        assert alert is not None
        assert alert.silenced_until == datetime(2026, 12, 31, 23, 59, 59)


def test_who_may_not_handle_sees_no_acts(client: ClientOf, ids: list[str]) -> None:
    person = client("viewer")
    assert "/acknowledge" not in person.get("/alerts").text + person.get(f"/alerts/{ids[0]}").text
    assert person.submit("/alerts/acknowledge", {"id": ids[:1], "comment": "x"}).status_code == 403


def test_the_page_of_an_alert(client: ClientOf, ids: list[str], desk: Desk) -> None:
    person = client("officer")
    text = person.get(f"/alerts/{ids[4]}").text
    (_, name), *_ = firms(desk, "410300", 5)[4:]
    assert name in text
    assert "逾期 45 天" in text
    assert "已解除" in text
    person.submit(f"/alerts/{ids[4]}/acknowledge", {"comment": "<b>核实</b>"})
    assert "&lt;b&gt;核实&lt;/b&gt;" in person.get(f"/alerts/{ids[4]}").text
    assert person.get("/alerts/nothing").status_code == 404


def test_a_version_that_is_not_kept_is_said_to_be_so(client: ClientOf, ids: list[str]) -> None:
    person = client("officer")
    for part in ("why", "indicators", "rows"):
        answer = person.get(f"/alerts/{ids[0]}/{part}")
        assert answer.status_code == 200
        assert "demo 1.0.0 未留存" in answer.text
        assert "demo 1.0.0 未留存" in person.get(f"/alerts/{ids[0]}?part={part}").text


def test_hostile_texts_stay_texts(app: DeskApp, desk: Desk, client: ClientOf) -> None:
    ((firm, _),) = firms(desk, "410300", 1)
    fill(app, [step("f" * 16, key=firm)])
    hostile = step("e" * 16, key=firm) | {"reason": {"zh": "=cmd|'/c'!A1 <script>x</script>", "en": ""}}
    write(desk.book.path / "watch", [[hostile]])
    app.state.work.index.catch_up()
    person = client("officer")
    assert "<script>x" not in person.get("/alerts").text
    assert "<script>x" not in person.get("/screen").text
    answer = person.submit("/alerts/export", {"reason": "x", "format": "csv"})
    assert "'=cmd" in answer.content.decode("utf-8-sig")


@pytest.mark.parametrize(
    ("key", "leads_to"),
    [
        ("HFS-I-C", "/enterprises?industry=C&amp;sort=-quality"),
        ("HFS-R-410300", "/enterprises?region=410300&amp;sort=-quality"),
    ],
)
def test_the_alert_of_a_segment_leads_to_its_enterprises(
    app: DeskApp, client: ClientOf, key: str, leads_to: str
) -> None:
    fill(app, [step("c" * 16, kind="credit_segment", key=key)])
    viewer = client("viewer")
    assert f'href="{leads_to}"' in viewer.get(f"/alerts/{'c' * 16}").text
    assert viewer.get(leads_to.replace("&amp;", "&")).status_code == 200


def test_every_group_of_the_shipped_rules_has_a_name() -> None:
    """In both languages: what has none is shown as it is written, which in Chinese is no word."""
    packs = [load_pack(name) for name in ("warning-rules", "evasion-rules", "platform-debt", "sme-invoices")]
    assert {rule.group for pack in packs for rule in pack.rules.values()} - set(GROUPS) == set()
