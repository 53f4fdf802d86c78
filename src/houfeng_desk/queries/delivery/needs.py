"""The list of needs for officers, the inbox of a bank, and what a bank may read of the firm behind a need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from houfeng.book.connection import connect
from houfeng.book.model import Type, code_lists, kinds
from houfeng.errors import Text
from houfeng.matching import authorisation
from houfeng.matching.authorisation import AuthorisedViews
from houfeng.matching.delivery import chains
from houfeng.matching.needs import answering, filing
from houfeng.matching.tables import NeedFile, NeedOffer
from houfeng.matching.terms import shipped
from houfeng.office.access import Viewer
from houfeng_desk.desk import Desk
from houfeng_desk.lists import Choice, Column, Filter, Listing, ListRequest
from houfeng_desk.queries.delivery.judging import HOUSE
from houfeng_desk.queries.enterprise.words import label, region

COLUMNS = (
    Column("number", Text("需求", "Need"), "link", href="href", sub="firm"),
    Column("city", Text("地区", "Region")),
    Column("amount", Text("金额", "Amount"), "money"),
    Column("term_months", Text("期限（月）", "Months"), "number"),
    Column("state_text", Text("状态", "State"), sub="first_text"),
    Column("created_at", Text("提出", "Made"), "date"),
    Column("deadline", Text("最晚用款", "Needed by"), "date"),
)
INBOX = (
    Column("number", Text("需求", "Need"), "link", href="href", sub="firm"),
    Column("city", Text("地区", "Region")),
    Column("amount", Text("金额", "Amount"), "money"),
    Column("product", Text("产品", "Product")),
    Column("state_text", Text("状态", "State")),
    Column("sent_at", Text("收到", "Received"), "date"),
    Column("due_on", Text("时限", "Due"), "date", sub="late"),
)
UNNAMED = Text("企业名称须经授权", "name needs authorisation")
ROWS = 50


def filters(bank: bool) -> Sequence[Filter]:
    """What the list can be narrowed by."""
    states = answering.STATES if bank else filing.STATES
    return (
        Filter("state", Text("状态", "State"), [Choice(key, text) for key, text in states.items()]),
        Filter("text", Text("编号或企业", "Number or enterprise")),
    )


def listing(session: Session, viewer: Viewer, ask: ListRequest) -> Listing:
    """The needs of an officer's scope, newest first."""
    chains.may_see(viewer)
    conditions: list[ColumnElement[bool]] = [filing.visible(viewer)]
    if ask["state"]:
        conditions.append(NeedFile.state == ask["state"])
    if ask["text"]:
        conditions.append(_named(ask["text"], True))
    total = session.scalar(select(func.count()).select_from(NeedFile).where(*conditions)) or 0
    order = {"number": NeedFile.id, "city": NeedFile.region, "state_text": NeedFile.state}
    column: Any = order.get(ask.sort) or getattr(NeedFile, ask.sort or "id", NeedFile.id)
    wanted = select(NeedFile).where(*conditions)
    wanted = wanted.order_by(column.asc() if ask.sort and not ask.descending else column.desc(), NeedFile.id.desc())
    if ask.size is not None:
        wanted = wanted.limit(ask.size).offset(ask.offset)
    return Listing(ask.columns, [need_row(need) for need in session.scalars(wanted)], total, ask)


def need_row(need: NeedFile) -> dict[str, Any]:
    """A need as a row of a list."""
    return {
        "id": need.id,
        "number": need.number,
        "href": f"/needs/{need.id}",
        "firm": need.enterprise_name,
        "city": region(need.region),
        "state_text": filing.STATES[need.state],
        "first_text": Text("首贷户", "first-time borrower") if need.first_time else None,
        **{name: getattr(need, name) for name in ("amount", "term_months", "created_at", "deadline")},
    }


def inbox(session: Session, viewer: Viewer, ask: ListRequest, today: date) -> Listing:
    """What was sent to a bank: what waits longest first. Names stand where the firm lets the bank read them."""
    chains.may_see(viewer)
    conditions: list[ColumnElement[bool]] = [filing.visible(viewer), filing.offers_visible(viewer)]
    if ask["state"]:
        conditions.append(NeedOffer.state == ask["state"])
    if ask["text"]:
        conditions.append(_named(ask["text"], False))
    joined = select(NeedOffer, NeedFile).join(NeedFile, NeedFile.id == NeedOffer.need_id).where(*conditions)
    total = session.scalar(select(func.count()).select_from(joined.subquery())) or 0
    order: Mapping[str, Any] = {
        "number": NeedFile.id, "city": NeedFile.region, "amount": NeedFile.amount, "product": NeedOffer.product,
        "state_text": NeedOffer.state, "sent_at": NeedOffer.sent_at, "due_on": NeedOffer.due_on,
    }  # fmt: skip
    if ask.sort in order:
        joined = joined.order_by(order[ask.sort].desc() if ask.descending else order[ask.sort].asc())
    joined = joined.order_by(NeedOffer.due_on.is_(None), NeedOffer.due_on, NeedOffer.id)
    if ask.size is not None:
        joined = joined.limit(ask.size).offset(ask.offset)
    rows = [_inbox_row(session, viewer, offer, need, today) for offer, need in session.execute(joined)]
    return Listing(ask.columns, rows, total, ask)


