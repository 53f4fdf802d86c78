"""The portrait of a firm inside a scope, the firm that disputes, and what the book says of a disputed line now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from houfeng.conduct.disputes.filing import Firm as Party
from houfeng.conduct.disputes.filing import marks
from houfeng.conduct.lists.leaving import on_lists
from houfeng.conduct.portrait import Line, Portrait
from houfeng.conduct.reading import read
from houfeng.conduct.shapes import DOMAINS
from houfeng.conduct.tables import Dispute, Listing
from houfeng.errors import Text
from houfeng.office.access import Scope, Viewer
from houfeng_desk.desk import Desk
from houfeng_desk.lists import Choice, Column, Filter, ListRequest
from houfeng_desk.lists import Listing as Rows
from houfeng_desk.queries.delivery.judging import HOUSE
from houfeng_desk.queries.enterprise import words
from houfeng_desk.queries.enterprise.firm import firm_of
from houfeng_desk.queries.enterprise.identity import register_row
from houfeng_desk.queries.enterprise.lending import bank_names
from houfeng_desk.reader import Reader

BAD = ("dishonest_debtor", "consumption_restriction", "serious_violation", "tax_abnormal")
"""Types of public records that stand against a repair."""

COLUMNS = (
    Column("domain", Text("类别", "Domain"), sortable=False),
    Column("label", Text("项目", "Line"), sortable=False),
    Column("value", Text("内容", "Value"), sortable=False, sub="also"),
    Column("day", Text("日期", "Day"), "date", sortable=False),
    Column("reporter", Text("报送单位", "Reporter"), sortable=False),
    Column("received", Text("收到", "Received"), "moment", sortable=False),
    Column("submission", Text("报送编号", "Submission"), "code", sortable=False),
    Column("row", Text("行号", "Row"), "number", sortable=False),
    Column("mark", Text("异议", "Dispute"), sortable=False),
)


@dataclass(frozen=True)
class Shown:
    """A portrait with who it is of and the lists the firm stands on."""

    party: Party
    portrait: Portrait
    lists: Sequence[Listing]


def shown(reader: Reader, session: Session, enterprise_id: str) -> Shown:
    """The portrait of a firm as the viewer may see it: a bank what it reported itself, a firm itself.

    Raises:
        NotFoundError: there is no such firm that the viewer may know of.
    """
    firm = firm_of(reader, enterprise_id)
    row = register_row(reader, firm)
    names = bank_names(reader)
    persons = words.sees_persons(reader.viewer)
    found = firm.once(
        ("portrait", persons), lambda: read(firm, reader.snapshot, enterprise_id, reader.as_of, names, persons=persons)
    )
    found = found.marked(marks(session, enterprise_id))
    banks = reader.viewer.scope.institutions
    if banks is not None:
        found = found.narrowed(lambda line: line.source.reporter in banks)
    party = Party(enterprise_id, row["name"] or enterprise_id, row["region"] or "")
    return Shown(party, found, on_lists(session, enterprise_id))


def own(desk: Desk, session: Session, enterprise_id: str) -> Shown:
    """The portrait of a firm as it sees itself."""
    scope = Scope(enterprise=enterprise_id)
    return shown(desk.reader(Viewer(0, "firm", "firm", frozenset(), scope)), session, enterprise_id)


def bank_of(desk: Desk, line: Line) -> str:
    """The code of the bank that reported a line, empty where no bank did."""
    return line.source.reporter if line.source.reporter in bank_names(desk.reader(HOUSE)) else ""


def now_says(desk: Desk, session: Session, dispute: Dispute) -> tuple[str, Text]:
    """What the book says of a disputed line now, and by which submission."""
    told = own(desk, session, dispute.enterprise_id).portrait.lines
    same = [one for one in told if one.ref == dispute.ref and one.source.reporter == dispute.reporter]
    if not same:
        return "", Text("账簿中已无此记录", "the book has no such record any more")
    return same[0].source.submission, same[0].value


def new_failings(desk: Desk, enterprise_id: str, days: int) -> int:
    """How many records of failings the book has of the last `days`."""
    reader = desk.reader(HOUSE)
    since = desk.clock().date() - timedelta(days=days)
    sql = (
        "SELECT count(*) FROM public_record WHERE enterprise_id = ? AND occurred_on > ?"
        " AND record_type IN (SELECT unnest(?))"
    )
    return int(reader.value(sql, [enterprise_id, since, list(BAD)]) or 0)


def filters() -> Sequence[Filter]:
    """What the lines can be narrowed by."""
    return (Filter("domain", Text("类别", "Domain"), [Choice(name, label) for name, label in DOMAINS.items()]),)


def listing(found: Portrait, ask: ListRequest) -> Rows:
    """The lines as a table, for the export."""
    lines = [line for line in found.lines if not ask["domain"] or line.domain == ask["domain"]]
    rows = [
        {
            "domain": DOMAINS[line.domain], "label": line.label, "value": line.value, "also": line.also,
            "day": line.day, "reporter": line.source.reporter_name, "received": line.source.received_at,
            "submission": line.source.submission, "row": line.source.row,
            "mark": line.mark.text if line.mark is not None else None,
        }
        for line in lines
    ]  # fmt: skip
    return Rows(ask.columns, ask.cut(rows), len(rows), ask)
