"""Claims: what an institution may ask for under an instrument for a period, note by note, each with its reasons.

A draft is drawn from the book as known at a moment. The same snapshot, pack and period give the same draft for ever, so
last month's claim can be made again today and compared, line by line, with what was handed in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from houfeng.book.snapshot import Snapshot
from houfeng.engine.duckdb import Engine
from houfeng.errors import Text
from houfeng.instruments.definitions import find_instrument
from houfeng.instruments.drawing.drawn import Refusals, check_period, drawn_tables
from houfeng.instruments.drawing.listing import Taken
from houfeng.instruments.eligibility import Reason, State, reasons
from houfeng.packs.grants import Instrument
from houfeng.packs.model import Pack
from houfeng.packs.roads.compile import Views

__all__ = ["ClaimLine", "Draft", "ItemKey", "Refusals", "Taken", "draw", "draw_from"]


class ItemKey(NamedTuple):
    """What names a line of a claim; `item_no` is empty where the note itself is claimed."""

    institution_id: str
    contract_no: str
    note_no: str
    item_no: str = ""


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """One line. `counted_from` to `counted_to` (exclusive) are the days of the period that count.

    `base` is the principal counted, after ceilings; `uncapped` what the amount would be without ceilings on money;
    `central` the centre's part, the province's being the rest. A refused line has the amount 0, and reasons why.
    """

    instrument: str
    institution_id: str
    contract_no: str
    note_no: str
    item_no: str
    borrower_id: str
    counted_from: date
    counted_to: date
    base: Decimal
    amount: Decimal
    central: Decimal
    reasons: tuple[Reason, ...]
    disbursed_on: date | None = None
    asked_base: Decimal = Decimal(0)
    uncapped: Decimal = Decimal(0)

    @property
    def key(self) -> ItemKey:
        """What names the line."""
        return ItemKey(self.institution_id, self.contract_no, self.note_no, self.item_no)

    @property
    def provincial(self) -> Decimal:
        """What the province pays: the total less the rounded central part."""
        return self.amount - self.central


@dataclass(frozen=True)
class Draft:
    """A claim as drawn: `period` is its first and last day, both counting; the lines stand in order of disbursement."""

    instrument: str
    institution_id: str
    period: tuple[date, date]
    as_of: date
    known_at: datetime
    pack_digest: str
    lines: tuple[ClaimLine, ...]
    refused: tuple[ClaimLine, ...]

    @property
    def amount(self) -> Decimal:
        """The sum of the lines."""
        return sum((line.amount for line in self.lines), Decimal("0.00"))

    @property
    def central(self) -> Decimal:
        """The centre's part of it."""
        return sum((line.central for line in self.lines), Decimal("0.00"))

    @property
    def digest(self) -> str:
        """A fingerprint of the claim: two drafts with the same one ask for the same money for the same notes."""
        told = hashlib.sha256()
        for line in self.lines:
            cells = (
                *line.key,
                line.borrower_id,
                line.counted_from,
                line.counted_to,
                line.base,
                line.amount,
                line.central,
            )
            told.update(("\x1f".join(map(str, cells)) + "\x1e").encode())
        return told.hexdigest()


def draw(
    snapshot: Snapshot,
    pack: Pack,
    instrument: str,
    institution_id: str,
    first: date,
    last: date,
    *,
    known_at: datetime | None = None,
    taken: Iterable[Taken] = (),
    asked: Collection[ItemKey] | None = None,
    refusals: Refusals = "near",
    engine: Engine | None = None,
) -> Draft:
    """Draw the claim of an institution for the days `first` to `last` from the book.

    `known_at` is when the policy is known as of (default: the snapshot's moment); `taken` are the notes claimed before,
    under this instrument or others; `asked` are the lines a bank asks for: the refused are then those of them that
    get nothing. Without it `refusals` says which notes are told as refused: those that are `near` (one condition
    short, a fact missing, claimed elsewhere), `all` of the institution's, or `none`.

    Raises:
        UsageError: there is no such instrument, it is not claimed loan by loan, or the period is turned.
        EnvironmentFault: memory or disk does not suffice.
    """
    known_at = known_at or snapshot.known_at
    if engine is not None:
        return draw_from(snapshot, pack, instrument, institution_id, first, last, known_at, engine=engine,
                         taken=taken, asked=asked, refusals=refusals)  # fmt: skip
    with Engine() as own:
        return draw_from(snapshot, pack, instrument, institution_id, first, last, known_at, engine=own,
                         taken=taken, asked=asked, refusals=refusals)  # fmt: skip


