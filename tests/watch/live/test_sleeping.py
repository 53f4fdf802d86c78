"""Keys that sleep miss nothing: the same changes as when every key is looked at at every day's end."""

# ruff: noqa: E501 (the pack below is read best with one item a line)

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from pathlib import Path

import pyarrow.compute as pc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houfeng.book.store import Book
from houfeng.packs.loading.load import load_pack
from houfeng.packs.model import Pack
from houfeng.watch.live.changes import Change
from houfeng.watch.live.engine import Engine
from nightly import share
from watch.histories import FIRST, PHASES, first_members, flows, history, records, reports, sizes
from watch.live.live_samples import END, KEYS, START, STATE, book_of, cuts, events_of

PACK = """
pack: sleepers
version: 1.0.0
label: sleepers
parameters:
  limit: {unit: CNY, label: limit, values: {2025-01-04: 120, 2020-01-01: {value: 100, known_from: 2020-01-01}}}
indicators:
  out_2d: {label: o, over: enterprise, from: account_flow, where: direction = 'out', measure: sum(amount), window: 2 days}
  in_3d: {label: i, over: enterprise, from: account_flow, where: direction = 'in', measure: sum(amount), window: 3 days}
  before: {label: b, over: enterprise, from: account_flow, measure: sum(amount), window: 2 days, offset: 2 days}
  count_before: {label: b, over: enterprise, from: account_flow, measure: count(), window: 3 days, offset: 1 day}
  others_before: {label: b, over: enterprise, from: account_flow, measure: distinct(counterparty_id), window: 2 days, offset: 1 day}
  most_before: {label: b, over: enterprise, from: account_flow, measure: max(amount), window: 2 days, offset: 2 days}
  last_before: {label: b, over: enterprise, from: account_flow, measure: last(balance_after), window: 2 days, offset: 1 day}
  count_3d: {label: c, over: enterprise, from: account_flow, measure: count(), window: 3 days, hop: 6 hours}
  partners: {label: p, over: enterprise, from: account_flow, measure: distinct(counterparty_id), window: 3 days}
  top: {label: t, over: enterprise, from: account_flow, measure: "top_share(counterparty_id, amount)", window: 2 days}
  mean_2d: {label: m, over: enterprise, from: account_flow, measure: mean(amount), window: 2 days}
  least_2d: {label: m, over: enterprise, from: account_flow, measure: min(amount), window: 2 days}
  greatest: {label: g, over: enterprise, from: account_flow, measure: max(amount), window: 3 days, hop: 1 hour}
  quiet: {label: q, over: enterprise, from: account_flow, where: direction = 'in', measure: days_since()}
  unanswered: {label: w, over: enterprise, from: account_flow, where: direction = 'out', measure: days_since(), without: {from: account_flow, where: direction = 'in'}}
  month_in: {label: c, over: enterprise, from: account_flow, where: direction = 'in', measure: sum(amount), since: month}
  spent: {label: a, over: enterprise, from: account_flow, where: direction = 'out', measure: sum(amount), window: 3 days, after: {from: account_flow, where: direction = 'in'}}
  overdue: {label: o, over: enterprise, from: loan_balance, measure: max(overdue_days)}
  net: {label: n, over: enterprise, value: in_3d - out_2d}
rules:
  fell: {label: r, over: enterprise, when: before > 50 and in_3d * 2 < before, tier: blue, cooldown: 1 day, reason: "{before}"}
  rose: {label: r, over: enterprise, when: "before > 20 and out_2d > before * 2", tier: blue, reason: "{before}"}
  entered: {label: r, over: enterprise, tiers: {blue: before > :limit, yellow: before > 3000000000}, clear_when: before < 10, reason: "{before}"}
  counted: {label: r, over: enterprise, when: count_before >= 2 and count_3d <= 2, tier: blue, reason: "{count_3d}"}
  met: {label: r, over: enterprise, when: others_before >= 2 and partners <= 2, tier: blue, reason: "{partners}"}
  most: {label: r, over: enterprise, when: most_before > 60 and not (greatest > 60), tier: blue, reason: "{most_before}"}
  low: {label: r, over: enterprise, when: last_before < 10, tier: blue, reason: "{last_before}"}
  concentrated: {label: r, over: enterprise, when: "top > 0.6 and quiet >= 2", tier: blue, reason: "{top}"}
  spread: {label: r, over: enterprise, when: top < 0.6 and count_3d >= 2, tier: blue, reason: "{top}"}
  mean_up: {label: r, over: enterprise, when: mean_2d > 60 and least_2d > 15, tier: blue, reason: "{mean_2d}"}
  mean_down: {label: r, over: enterprise, when: mean_2d < 60 or least_2d > 60, tier: blue, reason: "{mean_2d}"}
  silent: {label: r, over: enterprise, when: quiet >= 2 and out_2d > 20, tier: blue, reason: "{quiet}"}
  silent_long: {label: r, over: enterprise, when: "quiet >= 3 and (overdue > 30 or unanswered >= 3)", tier: red, reason: "{quiet}"}
  owing: {label: r, over: enterprise, when: overdue > 30 and month_in < 20, tier: red, reason: "{overdue}"}
  little: {label: r, over: enterprise, when: out_2d between 1 and 25, tier: blue, reason: "{out_2d}"}
  minus: {label: r, over: enterprise, when: net < -10, tier: blue, reason: "{net}"}
  plus: {label: r, over: enterprise, when: "net / 2 >= 30 - quiet", tier: blue, reason: "{net}"}
  passed: {label: r, over: enterprise, when: spent >= 0.5 * in_3d, tier: blue, reason: "{spent}"}
  same: {label: r, over: enterprise, when: count_3d = partners and before <> out_2d, tier: blue, reason: "{partners}"}
  gone: {label: r, over: enterprise, when: "coalesce(mean_2d, 0) = 0 and most_before is not null", tier: blue, reason: "{most_before}"}
"""


