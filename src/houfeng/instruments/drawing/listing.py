"""The items of an instrument as one table: judged, set apart from other tools, with days, base, points and limits.

Each loan gets at most one tool of an exclusive group. Among those it is eligible for, the lowest order has it; a note
that was claimed under one stays with it, whatever the order would say now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from houfeng.errors import InputError, Text, UsageError
from houfeng.instruments.amounts.shape import YEAR, Ceiling, Prepayment, Shape
from houfeng.instruments.definitions import excludes, excluding, shares_of
from houfeng.instruments.drawing.judged import Judged
from houfeng.instruments.eligibility import FAILED, UNKNOWN, judge_sql
from houfeng.packs.grants import Instrument
from houfeng.packs.language.expression import Node
from houfeng.packs.model import Pack
from houfeng.packs.roads.compile import Views
from houfeng.packs.roads.grants import constant
from houfeng.packs.roads.sql import literal, name

NOTE = ("institution_id", "contract_no", "note_no")


class Over(NamedTuple):
    """What of a kind is the item's number and day, and the principal of its note."""

    item: str
    day: str
    principal: str


OVER: Mapping[str, Over] = {
    "loan": Over("", "disbursed_on", "principal"),
    "consumer_purchase": Over("purchase_no", "purchased_on", "loan.principal"),
}
DAY_COUNTS: Mapping[str, int] = {"act/365": 365, "act/360": 360}
FUNDING = ("relending", "psl", "rediscount")


class Taken(NamedTuple):
    """A note, or one purchase of it, that has been claimed under an instrument."""

    institution_id: str
    contract_no: str
    note_no: str
    instrument: str
    item_no: str = ""


@dataclass(frozen=True)
class Listing:
    """The items of an instrument. `sql` gives one row for each row of the kind: the item's columns, then

    `eligible` (null: unknown), `failed` and `unknown` masks, `ahead` (an instrument of the group that comes first) and
    `held` (the instrument it has been claimed under).
    """

    sql: str
    shape: Shape
    instrument: Instrument
    prepayment: Prepayment
    carried: tuple[str, ...]


def shape_of(pack: Pack, instrument: Instrument, day: date, known: date) -> Shape:
    """How the instrument counts on `day`, as known on `known`.

    Raises:
        UsageError: no claim can be drawn for this kind of instrument.
        InputError: a parameter of it says what cannot be.
    """
    if instrument.over not in OVER or instrument.base is None or not _points(instrument):
        raise UsageError(
            Text(
                f"{instrument.label.zh} 不按笔申领，无法逐笔生成申领",
                f"{instrument.name} is not claimed loan by loan: no claim can be drawn",
            )
        )
    ceilings = tuple(Ceiling(cap.by, cap.on, f"limit_{n}") for n, cap in enumerate(instrument.caps))
    points = _points(instrument)
    assert points is not None
    follows = prepayment_of(pack, instrument, day, known) is Prepayment.BALANCE
    if instrument.counts is None:
        return Shape(False, points.scale, 1, ceilings)
    text = constant(pack, instrument.counts.days, day, known)
    if text not in DAY_COUNTS:
        raise _odd(instrument, f"{text}", "计息天数", "a day count", DAY_COUNTS)
    shares = shares_of(pack, instrument, day, known)
    return Shape(True, points.scale, DAY_COUNTS[text], ceilings, follows, shares.get("central"))


def prepayment_of(pack: Pack, instrument: Instrument, day: date, known: date) -> Prepayment:
    """What an early repayment does; where the pack says nothing, the time ends with it."""
    text = constant(pack, instrument.prepayment, day, known)
    if text is None:
        return Prepayment.TO_REPAYMENT
    if text not in set(Prepayment):
        raise _odd(instrument, str(text), "提前还款规则", "a rule of early repayment", Prepayment)
    return Prepayment(text)


def _odd(instrument: Instrument, text: str, zh: str, en: str, known: Iterable[str]) -> InputError:
    may = ", ".join(known)
    return InputError(
        Text(
            f"{instrument.name}：{text} 不是{zh}；可以是 {may}", f"{instrument.name}: {text} is not {en}; one of {may}"
        )
    )


