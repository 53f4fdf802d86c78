"""Files to take in, made from rows, and what tests ask of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from houfeng.book.intake import Intake, prepare
from houfeng.book.model import Kind, kind_from, kinds
from houfeng.errors import Level

BANK = "91410100MA90892717"
FIRM = "91330100799655058B"
HEAD = (
    "数据日期,金融机构代码,借款人证件代码,借款人行业,贷款借据编码,贷款合同编码,币种,贷款余额,利率水平,贷款质量,贷款状态"
)
BALANCE = "数据日期,金融机构代码,贷款借据编码,贷款合同编码,币种,贷款余额,贷款状态"


def csv(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def row(note: int, *, balance: str = "100.00", day: str = "2026-01-31", bank: str = BANK, state: str = "LS01") -> str:
    return f"{day},{bank},{note},H{note},CNY,{balance},{state}"


def balances(path: Path, rows: Sequence[str], head: str = BALANCE) -> Path:
    return csv(path, "\n".join([head, *rows]) + "\n")


def codes(intake: Intake, level: Level | None = None) -> set[str]:
    return {p.code for p in intake.problems if level is None or p.level is level}


def asked(intake: Intake) -> dict[str, tuple[str, ...]]:
    return {f"{q.code} {q.where.field}".strip(): q.options for q in intake.questions}


class View:
    """A book of one earlier table per kind, as the snapshot would show it."""

    def __init__(self, folder: Path, tables: dict[str, pa.Table]) -> None:
        self._folder, self._tables = folder, tables
        for name, table in tables.items():
            pq.write_table(table, folder / f"{name}.parquet")

    def select(self, kind: str, *, as_of: date | None = None) -> str:
        return f"SELECT * FROM read_parquet('{self._folder / kind}.parquet')"

    def submissions(self, kind: str) -> Sequence[Any]:
        return [1] if kind in self._tables else []


def before(tmp_path: Path, balance: str, count: int = 10) -> View:
    rows = [row(i, balance=balance, day="2025-12-31") for i in range(count)]
    table = prepare(balances(tmp_path / "before.csv", rows)).drafts[0].rows
    loan = kinds()["loan"].schema().empty_table()
    return View(tmp_path, {"loan_balance": table, "loan": loan})


def small_kind() -> Kind:
    return kind_from(
        {
            "kind": "thing", "label": {"zh": "东西", "en": "Thing"}, "time": "event", "time_field": "at", "key": ["no"],
            "fields": {
                "no": {"type": "id", "label": {"zh": "编号", "en": "No."}, "required": True},
                "at": {"type": "date", "label": {"zh": "日子", "en": "Day"}, "required": True},
                "amount": {"type": "money", "label": {"zh": "金额", "en": "Amount"}, "unit": "CNY"},
            },
            "checks": [
                {"code": "negative", "when": "amount < 0", "fields": ["amount"], "reason": "负"},
                {"code": "odd", "level": "warning", "when": "amount % 2 = 1", "fields": ["amount"], "reason": "单"},
            ],
        }
    )  # fmt: skip
