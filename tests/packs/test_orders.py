"""Orders of events, members and the calendar by both roads; what an explanation shows of them; what merging refuses."""

# ruff: noqa: E501 (packs and rows are read best with one item a line)

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from houfeng.book.connection import connect
from houfeng.errors import UsageError
from houfeng.packs.cases import RowViews, run_cases
from houfeng.packs.diff import diff_packs
from houfeng.packs.explain import Explainer
from houfeng.packs.model import Pack
from houfeng.packs.roads.world import build_rows
from packs.pack_text import read_text

ITEMS = """
indicators:
  spent: {label: s, over: enterprise, from: account_flow, where: direction = 'out', measure: sum(amount), window: 7 days, after: {from: account_flow, where: direction = 'in'}}
  waiting: {label: w, over: enterprise, from: account_flow, where: direction = 'in', measure: days_since(), without: {from: account_flow, where: direction = 'out'}}
  this_month: {label: m, over: enterprise, from: account_flow, measure: count(), since: month}
  group_spent: {label: g, over: connected_group, from: account_flow, through: group_member, measure: sum(amount), window: 7 days, after: {from: account_flow, where: direction = 'in'}}
rules:
  a: {label: r, over: enterprise, group: a, when: spent > 0, tier: blue, reason: x}
  b: {label: r, over: enterprise, group: b, when: spent > 0, tier: blue, reason: x}
  many: {label: r, over: enterprise, merge: {groups: 2}, reason: "{groups} {open_groups}"}
"""
FLOWS = """
          - {institution_id: B, flow_no: '1', occurred_at: 2026-01-29 09:00:00, direction: in, amount: 100}
          - {institution_id: B, flow_no: '2', occurred_at: 2026-01-29 09:00:00, direction: out, amount: 30}
          - {institution_id: B, flow_no: '3', occurred_at: 2026-01-28 09:00:00, direction: out, amount: 900}
          - {institution_id: B, flow_no: '4', occurred_at: 2026-01-30 09:00:00, direction: in, amount: 5}
          - {institution_id: B, flow_no: '5', occurred_at: 2026-01-31 09:00:00, direction: out, amount: 7}
"""
GIVEN = {
    "connected_group": {"group_id": "G", "name": "集团", "group_member": [{"enterprise_id": "E", "valid_from": date(2026, 1, 30)}]},
    "account_flow": [
        {"enterprise_id": "E", "institution_id": "B", "flow_no": "1", "occurred_at": "2026-01-29 09:00:00", "direction": "in", "amount": 100},
        {"enterprise_id": "E", "institution_id": "B", "flow_no": "2", "occurred_at": "2026-01-30 09:00:00", "direction": "in", "amount": 5},
        {"enterprise_id": "E", "institution_id": "B", "flow_no": "3", "occurred_at": "2026-01-31 09:00:00", "direction": "out", "amount": 7},
    ],
}  # fmt: skip


def case(as_of: str, expect: str) -> str:
    return f"cases:\n  - name: c\n    as_of: {as_of}\n    given:\n      enterprise:\n        enterprise_id: E\n        account_flow:{FLOWS}    expect: {expect}\n"


@pytest.mark.parametrize(
    ("as_of", "expect"),
    [
        ("2026-01-28", "{spent: null, waiting: null, this_month: 1}"),
        ("2026-01-29", "{spent: 30, waiting: null, a: blue}"),
        ("2026-01-30", "{spent: 0, waiting: 0, a: null}"),
        ("2026-01-31", "{spent: 7, waiting: null, this_month: 5}"),
        ("2026-02-06", "{spent: 7, this_month: 0}"),
        ("2026-02-07", "{spent: null}"),
    ],
)
def test_orders_in_cases(as_of: str, expect: str) -> None:
    pack = read_text(ITEMS + case(as_of, expect))
    assert [p.render("en") for outcome in run_cases(pack) for p in outcome.problems] == []


@pytest.mark.parametrize("day", ["2026-01-01", "2026-02-28", "2026-06-30", "2026-12-31", "0001-01-01", "9999-12-31"])
def test_starts_of_the_calendar(day: str) -> None:
    """The first day of the month, quarter and year of a day, by both roads."""
    given = date.fromisoformat(day)
    starts = {
        "m": given.replace(day=1),
        "q": given.replace(month=(given.month + 2) // 3 * 3 - 2, day=1),
        "y": given.replace(month=1, day=1),
    }
    words = {"m": "month", "q": "quarter", "y": "year"}
    text = "values:\n" + "".join(
        f"  {k}: {{label: x, over: loan, value: {words[k]}_start(disbursed_on)}}\n" for k in starts
    )
    expect = ", ".join(f"{k}: {v.isoformat()}" for k, v in starts.items())
    text += (
        f"cases:\n  - {{name: c, as_of: 2026-01-01, given: {{loan: {{disbursed_on: {day}}}}}, expect: {{{expect}}}}}\n"
    )
    assert [p.render("en") for outcome in run_cases(read_text(text)) for p in outcome.problems] == []


def explainer(pack: Pack) -> Explainer:
    connection = connect(memory="256MB", threads=1)
    _, rows = build_rows(GIVEN, date(2026, 1, 31))
    return Explainer(pack, RowViews(connection, rows), connection, date(2026, 1, 31), date(2026, 1, 31))


def test_an_explanation_shows_what_came_first() -> None:
    """The event it began with, then what followed; of a group only from the day its member joined."""
    shown = explainer(read_text(ITEMS)).explain("connected_group", {"group_id": "G"}, ["group_spent"])
    (trace,) = shown.traces
    assert trace.value == Decimal(12)
    assert [row["flow_no"] for _, row in trace.rows] == ["2", "2", "3"]


def test_a_rule_that_merges_has_no_case_and_no_explanation() -> None:
    pack = read_text(ITEMS + case("2026-01-31", "{many: null}"))
    problems = [p.message.en for outcome in run_cases(pack) for p in outcome.problems]
    assert problems == ["many merges alerts, and a case has none; leave it out"]
    with pytest.raises(UsageError, match="merges the alerts of other rules"):
        explainer(pack)._definitions("enterprise", "many")


def test_a_diff_tells_orders_and_members() -> None:
    old, new = (
        read_text(ITEMS),
        read_text(
            ITEMS.replace("direction = 'in'}", "direction = 'in' and amount > 5}").replace(
                "{groups: 2}", "{groups: 2}\n"
            )
        ),
    )
    told = [change.render() for change in diff_packs(old, new)]
    assert len(told) == 2
    assert all(" after: account_flow by enterprise_id where " in line for line in told)
