"""Claims that race: whatever the interleaving, no quota is exceeded, no loan is funded twice, the books balance."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from claims import claim_process
from claims.claim_samples import BANKS, PRIVATE, SMALL, Walk, loan, staff
from houfeng.claims import ledger, quota
from houfeng.claims.acts import funding
from houfeng.claims.files import lines
from houfeng.claims.life import HELD, LineState
from houfeng.claims.tables import ClaimHold, ClaimLine, Quota
from houfeng.errors import ConflictError, InputError
from houfeng.office.database import Office

AGAIN = settings(
    max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate)
)


def together(acts: Sequence[Callable[[], object]]) -> list[BaseException | None]:
    """Run all at once, each in a thread; what each raised."""
    ready = threading.Barrier(len(acts))
    raised: list[BaseException | None] = [None] * len(acts)

    def run(at: int) -> None:
        ready.wait()
        try:
            acts[at]()
        except BaseException as error:  # handed to the test
            raised[at] = error

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return raised


def sound(office: Office) -> None:
    """The books agree, and every ceiling holds; counted here anew, not by the room's own verify alone."""
    with office.read() as session:
        assert ledger.verify(session) == []
        for node in session.scalars(select(Quota)):
            assert node.ceiling is None or 0 <= node.used + node.frozen <= node.ceiling
        live = [line for line in session.scalars(select(ClaimLine)) if line.state in HELD]
        assert len(live) == (session.scalar(select(func.count()).select_from(ClaimHold)) or 0)


def test_two_claims_race_for_the_last_yuan(walk: Walk) -> None:
    """Of two banks that want all of it, one gets it; the other is told that nothing is left."""
    walk.grant(100)
    rivals = [Walk(walk.office, walk.people, bank=bank) for bank in BANKS]
    for rival in rivals:
        rival.draw(loan("A", 100)).submit()
    raised = together([rival.decide for rival in rivals])
    assert sum(one is None for one in raised) == 1
    assert all(one is None or isinstance(one, ConflictError) for one in raised), raised
    assert walk.quota().frozen == 100
    sound(walk.office)


def test_the_last_yuan_is_shared_to_the_fen(walk: Walk) -> None:
    """Three claims of 40.01 on 100: two whole, and the third 19.98."""
    walk.grant(100)
    rivals = [Walk(walk.office, walk.people, bank=bank) for bank in BANKS]
    for rival in rivals:
        rival.draw(loan("A", "40.01")).submit()
    assert together([rival.decide for rival in rivals]) == [None] * 3
    for rival in rivals:
        rival.sign()
    assert sorted(rival.claim().granted for rival in rivals) == [Decimal("19.98"), Decimal("40.01"), Decimal("40.01")]
    sound(walk.office)


@given(
    amounts=st.lists(st.integers(1, 90_00), min_size=3, max_size=9),
    ceiling=st.integers(0, 200_00),
    inside=st.integers(0, 200_00),
    chance=st.randoms(use_true_random=False),
)
@AGAIN
def test_no_interleaving_exceeds_a_quota(
    office: Office, amounts: list[int], ceiling: int, inside: int, chance: random.Random
) -> None:
    """Claims of all banks on two tools of one pool, decided, signed, refused, paid and repaid by threads at once."""
    with office.begin() as session:
        known = session.scalars(select(Quota)).first() is not None
    people = known_people(office)
    walk = Walk(office, people, SMALL)
    if not known:
        walk.grant(0, SMALL, pool=True)
        walk.grant(0, PRIVATE)
    add(office, quota.pool_name(SMALL.pool), Decimal(ceiling) / 100)
    add(office, quota.tool_name(PRIVATE.name), Decimal(inside) / 100)
    year = 2000 + next(claim_process.COUNT)
    roads = []
    for at, fen in enumerate(amounts):
        tool, bank = chance.choice((SMALL, PRIVATE)), chance.choice(BANKS)
        road = Walk(office, people, tool, bank)
        day = date(year, 1 + at, 1)
        road.draw(loan(f"{year}-{at}", str(Decimal(fen) / 100), counted_from=day, counted_to=day), period=(day, day))
        roads.append((road.submit(), chance.random(), chance.random()))

    def go(road: Walk, signs: float, repays: float) -> None:
        try:
            road.decide()
            road.sign(approve=signs < 0.8)
            if signs < 0.8:
                road.disburse()
                if repays < 0.5:
                    repay(road)
        except ConflictError:
            pass  # nothing is left

    raised = together([lambda road=road: go(*road) for road in roads])  # type: ignore[misc]
    assert raised == [None] * len(roads)
    sound(office)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), min_size=2, max_size=10))
