"""A claim begun from what the book gives, submitted as drawn or as an uploaded workbook, and taken back.

One bank, one tool, one period: one claim. What was drawn stays beside what is asked, so that anybody can see the
difference later.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from houfeng.claims import holds
from houfeng.claims.acts import bans
from houfeng.claims.acts.checking import Checked, Given, check_all, key_of
from houfeng.claims.files import bank_only, lines, move_to, reason, seen, total
from houfeng.claims.life import HELD, LineState, State
from houfeng.claims.tables import ZERO, Claim, ClaimLine, ClaimSlot
from houfeng.claims.terms import terms_on
from houfeng.claims.tools import Asked, Bank, Drawn, DrawnLine, Tool, remark
from houfeng.claims.tools import reason as why_of
from houfeng.errors import ConflictError, InputError, Text
from houfeng.office.access import Viewer
from houfeng.office.database import office_of


def draw(session: Session, viewer: Viewer, tool: Tool, bank: Bank, drawn: Drawn) -> Claim:
    """Begin the claim of a bank for a period with what the book gives, or put a draft on the newest book.

    Raises:
        ConflictError: the period was claimed already; the claim is named.
    """
    bank_only(viewer, bank.id)
    first, last = drawn.period
    if not tool.open:
        raise ConflictError(Text(f"{tool.label.zh}已停办", f"{tool.label.en} is closed"))
    held = session.get(ClaimSlot, (bank.id, tool.name, first))
    if held is not None:
        claim = session.get(Claim, held.claim_id)
        assert claim is not None
        if State(claim.state) is not State.DRAFT:
            raise ConflictError(
                Text(
                    f"该期已申报：{claim.number}（/claims/{claim.id}）",
                    f"this period is claimed already: {claim.number} (/claims/{claim.id})",
                )
            )
        claim.version += 1
        session.execute(delete(ClaimLine).where(ClaimLine.claim_id == claim.id))
    else:
        claim = _new(session, viewer, tool, bank, first, last)
    _fill(claim, tool, drawn)
    kept = drawn.refused[: terms_on(office_of(session).clock().date()).most_refused_lines]
    claim.not_kept = len(drawn.refused) - len(kept)
    _put(session, [_row(claim, line, LineState.DRAWN) for line in drawn.lines])
    _put(session, [_row(claim, line, LineState.NOT_ELIGIBLE) for line in kept])
    total(session, claim)
    told = {"lines": len(drawn.lines), "amount": claim.asked, "known_at": drawn.known_at, "digest": drawn.pack_digest}
    move_to(session, claim, "draw", State.DRAFT, viewer, "", told)
    return claim


def _new(session: Session, viewer: Viewer, tool: Tool, bank: Bank, first: date, last: date) -> Claim:
    now = office_of(session).clock()
    newest = session.scalar(select(func.max(Claim.serial)).where(Claim.year == now.year)) or 0
    claim = Claim(
        version=1, year=now.year, serial=newest + 1, instrument=tool.name,
        label_zh=tool.label.zh, label_en=tool.label.en, kind=tool.kind, exclusive=tool.group,
        comes_back=tool.comes_back, institution_id=bank.id, institution_name=bank.name, region=bank.region,
        first=first, last=last, state=State.DRAFT, source="drawn", pack=tool.pack,
        as_of=last, known_at=now, pack_digest="", created_by=viewer.user_id, created_at=now,
    )  # fmt: skip
    session.add(claim)
    session.flush()
    session.add(ClaimSlot(institution_id=bank.id, instrument=tool.name, first=first, claim_id=claim.id))
    session.flush()
    return claim


def _fill(claim: Claim, tool: Tool, drawn: Drawn) -> None:
    """What the tool says on the day of drawing is kept: later versions do not change a claim that was made."""
    claim.as_of, claim.known_at, claim.pack_digest = drawn.as_of, drawn.known_at, drawn.pack_digest
    claim.rate, claim.term_months, claim.extensions_allowed = tool.rate, tool.term_months, tool.extensions
    claim.last, claim.source = drawn.period[1], "drawn"


def _row(claim: Claim, line: DrawnLine, state: LineState) -> dict[str, Any]:
    good = state is LineState.DRAWN
    return {
        "claim_id": claim.id, "contract_no": line.contract_no, "note_no": line.note_no, "item_no": line.item_no,
        "borrower_id": line.borrower_id, "counted_from": line.counted_from, "counted_to": line.counted_to,
        "base": line.base, "amount": line.amount, "central": line.central, "drawn": line.amount if good else None,
        "granted": ZERO, "outstanding": ZERO, "state": state, "round": 1,
        "reasons": [why_of(why) for why in line.reasons], "history": [],
    }  # fmt: skip


def _put(session: Session, rows: list[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(ClaimLine), rows)


def submit(
    session: Session,
    viewer: Viewer,
    claim_id: int,
    version: int,
    why: str,
    workbook: Sequence[Asked] | None = None,
    drawn: Drawn | None = None,
) -> Claim:
    """The bank asks: for what was drawn, or for the rows of its own `workbook`, held against `drawn`.

    `drawn` is the claim as the book gives it now; it must be given with a workbook.

    Raises:
        AccessError: the bank is banned, or the viewer is not its reporter.
        InputError: there is nothing to ask for, or loans are funded elsewhere; all of them are told.
    """
    claim = seen(session, viewer, claim_id, version, "submit")
    bank_only(viewer, claim.institution_id)
    bans.check(session, claim.institution_id, claim.instrument)
    if workbook is not None:
        if drawn is None:
            raise ValueError("a workbook is held against the book: give what it draws")
        _replace(session, claim, check_all(workbook, Given.of(drawn)))
        claim.source = "workbook"
    else:
        for line in lines(session, claim.id, LineState.DRAWN):
            line.state = LineState.ASKED
    session.flush()
    _hold(session, claim)
    asked = lines(session, claim.id, LineState.ASKED)
    if not asked and workbook is None:
        raise InputError(Text("没有可以申报的贷款", "there is no loan to claim for"))
    claim.submitted_by, claim.submitted_at = viewer.user_id, office_of(session).clock()
    total(session, claim)
    refused = len(lines(session, claim.id, LineState.REFUSED))
    told = {"lines": len(asked), "refused": refused, "amount": claim.asked, "source": claim.source}
    move_to(session, claim, "submit", State.SUBMITTED, viewer, why.strip(), told)
    return claim


def _replace(session: Session, claim: Claim, checked: Sequence[Checked]) -> None:
    """The rows of the workbook in place of what was drawn; drawn loans that it does not name are left out."""
    own = {line.key: line for line in lines(session, claim.id)}
    named = set()
    fresh: list[dict[str, Any]] = []
    for one in checked:
        key = key_of(one.asked)
        if key in named:
            _again(own.get(key), fresh, key, one)
            continue
        named.add(key)
        row = {**_asked(claim, one), "round": 1}
        line = own.get(key)
        if line is None:
            fresh.append(row)
        else:
            _write(line, row)
    for key, line in own.items():
        if key not in named and line.state == LineState.DRAWN:
            line.state = LineState.LEFT_OUT
    session.flush()
    _put(session, fresh)


def _again(line: ClaimLine | None, fresh: list[dict[str, Any]], key: tuple[str, str, str], one: Checked) -> None:
    """A loan that stands in the file twice counts once; the line says so."""
    if line is not None:
        line.reasons = [*line.reasons, *one.reasons]
        return
    for row in fresh:
        if (row["contract_no"], row["note_no"], row["item_no"]) == key:
            row["reasons"] = [*row["reasons"], *one.reasons]


def _asked(claim: Claim, one: Checked) -> dict[str, Any]:
    asked = one.asked
    return {
        "claim_id": claim.id, "contract_no": asked.contract_no, "note_no": asked.note_no, "item_no": asked.item_no,
        "borrower_id": asked.borrower_id, "counted_from": asked.counted_from, "counted_to": asked.counted_to,
        "base": asked.base, "amount": asked.amount, "central": one.central,
        "drawn": one.drawn.amount if one.drawn is not None else None, "granted": ZERO, "outstanding": ZERO,
        "state": LineState.ASKED if one.good else LineState.REFUSED, "reasons": one.reasons, "history": [],
    }  # fmt: skip


def _write(line: ClaimLine, row: dict[str, Any]) -> None:
    for name, value in row.items():
        setattr(line, name, value)


def _hold(session: Session, claim: Claim) -> None:
    """Take the loans; those that another claim has are refused, each with the claim that has it."""
    asked = lines(session, claim.id, LineState.ASKED)
    away = holds.taken(session, claim, asked)
    for line in asked:
        if line.key in away:
            line.state = LineState.REFUSED
            line.reasons = [*line.reasons, remark("taken", away[line.key].text)]
    holds.take(session, claim, [line for line in asked if line.key not in away])


def drop(session: Session, viewer: Viewer, claim_id: int, version: int, why: str) -> Claim:
    """The bank takes its claim back before anything was accepted; the period is free again."""
    claim = seen(session, viewer, claim_id, version, "drop")
    bank_only(viewer, claim.institution_id)
    holds.release(session, lines(session, claim.id, *HELD))
    for line in lines(session, claim.id, LineState.ASKED, LineState.DRAWN):
        line.state = LineState.LEFT_OUT
    session.execute(delete(ClaimSlot).where(ClaimSlot.claim_id == claim.id))
    total(session, claim)
    move_to(session, claim, "drop", State.DROPPED, viewer, reason(why))
    return claim