def _inbox_row(session: Session, viewer: Viewer, offer: NeedOffer, need: NeedFile, today: date) -> dict[str, Any]:
    late = (today - offer.due_on).days if offer.due_on is not None else 0
    return {
        "id": need.id,
        "number": need.number,
        "href": f"/needs/{need.id}",
        "firm": need.enterprise_name if named(session, viewer, need) else UNNAMED,
        "city": region(need.region),
        "amount": need.amount,
        "product": Text(offer.label_zh, offer.label_en),
        "state_text": answering.STATES[offer.state],
        "sent_at": offer.sent_at,
        "due_on": offer.due_on,
        "late": Text(f"超期 {late} 天", f"{late} days late") if late > 0 else None,
    }


def _named(text: str, names: bool) -> ColumnElement[bool]:
    """A number of a need; a name only for who sees names, or searching would tell them."""
    digits = "".join(sign if sign.isdigit() else " " for sign in text).split()
    like: list[ColumnElement[bool]] = [NeedFile.serial == (int(digits[-1]) if digits and len(digits[-1]) < 9 else -1)]
    if names:
        like.append(NeedFile.enterprise_name.contains(text, autoescape=True))
        like.append(NeedFile.enterprise_id == text)
    return or_(*like)


def named(session: Session, viewer: Viewer, need: NeedFile) -> bool:
    """Whether the viewer may know which firm a need is of: officers and the firm itself, banks by authorisation."""
    if viewer.scope.institutions is None:
        return True
    return "profile" in authorisation.allowed(session, viewer, need.enterprise_id, "loan")


def waiting(session: Session, viewer: Viewer) -> int:
    """How many needs wait for the viewer's bank, or to be recommended, for the menu."""
    if viewer.scope.institutions is not None:
        mine = select(func.count()).select_from(NeedOffer)
        return session.scalar(mine.where(filing.offers_visible(viewer), NeedOffer.state == "sent")) or 0
    new = select(func.count()).select_from(NeedFile)
    return session.scalar(new.where(filing.visible(viewer), NeedFile.state.in_(("open", "unmet")))) or 0


def data_of(desk: Desk, viewer: Viewer, need: NeedFile, data: str) -> list[tuple[Text, list[Text], list[list[Text]]]]:
    """What a bank reads of a firm: per kind its label, heads and rows. Each kind is asked for and journaled.

    Raises:
        AccessError: the firm does not allow it now.
    """
    reader = desk.reader(HOUSE)
    views = AuthorisedViews(desk.office, viewer, reader.snapshot, need.enterprise_id, "loan")
    found = []
    with connect(memory=desk.settings.memory, threads=desk.settings.threads) as connection:
        for kind in shipped().data[data].kinds:
            names = [n for n in kinds()[kind].fields if n not in HIDDEN_FIELDS]
            sql = views.select(kind, as_of=reader.as_of)
            chosen = ", ".join(f'"{name}"' for name in names)
            when = [f'"{kinds()[kind].time_field}" DESC'] if kinds()[kind].time_field else []
            order = ", ".join([*when, *(f'"{name}"' for name in kinds()[kind].key)])
            rows = connection.execute(f"SELECT {chosen} FROM ({sql}) ORDER BY {order} LIMIT {ROWS}").fetchall()
            used = [n for n, name in enumerate(names) if any(row[n] is not None for row in rows)]
            heads = [kinds()[kind].fields[names[n]].label for n in used]
            shown = [[_cell(kind, names[n], row[n]) for n in used] for row in rows]
            found.append((kinds()[kind].label, heads, shown))
    return found


HIDDEN_FIELDS = frozenset({"phone", "legal_representative_id"})
"""Not even an authorised bank is shown these: whom to call stands on the need itself."""


def _cell(kind: str, field: str, value: Any) -> Text:
    shape = kinds()[kind].fields[field]
    if value is not None and shape.type is Type.CODE and shape.code_list in code_lists():
        return label(kind, field, value)
    return label(kind, field, value)
