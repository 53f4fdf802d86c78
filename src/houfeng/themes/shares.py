"""A month's notes taken in shares of whole banks, so that joining millions of them stays within a small memory.

A note's contract and its credit line are the same bank's. So where every bank has reported for itself, the notes of a
few banks at a time meet all the rows they ever could, and the shares together are the month, each note once. One join
of ten million notes with ten million contracts would spill to the disk over and over; twenty small ones do not.
"""

from __future__ import annotations

from datetime import date

from houfeng.book.model import kinds
from houfeng.book.snapshot import Snapshot
from houfeng.packs.roads.sql import literal, name

LOANS = "loan_balance"
SHARE = 500_000
"""Notes of a share, or those of one bank where it alone has more."""


def shares(snapshot: Snapshot, as_of: date) -> tuple[str, ...]:
    """SQL conditions on the balances of the period `as_of`, each a share; one that is empty where all are one share."""
    entries = [entry for entry in snapshot.submissions(LOANS) if entry.period == as_of and entry.rows]
    runs: list[list[str]] = []
    room = 0
    for entry in sorted(entries, key=lambda entry: entry.reporter):
        if not runs or entry.rows > room:
            runs.append([])
            room = SHARE
        runs[-1].append(entry.reporter)
        room -= entry.rows
    if len(runs) < 2 or not all(entry.own for entry in entries):
        return ("",)
    bank = name(str(kinds()[LOANS].reporter_field))
    # a range of one column, which DuckDB carries over to what is joined on it: only those banks' files are read
    return tuple(f"{bank} BETWEEN {literal(run[0])} AND {literal(run[-1])}" for run in runs)


def in_shares(sql: str, conditions: tuple[str, ...]) -> list[str]:
    """`sql`, whose rows are notes, once for each share."""
    return [f"SELECT * FROM ({sql}) WHERE {condition}" if condition else sql for condition in conditions]
