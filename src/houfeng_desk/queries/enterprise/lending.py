"""What a firm owes: its notes at all banks with their five-article tags, and its exposure by bank over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from typing import Any, cast

from houfeng.book.model import kinds
from houfeng.errors import NotFoundError, Text
from houfeng.packs.explain import Explainer, Explanation
from houfeng.packs.model import Definition, Pack
from houfeng.packs.roads.evaluate import EXACT, Evaluator, Trace
from houfeng.packs.roads.reach import explained
from houfeng.themes.shares import LOANS
from houfeng.themes.tagging import compile_tagging, loan_themes
from houfeng_desk.lists import Column, Listing, ListRequest
from houfeng_desk.queries.enterprise import words
from houfeng_desk.queries.enterprise.firm import Firm, Row
from houfeng_desk.reader import Reader

KEY = ("institution_id", "contract_no", "note_no")
SHARED = (*KEY, "borrower_id", "currency")
"""What a balance and its contract both say: the balance's counts."""

GOOD = "FQ01"
NOUGHT = Decimal("0.00")
MONTHS = 24
"""Months of exposure shown."""

FEW = 30
"""Notes of a firm up to which each is judged by itself; for more, the statement that tags a month is quicker."""


@dataclass(frozen=True)
class Tag:
    """A theme that a note carries, or does not because of an exception."""

    theme: str
    label: Text
    article: str
    holds: bool
    exceptions: tuple[Text, ...] = ()

    @property
    def main(self) -> bool:
        """Whether this is an article itself, not a line under it."""
        return self.theme == self.article


@dataclass(frozen=True)
class Note:
    """One loan note as reported at the end of a period."""

    row: Row
    bank: str
    use: Text
    quality: Text
    tier: str
    tags: tuple[Tag, ...]
    elsewhere: str
    """The worst class other banks report, where it is worse than this note's."""

    @property
    def main_tags(self) -> tuple[Tag, ...]:
        """The articles themselves."""
        return tuple(tag for tag in self.tags if tag.main and tag.article != "five_articles")

    @property
    def line_tags(self) -> tuple[Tag, ...]:
        """The lines under the articles."""
        return tuple(tag for tag in self.tags if not tag.main)

    @property
    def key(self) -> str:
        """The note's key as one word for a URL."""
        return "/".join(str(self.row[field]) for field in KEY)


Tags = dict[tuple[Any, ...], tuple[Tag, ...]]
"""Tags by (period, key of the note)."""

TIER_OF = {"FQ01": "calm", "FQ02": "yellow", "FQ03": "orange", "FQ04": "red", "FQ05": "red"}


def bank_names(reader: Reader) -> dict[str, str]:
    """Institutions by name."""
    rows = reader.held("SELECT institution_id, name, region FROM institution")
    return {str(row["institution_id"]): str(row["name"] or row["institution_id"]) for row in rows}


def notes(reader: Reader, firm: Firm, pack: Pack) -> list[Note]:
    """The firm's notes in each bank's latest period, the largest first, with tags under `pack`."""
    what = ("notes", pack.digest, reader.as_of, reader.known_at.date())
    return firm.once(what, lambda: _notes(reader, firm, pack))


def _notes(reader: Reader, firm: Firm, pack: Pack) -> list[Note]:
    rows = _rows(reader, firm)
    names, tags, worst = bank_names(reader), _tags(reader, firm, pack, rows), _worst(rows)
    return [
        Note(
            row=row,
            bank=names.get(str(row["institution_id"]), str(row["institution_id"])),
            use=words.industry(row["use_industry"]),
            quality=words.label("loan_balance", "quality", row["quality"]),
            tier=TIER_OF.get(row["quality"] or "", ""),
            tags=tags.get(_whole_key(row), ()),
            elsewhere=_elsewhere(row, worst),
        )
        for row in rows
    ]


def _rows(reader: Reader, firm: Firm) -> list[Row]:
    """The firm's balances that are not nought, each with its contract, the largest first."""
    contracts = {_key(row): row for row in firm.held("loan", reader.as_of)}
    facts = [field for field in kinds()["loan"].fields if field not in SHARED]
    rows = []
    for balance in firm.held("loan_balance", reader.as_of):
        if balance["balance"]:
            contract = contracts.get(_key(balance), {})
            rows.append(balance | {field: contract.get(field) for field in facts})
    return sorted(rows, key=lambda row: (-_amount(row), row["institution_id"], row["note_no"], row["contract_no"]))


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(row[field] for field in KEY)


