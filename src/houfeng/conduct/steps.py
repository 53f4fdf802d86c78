"""What disputes and lists share: numbers, steps with the journal, reasons, and the people who are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, select, true
from sqlalchemy.orm import Session

from houfeng.conduct.tables import Bundle, ConductStep, Dispute, Listing
from houfeng.errors import ConflictError, Text, UsageError
from houfeng.office import journal
from houfeng.office.access import Viewer
from houfeng.office.database import office_of
from houfeng.office.scope import in_regions

WRITTEN = 2000
"""Most signs of a reason, an answer, a statement."""


def serial(session: Session, table: type[Dispute] | type[Listing], year: int) -> int:
    """The next number of a year."""
    return (session.scalar(select(func.max(table.serial)).where(table.year == year)) or 0) + 1


def reason(why: str, zh: str = "请写明理由", en: str = "say why") -> str:
    """A text that must be there."""
    told = why.strip()
    if not told:
        raise UsageError(Text(zh, en))
    if len(told) > WRITTEN:
        raise UsageError(Text(f"最多 {WRITTEN} 字", f"at most {WRITTEN} characters"))
    return told


def same_version(thing: Dispute | Listing, version: int) -> None:
    """Raise ConflictError where somebody else changed the thing since; else its version grows."""
    if thing.version != version:
        raise ConflictError(
            Text(
                f"{thing.number} 已被他人更新，请刷新后再办",
                f"{thing.number} was changed by somebody else; look again, then act",
            )
        )
    thing.version += 1


def of_firm(viewer: Viewer, enterprise: Any) -> list[ColumnElement[bool]]:
    """The condition that leaves what is about the viewer's own firm, where they speak for one."""
    return [enterprise == viewer.scope.enterprise] if viewer.scope.enterprise is not None else []


def all_of(parts: list[ColumnElement[bool]]) -> ColumnElement[bool]:
    """All conditions at once."""
    return and_(true(), *parts)


def bundles_visible(viewer: Viewer) -> ColumnElement[bool]:
    """The condition on bundles: those of one's regions; banks and firms see none."""
    parts = in_regions(viewer.scope.regions, Bundle.region)
    if viewer.scope.institutions is not None or viewer.scope.enterprise is not None:
        parts.append(false())
    return all_of(parts)


def step(
    session: Session, who: Viewer | str, thing: Dispute | Listing, move: str, to: str, note: str = "",
    detail: Mapping[str, Any] | None = None,
) -> int:  # fmt: skip
    """Move a thing, write it into the journal and its timeline; gives the entry's number in the journal."""
    start, thing.state = thing.state, to
    noun = "dispute" if isinstance(thing, Dispute) else "listing"
    session.flush()
    told = {"number": thing.number, "enterprise": thing.enterprise_id, "from": start, "to": to, **(detail or {})}
    entry = journal.write(session, who, f"{noun}.{move}", f"{noun}:{thing.id}", why=note, detail=told)
    session.add(
        ConductStep(
            dispute_id=thing.id if isinstance(thing, Dispute) else None,
            listing_id=thing.id if isinstance(thing, Listing) else None,
            move=move,
            start=start,
            to=to,
            at=office_of(session).clock(),
            by=who.user_id if isinstance(who, Viewer) else None,
            who=who.name if isinstance(who, Viewer) else who,
            note=note,
            journal_seq=entry.seq,
        )
    )
    session.flush()
    return entry.seq


def steps_of(session: Session, thing: Dispute | Listing) -> list[ConductStep]:
    """The steps of a thing, newest first."""
    column = ConductStep.dispute_id if isinstance(thing, Dispute) else ConductStep.listing_id
    return list(session.scalars(select(ConductStep).where(column == thing.id).order_by(ConductStep.id.desc())))
