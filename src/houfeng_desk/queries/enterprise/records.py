"""What others have written down about a firm: public records, changes in the register, financial statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from houfeng.book.model import Field, kinds
from houfeng.errors import Text
from houfeng_desk.queries.enterprise import words
from houfeng_desk.queries.enterprise.firm import Firm, Row
from houfeng_desk.queries.enterprise.identity import Source, Sources
from houfeng_desk.reader import Reader

MOST = 200
STATEMENTS = 8


@dataclass(frozen=True)
class Record:
    """One event with its kind in words and where it stands in the book."""

    day: date
    label: Text
    row: Row
    source: Source


@dataclass(frozen=True)
class Records:
    """Events of one kind, the newest first; `total` counts those not shown too."""

    rows: tuple[Record, ...]
    total: int


def public_records(reader: Reader, firm: Firm, most: int | None = MOST) -> Records:
    """Lawsuits, enforcement, arrears, fines, news."""
    return _events(reader, firm, "public_record", "record_type", most)


def registration_changes(reader: Reader, firm: Firm, most: int | None = MOST) -> Records:
    """Changes of representative, controller, capital, address and the like; persons masked by role."""
    found = _events(reader, firm, "registration_change", "item", most)
    shown = words.sees_persons(reader.viewer)
    if shown:
        return found
    persons = {"legal_representative", "controller", "shareholder"}
    for record in found.rows:
        if record.row["item"] in persons:
            for side in ("before", "after"):
                record.row[side] = _hidden(record.row[side])
    return found


def _hidden(text: str | None) -> str | None:
    """A person's name or number masked; a firm's code or name stays."""
    if not text or not words.is_person(text) or text.endswith(("公司", "厂", "中心", "合作社", "集团")):
        return text
    return (
        words.masked_id(text, shown=False) if any(c.isdigit() for c in text) else words.masked_name(text, shown=False)
    )


def _events(reader: Reader, firm: Firm, kind: str, coded: str, most: int | None) -> Records:
    shape, sources = kinds()[kind], Sources(reader)
    rows = firm.of(kind, as_of=reader.as_of, order=f"{shape.time_field} DESC, {', '.join(shape.key)}")
    found = [
        Record(row[shape.time_field], words.label(kind, coded, row[coded]), row, sources.of(kind, row))
        for row in rows[:most]
    ]
    return Records(tuple(found), len(rows))


@dataclass(frozen=True)
class Statements:
    """Main figures by period, the newest first: one line per field, one value per period."""

    periods: tuple[date, ...]
    kinds: tuple[Text, ...]
    lines: tuple[tuple[Field, tuple[Any, ...]], ...]
    sources: tuple[Source, ...]
    ratios: tuple[tuple[Text, tuple[Any, ...]], ...]


def statements(reader: Reader, firm: Firm) -> Statements:
    """The firm's statements up to the day looked at; income figures count from the year's start."""
    shape, sources = kinds()["financial_statement"], Sources(reader)
    rows = firm.rows(
        f"SELECT * FROM ({firm.select('financial_statement')}) WHERE period <= ?"
        " QUALIFY row_number() OVER (PARTITION BY period ORDER BY _submission DESC, _row) = 1"
        f" ORDER BY period DESC LIMIT {STATEMENTS}",
        [reader.as_of],
    )
    money = [field for field in shape.fields.values() if field.type.value == "money"]
    return Statements(
        tuple(row["period"] for row in rows),
        tuple(words.label("financial_statement", "statement_kind", row["statement_kind"]) for row in rows),
        tuple((field, tuple(row[field.name] for row in rows)) for field in money),
        tuple(sources.of("financial_statement", row) for row in rows),
        tuple(_ratios(rows)),
    )


def _ratios(rows: Sequence[Row]) -> list[tuple[Text, tuple[Any, ...]]]:
    """A few ratios in percent; nothing where the divisor is nought or unknown."""
    asked = (
        (Text("资产负债率", "Liabilities to assets"), "total_liabilities", "total_assets"),
        (Text("现金比短期债务", "Cash to short-term debt"), "cash", "short_debt"),
        (Text("净利率", "Net margin"), "net_profit", "revenue"),
    )
    return [(label, tuple(_ratio(row[above], row[below]) for row in rows)) for label, above, below in asked]


def _ratio(above: Any, below: Any) -> Any:
    return None if above is None or not below else round(100 * above / below, 1)