def draw_from(
    views: Views,
    pack: Pack,
    instrument: str,
    institution_id: str,
    first: date,
    last: date,
    known_at: datetime,
    *,
    engine: Engine,
    taken: Iterable[Taken] = (),
    asked: Collection[ItemKey] | None = None,
    refusals: Refusals = "near",
) -> Draft:
    """As `draw`, from any views: a snapshot of a book, or the few rows of a ledger worked by hand."""
    check_period(first, last)
    found = find_instrument(pack, instrument)
    with drawn_tables(
        engine.connection, views, pack, found, first, last, known_at.date(),
        institution_id=institution_id, taken=taken, asked=asked, refusals=refusals,
    ) as tables:  # fmt: skip
        why = tuple(reasons(pack, instrument, 0, 0, met=True))
        lines = [_line(found, row, why) for row in tables.lines(institution_id)]
        refused = [_refused(pack, found, row, first) for row in tables.refused(institution_id)]
    return Draft(
        instrument, institution_id, (first, last), last, known_at, pack.digest, tuple(lines), tuple(refused)
    )  # fmt: skip


def _line(instrument: Instrument, row: Sequence[Any], why: tuple[Reason, ...]) -> ClaimLine:
    *key, borrower, disbursed, since, until, base, asked, amount, uncapped, central = row
    if base != asked or amount != uncapped:
        why = (*why, _said("cap", CAPPED, instrument))
    told = ItemKey(*key)
    return ClaimLine(
        instrument.name, *told, borrower, since, until, base, amount, central, why, disbursed, asked, uncapped
    )


def _refused(pack: Pack, instrument: Instrument, row: Sequence[Any], first: date) -> ClaimLine:
    *key, borrower, disbursed, base, failed, unknown, ahead, held = row
    why = list(reasons(pack, instrument.name, failed or 0, unknown or 0))
    if held is not None:
        why.append(_said("taken", _naming(TAKEN, pack, held), instrument))
    elif ahead is not None and not failed:
        why.append(_said("order", _naming(ORDERED, pack, ahead), instrument))
    if not why:
        why.append(_said("period", NOT_NOW, instrument))
    zero, told = Decimal("0.00"), ItemKey(*key)
    base = zero if base is None else base
    return ClaimLine(
        instrument.name, *told, borrower, first, first, base, zero, zero, tuple(why), disbursed, base, zero
    )


CAPPED = Text("达到上限，超出部分不计", "the ceiling is reached; what is above it does not count")
TAKEN = Text("该笔贷款已在“{}”项下申领", "the note has been claimed under {}")
ORDERED = Text("按既定次序，该笔贷款归“{}”", "by the stated order the note goes to {}")
NOT_NOW = Text("符合条件，但期间内没有应计的日子", "eligible, but no day of it counts in the period")


def _naming(text: Text, pack: Pack, name: str) -> Text:
    label = pack.instruments[name].label if name in pack.instruments else Text(name, name)
    return Text(text.zh.format(label.zh), text.en.format(label.en))


def _said(condition: str, label: Text, instrument: Instrument) -> Reason:
    """A reason that is no condition of the pack: a ceiling, an order, a claim made before."""
    state = State.MET if condition == "cap" else State.FAILED
    return Reason(condition, state, label, instrument.document, Text("", ""), Text("", ""), instrument.where)
