"""A report as a file: a workbook an office would circulate, or the bare rows as CSV or Parquet.

The workbook carries all that a reader needs to trust or to repeat the figures: title, unit, period, as known at, pack
with version and digest, notes. Its numbers are the computed ones, not rounded: Excel shows two decimals and keeps the
rest, to the fifteen digits it can hold. A file takes its name only when it is complete.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import xlsxwriter

from houfeng.errors import EnvironmentFault, Text, UsageError
from houfeng.themes.measures import Measure, Unit, Value
from houfeng.themes.render import (
    NOTHING,
    ON_PAPER,
    Scale,
    header,
    indented,
    particulars,
    rows_of,
    scale_of,
    title,
)
from houfeng.themes.report import Report, Table

FORMATS = {Unit.MONEY: "#,##0.00", Unit.COUNT: "#,##0", Unit.RATE: "0.00000", Unit.PERCENT: "0.00"}
MAIN, ABOUT = Text("总表", "Summary"), Text("说明", "About")
HEAD_FILL = "#DCE6EE"


def write_report(
    report: Report,
    out: Path,
    *,
    lang: str = "zh",
    unit: str = "auto",
    components: bool = False,
    exporter: str = "",
) -> None:
    """Write `report` to `out`: .xlsx, .csv or .parquet by its name.

    Raises:
        UsageError: another kind of file, or no such folder.
        EnvironmentFault: it cannot be written; what stood there before still does.
    """
    suffix = out.suffix.lower()
    if suffix not in (".xlsx", ".csv", ".parquet"):
        raise UsageError(
            Text(
                f"不会写 {out.name}，请用 .xlsx、.csv 或 .parquet", f"cannot write {out.name}: .xlsx, .csv or .parquet"
            )
        )
    with _whole(out) as part:
        if suffix == ".xlsx":
            _Workbook(report, lang, scale_of(report, unit), components, exporter).write(part)
        elif suffix == ".csv":
            _csv(report, part)
        else:
            about = {f"houfeng.{name}": text for name, text in particulars(report, scale_of(report, "yuan"), "en")}
            pq.write_table(report.arrow().replace_schema_metadata(about), part)


@contextmanager
def _whole(out: Path) -> Iterator[Path]:
    if not out.parent.is_dir():
        raise UsageError(Text(f"没有文件夹 {out.parent}", f"there is no folder {out.parent}"))
    part = out.with_name(f".{out.name}.part")
    try:
        yield part
        part.replace(out)
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise EnvironmentFault(Text(f"写不进 {out}：{error}", f"cannot write {out}: {error}")) from error
    finally:
        part.unlink(missing_ok=True)


def _csv(report: Report, part: Path) -> None:
    """All rows, money in yuan, exactly; UTF-8 with the mark Excel needs to see Chinese."""
    table = report.arrow()
    with open(part, "w", encoding="utf-8-sig", newline="") as sink:
        writer = csv.writer(sink)
        writer.writerow(table.column_names)
        for row in table.to_pylist():
            writer.writerow(["" if value is None else str(value) for value in row.values()])


class _Workbook:
    """The workbook: a summary, a sheet on how it was made, and a sheet for each breakdown."""

    def __init__(self, report: Report, lang: str, scale: Scale, components: bool, exporter: str) -> None:
        self.report, self.lang, self.scale = report, lang, scale
        self.components, self.exporter = components, exporter

    def write(self, part: Path) -> None:
        book = xlsxwriter.Workbook(str(part), {"strings_to_formulas": False, "strings_to_urls": False})
        book.set_properties(
            {"title": title(self.report, self.lang), "author": self.exporter, "created": self.report.known_at}
        )
        self.bold = book.add_format({"bold": True})
        self.big = book.add_format({"bold": True, "font_size": 16, "align": "center"})
        self.wrap = book.add_format({"text_wrap": True, "valign": "top"})
        look = {"bold": True, "border": 1, "text_wrap": True, "align": "center", "valign": "vcenter"}
        self.head = book.add_format({**look, "bg_color": HEAD_FILL})
        self.cell = {
            (unit, strong): book.add_format({"num_format": shape, "border": 1, "bold": strong})
            for unit, shape in FORMATS.items()
            for strong in (False, True)
        }
        self.text = {strong: book.add_format({"border": 1, "bold": strong}) for strong in (False, True)}
        first, *others = self.report.tables
        self._sheet(book.add_worksheet(MAIN.get(self.lang)), first, notes=True)
        self._about(book.add_worksheet(ABOUT.get(self.lang)))
        for number, table in enumerate(others, 1):
            label = "×".join(one.get(self.lang) for one in table.labels)
            known = {sheet.get_name() for sheet in book.worksheets()}
            name = label[:31] if label[:31] not in known else f"{label[:27]}~{number}"
            self._sheet(book.add_worksheet(name), table, notes=False)
        book.close()

    def _sheet(self, sheet: Any, table: Table, *, notes: bool) -> None:
        measures, lang = self.report.measures, self.lang
        texts = [*(label.get(lang) for label in table.labels), "Theme" if lang == "en" else "专题"]
        texts.append("Tag" if lang == "en" else "标识")
        last = len(texts) + len(measures) - 1
        sheet.merge_range(0, 0, 0, max(1, last), title(self.report, lang), self.big)
        line = "  ".join(f"{name}：{text}" for name, text in particulars(self.report, self.scale, lang))
        sheet.write_string(1, 0, line)
        for column, head in enumerate([*texts, *(header(m, self.scale, lang) for m in measures)]):
            sheet.write_string(2, column, head, self.head)
        sheet.freeze_panes(3, len(texts))
        sheet.set_column(0, len(texts) - 2, 34 if not table.by else 24)
        sheet.set_column(len(texts) - 1, len(texts) - 1, 14)
        sheet.set_column(len(texts), last, 15)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(2)
        row = 3
        for one in rows_of(table, components=self.components):
            told = [*(name.get(lang) for name in one.names), indented(one, lang), one.tag]
            for column, text in enumerate(told):
                sheet.write_string(row, column, text, self.text[one.headline])
            for column, measure in enumerate(measures, len(told)):
                self._figure(sheet, row, column, one.values[measure.name], measure, one.headline)
            row += 1
        if notes:
            shown = [note.text.get(lang) for note in self.report.notes if note.about in (*ON_PAPER, "partial")]
            for number, text in enumerate(shown, 1):
                sheet.write_string(row + number, 0, f"{'Note' if lang == 'en' else '注'}{number}. {text}")

    def _figure(self, sheet: Any, row: int, column: int, value: Value, measure: Measure, strong: bool) -> None:
        look = self.cell[(measure.unit, strong)]
        if value is None:
            sheet.write_string(row, column, NOTHING, look)
            return
        exact = Decimal(value) / self.scale.yuan if measure.unit is Unit.MONEY else value
        sheet.write_number(row, column, float(exact), look)

    def _about(self, sheet: Any) -> None:
        """How the figures were made, so that anybody can repeat them."""
        en = self.lang == "en"
        sheet.set_column(0, 0, 22)
        sheet.set_column(1, 1, 110, self.wrap)
        pairs = [(MAIN.get(self.lang), title(self.report, self.lang))]
        pairs += particulars(self.report, self.scale, self.lang)
        pairs.append(("Digest of the pack" if en else "政策包摘要", self.report.pack.digest))
        if not self.report.where:
            pairs.append(("Filter" if en else "筛选", "none" if en else "无"))
        pairs.append(("Exported by" if en else "导出人", self.exporter or NOTHING))
        pairs.append(("Note" if en else "文字", self.report.pack.description.get(self.lang)))
        for row, (label, text) in enumerate(pairs):
            sheet.write_string(row, 0, label, self.bold)
            sheet.write_string(row, 1, text, self.wrap)
        start = len(pairs) + 1
        for row, note in enumerate(self.report.notes, start):
            sheet.write_string(row, 0, f"{'Note' if en else '注'}{row - start + 1}")
            sheet.write_string(row, 1, note.text.get(self.lang), self.wrap)
