"""The consent of creditors to an exit: who is counted, by amount and by head, and what is still wanting.

Counted are the creditors of operating financial debt, by the balances of the ledger. Whether two thirds are meant by
amount or by head, whether exactly two thirds do, and whether silence counts, are parameters of the pack.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from houfeng.platforms.ledger import NONE, Debt, Platform
from houfeng.platforms.terms import Terms


@dataclass(frozen=True, slots=True)
class Creditor:
    """One creditor of operating financial debt: what it is owed by the ledger, and what it says.

    `vote` is consent, object or pending; `told` the balance it names itself, where it names one; `basis` is where the
    answer comes from: vote, ledger, or nothing.
    """

    creditor_id: str
    name: str
    balance: Decimal
    debts: int
    vote: str
    basis: str
    told: Decimal | None = None
    voted_on: date | None = None
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Consent:
    """The count of a vote by amount and by head, each as (consenting, counted), and whether it suffices.

    `reached` is None where no creditor counts. `missing` is what amount and how many heads more would do.
    """

    creditors: tuple[Creditor, ...]
    amount: tuple[Decimal, Decimal]
    heads: tuple[int, int]
    reached: bool | None
    missing: tuple[Decimal, int]
    enough: tuple[str, ...]

    @property
    def by_amount(self) -> Decimal | None:
        """The consenting part of the amount."""
        return self.amount[0] / self.amount[1] if self.amount[1] else None

    @property
    def by_head(self) -> Decimal | None:
        """The consenting part of the heads."""
        return Decimal(self.heads[0]) / self.heads[1] if self.heads[1] else None


def creditors(platform: Platform) -> tuple[Creditor, ...]:
    """The creditors of operating financial debt (what is not hidden), the largest first, each with its answer.

    A vote counts before the mark in the ledger; a creditor all of whose debts are marked as consented consents.
    """
    votes = {str(row["creditor_id"]): row for row in platform.votes}
    held: dict[str, list[Debt]] = {}
    for debt in platform.debts:
        if not debt.hidden:
            held.setdefault(debt.holder, []).append(debt)
    found = []
    for holder, debts in held.items():
        row = votes.get(holder)
        marked = all(debt.consented for debt in debts)
        found.append(
            Creditor(
                creditor_id=holder,
                name=str((row or {}).get("creditor_name") or debts[0].creditor or holder),
                balance=sum((debt.balance for debt in debts), NONE),
                debts=len(debts),
                vote=row["vote"] if row is not None else "consent" if marked else "pending",
                basis="vote" if row is not None else "ledger" if marked else "",
                told=row["balance"] if row is not None else None,
                voted_on=row["voted_on"] if row is not None else None,
                evidence=str((row or {}).get("evidence") or ""),
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.balance, one.creditor_id)))


def consent(platform: Platform, terms: Terms) -> Consent:
    """The count of the creditors' answers by the terms: exact, without rounding."""
    every = creditors(platform)
    counted = every if terms.value("silence_counts") is not False else tuple(c for c in every if c.vote != "pending")
    yes = [one for one in counted if one.vote == "consent"]
    amount = sum((one.balance for one in yes), NONE), sum((one.balance for one in counted), NONE)
    heads = len(yes), len(counted)
    line, closed = share_of(terms), terms.value("consent_closed") is not False
    basis = terms.value("consent_basis")
    if line is None or not counted:
        return Consent(every, amount, heads, None, (NONE, 0), ())
    by_amount, by_head = _passes(amount, line, closed), _passes(heads, line, closed)
    reached = {"amount": by_amount, "head": by_head}.get(str(basis), by_amount and by_head)
    lacking = (
        NONE if by_amount else _lacking(amount, line, closed),
        0 if by_head else int(_lacking((Decimal(heads[0]), Decimal(heads[1])), line, closed, Decimal(1))),
    )
    enough = () if reached else _enough(every, amount, heads, line, closed, str(basis))
    return Consent(every, amount, heads, reached, lacking, enough)


def share_of(terms: Terms) -> Fraction | None:
    """The share that must consent, exactly."""
    parts, of = terms.value("consent_parts"), terms.value("consent_of")
    return None if not parts or not of else Fraction(int(parts), int(of))


def _passes(pair: tuple[Decimal | int, Decimal | int], line: Fraction, closed: bool) -> bool:
    part, wanted = pair[0] * line.denominator, line.numerator * pair[1]
    return part >= wanted if closed else part > wanted


def _lacking(pair: tuple[Decimal, Decimal], line: Fraction, closed: bool, unit: Decimal = Decimal("0.01")) -> Decimal:
    """The least that must be added to the consenting part, in whole units."""
    units = (line * Fraction(pair[1]) - Fraction(pair[0])) / Fraction(unit)
    whole = -(-units.numerator // units.denominator)
    if not closed and units.denominator == 1:
        whole += 1
    return whole * unit


def _enough(
    every: Sequence[Creditor],
    amount: tuple[Decimal, Decimal],
    heads: tuple[int, int],
    line: Fraction,
    closed: bool,
    basis: str,
) -> tuple[str, ...]:
    """The fewest creditors without an answer whose consent would do: the largest first; none where all would not do."""
    chosen: list[str] = []
    pending = [one for one in every if one.vote == "pending"]
    outside = amount[1] != sum((one.balance for one in every), NONE)  # they come into the denominator with their answer
    part, whole, yes, of = amount[0], amount[1], heads[0], heads[1]
    for one in pending:
        chosen.append(one.creditor_id)
        part, yes = part + one.balance, yes + 1
        whole, of = (whole + one.balance, of + 1) if outside else (whole, of)
        by_amount, by_head = _passes((part, whole), line, closed), _passes((yes, of), line, closed)
        if {"amount": by_amount, "head": by_head}.get(basis, by_amount and by_head):
            return tuple(chosen)
    return ()
