"""Banks and guarantees from a small book and from files, and the commands on them, as a person would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from houfeng import clock
from houfeng.book.snapshot import Snapshot
from houfeng.book.store import Book
from houfeng.engine.duckdb import Engine
from houfeng.errors import HoufengError, InputError, UsageError
from houfeng.penetration.contagion import reading
from houfeng.penetration.contagion.impact import Capital
from houfeng_cli.main import cli
from houfeng_cli.penetration.contagion import COMMANDS

A, B, C, D, G = (
    "91410100MA946TD794", "91410100MA8D19388Q", "91410100MACKJAD431", "91410100MAGPK24253", "91410100MC0000004B",
)  # fmt: skip
X, Y = "91110000802100433B", "91410100MB0000000W"
FILES = {
    "institution": "institution_id,name,tier1_capital,net_capital\n"
    f"{X},一家银行,6000000,9000000\n{Y},二家银行,3000000,4000000\n{G},担保公司,5000000,5000000\n",
    "interbank_exposure": "lender_id,borrower_id,instrument,period,amount\n"
    f"{X},{Y},lending,2026-06-30,1000000\n{X},{Y},bond,2026-06-30,500000\n",
    "loan_balance": "institution_id,contract_no,note_no,borrower_id,period,balance,balance_cny,loan_status\n"
    f"{X},c1,n1,{A},2026-06-30,700000,700000,LS01\n{X},c1,n2,{A},2026-06-30,300000,300000,LS01\n"
    f"{X},c2,n1,{B},2026-06-30,2000000,2000000,LS01\n{X},c3,n1,{D},2026-06-30,1000000,1000000,LS01\n",
    "guarantee": "institution_id,guarantee_no,contract_no,guarantee_type,guarantor_id,borrower_id,amount,valid_from,"
    f"valid_to\n{X},g1,c1,C,{B},{A},5000000,2026-01-01,2027-01-01\n{X},g2,c1,C,{G},{A},400000,2026-02-01,2027-01-01\n"
    f"{X},g3,c2,B,{C},{B},2000000,2026-01-01,2027-01-01\n{X},g4,c3,C,{D},{D},9,2026-01-01,2027-01-01\n"
    f"{X},g5,c2,C,{C},{B},1500000,2026-01-01,2026-03-01\n",
    "financial_statement": f"enterprise_id,period,net_assets\n{B},2026-06-30,600000\n{A},2026-06-30,1\n",
    "holding": f"holder_id,enterprise_id,holder_kind,share\nP1,{B},person,80\nP1,{D},person,90\n",
}


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def ask(name: str, *arguments: str) -> str:
    """One of the commands by itself: who puts it into the group is another's business."""
    (command,) = (one for one in COMMANDS if one.name == name)
    result = CliRunner().invoke(command, [*arguments, "--lang", "en"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("contagion")
    run("book", "init", "--book", str(folder / "book"))
    for kind, text in FILES.items():
        file = folder / f"{kind}.csv"
        file.write_text(text, encoding="utf-8")
        place = ("--book", str(folder / "book"), "--reporter", X, "--period", "2026-06-30")
        run("book", "submit", str(file), "--kind", kind, *place, "--unit", "元", "--on-bad", "accept")
    return str(folder / "book")


@contextmanager
def views(book: str) -> Iterator[tuple[Snapshot, date, Engine]]:
    with Engine() as engine:
        yield Book.open(Path(book), clock.wall_clock).snapshot(), date(2026, 6, 30), engine


def test_banks_from_the_book(book: str) -> None:
    with views(book) as asked:
        system = reading.banks(*asked, ranks={"bond": 1})
        assert reading.capital(*asked)[Y] == Capital(4_000_000.0, 3_000_000.0)
    assert system.ids == (X, Y)
    assert system.amount.tolist() == [1_000_000, 500_000]
    assert system.rank.tolist() == [0, 1]
    assert system.equity.tolist() == [6_000_000, 3_000_000]
    # X has loans of 4 and claims of 1.5 against equity of 6: assets are raised by 0.5; Y needs 4.5 to balance
    assert system.external_assets.tolist() == [4_500_000, 4_500_000]
    assert system.external_debt.tolist() == [0, 0]


def test_guarantees_from_the_book(book: str) -> None:
    with views(book) as asked:
        graph = reading.guarantees(*asked, groups={B: "P1", D: "P1"})
    assert [(graph.names(graph.borrower[n : n + 1])[0], graph.balance[n]) for n in range(3)] == [
        (A, 1_000_000), (B, 2_000_000), (D, 1_000_000),
    ]  # fmt: skip
    # up to the contract's balance; the mortgage, the expired one and the one for itself do not count
    assert graph.names(graph.guarantor) == [B, G]
    assert graph.amount.tolist() == [1_000_000, 400_000]
    assert graph.debt.tolist() == [0, 0]
    worth = dict(zip(graph.firms.to_pylist(), graph.net_assets.tolist(), strict=True))
    assert (worth[A], worth[B], worth[G]) == (1, 600_000, 5_000_000)
    assert np.isnan(worth[D])
    assert graph.group[graph.place(B)] == graph.group[graph.place(D)] >= 0
    assert graph.group[graph.place(A)] == -1


def test_a_bank_whose_capital_is_not_known_stands_and_is_named(tmp_path: Path) -> None:
    where = ("--book", str(tmp_path / "book"))
    run("book", "init", *where)
    for kind in ("institution", "interbank_exposure"):
        file = tmp_path / f"{kind}.csv"
        file.write_text(FILES[kind].replace(f"{Y},二家银行,3000000,4000000", f"{Y},二家银行,,"), encoding="utf-8")
        place = ("--reporter", X, "--period", "2026-06-30", "--unit", "元")
        run("book", "submit", str(file), "--kind", kind, *where, *place)
    told = ask("contagion", *where, "--as-of", "2026-06-30", "--shock", f"{Y}=3000000")
    assert f"tier-1 capital not known, taken to stand: {Y}" in told
    losses = [6e6 - float(one.replace(",", "")) for one in told.splitlines()[-2].split()[2:]]
    assert max(losses) == pytest.approx(3000)  # a thousandth of the shock, not of the claim of 1.5 million


def test_fall(book: str) -> None:
    told = ask("fall", A, "--book", book, "--as-of", "2026-06-30", "--lgd", "50", "--sum", "200000")
    # A's million is called on B for 714,285.71 and on G for the rest; B has 600,000, and G steps in up to its 400,000
    assert "1 more fall, banks lose 1,300,000.00 yuan" in told
    assert f"  {B}: called for 714,285.71, has 600,000.00" in told
    assert f"{X}: lent them 3,000,000.00, loses 1,300,000.00 and by other banks 0.00, 21.67 % of tier 1" in told
    assert "114,285.71 yuan spare 1,300,000.00 (every choice was tried)" in told
    assert f"hold up {B}: 114,285.71 so far, 0.00 lost" in told
    together = ask("fall", A, "--book", book, "--as-of", "2026-06-30", "--lgd", "50", "--cross-default")
    assert "2 more fall, banks lose 1,800,000.00 yuan" in together
    turn = ask("fall", A, "--book", book, "--as-of", "2026-06-30", "--lgd", "50", "--call", "shortfall")
    assert "0 more fall, banks lose 0.00 yuan" in turn
    broken = ask("fall", A, "--book", book, "--as-of", "2026-06-30", "--lgd", "50", "--limit", "99", "--limit", "40")
    assert f"{X}  exposure to one firm ÷ tier 1  > 40%  {B}  33.33% → 42.55%" in broken
    assert "2 limits newly broken, 1 before" in broken  # Y: exactly 25 % of tier 1, then more; all that fell: 50 %


def test_banks_and_expectation(book: str) -> None:
    told = ask("contagion", "--book", book, "--as-of", "2026-06-30", "--shock", f"{Y}=3600000", "--lgd", "60")
    # Y has 0.9 left against 1.5 owed
    assert f"{X}  6,000,000.000000  5,400,000.000000  5,400,000.000000  5,100,000.000000" in told
    assert f"{Y}: 0 more fail, 900,000.00 lost" in ask(
        "cascade", "--book", book, "--as-of", "2026-06-30", "--lgd", "60"
    )
    place = ("--book", book, "--as-of", "2026-06-30", "--seed", "1", "--scenarios", "500")
    told = ask("expected", "--chance", "3", *place)
    assert "500 scenarios, correlation 0.12, seed 1" in told
    assert "54,000.00 without guarantees" in told  # 4 million, 3 percent, 45 percent
    assert told == ask("expected", "--chance", "3", *place, "--workers", "2")


def test_chances_of_their_own(book: str, tmp_path: Path) -> None:
    file = tmp_path / "chances.csv"
    file.write_text(f"enterprise_id,chance\n{A},100\n", encoding="utf-8")
    place = ("--book", book, "--as-of", "2026-06-30", "--seed", "1", "--scenarios", "50")
    told = ask("expected", "--chance", "0", "--chances", str(file), *place)
    assert f"{B}  0.00% → 100.00%" in told
    file.write_text(f"enterprise_id,chance\n{A},often\n", encoding="utf-8")
    with pytest.raises(InputError) as wrong:
        ask("expected", "--chance", "0", "--chances", str(file), *place)
    assert [str(problem.where) for problem in wrong.value.problems] == [f"{file}:2 chance"]


def test_questions_put_wrongly(book: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the day is missing"):
        ask("contagion", "--book", book)
    with pytest.raises(UsageError, match="cannot be read") as told:
        ask("contagion", "--book", book, "--as-of", "2026-06-30", "--shock", "A", "--shock", "B=x")
    assert len(told.value.problems) == 2
    with pytest.raises(InputError, match="no system of banks"):
        ask("contagion", "--book", book, "--as-of", "2020-06-30")
    file = tmp_path / "a.json"
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(UsageError, match="one form only"):
        ask("contagion", "--json", str(file), "--sheets", str(file))
    file.write_text('[{"name": "A"}]', encoding="utf-8")
    with pytest.raises(HoufengError, match=r"a\.json cannot be used"):
        ask("contagion", "--json", str(file))


def test_maximum_entropy_has_the_totals_and_nothing_on_the_diagonal() -> None:
    lends, owes = np.array([5.0, 3.0, 2.0, 0.0]), np.array([1.0, 4.0, 2.0, 3.0])
    matrix = reading.entropic(lends, owes)
    assert matrix.sum(axis=1) == pytest.approx(lends, abs=1e-9)
    assert matrix.sum(axis=0) == pytest.approx(owes, abs=1e-9)
    assert np.diag(matrix).tolist() == [0] * 4
    # of maximum entropy: off the diagonal every entry is a row factor times a column factor
    assert matrix[0, 1] * matrix[1, 2] * matrix[2, 0] == pytest.approx(matrix[0, 2] * matrix[2, 1] * matrix[1, 0])
    with pytest.raises(InputError, match="fit no matrix"):
        reading.entropic(np.array([5.0, 1.0]), np.array([5.0, 1.0]))
