"""The packs' entitlements over this desk's book: for the lists of policies, and for the page of one enterprise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime

import duckdb

from houfeng.book.connection import connect
from houfeng.errors import HoufengError, Text
from houfeng.matching.delivery import lists
from houfeng.matching.delivery.book import BookJudge
from houfeng.matching.delivery.judging import Policy
from houfeng.matching.tables import PolicyList
from houfeng.office.access import Viewer
from houfeng.packs.grants import Instrument
from houfeng.packs.roads.compile import Views
from houfeng_desk.desk import Desk
from houfeng_desk.queries.packs import pack_in_force
from houfeng_desk.reader import Reader

PACK, PERSONS = "entitlements", "consumer_purchase"
HOUSE = Viewer(0, "system", "system", frozenset())
"""The house itself: a list is of the whole book, and a firm's verdict is the one the list rests on."""


@contextmanager
def judging(desk: Desk, as_of: date | None = None, known_at: datetime | None = None) -> Iterator[BookJudge]:
    """The judge of this desk's book, with a connection that ends with the block.

    Entitlement is asked for today; `as_of` and `known_at` ask for another day.
    """
    now = desk.clock()
    pack = pack_in_force(desk, PACK, known_at)
    connection = connect(memory=desk.settings.memory, threads=desk.settings.threads)

    def opened(day: date, moment: datetime) -> tuple[Views, duckdb.DuckDBPyConnection]:
        known = None if known_at is None and moment == now else moment  # now is all the book knows
        return desk.reader(HOUSE, day, known).indexed(connection), connection

    try:
        yield BookJudge(pack, opened, as_of or now.date(), known_at or now)
    finally:
        connection.close()


def policies(desk: Desk) -> Mapping[str, Policy]:
    """The policies of the pack in force, those over consumers too; none where the desk has no such pack."""
    try:
        with judging(desk) as judge:
            found = dict(judge.policies)
            found |= {
                one.name: _of_persons(judge, one) for one in judge.pack.instruments.values() if one.over == PERSONS
            }
            return found
    except HoufengError:
        return {}


def _of_persons(judge: BookJudge, one: Instrument) -> Policy:
    """A subsidy that goes to persons: it has no list, only counts."""
    until = None if one.state == "open" else judge.as_of
    return Policy(
        name=one.name, label=one.label, benefit=one.label, document=one.document, document_on=None, delivers=one.name,
        bring=one.documents, call=Text("", ""), pack=one.pack, digest=judge.pack.digest, reference=one.reference,
        until=until, persons=True,
    )  # fmt: skip


def make_list(desk: Desk, who: Viewer | str, policy: str, as_of: date | None = None) -> PolicyList:
    """The next version of a policy's list."""
    with judging(desk, as_of) as judge, desk.office.begin() as session:
        return lists.make(session, who, judge, policy)


def publish_list(desk: Desk, who: Viewer | str, policy: str, number: int) -> int:
    """Send a version out; gives how many chains began."""
    with desk.office.read() as session:
        firms = lists.firms(session, policy, number)
    found = customers(desk.reader(HOUSE), firms)
    with desk.office.begin() as session:
        return lists.publish(session, who, policy, number, found)


_CUSTOMERS = """
    SELECT borrower_id AS firm, institution_id AS bank FROM loan
    UNION SELECT enterprise_id, institution_id FROM credit_line
"""


def customers(reader: Reader, firms: frozenset[str]) -> dict[str, set[str]]:
    """The banks that lend to these firms, or have given them a line."""
    found: dict[str, set[str]] = {}
    for row in reader.rows(_CUSTOMERS):
        if row["firm"] in firms:
            found.setdefault(row["firm"], set()).add(row["bank"])
    return found
