"""Sums by theme and dimension, from one scan of the tagged notes, exact and each note once.

The notes of a period are tagged once, into a narrow file: the dimensions, the borrower, the amounts, and all the flags
of a note packed into a few integers, its *signature*. One aggregation then makes cells by (dimensions, signature); a
theme's figure is the sum over the cells whose signature has its bit.

Why this is exact. Every note has exactly one signature, so the cells are disjoint and together are all notes; a theme's
notes are exactly the cells with its bit; sums of decimals do not depend on their order. Unions, an article's total and
the de-duplicated total of five are flags of their own on the note, decided by the pack, never sums of rows: a note
counts once in them however many components it has. Borrowers are counted distinct: first each borrower's notes in a
cell of the dimensions become one row with the OR of their signatures, then rows are counted by that OR; a borrower has
a theme in the cell exactly if the OR has its bit. No estimate is used anywhere, and no figure is added up from others
that may overlap.

It is also fast: however many themes there are, the notes are read once and the borrowers grouped once; what is done per
theme is done over signatures, of which there are hundreds, not over millions of notes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from houfeng.book.connection import quoted
from houfeng.engine.duckdb import Engine
from houfeng.errors import InputError, Text
from houfeng.packs.model import Definition, Pack
from houfeng.packs.roads.compile import Views
from houfeng.packs.roads.sql import literal, name
from houfeng.themes.dimensions import dimension
from houfeng.themes.shares import LOANS, in_shares
from houfeng.themes.tagging import COUNTED, Tagging, compile_tagging

ALL = "all"
"""The line of all loans that count at all, beside the themes."""

BITS = 62
MODES = "ABCDE"
SUMS: Mapping[str, str] = {
    "amount": "sum({a})",
    "weighted": "sum({a} * rate)",
    "weight": "sum({a}) FILTER (rate IS NOT NULL)",
    "npl": "sum({a}) FILTER (npl)",
    "first": "sum({a}) FILTER (first)",
    **{f"mode_{mode}": f"sum({{a}}) FILTER (mode = '{mode}')" for mode in MODES},
}
"""Sums of a theme's counted amount {a}."""

COUNTS: Mapping[str, str] = {"notes": "count(*)", "first_notes": "count(*) FILTER (first)"}
PEOPLE: Mapping[str, str] = {"borrowers": "m", "first_borrowers": "f"}
"""Distinct borrowers: of all notes, of first loans."""

Cells = dict[tuple[tuple[str, ...], str], dict[str, Any]]
"""Sums by (codes of the dimensions, theme). What is not there is nothing."""

Of = Callable[[str, Sequence[str]], tuple[list[str], str]]
"""For a theme and sums: the SQL of each sum over the table of signatures, and the condition of its rows."""

_NEEDS = ("loan.is_first_loan", "loan.guarantee_mode", "loan.note_no", "quality")


class Quality(NamedTuple):
    """What the notes of a period lack, for the notes under a table."""

    rows: int
    excluded: int
    excluded_amount: Decimal
    no_amount: int
    no_rate: int
    no_borrower: int
    no_loan: int


