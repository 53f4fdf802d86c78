"""What a table is: which kinds it feeds, which column is which field, in what unit, for whom and for when.

Everything that cannot be settled becomes a question, and all questions of a table are asked together.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from houfeng.book.intake.answers import Answers, Question
from houfeng.book.intake.exact import UNIT_FACTORS, Unreadable, period_of
from houfeng.book.intake.headers import (
    PERIOD_HEADERS,
    Column,
    Placement,
    find_field,
    mapped,
    names_of,
    normalise,
    place,
)
from houfeng.book.model import Field, Kind, Time, Type
from houfeng.errors import Text, UsageError, Where, did_you_mean
from houfeng.exchange.layout import title_period
from houfeng.exchange.raw import RawTable
from houfeng.exchange.workbook import MARKS

_NUMBERING = frozenset(("序号", "行号", "no", "no.", "#", "rownumber", "rownum"))
_MARKS = frozenset(normalise(mark) for mark in MARKS)
_PERIOD = Field("period", Type.DATE, Text("数据日期", "Period"))


@dataclass
class Plan:
    """How one table becomes drafts."""

    table: RawTable
    placements: list[Placement] = field(default_factory=list)
    period: date | None = None  # for every row, where no column says it
    period_column: Column | None = None
    reporter: str = ""  # for every row, where no column says it
    reporter_column: Column | None = None
    unnamed: list[int] = field(
        default_factory=list
    )  # columns without a header; asked about if there is anything in them
    questions: list[Question] = field(default_factory=list)

    @property
    def where(self) -> Where:
        return Where(self.table.file, sheet=self.table.sheet, row=self.table.header_row)

    def ask(self, code: str, zh: str, en: str, *options: str, name: str = "") -> None:
        """Add a question about this table."""
        self.questions.append(Question(code, Text(zh, en), self.where._replace(field=name), options))


def plan_table(table: RawTable, answers: Answers, kinds: Mapping[str, Kind]) -> Plan:
    """Settle what `table` is, as far as it can be.

    Raises:
        UsageError: an answer names a kind or a field that does not exist.
    """
    plan = Plan(table)
    chosen = _choose(plan, answers, kinds)
    if not chosen:
        return plan
    _check_answers(answers, chosen)
    plan.placements = [_placement(kind, table, answers) for kind in chosen]
    _settle_period(plan, answers)
    _settle_reporter(plan, answers)
    plan.placements = [_with_units(plan, placement, answers) for placement in plan.placements]
    _ask_missing(plan)
    _ask_unplaced(plan, answers, kinds)
    return plan


def _placement(kind: Kind, table: RawTable, answers: Answers) -> Placement:
    columns = place(kind, table.headers, answers.mapping, answers.skip)
    constants = {}
    for target, value in answers.constants.items():
        owner, _, name = target.rpartition(".")
        if name in kind.fields and owner in ("", kind.name):
            constants[name] = value
    for name in constants:
        columns.pop(name, None)
    currency = table.stated.get("currency", "")
    if currency and "currency" in kind.fields and "currency" not in columns and "currency" not in constants:
        constants["currency"] = currency
        table.note(
            "intake.currency_stated", f"币种取自表头上方：{currency}", f"currency taken from the title: {currency}"
        )
    return Placement(kind, columns, constants)


def _choose(plan: Plan, answers: Answers, kinds: Mapping[str, Kind]) -> list[Kind]:
    table = plan.table
    if answers.kinds:
        for name in answers.kinds:
            if name not in kinds:
                near = did_you_mean(name, kinds)
                raise UsageError(
                    Text(f"没有名为 {name} 的记录种类。{near.zh}", f"there is no record kind {name}. {near.en}")
                )
        return [kinds[name] for name in answers.kinds]
    ranked = sorted(
        (_rank(kind, table, answers) for kind in kinds.values()), key=lambda r: (-r.placed, not r.complete, r.kind.name)
    )
    best = ranked[0] if ranked else None
    named = sum(1 for h in table.headers if h)
    if best is None or best.placed < 2 or best.placed * 4 < named:
        options = tuple(f"--kind {r.kind.name}" for r in ranked[:3] if r.placed)
        plan.ask(
            "intake.unknown_kind",
            "看不出这是哪一种记录",
            "it cannot be told which record kind this is",
            *(options or ("--kind",)),
        )
        return []
    rivals = [r for r in ranked[1:] if r.score == best.score and not _siblings(r.kind, best.kind)]
    if rivals:
        names = [best.kind.name, *(r.kind.name for r in rivals)]
        plan.ask(
            "intake.ambiguous_kind",
            f"可能是 {'、'.join(names)}",
            f"it may be {', '.join(names)}",
            *(f"--kind {n}" for n in names),
        )
        return []
    chosen = [best.kind]
    taken = best.indices
    for rank in ranked[1:]:
        if _siblings(rank.kind, best.kind) and rank.complete and rank.indices - taken:
            chosen.append(rank.kind)
            taken |= rank.indices
    names_zh, names_en = "、".join(k.label.zh for k in chosen), ", ".join(k.name for k in chosen)
    table.note(
        "intake.kind",
        f"按表头认作：{names_zh}（{best.placed}/{named} 列）",
        f"taken as {names_en} ({best.placed} of {named} columns)",
    )
    return chosen


@dataclass(frozen=True)
class _Rank:
    kind: Kind
    placed: int
    complete: bool
    indices: frozenset[int]

    @property
    def score(self) -> tuple[int, bool]:
        return self.placed, self.complete


def _rank(kind: Kind, table: RawTable, answers: Answers) -> _Rank:
    columns = place(kind, table.headers, answers.mapping, answers.skip)
    given = {target.rpartition(".")[2] for target in answers.constants}
    stated = {"period", kind.time_field if kind.time is not Time.EVENT else "", kind.reporter_field}
    complete = all(f.name in columns or f.name in given or f.name in stated for f in kind.fields.values() if f.required)
    indices = frozenset(c.index for c in columns.values())
    return _Rank(kind, len(indices), complete, indices)


def _siblings(one: Kind, other: Kind) -> bool:
    return bool(one.official) and one.official == other.official


def _check_answers(answers: Answers, chosen: Sequence[Kind]) -> None:
    """An answer about a field no chosen kind has is a slip of the pen, to be told with the nearest name."""
    fields = {name for kind in chosen for name in kind.fields}
    for target in [*answers.mapping.values(), *answers.constants]:
        name = target.rpartition(".")[2]
        if name not in fields:
            near = did_you_mean(name, fields)
            names = "、".join(k.name for k in chosen)
            raise UsageError(Text(f"{names} 没有字段 {name}。{near.zh}", f"{names} has no field {name}. {near.en}"))


def _settle_period(plan: Plan, answers: Answers) -> None:
    kinds = [p.kind for p in plan.placements if p.kind.time is not Time.EVENT]
    if not kinds:
        return
    for placement in plan.placements:
        if placement.kind.time is Time.PERIOD and "period" in placement.columns:
            plan.period_column = placement.columns["period"]
    taken = {c.index for p in plan.placements for c in p.columns.values()}
    if plan.period_column is None:
        for index, header in enumerate(plan.table.headers):
            if index not in taken and normalise(header) in PERIOD_HEADERS:
                plan.period_column = Column(index, header, _PERIOD)
    if plan.period_column is not None:
        return
    stated = _stated_period(plan)
    plan.period = answers.period or stated
    if answers.period and stated and stated != answers.period:
        zh = f"命令行说报告期是 {answers.period}，文件里写的是 {stated}"
        plan.ask(
            "intake.period_differs",
            zh,
            f"the command says {answers.period}, the file says {stated}",
            f"--period {stated}",
        )
    if plan.period is None:
        plan.ask(
            "intake.no_period",
            "没有写明报告期（数据日期）",
            "it is not said for which period or day this is",
            f"--period {title_period(plan.table.file) or '2026-01'}",
        )


def _stated_period(plan: Plan) -> date | None:
    table = plan.table
    sources = (
        (table.stated.get("period", ""), "表头上方", "the title rows"),
        (table.stated.get("title_period", ""), "标题", "the title"),
        (title_period(table.sheet) or table.sheet, f"工作表名“{table.sheet}”", f"the sheet name “{table.sheet}”"),
    )
    for text, zh, en in sources:
        try:
            found = period_of(text.strip()).value if text else None
        except Unreadable:
            continue
        if found:
            table.note("intake.period_stated", f"报告期取自{zh}：{found}", f"period taken from {en}: {found}")
            return found
    return None


def _settle_reporter(plan: Plan, answers: Answers) -> None:
    if answers.reporter:
        plan.reporter = answers.reporter
        return
    for placement in plan.placements:
        name = placement.kind.reporter_field
        if name and name in placement.columns:
            plan.reporter_column = placement.columns[name]
            return
        if name and name in placement.constants:
            plan.reporter = placement.constants[name]
            return
    plan.reporter = plan.table.stated.get("reporter", "")
    if plan.reporter:
        plan.table.note(
            "intake.reporter_stated",
            f"报送机构取自表头上方：{plan.reporter}",
            f"reporter taken from the title rows: {plan.reporter}",
        )
    else:
        plan.ask("intake.no_reporter", "没有写明由谁报送", "it is not said who reports this", "--reporter 代码")


def _with_units(plan: Plan, placement: Placement, answers: Answers) -> Placement:
    """Bring every amount to yuan: the sender's word first, then the header's unit, then the title's."""
    general, special = _unit_answers(answers, plan)
    stated = plan.table.stated.get("unit", "")
    columns = {}
    for name, column in placement.columns.items():
        if name in special:
            column = _scaled(plan, column, special[name], "--unit")
        elif column.field.type is Type.MONEY:
            if general:
                column = _scaled(plan, column, general, "--unit")
            elif column.said:
                column = _scaled(plan, column, column.said, "header")
            elif stated:
                column = _scaled(plan, column, _unit_in(stated), "title", stated)
        columns[name] = column
    return dataclasses.replace(placement, columns=columns, constants=_with_constants(plan, placement))


