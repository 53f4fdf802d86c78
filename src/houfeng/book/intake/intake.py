"""One file in, checked drafts out: the only place where reading, planning, typing and checking meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from houfeng.book.connection import scratch
from houfeng.book.draft import QUARANTINE, Draft, row_schema
from houfeng.book.intake.answers import Answers, Intake, Question
from houfeng.book.intake.codes import Codes
from houfeng.book.intake.exact import Unreadable, moment_of
from houfeng.book.intake.findings import Ledger, raw_rows
from houfeng.book.intake.headers import PERIOD_HEADERS, index_of, normalise, variants
from houfeng.book.intake.late import View, check_jumps, check_references, drop_duplicates
from houfeng.book.intake.part import PERIOD, REPORTER, TABLE, Feeder, Part, Shared
from houfeng.book.intake.plan import Plan, plan_table
from houfeng.book.intake.values import as_text
from houfeng.book.model import Kind, Time, code_lists
from houfeng.book.model import kinds as shipped_kinds
from houfeng.errors import InputError, Level, Problem, Text, UsageError, Where
from houfeng.exchange.raw import ROW, Known, Limits, column_name
from houfeng.exchange.tables import DEFAULT_LIMITS, read_tables


def prepare(
    path: Path,
    *,
    kind: str | None = None,
    reporter: str | None = None,
    period: date | None = None,
    mapping: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
    skip: tuple[str, ...] = (),
    unit: str | None = None,
    version: int | None = None,
    sent_at: datetime | None = None,
    snapshot: View | None = None,
    kinds: Mapping[str, Kind] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Intake:
    """Read a file and make drafts of it. `kind` may name several, separated by commas.

    Raises:
        InputError: the file cannot be read as data, is hostile, or changed while it was read.
        EnvironmentFault: no permission, or the disk failed.
        UsageError: an answer names what does not exist.
    """
    names = tuple(k.strip() for k in kind.split(",") if k.strip()) if kind else ()
    answers = Answers(names, reporter or "", period, mapping or {}, constants or {}, skip, unit or "", version, sent_at)
    return _Preparation(path, answers, kinds or shipped_kinds(), limits, snapshot).run()


class _Preparation:
    def __init__(
        self, path: Path, answers: Answers, kinds: Mapping[str, Kind], limits: Limits, snapshot: View | None
    ) -> None:
        self.path, self.answers, self.kinds, self.limits, self.snapshot = path, answers, kinds, limits, snapshot
        self.ledger = Ledger(path.name)
        self.codes = Codes(code_lists())
        self.con = scratch()
        self.parts: dict[str, Part] = {}
        self.plans: list[Plan] = []
        self.questions: list[Question] = []
        self.content_hash = ""

    def run(self) -> Intake:
        with self.con:
            strangers = []
            for table in read_tables(self.path, known=self._known(), limits=self.limits):
                self.content_hash = table.content_hash
                plan = plan_table(table, self.answers, self.kinds)
                if not plan.placements and (not table.recognised or normalise(table.sheet) in _GUIDES):
                    strangers.append(plan)
                    continue
                self._take(plan)
            self._strangers(strangers)
            self._check_mapping()
            drafts = [] if self.questions else self._finish()
        for question in self.questions:
            self.ledger.counts[question.code, question.where.field] += 1
        return Intake(drafts, self.ledger.problems, self.questions, self.ledger.counts)

    def _known(self) -> Known:
        known = {normalise(name) for name in [*self.answers.mapping, *self.answers.skip]} | PERIOD_HEADERS
        for kind in self.kinds.values():
            known.update(index_of(kind))
        return lambda text: any(form in known for form in variants(text))

    def _take(self, plan: Plan) -> None:
        """Read the rows of a settled table; of an unsettled one only its questions are kept."""
        self.plans.append(plan)
        if not plan.questions:
            self._read(plan)
        for note in plan.table.notes:
            self.ledger.add(note)
        self.questions += plan.questions

    def _read(self, plan: Plan) -> None:
        feeders = []
        for placement in plan.placements:
            part = self.parts.setdefault(placement.kind.name, Part(placement.kind))
            feeders.append(Feeder(plan, placement, part, self.ledger, self.con, self.codes))
        for batch in plan.table.batches():
            self._unnamed(plan, batch)
            shared: Shared = {}
            for feeder in feeders:
                feeder.feed(batch, shared)
        for feeder in feeders:
            feeder.tell()
            self._period_differs(plan, feeder)

    def _unnamed(self, plan: Plan, batch: pa.RecordBatch) -> None:
        for index in list(plan.unnamed):
            cells = pc.utf8_trim_whitespace(as_text(batch.column(column_name(index))))
            filled = cells.filter(pc.fill_null(pc.greater(pc.binary_length(cells), 0), False))
            if len(filled):
                plan.unnamed.remove(index)
                first = str(filled[0].as_py())[:40]
                plan.ask(
                    "intake.unnamed_column",
                    f"第 {index + 1} 列没有列名却有内容（如“{first}”）",
                    f"column {index + 1} has no header but holds “{first}”",
                    f"--skip-column '#{index + 1}'",
                )

    def _period_differs(self, plan: Plan, feeder: Feeder) -> None:
        told = self.answers.period
        others = sorted(p for p in feeder.seen_periods if p is not None and p != told)
        if told is None or plan.period_column is None or feeder.kind.time is Time.EVENT or not others:
            return
        shown = "、".join(str(p) for p in others[:5])
        plan.ask(
            "intake.period_differs",
            f"命令行说报告期是 {told}，文件里却有 {shown}",
            f"the command says {told}, the file holds {shown}",
            f"--period {others[0]}",
        )

    def _strangers(self, plans: list[Plan]) -> None:
        """Sheets where nothing is known: beside sheets that are, they are left out and named; alone, a question."""
        for plan in plans:
            if self.plans:
                message = Text("这里没有认得的列名，未读取", "nothing here is a known header; not read")
                self.ledger.add(
                    Problem(
                        "intake.sheet_not_read",
                        message,
                        plan.where,
                        Level.WARNING,
                        " | ".join(plan.table.headers)[:200],
                    )
                )
            else:
                self.questions += plan.questions
                for note in plan.table.notes:
                    self.ledger.add(note)

    def _check_mapping(self) -> None:
        headers = {normalise(h) for plan in self.plans for h in plan.table.headers}
        missing = [name for name in self.answers.mapping if normalise(name) not in headers]
        if self.plans and missing:
            names = "、".join(missing)
            raise UsageError(
                Text(f"--map 里的列在文件中没有：{names}", f"--map names columns the file does not have: {names}")
            )

    def _finish(self) -> list[Draft]:
        tables: dict[str, pa.Table] = {}
        for name, part in self.parts.items():
            good = pa.concat_tables(part.good) if part.good else None
            part.good.clear()
            if good is not None:
                tables[name] = drop_duplicates(part, good, self.con, self.ledger, partial(self._fetch, part))
            del good
        if self.snapshot is not None:
            for name, good in tables.items():
                others = {k: t for k, t in tables.items() if k != name}
                check_references(self.parts[name], good, others, self.snapshot, self.con, self.ledger)
        drafts = [draft for name, part in self.parts.items() for draft in self._drafts(part, tables.pop(name, None))]
        if self.snapshot is not None:
            for draft in drafts:
                self.questions += check_jumps(
                    draft, self.kinds[draft.kind], self.snapshot, self.con, self.ledger, bool(self.answers.unit)
                )
        return drafts

    def _fetch(self, part: Part, wanted: set[tuple[int, int]]) -> Mapping[tuple[int, int], str]:
        """Read the file again for the cells of a few rows."""
        found: dict[tuple[int, int], str] = {}
        for table in read_tables(self.path, known=self._known(), limits=self.limits):
            indices = {i for i, place in enumerate(part.tables) if place == (table.file, table.sheet)}
            rows = {row: t for t, row in wanted if t in indices}
            if rows:
                for batch in table.batches():
                    numbers = batch.column(ROW).to_numpy()
                    at = np.flatnonzero(np.isin(numbers, list(rows)))
                    raws = raw_rows(batch, at, table.headers) if len(at) else []
                    found.update(
                        {(rows[int(numbers[p])], int(numbers[p])): raw for p, raw in zip(at, raws, strict=True)}
                    )
        return found

    def _drafts(self, part: Part, good: pa.Table | None) -> Iterator[Draft]:
        """One draft per reporter and period."""
        bad = (
            pa.concat_tables([b.select([*QUARANTINE.names, PERIOD, REPORTER, TABLE]) for b in part.bad])
            if part.bad
            else None
        )
        groups = dict(_groups(good)) if good is not None else {}
        home = self._homes(part.kind, bad, list(groups), groups)
        for scope in dict.fromkeys([*groups, *home]):
            rows = groups.get(scope)
            yield self._draft(part, scope, rows, home.get(scope))

    def _homes(
        self, kind: Kind, bad: pa.Table | None, scopes: list[_Scope], groups: Mapping[_Scope, pa.Table]
    ) -> dict[_Scope, pa.Table]:
        """Bad rows by the draft they belong to; those whose own scope is unreadable go with the largest one."""
        if bad is None or not bad.num_rows:
            return {}
        own = list(zip(bad.column(PERIOD).to_pylist(), bad.column(REPORTER).cast(pa.string()).to_pylist(), strict=True))
        if not scopes:
            whole = [scope for scope in own if scope[1] and (scope[0] or kind.time is Time.EVENT)]
            scopes = [max(set(whole), key=whole.count)] if whole else []
        if not scopes:
            raise_no_scope(self.path.name, self.ledger.problems)
        largest = max(scopes, key=lambda s: groups[s].num_rows if s in groups else 0)
        chosen = [scope if scope in scopes else largest for scope in own]
        return {s: bad.filter(pa.array([c == s for c in chosen])).sort_by(ROW_NAME) for s in dict.fromkeys(chosen)}

    def _draft(self, part: Part, scope: _Scope, rows: pa.Table | None, bad: pa.Table | None) -> Draft:
        schema = row_schema(part.kind)
        used = sorted(
            {t for table in (rows, bad) if table is not None for t in pc.unique(table.column(TABLE)).to_pylist()}
        )
        places = [part.tables[i] for i in used]
        files = list(dict.fromkeys(file for file, _ in places))
        sheets = list(dict.fromkeys(sheet for _, sheet in places if sheet))
        name = self.path.name if files == [self.path.name] or len(files) != 1 else f"{self.path.name}/{files[0]}"
        return Draft(
            kind=part.kind.name,
            reporter=scope[1],
            period=scope[0],
            rows=rows.select(schema.names).cast(schema) if rows is not None else schema.empty_table(),
            quarantine=bad.select(QUARANTINE.names) if bad is not None else QUARANTINE.empty_table(),
            file=name,
            sheet=" + ".join(sheets),
            content_hash=self.content_hash,
            version=self.answers.version if self.answers.version is not None else self._stated_version(),
            sent_at=self.answers.sent_at or self._stated_moment(),
        )

    def _stated(self, name: str) -> str:
        return next((plan.table.stated[name] for plan in self.plans if plan.table.stated.get(name)), "")

    def _stated_version(self) -> int | None:
        digits = "".join(c for c in self._stated("version") if c.isdecimal())
        return int(digits) if digits and len(digits) < 9 else None

    def _stated_moment(self) -> datetime | None:
        text = self._stated("sent_at")
        try:
            return moment_of(text) if text else None
        except Unreadable:
            message = Text(
                f"看不懂的报送时间：{text}，未采用", f"the sending time cannot be read and is not used: {text}"
            )
            self.ledger.once(Problem("intake.sent_at_unreadable", message, Where(self.path.name), Level.WARNING, text))
            return None


_Scope = tuple[date | None, str]
ROW_NAME = "row"
_GUIDES = frozenset(("说明", "填报说明", "填表说明", "码表", "目录", "封面", "字典", "数据字典", "readme", "guide"))
_FEW = 64
_SOME = 20


def raise_no_scope(file: str, problems: Sequence[Problem]) -> None:
    """No row says for which period and by whom."""
    message = Text(f"{file}：没有一行写明可用的报告期和报送机构", f"{file}: no row has a usable period and reporter")
    raise InputError(message, (Problem("intake.no_scope", message, Where(file)), *problems[:_SOME]))


def _groups(good: pa.Table) -> Iterator[tuple[_Scope, pa.Table]]:
    """Good rows by (period, reporter), in order of period and reporter."""
    scopes = (
        good.select([PERIOD, REPORTER])
        .set_column(1, REPORTER, good.column(REPORTER).cast(pa.string()))
        .group_by([PERIOD, REPORTER])
        .aggregate([])
    )
    pairs: list[_Scope] = sorted(
        zip(scopes.column(PERIOD).to_pylist(), scopes.column(REPORTER).to_pylist(), strict=True),
        key=lambda s: (s[0] or date.min, s[1]),
    )
    if len(pairs) == 1:
        yield pairs[0], good
        return
    if len(pairs) > _FEW:
        good = good.set_column(good.schema.get_field_index(REPORTER), REPORTER, good.column(REPORTER).cast(pa.string()))
        good = good.sort_by([(PERIOD, "ascending"), (REPORTER, "ascending"), (ROW, "ascending")])
    for period, reporter in pairs:
        mask = pc.equal(good.column(REPORTER).cast(pa.string()), reporter)
        if period is not None:
            mask = pc.and_(mask, pc.equal(good.column(PERIOD), pa.scalar(period, pa.date32())))
        yield (period, reporter), good.filter(mask)
