"""`houfeng delivery`, and what the demo shows, over the small book."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from desk.desk_samples import BANK, ClientOf
from houfeng.matching.delivery import statistics
from houfeng.matching.tables import NeedFile, PolicyChain
from houfeng.office import journal
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