def _with_constants(plan: Plan, placement: Placement) -> dict[str, str]:
    """Period and reporter as fields of their own, where the kind has them and no column does."""
    constants = dict(placement.constants)
    kind = placement.kind
    if "period" in kind.fields and "period" not in placement.columns and plan.period is not None:
        constants["period"] = plan.period.isoformat()
    name = kind.reporter_field
    if name and name not in placement.columns and name not in constants and plan.reporter:
        constants[name] = plan.reporter
        plan.table.note(
            "intake.reporter_as_field",
            f"没有“{kind.fields[name].label.zh}”列，用报送机构 {plan.reporter} 填入",
            f"there is no column for {name}; the reporter {plan.reporter} is put in",
        )
    return constants


def _unit_answers(answers: Answers, plan: Plan) -> tuple[str, dict[str, str]]:
    general, special = "", {}
    for part in filter(None, (p.strip() for p in re.split(r"[,，;；]", answers.unit))):
        name, _, unit = part.rpartition("=")
        if unit.casefold() not in UNIT_FACTORS and unit != "fraction":
            raise UsageError(
                Text(
                    f"不认得的单位：{unit}；可用 元、千元、万元、百万元、亿元",
                    f"unknown unit: {unit}; use 元, 千元, 万元, 百万元 or 亿元",
                )
            )
        if name:
            special[name] = unit
        else:
            general = unit
    fields = {f for p in plan.placements for f in p.kind.fields}
    if unknown := set(special) - fields:
        raise UsageError(
            Text(f"--unit 里没有这个字段：{sorted(unknown)}", f"--unit names no such field: {sorted(unknown)}")
        )
    return general, special


