"""Columns of text to columns of values, a batch at a time, with no float on the way.

Each type has a fast road in Arrow for the plain spellings and hands what is left, once per distinct text, to `exact`.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from houfeng.book.intake import exact
from houfeng.book.intake.codes import Codes
from houfeng.book.intake.exact import Unreadable
from houfeng.book.intake.findings import Finding, Positions
from houfeng.book.intake.headers import Column
from houfeng.book.model import ARROW, Field, Type
from houfeng.errors import Level, Text
from houfeng.exchange.sheets import float_texts

MISSING = pa.array(
    [
        "",
        "-",
        "--",
        "---",
        "—",
        "——",
        "/",
        "\\",
        "\\N",
        "NULL",
        "null",
        "Null",
        "None",
        "NaN",
        "nan",
        "N/A",
        "n/a",
        "NA",
        "无数据",
    ]
)
_TEXT_MISSING = pa.array(["", "NULL", "null", "\\N"])
_EXCEL_ERROR = r"^#(N/A|DIV/0!|VALUE!|REF!|NAME\?|NUM!|NULL!|SPILL!|CALC!)$"
_SIZES = {Type.MONEY: (20, 2), Type.RATE: (10, 5), Type.NUMBER: (20, 5)}
_EXACT = decimal.Context(prec=80)

NO_ROWS: Positions = np.array([], dtype=np.int64)


@dataclass
class Said:
    """What reading the values of one column taught: styles and spellings seen, to be told once."""

    dates: set[str] = field(default_factory=set)
    translated: dict[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    memo: dict[str, Any] = field(default_factory=dict)


def as_text(column: pa.Array) -> pa.Array:
    """Any column as texts: floats by their shortest exact form, times in ISO form, nothing as the empty text."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_string(kind):
        return column
    if pa.types.is_floating(kind):
        texts = float_texts(
            pc.cast(column, pa.float64()) if kind == pa.float64() else pc.cast(column.cast(pa.string()), pa.float64())
        )
        return pc.if_else(pc.is_in(texts, value_set=pa.array(["nan", "NaN"])), "", texts)
    if pa.types.is_temporal(kind):
        coded = column.dictionary_encode()
        texts = pa.array(["" if v is None else _iso(v) for v in coded.dictionary.to_pylist()], pa.string())
        return texts.take(coded.indices)
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.array(["" if v is None else str(v) for v in column.to_pylist()], pa.string())
    return pc.cast(column, pa.string())


def _iso(value: Any) -> str:
    text = str(value.isoformat())
    return text.replace("T00:00:00", "") if text.endswith("T00:00:00") else text


def tidy(column: pa.Array, item: Field, said: Said) -> pa.Array:
    """Trimmed and, but for free text, half-width; nothing where the cell says there is nothing."""
    texts = pc.utf8_trim_whitespace(as_text(column))
    if item.type is Type.TEXT:
        return pc.if_else(pc.is_in(texts, value_set=_TEXT_MISSING), None, texts)
    if not pc.all(pc.fill_null(pc.string_is_ascii(texts), True)).as_py():
        texts = pc.utf8_trim_whitespace(pc.utf8_normalize(texts, form="NFKC"))
    gone = pc.is_in(texts, value_set=MISSING)
    if pc.any(gone).as_py():
        words = pc.unique(texts.filter(gone)).to_pylist()
        said.missing.update(w for w in words if w)
        texts = pc.if_else(gone, None, texts)
    return texts