HEAD, RULES = PACK.split("rules:\n")
LINES = RULES.splitlines()
chosen = st.lists(st.sampled_from(LINES), min_size=1, max_size=2, unique=True).map(lambda some: "\n".join(sorted(some)))


@cache
def sleepers(rules: str) -> Pack:
    """A pack of few rules, lest one of them keep the keys awake for all; none looks at the day itself."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pack.yaml").write_text(f"{HEAD}rules:\n{rules}\n", "utf-8")
        return load_pack(folder)


def told(book: Book, pack: Pack, marks: list[int], *, awake: bool) -> list[Change]:
    """All changes, with every key awake at every day's end or not."""
    engine = Engine(pack, book.snapshot(), FIRST, threads=1, max_keys=KEYS, state_memory=STATE).start()
    assert not any(watch.daily for watch in engine.keywatches)
    for watch in engine.keywatches:
        watch.daily = awake
    events = sorted((kind, events_of(book.snapshot(), kind).sort_by("_t")) for kind in engine.kinds)
    found, at = [], START
    for mark in sorted({*marks, END, END + 5 * 86_400}):
        cut = [(kind, rows.filter((pc.field("_t") >= at) & (pc.field("_t") < mark))) for kind, rows in events]
        found += engine.feed(cut, mark)
        at = mark
    return found


@settings(
    max_examples=share(4, 300),
    deadline=None,
    derandomize=True,
    phases=PHASES,
    suppress_health_check=list(HealthCheck),
)
@given(flows, records, reports, first_members, sizes, cuts, st.lists(chosen, min_size=6, max_size=6))
def test_sleeping_keys_miss_nothing(
    flow_rows: list, record_rows: list, report_rows: list, member_rows: list, size: str, marks: list[int], some: list
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        book = book_of(Path(folder), history(flow_rows, record_rows, report_rows, member_rows, size))
        for pack in map(sleepers, some):
            assert told(book, pack, marks, awake=False) == told(book, pack, marks, awake=True), list(pack.rules)


def test_a_key_with_an_alert_is_not_like_one_without(tmp_path: Path) -> None:
    """Nothing ever happens to any of them; the alert of one opens a day before the others are known."""
    rule = '  small: {label: r, over: enterprise, when: "count_3d < :limit - 100", tier: blue, reason: "{count_3d}"}'
    sent = [one for one in history([], [], [], [], "CS04") if one.kind == "enterprise"]
    late = replace(sent[0], rows=[{"enterprise_id": name, "name": name} for name in ("A", "B", "0", "Z")])
    late = replace(late, period=date(2025, 1, 4), received=datetime(2025, 1, 4, 9))
    book = book_of(tmp_path, [*sent, late])
    found = told(book, sleepers(rule), [], awake=False)
    assert found == told(book, sleepers(rule), [], awake=True)
    assert {change.key for change in found} == {"A", "B", "0", "Z"}