@dataclass
class Cube:
    """The tagged notes of one period (or the disbursements of one month), ready to be summed."""

    engine: Engine
    themes: tuple[Definition, ...]
    source: str
    amounts: tuple[str, ...]  # distinct SQL; the first is the plain balance
    amount_of: dict[str, int]
    quality: Quality

    @classmethod
    def build(
        cls,
        engine: Engine,
        views: Views,
        pack: Pack,
        as_of: date,
        known: date,
        dims: Iterable[str],
        label: str,
        taken: Sequence[str] = ("",),
    ) -> Cube:
        """Tag the notes of `as_of` into a file in the engine's scratch folder called `label`, in the shares `taken`.

        Raises:
            InputError: a note met more than one row of another kind, so that it would be counted twice.
            EnvironmentFault: memory or disk does not suffice.
        """
        chosen = [dimension(one) for one in dict.fromkeys(dims)]
        paths = [path for one in chosen for path in one.paths]
        tagging = compile_tagging(views, pack, as_of, known, fields=[*_NEEDS, *paths], bits=False)
        amounts = tuple(dict.fromkeys([tagging.plain, *tagging.amounts.values()]))
        columns = [f"{one.sql} AS d_{one.name}" for one in chosen] + note_columns(tagging, amounts)
        out = engine.scratch / f"{label}.parquet"
        sources = in_shares(tagging.statement.sql, tuple(taken))
        rows = engine.write_all([f"SELECT {', '.join(columns)} FROM ({one})" for one in sources], out)
        check_fan_out(engine, views, as_of, rows)
        source = f"read_parquet('{quoted(str(out))}')"
        of = {theme: amounts.index(sql) for theme, sql in tagging.amounts.items()} | {ALL: 0}
        return cls(engine, tagging.themes, source, amounts, of, quality_of(engine, source))

    def cells(self, by: Sequence[str], sums: Iterable[str], where: Mapping[str, Sequence[str]] | None = None) -> Cells:
        """The sums named (of `SUMS`, `COUNTS`, `PEOPLE`) for each theme and for all loans, by the dimensions `by`.

        `where` keeps the notes whose code of a dimension is among those given. Without dimensions every theme has its
        cell; with them, a theme has cells where it has notes.
        """
        wanted = set(sums)
        asked = f"SELECT * FROM {self.source}{_condition(where or {})}"
        cells: Cells = {}
        plain = [one for one in (*SUMS, *COUNTS) if one in wanted]
        if plain:
            self._gather(cells, by, plain, self.signatures(asked, by, plain), self._theme_sums)
        people = [one for one in PEOPLE if one in wanted]
        if people:
            sql = self.people(asked, by, first="first_borrowers" in people)
            self._gather(cells, by, people, sql, self._theme_people)
        return cells

    def _gather(self, cells: Cells, by: Sequence[str], sums: Sequence[str], sql: str, of: Of) -> None:
        """Run `sql`, which groups by dimensions and signature, and take each theme's sums from its rows."""
        codes = self._numbered(sql, by)
        parts = []
        for theme in (ALL, *(one.name for one in self.themes)):
            columns, condition = of(theme, sums)
            group, cell = (" GROUP BY cell", "cell") if by else ("", "0")
            chosen = f"{cell}, {literal(theme)}, {', '.join(columns)}"
            parts.append(f"SELECT {chosen} FROM signatures WHERE {condition}{group}")
        for number, theme, *values in self.engine.rows(" UNION ALL ".join(parts)):
            found = cells.setdefault((codes[number], theme), {})
            for one, value in zip(sums, values, strict=True):
                found[one] = (Decimal(0) if value is None else value) if one in SUMS else int(value or 0)

    def _numbered(self, sql: str, by: Sequence[str]) -> dict[int, tuple[str, ...]]:
        """Hold the rows of `sql` as the table `signatures`, their codes replaced by a number `cell`; the codes by it.

        What follows groups by that number once for each theme; grouping by texts would take several times as long.
        """
        if not by:
            self.engine.keep("signatures", sql)
            return {0: ()}
        keys = ", ".join(f"d_{one}" for one in by)
        self.engine.keep("coded", sql)
        self.engine.keep("codes", f"SELECT row_number() OVER () AS cell, * FROM (SELECT DISTINCT {keys} FROM coded)")
        self.engine.keep("signatures", f"SELECT * EXCLUDE ({keys}) FROM coded JOIN codes USING ({keys})")
        return {number: tuple(codes) for number, *codes in self.engine.rows("SELECT * FROM codes")}

    # -- SQL ------------------------------------------------------------------------------------------------------

    @property
    def _words(self) -> int:
        return len(self.themes) // BITS + 1

    def _bit(self, theme: str, prefix: str = "m") -> str:
        """SQL: does a signature have the theme's bit. All loans that count stand at place 0."""
        place = 0 if theme == ALL else 1 + [one.name for one in self.themes].index(theme)
        return f"{prefix}{place // BITS} & {1 << place % BITS} <> 0"

    def signatures(self, asked: str, by: Sequence[str], sums: Sequence[str]) -> str:
        """SQL: the sums named, over the notes `asked`, by the dimensions and the signature."""
        keys = [*(f"d_{one}" for one in by), *(f"m{word}" for word in range(self._words))]
        parts = [f"{COUNTS[one]} AS {one}" for one in sums if one in COUNTS]
        for place in sorted(set(self.amount_of.values())):
            parts += [f"{SUMS[one].format(a=f'a{place}')} AS {one}_{place}" for one in sums if one in SUMS]
        return f"SELECT {', '.join([*keys, *parts])} FROM ({asked}) GROUP BY {', '.join(keys)}"

    def people(self, asked: str, by: Sequence[str], *, first: bool) -> str:
        """SQL: how many borrowers have each OR of signatures, over the notes `asked`, by the dimensions."""
        words = [f"m{word}" for word in range(self._words)]
        ors = [f"bit_or({word}) AS {word}" for word in words]
        if first:
            ors += [f"bit_or(CASE WHEN first THEN m{n} ELSE 0 END) AS f{n}" for n in range(self._words)]
            words += [f"f{n}" for n in range(self._words)]
        keys = [f"d_{one}" for one in by]
        each = f"SELECT {', '.join([*keys, *ors])} FROM ({asked}) WHERE borrower IS NOT NULL GROUP BY borrower"
        each += "".join(f", {key}" for key in keys)
        return f"SELECT {', '.join([*keys, *words])}, count(*) AS n FROM ({each}) GROUP BY {', '.join([*keys, *words])}"

    def _theme_sums(self, theme: str, sums: Sequence[str]) -> tuple[list[str], str]:
        place = self.amount_of[theme]
        parts = [f"sum({one}_{place})" if one in SUMS else f"sum({one})" for one in sums]
        return parts, self._bit(theme)

    def _theme_people(self, theme: str, people: Sequence[str]) -> tuple[list[str], str]:
        return [f"sum(n) FILTER ({self._bit(theme, PEOPLE[one])})" for one in people], self._bit(theme)