def _unit_in(stated: str) -> str:
    """The money unit inside a statement such as “人民币万元、%”."""
    found = re.search(r"(百万元|千元|万元|亿元|元)", stated)
    return "" if found is None or re.search(r"美元|欧元|日元|港元", stated) else found[1]


def _scaled(plan: Plan, column: Column, unit: str, source: str, stated: str = "") -> Column:
    if unit == "fraction":
        return dataclasses.replace(column, factor=Fraction(100), said="fraction")
    factor = UNIT_FACTORS.get(unit.casefold())
    if factor is None:
        plan.ask(
            "intake.unknown_unit",
            f"不认得的单位：{stated or unit}",
            f"unknown unit: {stated or unit}",
            "--unit 元",
            "--unit 万元",
            name=column.field.name,
        )
        return column
    if factor != 1:
        where = {
            "--unit": Text("命令行", "the command line"),
            "header": Text("列名", "the header"),
            "title": Text("表头上方", "the title rows"),
        }[source]
        plan.table.note(
            "intake.unit",
            f"“{column.header}”按{unit}（{where.zh}），乘 {factor:,} 折成元",
            f"“{column.header}” is in {unit} ({where.en}): multiplied by {factor:,}",
        )
    return dataclasses.replace(column, factor=Fraction(factor), said=unit)


