"""What a bank may still lend to a firm: to the firm alone, to each group it belongs to, and under a joint limit.

The limits are those of 《商业银行大额风险暴露管理办法》 (`houfeng.penetration.monthly.limits.Limits`) and the joint
limits in the book. What the book does not hold (a bank's capital, a group, an agreement) bounds nothing, because nobody
could say by how much. Only loans count, as in the monthly figures.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import pyarrow as pa

from houfeng.engine.duckdb import Engine
from houfeng.errors import Text
from houfeng.matching.recommend.promises import NOTHING, ZERO, Promises
from houfeng.penetration.graph import Views
from houfeng.penetration.monthly.limits import Limits

ALL_BANKS = ""
"""In place of a bank: the limit is that of all banks together."""


class Key(NamedTuple):
    """Which limit: its `basis` (loans, single, group, joint), the bank, and the firm or group it is about."""

    basis: str
    bank: str
    client: str


class Bound(NamedTuple):
    """A limit in yuan, what is lent under it, and the percent it is where it is a percent."""

    key: Key
    limit: Decimal
    lent: Decimal
    percent: Decimal | None = None


Taken = dict[Key, Promises]
"""What is promised and not in the book yet, by limit."""


@dataclass(frozen=True)
class Rooms:
    """What is lent and allowed, for some banks and firms. `joint` maps a client to its joint limit and all it owes."""

    capital: Mapping[str, tuple[Decimal | None, Decimal | None]] = field(default_factory=dict)
    lent: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    joint: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)

    def clients(self, firm: str) -> tuple[str, ...]:
        """The firm and the groups it belongs to."""
        return (firm, *self.groups.get(firm, ()))

    def bounds(self, bank: str, firm: str) -> Iterator[Bound]:
        """Every limit that stands between a bank and a firm."""
        net, tier1 = self.capital.get(bank, (None, None))
        groups = self.clients(firm)[1:]
        if net is not None:
            yield self._bound("loans", bank, firm, self.limits.loans, net)
        if tier1 is not None:
            yield self._bound("single", bank, firm, self.limits.single, tier1)
            for group in groups:
                yield self._bound("group", bank, group, self.limits.group, tier1)
        for client in self.clients(firm):
            if client in self.joint:
                yield Bound(Key("joint", ALL_BANKS, client), *self.joint[client])

    def _bound(self, basis: str, bank: str, client: str, percent: Decimal, capital: Decimal) -> Bound:
        return Bound(Key(basis, bank, client), capital * percent / 100, self.lent.get((bank, client), ZERO), percent)

    def against(self, bank: str, firm: str, amount: Decimal, taken: Taken | None = None, need: str = "") -> list[Text]:
        """The limits that a loan of `amount` would pass, in words. `need` is not counted against itself."""
        found = []
        for bound in self.bounds(bank, firm):
            promised = (taken or {}).get(bound.key, NOTHING).others(need)
            if bound.lent + promised + amount > bound.limit:
                found.append(self._words(bound, promised))
        return found

    def called(self, bound: Bound) -> Text:
        """What a limit is called."""
        who = self.names.get(bound.key.client, bound.key.client)
        if bound.key.basis == "joint":
            return Text(f"“{who}”的联合授信额度", f"the joint limit of “{who}”")
        zh, en = LABELS[bound.key.basis]
        return Text(f"该行对“{who}”{zh}", f"what this bank may lend “{who}” ({en})")

    def take(self, taken: Taken, bank: str, firm: str, need: str, amount: Decimal) -> None:
        """Note in `taken` that `bank` was asked for `amount` by the need of `firm`."""
        for bound in self.bounds(bank, firm):
            taken.setdefault(bound.key, Promises()).take(need, amount)

    def _words(self, bound: Bound, promised: Decimal) -> Text:
        free = max(ZERO, bound.limit - bound.lent - promised)
        who = self.names.get(bound.key.client, bound.key.client)
        if bound.key.basis == "joint":
            text = Text(
                f"超过“{who}”的联合授信额度：额度 {bound.limit:,.2f} 元，各行已融资 {bound.lent:,.2f} 元",
                f"above the joint limit of “{who}”: {bound.limit:,.2f}, of which banks have lent {bound.lent:,.2f}",
            )
        else:
            zh, en = LABELS[bound.key.basis]
            text = Text(
                f"超过该行{zh}（{bound.percent}%）：“{who}”在该行已有贷款 {bound.lent:,.2f} 元",
                f"above what this bank may lend ({en}, {bound.percent} %): “{who}” owes it {bound.lent:,.2f}",
            )
        if promised:
            text = Text(f"{text.zh}，在办 {promised:,.2f} 元", f"{text.en}, {promised:,.2f} under way")
        return Text(f"{text.zh}，还可放 {free:,.2f} 元", f"{text.en}, {free:,.2f} left")


LABELS: Mapping[str, Text] = {
    "loans": Text("对单一客户的贷款上限（占资本净额）", "loans to one client, of net capital"),
    "single": Text("对单一客户的风险暴露上限（占一级资本净额）", "exposure to one client, of net tier-1 capital"),
    "group": Text("对一组关联客户的风险暴露上限（占一级资本净额）", "exposure to one group, of net tier-1 capital"),
}


def rooms(
    views: Views, engine: Engine, as_of: date, banks: Collection[str], firms: Collection[str],
    limits: Limits | None = None,
) -> Rooms:  # fmt: skip
    """What the whole book says of these banks and firms on a day.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    connection = engine.connection
    connection.register("_room_banks", pa.table({"bank": pa.array(sorted(set(banks)), pa.string())}))
    connection.register("_room_firms", pa.table({"firm": pa.array(sorted(set(firms)), pa.string())}))
    kinds = ("institution", "loan_balance", "group_member", "joint_credit", "connected_group")
    rows = {kind: f"({views.select(kind, as_of=as_of)})" for kind in kinds}
    capital = engine.rows(
        "SELECT institution_id, net_capital, tier1_capital FROM "
        f"{rows['institution']} WHERE institution_id IN (SELECT bank FROM _room_banks)"
    )
    engine.keep(
        "_room_members",
        f"SELECT DISTINCT group_id AS client, enterprise_id AS firm FROM {rows['group_member']} WHERE group_id IN "
        f"(SELECT group_id FROM {rows['group_member']} WHERE enterprise_id IN (SELECT firm FROM _room_firms)) "
        "UNION SELECT firm, firm FROM _room_firms",
    )
    engine.keep(
        "_room_owed",
        "SELECT institution_id AS bank, client, CAST(sum(balance_cny) AS DECIMAL(20,2)) AS lent FROM "
        f"{rows['loan_balance']} JOIN _room_members ON firm = borrower_id WHERE balance_cny > 0 GROUP BY ALL",
    )
    lent = engine.rows("SELECT bank, client, lent FROM _room_owed WHERE bank IN (SELECT bank FROM _room_banks)")
    joint = engine.rows(
        "SELECT client, agreed, coalesce((SELECT sum(lent) FROM _room_owed o WHERE o.client = a.client), 0) FROM "
        "(SELECT coalesce(group_id, enterprise_id) AS client, CAST(sum(limit_total) AS DECIMAL(20,2)) AS agreed "
        f"FROM {rows['joint_credit']} GROUP BY 1) a WHERE client IN (SELECT client FROM _room_members)"
    )
    groups: dict[str, tuple[str, ...]] = {}
    members = "SELECT firm, client FROM _room_members WHERE client <> firm AND firm IN (SELECT firm FROM _room_firms)"
    for firm, client in engine.rows(f"{members} ORDER BY 1, 2"):
        groups[firm] = (*groups.get(firm, ()), client)
    names = engine.rows(
        f"SELECT group_id, name FROM {rows['connected_group']} WHERE group_id IN (SELECT client FROM _room_members)"
    )
    return Rooms(
        {bank: (_positive(net), _positive(tier1)) for bank, net, tier1 in capital},
        {(bank, client): amount for bank, client, amount in lent},
        groups,
        {client: (Decimal(agreed), Decimal(owed)) for client, agreed, owed in joint},
        {client: name for client, name in names if name},
        limits or Limits(),
    )


def _positive(capital: Decimal | None) -> Decimal | None:
    """A capital that is nothing or below bounds nothing that could be reckoned with."""
    return capital if capital is not None and capital > 0 else None
