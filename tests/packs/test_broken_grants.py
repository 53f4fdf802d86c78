"""Instruments, entitlements, products and ledgers: every error of a pack at once, and what the desk would ask first."""

from __future__ import annotations

from packs.pack_text import check_text

MANY = """
conditions:
  small: {over: loan, when: principal, label: x, holder: x, changes: x}
pools:
  p: {label: x, quota: borrower_id}
instruments:
  a:
    label: x
    kind: subsidy
    over: loan
    document: x
    exclusive: g
    conditions: {c: {when: principle > 0, label: x, changes: x}, d: {use: large}}
    counts: {from: disbursed_on, to: principal, days: "'act/365'"}
    caps: [{by: [who], on: base, limit: ':none'}]
    points: "1"
entitlements:
  e: {label: x, over: enterprise, document: x, benefit: x, call: x, delivers: b, conditions: {c: {when: is_private, label: x, holder: x, changes: x}}}
products:
  f: {label: x, over: need, bank: x, conditions: {c: {when: amount > 0, label: x}}, terms: {rate: use}}
golden:
  - {name: g, as_of: 2026-01-01, given: {}, clause: x, claims: [{instrument: a, institution: b, period: [1], expect: [{contract_no: c, amount: x}]}]}
"""  # noqa: E501  (a pack's lines are read across)


def test_all_at_once() -> None:
    """One reading tells what is wrong in every section, in the order of the file."""
    _, problems = check_text(MANY)
    assert [(p.code, p.where.line) for p in problems] == [
        ("pack.type", 6),
        ("pack.type", 8),
        ("pack.missing_key", 12),
        ("pack.missing_key", 15),
        ("pack.missing_key", 16),
        ("pack.unknown_name", 16),
        ("pack.unknown_condition", 16),
        ("pack.type", 17),
        ("pack.unknown_name", 18),
        ("pack.unknown_parameter", 18),
        ("pack.unknown_instrument", 21),
        ("pack.type", 23),
        ("pack.date", 25),
        ("pack.type", 25),
    ]
    assert all(p.where.column for p in problems)
    assert all(p.message.zh and p.message.en for p in problems)


def test_a_broken_instrument_is_told_once() -> None:
    """What rests on an instrument that is itself wrong is not called unknown."""
    text = (
        "instruments:\n  a: {label: x, kind: incentive, over: loan, document: x, conditions: {c: {when: principle > 0,"
        " label: x, holder: x, changes: x}}}\n"
        "entitlements:\n  e: {label: x, over: enterprise, document: x, benefit: x, call: x, delivers: a,"
        " conditions: {c: {when: is_private, label: x, holder: x, changes: x}}}\n"
    )
    _, problems = check_text(text)
    assert [p.code for p in problems] == ["pack.unknown_name"]


def test_a_shared_condition_lends_its_words() -> None:
    """A use takes label, clause and holder over, and may say its own instead."""
    text = (
        "conditions:\n  small: {over: loan, when: principal < 5, label: few, reference: 甲, holder: bank,"
        " changes: less}\n"
        "instruments:\n  a:\n    {label: x, kind: incentive, over: loan, document: 乙, conditions:"
        " {one: {use: small}, two: {use: small, reference: 丙, label: tiny}, three: {when: principal > 0, label: x,"
        " holder: x, changes: x}}}\n"
    )
    pack, problems = check_text(text)
    assert pack is not None
    assert problems == []
    one, two, three = pack.instruments["a"].conditions
    assert (one.name, one.label.en, one.reference, one.holder.en) == ("one", "few", "甲", "bank")
    assert (two.label.en, two.reference, two.changes.en) == ("tiny", "丙", "less")
    assert three.reference == "乙"
