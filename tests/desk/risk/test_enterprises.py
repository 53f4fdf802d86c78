"""The list of enterprises: filters, order, scope, and a file of exactly what it shows."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest

from desk.desk_samples import ClientOf, viewer
from houfeng.errors import UsageError
from houfeng.office.journal import entries
from houfeng_desk.desk import Desk
from houfeng_desk.lists import Listing, ListRequest
from houfeng_desk.queries.enterprise import listing


class Asked:
    """An address, as far as a list reads it."""

    def __init__(self, **query: str) -> None:
        self.query_params = query


def found(desk: Desk, login: str = "officer", *, everything: bool = False, **query: str) -> Listing:
    reader = desk.reader(viewer(desk, login))
    ask = ListRequest.of(Asked(**query), listing.COLUMNS, listing.filters())
    with desk.office.read() as session:
        return listing.listing(reader, session, ask.everything if everything else ask)


def test_filters_say_what_they_mean(desk: Desk) -> None:
    reader = desk.reader(viewer(desk, "officer"))
    assert found(desk).total == reader.value("SELECT count(*) FROM enterprise")
    city = found(desk, region="410300", size="100")
    assert city.total == reader.value("SELECT count(*) FROM enterprise WHERE region LIKE '4103%'")
    micro = found(desk, scale="CS04", industry="C")
    assert micro.total == reader.value("SELECT count(*) FROM enterprise WHERE size = 'CS04' AND industry LIKE 'C%'")
    listed = found(desk, status="hnte")
    assert listed.total == reader.value(
        "SELECT count(DISTINCT enterprise_id) FROM enterprise_status WHERE status = 'hnte'"
    )
    assert (
        found(desk, status="none").total + reader.value("SELECT count(DISTINCT enterprise_id) FROM enterprise_status")
        == found(desk).total
    )
    few = found(desk, low="1000", high="2,000", size="100")
    assert all(10_000_000 <= row["balance"] <= 20_000_000 for row in few.rows)
    assert found(desk, alert="none").total == found(desk).total


def test_orders_and_pages(desk: Desk) -> None:
    first, second = found(desk, sort="-balance"), found(desk, sort="-balance", page="2")
    amounts = [row["balance"] for row in (*first.rows, *second.rows)]
    assert amounts == sorted(amounts, reverse=True)
    assert len({row["enterprise_id"] for row in (*first.rows, *second.rows)}) == 40
    name = first.rows[0]["name"]
    assert [row["name"] for row in found(desk, q=name[2:]).rows] == [name]
    assert found(desk, q=first.rows[0]["enterprise_id"][:10].lower()).total >= 1


def test_a_search_finds_what_reading_every_name_finds(desk: Desk) -> None:
    reader = desk.reader(viewer(desk, "officer"))
    firms = [
        (row["name"] or "", row["enterprise_id"]) for row in reader.rows("SELECT name, enterprise_id FROM enterprise")
    ]
    names = [name for name, _ in firms[::97]]
    texts = {name[start : start + long] for name in names for start, long in ((0, 1), (2, 2), (3, 3), (4, 5), (1, 40))}
    for text in sorted(texts | {"0001", "9141", "91 41", firms[0][1], "LTD", "没有这样的名字", "'"}):
        plain, code = text.strip().lower(), text.replace(" ", "").upper()
        wanted = [one for name, one in firms if plain in name.lower() or one.startswith(code)]
        assert found(desk, q=text).total == len(wanted), text
        assert {row["enterprise_id"] for row in found(desk, q=text, size="100").rows} <= set(wanted), text


@pytest.mark.parametrize("query", [{"low": "many"}, {"sort": "1;drop"}, {"region": "x' or 1=1"}, {"low": "1e400"}])
def test_what_cannot_be_meant(desk: Desk, query: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        found(desk, **query)


def test_a_city_sees_its_own(desk: Desk) -> None:
    own = found(desk, "luoyang", size="100")
    assert 0 < own.total < found(desk).total
    assert {row["region"].zh for row in own.rows} == {"洛阳市"}
    assert found(desk, "luoyang", region="410100").total == 0


def test_export_is_what_the_list_shows(client: ClientOf, desk: Desk) -> None:
    officer = client("officer")
    url = "/enterprises/export?region=410300&sort=-balance"
    assert "导出事由" in officer.get(url).text
    answer = officer.submit(url, {"reason": "核对洛阳名单", "format": "xlsx"})
    assert answer.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    rows: list[tuple[Any, ...]] = list(book.worksheets[0].iter_rows(values_only=True))
    shown = found(desk, region="410300", sort="-balance", everything=True)
    assert len(rows) == shown.total + 1
    assert [row[0] for row in rows[1:]] == [row["enterprise_id"] for row in shown.rows]
    assert any("核对洛阳名单" in str(cell) for row in book.worksheets[1].iter_rows(values_only=True) for cell in row)
    with desk.office.read() as session:
        last = [entry for entry in entries(session) if entry.act == "export"][-1]
    assert (last.who, last.why) == ("officer", "核对洛阳名单")
    assert officer.submit(url, {"reason": ""}).status_code == 422


def test_loans_of_a_firm_as_a_file(client: ClientOf, desk: Desk) -> None:
    firm = found(desk, sort="-balance").rows[0]["enterprise_id"]
    officer = client("officer")
    answer = officer.submit(f"/enterprises/{firm}/loans/export", {"reason": "核对", "format": "csv"})
    assert answer.status_code == 200
    assert answer.content.startswith(b"\xef\xbb\xbf")
    reader = desk.reader(viewer(desk, "officer"))
    notes = reader.rows("SELECT note_no FROM loan_balance WHERE borrower_id = ? AND balance <> 0", [firm])
    assert all(row["note_no"] in answer.text for row in notes)