def _points(instrument: Instrument) -> Node | None:
    return instrument.points if instrument.points is not None else instrument.funded_share


class Wanted(NamedTuple):
    """What a claim asks of a row beside the answers: fields, and expressions by the names of their columns."""

    fields: tuple[str, ...]
    columns: Mapping[str, Node]


def wanted(instrument: Instrument) -> Wanted:
    """What the claims of an instrument ask of its rows."""
    over, columns = OVER[instrument.over], {"base": instrument.base, "points": _points(instrument)}
    if instrument.counts is not None:
        columns |= {"from": instrument.counts.first, "to": instrument.counts.end}
    columns |= {f"limit_{n}": cap.limit for n, cap in enumerate(instrument.caps)}
    fields = dict.fromkeys((*NOTE, "borrower_id", over.day, *([over.item] if over.item else []), *_carried(instrument)))
    told = {f"{instrument.name}:{key}": node for key, node in columns.items() if node is not None}
    return Wanted((*fields, over.principal), told)


def _carried(instrument: Instrument) -> tuple[str, ...]:
    """The columns by which ceilings group, beside those every item has."""
    keys = dict.fromkeys(key for cap in instrument.caps for key in cap.by)
    return tuple(key for key in keys if key not in (*NOTE, "borrower_id", YEAR))


def listing(
    views: Views,
    pack: Pack,
    instrument: Instrument,
    as_of: date,
    known: date,
    *,
    taken: str = "",
    judged: Mapping[str, Judged] | None = None,
    within: tuple[date, date] | None = None,
) -> Listing:
    """The items over the rows of `views`.

    `taken` is a table of notes claimed. `judged` are rows judged before, by kind (`houfeng.instruments.drawing.bulk`);
    others are judged now. `within`: only the eligible rows are wanted, and where an instrument counts what was lent in
    a period and has no ceiling, only those of these days.
    """
    judged = judged or {}
    shape = shape_of(pack, instrument, as_of, known)
    ahead = excluding(pack, instrument, as_of, known)
    own = [one for one in ahead if one.over == instrument.over]
    others = [one for one in ahead if one.over != instrument.over and one.over in OVER]
    names, asked = [one.name for one in own], wanted(instrument)
    if instrument.over in judged:
        before, day = judged[instrument.over], name(OVER[instrument.over].day)
        if within is None or taken:
            rows = before.select(pack, instrument, asked.fields, asked.columns, names)
        else:
            now = not shape.over_time and not shape.ceilings
            where = f"{day} BETWEEN {literal(within[0])} AND {literal(within[1])}" if now else ""
            rows = before.only(pack, instrument, asked.fields, asked.columns, own, where)
            own = []
    else:
        every = [instrument.name, *names]
        rows = judge_sql(views, pack, every, as_of, known, fields=asked.fields, columns=asked.columns).sql
    first = " ".join(f"WHEN j.{name(one.name)} THEN {literal(one.name)}" for one in own)
    found, joins = _elsewhere(views, pack, others, as_of, known, judged)
    found = f"CASE {first} ELSE {found} END" if first else found
    held, holding = _held(pack, instrument, as_of, known, taken) if taken else ("CAST(NULL AS VARCHAR)", "")
    shown = [*_item_columns(instrument, shape), f"CAST({found} AS VARCHAR) AS ahead", f"{held} AS held"]
    sql = f"SELECT {', '.join(shown)} FROM ({rows}) j{joins}{holding}"
    prepayment = prepayment_of(pack, instrument, as_of, known)
    return Listing(sql, shape, instrument, prepayment, _carried(instrument))


