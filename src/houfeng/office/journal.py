"""The journal: who did what, to what, why. Append-only, each entry chained to the one before by a hash.

The bytes that are hashed are UTF-8 JSON of the entry's fields (all but `hash`), keys sorted, no spaces, Chinese
unescaped; docs/concepts/office.md tells them so that somebody else's program can check a chain without Houfeng.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.errors import Problem, Text, Where
from houfeng.office.access import Viewer
from houfeng.office.database import dumps, lock, office_of
from houfeng.office.tables import JournalEntry

Entry = JournalEntry

ALGORITHMS = ("sha256", "sm3")
START = "0" * 64  # what the first entry is chained to


class Head(NamedTuple):
    """The end of the chain at some moment: whoever kept one can prove later that nothing before it was changed."""

    seq: int
    hash: str


def write(
    session: Session,
    who: Viewer | str,
    act: str,
    about: str,
    *,
    why: str = "",
    detail: Mapping[str, Any] | None = None,
) -> Entry:
    """Add an entry in the transaction of `session`; it stands if, and only if, what it tells of stands too.

    `act` is `noun.verb` (`case.close`), `about` names the thing (`case:17`), `why` is the person's own reason.
    """
    office = office_of(session)
    lock(session)
    last = _last(session)
    entry = Entry(
        seq=last.seq + 1,
        at=office.clock(),
        user_id=who.user_id if isinstance(who, Viewer) else None,
        who=who.login if isinstance(who, Viewer) else who,
        via=who.via if isinstance(who, Viewer) else "",
        act=act,
        about=_storable(about),
        why=_storable(why),
        detail=_storable(_canonical(dict(detail or {}))),
        algorithm=office.algorithm,
        previous=last.hash,
    )
    entry.hash = digest(entry)
    session.add(entry)
    session.flush()
    if not session.in_nested_transaction():
        session.info["journal head"] = Head(entry.seq, entry.hash)
    return entry


def _last(session: Session) -> Head:
    """Where the chain ends for this transaction, remembered as long as no savepoint could take entries back."""
    known = session.info.pop("journal head", None)
    if isinstance(known, Head) and not session.in_nested_transaction():
        return known
    session.flush()
    last = head(session)
    return Head(last.seq, last.hash) if last else Head(0, START)


def head(session: Session) -> Entry | None:
    """The newest entry."""
    return session.scalars(select(Entry).order_by(Entry.seq.desc()).limit(1)).first()


def canonical(entry: Entry) -> bytes:
    """The bytes of `entry` that are hashed."""
    return _canonical(
        {
            "about": entry.about,
            "act": entry.act,
            "algorithm": entry.algorithm,
            "at": entry.at.isoformat(timespec="microseconds"),
            "detail": entry.detail,
            "previous": entry.previous,
            "seq": entry.seq,
            "user_id": entry.user_id,
            "via": entry.via,
            "who": entry.who,
            "why": entry.why,
        }
    ).encode()


def digest(entry: Entry) -> str:
    """The hash of `entry` by the algorithm it names, in lower-case hexadecimal."""
    return hashlib.new(entry.algorithm, canonical(entry)).hexdigest()


def verify(session: Session, known: Head | None = None) -> list[Problem]:
    """The first entry that is not as it was written, as one problem; empty where the chain is whole.

    A chain cut off at its end, or written anew from some entry on, is whole in itself: `known`, a head that was
    exported earlier, tells that too.
    """
    previous, seq = START, 0
    kept = None
    for seq, entry in enumerate(entries(session), start=1):
        fault = _fault(entry, seq, previous)
        if fault is not None:
            return [_broken(fault, f"seq {seq}", f"{entry.at} {entry.who} {entry.act} {entry.about}")]
        previous = entry.hash
        if known is not None and seq == known.seq:
            kept = entry.hash
    if known is not None and kept is None:
        fault = Text(
            f"只有 {seq} 条，而此前导出时至少有 {known.seq} 条", f"it ends at {seq}; an export knew {known.seq}"
        )
        return [_broken(fault, f"seq {seq + 1}", "")]
    if known is not None and kept != known.hash:
        fault = Text(
            "与此前导出的链尾不符，此条或更早的记录被重写过", "not the head that was exported: it was written anew"
        )
        return [_broken(fault, f"seq {known.seq}", known.hash)]
    return []


def entries(session: Session, after: int = 0) -> Iterator[Entry]:
    """All entries in order, a page at a time."""
    while page := session.scalars(select(Entry).where(Entry.seq > after).order_by(Entry.seq).limit(1000)).all():
        yield from page
        after = page[-1].seq
        session.expunge_all()


def _fault(entry: Entry, seq: int, previous: str) -> Text | None:
    if entry.seq != seq:
        return Text(f"缺少第 {seq} 条", f"entry {seq} is missing")
    if entry.previous != previous:
        return Text("与上一条的哈希不相接", "it does not follow from the entry before")
    if entry.algorithm not in ALGORITHMS:
        return Text(f"不认识的算法 {entry.algorithm}", f"unknown algorithm {entry.algorithm}")
    if entry.hash != digest(entry):
        return Text("内容与其哈希不符，写入后被改动过", "it was changed after it was written")
    return None


def _broken(fault: Text, place: str, value: str) -> Problem:
    return Problem(
        "journal.broken",
        fault,
        Where(field=place),
        value=value,
        suggestion=Text(
            "请保全数据库与备份，与最近一次导出的链尾核对，并报告审计管理员。",
            "keep the database and its backups, compare with the chain head of the latest export, "
            "and tell the audit administrator",
        ),
    )


def _storable(text: str) -> str:
    """`text` without what a database or UTF-8 cannot hold: NUL and halves of characters."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _canonical(value: Mapping[str, Any]) -> str:
    """Sorted keys, no spaces, Chinese as it is."""
    return json.dumps(json.loads(dumps(value)), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
