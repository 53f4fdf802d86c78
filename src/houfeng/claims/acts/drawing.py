"""From packs and the book to this room: which tools there are on a day, which banks, and what the book gives a bank.

The amounts are those of `houfeng.instruments.claims`; this room adds what it alone knows: which loans other live claims
have taken already.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy.orm import Session

from houfeng.book.connection import quoted
from houfeng.book.snapshot import Snapshot
from houfeng.claims import holds
from houfeng.claims.tables import ClaimLine
from houfeng.claims.tools import COMES_BACK, Bank, Tool
from houfeng.errors import NotFoundError, Text, did_you_mean
from houfeng.instruments.claims import Draft, ItemKey, Taken, draw
from houfeng.instruments.definitions import lending_terms
from houfeng.instruments.eligibility import judge_sql
from houfeng.packs.model import Pack

PACKS = ("relending-tools", "interest-subsidies")
"""The packs whose instruments are claimed, where no other was activated."""

DRAWN = COMES_BACK | {"subsidy"}
"""Kinds that are claimed loan by loan; incentives and risk sharing are settled otherwise."""


class Rows(Protocol):
    """Asks the book."""

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows of `sql`."""


def tools_of(pack: Pack, day: date, known: date) -> list[Tool]:
    """The instruments of a pack that are claimed loan by loan, as they stand on `day`."""
    return [_tool(pack, name, day, known) for name, one in pack.instruments.items() if one.kind in DRAWN]


def _tool(pack: Pack, name: str, day: date, known: date) -> Tool:
    one = pack.instruments[name]
    terms = lending_terms(pack, one, day, known)
    pool = pack.pools[terms.pool].label if terms is not None and terms.pool else Text("", "")
    return Tool(
        name=name,
        label=one.label,
        kind=one.kind,
        pack=pack.name,
        digest=pack.digest,
        open=one.state == "open" and one.base is not None,
        exclusive=one.exclusive,
        pool=terms.pool if terms is not None else "",
        pool_label=pool,
        quota=terms.quota if terms is not None else None,
        rate=terms.rate if terms is not None else None,
        term_months=(terms.term_months or 12) if terms is not None else 0,
        extensions=(terms.extensions or 0) if terms is not None else 0,
        cadence=terms.cadence if terms is not None else "",
        documents=one.documents,
    )


def tool_of(packs: Iterable[Pack], name: str, day: date, known: date) -> tuple[Pack, Tool]:
    """The tool of that name and its pack.

    Raises:
        NotFoundError: no pack has it.
    """
    found = list(packs)
    for pack in found:
        if name in pack.instruments and pack.instruments[name].kind in DRAWN:
            return pack, _tool(pack, name, day, known)
    near = did_you_mean(name, (one for pack in found for one in pack.instruments))
    raise NotFoundError(Text(f"没有工具 {name}。{near.zh}", f"there is no tool {name}. {near.en}"))


def bank_of(book: Rows, institution_id: str) -> Bank:
    """The bank as the book tells it.

    Raises:
        NotFoundError: the book has none of that code.
    """
    rows = book.rows(f"SELECT name, region FROM institution WHERE institution_id = '{quoted(institution_id)}'")
    if not rows:
        raise NotFoundError(Text(f"没有机构 {institution_id}", f"there is no institution {institution_id}"))
    return Bank(institution_id, rows[0]["name"] or institution_id, rows[0]["region"] or "")


def draw_for(
    session: Session,
    snapshot: Snapshot,
    pack: Pack,
    tool: Tool,
    bank: Bank,
    first: date,
    last: date,
    *,
    asked: Collection[tuple[str, str, str]] | None = None,
    claim_id: int | None = None,
) -> Draft:
    """What the book gives a bank, less what its other live claims have; of `asked` loans the reasons are all told."""
    away = [
        Taken(bank.id, key[0], key[1], other)
        for key, other, *_ in holds.loans_taken(session, bank.id, tool.group, claim_id)
        if tool.comes_back or other != tool.name
    ]
    wanted = None if asked is None else [ItemKey(bank.id, *key) for key in asked]
    return draw(snapshot, pack, tool.name, bank.id, first, last, taken=away, asked=wanted)


BALANCES = """
SELECT contract_no, note_no, sum(coalesce(balance_cny, balance)) AS owed
FROM ({balances}) WHERE institution_id = '{bank}' GROUP BY 1, 2
"""


def retest(
    snapshot: Snapshot, book: Rows, pack: Pack, instrument: str, bank: str, lines: Sequence[ClaimLine], day: date,
    known: datetime,
) -> Mapping[int, Text]:  # fmt: skip
    """The lines that do not stand the re-test on `day`, each with why: repaid, or no longer as the rules ask."""
    balances = BALANCES.format(balances=snapshot.select("loan_balance", as_of=day), bank=quoted(bank))
    owed = {(row["contract_no"], row["note_no"]): row["owed"] or Decimal(0) for row in book.rows(balances)}
    judged = judge_sql(
        snapshot, pack, [instrument], day, known,
        fields=["institution_id", "contract_no", "note_no"], where=f"institution_id = '{quoted(bank)}'",
    )  # fmt: skip
    stands = {(row["contract_no"], row["note_no"]): row[instrument] for row in book.rows(judged.sql)}
    failing = {}
    for line in lines:
        key = (line.contract_no, line.note_no)
        if owed.get(key, Decimal(0)) <= 0:
            failing[line.id] = Text("贷款已结清，不再有余额", "the loan is repaid; nothing is outstanding")
        elif stands.get(key) is False:
            failing[line.id] = Text("复核时不再符合条件", "no longer eligible at the re-test")
        elif key not in stands:
            failing[line.id] = Text("账簿中已没有这笔贷款", "the book has this loan no more")
    return failing
