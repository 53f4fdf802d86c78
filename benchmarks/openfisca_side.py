"""The other sides of the comparison with openfisca-core: the green and the inclusive article, note by note.

openfisca has no joins and no texts, so its facts are joined and turned into numbers by DuckDB beforehand, a few banks
at a time; that is timed apart (`facts`). Its money is numpy's float32, as openfisca's `float` is. `houfeng` tags the
same sixteen themes from the tables themselves. Both write every note's flags and amounts, and sum what each counts.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from loans import AS_OF, KNOWN
from tagging_side import MEMORY

from houfeng.book.snapshot import Snapshot
from houfeng.book.store import Book
from houfeng.clock import wall_clock
from houfeng.engine.duckdb import Engine
from houfeng.packs.loading.load import load_pack
from houfeng.packs.model import Pack
from houfeng.packs.roads.compile import Compiler
from houfeng.settings import Settings
from houfeng.themes.shares import in_shares, shares
from houfeng.themes.tagging import tag

MONTH = f"{AS_OF:%Y-%m}"
GREEN = ("NA01", "NA02", "NA03", "NA04", "NA05", "NA06", "NA07", "NB", "NC", "W00")
CLASSES = ("enterprise", "cooperative", "individual_business", "micro_owner", "farmer")
SIZES = ("CS01", "CS02", "CS03", "CS04")
GREEN_THEMES = tuple(f"green_{code.lower()}" for code in GREEN)
INCLUSIVE = ("inclusive_sme", "inclusive_sole_trader", "inclusive_micro_owner", "inclusive_farmer", "inclusive_small")
THEMES = (*GREEN_THEMES, "green", *INCLUSIVE)
FLAGS = ("is_entrusted", "is_rediscount", "is_written_off", "is_transferred")


def subset() -> Pack:
    """The shipped pack without its other themes."""
    pack = load_pack("five-articles")
    kept = {key: item for key, item in pack.items.items() if item.form.value != "theme" or item.name in THEMES}
    return dataclasses.replace(pack, items=kept)


def houfeng(snapshot: Snapshot, engine: Engine, out: Path) -> dict[str, Any]:
    """The same themes, by the product."""
    began = time.perf_counter()
    tag(snapshot, subset(), AS_OF, KNOWN, out, engine=engine, bits=False)
    sums = [f"sum({t}_amount)" if t.startswith("green") else f"sum(amount) FILTER ({t})" for t in THEMES]
    ((*found,),) = engine.rows(f"SELECT {', '.join(sums)} FROM read_parquet('{out}')")
    return {"seconds": time.perf_counter() - began, "sums": {t: str(v) for t, v in zip(THEMES, found, strict=True)}}


def openfisca(snapshot: Snapshot, engine: Engine, out: Path) -> dict[str, Any]:
    """The same themes as openfisca variables, share by share."""
    from openfisca_core.simulations import SimulationBuilder

    system, facts = make_system(), facts_sql(snapshot)
    spent, began = 0.0, time.perf_counter()
    sums = dict.fromkeys(THEMES, 0.0)
    writer = None
    for sql in in_shares(facts, shares(snapshot, AS_OF)):
        start = time.perf_counter()
        columns = {name: np.asarray(values) for name, values in engine.connection.sql(sql).fetchnumpy().items()}
        keys = {name: columns.pop(name) for name in ("institution_id", "contract_no", "note_no")}
        spent += time.perf_counter() - start
        simulation = SimulationBuilder().build_default_simulation(system, count=len(keys["note_no"]))
        for name, values in columns.items():
            simulation.set_input(name, MONTH, values)
        flags = {theme: simulation.calculate(theme, MONTH) for theme in THEMES}
        money = {"amount": columns["balance_cny"], "green_part": simulation.calculate("green_part", MONTH)}
        for theme, flag in flags.items():
            amount = money["green_part" if theme.startswith("green") else "amount"]
            sums[theme] += float(amount[flag].sum(dtype=np.float64))
        table = pa.table({**keys, **flags, **money})
        writer = writer or pq.ParquetWriter(out, table.schema, compression="zstd")
        writer.write_table(table)
    assert writer is not None
    writer.close()
    return {"seconds": time.perf_counter() - began, "facts": spent, "sums": sums}


def facts_sql(snapshot: Snapshot) -> str:
    """The facts each note needs, joined, their codes as numbers (0: none of these)."""
    compiler = Compiler(load_pack("five-articles"), snapshot, AS_OF, KNOWN.date())
    wanted = ["loan.green_code", "loan.green_ratio", "borrower_kind", "size_counted", "line_counted", "operating_loan"]
    wanted += ["balance_cny", *(f"loan.{flag}" for flag in FLAGS)]
    statement = compiler.statement("loan_balance", (), fields=wanted, exact=True)

    def number(column: str, codes: tuple[str, ...]) -> str:
        listed = ", ".join(f"'{code}'" for code in codes)
        return f'CAST(coalesce(list_position([{listed}], "{column}"), 0) AS INTEGER)'

    flags = ", ".join(f'coalesce("loan.{flag}", FALSE) AS {flag}' for flag in FLAGS)
    return (
        f"SELECT institution_id, contract_no, note_no, CAST(balance_cny AS FLOAT) AS balance_cny, "
        f"{number('loan.green_code', GREEN)} AS green_class, "
        f'CAST(coalesce("loan.green_ratio", 0) AS FLOAT) AS green_ratio, '
        f"{number('borrower_kind', CLASSES)} AS borrower_class, {number('size_counted', SIZES)} AS size_class, "
        f"CAST(coalesce(line_counted, 1e12) AS FLOAT) AS line, coalesce(operating_loan, FALSE) AS operating, {flags} "
        f"FROM ({statement.sql})"
    )


def make_system() -> Any:
    """The policy in openfisca: an entity, variables with formulas, dated parameters."""
    from openfisca_core.entities import build_entity
    from openfisca_core.parameters import ParameterNode
    from openfisca_core.periods import DateUnit
    from openfisca_core.taxbenefitsystems import TaxBenefitSystem
    from openfisca_core.variables import Variable

    entity = build_entity(key="loan", plural="loans", label="A loan note", is_person=True)
    system = TaxBenefitSystem([entity])
    caps = {"inclusive_line_cap": 10_000_000, "farmer_line_cap": 5_000_000}
    system.parameters = ParameterNode("", data={k: {"values": {"2019-01-01": {"value": v}}} for k, v in caps.items()})

    def variable(name: str, kind: type, formula: Any = None) -> None:
        body = {"value_type": kind, "entity": entity, "definition_period": DateUnit.MONTH, "label": name}
        system.add_variable(type(name, (Variable,), body | ({"formula": formula} if formula else {})))

    for name in ("balance_cny", "green_ratio", "line"):
        variable(name, float)
    for name in ("green_class", "borrower_class", "size_class"):
        variable(name, int)
    for name in ("operating", *FLAGS):
        variable(name, bool)
    variable(
        "counted",
        bool,
        lambda loan, p: ~(loan(FLAGS[0], p) | loan(FLAGS[1], p) | loan(FLAGS[2], p) | loan(FLAGS[3], p)),
    )
    variable("green_part", float, lambda loan, p: loan("balance_cny", p) * loan("green_ratio", p) * 0.01)
    variable("green_counted", bool, lambda loan, p: loan("counted", p) & (loan("green_ratio", p) > 0))

    def of_green(place: int) -> Any:
        return lambda loan, p: loan("green_counted", p) & (loan("green_class", p) == place)

    for place, theme in enumerate(GREEN_THEMES, 1):
        variable(theme, bool, of_green(place))
    variable("green", bool, lambda loan, p: np.logical_or.reduce([loan(theme, p) for theme in GREEN_THEMES]))

    def within(loan: Any, p: Any, parameters: Any, cap: str) -> Any:
        return loan("counted", p) & (loan("line", p) < getattr(parameters(p), cap))

    def of_class(loan: Any, p: Any, name: str) -> Any:
        return loan("borrower_class", p) == CLASSES.index(name) + 1

    def sme(loan: Any, p: Any, parameters: Any) -> Any:
        kind = of_class(loan, p, "enterprise") | of_class(loan, p, "cooperative")
        return within(loan, p, parameters, "inclusive_line_cap") & kind & (loan("size_class", p) >= 3)

    def operating(kind: str, cap: str) -> Any:
        return lambda loan, p, parameters: (
            within(loan, p, parameters, cap) & of_class(loan, p, kind) & loan("operating", p)
        )

    variable("inclusive_sme", bool, sme)
    variable("inclusive_sole_trader", bool, operating("individual_business", "inclusive_line_cap"))
    variable("inclusive_micro_owner", bool, operating("micro_owner", "inclusive_line_cap"))
    variable("inclusive_farmer", bool, operating("farmer", "farmer_line_cap"))
    variable("inclusive_small", bool, lambda loan, p: np.logical_or.reduce([loan(t, p) for t in INCLUSIVE[:3]]))
    return system


def main(which: str, folder: str, out: str) -> None:
    snapshot = Book.open(Path(folder), wall_clock).snapshot()
    with Engine(Settings(Path(folder), "en", MEMORY, None)) as engine:
        found = (houfeng if which == "houfeng" else openfisca)(snapshot, engine, Path(out))
    print(json.dumps(found))


def error(exact: dict[str, str], found: dict[str, float]) -> Decimal:
    """The greatest difference of a theme's sum, in yuan."""
    return max(abs(Decimal(exact[theme]) - Decimal(found[theme])) for theme in exact)


if __name__ == "__main__":
    main(*sys.argv[1:])