@AGAIN
def test_no_loan_is_funded_twice(office: Office, wanted: list[tuple[int, int]]) -> None:
    """One bank claims the same few loans for several periods and from two tools at once: each loan is held once."""
    people = known_people(office)
    year = 2000 + next(claim_process.COUNT)
    roads: dict[tuple[str, int], tuple[Walk, set[int]]] = {}
    for number, period in wanted:
        tool = (SMALL, PRIVATE)[number % 2 ^ period % 2]
        key = (tool.name, period)
        road, loans = roads.setdefault(key, (Walk(office, people, tool), set()))
        loans.add(number)
    for (_, period), (road, loans) in roads.items():
        day = date(year, 1 + period, 1)
        road.draw(*(loan(f"{year}-{n}", 1) for n in sorted(loans)), period=(day, day))
    raised = together([road.submit for road, _ in roads.values()])
    assert all(one is None or isinstance(one, InputError) for one in raised), raised
    with office.read() as session:
        held = session.scalars(select(ClaimHold.contract_no)).all()
    assert len(held) == len(set(held))
    assert {f"{year}-{n}" for n, _ in wanted} <= set(held)
    sound(office)


def test_the_database_itself_refuses(walk: Walk) -> None:
    """Without the room's conditions the checks of the tables still hold: no overdraft, no second hold."""
    node = walk.grant(100)
    walk.draw(loan("A", 60)).submit()
    with pytest.raises(IntegrityError):
        overdraw(walk.office, node.id)
    with pytest.raises(IntegrityError):
        hold_again(walk)


def overdraw(office: Office, quota_id: int) -> None:
    with office.begin() as session:
        row = session.get(Quota, quota_id)
        assert row is not None
        row.used = Decimal(101)


def hold_again(walk: Walk) -> None:
    with walk.office.begin() as session:
        line = lines(session, walk.claim_id)[0]
        copy = ClaimLine(**{name: getattr(line, name) for name in COPIED}, contract_no="copy")
        session.add(copy)
        session.flush()
        with session.no_autoflush:
            copy.contract_no = line.contract_no
            hold = session.scalars(select(ClaimHold)).one()
            names = [column.name for column in ClaimHold.__table__.columns if column.name != "line_id"]
            fields = {name: getattr(hold, name) for name in names}
            session.execute(insert(ClaimHold), [{**fields, "line_id": copy.id}])


COPIED = (
    "claim_id", "note_no", "item_no", "borrower_id", "counted_from", "counted_to", "base", "amount", "central",
    "granted", "outstanding", "state", "round", "reasons", "history",
)  # fmt: skip


def test_processes_race(walk: Walk) -> None:
    """As above with processes of their own, which share nothing but the database."""
    walk.grant(1000)
    numbers = []
    for at in range(12):
        day = date(2026, 1 + at, 1)
        road = Walk(walk.office, walk.people, bank=BANKS[at % 3])
        road.draw(loan(f"L{at}", 150), period=(day, day)).submit()
        numbers.append(road.claim_id)
    url = walk.office.url.render_as_string(hide_password=False)
    running = [claim_process.start(url, *numbers[at::4]) for at in range(4)]
    assert [one.wait(90) for one in running] == [0] * 4
    with walk.office.read() as session:
        given = session.scalar(
            select(func.sum(ClaimLine.granted)).where(ClaimLine.state == LineState.ASKED, ClaimLine.granted > 0)
        )
    assert given == 1000
    sound(walk.office)


def known_people(office: Office):  # type: ignore[no-untyped-def]
    """The people of this office, made once."""
    made = getattr(office, "people_of_tests", None)
    if made is None:
        made = staff(office)
        office.people_of_tests = made  # type: ignore[attr-defined]
    return made


def add(office: Office, name: str, amount: Decimal) -> None:
    with office.begin() as session:
        node = session.scalars(select(Quota).where(Quota.name == name)).one()
        quota.grant(session, "test", node, amount, "追加")


def repay(road: Walk) -> None:
    version = road.version
    with road.office.begin() as session:
        day = road.office.clock().date()
        funding.repay(session, road.people.officer, road.claim_id, version, day, "归还")
