"""What intake hands to the store: one part of one file, checked and typed, but not yet in the book.

The two sides of the book meet in this one shape. Intake reads files people really send and knows nothing of storage;
the store keeps rows for ever and knows nothing of headers and units. A `Draft` is all that passes between them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa

from houfeng.book.model import Kind, Time
from houfeng.errors import InputError, Problem, Text, Where

ROW = "_row"
"""Name of the column that says in which row of its source a record stood (from 1)."""

QUARANTINE = pa.schema(
    [
        pa.field("row", pa.int64()),
        pa.field("sheet", pa.string()),
        pa.field("raw", pa.string()),
        pa.field("problems", pa.string()),
    ]
)
"""Columns of a draft's bad rows: `raw` is a JSON object header → text as found, `problems` a JSON array."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The rows of one kind that one reporter sends for one period.

    `reporter` is never empty. `period` is the period's end, for validity kinds the day the list is as of, and nothing
    for event kinds. `rows` has the kind's columns in order and `_row` (int64, the row number in the source, from 1).
    `quarantine` has the columns of `QUARANTINE`. `content_hash` is the SHA-256 (hex) of the file's bytes. `version` and
    `sent_at` are what the file itself states about its order, where it does.
    """

    kind: str
    reporter: str
    period: date | None
    rows: pa.Table
    quarantine: pa.Table
    file: str
    sheet: str
    content_hash: str
    version: int | None = None
    sent_at: datetime | None = None


def row_schema(kind: Kind) -> pa.Schema:
    """The schema of a draft's good rows: the kind's fields and `_row`."""
    return kind.schema().append(pa.field(ROW, pa.int64()))


def problems_json(problems: Iterable[Problem]) -> str:
    """The problems of one bad row, as the `problems` column of the quarantine keeps them."""
    return json.dumps(
        [
            {
                "code": p.code,
                "level": p.level.value,
                "field": p.where.field,
                "value": p.value,
                "message": {"zh": p.message.zh, "en": p.message.en},
                "suggestion": {"zh": p.suggestion.zh, "en": p.suggestion.en},
            }
            for p in problems
        ],
        ensure_ascii=False,
    )


def check_draft(draft: Draft, kind: Kind) -> Draft:
    """`draft` with its tables cast to the exact stored types.

    Raises:
        InputError: the reporter is empty, the period is missing or out of place, or the columns are not the kind's.
    """
    where = Where(draft.file, sheet=draft.sheet)
    problems = []
    if not draft.reporter.strip():
        problems.append(Problem("book.no_reporter", Text("没有说明由谁报送", "it is not said who reports"), where))
    if (draft.period is None) != (kind.time is Time.EVENT):
        problems.append(
            Problem(
                "book.period",
                Text(
                    f"{kind.label.zh}{'不分报告期' if kind.time is Time.EVENT else '要有报告期或截止日'}",
                    f"{kind.name} {'has no period' if kind.time is Time.EVENT else 'needs a period or an as-of day'}",
                ),
                where,
            )
        )
    tables = {}
    for part, schema in (("rows", row_schema(kind)), ("quarantine", QUARANTINE)):
        try:
            tables[part] = getattr(draft, part).select(schema.names).cast(schema)
        except (KeyError, pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            problems.append(
                Problem(
                    "book.columns",
                    Text(f"{kind.label.zh}的列不对：{error}", f"the columns are not those of {kind.name}: {error}"),
                    where,
                )
            )
    if problems:
        raise InputError(Text("这份材料还不能入账", "this cannot enter the book as it is"), problems)
    return Draft(
        kind=draft.kind,
        reporter=draft.reporter,
        period=draft.period,
        rows=tables["rows"],
        quarantine=tables["quarantine"],
        file=draft.file,
        sheet=draft.sheet,
        content_hash=draft.content_hash,
        version=draft.version,
        sent_at=draft.sent_at,
    )