def note_columns(tagging: Tagging, amounts: Sequence[str]) -> list[str]:
    """SQL of the narrow columns of a note: amounts, signature, and what the sums ask of it."""
    columns = [f"{sql} AS a{place}" for place, sql in enumerate(amounts)]
    counted = name(COUNTED) if COUNTED in tagging.statement.items else "TRUE"
    flags = [f"coalesce({counted}, FALSE)", *(name(theme.name) for theme in tagging.themes)]
    for start in range(0, len(flags), BITS):
        terms = [f"CAST({flag} AS BIGINT) * {1 << n}" for n, flag in enumerate(flags[start : start + BITS])]
        columns.append(f"{' + '.join(terms)} AS m{start // BITS}")
    return [
        *columns,
        "borrower_id AS borrower",
        "rate",
        "coalesce(quality IN ('FQ03', 'FQ04', 'FQ05'), FALSE) AS npl",
        'coalesce("loan.is_first_loan", FALSE) AS first',
        "left(coalesce(\"loan.guarantee_mode\", ''), 1) AS mode",
        '"loan.note_no" IS NULL AS no_loan',
    ]


def _condition(where: Mapping[str, Sequence[str]]) -> str:
    parts = [f"d_{one} IN ({', '.join(literal(code) for code in codes)})" for one, codes in where.items()]
    return f" WHERE {' AND '.join(parts)}" if parts else ""


def quality_of(engine: Engine, source: str) -> Quality:
    """What the notes of `source` lack."""
    ((*found,),) = engine.rows(
        f"SELECT count(*), count(*) FILTER (m0 & 1 = 0), coalesce(sum(a0) FILTER (m0 & 1 = 0), 0), "
        f"count(*) FILTER (a0 IS NULL), count(*) FILTER (rate IS NULL), count(*) FILTER (borrower IS NULL), "
        f"count(*) FILTER (no_loan) FROM {source}"
    )
    return Quality(*found)


def check_fan_out(engine: Engine, views: Views, as_of: date, rows: int) -> None:
    """See that tagging gave each note of `as_of` once.

    Raises:
        InputError: a note met more than one row of another kind, so that it would be counted twice.
    """
    base = views.select(LOANS, as_of=as_of, exact=True, columns=["note_no"])
    ((wanted,),) = engine.rows(f"SELECT count(*) FROM ({base})")
    if rows != wanted:
        raise _fan_out(rows, wanted)


def _fan_out(rows: int, wanted: int) -> InputError:
    return InputError(
        Text(
            f"{wanted} 笔余额认定后成了 {rows} 行：有借据、企业或授信在账簿里重复，会重复计数。"
            "请查同一（机构、户）的授信是否由两家报送",
            f"{wanted} balances became {rows} rows when tagged: a loan, enterprise or credit line stands twice in the "
            "book, and notes would count twice. See whether two reporters report the same line of credit",
        )
    )
