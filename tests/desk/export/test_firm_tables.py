"""Tables of a firm's tabs as files: what the tab shows, all of it, in both languages, journaled, and harmless."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import openpyxl
import pytest

from desk.desk_samples import ClientOf, DeskClient, viewer
from desk.penetration.conftest import app, linked
from desk.penetration.linked_samples import Linked
from houfeng.errors import Text
from houfeng.office.journal import entries
from houfeng.office.tables import SettingValue
from houfeng_desk.desk import Desk
from houfeng_desk.lists import Column
from houfeng_desk.pages.risk.tables import TABLES
from houfeng_desk.queries.tables import firm as firm_tables
from houfeng_desk.queries.tables.shape import Table

__all__ = ["app", "linked"]
HAN = re.compile(r"[\u4e00-\u9fff]")
WHY = "专项核查"


def given(browser: DeskClient, address: str, kind: str = "csv") -> Any:
    """The file, as the form gives it."""
    return browser.submit(f"{address}/export", {"reason": WHY, "format": kind}, of=f"{address}/export")


def lines(answer: Any) -> list[list[str]]:
    """The rows of a CSV, with its heads, without what stands below."""
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    return rows[: rows.index([])]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_table_in_both_languages(client: ClientOf, linked: Linked, lang: str) -> None:
    officer = client("officer")
    officer.cookies.set("houfeng-lang", lang)
    for name in TABLES:
        address = f"/enterprises/{linked.lu1}/tables/{name}"
        form = officer.get(f"{address}/export")
        assert form.status_code == 200, (name, form.text[-500:])
        answer = given(officer, address)
        assert answer.status_code == 200, (name, answer.text[-500:])
        heads = lines(answer)[0]
        assert heads
        if lang == "en" and name not in ("exposure", "statements"):  # heads of these are names of banks and periods
            assert not [head for head in heads if HAN.search(head)], name


def test_a_file_has_the_rows_of_the_tab(client: ClientOf, linked: Linked) -> None:
    officer = client("officer")
    holders = lines(given(officer, f"/enterprises/{linked.zz1}/tables/holders"))
    api = officer.get(f"/api/v1/enterprises/{linked.zz1}/links").json()
    assert len(holders) - 1 == len(api["holders"]) >= 2
    shown = officer.get(f"/enterprises/{linked.zz1}?tab=links").text
    assert f"/enterprises/{linked.zz1}/tables/holders/export" in shown
    for row in holders[1:]:
        assert row[0] in shown
    guarantors = lines(given(officer, f"/enterprises/{linked.lu1}/tables/guarantors"))
    amounts = [row[guarantors[0].index("金额（万元）")] for row in guarantors[1:]]
    assert "100.00" in amounts  # lu2 for 1,000,000
    fallen = lines(given(officer, f"/enterprises/{linked.lu1}/tables/fall-firms"))
    told = officer.get(f"/api/v1/enterprises/{linked.lu1}/fall")
    assert [int(row[0]) for row in fallen[1:]] == [one["round"] for one in told.json()["fallen"]]


def test_a_workbook_says_where_it_is_from_and_the_journal_who(client: ClientOf, desk: Desk, linked: Linked) -> None:
    answer = given(client("officer"), f"/enterprises/{linked.lu1}/tables/moments", "xlsx")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    about = {str(row[0].value): str(row[1].value) for row in book.worksheets[1].iter_rows()}
    assert about["导出事由"] == WHY
    assert "口径时点" in about
    assert int(about["行数"]) == book.worksheets[0].max_row - 1 > 0
    with desk.office.read() as session:
        last = list(entries(session))[-1]
    assert (last.act, last.about, last.why) == ("export", f"list:/enterprises/{linked.lu1}/tables/moments", WHY)


def test_who_may_and_whose(client: ClientOf, linked: Linked) -> None:
    address = f"/enterprises/{linked.zz1}/tables/holders"
    assert client("luoyang").get(f"{address}/export").status_code == 404  # a firm of another city
    assert client("reporter").get(f"{address}/export").status_code == 403
    officer = client("officer")
    assert officer.get(f"/enterprises/{linked.zz1}/tables/nothing/export").status_code == 404
    lead = officer.get(address)
    assert (lead.status_code, lead.headers["location"]) == (303, f"/enterprises/{linked.zz1}?tab=links")
    blank = officer.submit(f"{address}/export", {"reason": "", "format": "csv"}, of=f"{address}/export")
    assert blank.status_code == 422


def test_a_scope_holds_inside_a_file(client: ClientOf, linked: Linked) -> None:
    """A Luoyang officer's file of a Luoyang firm names nobody of Zhengzhou."""
    rows = lines(given(client("luoyang"), f"/enterprises/{linked.lu2}/tables/holders"))
    whole = lines(given(client("officer"), f"/enterprises/{linked.lu2}/tables/holders"))
    assert any(linked.zz1 in row for row in whole)
    assert not any(linked.zz1 in cell for row in rows for cell in row)
    assert "范围外" in {row[0] for row in rows}


def test_what_looks_like_a_formula_is_a_text(client: ClientOf, linked: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = (Column("name", Text("名", "Name"), sortable=False),)
    hostile = Table(Text("试", "Trial"), "story", lambda _: (columns, [{"name": '=cmd|"/c calc"!A1'}, {"name": "+1"}]))
    monkeypatch.setitem(TABLES, "trial", hostile)
    officer, address = client("officer"), f"/enterprises/{linked.lu1}/tables/trial"
    assert [row[0] for row in lines(given(officer, address))[1:]] == ['\'=cmd|"/c calc"!A1', "'+1"]
    sheet = openpyxl.load_workbook(io.BytesIO(given(officer, address, "xlsx").content)).worksheets[0]
    assert [(cell.data_type, cell.value) for (cell,) in sheet.iter_rows(min_row=2)] == [
        ("s", '=cmd|"/c calc"!A1'), ("s", "+1"),
    ]  # fmt: skip


def test_a_large_table_needs_another_person(client: ClientOf, desk: Desk, linked: Linked) -> None:
    with desk.office.begin() as session:
        session.add(SettingValue(name="large_export_rows", value=1, changed_by="test", changed_at=desk.clock()))
    officer = client("officer")
    answer = given(officer, f"/enterprises/{linked.lu1}/tables/indicators")
    assert (answer.status_code, answer.headers["location"]) == (303, "/todo")


def test_all_public_records_are_given_out(client: ClientOf, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tab shows the newest; the file has all."""
    reader = desk.reader(viewer(desk, "officer"))
    most = reader.one("SELECT enterprise_id AS firm, count(*) AS n FROM public_record GROUP BY 1 ORDER BY 2 DESC, 1")
    assert most is not None
    monkeypatch.setattr(firm_tables.records, "MOST", 1)
    rows = lines(given(client("officer"), f"/enterprises/{most['firm']}/tables/public-records"))
    assert len(rows) - 1 == most["n"]
