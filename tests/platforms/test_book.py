"""Platforms of a synthetic province: read from a book, and the same figures by the pack's own roads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from houfeng.book.store import Book
from houfeng.clock import fixed_clock, parse_moment
from houfeng.engine.duckdb import Engine
from houfeng.packs.roads.compile import Compiler
from houfeng.platforms.barred import barred
from houfeng.platforms.exit import Stage, examine
from houfeng.platforms.indicators import indicators
from houfeng.platforms.ledger import BookSource, Platform, hidden_by_quarter, read_platforms
from houfeng.platforms.plan import against_ledger, progress
from houfeng.simulate.loading import load_province
from houfeng.simulate.province import simulate
from platforms.platform_samples import pack, terms

END, KNOWN = date(2025, 12, 31), date(2026, 3, 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four months of three hundred firms."""
    folder = tmp_path_factory.mktemp("platforms")
    simulate(folder / "province", enterprises=300, seed=3, months=4, end=END)
    book = Book.create(folder / "book", fixed_clock(parse_moment("2026-03-01")), synthetic=True)
    load_province(book, folder / "province")
    return folder / "book"


@pytest.fixture(scope="module")
def source(folder: Path) -> Iterator[BookSource]:
    with Engine() as engine:
        yield BookSource(Book.open(folder, fixed_clock(parse_moment("2026-03-01"))).snapshot(), engine)


@pytest.fixture(scope="module")
def platforms(source: BookSource) -> list[Platform]:
    return read_platforms(source, END)


def by_pack(source: BookSource, kind: str, *items: str) -> dict[str, dict[str, Any]]:
    """Items of the pack, compiled to SQL and run over the book."""
    sql = Compiler(pack(), source, END, KNOWN).statement(kind, items, bits=False).sql
    return {row["enterprise_id"]: dict(row) for row in source.rows(sql)}


def test_everything_is_read(source: BookSource, platforms: list[Platform]) -> None:
    assert len(platforms) > 8
    rows = source.rows(
        f"SELECT sum(balance) AS total, count(*) AS n FROM ({source.select('platform_debt', as_of=END)})"
    )
    assert sum((one.total for one in platforms), Decimal(0)) == rows[0]["total"]
    assert sum(len(one.debts) for one in platforms) == rows[0]["n"]
    assert {one.period for one in platforms} == {END}
    assert any(one.reports for one in platforms)
    assert all(one.finance for one in platforms)
    assert [one.enterprise_id for one in platforms] == sorted(one.enterprise_id for one in platforms)
    alone = read_platforms(source, END, platforms[3].enterprise_id)
    assert alone == [platforms[3]]
    assert read_platforms(source, END, "nobody's") == []


def test_the_same_figures_by_the_pack(source: BookSource, platforms: list[Platform]) -> None:
    """What Python computes of a platform and what the pack's SQL computes are two roads to the same numbers."""
    names = ("hidden_balance", "resolved", "planned_so_far", "due_peak", "guarantees_ratio", "receivables_ratio",
             "platform_short_share", "platform_nonstandard_share", "platform_cost")  # fmt: skip
    found = by_pack(source, "platform", *names)
    seen = 0
    for one in platforms:
        told = found[one.enterprise_id]
        done, have = progress(one, END), {each.name: each.value for each in indicators(one, terms())}
        assert (told["hidden_balance"] or 0) == one.hidden
        assert ((told["resolved"] or 0), (told["planned_so_far"] or 0)) == (done.resolved, done.planned)
        pairs = (
            ("due_peak", have["wall"], 1, "0.01"),
            ("guarantees_ratio", have["guarantees"], 100, "0.1"),
            ("receivables_ratio", have["receivables"], 100, "0.1"),
            ("platform_short_share", have["short_share"], 100, "0.1"),
            ("platform_nonstandard_share", have["nonstandard_share"], 100, "0.1"),
            ("platform_cost", have["cost"], 1, "0.001"),
        )
        for name, value, scale, step in pairs:
            if told[name] is not None and value is not None:
                assert abs(Decimal(str(told[name])) - value * scale) <= Decimal(step), (one.enterprise_id, name)
                seen += 1
    assert seen > 4 * len(platforms)


def test_barred_debts_against_the_words_of_the_notices(source: BookSource, platforms: list[Platform]) -> None:
    """The prohibitions written down a second time, in plain Python."""
    found = barred(source, pack(), END, KNOWN)
    wanted: dict[tuple[str, str], set[str]] = {}
    for one in platforms:
        for debt in one.debts:
            assert debt.starts_on is not None
            why = set()
            limited, new = one.list_class in ("listed", "treated"), debt.starts_on >= date(2023, 9, 1)
            if limited and new and debt.use and debt.use not in ("repay_principal", "repay_interest"):
                why.add("barred_new_debt")
            if limited and new and debt.use == "repay_interest":
                why.add("barred_interest")
            if one.hidden and debt.starts_on >= date(2021, 7, 1) and debt.use == "working_capital":
                why.add("barred_working_capital")
            if debt.government_credit and new:
                why.add("barred_government_credit")
            if limited and new and not debt.use:
                why.add("use_not_told")
            if why:
                wanted[(one.enterprise_id, debt.debt_no)] = why
    assert {key: {theme.name for theme in themes} for key, themes in found.debts.items()} == wanted
    assert len({name for why in wanted.values() for name in why}) >= 4
    some = next(iter(wanted))
    assert set(found.of(some[0])) == {debt for firm, debt in wanted if firm == some[0]}


def test_plan_and_ledger_tell_one_story_but_for_some(source: BookSource, platforms: list[Platform]) -> None:
    hidden = hidden_by_quarter(source, END)
    apart = {
        one.enterprise_id: [step.unexplained for step in against_ledger(one, hidden.get(one.enterprise_id, {}), END)]
        for one in platforms
        if one.plan
    }
    assert any(apart.values())
    assert all(amount >= 0 for steps in apart.values() for amount in steps)
    assert sum(not any(steps) for steps in apart.values()) > len(apart) / 2


def test_exits_of_every_sort(platforms: list[Platform]) -> None:
    stages = {examine(one, terms()).stage for one in platforms}
    assert Stage.NONE in stages
    assert stages & {Stage.MONITORED, Stage.OVER}
    assert any(examine(one, terms()).ready is False for one in platforms)


def test_what_was_not_known_yet_is_not_used(folder: Path) -> None:
    """Before the returns of December had come, December's ledger cannot be seen."""
    early = Book.open(folder, fixed_clock(parse_moment("2026-03-01"))).snapshot(parse_moment("2026-01-10"))
    with Engine() as engine:
        assert {one.period for one in read_platforms(BookSource(early, engine), END)} == {date(2025, 11, 30)}


def test_the_province_is_the_same_again(tmp_path: Path) -> None:
    """The platforms' files have the same bytes for the same seed, and draw nothing from the streams of the others."""
    digests = []
    for name in ("a", "b"):
        simulate(tmp_path / name, enterprises=200, seed=9, months=2, end=END)
        files = sorted((tmp_path / name).rglob("platform_*/*.parquet"))
        digests.append([hashlib.sha256(file.read_bytes()).hexdigest() for file in files])
    assert digests[0] == digests[1]
    assert len(digests[0]) >= 5
