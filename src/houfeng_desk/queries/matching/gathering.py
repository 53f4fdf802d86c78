"""What a run of matching takes from the office: needs filed on the desk, answers of banks, rights of firms."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import date
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.book.connection import connect
from houfeng.engine.duckdb import Engine
from houfeng.errors import HoufengError
from houfeng.matching.needs import filing, going
from houfeng.matching.recommend import Asked, BankAnswer, Bounds, History, Rooms, Standing, rooms, standings
from houfeng.matching.recommend.quotes import KIND
from houfeng.matching.tables import NeedFile, NeedOffer
from houfeng.office.access import Viewer
from houfeng.packs.roads.compile import Views
from houfeng.packs.roads.sql import literal, name
from houfeng_desk.desk import Desk
from houfeng_desk.queries.delivery.judging import HOUSE, judging
from houfeng_desk.reader import Reader

_SIZES = "SELECT enterprise_id, size FROM enterprise WHERE enterprise_id IN (SELECT unnest($ids::VARCHAR[]))"
ORIGIN = "desk"
"""What stands in the place of a submission for a need that was filed here."""


class WithNeeds:
    """The views of a book with further rows of `need`."""

    def __init__(self, views: Views, needs: Iterable[NeedFile]) -> None:
        self._views = views
        self._more = [_row(number, need) for number, need in enumerate(needs)]

    def select(
        self, kind: str, *, as_of: date | None = None, exact: bool = False, columns: Sequence[str] | None = None
    ) -> str:
        """SQL as the book's own; see `houfeng.packs.roads.compile.Views`."""
        if kind != KIND or not self._more:
            return self._views.select(kind, as_of=as_of, exact=exact, columns=columns)
        rows = [self._views.select(kind, as_of=as_of, exact=exact), *self._more]
        every = " UNION ALL BY NAME ".join(f"SELECT * FROM ({one})" for one in rows)
        wanted = "*" if columns is None else ", ".join(name(one) for one in (*columns, "_submission", "_row"))
        return f"SELECT {wanted} FROM ({every})"


def _row(number: int, need: NeedFile) -> str:
    values = {
        "need_no": need.number, "enterprise_id": need.enterprise_id, "amount": need.amount,
        "use": need.use, "guarantee_offered": need.guarantee, "deadline": need.deadline, "region": need.region,
        "state": "open", "valid_from": need.created_at.date(), "_submission": ORIGIN,
    }  # fmt: skip
    told = [f"{literal(value)} AS {name(field)}" for field, value in values.items()]
    return f"SELECT {', '.join(told)}, {need.term_months} AS term_months, {number} AS _row"


def filed(session: Session, viewer: Viewer) -> list[NeedFile]:
    """The needs filed on the desk that wait for a bank, in the viewer's scope; not those the book has as well."""
    waits = (NeedFile.state == "open", NeedFile.book_no == "", NeedFile.amount > 0)
    return list(session.scalars(select(NeedFile).where(filing.visible(viewer), *waits).order_by(NeedFile.id)))


def history(desk: Desk) -> History:
    """What banks decided so far, by product and kind of firm."""
    with desk.office.read() as session:
        wanted = select(NeedOffer, NeedFile).join(NeedFile, NeedFile.id == NeedOffer.need_id)
        rows = [(o, n) for o, n in session.execute(wanted.where(NeedOffer.decided_at.is_not(None))).all()]
        sizes = _sizes(desk.reader(HOUSE), {need.enterprise_id for _, need in rows})
        return History(
            BankAnswer(
                offer.product,
                segment(sizes.get(need.enterprise_id, ""), need.guarantee),
                offer.state in ("approved", "disbursed"),
                offer.decided_at.date(),
            )
            for offer, need in rows
            if offer.decided_at is not None
        )


def _sizes(reader: Reader, firms: set[str]) -> Mapping[str, str]:
    if not firms:
        return {}
    return {row["enterprise_id"]: row["size"] or "" for row in reader.rows(_SIZES, {"ids": sorted(firms)})}


def segment(size: str, guarantee: str) -> str:
    """The kind of firm that answers are counted by."""
    return f"{size}/{guarantee[:1]}"


def standings_of(desk: Desk, asked: Sequence[Asked]) -> Mapping[str, Sequence[Standing]]:
    """The subsidies that the firms of needs are entitled to; none where the desk has no such policies."""
    try:
        with judging(desk) as judge:
            stands = judge.stands({one.need.enterprise_id for one in asked})
            day, known = judge.as_of, judge.known_at.date()
            return {
                one.need.need_no: standings(judge.pack, stands.get(one.need.enterprise_id, ()), one.need, day, known)
                for one in asked
            }
    except HoufengError:
        return {}


def bounds_of(desk: Desk, asked: Sequence[Asked]) -> Bounds:
    """What relending quota and lending limits leave to the banks and firms of a run, of the whole book and less what is
    under way."""
    with desk.office.read() as session:
        return going.bounds(session, asked, partial(rooms_of, desk))


def rooms_of(desk: Desk, banks: Collection[str], firms: Collection[str]) -> Rooms:
    """What these banks may still lend to these firms, by the newest balances."""
    reader = desk.reader(HOUSE)
    with closing(connect(memory=desk.settings.memory, threads=desk.settings.threads)) as connection:
        return rooms(reader.indexed(connection), Engine.over(connection), reader.as_of, banks, firms)
