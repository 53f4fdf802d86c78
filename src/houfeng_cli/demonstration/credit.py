"""Models for the demonstration: a card of the synthetic province's own firms, kept where the desk looks for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from importlib.resources import as_file, files
from pathlib import Path

from houfeng.book.connection import connect
from houfeng.book.store import Book
from houfeng.clock import Clock, month_end
from houfeng.errors import HoufengError, Problem

SEED = 20261122
DAYS = (12, 9, 6)
"""Months before the book's last period: the days the card learns from; the last of them is the test."""


def seed(book: Path, clock: Clock) -> list[Problem]:
    """Fit the study `province` on the book and keep the model in BOOK/models; what stands in the way is told."""
    from houfeng.credit.building.build import build
    from houfeng.credit.models.model import save
    from houfeng.credit.models.page import render
    from houfeng.credit.studies.book import sample_of_book
    from houfeng.credit.studies.study import read_study

    opened = Book.open(book, clock)
    periods = sorted({e.period for e in opened.snapshot(None).submissions("loan_balance") if e.period is not None})
    if not periods:
        return []
    days = tuple(day for day in (back(periods[-1], months) for months in DAYS) if day >= periods[0])
    with as_file(files("houfeng.credit.studies") / "province.yaml") as path:
        study = read_study(path)
        study = replace(study, days=days, test=replace(study.test, start=days[-1] if len(days) > 1 else None))
        try:
            model = build(sample_of_book(study, opened.snapshot, connect(), periods[-1]), "1.0.0", clock, seed=SEED)
        except HoufengError as error:
            return [*error.problems] or [Problem(error.code, error.message)]
    save(model, book / "models" / f"{model.name}-{model.version}", render(model))
    return []


def back(day: date, months: int) -> date:
    """The month end so many months before."""
    number = day.year * 12 + day.month - 1 - months
    return month_end(date(number // 12, number % 12 + 1, 1))
