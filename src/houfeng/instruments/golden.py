"""Ledgers worked by hand, run: the claims of a pack's `golden` section drawn from the facts they give.

`houfeng pack test` calls this. A ledger draws its claims in the order written; what one claim gets is taken for those
after it, as it would be in an office.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from decimal import Decimal
from typing import Any

import duckdb

from houfeng.book.connection import connect
from houfeng.engine.duckdb import Engine
from houfeng.errors import HoufengError, Problem, Text
from houfeng.instruments.claims import ClaimLine, Draft, ItemKey, Taken, draw_from
from houfeng.packs.cases import RowViews
from houfeng.packs.grants import Golden, GoldenClaim, GoldenLine
from houfeng.packs.model import Pack
from houfeng.packs.roads.world import build_rows


def run_golden(pack: Pack) -> list[tuple[Golden, tuple[Problem, ...]]]:
    """Run every ledger of the pack; each with what differs, nothing where all agrees to the fen."""
    connection = connect(memory="256MB", threads=1)
    return [(ledger, tuple(_run(pack, ledger, connection))) for ledger in pack.golden]


def _run(pack: Pack, ledger: Golden, connection: duckdb.DuckDBPyConnection) -> list[Problem]:
    try:
        read = pack.with_readings(ledger.readings)
        rows = _rows(ledger)
        views = RowViews(connection, rows)
        problems: list[Problem] = []
        taken: list[Taken] = []
        for claim in ledger.claims:
            draft = draw_claim(views, read, ledger, claim, connection, taken)
            problems += _compare(ledger, claim, draft)
            taken += [Taken(*line.key[:3], line.instrument, line.item_no) for line in draft.lines]
        return problems
    except HoufengError as error:
        return [Problem("pack.golden", error.message, ledger.where)]


def draw_claim(
    views: RowViews,
    pack: Pack,
    ledger: Golden,
    claim: GoldenClaim,
    connection: duckdb.DuckDBPyConnection,
    taken: Sequence[Taken],
) -> Draft:
    """The claim as the book would give it, with everything refused told."""
    moment = datetime.combine(ledger.known_at, time(12))
    return draw_from(
        views, pack, claim.instrument, claim.institution, claim.first, claim.last, moment,
        engine=Engine.over(connection), taken=taken, refusals="all",
    )  # fmt: skip


def _rows(ledger: Golden) -> Mapping[str, list[dict[str, Any]]]:
    """The facts given; notes and purchases of one key are told apart by their own keys, as in a case."""
    _, rows = build_rows(ledger.given, ledger.as_of)
    return rows


def _compare(ledger: Golden, claim: GoldenClaim, draft: Draft) -> list[Problem]:
    problems = []
    lines = {line.key: line for line in draft.lines}
    refused = {line.key: line for line in draft.refused}
    expected = set()
    for wanted in claim.expect:
        key = _key(wanted, claim, [*lines, *refused])
        expected.add(key)
        problems += _line(ledger, claim, wanted, lines.get(key), refused.get(key))
    for key, line in lines.items():
        if key not in expected:
            problems.append(_differs(ledger, claim, key, "无此行", "no line", f"{line.amount}"))
    return problems


def _key(wanted: GoldenLine, claim: GoldenClaim, known: Sequence[ItemKey]) -> ItemKey:
    """The line meant: `note_no` may be left out where the contract has one note."""
    if not wanted.note_no:
        found = [k for k in known if k.contract_no == wanted.contract_no and k.item_no == wanted.item_no]
        if len(found) == 1:
            return found[0]
    return ItemKey(claim.institution, wanted.contract_no, wanted.note_no, wanted.item_no)


def _line(
    ledger: Golden, claim: GoldenClaim, wanted: GoldenLine, line: ClaimLine | None, refused: ClaimLine | None
) -> list[Problem]:
    key = ItemKey(claim.institution, wanted.contract_no, wanted.note_no, wanted.item_no)
    if wanted.refused:
        why = [reason.condition for reason in refused.reasons] if refused is not None else []
        if wanted.refused in why:
            return []
        found = f"{line.amount}" if line is not None else ", ".join(why) or "-"
        return [_differs(ledger, claim, key, f"因 {wanted.refused} 不予", f"refused for {wanted.refused}", found)]
    if line is None:
        why = [reason.condition for reason in refused.reasons] if refused is not None else []
        return [_differs(ledger, claim, key, f"{wanted.amount}", f"{wanted.amount}", ", ".join(why) or "-")]
    told: list[tuple[Decimal | None, Decimal]] = [(wanted.amount, line.amount), (wanted.central, line.central)]
    return [
        _differs(ledger, claim, key, f"{expected}", f"{expected}", f"{found}")
        for expected, found in told
        if expected is not None and expected != found
    ]


def _differs(ledger: Golden, claim: GoldenClaim, key: ItemKey, zh: str, en: str, found: str) -> Problem:
    place = " ".join(part for part in key[1:] if part)
    days = f"{claim.first} – {claim.last}"
    return Problem(
        "pack.golden",
        Text(
            f"账“{ledger.name}”{claim.instrument} {days} {place}：应为 {zh}，得到 {found}",
            f"ledger “{ledger.name}”, {claim.instrument} {days}, {place}: should be {en}, is {found}",
        ),
        ledger.where,
    )
