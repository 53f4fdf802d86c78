"""Rows of a study from a book: fields are items of a pack over one kind, on each day as known then.

`where` names an item that must be true. The outcome is an item too: it is looked at on every quarter's end of the
months after the day, as known today. Who is in the outcome on the day itself is left out; of a day so near that the
months are not over, the outcome is blank.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

import duckdb
import pyarrow as pa

from houfeng.clock import end_of_day, month_end
from houfeng.credit.guard.leaks import revealing
from houfeng.credit.guard.sensitive import sensitive
from houfeng.credit.studies.load import POLICY, refuse, reveals_at
from houfeng.credit.studies.sample import BAD, DAY, ID, Sample, sql_type
from houfeng.credit.studies.study import Feature, Study
from houfeng.errors import Problem, Text, Where, did_you_mean
from houfeng.packs.language.functions import T
from houfeng.packs.loading.load import load_pack
from houfeng.packs.model import Pack
from houfeng.packs.roads.compile import Compiler, Views
from houfeng.packs.roads.sql import name

QUARTER = 3
OUTCOME, WANTED = "_outcome", "_wanted"
ViewsAt = Callable[[datetime | None], Views]
"""The book as known at a moment; nothing given: as known now."""


def sample_of_book(
    study: Study,
    views_at: ViewsAt,
    connection: duckdb.DuckDBPyConnection,
    last: date,
    policy: Pack | None = None,
    labels: Mapping[str, bool | None] | None = None,
) -> Sample:
    """The rows of a study over a book whose facts reach to `last`; `labels`, where given, are the outcomes.

    Raises:
        InputError: a field or the outcome is no item of the pack, or the guard refuses a field.
    """
    pack, policy = load_pack(study.pack), policy or load_pack(POLICY)
    refuse([*sensitive(policy, study.features, {}), *unknown_items(study, pack, labels is None)])
    if labels is None:
        tables = [_of_day(study, pack, views_at, connection, day, last) for day in study.days]
    else:
        tables = [_labelled(study, pack, views_at, connection, day, labels) for day in study.days]
    columns = {feature.name: frozenset({feature.value}) for feature in study.features}
    sample = Sample(study, pa.concat_tables(tables), columns)
    return Sample(study, sample.table, columns, tuple(revealing(sample, reveals_at(policy))))


def rows_on(
    study_over: str,
    features: Sequence[Feature],
    pack: Pack,
    views: Views,
    connection: duckdb.DuckDBPyConnection,
    day: date,
    known: date,
    where: str = "",
) -> pa.Table:
    """The id and the features of every row of the kind on a day; `where` is over the key fields."""
    items = [f.value for f in features if (study_over, f.value) in pack.items]
    fields = [f.value for f in features if f.value not in items]
    statement = Compiler(pack, views, day, known).statement(study_over, items, fields=fields, bits=False, where=where)
    chosen = [f"CAST({name(statement.keys[0])} AS VARCHAR) AS {ID}"]
    chosen += [f"CAST({name(f.value)} AS {sql_type(f)}) AS {name(f.name)}" for f in features]
    table: pa.Table = connection.sql(f"SELECT {', '.join(chosen)} FROM ({statement.sql}) ORDER BY 1").to_arrow_table()
    return table


def unknown_items(study: Study, pack: Pack, outcome_too: bool = True) -> list[Problem]:
    """A problem for each field, and the outcome, that the pack does not know."""
    known = [item for over, item in pack.items if over == study.over]
    found = []
    for feature in study.features:
        if (study.over, feature.value) not in pack.items and not _is_field(study.over, feature.value):
            text = Text(
                f"{pack.name} 没有 {study.over}.{feature.value}", f"{pack.name} has no {study.over}.{feature.value}"
            )
            hint = did_you_mean(feature.value, known)
            found.append(Problem("credit.unknown_item", text, feature.where, suggestion=hint))
    yes_no = [study.outcome] if outcome_too else []
    for item in [*yes_no, *([study.where] if study.where else [])]:
        defined = pack.items.get((study.over, item))
        if defined is None or defined.type is not T.BOOLEAN:
            text = Text(
                f"{item} 应是 {pack.name} 中 {study.over} 的是非项",
                f"{item} should be a yes-or-no item of {pack.name} over {study.over}",
            )
            found.append(Problem("credit.unknown_item", text, suggestion=did_you_mean(item, known)))
    return found


def _is_field(over: str, path: str) -> bool:
    from houfeng.book.model import kinds

    shape = kinds()[over]
    *steps, last = path.split(".")
    for step in steps:
        if step not in shape.relations:
            return False
        shape = kinds()[shape.relations[step].kind]
    return last in shape.fields


def _of_day(
    study: Study, pack: Pack, views_at: ViewsAt, connection: duckdb.DuckDBPyConnection, day: date, last: date
) -> pa.Table:
    views = views_at(end_of_day(day))
    only = (_flag(study.where, WANTED),) if study.where else ()
    marked = (*study.features, _flag(study.outcome), *only)
    table = rows_on(study.over, marked, pack, views, connection, day, day)
    table = table.filter(pa.array([value != "true" for value in table[OUTCOME].to_pylist()]))
    if only:
        table = table.filter(pa.array([value == "true" for value in table[WANTED].to_pylist()]))
    ends = quarter_ends(day, study.outcome_months)
    fallen: set[str] = set()
    over = bool(ends) and ends[-1] <= last
    for end in ends if over else ():
        later = rows_on(study.over, [_flag(study.outcome)], pack, views_at(None), connection, end, end)
        pairs = zip(later[ID].to_pylist(), later[OUTCOME].to_pylist(), strict=True)
        fallen |= {key for key, value in pairs if value == "true"}
    bad = [key in fallen if over else None for key in table[ID].to_pylist()]
    return _shaped(study, table, day, bad)


def _labelled(
    study: Study,
    pack: Pack,
    views_at: ViewsAt,
    connection: duckdb.DuckDBPyConnection,
    day: date,
    labels: Mapping[str, bool | None],
) -> pa.Table:
    """Labels of files carry no day of knowledge; the facts are those known today."""
    table = rows_on(study.over, study.features, pack, views_at(None), connection, day, day)
    return _shaped(study, table, day, [labels.get(key) for key in table[ID].to_pylist()])


def _shaped(study: Study, table: pa.Table, day: date, bad: Sequence[bool | None]) -> pa.Table:
    found = table.select([ID]).append_column(DAY, pa.array([day] * table.num_rows, pa.date32()))
    found = found.append_column(BAD, pa.array(bad, pa.bool_()))
    for feature in study.features:
        found = found.append_column(feature.name, table[feature.name])
    return found


def quarter_ends(day: date, months: int) -> list[date]:
    """The month ends every third month after `day`, and the last one, within so many months."""
    steps = sorted({*range(QUARTER, months + 1, QUARTER), *([months] if months else [])})
    found = []
    for step in steps:
        number = day.year * 12 + day.month - 1 + step
        found.append(month_end(date(number // 12, number % 12 + 1, 1)))
    return found


def _flag(item: str, called: str = OUTCOME) -> Feature:
    return Feature(called, item, "category", "auto", (), Text("", ""), Where())
