"""What the demo shows of delivery and needs: made from the synthetic province through the real functions.

The clock of the office is moved through the last hundred days while it happens, so that days can be counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select

from houfeng.matching.delivery import chains, links
from houfeng.matching.delivery.chains import Journey
from houfeng.matching.needs import answering, filing, reminders
from houfeng.matching.needs.answering import Loan
from houfeng.matching.needs.filing import Wish
from houfeng.matching.tables import NeedFile, NeedOffer, PolicyChain
from houfeng.office.access import Role, Scope, Viewer
from houfeng.office.identity import accounts
from houfeng.office.identity.people import viewer_of
from houfeng.office.tables import User
from houfeng_desk.desk import Desk
from houfeng_desk.queries.delivery.judging import make_list, publish_list
from houfeng_desk.queries.delivery.mine import about
from houfeng_desk.queries.delivery.recommending import suggestions

MACHINE = Viewer(0, "machine", "machine", frozenset({Role.OFFICER}))
"""Who sits at the machine reads statistics as an officer of the whole."""

POLICIES = ("sme_interest_2026", "services_interest_2026", "inclusive_small_credit")
CONSUMER = "consumer_subsidy_2026"
DAYS, FIRMS = 100, 36
REFUSALS = ("capacity", "security", "papers", "credit")


@dataclass
class Moving:
    """A clock that is moved by hand and goes a second at every look."""

    now: datetime

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@contextmanager
def moved(desk: Desk, start: datetime) -> Iterator[Moving]:
    """The office and the desk live at `start` and on, until the block ends."""
    office, own, other = desk.office, desk.office.clock, desk.clock
    clock = Moving(start)
    office.clock, desk.clock = clock, clock
    try:
        yield clock
    finally:
        office.clock, desk.clock = own, other


def seed(desk: Desk, firm: str = "", bank: str = "") -> dict[str, int]:
    """Lists, chains and needs of three policies; `firm` and `bank`, where given, are part of it. Gives counts."""
    end = desk.clock()
    with moved(desk, end - timedelta(days=DAYS)) as clock:
        for policy in POLICIES:
            publish_list(desk, "demo", policy, make_list(desk, "demo", policy, clock.now.date()).number)
        officer = _officer(desk)
        needs = 0
        for place, (enterprise, policy) in enumerate(_chosen(desk, firm)):
            clock.now += timedelta(hours=20)
            needs += _walk(desk, clock, officer, enterprise, policy, place, bank)
        clock.now = end - timedelta(days=6)
        for policy in POLICIES[:2]:
            publish_list(desk, "demo", policy, make_list(desk, "demo", policy, clock.now.date()).number)
        persons = _consumers(desk, clock.now, bank)
    with desk.office.begin() as session:
        done = reminders.go_round(session)
    return {"needs": needs, "persons": persons, "escalated": done.escalated}


def _chosen(desk: Desk, firm: str) -> list[tuple[str, str]]:
    """Firms of the lists, spread over the province; `firm` first."""
    found: list[tuple[str, str]] = [(firm, POLICIES[0])] if firm else []
    with desk.office.read() as session:
        for policy in POLICIES:
            wanted = select(PolicyChain.subject).where(PolicyChain.policy == policy).order_by(PolicyChain.id)
            every = session.scalars(wanted).all()
            step = max(1, len(every) // (FIRMS // len(POLICIES)))
            found += [(one, policy) for one in every[::step][: FIRMS // len(POLICIES)] if one != firm]
    return found


def _officer(desk: Desk) -> Viewer:
    with desk.office.begin() as session:
        for user in session.scalars(select(User).where(User.active).order_by(User.id)):
            viewer = viewer_of(user, via="demo")
            if Role.OFFICER in viewer.roles and viewer.scope.everything:
                return viewer
        user, _ = accounts.create(session, "demo", "demo-officer", "演示经办", {Role.OFFICER}, provider="demo")
        return viewer_of(user, via="demo")


def _bank(desk: Desk, institution_id: str, name: str) -> Viewer:
    """A person of a bank, made where there is none."""
    login = f"demo-{institution_id.lower()}"[:80]
    with desk.office.begin() as session:
        user = session.scalars(select(User).where(User.login == login)).one_or_none()
        if user is None:
            scope = Scope(institutions=frozenset({institution_id}))
            user, _ = accounts.create(session, "demo", login, name[:120], {Role.REPORTER}, scope, provider="demo")
        return viewer_of(user, via="demo")


def _firm(desk: Desk, enterprise_id: str, name: str) -> Viewer:
    with desk.office.begin() as session:
        return viewer_of(links.account_of(session, enterprise_id, name), via="demo")


def _walk(desk: Desk, clock: Moving, officer: Viewer, enterprise: str, policy: str, place: int, bank: str) -> int:
    """One firm as far as its place says: some only look, some decline, most apply, of those most get money."""
    firm = about(desk, enterprise)
    viewer = _firm(desk, enterprise, firm.name)
    with desk.office.begin() as session:
        chains.receive(session, viewer)
        chain = chains.of_firm(session, policy, enterprise)
    if place % 6 == 5 or chain is None:
        if chain is not None and place % 12 == 11:
            with desk.office.begin() as session:
                chains.answer(session, viewer, chain.id, False, "暂无融资需求")
        return 0
    amount = Decimal(100 + 50 * (place % 9)) * 10_000
    use = ("采购原材料", "购置设备", "补充流动资金")[place % 3]
    wish = Wish(
        amount, (6, 12, 24)[place % 3], use, "D" if place % 2 else "B01",
        clock.now.date() + timedelta(days=90), "演示联系人 00000000", ("profile", "loans", "statements"), 90, policy,
    )  # fmt: skip
    with desk.office.begin() as session:
        need = filing.apply(session, viewer, firm, wish)
    if place % 7 == 6:
        return 1
    _recommend(desk, clock, officer, need, bank if place % 4 == 0 else "")
    return 1


def _recommend(desk: Desk, clock: Moving, officer: Viewer, need: NeedFile, bank: str) -> None:
    clock.now += timedelta(hours=5)
    found = suggestions(desk, need)
    own = [each for each in found if each.institution_id == bank]
    chosen = (own or found[need.id % max(1, len(found)) :] or found)[:1] + found[:1]
    if not chosen:
        return
    with desk.office.begin() as session:
        offers = filing.recommend(session, officer, need.id, need.version, chosen)
    if need.id % 5 != 4:
        _answer(desk, clock, offers)


def _answer(desk: Desk, clock: Moving, offers: Sequence[NeedOffer]) -> None:
    """The first bank takes the need on and decides; the money comes, and where there is a subsidy it is claimed."""
    offer = offers[0]
    viewer = _bank(desk, offer.institution_id, offer.institution_name)
    back = clock.now
    clock.now += timedelta(days=1 + offer.id % 4)
    with desk.office.begin() as session:
        answering.accept(session, viewer, offer.id, 1)
    clock.now += timedelta(days=offer.id % 3)
    with desk.office.begin() as session:
        answering.contact(session, viewer, offer.id, 2, "已上门走访")
        if offer.id % 6 == 5:
            answering.refuse(session, viewer, offer.id, 3, REFUSALS[offer.id % len(REFUSALS)], "")
            clock.now = back
            return
        amount = session.get_one(NeedFile, offer.need_id).amount
        answering.approve(
            session, viewer, offer.id, 3, Loan(amount, Decimal("3.20") + offer.id % 9 * Decimal("0.1"), 12)
        )
    clock.now += timedelta(days=1 + offer.id % 5)
    contract = f"SIMHT{offer.id:06}"
    with desk.office.begin() as session:
        answering.disburse(session, viewer, offer.id, 4, contract, f"SIMJJ{offer.id:06}", amount, clock.now.date())
    if offer.id % 4:
        clock.now += timedelta(days=2)
        with desk.office.begin() as session:
            chains.claimed(session, viewer, offer.institution_id, contract, "", clock.now)
        clock.now += timedelta(days=5 + offer.id % 6)
        with desk.office.begin() as session:
            chains.paid(session, "demo", offer.institution_id, contract, "", clock.now, amount / 100)
    clock.now = back


def _consumers(desk: Desk, now: datetime, bank: str) -> int:
    """A consumer subsidy at one bank: sixty purchases, most of them paid for."""
    reader = desk.reader(MACHINE)
    institution = bank or str(reader.value("SELECT min(institution_id) FROM institution"))
    viewer = _bank(desk, institution, "演示银行")
    start = datetime.combine(now.date() - timedelta(days=60), datetime.min.time())
    journeys = []
    for n in range(60):
        lent = start + timedelta(days=n % 30)
        times = {"lent": lent, "claimed": lent + timedelta(days=7)}
        times |= {"paid": lent + timedelta(days=15 + n % 10)} if n % 5 else {}
        journeys.append(Journey(f"demo {n}", ("410100", "410300", "410700")[n % 3], institution, times))
    with desk.office.begin() as session:
        return chains.record_persons(session, viewer, CONSUMER, now.date() - timedelta(days=90), journeys)
