"""What a page reads of the book: one day, one moment, one scope, and nothing else."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from desk.desk_samples import BANK, ClientOf, viewer
from houfeng.errors import HoufengError
from houfeng_desk.desk import Desk


def test_the_newest_period_as_known_now(desk: Desk) -> None:
    reader = desk.reader(viewer(desk, "viewer"))
    assert (reader.as_of, reader.known_at, reader.synthetic) == (date(2025, 12, 31), desk.clock(), True)
    assert reader.value("SELECT count(*) FROM enterprise") == 1000
    assert reader.one("SELECT 1 AS x WHERE false") is None
    assert reader.rows("SELECT $a AS a", {"a": 7}) == [{"a": 7}]


def test_the_past_shows_what_was_known_then(desk: Desk) -> None:
    now, then = viewer(desk, "viewer"), datetime(2025, 12, 31)
    reader = desk.reader(now, known_at=then)
    assert (reader.as_of, reader.known_at, reader.asked_known_at) == (date(2025, 11, 30), then, True)
    ahead = desk.reader(now, known_at=datetime(2030, 1, 1))
    assert (ahead.known_at, ahead.asked_known_at) == (desk.clock(), False)
    balances = "SELECT sum(balance_cny) FROM loan_balance"
    early = desk.reader(now, as_of=date(2025, 11, 30)).value(balances)
    assert early != desk.reader(now).value(balances)
    assert early == reader.value(balances)


def test_a_reader_stays_in_its_scope(desk: Desk) -> None:
    everything, bank = desk.reader(viewer(desk, "viewer")), desk.reader(viewer(desk, "reporter"))
    banks = "SELECT DISTINCT institution_id FROM loan_balance"
    assert len(everything.rows(banks)) > 1
    assert bank.rows(banks) == [{"institution_id": BANK}]
    city = desk.reader(viewer(desk, "luoyang"))
    regions = "SELECT DISTINCT left(region, 4) AS city FROM enterprise"
    assert city.rows(regions) == [{"city": "4103"}]
    assert len(everything.rows(regions)) > 10
    again = desk.reader(viewer(desk, "viewer"))
    assert again.value("SELECT count(*) FROM enterprise") == 1000


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/hostname')",
        "COPY (SELECT 1) TO '/tmp/houfeng-reader.csv'",
        "ATTACH '/tmp/houfeng-reader.db'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
    ],
)
def test_nothing_but_the_book_can_be_reached(desk: Desk, sql: str) -> None:
    reader = desk.reader(viewer(desk, "viewer"))
    with pytest.raises((duckdb.Error, HoufengError)):
        reader.rows(sql)
    assert not Path("/tmp/houfeng-reader.csv").exists()


def test_times_are_carried_by_links_and_refused_where_wrong(client: ClientOf) -> None:
    browser = client("viewer")
    page = browser.get("/search?q=zzz&as_of=2025-11&known_at=2025-12-20")
    assert page.status_code == 200
    assert "口径时点 2025-11 · 知悉至 2025-12-20 23:59" in page.text
    assert 'href="/alerts?as_of=2025-11&amp;known_at=2025-12-20"' in page.text
    for wrong in ("as_of=soon", "known_at=13", "as_of=2025-02-30", "as_of=%00"):
        assert browser.get(f"/search?{wrong}").status_code == 400, wrong
