"""What must be said beside the figures: who is missing, what is partial, how clauses were read, what the rows lack.

A figure without these is read as more than it is. The notes are made from the same snapshot and pack as the figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from houfeng.book.snapshot import Snapshot
from houfeng.errors import Text
from houfeng.packs.model import Pack
from houfeng.themes.cube import Quality
from houfeng.themes.shares import LOANS
from houfeng.themes.tagging import loan_themes

LOOK_BACK = timedelta(days=366)
"""A reporter that has sent nothing for longer is taken to have left."""

THEN = {
    "year": Text("上年同月", "the same month last year"),
    "month": Text("上月", "last month"),
    "ytd": Text("年初", "the year's start"),
    "compare": Text("对比期", "the period compared"),
}


class Note(NamedTuple):
    """One thing to be said. `about` is data, method, partial, reading or rival (a reading not the chosen one)."""

    about: str
    text: Text


@dataclass(frozen=True)
class Basis:
    """What a report was made from."""

    snapshot: Snapshot
    pack: Pack
    as_of: date
    quality: Quality
    has_flow: bool
    then: Mapping[str, date]
    wanted: set[str]
    readings: Mapping[str, str]


def write_notes(basis: Basis, flow: Quality | None) -> Iterator[Note]:
    """All notes of a report, the gravest first."""
    yield from (Note("data", text) for text in _data(basis, flow))
    yield from (Note("method", text) for text in _method(basis))
    yield from (Note("partial", text) for text in _partial(basis))
    yield from _readings(basis)


def _data(basis: Basis, flow: Quality | None) -> Iterator[Text]:
    if basis.snapshot.synthetic:
        yield Text("模拟数据：账簿内容为程序生成，不代表任何真实机构。", "Synthetic data, of no real institution.")
    yield from _reporters(basis)
    yield from _gaps(basis.quality)
    if flow is not None and not flow.rows:
        yield Text("账簿里没有当月的贷款发放记录，发放额为零。", "The book has no disbursements in the month.")


def _partial(basis: Basis) -> Iterator[Text]:
    for theme in loan_themes(basis.pack):
        if any(theme.partial):
            yield Text(
                f"未全：{theme.label.zh}（{theme.tag}）：{theme.partial.zh}",
                f"Partial: {theme.label.get('en')} ({theme.tag}): {theme.partial.get('en')}",
            )


def missing_reporters(snapshot: Snapshot, as_of: date) -> list[tuple[str, date]]:
    """Who reported loan balances in the year before but not for `as_of`, with the last period of each."""
    last: dict[str, date] = {}
    for entry in snapshot.submissions(LOANS):
        if entry.period is not None and as_of - LOOK_BACK <= entry.period <= as_of:
            last[entry.reporter] = max(entry.period, last.get(entry.reporter, entry.period))
    return sorted((reporter, day) for reporter, day in last.items() if day < as_of)


def _reporters(basis: Basis) -> Iterator[Text]:
    for reporter, day in missing_reporters(basis.snapshot, basis.as_of):
        yield Text(
            f"缺报：{reporter} 没有报送 {basis.as_of} 的贷款余额（最近一期 {day}），未以旧数代替。",
            f"Missing: {reporter} has not reported {basis.as_of} (its last period is {day}); not carried forward.",
        )
    here = _reporters_of(basis.snapshot, basis.as_of)
    for name in sorted(basis.wanted):
        day_then, label = basis.then.get(name), THEN[name]
        if day_then is None:
            yield Text(
                f"账簿里没有{label.zh}的数据，相应增速不列。",
                f"The book has nothing of {label.en}: that growth is left out.",
            )
            continue
        absent = sorted(here - _reporters_of(basis.snapshot, day_then))
        if absent:
            listed = "、".join(absent), ", ".join(absent)
            yield Text(
                f"{label.zh}（{day_then}）缺 {len(absent)} 家：{listed[0]}；增速不是同口径。",
                f"{label.en} ({day_then}) lacks {len(absent)} reporters: {listed[1]}; growth is not like for like.",
            )


def _reporters_of(snapshot: Snapshot, period: date) -> set[str]:
    return {entry.reporter for entry in snapshot.submissions(LOANS) if entry.period == period}


def _gaps(quality: Quality) -> Iterator[Text]:
    if quality.excluded:
        yield Text(
            f"另有 {quality.excluded} 笔、{quality.excluded_amount} 元按口径不计入（委托、转贴现、核销、转让）。",
            f"{quality.excluded} further notes of {quality.excluded_amount} yuan do not count at all "
            "(entrusted, rediscounted, written off, transferred).",
        )
    lacks = (
        (quality.no_loan, "没有借据信息，无从认定", "have no contract facts and cannot be tagged by them"),
        (quality.no_amount, "没有折人民币余额，金额按零计", "have no balance in CNY and count as zero"),
        (quality.no_rate, "没有利率，不入加权利率", "have no rate and stay out of the weighted rate"),
        (
            quality.no_borrower,
            "没有借款人代码，不入户数",
            "have no borrower id and stay out of the number of borrowers",
        ),
    )
    for count, zh, en in lacks:
        if count:
            yield Text(f"有 {count} 笔{zh}。", f"{count} notes {en}.")


def _method(basis: Basis) -> Iterator[Text]:
    yield Text(
        "一笔贷款可属几篇；各行分别按笔去重，不能相加。户数按借款人去重，不能相加。",
        "A note may belong to several articles: each line counts it once, and lines do not add up; nor do borrowers.",
    )
    yield Text(
        "加权利率=Σ(计入金额×利率)÷Σ计入金额，五位小数，四舍五入。有比例的专题（绿色）按计入金额计。",
        "Weighted rate = Σ(amount × rate) ÷ Σ amount, five decimals, half up; green by the amount counted.",
    )
    if basis.has_flow:
        yield Text(
            "当月发放额按发放当笔的借据认定，含月内已还清的。",
            "Money lent in the month is tagged by its note, also where it was repaid within the month.",
        )


def _readings(basis: Basis) -> Iterator[Note]:
    for name, entry in basis.pack.interpretations.items():
        label = basis.readings.get(name, entry.chosen)
        reading, rival = entry.readings[label], label != entry.chosen
        kind = Text("解释（非登记所选）", "Reading (not the one chosen)") if rival else Text("解释", "Reading")
        text = Text(
            f"{kind.zh}：{entry.question.zh}——{reading.label.zh}（{name}={label}）",
            f"{kind.en}: {entry.question.get('en')}: {reading.label.get('en')} ({name}={label})",
        )
        yield Note("rival" if rival else "reading", text)
