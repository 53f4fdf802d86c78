"""`houfeng penetration beneficial | links | changes | bods` and agreements, on a small book made from CSV files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from houfeng_cli.main import cli

A, B, C, D = "91410100MA946TD794", "91410100MA8D19388Q", "91410100MACKJAD431", "91410100MAGPK24253"
HOLDINGS = "holder_id,enterprise_id,holder_kind,share,share_min,share_max,votes,amount,valid_from,valid_to\n"
FILES = {
    "enterprise": "enterprise_id,name,controller_id,legal_representative_id\n"
    f"{A},甲,P1,P1\n{B},乙,{A},P1\n{C},丙,P3,P9\n{D},丁,P4,P9\n",
    "person": "person_id,name\nP1,张一\nP2,张二\nP3,李三\nP7,无关\n",
    "holding": HOLDINGS
    + f"P1,{A},person,40,,,,4000000,2020-01-01,\nP2,{A},person,30,,,,,2020-01-01,\nP3,{A},person,30,,,,,2020-01-01,\n"
    f"{A},{B},enterprise,60,,,70,,2020-01-01,2026-05-10\nP3,{B},person,60,,,,,2026-05-10,\n"
    f"{B},{C},enterprise,,10,30,,,2020-01-01,\nP3,{C},person,15,,,,,2020-01-01,\n",
    "concert_agreement": "agreement_no,party_id,enterprise_id,valid_from,valid_to\n"
    f"Y1,P1,{A},2026-04-01,\nY1,P2,{A},2026-04-01,\nY2,P1,{A},2020-01-01,2021-01-01\n",
    "control_interest": "holder_id,enterprise_id,interest,reach,beneficial\n"
    f"P3,{A},board_chair,direct,true\nP2,{C},shareholding,indirect,\n",
}  # fmt: skip


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def submit(place: str, folder: Path, files: dict[str, str]) -> None:
    for kind, text in files.items():
        file = folder / f"{kind}.csv"
        file.write_text(text, encoding="utf-8")
        told = ("--book", place, "--reporter", "SAMR", "--period", "2026-01-31")
        run("book", "submit", str(file), "--kind", kind, *told, "--unit", "元", "--on-bad", "refuse")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("ownership")
    run("book", "init", "--book", str(folder / "book"))
    submit(str(folder / "book"), folder, FILES)
    return str(folder / "book")


def ask(book: str, *arguments: str, day: str = "2026-06-30") -> str:
    return run("penetration", *arguments, "--book", book, "--as-of", day, "--lang", "en")


def test_an_agreement_in_the_book_controls_while_it_is_valid(book: str) -> None:
    told = ask(book, "control", A)
    assert "ultimate controller: Y1\nparties of the agreement Y1: P1、P2\n" in told
    assert f"  {A} ← P1 40% + P2 30% = 70%" in told
    assert "ultimate controller: none" in ask(book, "control", A, day="2026-03-31")
    assert "ultimate controller: Y1" in ask(book, "control", B, day="2026-04-30")


def test_the_register_where_nobody_controls_by_votes(book: str) -> None:
    assert "ultimate controller: none" in ask(book, "control", C)
    told = ask(book, "control", C, "--registered")
    assert "ultimate controller: P3" in told
    assert f"  {C} ← P3 (registered controller)" in told


def test_beneficial_owners(book: str) -> None:
    told = ask(book, "beneficial", A, C)
    assert f"{A}: 3 beneficial owners" in told
    assert "P1    40.0000%    40.0000%  shares, votes, control" in told
    assert f"{C}: 2 beneficial owners" in told
    assert "P3    21.0000%    21.0000%  may be: up to 33.0000% of the shares" in told  # 15 + 60 % of 10 to 30
    assert "P9     0.0000%     0.0000%  in charge (nobody passes a test)" in told


def test_close_links(book: str) -> None:
    assert f"P3 → {B}  60.0000%" in ask(book, "links", "P3")
    assert "1 in all" in ask(book, "links", B, "--least", "10")


def test_what_changed_by_month(book: str) -> None:
    months = ("--from", "2026-03-01", "--to", "2026-06-30", "--book", book, "--lang", "en")
    told = run("penetration", "changes", *months)
    assert "2026-04-30  2 controllers, 0 groups" in told
    assert f"  {B}: {A} → Y1\n  {A}: nobody → Y1\n" in told
    assert f"  {B}: Y1 → P3" in told
    assert f"  P3 +P3 -{A}" in told  # the group of A and B is that of P3 and B now
    only = run("penetration", "changes", *months, "--enterprise", "P3")
    assert "2026-04-30  0 controllers, 0 groups\n2026-05-31  1 controllers, 1 groups" in only


def test_bods_out_and_in_again(book: str, tmp_path: Path) -> None:
    place = ("--book", book, "--as-of", "2026-06-30", "--lang", "en")
    told = run("penetration", "bods", "write", *place, "--to", str(tmp_path / "out.json"), "--publisher", "候风")
    assert "BODS has no place for holding.amount" in told
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert {one["recordId"] for one in found if one["recordType"] == "person"} == {"P1", "P2", "P3"}
    told = run(
        "penetration", "bods", "read", str(tmp_path / "out.json"), "--to", str(tmp_path / "rows"), "--lang", "en"
    )
    assert "holding.csv: 6 rows" in told
    again = tmp_path / "again"
    run("book", "init", "--book", str(again))
    files = {file.stem: file.read_text(encoding="utf-8") for file in sorted((tmp_path / "rows").glob("*.csv"))}
    submit(str(again), tmp_path, files)
    for question in (("owners", C), ("control", C), ("owners", A)):
        first = [line for line in ask(book, *question).splitlines() if "ontroller" not in line]
        assert [line for line in ask(str(again), *question).splitlines() if "ontroller" not in line] == first
