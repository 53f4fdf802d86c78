"""Banks with their balance sheets, and who lent how much to whom: what the models of interbank contagion run over.

Amounts are doubles: a clearing solution is a division, not a payment. Claims have a rank: the smaller is paid first;
0 is an ordinary claim, below 0 stands before it, above 0 behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from houfeng.errors import InputError, NotFoundError, Problem, Text, did_you_mean

Doubles = npt.NDArray[np.float64]
Index = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

ORDINARY = 0
"""The rank of an ordinary claim."""


@dataclass(frozen=True)
class System:
    """Banks by number, in the order of `ids`; claims stand ordered by borrower, rank and lender, one row each.

    `external_assets` and `external_debt` are what a bank has with, and owes to, everybody outside the system.
    """

    ids: tuple[str, ...]
    external_assets: Doubles
    external_debt: Doubles
    lender: Index
    borrower: Index
    amount: Doubles
    rank: npt.NDArray[np.int8]

    @classmethod
    def of(
        cls,
        banks: Iterable[tuple[str, float, float]],
        claims: Iterable[tuple[Any, ...]],
    ) -> System:
        """From (bank, external assets, external debt) and (lender, borrower, amount) with an optional rank.

        Raises:
            InputError: a bank twice, a claim on nobody or on oneself, a number that cannot be (`contagion.*`).
        """
        sheets, lent = list(banks), [(*claim, ORDINARY)[:4] for claim in claims]
        ids = tuple(sheet[0] for sheet in sheets)
        place = {name: at for at, name in enumerate(ids)}
        problems = [*_wrong_banks(sheets, place), *_wrong_claims(lent, place)]
        if problems:
            raise InputError(Text("银行或债权无法使用", "banks or claims cannot be used"), problems)
        return cls.from_columns(
            ids,
            np.array([sheet[1] for sheet in sheets], np.float64),
            np.array([sheet[2] for sheet in sheets], np.float64),
            np.array([place[claim[0]] for claim in lent], np.int32),
            np.array([place[claim[1]] for claim in lent], np.int32),
            np.array([claim[2] for claim in lent], np.float64),
            np.array([claim[3] for claim in lent], np.int8),
        )

    @classmethod
    def from_columns(
        cls,
        ids: Sequence[str],
        external_assets: Doubles,
        external_debt: Doubles,
        lender: Index,
        borrower: Index,
        amount: Doubles,
        rank: npt.NDArray[np.int8] | None = None,
    ) -> System:
        """From columns that are known to be right; claims of one lender, borrower and rank are added up."""
        rank = np.zeros(len(lender), np.int8) if rank is None else rank
        order = np.lexsort((lender, rank, borrower))
        lender, borrower, amount, rank = lender[order], borrower[order], amount[order], rank[order]
        fresh = np.ones(len(lender), bool)
        for column in (lender, borrower, rank):
            fresh[1:] &= column[1:] == column[:-1]
        fresh[1:] = ~fresh[1:]
        if not fresh.all():
            amount = np.add.reduceat(amount, np.flatnonzero(fresh))
        return cls(
            tuple(ids), external_assets, external_debt, lender[fresh], borrower[fresh], amount, rank[fresh]
        )  # fmt: skip

    @property
    def size(self) -> int:
        """How many banks."""
        return len(self.ids)

    @cached_property
    def owed_to(self) -> Doubles:
        """What each bank has lent to the others."""
        return np.bincount(self.lender, weights=self.amount, minlength=self.size).astype(np.float64)

    @cached_property
    def owes(self) -> Doubles:
        """What each bank owes to the others."""
        return np.bincount(self.borrower, weights=self.amount, minlength=self.size).astype(np.float64)

    @cached_property
    def equity(self) -> Doubles:
        """Equity at face value, before any loss."""
        return self.external_assets + self.owed_to - self.external_debt - self.owes

    @cached_property
    def matrix(self) -> csr_array:
        """Claims: row lender, column borrower."""
        return csr_array((self.amount, (self.lender, self.borrower)), (self.size, self.size))

    @cached_property
    def _place(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self.ids)}

    def place(self, name: str) -> int:
        """The number of the bank with this id.

        Raises:
            NotFoundError: there is no such bank in the system.
        """
        found = self._place.get(name)
        if found is None:
            near = did_you_mean(name, self.ids)
            raise NotFoundError(
                Text(f"体系中没有 {name}。{near.zh}", f"no bank {name} in the system. {near.en}".rstrip(". ") + ".")
            )
        return found

    def column(self, by_name: Mapping[str, float]) -> Doubles:
        """A column of what is given by name; zero for the others.

        Raises:
            NotFoundError: a name is none of the banks.
        """
        found = np.zeros(self.size)
        for name, value in by_name.items():
            found[self.place(name)] += value
        return found

    def by_name(self, values: Iterable[Any]) -> dict[str, Any]:
        """A column as a dictionary."""
        return dict(zip(self.ids, (value.item() for value in np.asarray(list(values))), strict=True))


def _wrong_banks(sheets: list[tuple[str, float, float]], place: Mapping[str, int]) -> list[Problem]:
    found = []
    for at, (name, assets, debt) in enumerate(sheets):
        if place[name] != at:
            found.append(
                Problem(
                    "contagion.bank_twice",
                    Text(f"银行 {name} 出现两次", f"bank {name} stands twice"),
                    suggestion=Text("每家银行只列一行", "give one row for each bank"),
                )
            )
        if not (np.isfinite(assets) and np.isfinite(debt) and assets >= 0 and debt >= 0):
            found.append(
                Problem(
                    "contagion.sheet_below_zero",
                    Text(
                        f"{name} 的外部资产或负债不是非负数",
                        f"external assets or debt of {name} is no number from 0 up",
                    ),
                    value=f"{assets}, {debt}",
                    suggestion=Text("资产与负债均填正数", "give both as positive numbers"),
                )
            )
    return found


def _wrong_claims(lent: list[tuple[Any, ...]], place: Mapping[str, int]) -> list[Problem]:
    found = []
    for lender, borrower, amount, _ in lent:
        shown = f"{lender} → {borrower}"
        found += [
            Problem(
                "contagion.claim_of_nobody",
                Text(f"债权 {shown} 中的 {name} 不在银行名单里", f"{name} of the claim {shown} is none of the banks"),
                suggestion=did_you_mean(str(name), place),
            )
            for name in (lender, borrower)
            if name not in place
        ]
        if lender == borrower:
            found.append(
                Problem(
                    "contagion.claim_on_itself",
                    Text(f"{lender} 对自己有债权", f"{lender} has a claim on itself"),
                    suggestion=Text("去掉系统内往来", "leave out balances inside one bank"),
                )
            )
        if not (np.isfinite(amount) and amount >= 0):
            found.append(
                Problem(
                    "contagion.claim_below_zero",
                    Text(f"债权 {shown} 的金额不是非负数", f"the amount of the claim {shown} is no number from 0 up"),
                    value=str(amount),
                    suggestion=Text("反向债权另列一行", "give the opposite claim as a row of its own"),
                )
            )
    return found
