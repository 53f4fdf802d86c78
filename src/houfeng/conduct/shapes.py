"""How rows of each kind become lines of a portrait: which domain, which fields, how many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from houfeng.errors import Text

DOMAINS: Mapping[str, Text] = {
    "register": Text("登记信息", "Register"),
    "status": Text("资质荣誉", "Recognised statuses"),
    "people": Text("股权与人员", "Ownership and people"),
    "credit": Text("信贷", "Credit"),
    "security": Text("担保与抵质押", "Guarantees and collateral"),
    "assets": Text("资产转移", "Assets given away"),
    "finance": Text("财务报表", "Financial statements"),
    "business": Text("流水与发票", "Flows and invoices"),
    "records": Text("公共记录", "Public records"),
    "lists": Text("政策名单", "Policy lists"),
}


RUNS = ("valid_from", "valid_to")


@dataclass(frozen=True)
class Shape:
    """How rows of a kind become lines. `each`: a line per field; else one per row, titled by `title`, its value
    the first of `main` that the row has."""

    domain: str
    firm: tuple[str, ...]
    title: str = ""
    main: tuple[tuple[str, ...], ...] = ()
    also: tuple[str, ...] = ()
    each: tuple[str, ...] = ()
    most: int = 100


SHAPES: Mapping[str, Shape] = {
    "enterprise": Shape(
        "register",
        ("enterprise_id",),
        each=(
            "name", "region", "industry", "size", "ownership", "employees", "revenue", "total_assets",
            "registered_capital", "paid_in_capital", "founded_on", "operating_state", "legal_representative_id",
            "controller_id", "registered_address", "phone",
        ),
    ),
    "enterprise_status": Shape("status", ("enterprise_id",), "status", (RUNS,), ("certificate_no", "issued_by")),
    "holding": Shape("people", ("enterprise_id", "holder_id"), "holder_id", (("share",),), ("votes", "pledged")),
    "registration_change": Shape(
        "people", ("enterprise_id",), "item", (("before", "after"), ("before_value", "after_value")),
        ("before_value", "after_value"),
    ),
    "credit_line": Shape("credit", ("enterprise_id",), "institution_id", (("line_total",),), ("line_used",)),
    "loan_balance": Shape(
        "credit", ("borrower_id",), "note_no", (("balance_cny",), ("balance",)),
        ("quality", "loan_status", "overdue_days", "rate"),
    ),
    "platform_debt": Shape(
        "credit", ("enterprise_id",), "creditor_id", (("balance",),), ("instrument", "debt_state", "matures_on")
    ),
    "guarantee": Shape(
        "security", ("borrower_id", "guarantor_id"), "contract_no", (("amount_cny",), ("amount",)),
        ("guarantor_id", "borrower_id", "guarantee_type"),
    ),
    "collateral": Shape(
        "security", ("owner_id",), "collateral_no", (("appraised_value",),), ("title_no", "state", "is_first_lien")
    ),
    "asset_transfer": Shape(
        "assets", ("enterprise_id",), "asset_type", (("price",), ("appraised_value",), ("lease_months",)),
        ("transfer_type", "appraised_value", "counterparty_relation", "title_no", "lease_months"),
    ),
    "financial_statement": Shape(
        "finance", ("enterprise_id",), most=2,
        each=("revenue", "net_profit", "total_assets", "total_liabilities", "net_assets", "cash", "short_debt"),
    ),
    "public_record": Shape(
        "records", ("enterprise_id",), "record_type", (("amount",), ("title",)), ("title", "persons", "source")
    ),
    "list_membership": Shape("lists", ("member_id",), "list_code", (RUNS,), ("list_version", "project_no")),
    "programme_participation": Shape(
        "lists", ("enterprise_id",), "programme", (("amount",), RUNS), ("valid_from", "valid_to")
    ),
}  # fmt: skip
"""The kinds told row by row, and how."""

SUMMED: Mapping[str, tuple[str, str]] = {
    "account_flow": ("enterprise_id", "amount"),
    "invoice": ("seller_id", "total"),
    "loan_flow": ("borrower_id", "amount_cny"),
}
"""Kinds of many rows: the field that names the firm and the one that is summed, over a year and by reporter."""
