"""What a loan would draw of a tool's quota, against what is left of it and what is promised and not claimed yet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import NamedTuple

from houfeng.errors import Text
from houfeng.matching.recommend.funding import Fund, Funds
from houfeng.matching.recommend.promises import Promises


class Draw(NamedTuple):
    """What a loan takes of the quota of the tool its price rests on."""

    tool: str
    label: Text
    amount: Decimal


@dataclass
class Promised:
    """What is left of tools for banks, less what needs under way draw, by ceiling."""

    funds: Funds
    taken: dict[str, Promises] = field(default_factory=dict)

    def fund(self, tool: str, bank: str) -> Fund:
        """What a bank has left of a tool, with what is promised under its ceilings."""
        return replace(self.funds(tool, bank), taken=self.taken)

    def take(self, tool: str, bank: str, need: str, amount: Decimal) -> None:
        """Note that `bank` was asked for a loan to `need` that draws on `tool`."""
        for ceiling in self.funds(tool, bank).ceilings:
            self.taken.setdefault(ceiling, Promises()).take(need, amount)

    def against(self, draw: Draw, bank: str, need: str) -> list[Text]:
        """The ceilings that `draw` would pass, in words: which quota is used up, and by how much it is short."""
        fund = self.fund(draw.tool, bank)
        if not fund.ceilings:
            zh, en = draw.label
            return [
                Text(f"额度台账没有“{zh}”的额度，请重新对接", f"the quota ledger has nothing of “{en}”; match again")
            ]
        found = []
        for ceiling, left in fund.ceilings.items():
            promised = fund.promised(ceiling, need)
            if left is not None and left - promised < draw.amount:
                found.append(_short(fund.labels.get(ceiling, draw.label), draw.amount, left, promised))
        return found


def _short(quota: Text, wanted: Decimal, left: Decimal, promised: Decimal) -> Text:
    zh, en = f"，其中在办 {promised:,.2f} 元", f", of which {promised:,.2f} is under way"
    going = Text(zh, en) if promised else Text("", "")
    return Text(
        f"“{quota.zh}”额度不足：需 {wanted:,.2f} 元，剩余 {left:,.2f} 元{going.zh}；请重新对接",
        f"quota of “{quota.en}” is short: {wanted:,.2f} needed, {left:,.2f} left{going.en}; run the matching again",
    )
