"""What changed between two versions of a pack, in the pack's own terms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from houfeng.packs.grants import Condition, Entitlement, Instrument, Pool, Product, Relending
from houfeng.packs.language.expression import Node
from houfeng.packs.model import CodeSet, Definition, Interpretation, Mark, Pack, Parameter, Rule


class Change(NamedTuple):
    """One difference. `before` is empty for what is new, `after` for what is gone."""

    section: str
    name: str
    part: str
    before: str
    after: str

    def render(self) -> str:
        """One line for people."""
        place = f"{self.section} {self.name}" + (f" {self.part}" if self.part else "")
        if not self.before:
            return f"+ {place}: {self.after}"
        if not self.after:
            return f"- {place}: {self.before}"
        return f"~ {place}: {self.before} → {self.after}"


def diff_packs(old: Pack, new: Pack) -> list[Change]:
    """All changes from `old` to `new`, by section and name."""
    found: list[Change] = []
    found += _section("parameter", old.parameters, new.parameters, _parameter)
    found += _section("code set", old.sets, new.sets, _code_set)
    found += _section("item", _by_name(old), _by_name(new), _definition)
    found += _section("rule", old.rules, new.rules, _rule)
    found += _section("pool", old.pools, new.pools, _pool)
    found += _section("instrument", old.instruments, new.instruments, _instrument)
    found += _section("entitlement", old.entitlements, new.entitlements, _entitlement)
    found += _section("product", old.products, new.products, _product)
    found += _section("interpretation", old.interpretations, new.interpretations, _interpretation)
    return found


def _by_name(pack: Pack) -> dict[str, Definition]:
    return {f"{over}.{name}": item for (over, name), item in pack.items.items()}


def _section(
    section: str, old: Mapping[str, Any], new: Mapping[str, Any], parts: Callable[[Any], dict[str, str]]
) -> Iterator[Change]:
    for name in [*old, *(n for n in new if n not in old)]:
        before = parts(old[name]) if name in old else {}
        after = parts(new[name]) if name in new else {}
        if not before or not after:
            only = before or after
            text = "; ".join(f"{k} {v}" for k, v in only.items() if v)
            yield Change(section, name, "", text if before else "", text if after else "")
            continue
        for part in [*before, *(p for p in after if p not in before)]:
            if before.get(part, "") != after.get(part, ""):
                yield Change(section, name, part, before.get(part, ""), after.get(part, ""))


def _parameter(parameter: Parameter) -> dict[str, str]:
    found = {"unit": parameter.unit}
    for value in parameter.values:
        known = "" if value.known_from == value.start else f" (known from {value.known_from})"
        until = f" until {value.until}" if value.until else ""
        found[f"from {value.start}{known}"] = f"{value.value}{until}" + (
            f" [{value.reference}]" if value.reference else ""
        )
    return found


def _code_set(code_set: CodeSet) -> dict[str, str]:
    found: dict[str, str] = {"complete": str(code_set.complete), "without": ", ".join(sorted(code_set.without))}
    for member in code_set.members:
        star = "starred" if member.starred else "member"
        for code in sorted(member.codes) or [f"{member.prefix}*" if member.prefix else f"{member.first}–{member.last}"]:
            found[code] = f"{star} {member.group}".strip()
    return found


def _definition(item: Definition) -> dict[str, str]:
    found = {
        "form": item.form.value,
        "when": item.node.text if item.node else "",
        "tag": item.tag,
        "reference": item.reference,
    }
    found["amount"] = item.amount.text if item.amount else ""
    if item.measure is not None:
        m = item.measure
        compare = f" {m.compare[0]} {m.compare[1]}" if m.compare else ""
        found["measure"] = (
            f"{m.function}({', '.join(a.text for a in m.args)}){compare} from {m.source} by {', '.join(m.by)}"
        )
        found["where"] = m.where.text if m.where else ""
        found["window"] = f"{m.window} s, hop {m.hop} s, offset {m.offset} s" if m.window else m.since
        found |= {"after": _mark(m.after), "without": _mark(m.without), "through": m.through}
    for exemption in item.exemptions:
        value = f" → {exemption.value.text}" if exemption.value else ""
        found[f"except {exemption.label}"] = f"{exemption.when.text}{value}"
    for number, row in enumerate(item.rows, 1):
        found[f"row {number}"] = f"{row.when.text} → {row.then.text}"
    return found


def _mark(mark: Mark | None) -> str:
    if mark is None:
        return ""
    return f"{mark.source} by {', '.join(mark.by)}" + (f" where {mark.where.text}" if mark.where else "")


def _rule(rule: Rule) -> dict[str, str]:
    found = {tier: node.text for tier, node in rule.tiers.items()}
    found |= {"merge": f"{rule.merge} groups" if rule.merge else ""}
    found |= {"clear_when": rule.clear_when.text if rule.clear_when else "", "cooldown": f"{rule.cooldown} s"}
    return found | {"reason": rule.reason.zh, "reference": rule.reference, "group": rule.group}


def _interpretation(entry: Interpretation) -> dict[str, str]:
    found = {"clause": entry.clause, "chosen": entry.chosen, "chosen_by": entry.chosen_by}
    return found | {f"reading {label}": str(dict(reading.parameters)) for label, reading in entry.readings.items()}


def _text(node: Node | None) -> str:
    return node.text if node is not None else ""


def _conditions(conditions: Iterable[Condition]) -> dict[str, str]:
    return {
        f"condition {one.name}": one.when.text + (f" [{one.reference}]" if one.reference else "") for one in conditions
    }


def _pool(pool: Pool) -> dict[str, str]:
    """A pool: its quota and clause."""
    return {"quota": _text(pool.quota), "reference": pool.reference}


def _instrument(tool: Instrument) -> dict[str, str]:
    """An instrument: conditions, time counted, amounts, caps, shares, and the terms of the central bank."""
    found = {"kind": tool.kind, "state": tool.state, "over": tool.over, "document": tool.document}
    found |= _conditions(tool.conditions)
    if tool.counts is not None:
        found["counts"] = f"{tool.counts.first.text} … {tool.counts.end.text} by {tool.counts.days.text}"
    found |= {"base": _text(tool.base), "points": _text(tool.points), "funded_share": _text(tool.funded_share)}
    for number, cap in enumerate(tool.caps, 1):
        found[f"cap {number}"] = f"{cap.on} by {', '.join(cap.by)} up to {cap.limit.text}"
    found |= {f"share {payer}": node.text for payer, node in tool.shares.items()}
    found |= {"exclusive": tool.exclusive, "exclusive_when": _text(tool.exclusive_when), "order": _text(tool.order)}
    found |= {"prepayment": _text(tool.prepayment), "documents": "; ".join(text.zh for text in tool.documents)}
    return found | (_lent(tool.relending) if tool.relending is not None else {})


def _lent(lent: Relending) -> dict[str, str]:
    return {
        "quota": _text(lent.quota),
        "pool": lent.pool,
        "pool_when": _text(lent.pool_when),
        "rate": _text(lent.rate),
        "term_months": _text(lent.term_months),
        "extensions": _text(lent.extensions),
        "cadence": lent.cadence,
        "institutions": _text(lent.institutions),
    }


def _entitlement(policy: Entitlement) -> dict[str, str]:
    """An entitlement: conditions, benefit, what to bring, whom to call, and from when to when."""
    found = {"document": policy.document, "benefit": policy.benefit.zh, "delivers": policy.delivers}
    found |= {"from": _text(policy.begins), "until": _text(policy.until), "call": policy.call.zh}
    return found | _conditions(policy.conditions) | {"bring": "; ".join(text.zh for text in policy.bring)}


def _product(product: Product) -> dict[str, str]:
    """A product: bank, conditions, terms and capacity."""
    terms = product.terms
    found = {"bank": product.bank, "funded_by": terms.funded_by, "guarantees": ", ".join(terms.guarantees)}
    found |= {"rate": _text(terms.rate), "fee": _text(terms.fee), "months": _text(terms.months)}
    found |= {"own_rate": _text(terms.own_rate)}
    found |= {"min_amount": _text(terms.min_amount), "max_amount": _text(terms.max_amount)}
    found |= {"capacity": _text(product.capacity), "answer_days": _text(product.answer_days)}
    return found | _conditions(product.conditions)
