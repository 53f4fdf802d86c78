"""Banks, debts and guarantees from the book, and banks from files.

The book does not say what a bank owes to the outside, nor what it has there beside loans: equity is its tier-1
capital, external assets are its loans, and debt to the outside is what balances the sheet (where that would be below
zero, assets are raised). A bank whose capital is not known is taken to stand: it gets far more than all claims.
DebtRank and Furfine look at equity and claims only, so the assumption on debt touches clearing alone.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from houfeng.engine.duckdb import Engine
from houfeng.errors import InputError, Problem, Text, Where
from houfeng.penetration.contagion.guarantees import Guarantees
from houfeng.penetration.contagion.impact import Capital
from houfeng.penetration.contagion.system import ORDINARY, Doubles, System
from houfeng.penetration.graph import Views

STANDS = 1000.0
"""The equity of a bank whose capital is not known, in times of all claims between banks: hardly anything moves it."""


def capital(views: Views, as_of: date, engine: Engine) -> dict[str, Capital]:
    """What each institution has, as registered for `as_of`."""
    rows = engine.rows(
        "SELECT institution_id, net_capital, tier1_capital FROM "
        f"({views.select('institution', as_of=as_of)}) ORDER BY institution_id"
    )
    return {name: Capital(*(float("nan") if one is None else float(one) for one in own)) for name, *own in rows}


def banks(views: Views, as_of: date, engine: Engine, ranks: Mapping[str, int] | None = None) -> System:
    """The institutions that lend to each other, with their balance sheets as far as the book knows them.

    Args:
        views: the book.
        as_of: the day; of each reporter its last month up to then.
        engine: what runs the SQL.
        ranks: by instrument, how its claims rank; ordinary where not said.

    Raises:
        InputError: nobody lends to anybody (`contagion.no_claims`).
    """
    claims = engine.rows(
        "SELECT lender_id, borrower_id, instrument, CAST(sum(amount) AS DOUBLE) FROM "
        f"({views.select('interbank_exposure', as_of=as_of)}) WHERE amount > 0 AND lender_id <> borrower_id "
        "GROUP BY ALL ORDER BY ALL"
    )
    if not claims:
        problem = Problem(
            "contagion.no_claims",
            Text(f"{as_of} 之前没有同业敞口", f"no interbank exposures up to {as_of}"),
            suggestion=Text("先报送同业敞口（interbank_exposure）", "submit interbank_exposure first"),
        )
        raise InputError(Text("没有可算的同业体系", "there is no system of banks"), [problem])
    own = capital(views, as_of, engine)
    lent = dict(
        engine.rows(
            "SELECT institution_id, CAST(sum(coalesce(balance_cny, balance)) AS DOUBLE) FROM "
            f"({views.select('loan_balance', as_of=as_of)}) GROUP BY ALL"
        )
    )
    names = sorted({*(claim[0] for claim in claims), *(claim[1] for claim in claims)})
    told = [(one[0], one[1], one[3], (ranks or {}).get(one[2], ORDINARY)) for one in claims]
    tier1 = {name: own.get(name, Capital()).tier1_capital for name in names}
    stands = STANDS * sum(float(claim[3]) for claim in claims)
    equity = {name: stands if np.isnan(value) else value for name, value in tier1.items()}
    return balanced(names, told, equity, {name: float(lent.get(name, 0.0)) for name in names})


def balanced(
    names: list[str], claims: list[tuple[Any, ...]], equity: Mapping[str, float], assets: Mapping[str, float]
) -> System:
    """A system with this equity: debt to the outside is what balances each sheet, or else assets are raised."""
    inside = System.of([(name, 0.0, 0.0) for name in names], claims)
    own = np.array([equity[name] for name in names])
    has = np.array([assets[name] for name in names])
    debt = has + inside.owed_to - inside.owes - own
    has = has + np.maximum(0.0, -debt)
    return System(
        inside.ids, has, np.maximum(0.0, debt), inside.lender, inside.borrower, inside.amount, inside.rank
    )  # fmt: skip


def guarantees(
    views: Views, as_of: date, engine: Engine, groups: Mapping[str, str] | None = None, kind: str = "C"
) -> Guarantees:
    """Firms, their debts by contract, and the guarantees in force on `as_of`.

    A debt is a contract's balance over all notes. A guarantee counts up to the balance of its contract. Pledges and
    mortgages of others are not counted (`kind` C is a surety). Net assets are of the last statement; of a guarantor
    that is an institution (a guarantee company), its net capital.

    Args:
        views: the book.
        as_of: the day.
        engine: what runs the SQL.
        groups: by firm, its group, for cross default.
        kind: type of guarantee counted.
    """
    rows, given, worth = (engine.table(sql) for sql in _queries(views, as_of, kind))
    firms = pc.unique(
        pa.concat_arrays([_texts(rows, "borrower_id"), _texts(given, "guarantor_id"), _texts(worth, "enterprise_id")])
    )
    firms = firms.take(pc.sort_indices(firms))
    net = np.full(len(firms), np.nan)
    net[_numbers(worth, "enterprise_id", firms)] = worth.column("net_assets").to_numpy()
    names = pc.unique(_texts(rows, "institution_id"))
    names = names.take(pc.sort_indices(names))
    group = np.full(len(firms), -1, np.int32)
    if groups:
        heads = {head: at for at, head in enumerate(sorted(set(groups.values())))}
        group[:] = [heads.get(groups.get(name, ""), -1) for name in firms.to_pylist()]
    return Guarantees.from_columns(
        firms,
        tuple(names.to_pylist()),
        net,
        _numbers(rows, "borrower_id", firms),
        _numbers(rows, "institution_id", names),
        rows.column("balance").to_numpy(),
        given.column("debt").to_numpy().astype(np.int32),
        _numbers(given, "guarantor_id", firms),
        given.column("amount").to_numpy(),
        given.column("place").to_numpy().astype(np.int32),
        group,
    )


def _queries(views: Views, as_of: date, kind: str) -> tuple[str, str, str]:
    """SQL of debts, of sureties with the number of their debt, and of net assets."""
    debts = (
        "SELECT institution_id, contract_no, any_value(borrower_id) AS borrower_id, "
        "CAST(sum(coalesce(balance_cny, balance)) AS DOUBLE) AS balance "
        f"FROM ({views.select('loan_balance', as_of=as_of)}) WHERE borrower_id IS NOT NULL "
        "GROUP BY institution_id, contract_no HAVING sum(coalesce(balance_cny, balance)) > 0 "
        "ORDER BY institution_id, contract_no"
    )
    sureties = (
        "WITH debts AS (SELECT row_number() OVER (ORDER BY institution_id, contract_no) - 1 AS debt, * "
        f"FROM ({debts})) "
        "SELECT debt, guarantor_id, least(balance, CAST(coalesce(amount_cny, amount, balance) AS DOUBLE)) AS amount, "
        "row_number() OVER (PARTITION BY debt ORDER BY valid_from NULLS LAST, guarantee_no) AS place "
        f"FROM ({views.select('guarantee', as_of=as_of)}) g JOIN debts USING (institution_id, contract_no) "
        f"WHERE guarantee_type = '{kind}' AND guarantor_id <> debts.borrower_id AND guarantor_id IS NOT NULL "
        "ORDER BY debt, place"
    )
    worth = (
        f"WITH own AS (SELECT enterprise_id, net_assets, 1 AS place FROM "
        f"({views.select('financial_statement', as_of=as_of)}) WHERE net_assets IS NOT NULL "
        f"UNION ALL SELECT institution_id, net_capital, 2 FROM ({views.select('institution', as_of=as_of)}) "
        "WHERE net_capital IS NOT NULL) SELECT enterprise_id, CAST(arg_min(net_assets, place) AS DOUBLE) AS net_assets "
        "FROM own GROUP BY enterprise_id ORDER BY enterprise_id"
    )
    return debts, sureties, worth


def _texts(rows: pa.Table, name: str) -> pa.Array:
    return rows.column(name).cast(pa.string()).combine_chunks()


def _numbers(rows: pa.Table, name: str, among: pa.Array) -> Any:
    return pc.index_in(_texts(rows, name), value_set=among).to_numpy(zero_copy_only=False).astype(np.int32)


def from_tables(sheets: Path, exposures: Path) -> System:
    """From two CSV files: banks (name, external assets, external debt) and claims (lender, borrower, amount[, rank]).

    Column names are those of the NEVA files: `bank_name, external_asset, external_liabilities` and
    `lender, borrower, amount`; a column `rank` is optional.

    Raises:
        InputError: a column or a number is missing, or the banks cannot be used (`contagion.*`).
    """
    own = _rows(sheets, {"bank_name": str, "external_asset": float, "external_liabilities": float})
    lent = _rows(exposures, {"lender": str, "borrower": str, "amount": float}, {"rank": int})
    return System.of(((row[0], row[1], row[2]) for row in own), map(tuple, lent))


def from_json(file: Path) -> System:
    """From the NEVA authors' JSON: a list of banks with `extasset`, `extliab` and `ibasset` by borrower.

    Raises:
        InputError: the file is not of that form (`contagion.file_form`), or the banks cannot be used.
    """
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        banks = [(str(one["name"]), float(one["extasset"]), float(one["extliab"])) for one in told]
        claims = [
            (str(one["name"]), str(to), float(sum_)) for one in told for to, sum_ in one.get("ibasset", {}).items()
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as wrong:
        raise _form(file, f"{type(wrong).__name__}: {wrong}") from wrong
    return System.of(banks, claims)


def from_totals(file: Path) -> tuple[System, Doubles]:
    """From a CSV of `bank, assets, liabilities, buffer, weights`: who lent to whom is filled in by maximum entropy.

    `assets` and `liabilities` are what each bank has with and owes to the other banks, `buffer` is its capital. Gives
    the system (debt to the outside balances each sheet) and the weights.

    Raises:
        InputError: a column or number is missing, or the totals fit no matrix (`contagion.*`).
    """
    rows = _rows(file, {"bank": str, "assets": float, "liabilities": float, "buffer": float, "weights": float})
    names = [str(row[0]) for row in rows]
    has, owes, buffer, weights = (np.array([row[at] for row in rows], np.float64) for at in range(1, 5))
    matrix = entropic(has, owes)
    lender, borrower = np.nonzero(matrix)
    claims = [(names[a], names[b], float(matrix[a, b])) for a, b in zip(lender, borrower, strict=True)]
    equity = dict(zip(names, buffer.tolist(), strict=True))
    return balanced(names, claims, equity, dict.fromkeys(names, 0.0)), weights


def entropic(lends: Doubles, owes: Doubles, rounds: int = 100_000, tolerance: float = 1e-13) -> Doubles:
    """The matrix of maximum entropy with these row and column sums and nothing on the diagonal (Upper and Worms 2004).

    Found by scaling rows and columns in turn (Sinkhorn); its total is that of the rows, to which columns are scaled.

    Raises:
        InputError: a bank lends or owes more than all others together can take (`contagion.totals_unfit`).
    """
    owes = owes * (lends.sum() / owes.sum()) if owes.sum() > 0 else owes
    whole = lends.sum()
    if (lends + owes > whole * (1 + 1e-9)).any() or (lends < 0).any() or (owes < 0).any():
        problem = Problem(
            "contagion.totals_unfit",
            Text("有银行的同业资产与负债之和超过全体", "a bank lends and owes more than all others can take"),
            suggestion=Text("核对合计数", "check the totals"),
        )
        raise InputError(Text("合计数拼不出债权矩阵", "the totals fit no matrix"), [problem])
    matrix: Doubles = np.outer(lends, owes) / max(whole, 1e-300)
    np.fill_diagonal(matrix, 0.0)
    for _ in range(rounds):
        sums = matrix.sum(axis=1)
        matrix *= np.divide(lends, sums, out=np.zeros_like(lends), where=sums > 0)[:, None]
        sums = matrix.sum(axis=0)
        matrix *= np.divide(owes, sums, out=np.zeros_like(owes), where=sums > 0)[None, :]
        if np.abs(matrix.sum(axis=1) - lends).max(initial=0.0) <= tolerance * max(whole, 1e-300):
            break
    return matrix


def _rows(file: Path, needed: Mapping[str, type], optional: Mapping[str, type] | None = None) -> list[list[Any]]:
    """Rows of a CSV file in the order of the columns asked for; all that is wrong is told at once."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.DictReader(opened)
        head = [name.strip() for name in reader.fieldnames or ()]
        missing = [name for name in needed if name not in head]
        if missing:
            raise _form(file, f"{', '.join(missing)}?")
        wanted = {**needed, **{name: made for name, made in (optional or {}).items() if name in head}}
        found, problems = [], []
        for line, row in enumerate(reader, 2):
            values = []
            for name, made in wanted.items():
                try:
                    values.append(made((row[name] or "").strip()))
                except ValueError:
                    text = Text(f"{name} 不是数", f"{name} is no number")
                    where = Where(str(file), line, field=name)
                    problems.append(Problem("contagion.no_number", text, where, value=str(row[name])))
            found.append(values)
    if problems:
        raise InputError(Text(f"{file.name} 无法使用", f"{file.name} cannot be used"), problems)
    return found


def _form(file: Path, said: str) -> InputError:
    problem = Problem(
        "contagion.file_form",
        Text("文件不是这种格式", "the file is not of this form"),
        Where(str(file)),
        value=said,
        suggestion=Text("格式见 docs/concepts/contagion.md", "docs/concepts/contagion.md says the form"),
    )
    return InputError(Text(f"{file.name} 无法使用", f"{file.name} cannot be used"), [problem])


def chances_of(guarantees: Guarantees, percent: float, file: Path | None) -> Doubles:
    """Chances of default by firm from percents: one for all, and a CSV of `enterprise_id, chance` for some.

    Raises:
        InputError: a column or a number is missing.
    """
    found = np.full(guarantees.size, percent / 100)
    if file is not None:
        own = dict(_rows(file, {"enterprise_id": str, "chance": float}))
        for place, name in enumerate(guarantees.firms.to_pylist()):
            found[place] = own.get(name, percent) / 100
    return found