@dataclass
class Reader:
    """Reads the columns of one kind in one table; remembers texts it has met, so each odd one is read once."""

    codes: Codes
    said: dict[str, Said] = field(default_factory=dict)

    def read(self, column: Column, cells: pa.Array, *, period: bool = False) -> tuple[pa.Array, list[Finding]]:
        """The values of a column (type of the field, nothing where unreadable) and what is wrong with it."""
        item = column.field
        said = self.said.setdefault(item.name, Said())
        texts = tidy(cells, item, said)
        findings: list[Finding] = []
        if pc.any(pc.starts_with(texts, "#")).as_py():
            texts = self._excel_errors(column, texts, findings)
        values = self._values(column, texts, said, findings, period)
        if item.length and item.type in (Type.ID, Type.TEXT, Type.CODE):
            _tell_length(column, values, findings)
        return values, findings

    def _excel_errors(self, column: Column, texts: pa.Array, findings: list[Finding]) -> pa.Array:
        bad = pc.fill_null(pc.match_substring_regex(texts, _EXCEL_ERROR), False)
        message = Text("单元格是 Excel 错误值", "the cell holds an Excel error")
        hint = Text("在原表中改正公式", "correct the formula in the sheet")
        report(findings, column, bad, texts, "intake.excel_error", message, hint)
        return pc.if_else(bad, None, texts)

    def _values(self, column: Column, texts: pa.Array, said: Said, findings: list[Finding], period: bool) -> pa.Array:
        kind = column.field.type
        if kind in _SIZES:
            return _decimals(column, texts, said, findings)
        if kind is Type.TEXT:
            return texts
        if kind is Type.ID:
            return self._ids(column, texts, findings)
        if kind is Type.CODE:
            return self.codes.read(column, texts, said.translated, findings)
        if kind is Type.INTEGER:
            return _integers(column, texts, findings, said)
        if kind is Type.BOOLEAN:
            return _by_text(column, texts, exact.boolean_of, said, findings, "intake.bad_boolean", _BOOLEAN_HINT)
        if kind is Type.DATETIME:
            return _moments(column, texts, said, findings)
        return _dates(column, texts, said, findings, period)

    def _ids(self, column: Column, texts: pa.Array, findings: list[Finding]) -> pa.Array:
        broken = pc.fill_null(pc.match_substring(texts, "\n"), False)
        if pc.any(broken).as_py():
            message = Text(
                "编号里有换行，多半是引号没有成对", "a line break inside an id: a quote is probably not closed"
            )
            report(findings, column, broken, texts, "intake.line_break", message)
            texts = pc.if_else(broken, None, texts)
        lost = pc.match_substring_regex(texts, r"^\d(\.\d+)?[eE]\+?\d+$")
        if pc.any(lost).as_py():
            message = Text(
                "编号被当作数字存成科学计数法，尾数已丢失", "the id was stored as a number; its last digits are lost"
            )
            hint = Text("把该列设为文本格式后重新导出", "format the column as text and export it again")
            report(findings, column, pc.fill_null(lost, False), texts, "intake.digits_lost", message, hint)
            texts = pc.if_else(pc.fill_null(lost, False), None, texts)
        return self.codes.identify(column, texts, findings) if column.field.check else texts


_BOOLEAN_HINT = Text("填“是”或“否”", "write 是 or 否 (yes or no)")
_NUMBER_HINT = Text("填数字，如 1234.56", "write a number such as 1234.56")
_DATE_HINT = Text("写作 2026-01-31", "write it as 2026-01-31")


def report(
    findings: list[Finding],
    column: Column,
    bad: pa.Array,
    texts: pa.Array,
    code: str,
    message: Text,
    hint: Text = Text("", ""),
    level: Level = Level.ERROR,
) -> None:
    """Add a finding for the rows where `bad` is true, if there are any."""
    at = np.flatnonzero(np.asarray(pc.fill_null(bad, False).to_numpy(zero_copy_only=False)))
    if len(at):
        values = [str(v) if v is not None else "" for v in texts.take(pa.array(at)).to_pylist()]
        findings.append(
            Finding(code, level, column.field.name, column.header, at.astype(np.int64), values, message, hint)
        )


def _tell_length(column: Column, values: pa.Array, findings: list[Finding]) -> None:
    """A text longer than the reporting standard allows is told and kept: foreign ids and long names are facts too."""
    length = column.field.length
    if pc.any(pc.greater(pc.binary_length(values), length)).as_py():
        bad = pc.greater(pc.utf8_length(values), length)
        message = Text(
            f"超过标准长度 {length}，照收", f"longer than the standard's {length} characters; taken as it is"
        )
        report(findings, column, bad, values, "intake.too_long", message, level=Level.WARNING)


def _decimals(column: Column, texts: pa.Array, said: Said, findings: list[Finding]) -> pa.Array:
    precision, scale = _SIZES[column.field.type]
    factor = column.factor
    if factor != 1 and (factor.denominator != 1 or str(factor.numerator).rstrip("0") != "1"):
        return _slow_decimals(column, texts, texts, None, said, findings)
    shift = len(str(factor.numerator)) - 1
    plain = rf"^-?\d{{1,{precision - scale - shift}}}(\.\d{{1,{scale + shift}}})?$"
    fits = pc.match_substring_regex(texts, plain)
    if not pc.all(pc.fill_null(fits, True)).as_py():
        texts = _without_ornaments(texts, column.field.type)
        fits = pc.match_substring_regex(texts, plain)
    values = pc.cast(pc.if_else(fits, texts, None), pa.decimal128(precision + shift, scale + shift))
    if shift:
        wide = pc.multiply(values, pa.scalar(Decimal(factor.numerator), pa.decimal128(shift + 1, 0)))
        values = pc.cast(wide, pa.decimal128(precision, scale))
    rest = pc.fill_null(pc.invert(fits), False)
    if not pc.any(rest).as_py():
        return values
    return _slow_decimals(column, texts, pc.if_else(rest, texts, None), values, said, findings)


def _without_ornaments(texts: pa.Array, kind: Type) -> pa.Array:
    """Thousands separators and, of rates, percent signs, taken off whole columns at once."""
    grouped = pc.match_substring_regex(texts, r"^-?\d{1,3}(,\d{3})+(\.\d+)?%?$")
    if pc.any(grouped).as_py():
        texts = pc.if_else(pc.fill_null(grouped, False), pc.replace_substring(texts, ",", ""), texts)
    if kind is Type.RATE and pc.any(pc.ends_with(texts, "%")).as_py():
        texts = pc.replace_substring_regex(texts, r"^(-?\d+(\.\d+)?)\s*%$", r"\1")
    return texts


