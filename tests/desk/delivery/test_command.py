"""`houfeng delivery`, and what the demo shows, over the small book."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from desk.desk_samples import BANK, ClientOf
from houfeng.instruments.eligibility import Answer
from houfeng.instruments.entitlement import entitled
from houfeng.matching.delivery import statistics
from houfeng.matching.tables import NeedFile, PolicyChain
from houfeng.office import journal
from houfeng.packs.loading.load import load_pack
from houfeng_cli.demonstration.delivery import MACHINE, seed
from houfeng_cli.market.delivery import command
from houfeng_desk.desk import Desk

POLICY = "inclusive_small_credit"


@pytest.fixture
def run(desk: Desk) -> object:
    """The command over this desk's book and office."""

    def ran(*arguments: str) -> Result:
        url = desk.office.url.render_as_string(hide_password=False)
        return CliRunner().invoke(command, [*arguments, "--book", str(desk.book.path), "--office", url])

    return ran


def test_lists_published_counted_and_linked(desk: Desk, client: ClientOf, run: object) -> None:
    made = run("lists", POLICY)  # type: ignore[operator]
    assert made.exit_code == 0, made.output
    assert POLICY in made.output
    sent = run("publish", POLICY)  # type: ignore[operator]
    assert "第 1 版" in sent.output
    with desk.office.read() as session:
        chains = session.scalar(select(func.count()).select_from(PolicyChain))
        firm = session.scalars(select(PolicyChain.subject).limit(1)).one()
    assert re.search(rf"已送达\s+{chains}\b", run("status", POLICY).output)  # type: ignore[operator]
    assert "/enter/" in run("link", firm).output  # type: ignore[operator]
    assert run("link", "nobody").exit_code == 1  # type: ignore[operator]
    assert run("publish", "nothing").exit_code == 1  # type: ignore[operator]


def test_every_firm_is_judged_as_one_by_one(desk: Desk, tmp_path: Path) -> None:
    """The file has every firm and policy in force, and says of a firm what its own page says."""
    day, snapshot, pack = date(2026, 1, 10), desk.book.snapshot(), load_pack("entitlements")
    out = tmp_path / "answers"
    told = CliRunner().invoke(command, ["judge", str(out), "--book", str(desk.book.path), "--as-of", str(day)])
    assert told.exit_code == 0, told.output
    assert [one.name for one in out.iterdir()] == ["answers.parquet"]
    rows = pq.read_table(out / "answers.parquet").to_pylist()
    assert f"{sum(row[POLICY] is True for row in rows)}" in told.output
    said = {True: Answer.YES, False: Answer.NO, None: Answer.UNKNOWN}
    with duckdb.connect() as connection:
        firms = connection.execute(f"SELECT enterprise_id FROM ({snapshot.select('enterprise', as_of=day)})").fetchall()
        assert {row["enterprise_id"] for row in rows} == {firm for (firm,) in firms}
        for row in rows[:: len(rows) // 5]:
            found = entitled(snapshot, pack, row["enterprise_id"], day, desk.clock(), connection=connection)
            assert [one.answer for one in found] == [said[row[one.entitlement.name]] for one in found]


def test_the_demo_is_made_by_the_real_functions(desk: Desk) -> None:
    """Needs in several states, chains with money, persons only counted; the journal is whole, the clock as before."""
    clock = desk.clock
    made = seed(desk, bank=BANK)
    assert made["needs"] >= 10  # two of the three policies began later than a hundred days ago
    assert made["persons"] == 60
    assert desk.clock is clock
    assert desk.office.clock is clock
    with desk.office.read() as session:
        states = set(session.scalars(select(NeedFile.state)))
        funnel = {row.step: row.chains for row in statistics.funnel(session, MACHINE)}
        assert journal.verify(session) == []
    assert "disbursed" in states
    assert funnel["paid"]
