"""Contagion through guarantees: a borrower falls, its guarantors are called, and fall where they cannot bear it.

A firm falls when the calls on it exceed its net assets (a call of exactly that is borne), or when it is one of the
first. Who falls does not depend on the order in which things happen: it is the least set of firms that nobody can be
added to, because what a standing guarantor is called for never shrinks when others fall. Amounts are doubles (yuan):
parts of calls are divisions, not payments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from houfeng.errors import InputError, NotFoundError, Problem, Text
from houfeng.penetration.contagion.system import Doubles, Index


@dataclass(frozen=True)
class Terms:
    """What is assumed. All are arguments: none of it stands in the record kinds.

    `lgd`: part of a debt that the borrower itself does not pay in the end (a number, or a column by debt).
    `call`: guarantors are called for the `whole` debt at once (连带责任), or for the `shortfall` after the borrower has
    paid what it can (一般保证). `order`: several guarantors of one debt pay `pro_rata` of their amounts, or `in_order`.
    `step_in`: what a fallen guarantor cannot pay falls to the others of the debt. `fallen_pays`: the part of its calls
    that a fallen guarantor pays. `bears`: the part of its net assets a guarantor can lose. `unknown`: what becomes of
    a guarantor whose net assets are not known. `cross_default`: a group falls with its first member.
    """

    lgd: float | Doubles = 0.45
    call: Literal["whole", "shortfall"] = "whole"
    order: Literal["pro_rata", "in_order"] = "pro_rata"
    step_in: bool = True
    fallen_pays: float = 0.0
    bears: float = 1.0
    unknown: Literal["stands", "falls"] = "stands"
    cross_default: bool = False

    def __post_init__(self) -> None:
        """Refuse parts that are none.

        Raises:
            InputError: told all at once (`contagion.term_no_part`).
        """
        parts = {"lgd": np.asarray(self.lgd), "fallen_pays": np.asarray(self.fallen_pays)}
        wrong = [name for name, part in parts.items() if not ((part >= 0) & (part <= 1)).all()]
        wrong += [] if self.bears >= 0 else ["bears"]
        problems = [
            Problem(
                "contagion.term_no_part",
                Text(f"{name} 应在 0 与 1 之间", f"{name} lies between 0 and 1"),
                value=str(getattr(self, name)),
                suggestion=Text("60% 填 0.6", "for 60 % give 0.6"),
            )
            for name in wrong
        ]
        if problems:
            raise InputError(Text("担保传染的假设无法使用", "the terms of contagion cannot be used"), problems)

    @property
    def text(self) -> Text:
        """In words, for the head of a table."""
        lgd = f"{self.lgd:.0%}" if isinstance(self.lgd, float | int) else "…"
        zh = [f"违约损失率 {lgd}", "连带责任" if self.call == "whole" else "一般保证（先向借款人追偿）"]
        en = [
            f"loss given default {lgd}",
            "called for the whole" if self.call == "whole" else "called for the shortfall",
        ]
        zh += ["按份额分担" if self.order == "pro_rata" else "按顺序承担", "互相补足" if self.step_in else "不互相补足"]
        en += ["pro rata" if self.order == "pro_rata" else "in order", "" if self.step_in else "not "]
        en[-1] += "stepping in for each other"
        zh += ["同集团交叉违约"] if self.cross_default else []
        en += ["groups default together"] if self.cross_default else []
        return Text("，".join(zh), ", ".join(en))


@dataclass(frozen=True)
class Guarantees:
    """Firms, their debts to banks, and who stands surety for which. `net_assets` is not a number where unknown.

    A row of `borrower`, `bank`, `balance` is a debt; a row of `debt`, `guarantor`, `amount`, `order` a surety of a
    debt (the smaller order pays first). `group` is a number of the firm's group, -1 where it has none. Sureties stand
    by debt and order.
    """

    firms: pa.Array
    banks: tuple[str, ...]
    net_assets: Doubles
    borrower: Index
    bank: Index
    balance: Doubles
    debt: Index
    guarantor: Index
    amount: Doubles
    order: Index
    group: Index = field(default_factory=lambda: np.zeros(0, np.int32))

    @classmethod
    def of(
        cls,
        net_assets: Mapping[str, float | None],
        debts: Iterable[tuple[str, str, str, float]],
        sureties: Iterable[tuple[Any, ...]],
        groups: Iterable[Iterable[str]] = (),
    ) -> Guarantees:
        """From net assets by firm, (debt, borrower, bank, balance) and (debt, guarantor, amount[, order])."""
        owed, given = list(debts), [(*surety, 0)[:4] for surety in sureties]
        names = sorted({*net_assets, *(debt[1] for debt in owed), *(one[1] for one in given)})
        place = {name: at for at, name in enumerate(names)}
        banks = tuple(sorted({debt[2] for debt in owed}))
        number = {debt[0]: at for at, debt in enumerate(owed)}
        group = np.full(len(names), -1, np.int32)
        for at, members in enumerate(groups):
            group[[place[name] for name in members if name in place]] = at
        worth = [net_assets.get(name) for name in names]
        return cls.from_columns(
            pa.array(names, pa.string()),
            banks,
            np.array([np.nan if one is None else float(one) for one in worth]),
            np.array([place[debt[1]] for debt in owed], np.int32),
            np.array([banks.index(debt[2]) for debt in owed], np.int32),
            np.array([debt[3] for debt in owed], np.float64),
            np.array([number[one[0]] for one in given], np.int32),
            np.array([place[one[1]] for one in given], np.int32),
            np.array([one[2] for one in given], np.float64),
            np.array([one[3] for one in given], np.int32),
            group,
        )

    @classmethod
    def from_columns(
        cls,
        firms: pa.Array,
        banks: tuple[str, ...],
        net_assets: Doubles,
        borrower: Index,
        bank: Index,
        balance: Doubles,
        debt: Index,
        guarantor: Index,
        amount: Doubles,
        order: Index,
        group: Index | None = None,
    ) -> Guarantees:
        """From columns; puts sureties in order, and leaves out those of a firm for itself."""
        at = np.lexsort((guarantor, order, debt))
        at = at[guarantor[at] != borrower[debt[at]]]
        own = np.full(len(firms), -1, np.int32) if group is None else group
        return cls(
            firms, banks, net_assets, borrower, bank, balance, debt[at], guarantor[at], amount[at], order[at], own
        )

    @property
    def size(self) -> int:
        """How many firms."""
        return len(self.firms)

    @cached_property
    def _place(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self.firms.to_pylist())}

    def place(self, name: str) -> int:
        """The number of the firm with this id.

        Raises:
            NotFoundError: it neither owes nor guarantees.
        """
        found = self._place.get(name)
        if found is None:
            raise NotFoundError(Text(f"{name} 既无贷款也无担保", f"{name} neither owes nor guarantees anything"))
        return found

    def names(self, places: npt.NDArray[Any]) -> list[str]:
        """The ids of firms."""
        found: list[str] = self.firms.take(pa.array(np.asarray(places, np.int64))).to_pylist()
        return found