def _whole_key(row: Row) -> tuple[Any, ...]:
    return (row["period"], *_key(row))


def _amount(row: Row) -> Decimal:
    """The balance in yuan, or in its own currency where the reporter gave no other."""
    return cast(Decimal, row["balance"] if row["balance_cny"] is None else row["balance_cny"])


def _worst(rows: Sequence[Row]) -> dict[str, str]:
    """The worst class each bank reports."""
    found: dict[str, str] = {}
    for row in rows:
        if row["quality"]:
            found[row["institution_id"]] = max(found.get(row["institution_id"], ""), row["quality"])
    return found


def _elsewhere(row: Row, worst: Mapping[str, str]) -> str:
    others = [quality for bank, quality in worst.items() if bank != row["institution_id"]]
    highest = max(others, default="")
    return highest if highest > (row["quality"] or GOOD) else ""


def _tags(reader: Reader, firm: Firm, pack: Pack, rows: Sequence[Row]) -> Tags:
    found: Tags = {}
    for period in sorted({row["period"] for row in rows}):
        here = [row for row in rows if row["period"] == period]
        judged = judged_tags(firm, pack, here, period, reader.known_at.date()) if len(here) <= FEW else None
        found |= stated_tags(firm, pack, period, reader.known_at.date()) if judged is None else judged
    return found


def judged_tags(firm: Firm, pack: Pack, rows: Sequence[Row], period: date, known: date) -> Tags | None:
    """Tags of the notes `rows`, each judged by itself; nothing where the pack asks for more than the rows of one firm.

    The evaluator is the same that explains a tag. To compile, plan and run the statement of a whole month takes as
    long for five notes as for a hundred.
    """
    themes = loan_themes(pack)
    world = firm.world(explained(pack), LOANS, themes, period, known)
    if world is None:
        return None
    evaluator, found = Evaluator(pack, world), {}
    with localcontext(EXACT):
        for row in rows:
            traces = [(theme, evaluator.item(theme, row)) for theme in themes]
            found[_whole_key(row)] = tuple(tag for theme, trace in traces if (tag := _judged(theme, trace)))
    return found


def _judged(theme: Definition, trace: Trace) -> Tag | None:
    general, *others = trace.parts
    held = [e.label for e, other in zip(theme.exemptions, others, strict=True) if other.value is True]
    return _tag(theme, trace.value, held) if trace.value or (held and general.value is True) else None


def stated_tags(firm: Firm, pack: Pack, period: date, known: date) -> Tags:
    """Tags of all the firm's notes of `period`, by the statement that tags a month."""
    found: Tags = {}
    tagging = compile_tagging(firm, pack, period, known)
    statement = tagging.statement
    for row in firm.rows(statement.sql, wide=True):
        held = [_bits(row, statement.bit_columns, place) for place in range(len(statement.bits))]
        exceptions: dict[str, list[str]] = {}
        for bit, on in zip(statement.bits, held, strict=True):
            if bit.exception and on:
                exceptions.setdefault(bit.item, []).append(bit.exception)
        tags = [
            _tag(theme, bool(row[theme.name]), exceptions.get(theme.name, ()))
            for theme in tagging.themes
            if row[theme.name] or (exceptions.get(theme.name) and _general(row, statement, theme.name))
        ]
        found[_whole_key(row)] = tuple(tags)
    return found


