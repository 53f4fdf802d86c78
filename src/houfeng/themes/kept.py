"""Months kept: the tagged notes of a period in a file of their own, so that figures are read and not counted again.

A file holds, of each note, its key, dimensions, amounts, flags and reasons; and, by each dimension, the sums and the
borrowers that `houfeng.themes.cube` makes of them. It answers as counting would, to the fen: it is made by the same
statement, and its name is the digest of that very statement, which spells the book's files, the submissions in force,
the pack's rules with the parameters known on the day, and whose rows may be seen. Whatever of these changes asks for
another file; an old one is never wrong, only no longer asked for.

    FOLDER/<period>-<digest>.duckdb, .json
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from houfeng.book.connection import quoted
from houfeng.book.snapshot import Snapshot
from houfeng.clock import month_end
from houfeng.engine.duckdb import Engine
from houfeng.engine.faults import telling
from houfeng.packs.model import Pack
from houfeng.packs.roads.compile import Views
from houfeng.packs.roads.sql import name
from houfeng.settings import Settings
from houfeng.themes.cube import (
    ALL,
    BITS,
    COUNTS,
    PEOPLE,
    SUMS,
    Cells,
    Cube,
    Quality,
    check_fan_out,
    note_columns,
    quality_of,
)
from houfeng.themes.dimensions import dimensions
from houfeng.themes.shares import LOANS, in_shares, shares
from houfeng.themes.tagging import Tagging, compile_tagging

FOLDER = "months"
LAYOUT = "1"
"""Part of every digest: files of another layout are not looked at."""

LEAST = 200_000
"""Notes from which a month is worth a file; fewer are counted as fast."""

LAYERS = (0.999, 0.98)
"""The notes of the greatest balances stand first in a file: a list of the greatest reads them and skips the rest."""

KEY = ("institution_id", "contract_no", "note_no")
_FIELDS = ("loan.matures_on", "loan.use_industry", "quality", "enterprise.name", "loan.is_first_loan", "loan.note_no")


@dataclass(frozen=True)
class Month:
    """The tagged notes of one period, as a question: `sql` gives a row for each, `digest` says what it is asked of."""

    views: Views
    tagging: Tagging
    as_of: date
    amounts: tuple[str, ...]
    sql: str
    digest: str

    @property
    def stem(self) -> str:
        """The name of its file."""
        return f"{self.as_of:%Y%m}-{self.digest[:24]}"

    def amount(self, theme: str) -> str:
        """The column of what `theme` counts of a note."""
        return "a0" if theme == ALL else f"a{self.amounts.index(self.tagging.amounts[theme])}"

    def flag(self, theme: str) -> str:
        """SQL: does a note, or a sum of notes, carry `theme`."""
        word, bit = self._place(theme)
        return f"(m{word} & {1 << bit}) <> 0"

    def carries(self, row: Mapping[str, Any], theme: str) -> bool:
        """Whether a row of the notes carries `theme`."""
        word, bit = self._place(theme)
        return bool(row[f"m{word}"] >> bit & 1)

    def _place(self, theme: str) -> tuple[int, int]:
        place = 0 if theme == ALL else 1 + [one.name for one in self.tagging.themes].index(theme)
        return divmod(place, BITS)

    @property
    def amount_of(self) -> dict[str, int]:
        """Which amount each theme counts."""
        return {theme: self.amounts.index(sql) for theme, sql in self.tagging.amounts.items()} | {ALL: 0}


def month(views: Views, pack: Pack, as_of: date, known: date) -> Month:
    """The notes of `as_of` that `views` show, tagged by `pack` as known on the day `known`."""
    dims = dimensions().values()
    paths = [path for one in dims for path in one.paths]
    tagging = compile_tagging(views, pack, as_of, known, fields=[*_FIELDS, *paths])
    amounts = tuple(dict.fromkeys([tagging.plain, *tagging.amounts.values()]))
    columns = [
        *(name(one) for one in KEY),
        *(f"{one.sql} AS d_{one.name}" for one in dims),
        *note_columns(tagging, amounts),
        "quality",
        '"loan.matures_on" AS matures_on',
        '"loan.use_industry" AS use_industry',
        '"enterprise.name" AS borrower_name',
        *(name(one) for one in tagging.statement.bit_columns),
    ]
    sql = f"SELECT {', '.join(columns)} FROM ({tagging.statement.sql})"
    told = "\n".join([LAYOUT, duckdb.__version__, *dimensions(), *tagging.amounts, sql])
    return Month(views, tagging, as_of, amounts, sql, hashlib.sha256(told.encode()).hexdigest())


def find(folder: Path, wanted: Month) -> Path | None:
    """The file of a month, if it is there and as long as it was when it was made."""
    about = _about(folder / f"{wanted.stem}.json")
    path = folder / f"{wanted.stem}.duckdb"
    with suppress(OSError):
        if about.get("digest") == wanted.digest and path.stat().st_size == about.get("bytes"):
            return path
    return None


def sound(path: Path) -> bool:
    """Whether every byte of a month's file is as it was made."""
    about = _about(path.with_suffix(".json"))
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == about.get("sha256")
    except OSError:
        return False


