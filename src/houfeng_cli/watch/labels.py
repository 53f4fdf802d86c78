"""Labels as people send them: the options that name a table's columns, and the reading of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from houfeng.errors import InputError, Text, UsageError

if TYPE_CHECKING:
    from houfeng.watch.labels import Labels

Command = TypeVar("Command", bound=Callable[..., Any])

OPTIONS = (
    click.option(
        "--labels",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Table of what became of the keys: with a date column, or with good and bad alone.",
    ),
    click.option("--key-column", default="", help="Column of the labels that holds the key."),
    click.option(
        "--date-column",
        default="",
        help="Column that holds the day a key went bad; without a label column, blank is good.",
    ),
    click.option("--label-column", default="", help="Column that holds the label; blank means unknown."),
    click.option("--bad", default="", help="The label that means bad, for example 是."),
)


def label_options(command: Command) -> Command:
    """Add the options that name labels."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def labels_from(path: Path | None, key_column: str, date_column: str, label_column: str, bad: str) -> Labels | None:
    """The labels the options name, or nothing.

    Raises:
        UsageError: options are missing or name no column.
        InputError: a day cannot be read.
    """
    from houfeng.watch.labels import labels_of

    if path is None:
        if key_column or date_column or label_column or bad:
            raise UsageError(Text("给了标签的列，却没有 --labels", "columns of labels are named, but no --labels"))
        return None
    if not key_column or not (date_column or label_column):
        zh = "--labels 要同时给 --key-column，以及 --date-column 或 --label-column"
        raise UsageError(Text(zh, "--labels needs --key-column, and --date-column or --label-column"))
    if bool(label_column) != bool(bad):
        raise UsageError(Text("--label-column 与 --bad 要一起给", "--label-column and --bad belong together"))
    columns = [column for column in (key_column, date_column, label_column) if column]
    rows = []
    for row in read_columns(path, columns):
        key, *rest = row
        day = _day(rest[0], path) if date_column else None
        said = rest[-1] if label_column else ""
        verdict = day is not None if not label_column else (said == bad if said else None)
        rows.append((key, verdict, day))
    return labels_of(rows, dated=bool(date_column))


def _day(text: str, path: Path) -> Any:
    from houfeng.watch.labels import day_of

    day = day_of(text)
    if text and day is None:
        zh = f"{path} 里看不懂的日期：{text}；请写作 2026-01-16"
        raise InputError(Text(zh, f"not a day in {path}: {text}; write it as 2026-01-16"))
    return day


def read_columns(path: Path, columns: Sequence[str]) -> Iterator[list[str]]:
    """The rows of a table people sent, as texts of the named columns; rows without the first are left out.

    Raises:
        UsageError: a column is missing.
    """
    from houfeng.errors import did_you_mean
    from houfeng.exchange.tables import read_tables

    for table in read_tables(path, known=lambda header: header in columns):
        for column in columns:
            if column not in table.headers:
                near = did_you_mean(column, table.headers)
                raise UsageError(
                    Text(f"{path} 没有列 {column}。{near.zh}", f"{path} has no column {column}. {near.en}")
                )
        places = [f"c{table.headers.index(column)}" for column in columns]
        for batch in table.batches():
            for row in zip(*(batch.column(place).to_pylist() for place in places), strict=True):
                texts = ["" if value is None else str(value).strip() for value in row]
                if texts[0]:
                    yield texts
