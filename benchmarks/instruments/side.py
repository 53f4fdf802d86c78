"""One side: every loan through every tool and subsidy with its reasons, and the claims of all banks.

`houfeng` judges the loans and purchases of a book for all instruments of both packs into Parquet files, then draws the
claim of the second quarter of 2026 under each, with ceilings over all banks, and writes its lines. `monthly` draws the
claims of months one after another in one process and tells the time and memory of each. `openfisca` computes what of it
openfisca-core can express: eligibility and amount of three subsidies, loan by loan, without reasons, ceilings in order
of disbursement, early repayment or exclusion; its facts are joined by DuckDB beforehand, which is timed apart.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
from loans import KNOWN

from houfeng.book.snapshot import Snapshot
from houfeng.book.store import Book
from houfeng.clock import month_end, wall_clock
from houfeng.engine.duckdb import Engine
from houfeng.instruments.drawing.bulk import KINDS, every_claim, judge_all, shares
from houfeng.instruments.drawing.listing import wanted
from houfeng.packs.loading.load import load_pack
from houfeng.packs.roads.compile import Compiler
from houfeng.settings import Settings

MEMORY = os.environ.get("BENCH_MEMORY", "640MB")
PACKS = ("relending-tools", "interest-subsidies")
FIRST, LAST = date(2026, 4, 1), date(2026, 6, 30)
THREE = ("services_subsidy_2026", "equipment_subsidy_2026", "sme_subsidy_2026")


def houfeng(snapshot: Snapshot, engine: Engine, out: Path, first: date = FIRST, last: date = LAST) -> dict[str, Any]:
    """Judge once, then every claim."""
    began, spent = time.perf_counter(), time.process_time()
    packs = [load_pack(name) for name in PACKS]
    judged = {kind: judge_all(engine, snapshot, packs, kind, last, KNOWN.date(), out) for kind in KINDS}
    middle, used = time.perf_counter(), time.process_time()
    figures, costs, start = {}, {}, used
    for one, written, lines in every_claim(engine, snapshot, packs, first, last, KNOWN.date(), judged, out):
        sums = "coalesce(sum(amount), 0), coalesce(sum(asked), 0)"
        ((amount, uncapped),) = engine.rows(f"SELECT {sums} FROM '{written}'")
        figures[one.name] = {"lines": lines, "amount": str(amount), "asked": str(uncapped)}
        costs[one.name] = round(time.process_time() - start, 2)
        start = time.process_time()
    done, over = time.perf_counter(), time.process_time()
    return {
        "rows": sum(one.rows for one in judged.values()), "judge": middle - began, "claims": done - middle,
        "judge_cpu": used - spent, "claims_cpu": over - used, "figures": figures, "each": costs,
    }  # fmt: skip


def monthly(snapshot: Snapshot, engine: Engine, out: Path, months: int) -> dict[str, Any]:
    """Claims of `months` months, one after another."""
    runs = []
    for number in range(months):
        first = date(2025 + (6 + number) // 12, (6 + number) % 12 + 1, 1)
        began, spent = time.perf_counter(), time.process_time()
        houfeng(snapshot, engine, out, first, month_end(first))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        seconds, cpu = time.perf_counter() - began, time.process_time() - spent
        runs.append({"month": f"{first:%Y-%m}", "seconds": round(seconds, 1), "cpu": round(cpu, 1), "peak_mb": peak})
    return {"runs": runs}


def openfisca(snapshot: Snapshot, engine: Engine, out: Path) -> dict[str, Any]:
    """Three subsidies as openfisca variables."""
    import numpy as np
    from openfisca_core.simulations import SimulationBuilder
    from policy import MONTH, make_system

    pack, spent, began = load_pack("interest-subsidies"), 0.0, time.perf_counter()
    wanted = ["principal", "disbursed_on", "matures_on", "product", "is_business_loan", "service_field_2026",
              "is_private_loan", "is_sme_loan", "sme_field", "institution.is_national_21", "institution.is_national_26",
              "institution.is_services_lender_2026", "borrower.is_hnte", "borrower.is_tech_sme", "is_entrusted",
              "is_rediscount", "is_transferred", "is_written_off", "borrower.equipment_listed_from",
              "borrower.policy_tool_from", "institution.sme_subsidy_bank"]  # fmt: skip
    statement = Compiler(pack, snapshot, LAST, KNOWN.date()).statement("loan", (), fields=wanted)
    flags = {w: w.rpartition(".")[2] for w in wanted if w.rpartition(".")[2].startswith(("is_", "se", "sme"))}
    columns = [f'coalesce("{w}", FALSE) AS "{short}"' for w, short in flags.items()]
    zero = "DATE '2026-01-01'"
    columns += ["CAST(coalesce(principal, 0) AS FLOAT) AS principal", f"CAST(disbursed_on - {zero} AS FLOAT) AS lent",
                f"CAST(matures_on - {zero} AS FLOAT) AS due", "coalesce(product = 'F023', FALSE) AS fixed",
                'coalesce("borrower.equipment_listed_from" <= disbursed_on, FALSE) AS listed',
                'coalesce("borrower.policy_tool_from" <= disbursed_on, FALSE) AS tool']  # fmt: skip
    system, sums = make_system(list(flags.values())), dict.fromkeys(THREE, 0.0)
    for where in shares(snapshot, "loan", LAST):
        start = time.perf_counter()
        sql = f"SELECT {', '.join(columns)} FROM ({statement.sql}) WHERE {where}"
        facts = {name: np.asarray(values) for name, values in engine.connection.sql(sql).fetchnumpy().items()}
        spent += time.perf_counter() - start
        simulation = SimulationBuilder().build_default_simulation(system, count=len(facts["principal"]))
        for name, values in facts.items():
            simulation.set_input(name, MONTH, values)
        for name in THREE:
            sums[name] += float(simulation.calculate(name, MONTH).sum(dtype=np.float64))
    return {"seconds": time.perf_counter() - began, "facts": spent, "sums": sums}


def plain(snapshot: Snapshot, engine: Engine, out: Path) -> dict[str, Any]:
    """The same three without ceilings, repayment or exclusion, exactly: what openfisca's sums are held to."""
    pack, sums = load_pack("interest-subsidies"), {}
    judged = judge_all(engine, snapshot, [pack], "loan", LAST, KNOWN.date(), out)
    for name in THREE:
        one = pack.instruments[name]
        asked = wanted(one)
        days = "greatest(0, least(\"{n}:to\", DATE '2026-07-01') - greatest(\"{n}:from\", DATE '2026-04-01'))"
        days = days.format(n=name)
        sql = (
            f'SELECT sum(round(CAST("{name}:base" AS DECIMAL(20,2)) * "{name}:points" * {days} / 36500, 2)) '
            f'FROM ({judged.select(pack, one, asked.fields, asked.columns, [])}) WHERE "{name}"'
        )
        ((found,),) = engine.rows(sql)
        sums[name] = str(Decimal(str(found or 0)).quantize(Decimal("0.01")))
    return {"sums": sums}


def main() -> None:
    """`side.py houfeng|monthly|openfisca|plain BOOK OUT [MONTHS]`."""
    what, book, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    out.mkdir(parents=True, exist_ok=True)
    snapshot = Book.open(book, wall_clock).snapshot(KNOWN)
    with Engine(Settings(book, "en", MEMORY, None)) as engine:
        sides = {"houfeng": houfeng, "openfisca": openfisca, "plain": plain}
        found = (
            monthly(snapshot, engine, out, int(sys.argv[4]))
            if what == "monthly"
            else sides[what](snapshot, engine, out)
        )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
