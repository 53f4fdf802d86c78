"""Put a simulated province into a book as it would have arrived: day by day, each file through the same intake."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from houfeng.book.draft import Draft
from houfeng.book.intake.intake import prepare
from houfeng.book.store import Book
from houfeng.errors import InputError, Problem, Text, Where


class Loaded(NamedTuple):
    """What a loading put into the book."""

    files: int
    rows: int
    quarantined: int


def load_province(book: Book, folder: Path, told: Callable[[str, int], None] = lambda day, files: None) -> Loaded:
    """Submit the files of a simulated province to `book`, those of one day in one call, received when they say.

    The book must be made as synthetic and know nothing later than the first file. `told` hears each day and how many
    files it brought.

    Raises:
        InputError: the folder is no simulated province, or the book does not say that it is synthetic.
    """
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        raise InputError(
            Text(f"{folder} 不是模拟省份（缺 manifest.json）", f"{folder} is no simulated province: no manifest.json")
        )
    if not book.synthetic:
        raise InputError(
            Text(
                "模拟数据只能装进标明为模拟的账簿（book init --synthetic）",
                "made-up data goes only into a book made with --synthetic",
            )
        )
    listed = json.loads(manifest.read_text("utf-8"))["files"]
    rows = quarantined = 0
    for day, group in groupby(listed, key=lambda entry: str(entry["received_at"])[:10]):
        entries = list(group)
        drafts: list[Draft] = []
        for entry in entries:
            drafts += _drafts(folder, entry)
        received = max(datetime.fromisoformat(entry["received_at"]) for entry in entries)
        book.submit(drafts, confirm=True, received_at=received)
        rows += sum(draft.rows.num_rows for draft in drafts)
        quarantined += sum(draft.quarantine.num_rows for draft in drafts)
        told(day, len(entries))
    return Loaded(len(listed), rows, quarantined)


def _drafts(folder: Path, entry: Mapping[str, Any]) -> list[Draft]:
    period = date.fromisoformat(entry["period"]) if entry["period"] else None
    intake = prepare(folder / entry["file"], kind=entry["kind"], reporter=entry["reporter"], period=period)
    if intake.questions:
        asked = [Problem("simulate.question", question.message, Where(entry["file"])) for question in intake.questions]
        raise InputError(Text(f"{entry['file']} 不能直接装入", f"{entry['file']} cannot be loaded as it is"), asked)
    return intake.drafts
