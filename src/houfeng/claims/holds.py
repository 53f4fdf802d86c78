"""No loan is funded twice: a line that is asked for takes hold of its loan, and the key of the hold is unique.

Of the tools of one exclusive group a loan gets one. Money that is lent is lent on the whole loan, once; a subsidy may
be paid again by the same tool, for other days. Writers stand in a queue on both databases (`houfeng.office.database`),
so that looking and taking are one step; the key is the second guard.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from houfeng.claims.tables import Claim, ClaimHold, ClaimLine
from houfeng.errors import Text
from houfeng.office.database import changed

CHUNK = 400
Key = tuple[str, str, str]


class Taken(NamedTuple):
    """A loan that another claim has: by which tool, for which days."""

    key: Key
    instrument: str
    label: Text
    number: str
    counted_from: date
    counted_to: date

    @property
    def text(self) -> Text:
        """What is said to the bank."""
        return Text(
            f"该笔贷款已在 {self.number}（{self.label.zh}）中申报，不得重复享受",
            f"this loan is on {self.number} ({self.label.en}) already; it cannot be funded twice",
        )


def taken(session: Session, claim: Claim, wanted: Sequence[ClaimLine]) -> dict[Key, Taken]:
    """Those of the lines whose loan cannot be had, each with what has it."""
    asked = {line.key: line for line in wanted}
    found: dict[Key, Taken] = {}
    for hold, other in _holds(session, claim, sorted({line.contract_no for line in wanted})):
        key = (hold.contract_no, hold.note_no, hold.item_no)
        line = asked.get(key)
        if line is None or hold.line_id == line.id:
            continue
        if _in_the_way(claim, line, hold):
            found[key] = _taken(hold, other)
    return found


def loans_taken(session: Session, institution_id: str, exclusive: str, but: int | None = None) -> list[Taken]:
    """The loans of a bank that live claims of a group have, but for one claim: what a drawing is told of."""
    rows = session.execute(
        select(ClaimHold, Claim)
        .join(ClaimLine, ClaimLine.id == ClaimHold.line_id)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(ClaimHold.institution_id == institution_id, ClaimHold.exclusive == exclusive, Claim.id != (but or 0))
    )
    return [_taken(hold, claim) for hold, claim in rows]


def _taken(hold: ClaimHold, claim: Claim) -> Taken:
    key = (hold.contract_no, hold.note_no, hold.item_no)
    label = Text(claim.label_zh, claim.label_en)
    return Taken(key, hold.instrument, label, claim.number, hold.counted_from, hold.counted_to)


def _holds(session: Session, claim: Claim, contracts: Sequence[str]) -> Iterable[tuple[ClaimHold, Claim]]:
    for at in range(0, len(contracts), CHUNK):
        rows = session.execute(
            select(ClaimHold, Claim)
            .join(ClaimLine, ClaimLine.id == ClaimHold.line_id)
            .join(Claim, Claim.id == ClaimLine.claim_id)
            .where(
                ClaimHold.institution_id == claim.institution_id,
                ClaimHold.exclusive == claim.exclusive,
                ClaimHold.contract_no.in_(contracts[at : at + CHUNK]),
            )
        )
        yield from ((hold, other) for hold, other in rows)


def _in_the_way(claim: Claim, line: ClaimLine, hold: ClaimHold) -> bool:
    """Lent money fills the whole loan; subsidies stand in each other's way by tool, or by day (not the last)."""
    if claim.comes_back or hold.instrument != claim.instrument:
        return True
    return line.counted_from < hold.counted_to and hold.counted_from < line.counted_to


def take(session: Session, claim: Claim, wanted: Sequence[ClaimLine]) -> None:
    """Take hold of the loans; the caller has asked `taken` in the same transaction."""
    session.flush()
    rows = [
        {
            "exclusive": claim.exclusive,
            "institution_id": claim.institution_id,
            "contract_no": line.contract_no,
            "note_no": line.note_no,
            "item_no": line.item_no,
            "slot": "" if claim.comes_back else line.counted_from.isoformat(),
            "instrument": claim.instrument,
            "counted_from": line.counted_from,
            "counted_to": line.counted_to,
            "line_id": line.id,
        }
        for line in wanted
    ]
    if rows:
        session.execute(insert(ClaimHold), rows)


def release(session: Session, wanted: Sequence[ClaimLine]) -> int:
    """Let go of the loans of lines that get nothing; gives how many were held."""
    ids = [line.id for line in wanted]
    parts = (ids[at : at + CHUNK] for at in range(0, len(ids), CHUNK))
    return sum(changed(session, delete(ClaimHold).where(ClaimHold.line_id.in_(part))) for part in parts)
