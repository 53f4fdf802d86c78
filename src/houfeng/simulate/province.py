"""Makes the synthetic province: chunk by chunk the firms, then bank by bank what each reports, file by file.

Every chunk and every bank has its own random stream, spawned from the one seed, so the result depends on the seed and
the sizes alone, and memory is bounded by one chunk or the biggest bank, not by the province.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date, datetime, time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from houfeng.errors import Text, UsageError
from houfeng.simulate import accounts, events, market, registers
from houfeng.simulate.firms import CHUNK, Firms, make_firms
from houfeng.simulate.ground.banks import Banks, institution_table, make_banks
from houfeng.simulate.ground.months import Months, months_until
from houfeng.simulate.lending import make_loans
from houfeng.simulate.lists import lists
from houfeng.simulate.platforms import debts as platform_debts
from houfeng.simulate.platforms import resolution
from houfeng.simulate.portfolio import month_tables, read_portfolio
from houfeng.simulate.writing import COMPRESSION, ROW_GROUP, Files, Part, part, write_manifest

REGISTRY, SCIENCE, SUPERVISOR, FINANCE, MATCHING, REFORM = (
    "sim-registry",
    "sim-science",
    "sim-supervisor",
    "sim-finance",
    "sim-matching",
    "sim-reform",
)
MOST = 3_000_000
MOST_MONTHS = 60  # each month holds files open
WATCHED, INVOICING = 20_000, 5_000  # about so many firms at most have visible accounts or invoices
_SCRATCH = ".scratch"


@dataclass(frozen=True, slots=True)
class Simulation:
    """What was written: the folder, its parts in order of receipt, rows by kind, and the lenders' ids."""

    folder: Path
    parts: tuple[Part, ...]
    rows: dict[str, int]
    banks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Run:
    out: Path
    files: Files
    scratch: Files
    parts: dict[str, Part]
    months: Months
    banks: Banks
    seed: int
    enterprises: int

    def stream(self, *key: int) -> np.random.SeedSequence:
        """The random stream of one piece of work."""
        return np.random.SeedSequence(self.seed, spawn_key=key)

    def put(self, one: Part, table: pa.Table) -> None:
        """Append a table to a part."""
        self.parts[one.path] = one
        self.files.append(one.path, table)


def simulate(out: Path, *, enterprises: int, seed: int, months: int, end: date) -> Simulation:
    """Write a synthetic province of `enterprises` firms over `months` whole months up to `end` into the folder `out`.

    The folder gets one Parquet file per submission and manifest.json, which lists them in order of receipt.

    Raises:
        UsageError: a size is out of range, or the folder already holds a simulation.
    """
    if not 1 <= enterprises <= MOST:
        raise UsageError(Text(f"企业数应在 1 与 {MOST:,} 之间", f"enterprises must be 1 to {MOST:,}"))
    if months > MOST_MONTHS:
        raise UsageError(Text(f"最多模拟 {MOST_MONTHS} 个月", f"at most {MOST_MONTHS} months"))
    if (out / "manifest.json").exists():
        raise UsageError(Text(f"{out} 里已有模拟数据", f"{out} already holds a simulation"))
    out.mkdir(parents=True, exist_ok=True)
    work = out / _SCRATCH
    files, scratch = Files(out, flush=20_000), Files(work, flush=4_000)  # scratch rows are wide
    calendar, banks = months_until(end, months), make_banks(enterprises)
    run = _Run(out, files, scratch, {}, calendar, banks, seed, enterprises)
    _opening(run)
    for number, first in enumerate(range(0, enterprises, CHUNK)):
        _chunk(run, number, first, min(CHUNK, enterprises - first))
    rows = run.files.close()
    run.scratch.close()
    for bank in range(len(run.banks)):
        rows |= _bank(run, work, bank)
    shutil.rmtree(work, ignore_errors=True)
    ordered = write_manifest(out / "manifest.json", _facts(run), run.parts, rows)
    totals: dict[str, int] = {}
    for one in ordered:
        totals[one.kind] = totals.get(one.kind, 0) + rows[one.path]
    return Simulation(out, tuple(ordered), totals, run.banks.ids)


def _facts(run: _Run) -> dict[str, object]:
    return {
        "synthetic": True,
        "note": "全部为模拟数据 all data are synthetic",
        "seed": run.seed,
        "enterprises": run.enterprises,
        "months": run.months.count,
        "first": run.months.first(0).isoformat(),
        "end": run.months.end(run.months.count - 1).isoformat(),
        "lenders": len(run.banks),
        "versions": {"houfeng": version("houfeng"), "numpy": np.__version__, "pyarrow": pa.__version__},
    }


def _start(run: _Run, name: str, reporter: str) -> Part:
    """A register as of the first day."""
    day = run.months.first(0)
    return part(name, reporter, day, datetime.combine(day, time(9)))


def _opening(run: _Run) -> None:
    run.put(_start(run, "institution", SUPERVISOR), institution_table(run.banks))
    for bank, name in enumerate(run.banks.ids):
        run.put(_start(run, "product", name), market.products(run.banks, bank))


