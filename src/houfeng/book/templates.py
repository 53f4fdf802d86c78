"""Excel templates made from the record kinds, so that a reporter's form can never differ from what the book accepts.

A template has one sheet to fill in, whose header cells begin with the Chinese label (the intake recognises them), a
sheet 说明 that says what every field means, and a hidden sheet that feeds the longer drop-down lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import xlsxwriter

from houfeng.book.model import CodeList, Field, Kind, Type, code_lists
from houfeng.errors import EnvironmentFault, Text

ROWS = 5000  # rows that carry drop-downs and formats below the header
LIST_SHEET = "码表"
HELP_SHEET = "说明"
BOOLEANS = ("是", "否")
MAX_INLINE = 80  # Excel takes 255 characters in the rule itself; some readers count bytes, three to a Chinese one

UNITS: Mapping[str, str] = {"CNY": "元", "%": "%", "person": "人", "month": "月", "day": "天", "firm": "户"}
TYPES: Mapping[Type, Text] = {
    Type.ID: Text("编号（文本）", "identifier (text)"),
    Type.CODE: Text("代码", "code"),
    Type.TEXT: Text("文字", "text"),
    Type.MONEY: Text("金额，两位小数", "money, two decimals"),
    Type.RATE: Text("百分数，五位小数", "percent, five decimals"),
    Type.NUMBER: Text("数值", "number"),
    Type.INTEGER: Text("整数", "integer"),
    Type.BOOLEAN: Text("是/否", "yes or no"),
    Type.DATE: Text("日期 年-月-日", "date"),
    Type.DATETIME: Text("日期时间", "date and time"),
}
FORMATS: Mapping[Type, str] = {
    Type.MONEY: "#,##0.00",
    Type.RATE: "0.00000",
    Type.NUMBER: "0.00000",
    Type.INTEGER: "0",
    Type.DATE: "yyyy-mm-dd",
    Type.DATETIME: "yyyy-mm-dd hh:mm:ss",
}


class _Page(NamedTuple):
    book: Any
    sheet: Any
    lists: Any


def header(field: Field) -> str:
    """The header cell of a field: the Chinese label, then its unit in brackets where it has one."""
    unit = UNITS.get(field.unit, field.unit)
    return f"{field.label.zh}({unit})" if unit else field.label.zh


def write_template(kind: Kind, path: Path) -> Path:
    """Write the Excel template of `kind` to `path` and give the path. The same kind always gives the same content.

    Raises:
        EnvironmentFault: the file cannot be written.
    """
    book = xlsxwriter.Workbook(str(path), {"strings_to_numbers": False, "strings_to_formulas": False})
    book.set_properties({"title": f"{kind.label.zh}填报模板", "created": datetime(2026, 1, 1)})
    sheet = book.add_worksheet(kind.label.zh[:31])
    guide = book.add_worksheet(HELP_SHEET)
    lists = book.add_worksheet(LIST_SHEET)
    lists.hide()
    page = _Page(book, sheet, lists)
    sheet.freeze_panes(1, 0)
    for column, field in enumerate(kind.fields.values()):
        _write_column(page, column, field)
    _write_guide(book, guide, kind)
    try:
        book.close()
    except xlsxwriter.exceptions.FileCreateError as error:
        raise EnvironmentFault(Text(f"无法写入 {path}：{error}", f"cannot write {path}: {error}")) from error
    return path


def _write_column(page: _Page, column: int, field: Field) -> None:
    """Header, comment, cell format and drop-down of one field. Ids are text cells: Excel would round 18 digits."""
    look = {
        "bold": True,
        "border": 1,
        "text_wrap": True,
        "valign": "vcenter",
        "bg_color": "#F4D9D0" if field.required else "#DCE6EE",
    }
    page.sheet.write_string(0, column, header(field), page.book.add_format(look))
    page.sheet.write_comment(0, column, _comment(field), {"x_scale": 2, "y_scale": 1.5})
    cell = page.book.add_format({"num_format": FORMATS.get(field.type, "@")})
    page.sheet.set_column(column, column, max(12, min(40, 2 * len(header(field)) + 2)), cell)
    choices = _choices(field)
    if choices:
        page.sheet.data_validation(1, column, ROWS, column, _validation(page.lists, column, field, choices))


def _comment(field: Field) -> str:
    unit = UNITS.get(field.unit, field.unit)
    lines = [
        f"{field.label.en} ({field.name})",
        "必填 required" if field.required else "选填 optional",
        f"类型 {TYPES[field.type].zh}",
        f"标准代码 {field.official}" if field.official else "",
        f"单位 {unit}" if unit else "",
        field.description.zh,
    ]
    return "\n".join(line for line in lines if line)


def _choices(field: Field) -> list[str]:
    if field.type is Type.BOOLEAN:
        return list(BOOLEANS)
    if field.code_list:
        return [text.zh for text in code_lists()[field.code_list].members.values()]
    return []


def _validation(lists: Any, column: int, field: Field, choices: list[str]) -> dict[str, Any]:
    """A drop-down that warns but lets another value pass: the intake also knows codes and other spellings."""
    rule: dict[str, Any] = {
        "validate": "list",
        "error_type": "warning",
        "error_title": field.label.zh[:32],
        "error_message": "请从下拉列表中选择，或填写标准代码",
    }
    if any("," in choice for choice in choices) or len(",".join(choices)) > MAX_INLINE:
        lists.write_column(0, column, choices)
        letter = xlsxwriter.utility.xl_col_to_name(column)
        return rule | {"source": f"={LIST_SHEET}!${letter}$1:${letter}${len(choices)}"}
    return rule | {"source": choices}


def _write_guide(book: Any, guide: Any, kind: Kind) -> None:
    """The sheet 说明: one line per field, then the checks of a row, then every code with its meaning."""
    bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    guide.set_column(0, 1, 26, wrap)
    guide.set_column(2, 6, 14, wrap)
    guide.set_column(7, 7, 60, wrap)
    guide.write_string(0, 0, f"{kind.label.zh}（{kind.label.en}）：{kind.description.zh}", bold)
    guide.write_row(1, 0, ["字段", "英文名", "字段代码", "标准代码", "类型", "必填", "单位", "说明"], bold)
    row = 2
    for field in kind.fields.values():
        unit = UNITS.get(field.unit, field.unit)
        needed = "是" if field.required else ""
        values = [
            field.label.zh,
            field.label.en,
            field.name,
            field.official,
            TYPES[field.type].zh,
            needed,
            unit,
            meaning(field),
        ]
        guide.write_row(row, 0, values)
        row += 1
    for check in kind.checks:
        guide.write_row(
            row, 0, ["检查", check.code, check.level, "", "", "", "", f"{check.reason.zh}。{check.suggestion.zh}"]
        )
        row += 1
    for codes in lists_of(kind):
        for code, text in codes.members.items():
            guide.write_row(row, 0, [codes.label.zh, text.zh, code, "", "", "", "", text.en])
            row += 1


def meaning(field: Field) -> str:
    """One Chinese sentence on what goes into the field: its description, its code list or its shape."""
    parts = [field.description.zh]
    if field.code_list:
        parts.append(f"取值见码表“{code_lists()[field.code_list].label.zh}”。")
    if field.pattern:
        parts.append(f"格式 {field.pattern}")
    return "".join(part for part in parts if part)


def lists_of(kind: Kind) -> list[CodeList]:
    """The code lists the fields of a kind name, each once, in the order of the fields."""
    names = dict.fromkeys(field.code_list for field in kind.fields.values() if field.code_list)
    return [code_lists()[name] for name in names]