def _bits(row: Row, columns: Sequence[str], place: int) -> bool:
    return bool(row[columns[place // 63]] >> (place % 63) & 1)


def _general(row: Row, statement: Any, theme: str) -> bool:
    places = [n for n, bit in enumerate(statement.bits) if bit.item == theme and not bit.exception]
    return any(_bits(row, statement.bit_columns, place) for place in places)


def _tag(theme: Definition, holds: bool, exceptions: Sequence[str]) -> Tag:
    texts = tuple(e.text if any(e.text) else Text(e.label, e.label) for e in theme.exemptions if e.label in exceptions)
    return Tag(theme.name, theme.label, theme.article, holds, texts)


COLUMNS = (
    Column("bank", Text("机构", "Institution")),
    Column("contract_no", Text("贷款合同编码", "Contract no."), "code"),
    Column("note_no", Text("借据", "Note"), "code"),
    Column("period", Text("数据日期", "Period"), "date"),
    Column("use", Text("投向", "Use")),
    Column("tags", Text("五篇标签", "Five articles")),
    Column("balance", Text("余额", "Balance"), "money"),
    Column("rate", Text("利率", "Rate"), "percent"),
    Column("disbursed_on", Text("发放日期", "Disbursed on"), "date"),
    Column("matures_on", Text("到期", "Matures on"), "date"),
    Column("quality", Text("分类", "Class")),
    Column("overdue_days", Text("逾期天数", "Days overdue"), "number"),
)
"""The notes as an export has them."""


def listing(reader: Reader, firm: Firm, pack: Pack, ask: ListRequest) -> Listing:
    """The firm's notes as a list: always all of them."""
    rows = [_line(note) for note in notes(reader, firm, pack)]
    return Listing(ask.columns, rows, len(rows), ask)


def _line(note: Note) -> Row:
    held = [tag.label for tag in note.tags if tag.holds]
    told = {"bank": note.bank, "use": note.use, "quality": note.quality, "balance": _amount(note.row)}
    return note.row | told | {"tags": Text("、".join(t.zh for t in held), ", ".join(t.en for t in held))}


def explain_note(reader: Reader, firm: Firm, pack: Pack, key: str, theme: str) -> Explanation:
    """Why a note carries a theme or does not.

    Raises:
        NotFoundError: no such note of the firm, or no such theme.
    """
    parts = key.split("/")
    if len(parts) != len(KEY) or theme not in {d.name for d in pack.themes() if d.over == "loan_balance"}:
        raise NotFoundError(Text("没有这笔借据或这个专题。", "there is no such note or theme"))
    wanted = dict(zip(KEY, parts, strict=True))
    rows = firm.rows(
        f"SELECT period FROM ({firm.select('loan_balance', as_of=reader.as_of)})"
        " WHERE institution_id = ? AND contract_no = ? AND note_no = ?",
        parts,
    )
    if not rows:
        raise NotFoundError(Text("没有这笔借据。", "there is no such note"))
    known = reader.known_at.date()
    with firm.lock:
        return Explainer(pack, firm, firm.connection, rows[0]["period"], known).explain("loan_balance", wanted, [theme])


@dataclass(frozen=True)
class Exposure:
    """Balances by bank at month ends, in yuan; a bank without a report for a month has nothing there."""

    months: tuple[date, ...]
    banks: tuple[tuple[str, str, tuple[Decimal | None, ...]], ...]
    totals: tuple[Decimal, ...]


def exposure(reader: Reader, firm: Firm) -> Exposure:
    """The firm's balances by bank over the last months up to the day looked at."""
    names, by_bank = bank_names(reader), dict[str, dict[date, Decimal]]()
    for row in firm.held("loan_balance"):
        if row["period"] <= reader.as_of:
            amounts = by_bank.setdefault(row["institution_id"], {})
            amounts[row["period"]] = amounts.get(row["period"], NOUGHT) + (row["balance_cny"] or NOUGHT)
    months = sorted({month for amounts in by_bank.values() for month in amounts})[-MONTHS:]
    last = months[-1] if months else None
    order = sorted(by_bank, key=lambda bank: (-by_bank[bank].get(last, Decimal(0)) if last else Decimal(0), bank))
    banks = tuple((bank, names.get(bank, bank), tuple(by_bank[bank].get(month) for month in months)) for bank in order)
    totals = tuple(sum((by_bank[b].get(m, Decimal(0)) for b in order), Decimal(0)) for m in months)
    return Exposure(tuple(months), banks, totals)


def summary(firm: Firm, as_of: date) -> Row:
    """What the firm owes in short: balance, banks, notes, overdue, worst class."""
    rows = [row for row in firm.held("loan_balance", as_of) if row["balance"] is not None and row["balance"] > 0]
    late = [row for row in rows if (row["overdue_days"] or 0) > 0 or row["loan_status"] == "LS03"]

    def greatest(field: str) -> Any:
        return max((row[field] for row in rows if row[field] is not None), default=None)

    return {
        "balance": sum((row["balance_cny"] or NOUGHT for row in rows), NOUGHT),
        "banks": len({row["institution_id"] for row in rows}),
        "notes": len(rows),
        "overdue": sum((row["balance_cny"] or NOUGHT for row in late), NOUGHT),
        "days": greatest("overdue_days"),
        "quality": greatest("quality"),
        "period": greatest("period"),
    }
