"""What random packs and rows are made of: record kinds and the paths between them, words, days, amounts, parameters."""

# ruff: noqa: E501  (rows of examples are read across)

from __future__ import annotations

from datetime import date
from typing import Any

from houfeng.packs.language.functions import T

Row = dict[str, Any]
OVER = ("enterprise", "loan", "loan_balance", "connected_group")
PATHS = {
    "enterprise": (("", "enterprise"), ("controller", "enterprise")),
    "loan": (
        ("", "loan"), ("borrower", "enterprise"), ("borrower.controller", "enterprise"), ("credit_line", "credit_line"),
    ),
    "loan_balance": (("", "loan_balance"), ("loan", "loan"), ("enterprise", "enterprise"), ("loan.borrower", "enterprise")),
    "invoice": (("", "invoice"),),
    "account_flow": (("", "account_flow"),),
    "public_record": (("", "public_record"),),
    "enterprise_status": (("", "enterprise_status"), ("enterprise", "enterprise")),
    "credit_line": (("", "credit_line"), ("enterprise", "enterprise")),
    "connected_group": (("", "connected_group"), ("head", "enterprise")),
    "group_member": (("", "group_member"),),
    "loan_flow": (("", "loan_flow"),),
}  # fmt: skip
SOURCES = {
    "enterprise": (
        ("invoice", "seller_id"), ("invoice", "buyer"), ("account_flow", "enterprise"), ("public_record", ""),
        ("enterprise_status", ""), ("loan", "borrower_id"), ("credit_line", "enterprise"), ("loan_balance", "enterprise"),
    ),
    "loan": (("loan_balance", "loan"), ("loan_flow", "loan")),
    "loan_balance": (),
    "connected_group": (
        ("invoice", "seller_id"), ("account_flow", "enterprise"), ("public_record", ""), ("loan_balance", "enterprise"),
        ("enterprise_status", ""),
    ),
}  # fmt: skip
EVENTS = ("invoice", "account_flow", "public_record", "loan_flow")
WORDS = (
    "A01", "A02", "CS01", "CS03", "C2710", "C2711", "C392", "C39211", "C3951", "C3953", "M7519", "hnte", "srdi", "valid",
    "void", "", " ", "　依据 ", "\u00a0x\u00a0", "河南省郑州市", "é", "e\u0301", "𠮷野家", "a%b", "a_b", "a\\b", "it's", "FQ03",
)  # fmt: skip
DAYS = (
    date(2024, 2, 29), date(2023, 2, 28), date(2024, 1, 31), date(2024, 3, 31), date(2025, 12, 31), date(2026, 1, 1),
    date(2026, 1, 14), date(2026, 1, 16), date(2026, 1, 19), date(2025, 1, 20), date(2000, 2, 29), date(1, 1, 1),
    date(9999, 12, 31), date(2025, 6, 30), date(2025, 4, 30), date(1970, 1, 1),
)  # fmt: skip
AMOUNTS = (
    "0", "0.01", "-0.01", "1", "100", "0.5", "2.5", "-2.5", "1.005", "12.345", "16777217.01", "3000000000", "-3000000000.55",
    "99999999999999999", "123456789012345.67", "-99999999999999.99", "0.10", "45.00", "7.125",
)  # fmt: skip
SETS = ("listed", "loose")
PARAMETERS = {
    "cap": (T.DECIMAL, 2), "rate_p": (T.DECIMAL, 3), "limit_n": (T.INTEGER, 0), "span_m": (T.INTEGER, 0),
    "open_b": (T.BOOLEAN, 0), "word_t": (T.TEXT, 0), "day_d": (T.DATE, 0),
}  # fmt: skip
UNITS = {"cap": "CNY", "rate_p": "percent", "limit_n": "count", "span_m": "months", "open_b": "boolean", "word_t": "text", "day_d": "date"}  # fmt: skip
NUMBERS = (T.INTEGER, T.DECIMAL, T.RATIO)


def quote(text: str) -> str:
    """A SQL string."""
    return "'" + text.replace("'", "''") + "'"


def yaml_string(text: str) -> str:
    """A YAML single-quoted string."""
    return "'" + text.replace("'", "''") + "'"