def make(
    wanted: Month,
    folder: Path,
    settings: Settings,
    taken: Sequence[str] = ("",),
    counting: Callable[[Engine], AbstractContextManager[None]] = lambda _: nullcontext(),
) -> Path:
    """Tag the notes, in the shares `taken`, and keep them in `folder`. Whoever looks meanwhile sees the old or nothing.

    `counting` holds the engine as long as it works, for who wants to be able to break it off.

    Raises:
        InputError: the book would count notes twice.
        EnvironmentFault: memory or disk does not suffice, or it was broken off; nothing is left behind.
    """
    draft = folder / f"{wanted.stem}.part"
    try:
        return _made(wanted, draft, settings, taken, counting)
    finally:
        for left in (draft, draft.with_name(f"{draft.name}.wal")):
            left.unlink(missing_ok=True)


def _made(
    wanted: Month,
    draft: Path,
    settings: Settings,
    taken: Sequence[str],
    counting: Callable[[Engine], AbstractContextManager[None]],
) -> Path:
    path = draft.with_suffix(".duckdb")
    with Engine(settings) as engine, counting(engine):
        rows = engine.scratch / "month.parquet"
        number = engine.write_all(in_shares(wanted.sql, tuple(taken)), rows)
        check_fan_out(engine, wanted.views, wanted.as_of, number)
        with telling(draft):
            draft.unlink(missing_ok=True)
            engine.connection.execute(f"ATTACH '{quoted(str(draft))}' AS made")
            _layers(engine, f"read_parquet('{quoted(str(rows))}')")
            rows.unlink()
            _sums(engine, wanted)
            engine.connection.execute("DETACH made")
    with telling(path), draft.open("rb") as file:
        about = {"digest": wanted.digest, "as_of": wanted.as_of.isoformat(), "rows": number}
        about |= {"bytes": draft.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
        draft.replace(path)
        told = path.with_suffix(".told")
        told.write_text(json.dumps(about), "utf-8")
        told.replace(path.with_suffix(".json"))  # last: a file without it is not looked at
    return path


def keep_usual(
    snapshot: Snapshot, pack: Pack, known: date, folder: Path, settings: Settings, least: int = LEAST
) -> list[date]:
    """Keep the newest month, and those it is compared with first, and nothing else; files that rotted are made anew.

    Returns:
        The months made.
    """
    sizes: dict[date, int] = {}
    for entry in snapshot.submissions(LOANS):
        if entry.period is not None:
            sizes[entry.period] = sizes.get(entry.period, 0) + entry.rows
    newest = max(sizes, default=None)
    if newest is None:
        return []
    ends = {newest.replace(day=1) - timedelta(days=1), month_end(date(newest.year - 1, newest.month, 1))}
    wanted = [month(snapshot, pack, day, known) for day in sorted({newest, *ends}) if sizes.get(day, 0) >= least]
    made = []
    with telling(folder):
        folder.mkdir(exist_ok=True)
    for one in wanted:
        path = find(folder, one)
        if path is None or not sound(path):
            make(one, folder, settings, shares(snapshot, one.as_of))
            made.append(one.as_of)
    stems = {one.stem for one in wanted}
    for old in folder.iterdir():
        if old.stem not in stems:
            old.unlink(missing_ok=True)
    return made


def prune(folder: Path, keep: int) -> None:
    """Take away all but the `keep` months last used. Who still reads one goes on reading it."""
    found = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in found[keep:]:
        old.unlink(missing_ok=True)
        old.with_suffix(".duckdb").unlink(missing_ok=True)


def attach(connection: duckdb.DuckDBPyConnection, path: Path) -> str:
    """Let `connection` read a month's file; gives the name its tables stand under."""
    alias = f"month_{path.stem.replace('-', '_')}"
    with telling(path):
        connection.execute(f"ATTACH IF NOT EXISTS '{quoted(str(path))}' AS {alias} (READ_ONLY)")
    return alias


@dataclass
class KeptCube(Cube):
    """A cube over a month's file: what was summed when it was made is read, the rest is summed from its notes."""

    alias: str

    @classmethod
    def over(cls, engine: Engine, wanted: Month, path: Path) -> KeptCube:
        """The cube of `wanted`, whose file is `path`."""
        alias = attach(engine.connection, path)
        ((*found,),) = engine.rows(f"SELECT * FROM {alias}.quality")
        of = wanted.amount_of
        return cls(engine, wanted.tagging.themes, f"{alias}.notes", wanted.amounts, of, Quality(*found), alias)

    def cells(self, by: Sequence[str], sums: Any, where: Mapping[str, Sequence[str]] | None = None) -> Cells:
        """As `Cube.cells`."""
        wanted, asked = set(sums), dict(where or {})
        axes = tuple(dict.fromkeys([*by, *asked]))
        if len(axes) > 1:
            return super().cells(by, wanted, asked)
        tail = "".join(f" WHERE d_{one} IN ({', '.join(map(_literal, codes))})" for one, codes in asked.items())
        cells: Cells = {}
        plain, people = [one for one in (*SUMS, *COUNTS) if one in wanted], [one for one in PEOPLE if one in wanted]
        if plain:
            source = f"SELECT * FROM {self.alias}.sums_{'_'.join(axes)}{tail}"
            self._gather(cells, by, plain, source, self._theme_sums)
        if people and not by and any(len(codes) != 1 for codes in asked.values()):
            # a borrower in two of the cells is one borrower: cells of people do not add up
            for key, found in super().cells(by, people, asked).items():
                cells.setdefault(key, {}).update(found)
        elif people:
            source = f"SELECT * FROM {self.alias}.people_{'_'.join(axes)}{tail}"
            self._gather(cells, by, people, source, self._theme_people)
        return cells


def _layers(engine: Engine, source: str) -> None:
    """The notes, the greatest balances first, by layers: to sort all of them would take more than it gives."""
    marks = ", ".join(f"quantile_disc(a0, {one})" for one in LAYERS)
    ((*found,),) = engine.rows(f"SELECT {marks} FROM {source}")
    engine.connection.execute(f"CREATE TABLE made.notes AS SELECT * FROM {source} LIMIT 0")
    above = ""
    for mark in [one for one in found if one is not None]:
        engine.connection.execute(
            f"INSERT INTO made.notes SELECT * FROM {source} WHERE a0 >= {mark}{above} ORDER BY a0 DESC"
        )
        above = f" AND a0 < {mark}"
    rest = f" WHERE a0 IS NULL OR {above.removeprefix(' AND ')}" if above else ""
    engine.connection.execute(f"INSERT INTO made.notes SELECT * FROM {source}{rest}")


def _sums(engine: Engine, wanted: Month) -> None:
    """What is asked most: sums and borrowers of everything, and by each dimension."""
    themes = wanted.tagging.themes
    quality = quality_of(engine, "made.notes")
    cube = Cube(engine, themes, "made.notes", wanted.amounts, wanted.amount_of, quality)
    values = ", ".join(f"{value} AS {one}" for one, value in quality._asdict().items())
    engine.connection.execute(f"CREATE TABLE made.quality AS SELECT {values}")
    for by in ((), *((one,) for one in dimensions())):
        table = "_".join(by)
        signatures = cube.signatures("SELECT * FROM made.notes", by, [*SUMS, *COUNTS])
        engine.connection.execute(f"CREATE TABLE made.sums_{table} AS {signatures}")
        people = cube.people("SELECT * FROM made.notes", by, first=True)
        engine.connection.execute(f"CREATE TABLE made.people_{table} AS {people}")


def _about(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _literal(code: str) -> str:
    return f"'{quoted(code)}'"


__all__ = ["FOLDER", "LEAST", "KeptCube", "Month", "attach", "find", "keep_usual", "make", "month", "prune", "sound"]
