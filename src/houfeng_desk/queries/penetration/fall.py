"""“If this firm falls”: what is asked (with its defaults), and the answer in plain values, for a page or a job's file.

Only firms that trouble can reach are read: guarantors of the firm's debts, guarantors of theirs, and so on; with cross
default also the members of their groups. That is exact, because nobody else can be called.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np

from houfeng.errors import InputError, NotFoundError, Problem, Text
from houfeng.penetration.contagion import reading
from houfeng.penetration.contagion.guarantees import Guarantees, Terms
from houfeng.penetration.contagion.impact import Impact, impact, rescue
from houfeng.penetration.contagion.prepared import Prepared
from houfeng.penetration.contagion.system import System
from houfeng_desk.queries.enterprise.lending import bank_names
from houfeng_desk.queries.penetration.parties import Parties, firms_in_scope
from houfeng_desk.queries.penetration.rows import Within
from houfeng_desk.reader import Reader

AT_ONCE, MOST, ROUNDS = 2000, 200_000, 100
"""Firms up to which the page answers itself (more are a job), firms a job reads, and steps of reading."""
SHOWN = 200
CHOICES: Mapping[str, Mapping[str, Text]] = {
    "call": {
        "whole": Text("连带责任：全额代偿", "joint and several: called for the whole"),
        "shortfall": Text("一般保证：只补不足", "called for the shortfall only"),
    },
    "order": {
        "pro_rata": Text("按担保金额分摊", "pro rata of the amounts"),
        "in_order": Text("按先后顺序承担", "in order, one after the other"),
    },
    "step_in": {"yes": Text("其余担保人补足", "the others step in"), "no": Text("不补足", "nobody steps in")},
    "unknown": {
        "stands": Text("视为承受得住", "taken to stand"),
        "falls": Text("视为倒下", "taken to fall"),
    },
    "cross_default": {"no": Text("不算", "no"), "yes": Text("同集团一起违约", "groups default together")},
    "between": {
        "furfine": Text("算（Furfine 连锁违约）", "yes (Furfine cascade)"),
        "none": Text("不算", "no"),
    },
}
PERCENTS = {"lgd": "45", "bears": "100", "fallen_pays": "0", "bank_lgd": "45"}
DEFAULTS: Mapping[str, str] = {
    **PERCENTS, "call": "whole", "order": "pro_rata", "step_in": "yes", "unknown": "stands", "cross_default": "no",
    "between": "furfine", "sum": "",
}  # fmt: skip
LABELS = {
    "lgd": Text("违约损失率（%）", "Loss given default (%)"),
    "bears": Text("担保人可用净资产（%）", "Part of net assets a guarantor can lose (%)"),
    "fallen_pays": Text("倒下的担保人仍付（%）", "A fallen guarantor still pays (%)"),
    "bank_lgd": Text("同业违约损失率（%）", "Loss given default between banks (%)"),
    "call": Text("担保责任", "How guarantors are called"),
    "order": Text("清偿顺序：几家共同担保时", "Seniority: several guarantors of one debt"),
    "step_in": Text("担保人付不出的部分", "What a fallen guarantor cannot pay"),
    "unknown": Text("净资产未知的担保人", "A guarantor whose net assets are not known"),
    "cross_default": Text("集团交叉违约", "Cross default of groups"),
    "between": Text("银行之间传染", "Contagion between banks"),
    "sum": Text("可用于救助的金额（万元）", "Sum for a rescue (10,000 yuan)"),
}


@dataclass(frozen=True)
class Asked:
    """What is assumed."""

    terms: Terms
    bank_lgd: float
    between: bool
    sum: float
    values: Mapping[str, str]


def asked_of(given: Mapping[str, str]) -> Asked:
    """What a form asks; an empty field is its default.

    Raises:
        InputError: fields that cannot be meant, all at once.
    """
    values = {name: (given.get(name, "") or "").strip()[:20] or usual for name, usual in DEFAULTS.items()}
    wrong = [name for name, choices in CHOICES.items() if values[name] not in choices]
    parts = {name: _part(values[name]) for name in PERCENTS}
    wrong += [name for name, part in parts.items() if part is None]
    money = _number(values["sum"] or "0")
    wrong += ["sum"] if money is None or not 0 <= money <= 10**9 else []
    if wrong:
        text = Text("不是可用的值", "cannot be used")
        told = [
            Problem("penetration.fall_field", Text(f"{LABELS[n].zh}：{text.zh}", f"{LABELS[n].en}: {text.en}"),
                    value=values[n], suggestion=Text("百分比在 0 与 100 之间", "percentages lie between 0 and 100"))
            for n in wrong
        ]  # fmt: skip
        raise InputError(Text("假设无法使用", "the terms cannot be used"), told)
    terms = Terms(
        lgd=parts["lgd"] or 0.0,
        call="whole" if values["call"] == "whole" else "shortfall",
        order="pro_rata" if values["order"] == "pro_rata" else "in_order",
        step_in=values["step_in"] == "yes",
        fallen_pays=parts["fallen_pays"] or 0.0,
        bears=parts["bears"] or 0.0,
        unknown="stands" if values["unknown"] == "stands" else "falls",
        cross_default=values["cross_default"] == "yes",
    )
    return Asked(terms, parts["bank_lgd"] or 0.0, values["between"] == "furfine", float(money or 0) * 10_000, values)


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _part(text: str) -> float | None:
    found = _number(text)
    return float(found / 100) if found is not None and 0 <= found <= 100 else None


@dataclass(frozen=True)
class Reach:
    """The firms that trouble can reach from one, and whether those are all; `groups` by firm, for cross default."""

    firms: frozenset[str]
    groups: Mapping[str, str]
    whole: bool


def reach(reader: Reader, firm_id: str, asked: Asked, most: int = AT_ONCE) -> Reach:
    """Who may be called when the firm falls; stops beyond `most` firms."""
    within, seen, groups = Within(reader), {firm_id}, dict[str, str]()
    frontier = [firm_id]
    for _ in range(ROUNDS):
        rows = within.about(
            "guarantee",
            "borrower_id",
            frontier,
            most=most * 10,
            where="guarantee_type = 'C' AND guarantor_id <> borrower_id",
        )
        found = {row["guarantor_id"] for row in rows if row["guarantor_id"]}
        if asked.terms.cross_default:
            found |= _partners(reader, within, frontier, groups)
        fresh = found - seen
        if not reader.viewer.scope.everything:
            fresh = firms_in_scope(reader, fresh)
        seen |= fresh
        frontier = sorted(fresh)
        if not frontier or len(seen) > most:
            return Reach(frozenset(seen), groups, not frontier)
    return Reach(frozenset(seen), groups, False)


def _partners(reader: Reader, within: Within, firms: Iterable[str], groups: dict[str, str]) -> set[str]:
    """The members of the groups of these firms; `groups` learns of each firm the first group it is in."""
    ids = sorted({row["group_id"] for row in within.about("group_member", "enterprise_id", firms)})
    if not ids:
        return set()
    rows = reader.rows(
        "SELECT group_id, enterprise_id FROM group_member WHERE group_id IN (SELECT unnest(?)) ORDER BY 1, 2", [ids]
    )
    for row in rows:
        groups.setdefault(row["enterprise_id"], row["group_id"])
    return {row["enterprise_id"] for row in rows}


def fall(reader: Reader, firm_id: str, asked: Asked, reached: Reach, most: int | None = SHOWN) -> dict[str, Any] | None:
    """What falls, as plain values, so many firms and limits; nothing where it neither owes nor guarantees anything."""
    narrowed = Within(reader)
    narrowed.narrow("loan_balance", ["borrower_id"], reached.firms)
    narrowed.narrow("guarantee", ["borrower_id"], reached.firms)
    narrowed.narrow("financial_statement", ["enterprise_id"], reached.firms)
    graph = reading.guarantees(narrowed, reader.as_of, narrowed.engine, reached.groups)
    capital = reading.capital(narrowed, reader.as_of, narrowed.engine)
    system = _system(narrowed, reader) if asked.between else None
    try:
        found = impact(graph, [firm_id], capital, terms=asked.terms, system=system, bank_lgd=asked.bank_lgd)
    except NotFoundError:
        return None
    saved = rescue(graph, [firm_id], asked.sum, terms=asked.terms) if asked.sum > 0 else None
    told = _told(reader, graph, found, asked, most)
    if saved is not None:
        parties = Parties(reader, [name for name, _, _ in saved.steps])
        steps = [{"party": _plain(parties, name), "cost": cost, "left": left} for name, cost, left in saved.steps]
        told["rescue"] = {
            "sum": saved.sum, "cost": saved.cost, "spared": saved.spared, "exact": saved.exact, "steps": steps,
        }  # fmt: skip
    return told | {"reached": len(reached.firms), "whole": reached.whole, "values": dict(asked.values)}


def _system(narrowed: Within, reader: Reader) -> System | None:
    """The banks that lend to each other. Their loans are not counted: Furfine looks at equity and claims only."""
    if not narrowed.reported("interbank_exposure"):
        return None
    try:
        return reading.banks(narrowed, reader.as_of, narrowed.engine)
    except InputError:
        return None


def rounds(graph: Guarantees, terms: Terms, first: Sequence[int]) -> dict[int, int]:
    """In which round each firm falls: those called for too much by who fell in earlier rounds fall next."""
    asked = Prepared(graph, terms)
    done = dict.fromkeys(first, 0)
    while True:
        others = [one for one in range(graph.size) if one not in done]
        burden = asked.fall(list(done), others).burden
        groups = set(graph.group[list(done)].tolist()) - {-1} if terms.cross_default else set()
        fresh = [one for one in others if burden[one] > asked.capacity[one] or int(graph.group[one]) in groups]
        if not fresh:
            return done
        done |= dict.fromkeys(fresh, max(done.values()) + 1)


def _told(reader: Reader, graph: Guarantees, found: Impact, asked: Asked, most: int | None) -> dict[str, Any]:
    down = found.fall.fallen
    turn = rounds(graph, asked.terms, down[: found.fall.first].tolist())
    names = graph.names(down)
    debt = np.bincount(graph.borrower, weights=graph.balance, minlength=graph.size)
    lost = np.bincount(graph.borrower, weights=found.fall.lost, minlength=graph.size)
    parties = Parties(reader, [*names, *(one.on for one in found.breaches)])
    banks = bank_names(reader)
    order = sorted(range(len(down)), key=lambda at: (turn.get(int(down[at]), 0), -debt[down[at]], names[at]))
    fallen = [
        {
            "party": _plain(parties, names[at]),
            "round": turn.get(int(down[at]), 0),
            "called": float(found.fall.burden[down[at]]),
            "net_assets": _known(graph.net_assets[down[at]]),
            "debt": float(debt[down[at]]),
            "lost": float(lost[down[at]]),
        }
        for at in order
    ]
    lines = [
        {"bank": banks.get(one.bank, one.bank), "exposed": one.exposed, "lost": one.lost, "by_banks": one.by_banks,
         "of_capital": _known(one.of_capital), "fails": one.fails}
        for one in found.banks
    ]  # fmt: skip
    broken = [
        {
            "bank": banks.get(one.bank, one.bank),
            "limit": {"zh": one.limit.text.zh, "en": one.limit.text.en},
            "percent": one.limit.percent,
            "on": _plain(parties, one.on) if one.limit.on != "bank" else {"label": _same(banks.get(one.on, one.on))},
            "kind": one.limit.on,
            "before_percent": _known(one.percent_before),
            "after_percent": _known(one.percent_after),
            "before": one.before,
        }
        for one in sorted(found.breaches, key=lambda one: (one.before, one.bank, one.limit.code))
    ]
    text = asked.terms.text
    return {
        "fallen": fallen[:most],
        "count": len(fallen),
        "last_round": max(turn.values(), default=0),
        "banks": lines,
        "breaches": broken[:most],
        "loss": found.fall.loss,
        "by_banks": sum(one.by_banks for one in found.banks),
        "fresh": sum(not one.before for one in found.breaches),
        "terms": {"zh": text.zh, "en": text.en},
        "between": _same("") if found.cascade is None else _both(found.cascade.text),
        "rescue": None,
    }


def _plain(parties: Parties, name: str) -> dict[str, Any]:
    party = parties.of(name)
    return {"label": _both(party.label), "id": party.id if party.known else "", "code": party.shown_id}


def _both(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _same(text: str) -> dict[str, str]:
    return {"zh": text, "en": text}


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
