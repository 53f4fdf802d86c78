"""Replay the rules that rest on penetration over a synthetic province, and write what they gave as a page of docs.

    python benchmarks/penetration/rules.py --enterprises 20000 --months 12 --folder /tmp/province docs/reports/penetration-rules.md

The province is loaded as it would have arrived, and each month is kept (`houfeng penetration keep`) sixteen days after
its end, so that no rule sees what was not known. A firm is bad from the first month on in which a note of it is
substandard or worse, or more than 90 days overdue.
"""  # noqa: E501

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from houfeng.book.model import kinds
from houfeng.book.store import Book
from houfeng.clock import fixed_clock
from houfeng.engine.duckdb import Engine
from houfeng.packs.loading.load import load_pack
from houfeng.packs.model import TIERS
from houfeng.penetration.monthly.history import Keeper
from houfeng.penetration.monthly.keeping import KEPT, REPORTER
from houfeng.simulate.loading import load_province
from houfeng.simulate.province import simulate
from houfeng.watch.compare.measures import Frame, spoken, worth
from houfeng.watch.compare.notice import Notice, notices_of
from houfeng.watch.labels import Labels, Share
from houfeng.watch.replay import Replay

RULES = (
    "G03", "C07", "C08", "CR06", "CR06b", "CR08", "O07", "P07", "O08", "O04", "O06", "L05", "C03", "F05", "F03b", "O01",
    "CR10", "C01", "C02", "C06",
)  # fmt: skip
HORIZON = 90
WHY = {
    "C01": "keys are groups: no label",
    "C06": "keys are groups: no label",
    "C03": "keys are segments: no label",
    "C07": "keys are circles: no label",
    "C08": "no second member of a circle came before the courts within 90 days",
    "CR06": "the simulation sets up no joint limits, and no group there owes five billion",
    "CR06b": "the simulation sets up no joint limits",
    "CR08": "no simulated group owes one bank 18 % of its tier-1 capital",
    "O07": "no simulated group owes one bank 20 % of its tier-1 capital",
    "O06": "the simulation makes no records about persons",
    "L05": "the simulation makes no records about persons",
}


def labels_of(book: Book, last: date) -> Labels:
    """The first bad day of each borrower, and who never had one."""
    rows = book.snapshot().select("loan_balance")
    bad = "(quality IN ('FQ03', 'FQ04', 'FQ05') OR overdue_days > 90)"
    sql = f"SELECT borrower_id, min(period) FILTER ({bad}) FROM ({rows}) WHERE period <= DATE '{last}' GROUP BY 1"
    with Engine() as engine:
        told = dict(engine.rows(sql))
    return Labels(
        good=frozenset(firm for firm, day in told.items() if day is None),
        bad={firm: (day,) for firm, day in told.items() if day is not None},
        bad_undated=frozenset(),
        dated=True,
    )


def percent(part: Share) -> str:
    """A share with its cases."""
    return "–" if part.value is None else f"{part.value:.0%} ({part.hits}/{part.total})"


def book_in(folder: Path, enterprises: int, months: int, seed: int, end: date) -> Book:
    """The book of the province in `folder`, made where there is none yet."""
    clock = fixed_clock(datetime(2026, 3, 1))
    if (folder / "book" / "book.json").is_file():
        return Book.open(folder / "book", clock)
    simulate(folder / "files", enterprises=enterprises, seed=seed, months=months, end=end)
    book = Book.create(folder / "book", clock, synthetic=True)
    load_province(book, folder / "files", Keeper(book).told)
    return book