def _item_columns(instrument: Instrument, shape: Shape) -> list[str]:
    """SQL of the columns of an item, and of what was judged of it."""
    over = OVER[instrument.over]

    def told(key: str) -> str:
        return f"j.{name(f'{instrument.name}:{key}')}"

    day = f"j.{name(over.day)}"
    begins, ends = (told("from"), told("to")) if instrument.counts is not None else (day, day)
    return [
        *(f"j.{name(column)}" for column in (*NOTE, "borrower_id")),
        (f"j.{name(over.item)}" if over.item else "''") + " AS item_no",
        f"{day} AS disbursed_on",
        f"{begins} AS counted_from",
        f"{ends} AS counted_to",
        f"{_fen(told('base'))} AS base",
        f"{whole(told('points'), shape.scale)} AS points",
        *(f"{_fen(told(f'limit_{n}'))} AS limit_{n}" for n in range(len(instrument.caps))),
        *(f"j.{name(column)}" for column in _carried(instrument)),
        f"{_fen(f'j.{name(over.principal)}')} AS principal",
        f"j.{name(instrument.name)} AS eligible",
        f"j.{name(instrument.name + FAILED)} AS failed",
        f"j.{name(instrument.name + UNKNOWN)} AS unknown",
    ]


def _note() -> str:
    return ", ".join(NOTE)


def _elsewhere(
    views: Views, pack: Pack, others: list[Instrument], as_of: date, known: date, judged: Mapping[str, Judged]
) -> tuple[str, str]:
    """SQL of the instrument over another kind that comes first for the note, and the join that finds it."""
    if not others:
        return "NULL", ""
    parts = []
    for place, one in enumerate(others):
        if one.over in judged:
            rows = judged[one.over].eligible(one, NOTE)
        else:
            answers = judge_sql(views, pack, [one.name], as_of, known, fields=NOTE, masks=False)
            rows = f"SELECT {_note()} FROM ({answers.sql}) WHERE {name(one.name)}"
        parts.append(f"SELECT {_note()}, {place} AS place FROM ({rows})")
    whole = f"SELECT {_note()}, min(place) AS place FROM ({' UNION ALL '.join(parts)}) GROUP BY ALL"
    names = ", ".join(literal(one.name) for one in others)
    return f"list_extract([{names}], e.place + 1)", f" LEFT JOIN ({whole}) e USING ({_note()})"


def _held(pack: Pack, instrument: Instrument, as_of: date, known: date, taken: str) -> tuple[str, str]:
    """SQL of the instrument of the same group that a row is claimed under, its own first, and the joins that find it.

    A claim of a whole note holds all its purchases, and one of a purchase the whole note.
    """
    group = {instrument.name}
    if excludes(pack, instrument, as_of, known):
        group |= {one.name for one in pack.instruments.values() if one.exclusive == instrument.exclusive}
    listed = ", ".join(literal(one) for one in sorted(group))
    own = literal(instrument.name)
    first = f"coalesce(min(instrument) FILTER (instrument = {own}), min(instrument)) AS held"
    item = OVER[instrument.over].item

    def holding(alias: str, keys: str, where: str) -> str:
        on = " AND ".join(f"{alias}.{key} = j.{name(item if key == 'item_no' else key)}" for key in keys.split(", "))
        of = f"SELECT {keys}, {first} FROM {taken} WHERE instrument IN ({listed}) {where} GROUP BY {keys}"
        return f" LEFT JOIN ({of}) {alias} ON {on}"

    if not item:
        return "h.held", holding("h", _note(), "")
    joins = holding("h", f"{_note()}, item_no", "AND item_no <> ''") + holding("w", _note(), "AND item_no = ''")
    return "coalesce(h.held, w.held)", joins


def _fen(column: str) -> str:
    """Whole fen of an amount of money, half away from zero where it has more places."""
    return whole(column, 2)


def whole(column: str, places: int) -> str:
    """SQL of a decimal × 10^places as a whole number.

    What has few digits, as nearly all have, is worked out in 64 bits: DuckDB takes twenty times as long in 128.
    """
    by = literal(Decimal(10**places))
    long = f"CAST(CAST({column} AS DECIMAL(38,{places})) * {by} AS BIGINT)"
    if 2 * places >= SHORT:
        return long
    short = f"TRY_CAST({column} AS DECIMAL({SHORT - places - 1},{places}))"  # the product has to fit too
    return f"coalesce(CAST({short} * {by} AS BIGINT), {long})"


SHORT = 18
"""Digits of the decimals that DuckDB holds in 64 bits."""