def _ask_missing(plan: Plan) -> None:
    for placement in plan.placements:
        kind = placement.kind
        for item in kind.fields.values():
            if not item.required or item.name in placement.offered or item.name in ("period", kind.reporter_field):
                continue
            near = _nearest_header(plan, item)
            options = ([f"--map '{near}={item.name}'"] if near else [f"--map '列名={item.name}'"]) + [
                f"--constant '{item.name}=值'"
            ]
            plan.ask(
                "intake.missing_column",
                f"{kind.label.zh}缺少必填列“{item.label.zh}”（{item.name}）",
                f"{kind.name} lacks the required column {item.name} ({item.label.en})",
                *options,
                name=item.name,
            )


def _unplaced(plan: Plan) -> list[tuple[int, str]]:
    taken = {c.index for p in plan.placements for c in p.columns.values()}
    if plan.period_column is not None:
        taken.add(plan.period_column.index)
    return [(i, h) for i, h in enumerate(plan.table.headers) if i not in taken]


def _nearest_header(plan: Plan, item: Field) -> str:
    free = {normalise(h): h for _, h in _unplaced(plan) if h}
    for name in names_of(item):
        if name and (near := difflib.get_close_matches(normalise(name), list(free), n=1, cutoff=0.6)):
            return free[near[0]]
    return ""


def _ask_unplaced(plan: Plan, answers: Answers, kinds: Mapping[str, Kind]) -> None:
    skipped = {normalise(s) for s in answers.skip}
    related = _related([p.kind for p in plan.placements], kinds)
    left_out, elsewhere = [], []
    for index, header in _unplaced(plan):
        if not header:
            if "*" not in answers.skip and f"#{index + 1}" not in answers.skip:
                plan.unnamed.append(index)
        elif (
            normalise(header) in skipped
            or "*" in answers.skip
            or normalise(header) in _NUMBERING | _MARKS
            or normalise(header) in PERIOD_HEADERS
        ) or any(find_field(p.kind, header) in p.constants for p in plan.placements):
            left_out.append(header)
        elif any(find_field(p.kind, header) for p in plan.placements):
            _ask_column(plan, header)
        elif any(find_field(kind, header) for kind in related) or mapped(
            plan.placements[0].kind, header, answers.mapping
        ):
            elsewhere.append(header)
        else:
            _ask_column(plan, header)
    if left_out:
        plan.table.note(
            "intake.skipped", f"不取的列：{'、'.join(left_out)}", f"columns left out: {', '.join(left_out)}"
        )
    if elsewhere:
        kind = plan.placements[0].kind
        plan.table.note(
            "intake.elsewhere",
            f"这些列属于别的记录，{kind.label.zh}不取：{'、'.join(elsewhere)}",
            f"columns that belong to other kinds and are not taken into {kind.name}: {', '.join(elsewhere)}",
        )


def _related(chosen: Sequence[Kind], kinds: Mapping[str, Kind]) -> list[Kind]:
    """Kinds one or two relations away, and those reported in the same official table."""
    near = list(chosen)
    for _ in range(2):
        near += [
            kinds[r.kind]
            for kind in list(near)
            for r in kind.relations.values()
            if r.kind in kinds and kinds[r.kind] not in near
        ]
    near += [k for k in kinds.values() if any(_siblings(k, c) for c in chosen) and k not in near]
    return near


def _ask_column(plan: Plan, header: str) -> None:
    names = {}
    for placement in plan.placements:
        for item in placement.kind.fields.values():
            if item.name not in placement.offered:
                names.update({normalise(n): item.name for n in names_of(item) if n})
    near = difflib.get_close_matches(normalise(header), list(names), n=1, cutoff=0.5)
    target = names[near[0]] if near else "字段"
    already = next((f for p in plan.placements if (f := find_field(p.kind, header))), "")
    zh = f"列“{header}”与已取的列都指 {already}" if already else f"不知道列“{header}”放在哪个字段"
    en = (
        f"column “{header}” means {already}, which another column fills"
        if already
        else f"column “{header}” cannot be placed"
    )
    plan.ask("intake.unknown_column", zh, en, f"--map '{header}={target}'", f"--skip-column '{header}'", name=header)