def line(rule: str, label: str, own: list[Notice], labels: Labels, frame: Frame) -> str:
    """One row of the table."""
    tiers = Counter(notice.tier for notice in own)
    told = ", ".join(f"{tiers[tier]} {tier}" for tier in reversed(TIERS) if tiers[tier])
    keys = len({notice.key for notice in own})
    if not own:
        return f"| {rule} | {label} | 0 | 0 | – | – | – | – | {WHY.get(rule, '')} |"
    if own[0].kind != "enterprise":
        return f"| {rule} | {label} | {len(own)} | {keys} | {told} | – | – | – | {WHY.get(rule, own[0].kind)} |"
    found = worth(spoken(own), labels, frame)
    lead = "–" if found.lead is None else f"{found.lead[1]:.0f}"
    return (
        f"| {rule} | {label} | {len(own)} | {keys} | {told} | {percent(found.precision)} | {percent(found.recall)}"
        f" | {lead} | {found.after} after, {found.young} too young |"
    )


def main() -> None:
    """Make the province where it is not there yet, keep, replay, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path)
    parser.add_argument("--enterprises", type=int, default=20_000)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=Path, required=True, help="for files and book; used again if there")
    chosen = parser.parse_args()
    end = date(2025, 12, 31)
    book = book_in(chosen.folder, chosen.enterprises, chosen.months, chosen.seed, end)
    whole = load_pack("warning-rules")
    pack = replace(whole, rules={name: rule for name, rule in whole.rules.items() if rule.id in RULES})
    days = sorted({one.period for one in book.entries() if one.reporter == REPORTER and one.period is not None})
    first, last = days[0], days[-1]
    frame = Frame(first, end, HORIZON)
    began = time.perf_counter()
    alerts = notices_of(Replay(book.snapshot(), pack, first, end).alerts())
    took = time.perf_counter() - began
    labels = labels_of(book, end)
    names = {rule.id: rule.label.en for rule in pack.rules.values()}
    lists = {kind: book.snapshot().select(kind, as_of=last) for kind in KEPT}
    with Engine() as engine:
        counts = {kind: engine.rows(f"SELECT count(*) FROM ({sql})")[0][0] for kind, sql in lists.items()}
        signs = engine.rows(
            f"SELECT finding, count(*) FROM ({lists['penetration_finding']}) GROUP BY 1 ORDER BY 2 DESC"
        )
    kept = "\n".join(f"| {kinds()[kind].label.en} | `{kind}` | {count:,} |" for kind, count in counts.items())
    listed = ", ".join(f"{count:,} {name}" for name, count in signs)
    borrowers = len(labels.bad) + len(labels.good)
    base = len(labels.bad) / borrowers * HORIZON / (chosen.months * 365 / 12)
    rows = "\n".join(
        line(rule, names[rule], [one for one in alerts if one.rule_id == rule], labels, frame) for rule in RULES
    )
    chosen.page.write_text(
        f"""# What the rules of penetration gave on the synthetic province

Written by `benchmarks/penetration/rules.py`
(`--enterprises {chosen.enterprises} --months {chosen.months} --seed {chosen.seed}`). All data are made up.

{chosen.enterprises:,} enterprises, {chosen.months} months to {end}; {len(days)} months kept, each sixteen days after
its end. Kept as of {last}:

| list | kind | rows |
|---|---|---|
{kept}

Findings of that month: {listed}.

Replay from {first} to {end}, {took:.0f} s for these rules. A firm is bad from the first month on in which a note of it
is substandard or worse, or more than 90 days overdue: {len(labels.bad):,} of {borrowers:,} borrowers,
about {base:.1%} in {HORIZON} days. Precision and recall look {HORIZON} days ahead
([definitions](../how-to/decide-a-threshold.md)); alerts on
what is bad already ("after") or whose {HORIZON} days are not over ("too young") are not counted. Recall is of one rule
by itself. Lead is the median, in days.

| rule | | alerts | keys | tiers | precision | recall | lead | |
|---|---|---|---|---|---|---|---|---|
{rows}

**Read it so.** What already holds opens on the first day. The simulation draws addresses, holdings and payments without
regard to who will default, so O04, O08, F05 and F03b can tell nothing here: their precision is the base rate, and the
counts show what a threshold costs in work (of 34 alerts drawn blindly {34 * base:.1f} would come true).
G03 is true of the simulation only in so far as a surety that has to pay may
be pulled down. Thresholds marked `practice` must be replayed on local history before they disturb anyone.
""",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
