"""The journal as a list."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from houfeng.errors import Text
from houfeng.office.tables import JournalEntry
from houfeng_desk.lists import Column, Filter, Listing, ListRequest
from houfeng_desk.lists.asking import number_of

COLUMNS = (
    Column("seq", Text("序号", "No."), "link", href="url"),
    Column("at", Text("时间", "When"), "moment", sortable=False),
    Column("who", Text("谁", "Who"), sortable=False),
    Column("act", Text("做了什么", "Did what"), "code", sortable=False),
    Column("about", Text("对象", "About"), "code", sortable=False),
    Column("why", Text("理由", "Reason"), sortable=False),
    Column("detail", Text("细节", "Detail"), "code", sortable=False),
)
SHOWN = 160
FILTERS = (
    Filter("who", Text("谁", "Who")),
    Filter("act", Text("做了什么", "Did what")),
    Filter("about", Text("对象", "About")),
    Filter("since", Text("从", "From"), kind="date"),
    Filter("until", Text("到", "Until"), kind="date"),
)


def entries(session: Session, ask: ListRequest) -> Listing:
    """Who did what, newest first. An export has the details in full, with the hashes."""
    chosen = _filtered(select(JournalEntry), ask)
    total = session.scalar(_filtered(select(func.count()).select_from(JournalEntry), ask)) or 0
    order = JournalEntry.seq.asc() if ask.sort == "seq" and not ask.descending else JournalEntry.seq.desc()
    chosen = chosen.order_by(order)
    if ask.after:
        chosen = chosen.where(JournalEntry.seq < number_of(ask.after))
    whole = ask.size is None
    if ask.size is not None:
        chosen = chosen.limit(ask.size).offset(ask.offset)
    columns = (*COLUMNS, *HASHES) if whole else COLUMNS
    rows = [_row(entry, whole) for entry in session.scalars(chosen)]
    return Listing(columns, rows, total, ask, rows[-1]["seq"] if rows and not ask.sort else "")


HASHES = (
    Column("algorithm", Text("算法", "Algorithm"), "code"),
    Column("previous", Text("前一条的散列", "Hash before"), "code"),
    Column("hash", Text("散列", "Hash"), "code"),
)


def _row(entry: JournalEntry, whole: bool) -> dict[str, Any]:
    detail = "" if entry.detail == "{}" else entry.detail
    return {
        "seq": str(entry.seq),
        "url": f"/journal/{entry.seq}",
        "at": entry.at,
        "who": entry.who,
        "act": entry.act,
        "about": entry.about,
        "why": entry.why,
        "detail": detail if whole or len(detail) <= SHOWN else detail[:SHOWN] + "…",
        "algorithm": entry.algorithm,
        "previous": entry.previous,
        "hash": entry.hash,
    }


def _filtered(chosen: Select[Any], ask: ListRequest) -> Select[Any]:
    for name in ("who", "act", "about"):
        if value := ask[name]:
            chosen = chosen.where(getattr(JournalEntry, name).startswith(value, autoescape=True))
    if since := ask.day("since"):
        chosen = chosen.where(JournalEntry.at >= datetime.combine(since, time()))
    if until := ask.day("until"):
        chosen = chosen.where(JournalEntry.at < datetime.combine(until, time()) + timedelta(days=1))
    return chosen
