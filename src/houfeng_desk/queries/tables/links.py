"""The tables of what a firm is tied to: holders, holdings, owners in the end, guarantees, collateral."""

from __future__ import annotations

from collections.abc import Sequence

from houfeng.errors import Text
from houfeng_desk.queries.enterprise.identity import register_row
from houfeng_desk.queries.enterprise.links import Guaranteed, Holding, Links, links
from houfeng_desk.queries.penetration.above import above
from houfeng_desk.queries.tables.shape import NO, SOURCE, YES, Given, Made, Table, column, party, source, who

OWN = Text("本企业", "the firm itself")


def _found(given: Given) -> Links:
    register_row(given.reader, given.firm)
    return links(given.reader, given.firm)


def _stakes(found: Sequence[Holding], zh: str, en: str) -> Made:
    columns = (
        *who(zh, en), column("kind", "类型", "Kind"), column("share", "持股比例", "Share"),
        column("votes", "表决权", "Votes", "percent"), column("amount", "出资额", "Contributed", "money"),
        column("pledged", "质押", "Pledged", "percent"), column("valid_from", "起", "From", "date"), SOURCE,
    )  # fmt: skip
    rows = [
        {
            **party(one.party),
            "kind": one.kind,
            "share": one.share,
            "source": source(one.source),
            **{name: one.row[name] for name in ("votes", "amount", "pledged", "valid_from")},
        }
        for one in found
    ]
    return columns, rows


def _contracts(found: Sequence[Guaranteed], zh: str, en: str) -> Made:
    columns = (
        *who(zh, en), column("kind", "方式", "Kind"), column("bank", "机构", "Institution"),
        column("contract_no", "被担保合同", "Contract guaranteed", "code"), column("amount", "金额", "Amount", "money"),
        column("pledge_rate", "抵质押率", "Rate of pledge", "percent"), column("valid_from", "自", "From", "date"),
        column("valid_to", "至", "To", "date"), SOURCE,
    )  # fmt: skip
    rows = [
        {
            **({"name": OWN, "code": ""} if one.own else party(one.party)),
            "kind": one.kind,
            "bank": one.bank,
            "amount": one.row["amount_cny"] if one.row["amount_cny"] is not None else one.row["amount"],
            "source": source(one.source),
            **{name: one.row[name] for name in ("contract_no", "pledge_rate", "valid_from", "valid_to")},
        }
        for one in found
    ]
    return columns, rows


def _owners(given: Given) -> Made:
    columns = (
        *who("所有者", "Owner"), column("share", "合计份额", "Share in all", "share"),
        column("direct", "其中直接", "Directly", "share"), column("least", "下限", "At least", "share"),
        column("most", "上限", "At most", "share"), column("controller", "最终控制人", "Ultimate controller"),
        column("beneficial", "受益所有人", "Beneficial owner"), column("ultimate", "最终", "Ultimate"),
    )  # fmt: skip
    row = register_row(given.reader, given.firm)
    found = above(given.reader, given.firm.id, row.get("controller_id"), None)
    rows = [
        {
            **party(one.party),
            **{name: getattr(one, name) for name in ("share", "direct", "least", "most")},
            **{name: YES if getattr(one, name) else NO for name in ("controller", "beneficial", "ultimate")},
        }
        for one in found.owners
    ]
    return columns, rows


def _collateral(given: Given) -> Made:
    columns = (
        column("collateral_no", "编号", "Number", "code"), column("bank", "机构", "Institution"),
        column("collateral_type", "类别", "Type"), column("appraised_value", "评估价值", "Appraised", "money"),
        column("appraised_on", "评估日期", "Appraised on", "date"),
        column("prior_claims", "优先受偿额", "Prior claims", "money"), column("first", "首顺位", "First lien"),
        column("state_label", "状态", "State"),
    )  # fmt: skip
    rows = [
        {**one, "first": None if one["is_first_lien"] is None else YES if one["is_first_lien"] else NO}
        for one in _found(given).collateral
    ]
    return columns, rows


TABLES: dict[str, Table] = {
    "owners": Table(Text("穿透后的所有者", "Owners in the end"), "links", _owners),
    "holders": Table(
        Text("股东", "Holders"), "links", lambda given: _stakes(_found(given).holders, "股东", "Holder")
    ),
    "holdings": Table(
        Text("对外持股", "Holdings"), "links", lambda given: _stakes(_found(given).held, "被投资企业", "Held")
    ),
    "guarantors": Table(
        Text("为本企业担保", "Its guarantors"), "links",
        lambda given: _contracts(_found(given).guarantors, "担保人", "Guarantor"),
    ),
    "guaranteed": Table(
        Text("本企业对外担保", "What it guarantees"), "links",
        lambda given: _contracts(_found(given).guaranteed, "被担保人", "Guaranteed"),
    ),
    "collateral": Table(Text("担保物", "Collateral"), "links", _collateral),
}  # fmt: skip
