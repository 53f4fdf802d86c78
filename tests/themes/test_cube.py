"""Every figure of the cube against a plain recomputation, on random small portfolios."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.book.store import Book
from houfeng.errors import InputError
from houfeng.packs.loading.load import load_pack
from houfeng.packs.model import Pack
from houfeng.themes import cube
from houfeng.themes.report import ALL, Report, report
from houfeng.themes.tagging import tag
from themes.loan_samples import BANK_A, BANK_B, DECEMBER, NOVEMBER, NOW, Row, book_of, draft, drafts_of, flows, note

FEN, PERCENT, RATE = Decimal("0.01"), Decimal("0.01"), Decimal("0.00001")
OTHER_ARTICLES = ("tech", "inclusive", "pension", "digital")
CITIES = {None: "", "410105": "410100", "419001": "419001", "110000": "outside", "410000": "410000"}
USES = {None: "", "C2710": "C", "2710": "C", "I6513": "I", "7519": "M", "0111": "A", "2000": "abroad"}


@cache
def five() -> Pack:
    return load_pack("five-articles")


@st.composite
def portfolios(draw: st.DrawFn) -> list[Row]:
    rows = []
    for number in range(draw(st.integers(4, 20))):
        amount = draw(st.integers(1, 3_000_000_001_00))
        rows.append(
            note(
                number,
                draw(st.sampled_from([BANK_A, BANK_B])),
                period=draw(st.sampled_from([DECEMBER, DECEMBER, NOVEMBER])),
                borrower_id=f"firm-{draw(st.integers(1, 4))}",
                balance_cny=str(Decimal(amount) / 100),
                rate=draw(st.sampled_from([None, "3.45", "0.00001", "4.35271"])),
                quality=draw(st.sampled_from([None, "FQ01", "FQ02", "FQ03", "FQ04", "FQ05"])),
                use_industry=draw(st.sampled_from(list(USES))),
                use_evidence=draw(st.sampled_from([None, "合同与发票"])),
                borrower_region=draw(st.sampled_from(list(CITIES))),
                guarantee_mode=draw(st.sampled_from([None, "A", "B01", "C", "D", "E"])),
                is_first_loan=draw(st.sampled_from([None, True, False])),
                is_written_off=draw(st.sampled_from([None, None, False, True])),
                green_code=draw(st.sampled_from([None, "NA01", "NB", "W00"])),
                green_ratio=draw(st.sampled_from([None, "0", "33.33333", "100"])),
                programme=draw(st.sampled_from([None, "student"])),
                pension_code=draw(st.sampled_from([None, "EC01"])),
            )
        )
    rows.append(note(99, BANK_B))
    return rows


def counted(row: Row, flags: Row, theme: str) -> Decimal:
    """What a theme counts of a note, by the words of the pack."""
    whole = Decimal(row["balance_cny"])
    green = whole * Decimal(row["green_ratio"] or 0) / 100
    if theme.startswith("green"):
        return green.quantize(FEN, ROUND_HALF_UP)
    if theme == "five_articles" and not any(flags[one] for one in OTHER_ARTICLES):
        return green.quantize(FEN, ROUND_HALF_UP)
    return whole


def share(part: Decimal, whole: Decimal, step: Decimal = PERCENT, times: int = 100) -> Decimal | None:
    return (part * times / whole).quantize(step, ROUND_HALF_UP) if whole else None


def expected(theme: str, pairs: list[tuple[Row, Row]], everything: Decimal, before: Decimal) -> dict[str, Any]:
    """Every measure of one cell from its rows."""
    amounts = [(row, counted(row, flags, theme)) for row, flags in pairs]
    total = sum((amount for _, amount in amounts), Decimal(0))

    def part(test: Callable[[Row], Any]) -> Decimal:
        return sum((amount for row, amount in amounts if test(row)), Decimal(0))

    weigh = [(amount, Decimal(row["rate"])) for row, amount in amounts if row["rate"] is not None]
    weight = sum((amount for amount, _ in weigh), Decimal(0))
    mode = {letter: part(lambda row, m=letter: (row["guarantee_mode"] or "").startswith(m)) for letter in "ABCDE"}
    bad = part(lambda row: row["quality"] in ("FQ03", "FQ04", "FQ05"))
    return {
        "balance": total,
        "share": share(total, everything),
        "rate": share(sum((a * r for a, r in weigh), Decimal(0)), weight, RATE, 1),
        "borrowers": len({row["borrower_id"] for row, _ in amounts}),
        "notes": len(amounts),
        "growth_month": share(total - before, before),
        "growth_year": None,
        "first_notes": sum(bool(row["is_first_loan"]) for row, _ in amounts),
        "first_borrowers": len({row["borrower_id"] for row, _ in amounts if row["is_first_loan"]}),
        "first_amount": part(lambda row: row["is_first_loan"]),
        "pledged": mode["A"],
        "mortgaged": mode["B"],
        "guaranteed": mode["C"],
        "unsecured": mode["D"],
        "combined": mode["E"],
        "credit_share": share(mode["D"], total),
        "npl": bad,
        "npl_ratio": share(bad, total),
    }


def has(theme: str, row: Row, flags: Row) -> bool:
    return not row["is_written_off"] if theme == ALL else bool(flags[theme])


def codes_of(by: tuple[str, ...], row: Row) -> tuple[str, ...]:
    known = {
        "institution": row["institution_id"],
        "region": CITIES[row["borrower_region"]],
        "industry": USES[row["use_industry"]],
    }
    return tuple(known[one] for one in by)


@settings(max_examples=6, deadline=None, derandomize=True)
@given(portfolios())
def test_every_cell_equals_a_plain_recomputation(rows: list[Row]) -> None:
    rows = [{**note(0, green_ratio=None, is_written_off=None, is_first_loan=None), **row} for row in rows]
    for row in rows:
        for key in ("guarantee_mode", "use_industry", "borrower_region", "green_code"):
            row.setdefault(key, None)
    with tempfile.TemporaryDirectory() as folder:
        snapshot = book_of(Path(folder) / "book", rows).snapshot()
        flags: dict[tuple[date, str, str], Row] = {}
        for day in {row["period"] for row in rows}:
            table = tag(snapshot, five(), day).table
            assert table is not None
            flags |= {(day, one["institution_id"], one["contract_no"]): one for one in table.to_pylist()}
        answer = report(snapshot, five(), as_of=DECEMBER, by=("region", "industry+institution"), measures=("all",))
    tagged = [(row, flags[(row["period"], row["institution_id"], row["contract_no"])]) for row in rows]
    compare(answer, tagged, lagging=any(row["period"] == NOVEMBER for row in rows))


def compare(answer: Report, tagged: list[tuple[Row, Row]], *, lagging: bool) -> None:
    """Each line of each table, and that no line is missing; then what must hold between lines."""
    for table in answer.tables:
        now = [(row, flags) for row, flags in tagged if row["period"] == DECEMBER]
        found = {codes_of(table.by, row) for row, flags in now if any(has(r.theme, row, flags) for r in table.rows)}
        assert {line.codes for line in table.rows} == found | ({()} if not table.by else set())
        for line in table.rows:
            here = [(r, f) for r, f in tagged if codes_of(table.by, r) == line.codes]
            mine = [(r, f) for r, f in here if r["period"] == DECEMBER and has(line.theme, r, f)]
            then = [(r, f) for r, f in here if r["period"] == NOVEMBER and has(line.theme, r, f)]
            every = [(r, f) for r, f in here if r["period"] == DECEMBER and has(ALL, r, f)]
            everything = sum((Decimal(r["balance_cny"]) for r, _ in every), Decimal(0))
            before = sum((counted(r, f, line.theme) for r, f in then), Decimal(0))
            wanted = expected(line.theme, mine, everything, before)
            if not lagging:
                wanted["growth_month"] = None
            assert {name: line.values[name] for name in wanted} == wanted, (table.by, line.codes, line.theme)
        for codes in {line.codes for line in table.rows}:
            values = {line.theme: line.values for line in table.rows if line.codes == codes}
            articles = [values[one] for one in ("green", *OTHER_ARTICLES)]
            for measure in ("balance", "borrowers", "notes"):
                assert sum(one[measure] for one in articles) >= values["five_articles"][measure]
                assert values["five_articles"][measure] <= values[ALL][measure]


def test_a_note_of_many_components_counts_once(tmp_path: Path) -> None:
    """D2 and D3: a note in two articles and several components, exact to the fen."""
    rows = [
        note(1, use_industry="C3973", balance_cny="16777217.01"),  # technology, by T08, and digital, by T02
        note(2, use_industry="C3973", balance_cny="3000000000", borrower_id="firm-1", programme="student"),
        note(3, green_code="NA01", green_ratio="50", balance_cny="0.01"),
        note(4, green_code="NA01", green_ratio="50", balance_cny="100", programme="student"),
    ]
    answer = report(book_of(tmp_path / "book", rows).snapshot(), five(), as_of=DECEMBER)
    values = {row.theme: row.values for row in answer.tables[0].rows}
    both = Decimal("3016777217.01")
    assert values["tech"]["balance"] == values["tech_manufacturing"]["balance"] == values["digital"]["balance"] == both
    assert values["inclusive"]["balance"] == Decimal("3000000100.00")
    assert values["green"]["balance"] == Decimal("50.01")  # half a fen goes up, note by note
    assert values["five_articles"]["balance"] == both + Decimal("100.01")
    assert values["five_articles"]["borrowers"] == 3
    assert values["tech"]["borrowers"] == 1
    assert values["tech"]["notes"] == 2


def test_disbursements_carry_the_tags_of_their_note(tmp_path: Path) -> None:
    rows = [note(1, use_industry="C2710"), note(2, green_code="NA01", green_ratio="40"), note(3)]
    lent = flows(
        [
            {"note": 1, "day": date(2025, 12, 1), "amount": "3000000000", "rate": "3"},
            {"note": 1, "day": date(2025, 12, 31), "amount": "16777217.01", "rate": "4"},
            {"note": 1, "day": date(2025, 11, 30), "amount": "7"},
            {"note": 1, "day": date(2025, 12, 9), "amount": "9", "direction": "0"},
            {"note": 2, "day": date(2025, 12, 9), "amount": "1000.01"},
            {"note": 8, "day": date(2025, 12, 9), "amount": "5"},
        ]
    )
    snapshot = book_of(tmp_path / "book", rows, lent).snapshot()
    answer = report(snapshot, five(), as_of=DECEMBER, measures=("flows",))
    values = {row.theme: row.values for row in answer.tables[0].rows}
    assert values["tech"] == {
        "flow": Decimal("3016777217.01"),
        "flow_rate": Decimal("3.00556"),
        "flow_borrowers": 1,
        "flow_notes": 2,
    }
    assert values["green"]["flow"] == Decimal("400.00")
    assert values[ALL]["flow"] == Decimal("3016778222.02")


def test_many_themes_take_several_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [note(n, use_industry="C3973" if n % 2 else None, programme="student" if n % 3 else None) for n in range(7)]
    snapshot = book_of(tmp_path / "book", rows).snapshot()
    one = report(snapshot, five(), as_of=DECEMBER, by=("industry",), measures=("basic", "first"))
    monkeypatch.setattr(cube, "BITS", 5)
    several = report(snapshot, five(), as_of=DECEMBER, by=("industry",), measures=("basic", "first"))
    assert several.tables == one.tables


def test_a_line_of_credit_told_twice_is_an_error_not_a_wrong_figure(tmp_path: Path) -> None:
    line = {"institution_id": BANK_A, "enterprise_id": "firm-1", "period": DECEMBER, "line_total": Decimal(5)}
    twice = [draft("credit_line", [line], reporter, DECEMBER) for reporter in ("office", BANK_A)]
    snapshot = book_of(tmp_path / "book", [note(1)], *twice).snapshot()
    with pytest.raises(InputError, match="1 balances became 2 rows"):
        report(snapshot, five(), as_of=DECEMBER)


def test_the_past_stays_as_it_was_known(tmp_path: Path) -> None:
    moment = NOW
    book = Book.create(tmp_path / "book", lambda: moment)
    book.submit(drafts_of([note(1, balance_cny="100")]))
    moment = NOW + timedelta(days=5)
    book.submit(drafts_of([note(1, balance_cny="250")]))
    for known_at, balance in ((NOW + timedelta(days=1), "100.00"), (moment, "250.00")):
        line = report(book.snapshot(known_at), five(), as_of=DECEMBER).tables[0].find(ALL)
        assert line is not None
        assert line.values["balance"] == Decimal(balance)
