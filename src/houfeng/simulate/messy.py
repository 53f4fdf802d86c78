"""The same submissions as people really send them: titles, 万元, full-width digits, totals, merged cells, wrong rows.

For demonstrations and for tests of the intake. Each file says 模拟 in its title, and the wrong rows are listed with
what is wrong in `messy.json` beside them.
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import xlsxwriter

from houfeng.book.model import code_lists, kind
from houfeng.errors import InputError, Text

FULL_WIDTH = str.maketrans("0123456789.", "０１２３４５６７８９．")


def write_messy(out: Path, *, rows: int = 200) -> list[Path]:
    """Write three messy files of the last month of the simulation in `out` into `out/messy`, and give their paths.

    Raises:
        InputError: `out` holds no simulation.
    """
    manifest = out / "manifest.json"
    if not manifest.exists():
        raise InputError(Text(f"{out} 里没有模拟数据", f"{out} holds no simulation"))
    files = json.loads(manifest.read_text("utf-8"))["files"]
    folder = out / "messy"
    folder.mkdir(exist_ok=True)
    last = [one for one in files if one["kind"] == "loan_balance"][-1]["period"]
    sent = [one for one in files if one["kind"] == "loan_balance" and one["period"] == last]
    balance = max(sent, key=lambda one: int(one["rows"]))
    reporter, period = balance["reporter"], date.fromisoformat(balance["period"])
    same = [one for one in files if one["reporter"] == reporter and one["period"] == balance["period"]]
    loan = next(one for one in same if one["kind"] == "loan")
    firms = [one for one in files if one["kind"] == "enterprise"][-1]
    balances = _rows(out / balance["file"], rows)
    wrong: dict[str, list[dict[str, object]]] = {}
    paths = [
        _csv(folder / "贷款余额表_GB18030.csv", balances, period, wrong),
        _xlsx(folder / "企业基本情况表.xlsx", _rows(out / firms["file"], rows), period, wrong),
        _dat(folder / "CLDWDK.txt", _rows(out / loan["file"], 10_000_000), balances),
    ]
    told = {"synthetic": True, "reporter": reporter, "period": balance["period"], "wrong": wrong}
    (folder / "messy.json").write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return paths


def _rows(path: Path, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(path).slice(0, limit).to_pylist()
    return found


def _csv(path: Path, rows: list[dict[str, Any]], period: date, wrong: dict[str, list[dict[str, object]]]) -> Path:
    """A GB18030 CSV with two title lines, amounts in 万元 with separators, some full-width digits, and a total."""
    heads = [
        "序号",
        "金融机构代码",
        "贷款合同编码",
        "贷款借据编码",
        "贷款余额(万元)",
        "利率水平(%)",
        "五级分类",
        "贷款状态",
        "逾期天数",
    ]
    quality, status = code_lists()["loan_quality"].members, code_lists()["loan_status"].members
    day = f"{period.year}年{period.month}月{period.day}日"
    lines = ["模拟银行单位贷款余额表,,,,,,,,", f"数据日期：{day},,,,单位：万元,,,,", ",".join(heads)]
    spoiled: list[dict[str, object]] = []
    total = Decimal(0)
    for number, row in enumerate(rows, start=1):
        amount = row["balance"] / Decimal(10_000)
        total += amount
        shown = f"{amount:,.6f}"
        cells = [
            str(number), row["institution_id"], row["contract_no"], row["note_no"], f'"{shown}"', f"{row['rate']:.2f}",
            quality[row["quality"]].zh, status[row["loan_status"]].zh, str(row["overdue_days"]),
        ]  # fmt: skip
        if number % 17 == 0:
            cells[4] = f'"{shown.translate(FULL_WIDTH)}"'
        fault = {11: ("balance", 4, "待核实"), 23: ("quality", 6, "很好"), 31: ("contract_no", 2, "")}.get(number)
        if fault:
            cells[fault[1]] = fault[2]
            spoiled.append({"row": number + 3, "field": fault[0], "value": fault[2]})
        lines.append(",".join(cells))
    lines.append(f'合计,,,,"{total:,.6f}",,,,')
    lines.append("制表人：模拟,,,,复核：模拟,,,,")
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode("gb18030"))
    wrong[path.name] = spoiled
    return path


def _xlsx(path: Path, rows: list[dict[str, Any]], period: date, wrong: dict[str, list[dict[str, object]]]) -> Path:
    """A workbook with a merged title, money in 万元 as text and number mixed, dates in three manners."""
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("基本情况")
    heads = [
        "企业统一社会信用代码",
        "企业名称",
        "行业代码",
        "企业规模",
        "从业人数",
        "营业收入（万元）",
        "资产总额（万元）",
        "成立日期",
    ]
    title = book.add_format({"bold": True, "align": "center"})
    sheet.merge_range(0, 0, 0, len(heads) - 1, f"模拟企业基本情况表（{period.year}年{period.month}月）", title)
    sheet.write_row(1, 0, heads)
    size = code_lists()["enterprise_size"].members
    spoiled: list[dict[str, object]] = []
    for number, row in enumerate(rows, start=1):
        code = row["enterprise_id"]
        if number in (7, 19):
            code = code[:-1] + ("0" if code[-1] != "0" else "1")
            spoiled.append({"row": number + 2, "field": "enterprise_id", "value": code})
        revenue, assets = (row[name] / Decimal(10_000) for name in ("revenue", "total_assets"))
        values = [code, row["name"], row["industry"], size[row["size"]].zh, row["employees"]]
        sheet.write_row(number + 1, 0, values)
        sheet.write(number + 1, 5, f"{revenue:,.2f}" if number % 5 == 0 else float(revenue))
        sheet.write(number + 1, 6, float(assets))
        sheet.write_string(number + 1, 7, _day(row["founded_on"], number))
    book.close()
    wrong[path.name] = spoiled
    return path


def _day(day: date, number: int) -> str:
    return (f"{day.year}年{day.month}月{day.day}日", day.isoformat(), f"{day:%Y%m%d}", f"{day:%Y/%m/%d}")[number % 4]


def _dat(path: Path, loans: list[dict[str, Any]], balances: list[dict[str, Any]]) -> Path:
    """The official table CLDWDK as `|`-joined text: contract facts and balance of a note in one row."""
    by_note = {row["note_no"]: row for row in loans}
    fields = {
        f.official: (source, f.name)
        for source in ("loan", "loan_balance")
        for f in kind(source).fields.values()
        if f.official
    }
    lines = ["|".join(fields)]
    for row in balances:
        loan = by_note[row["note_no"]]
        values = ((loan if source == "loan" else row)[name] for source, name in fields.values())
        lines.append("|".join(_plain(value) for value in values))
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return f"{value:%Y%m%d}" if isinstance(value, date) else str(value)