def _slow_decimals(
    column: Column, texts: pa.Array, odd: pa.Array, values: pa.Array | None, said: Said, findings: list[Finding]
) -> pa.Array:
    """Read each distinct odd text exactly; report what is no number, too large, or has too many decimals."""
    kind = column.field.type
    precision, scale = _SIZES[kind]
    rounded: set[str] = set()

    def one(text: str) -> Decimal:
        with decimal.localcontext(_EXACT):
            number = exact.rate_of(text) if kind is Type.RATE else exact.number_of(text)
            scaled = _scaled(number, text, column.factor)
            value, cut = exact.fixed_of(scaled, precision, scale)
        if cut:
            rounded.add(text)
        return value

    found = _by_text(column, odd, one, Said(), findings, "intake.bad_number", _NUMBER_HINT)
    if rounded:
        message = Text(f"小数超过 {scale} 位，已四舍五入", f"more than {scale} decimals; rounded half up")
        mask = pc.is_in(odd, value_set=pa.array(sorted(rounded)))
        report(findings, column, mask, texts, "intake.rounded", message, level=Level.WARNING)
    return found if values is None else pc.coalesce(values, found)


def _scaled(number: Decimal, text: str, factor: Fraction) -> Decimal:
    if factor == 1 or text.rstrip().endswith(
        ("元", "万", "亿", "%", "‰")
    ):  # the cell's own unit goes before the column's
        return number
    return number * factor.numerator / factor.denominator


def _by_text(
    column: Column,
    texts: pa.Array,
    read: Callable[[str], Any],
    said: Said,
    findings: list[Finding],
    code: str,
    hint: Text,
) -> pa.Array:
    """Read each distinct text once and spread the values; unreadable ones are reported by reason."""
    coded = texts.dictionary_encode()
    words = coded.dictionary.to_pylist()
    reasons: dict[Text, list[str]] = {}
    values = []
    for word in words:
        value = said.memo.get(word, _UNMET)
        if value is _UNMET:
            try:
                value = read(word)
            except Unreadable as error:
                value = error
            said.memo[word] = value
        if isinstance(value, Unreadable):
            reasons.setdefault(value.reason, []).append(word)
            value = None
        values.append(value)
    if len(said.memo) > _MEMO:
        said.memo.clear()
    for reason, bad in reasons.items():
        mask = pc.is_in(texts, value_set=pa.array(bad, pa.string()))
        report(findings, column, mask, texts, code, reason, hint)
    return pa.array(values, ARROW[column.field.type]).take(coded.indices)


_UNMET = object()
_MEMO = 200_000


def _integers(column: Column, texts: pa.Array, findings: list[Finding], said: Said) -> pa.Array:
    fits = pc.match_substring_regex(texts, r"^-?\d{1,18}$")
    values = pc.cast(pc.if_else(fits, texts, None), pa.int64())
    rest = pc.fill_null(pc.invert(fits), False)
    if not pc.any(rest).as_py():
        return values
    odd = pc.if_else(rest, texts, None)
    return pc.coalesce(
        values, _by_text(column, odd, exact.integer_of, said, findings, "intake.bad_integer", _NUMBER_HINT)
    )


def _dates(column: Column, texts: pa.Array, said: Said, findings: list[Finding], period: bool) -> pa.Array:
    def one(text: str) -> Any:
        reading = exact.period_of(text) if period else exact.date_of(text)
        said.dates.add(reading.style)
        return reading.value

    return _by_text(column, texts, one, said, findings, "intake.bad_date", _DATE_HINT)


def _moments(column: Column, texts: pa.Array, said: Said, findings: list[Finding]) -> pa.Array:
    plain = pc.match_substring_regex(texts, r"^\d{4}-\d{2}-\d{2}[ T]([01]\d|2[0-3]):[0-5]\d:[0-5]\d$")
    try:
        values = pc.cast(pc.if_else(plain, texts, None), pa.timestamp("us"))
    except pa.ArrowInvalid:  # a day that does not exist is among them: the slow road will name it
        return _by_text(column, texts, exact.moment_of, said, findings, "intake.bad_moment", _DATE_HINT)
    rest = pc.fill_null(pc.invert(plain), False)
    if not pc.any(rest).as_py():
        return values
    odd = pc.if_else(rest, texts, None)
    return pc.coalesce(values, _by_text(column, odd, exact.moment_of, said, findings, "intake.bad_moment", _DATE_HINT))


def constant(item: Field, text: str, reader: Reader) -> tuple[Mapping[str, Any], list[Finding]]:
    """One text read as a value of a field, for every row alike: `{"value": …}`, and what is wrong with it."""
    column = Column(-1, item.name, item)
    values, findings = reader.read(column, pa.array([text], pa.string()), period=item.name == "period")
    return {"value": values[0]}, findings
