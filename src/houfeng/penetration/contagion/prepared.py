"""What falls with a firm: guarantees put into the order the compiled core wants, and asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from houfeng.penetration.contagion.falling import DEBT, FIRM, GIVEN, IN_ORDER, MARK, PRO_RATA, SURETY, spread
from houfeng.penetration.contagion.guarantees import Guarantees, Terms
from houfeng.penetration.contagion.system import Doubles, Flags, Index

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Fall:
    """What falls with the first ones. `fallen` are firms in the order they fell, the first ones before all others.

    By firm: `burden` is what each was called for. By surety: `called` what it was called for, `paid` what it pays of
    that. By debt: `lost` what its lender loses in the end. `held` are firms kept from falling.
    """

    guarantees: Guarantees
    terms: Terms
    first: int
    fallen: Index
    burden: Doubles
    called: Doubles
    paid: Doubles
    lost: Doubles
    held: tuple[int, ...]

    @cached_property
    def down(self) -> Flags:
        """Which firms fell."""
        found = np.zeros(self.guarantees.size, bool)
        found[self.fallen] = True
        return found

    @property
    def loss(self) -> float:
        """What all lenders lose."""
        return float(self.lost.sum())

    @property
    def by_bank(self) -> Doubles:
        """What each lender loses."""
        graph = self.guarantees
        return np.bincount(graph.bank, weights=self.lost, minlength=len(graph.banks)).astype(np.float64)

    @property
    def exposed(self) -> Doubles:
        """What each lender has lent to those that fell."""
        graph = self.guarantees
        balance = np.where(self.down[graph.borrower], graph.balance, 0.0)
        return np.bincount(graph.bank, weights=balance, minlength=len(graph.banks)).astype(np.float64)


class Prepared:
    """Guarantees under terms, ready to be asked often. Keeps its workspace: not for several threads."""

    def __init__(self, guarantees: Guarantees, terms: Terms | None = None) -> None:
        """Puts the rows into the records of the compiled core (see `houfeng.penetration.contagion.falling`)."""
        self.guarantees = graph = guarantees
        self.terms = terms = terms or Terms()
        self.lgd = np.broadcast_to(np.asarray(terms.lgd, np.float64), graph.balance.shape)
        guaranteed = np.zeros(len(graph.balance), bool)
        guaranteed[graph.debt] = True
        self.debts = np.flatnonzero(guaranteed)[np.argsort(graph.borrower[guaranteed], kind="stable")]
        number = np.full(len(graph.balance), -1, np.int32)
        number[self.debts] = np.arange(len(self.debts))
        self.sureties = np.argsort(number[graph.debt], kind="stable")
        self.plain = np.where(guaranteed, 0.0, graph.balance * self.lgd)
        guarantor = graph.guarantor[self.sureties]
        self._firms = self._firm_records(guarantor)
        debt_of = number[graph.debt[self.sureties]]
        self._debts = self._debt_records(debt_of)
        self._sureties = np.zeros(len(guarantor), SURETY)
        self._sureties["guarantor"], self._sureties["amount"] = guarantor, graph.amount[self.sureties]
        by_guarantor = np.argsort(guarantor, kind="stable")
        self._given = np.zeros(len(guarantor), GIVEN)
        self._given["debt"] = debt_of[by_guarantor]
        self._given["borrower"] = self._debts["borrower"][self._given["debt"]]
        self.rules = (PRO_RATA if terms.order == "pro_rata" else IN_ORDER, terms.step_in, float(terms.fallen_pays))
        self._held = np.zeros(0, np.int64)
        group = self._firms["group"][:-1]
        self._members = np.argsort(group, kind="stable").astype(np.int32)[int((group < 0).sum()) :]
        self._group_start = starts(group[group >= 0], int(group.max(initial=-1)) + 1)
        self._marks = self.marks()
        self._turn = 0
        self._queue = np.empty(graph.size, np.int32)

    def _firm_records(self, guarantor: Index) -> npt.NDArray[Any]:
        graph = self.guarantees
        found = np.zeros(graph.size + 1, FIRM)
        found["debts"] = starts(graph.borrower[self.debts], graph.size)
        found["given"] = starts(guarantor, graph.size)
        found["plain"][:-1] = np.bincount(graph.borrower, weights=self.plain, minlength=graph.size)
        found["group"] = -1
        if self.terms.cross_default:
            found["group"][:-1] = graph.group
        return found

    def _debt_records(self, debt_of: Index) -> npt.NDArray[Any]:
        graph, count = self.guarantees, len(self.debts)
        balance, lgd = graph.balance[self.debts], self.lgd[self.debts]
        found = np.zeros(count + 1, DEBT)
        found["sureties"] = starts(debt_of, count)
        found["borrower"][:-1], found["bank"][:-1] = graph.borrower[self.debts], graph.bank[self.debts]
        found["whole"] = self.terms.call == "whole"
        found["call"][:-1] = balance if self.terms.call == "whole" else balance * lgd
        found["lgd"][:-1], found["lost"][:-1] = lgd, balance * lgd
        found["guaranteed"][:-1] = np.bincount(debt_of, weights=graph.amount[self.sureties], minlength=count)
        return found

    @cached_property
    def capacity(self) -> Doubles:
        """What each firm can be called for without falling; a little more, for rounding."""
        own = self.guarantees.net_assets
        known = np.maximum(own, 0.0) * self.terms.bears * (1 + 1e-12) + 1e-9
        unknown = np.inf if self.terms.unknown == "stands" else 0.0
        return np.where(np.isnan(own), unknown, known)

    def marks(self) -> npt.NDArray[Any]:
        """Fresh marks of firms; those held bear everything."""
        found = np.zeros(self.guarantees.size, MARK)
        found["bears"] = self.capacity
        found["bears"][self._held] = np.inf
        return found

    def columns(self, apart: bool = False) -> tuple[npt.NDArray[Any], ...]:
        """The graph as the compiled core takes it; `apart` with what it changes of its own, for another thread."""
        debts, sureties = self._debts, self._sureties
        if apart:
            debts, sureties = debts.copy(), sureties.copy()
            debts["at"] = sureties["at"] = 0
        return self._firms, debts, sureties, self._given, self._members, self._group_start

    def hold(self, held: Sequence[int]) -> None:
        """From now on firms numbered `held` never fall, and all others may."""
        kept = np.array(held, np.int64)
        self._marks["bears"][self._held] = self.capacity[self._held]
        self._marks["bears"][kept] = np.inf
        self._firms["held"][self._held] = 0
        self._firms["held"][kept] = 1
        self._held = kept

    def weigh(self, first: Index, held: Sequence[int] = ()) -> tuple[float, float]:
        """What the lenders lose, and what it costs to hold some firms up: the part of calls that they cannot bear."""
        _, loss = self._spread(first, held)
        return loss, float(np.maximum(0.0, self.burden(held) - self.capacity[list(held)]).sum())

    def burden(self, firms: Sequence[int]) -> Doubles:
        """What the firms numbered so were called for in the last question (of those that fell, until they did)."""
        marks = self._marks[list(firms)]
        return np.where(marks["burdened"] == self._turn, marks["burden"], 0.0)

    def fall(self, first: Iterable[int], held: Sequence[int] = ()) -> Fall:
        """What falls with the firms numbered `first`; those numbered `held` are kept from falling."""
        begun = np.unique(np.array(list(first), np.int32))
        count, _ = self._spread(begun, held)
        return self._told(self._queue[:count].copy(), len(begun), tuple(held))

    def _spread(self, first: Index, held: Sequence[int]) -> tuple[int, float]:
        self.hold(held)
        self._turn += 1
        self._marks["down"][first] = self._turn
        self._queue[: len(first)] = first
        unread = np.zeros(len(self.guarantees.banks))
        count, loss = spread(self.columns(), self.rules, self._marks, self._turn, self._queue, len(first), unread)
        return int(count), float(loss)

    def _told(self, fallen: Index, first: int, kept: tuple[int, ...]) -> Fall:
        graph = self.guarantees
        calls = np.zeros(len(graph.debt))
        calls[self.sureties] = np.where(self._sureties["at"] == self._turn, self._sureties["due"], 0.0)
        down = self._marks["down"] == self._turn
        paid = calls * np.where(down[graph.guarantor], self.terms.fallen_pays, 1.0)
        got = np.bincount(graph.debt, weights=paid, minlength=len(graph.balance))
        spared = self.lgd if self.terms.call == "whole" else 1.0
        lost = np.where(down[graph.borrower], graph.balance * self.lgd - spared * got, 0.0)
        burden = np.bincount(graph.guarantor, weights=calls, minlength=graph.size).astype(np.float64)
        return Fall(graph, self.terms, first, fallen, burden, calls, paid, lost, kept)


def starts(ends: npt.NDArray[Any], size: int) -> Ints:
    """Where the rows of each end begin, rows standing by end."""
    found = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(ends, minlength=size), out=found[1:])
    return found