def _market(run: _Run, firms: Firms) -> None:
    """Platforms, their debts and the needs, from the first chunk of firms."""
    run.put(_start(run, "platform", FINANCE), platform_debts.platforms(firms, run.months))
    run.put(_start(run, "platform_plan", FINANCE), resolution.plan(firms, -1, run.months))
    run.put(_start(run, "platform_exit", FINANCE), resolution.exits(firms, -1, run.months))
    rng = np.random.default_rng(run.stream(0, 5))
    run.put(_start(run, "need", MATCHING), market.needs(firms, run.months, rng))
    for month in range(run.months.count):
        debts = platform_debts.platform_debts(firms, run.banks, month, run.months)
        run.put(_monthly(run, "platform_debt", FINANCE, month, 15), debts)
        if run.months.ends_quarter(month):
            _quarter(run, firms, month)


def _quarter(run: _Run, firms: Firms, month: int) -> None:
    """What platforms and cities tell of a quarter."""
    told = {
        "platform_plan": resolution.plan(firms, month, run.months),
        "platform_vote": resolution.votes(firms, run.banks, month, run.months),
        "platform_exit": resolution.exits(firms, month, run.months),
        "platform_report": resolution.reports(firms, month, run.months),
        "region_finance": resolution.finances(month, run.months),
    }
    for name, table in told.items():
        run.put(_monthly(run, name, FINANCE, month, 20), table)


def _monthly(run: _Run, name: str, reporter: str, month: int, after: int) -> Part:
    return part(name, reporter, run.months.end(month), run.months.received(month, after))


def _chunk(run: _Run, number: int, first: int, count: int) -> None:
    """One chunk of firms: registers and events to their files, loans and watched accounts to the banks' scratch."""
    firms = make_firms(first, count, run.months, run.stream(number, 0))
    if number == 0:
        _market(run, firms)
    rng = np.random.default_rng(run.stream(number, 1))
    run.put(_start(run, "enterprise", REGISTRY), registers.enterprises(firms, -1))
    run.put(_start(run, "person", REGISTRY), registers.persons(firms))
    run.put(_start(run, "holding", REGISTRY), registers.holdings(firms))
    _statuses(run, number, firms, _start(run, "enterprise_status", SCIENCE))
    listed = lists(firms, run.months, np.random.default_rng(run.stream(number, 6)))
    run.put(_start(run, "list_membership", REFORM), listed)
    for month in range(run.months.count):
        for reporter, table in events.public_records(firms, month, run.months, rng).items():
            run.put(_monthly(run, "public_record", reporter, month, 5), table)
        changes = events.registration_changes(firms, month, run.months, rng)
        run.put(_monthly(run, "registration_change", REGISTRY, month, 5), changes)
        sold = events.invoices(firms, month, run.months, min(0.05, INVOICING / run.enterprises), rng)
        run.put(_monthly(run, "invoice", events.TAX, month, 8), sold)
        if run.months.ends_quarter(month):
            told = events.statements(firms, month, run.months, rng)
            run.put(_monthly(run, "financial_statement", events.TAX, month, 30), told)
        if run.months.first(month).month == 12:
            run.put(_monthly(run, "enterprise", REGISTRY, month, 20), registers.enterprises(firms, month))
            _statuses(run, number, firms, _monthly(run, "enterprise_status", SCIENCE, month, 20))
    loans = make_loans(firms, run.banks, run.months, run.stream(number, 2))
    _spread(run, "loans", loans, "_bank")
    share = min(0.3, WATCHED / (0.38 * run.enterprises))
    seen = accounts.watched(firms, run.banks, share, np.random.default_rng(run.stream(number, 3)))
    _spread(run, "accounts", seen, "bank")


def _statuses(run: _Run, number: int, firms: Firms, one: Part) -> None:
    """The list of statuses as of the day of the part."""
    rng = np.random.default_rng(run.stream(number, 4))
    run.put(one, registers.statuses(firms, run.months, one.period or run.months.first(0), rng))


def _spread(run: _Run, name: str, table: pa.Table, column: str) -> None:
    """Hand each bank its rows, kept in order."""
    bank = table[column].to_numpy()
    order = np.argsort(bank, kind="stable")
    bounds = np.searchsorted(bank[order], np.arange(len(run.banks) + 1))
    for at in range(len(run.banks)):
        run.scratch.append(f"{name}-{at}.parquet", table.take(pa.array(order[bounds[at] : bounds[at + 1]])))


def _bank(run: _Run, work: Path, bank: int) -> dict[str, int]:
    """All that one bank reports, month by month; gives the rows of each file."""
    rows: dict[str, int] = {}
    loans, seen = work / f"loans-{bank}.parquet", work / f"accounts-{bank}.parquet"
    if loans.exists():
        book = read_portfolio(pq.read_table(loans).combine_chunks())
        for month in range(run.months.count):
            for name, table in month_tables(book, month, run.months):
                rows |= _write(run, _monthly(run, name, run.banks.ids[bank], month, 10), table)
    for month in range(run.months.count):
        lent = market.interbank(run.banks, bank, month, run.months)
        rows |= _write(run, _monthly(run, "interbank_exposure", run.banks.ids[bank], month, 10), lent)
    if seen.exists():
        firms = pq.read_table(seen).combine_chunks()
        for month in range(run.months.count):
            rng = np.random.default_rng(run.stream(1_000_000 + bank, month))
            table = accounts.month_flows(firms, run.banks.ids[bank], month, run.months, rng)
            rows |= _write(run, _monthly(run, "account_flow", run.banks.ids[bank], month, 10), table)
    return rows


def _write(run: _Run, one: Part, table: pa.Table) -> dict[str, int]:
    if not len(table):
        return {}
    target = run.out / one.path
    target.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, target, compression=COMPRESSION, row_group_size=ROW_GROUP)
    run.parts[one.path] = one
    return {one.path: len(table)}
