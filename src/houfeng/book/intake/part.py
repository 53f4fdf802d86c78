"""The rows of one kind, as batches come in: typed, checked, the bad ones set aside with what was found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from houfeng.book.intake.codes import Codes
from houfeng.book.intake.findings import Finding, Ledger, Positions, quarantine_of
from houfeng.book.intake.headers import Column, Placement
from houfeng.book.intake.plan import Plan
from houfeng.book.intake.values import Reader, constant
from houfeng.book.model import ARROW, Kind, Time, Type
from houfeng.errors import Level, Problem, Text, Where
from houfeng.exchange.raw import ROW, column_name

Read = tuple[pa.Array, list[Finding]]
Shared = dict[tuple[object, ...], Read]
PERIOD, REPORTER, HASH, TABLE = "_period", "_reporter", "_hash", "_table"


@dataclass
class Part:
    """All rows of one kind in one file.

    `good` has the kind's columns, `_row`, and for splitting `_period`, `_reporter`, `_hash` (of the key within its
    scope) and `_table` (index into `tables`). `bad` has the quarantine's columns, `_period`, `_reporter` and `_table`.
    """

    kind: Kind
    good: list[pa.Table] = field(default_factory=list)
    bad: list[pa.Table] = field(default_factory=list)
    tables: list[tuple[str, str]] = field(default_factory=list)  # (file, sheet)


class Feeder:
    """Feeds the batches of one table into the part of one kind."""

    def __init__(
        self, plan: Plan, placement: Placement, part: Part, ledger: Ledger, con: duckdb.DuckDBPyConnection, codes: Codes
    ) -> None:
        self.plan, self.placement, self.part, self.ledger, self._con = plan, placement, part, ledger, con
        self.kind = placement.kind
        self.reader = Reader(codes)
        self.seen_periods: set[Any] = set()
        part.tables.append((plan.table.file, plan.table.sheet))
        self._table = len(part.tables) - 1
        self._constants: dict[str, Any] = {}
        for name, text in placement.constants.items():
            value, findings = constant(self.kind.fields[name], text, self.reader)
            self._constants[name] = value["value"]
            for finding in findings:
                plan.ask(
                    "intake.bad_constant",
                    f"{name} 的值 {text} 不可用：{finding.message.zh}",
                    f"{text} is no value for {name}: {finding.message.en}",
                    f"--constant '{name}=值'",
                    name=name,
                )

    def _column(self, column: Column, batch: pa.RecordBatch, shared: Shared, period: bool) -> Read:
        """One column typed; where two kinds take the same column in the same way it is read once."""
        item = column.field
        key = (column.index, item.name, item.type, item.code_list, item.pattern, item.check, item.length, period)
        if key not in shared:
            shared[key] = self.reader.read(column, batch.column(column_name(column.index)), period=period)
        return shared[key]

    def feed(self, batch: pa.RecordBatch, shared: Shared) -> None:
        """Type and check one batch, and keep its rows. `shared` holds what this batch's other kinds read."""
        findings: list[Finding] = []
        columns: dict[str, pa.Array] = {}
        count = batch.num_rows
        for item in self.kind.fields.values():
            column = self.placement.columns.get(item.name)
            if column is not None:
                is_period = item.name == "period" and self.kind.time is Time.PERIOD
                columns[item.name], found = self._column(column, batch, shared, is_period)
                findings += found
            elif item.name in self._constants:
                columns[item.name] = pa.repeat(self._constants[item.name].cast(ARROW[item.type]), count)
            else:
                columns[item.name] = pa.nulls(count, ARROW[item.type])
        self._fill_cny(columns)
        periods = self._periods(batch, columns, findings, shared)
        reporters = self._reporters(batch, findings, shared)
        self._required(columns, findings)
        self._rejected(batch, findings)
        typed = pa.Table.from_arrays(
            [*columns.values(), batch.column(ROW), periods, reporters], names=[*columns, ROW, PERIOD, REPORTER]
        )
        findings += self._row_checks(typed)
        self._keep(batch, typed, findings)

    def _fill_cny(self, columns: dict[str, pa.Array]) -> None:
        """An amount in CNY that is not given is the amount itself, where the currency is CNY or not said."""
        for item in self.kind.fields.values():
            if not item.in_cny_of:
                continue
            native = pc.fill_null(pc.equal(columns["currency"], "CNY"), True)
            empty = pc.and_(pc.is_null(columns[item.name]), pc.is_valid(columns[item.in_cny_of]))
            if pc.any(pc.and_(empty, native)).as_py():
                columns[item.name] = pc.if_else(pc.and_(empty, native), columns[item.in_cny_of], columns[item.name])
                source, target = self.kind.fields[item.in_cny_of].label, item.label
                message = Text(
                    f"未填的{target.zh}取{source.zh}（人民币）", f"{target.en} not given: taken from {source.en}"
                )
                where = Where(self.ledger.file, field=item.name)
                self.ledger.once(Problem("intake.filled", message, where, Level.NOTE))

    def _periods(
        self, batch: pa.RecordBatch, columns: dict[str, pa.Array], findings: list[Finding], shared: Shared
    ) -> pa.Array:
        if self.kind.time is Time.EVENT:
            return pa.nulls(batch.num_rows, pa.date32())
        if self.kind.time is Time.PERIOD and "period" in columns:
            periods = columns["period"]
        elif self.plan.period_column is not None:
            column = self.plan.period_column
            periods, found = self._column(column, batch, shared, True)
            findings += found
            if periods.null_count and not found:
                self._empty(findings, column.field.name, column.header, periods)
        else:
            periods = pa.repeat(pa.scalar(self.plan.period, pa.date32()), batch.num_rows)
        self.seen_periods.update(pc.unique(periods).to_pylist())
        return periods

    def _reporters(self, batch: pa.RecordBatch, findings: list[Finding], shared: Shared) -> pa.Array:
        column = self.plan.reporter_column
        if column is None:
            return pa.repeat(pa.scalar(self.plan.reporter), batch.num_rows).dictionary_encode()
        values, found = self._column(column, batch, shared, False)
        if column.field.name not in self.kind.fields:
            findings += found
            if values.null_count and not found:
                self._empty(findings, column.field.name, column.header, values)
        return values.dictionary_encode()

    def _empty(self, findings: list[Finding], name: str, header: str, values: pa.Array) -> None:
        at = np.flatnonzero(np.asarray(values.is_null().to_numpy(zero_copy_only=False))).astype(np.int64)
        taken = (
            {int(p) for f in findings if f.field == name and f.level is Level.ERROR for p in f.at}
            if findings
            else set()
        )
        at = np.array([p for p in at.tolist() if p not in taken], dtype=np.int64) if taken else at
        if len(at):
            findings.append(Finding("intake.required", Level.ERROR, name, header, at, [""] * len(at), _REQUIRED, _FILL))

    def _required(self, columns: dict[str, pa.Array], findings: list[Finding]) -> None:
        for item in self.kind.fields.values():
            if item.required and columns[item.name].null_count:
                column = self.placement.columns.get(item.name)
                self._empty(findings, item.name, column.header if column else "", columns[item.name])

    def _rejected(self, batch: pa.RecordBatch, findings: list[Finding]) -> None:
        """Rows whose cells do not fit the columns at all."""
        if not self.plan.table.rejected:
            return
        for position, row in enumerate(batch.column(ROW).to_pylist()):
            why = self.plan.table.rejected.get(row)
            if why is not None:
                at = np.array([position], dtype=np.int64)
                findings.append(Finding("intake.row_width", Level.ERROR, "", "", at, [""], why, _WIDTH))

    def _row_checks(self, typed: pa.Table) -> list[Finding]:
        """The kind's own checks: SQL conditions over the typed row, all in one scan."""
        checks = self.kind.checks
        if not checks:
            return []
        numbered = typed.select([n for n in typed.column_names if n != REPORTER]).append_column(
            "_at", pa.array(np.arange(typed.num_rows))
        )
        flags = ", ".join(f"coalesce(({check.when}), false) AS f{i}" for i, check in enumerate(checks))
        some = " OR ".join(f"f{i}" for i in range(len(checks)))
        self._con.register("batch", numbered)
        names = ", ".join(f"f{i}" for i in range(len(checks)))
        found = arrow_of(
            self._con, f"SELECT _at, {names} FROM (SELECT _at, {flags} FROM batch) WHERE {some} ORDER BY _at"
        )
        self._con.unregister("batch")
        if not found.num_rows:
            return []
        at = found.column("_at").to_numpy()
        return [
            self._check_finding(i, at[found.column(f"f{i}").to_numpy()], typed)
            for i in range(len(checks))
            if pc.any(found.column(f"f{i}")).as_py()
        ]

    def _check_finding(self, index: int, at: Positions, typed: pa.Table) -> Finding:
        check = self.kind.checks[index]
        some = typed.select(list(check.fields)).take(pa.array(at)).to_pylist()
        values = [", ".join(f"{k}={v}" for k, v in row.items() if v is not None) for row in some]
        first = check.fields[0] if check.fields else ""
        column = self.placement.columns.get(first)
        return Finding(
            f"{self.kind.name}.{check.code}",
            Level(check.level),
            first,
            column.header if column else "",
            at,
            values,
            check.reason,
            check.suggestion,
        )

    def _keep(self, batch: pa.RecordBatch, typed: pa.Table, findings: list[Finding]) -> None:
        table = self.plan.table
        rows = batch.column(ROW).to_numpy()
        for finding in findings:
            self.ledger.take(finding, rows, table.sheet, table.file)
        at, bad = quarantine_of(batch, table.sheet, table.headers, findings)
        if len(at):
            taken = typed.take(pa.array(at))
            self.part.bad.append(
                self._tag(
                    bad.append_column(PERIOD, taken.column(PERIOD)).append_column(REPORTER, taken.column(REPORTER))
                )
            )
            keep = np.ones(typed.num_rows, dtype=np.bool_)
            keep[at] = False
            typed = typed.filter(pa.array(keep))
        if typed.num_rows:
            self.part.good.append(self._tag(typed.append_column(HASH, pa.array(self._hashes(typed)))))

    def _tag(self, table: pa.Table) -> pa.Table:
        return table.append_column(TABLE, pa.repeat(pa.scalar(self._table, pa.int32()), table.num_rows))

    def _hashes(self, typed: pa.Table) -> NDArray[np.uint64]:
        """A hash of each row's key within its scope; equal keys are compared in full only where hashes meet."""
        names = list(self.kind.key) if self.kind.time is Time.EVENT else [*self.kind.key, PERIOD, REPORTER]
        keys = typed.select(names).append_column("_at", pa.array(np.arange(typed.num_rows)))
        self._con.register("keys", keys)
        parts = ", ".join(f"coalesce(CAST({name} AS VARCHAR), '')" for name in names)
        found = arrow_of(self._con, f"SELECT _at, hash({parts}) AS h FROM keys")
        self._con.unregister("keys")
        hashes = np.empty(typed.num_rows, dtype=np.uint64)
        hashes[found.column("_at").to_numpy()] = found.column("h").to_numpy()
        return hashes

    def tell(self) -> None:
        """Say what was learned about each column, once."""
        table = self.plan.table
        for name, said in self.reader.said.items():
            where = Where(table.file, sheet=table.sheet, field=name)
            styles = sorted(s for s in said.dates if s not in ("2026-01-31", ""))
            if styles:
                shown = ", ".join(styles)
                self._note(where, "intake.date_style", f"日期写法：{shown}", f"dates written as {shown}")
            if said.translated:
                shown = "，".join(f"{a}→{b}" for a, b in list(said.translated.items())[:8])
                self._note(where, "intake.translated", f"译为代码：{shown}", f"translated to codes: {shown}")
            if said.missing:
                shown = " ".join(sorted(said.missing))
                self._note(where, "intake.read_as_empty", f"按空值处理：{shown}", f"read as empty: {shown}")
        self._tell_strangers()
        self._tell_rates()

    def _tell_strangers(self) -> None:
        codes, table = self.reader.codes, self.plan.table
        for name in list(codes.strange):
            count = codes.strange.pop(name)
            some = "、".join(codes.strangers.pop(name, []))
            if count and name in self.kind.fields:
                message = Text(
                    f"{count:,} 个代码不是统一社会信用代码，照收",
                    f"{count:,} ids are no unified social credit codes; taken as they are",
                )
                self.ledger.once(
                    Problem(
                        "intake.foreign_ids",
                        message,
                        Where(table.file, sheet=table.sheet, field=name),
                        Level.WARNING,
                        some,
                    )
                )

    def _tell_rates(self) -> None:
        """A percent-formatted Excel column arrives as fractions, and nothing in the cell says so."""
        for name, column in self.placement.columns.items():
            if column.field.type is not Type.RATE or column.said == "fraction" or not self.part.good:
                continue
            rates = self.part.good[-1].column(name)
            top = pc.max(rates).as_py()
            if top is not None and 0 < top < _FRACTION and pc.count_distinct(rates).as_py() > 1:
                where = Where(self.plan.table.file, sheet=self.plan.table.sheet, field=name)
                message = Text(
                    f"最大值只有 {top.normalize()}%，可能是小数而不是百分数",
                    f"the largest is {top.normalize()} %: perhaps fractions, not percent",
                )
                hint = Text(
                    f"若是小数，加 --unit {name}=fraction", f"if they are fractions, add --unit {name}=fraction"
                )
                self.ledger.once(Problem("intake.rate_as_fraction", message, where, Level.WARNING, suggestion=hint))

    def _note(self, where: Where, code: str, zh: str, en: str) -> None:
        self.ledger.once(Problem(code, Text(zh, en), where, Level.NOTE))


def arrow_of(con: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    """The result of a query over registered Arrow tables."""
    found = con.sql(sql)
    assert found is not None
    return found.to_arrow_table()


_REQUIRED = Text("必填项为空", "a required value is missing")
_FILL = Text("补填后重新报送", "fill it in and send again")
_WIDTH = Text("检查该行的分隔符和引号", "look at the delimiters and quotes of the row")
_FRACTION = 0.3
