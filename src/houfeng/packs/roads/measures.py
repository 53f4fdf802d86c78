"""Measures over rows of another kind, in SQL: which rows a window holds, and what is computed of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from houfeng.book.model import Kind, Time, kinds
from houfeng.packs.language.functions import T, month_start, quarter_start, year_start
from houfeng.packs.model import Mark, Measure, places
from houfeng.packs.roads.sql import SqlWriter, literal, name

EPOCH = datetime(1970, 1, 1)
DAY = 86400
_STARTS = {"month": month_start, "quarter": quarter_start, "year": year_start}


def seconds(moment: datetime) -> int:
    """Whole local seconds since local midnight of 1970-01-01."""
    return int((moment - EPOCH) / timedelta(seconds=1))


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH.date()).days


def day_of(number: int) -> date:
    """The day of a number of days since 1970-01-01."""
    return EPOCH.date() + timedelta(days=number)


def day_end(day: date) -> int:
    """The instant of the day's end tick: 23:59:59 local time, in seconds."""
    return seconds(datetime(day.year, day.month, day.day)) + DAY - 1


def calendar_start(since: str, instant: int) -> int:
    """The first second of the calendar month, quarter or year (`since`) of an instant."""
    day = _STARTS[since](EPOCH + timedelta(seconds=instant))
    return seconds(datetime(day.year, day.month, day.day))


def calendar_start_sql(since: str, instant: str) -> str:
    """SQL of the same."""
    return f"CAST(epoch(date_trunc('{since}', make_timestamp({instant} * 1000000))) AS BIGINT)"


def instant_sql(kind: Kind) -> str:
    """The event's instant in whole seconds: a bare date stands at its midnight."""
    return f"CAST(floor(epoch(CAST({name(kind.time_field)} AS TIMESTAMP))) AS BIGINT)"


def event_id_sql(kind: Kind) -> str:
    """The event's id as text: its key fields joined by `|`."""
    parts = ", ".join(f"coalesce(CAST({name(k)} AS VARCHAR), '')" for k in kind.key)
    return f"concat_ws('|', {parts})"


class WindowBounds(NamedTuple):
    """The instants a window holds: `after < t' <= until`, in seconds; None for a snapshot."""

    after: int | None
    until: int | None

    @classmethod
    def of(cls, measure: Measure, day: date) -> WindowBounds:
        """The window of `measure` at the end of `day`."""
        if kinds()[measure.source].time is not Time.EVENT:
            return cls(None, None)
        instant = day_end(day)
        return cls.at(measure, instant)

    @classmethod
    def at(cls, measure: Measure, instant: int) -> WindowBounds:
        """The window of `measure` at `instant`: floor_h(t - W) < t' <= t, moved back by the offset, or by calendar."""
        if measure.since:
            return cls(calendar_start(measure.since, instant) - 1, instant)
        until = instant - measure.offset
        if not measure.window:
            return cls(None, until)
        start = until - measure.window
        return cls(start - start % measure.hop, until)


def condition_sql(rows: Measure | Mark, bounds: WindowBounds, writer: SqlWriter) -> str:
    """Which rows are measured: those in the window for which `where` is true."""
    parts = []
    if bounds.until is not None:
        instant = instant_sql(kinds()[rows.source])
        if bounds.after is not None:
            parts.append(f"{instant} > {bounds.after}")
        parts.append(f"{instant} <= {bounds.until}")
    if rows.where is not None:
        parts.append(writer.write(rows.where))
    return " AND ".join(parts) or "TRUE"


def measure_sql(measure: Measure, item: str, bounds: WindowBounds, writer: SqlWriter) -> tuple[list[str], str]:
    """The aggregate columns of a measure, and the expression over their alias `{a}` that gives its value."""
    kept = f" FILTER (WHERE {condition_sql(measure, bounds, writer)})"
    args = [writer.write(arg) for arg in measure.args]
    column = name(item)
    source = kinds()[measure.source]
    match measure.function:
        case "count":
            parts, value = [f"count(*){kept} AS {column}"], f"coalesce({{a}}.{column}, 0)"
        case "sum":
            total = f"sum({args[0]}){kept}"
            if measure.args[0].type is T.INTEGER:
                total = f"CAST({total} AS BIGINT)"
            parts, value = [f"{total} AS {column}"], f"coalesce({{a}}.{column}, 0)"
        case "distinct":
            parts, value = [f"count(DISTINCT {args[0]}){kept} AS {column}"], f"coalesce({{a}}.{column}, 0)"
        case "min" | "max":
            parts, value = [f"{measure.function}({args[0]}){kept} AS {column}"], f"{{a}}.{column}"
        case "mean":
            total, number = name(item, "sum"), name(item, "count")
            parts = [f"sum({args[0]}){kept} AS {total}", f"count({args[0]}){kept} AS {number}"]
            value = mean_sql(f"{{a}}.{total}", f"{{a}}.{number}")
        case "last":
            known = f" FILTER (WHERE {condition_sql(measure, bounds, writer)} AND {args[0]} IS NOT NULL)"
            order = f"row({instant_sql(source)}, {event_id_sql(source)})"
            parts, value = [f"arg_max({args[0]}, {order}){known} AS {column}"], f"{{a}}.{column}"
        case _:  # days_since
            parts = [f"max({instant_sql(source)}){kept} AS {column}"]
            value = f"(({bounds.until} - {{a}}.{column}) // {DAY})"
    return parts, compared(measure, value)


def mean_sql(total: str, number: str) -> str:
    """A mean as the ratio of an exact sum and a count, so that the order of rows cannot matter."""
    return f"(CAST({total} AS DOUBLE) / nullif(CAST({number} AS DOUBLE), 0))"


def compared(measure: Measure, value: str) -> str:
    """`value`, or its comparison where the measure ends in one."""
    if measure.compare is None:
        return value
    limit = measure.compare[1]
    if measure.function in ("sum", "min", "max", "last") and measure.args[0].type is T.DECIMAL:
        # DuckDB would round the limit to the places of the sum where 38 digits do not hold both
        value = f"CAST({value} AS DECIMAL(38,{max(measure.args[0].scale, places(limit))}))"
    return f"({value} {measure.compare[0]} {literal(limit)})"


def top_share_sql(measure: Measure, source: str, bounds: WindowBounds, writer: SqlWriter) -> tuple[str, str]:
    """The largest share of one `who` in the sum of x, per key; unknown where the sum is not above zero."""
    who, amount = (writer.write(arg) for arg in measure.args)
    keys = key_columns(measure.by)
    known = " AND ".join(f"{column} IS NOT NULL" for column in (*keys, who, amount))
    each = (
        f"SELECT {', '.join(keys)}, {who} AS who, sum({amount}) AS part FROM ({source})"
        f" WHERE {known} AND {condition_sql(measure, bounds, writer)} GROUP BY ALL"
    )
    share = "CASE WHEN sum(part) > 0 THEN CAST(max(part) AS DOUBLE) / CAST(sum(part) AS DOUBLE) END"
    return f"SELECT {', '.join(keys)}, {share} AS share FROM ({each}) GROUP BY ALL", compared(measure, "{a}.share")


def key_columns(by: Sequence[str]) -> list[str]:
    """The columns that hold the key in the rows of a measure, as the compiler offers them."""
    return [name(f"_k{i}") for i in range(len(by))]
