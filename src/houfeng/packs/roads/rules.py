"""Rules as items: each tier of a rule, and its clear condition, is one condition over the key."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from houfeng.packs.language.functions import T
from houfeng.packs.model import TIERS, Definition, Form, Pack, Rule


def rule_items(pack: Pack, rules: Sequence[Rule]) -> Pack:
    """`pack` with an item for each tier (`rule:tier`) and clear condition (`rule:clear`) of `rules`."""
    items = dict(pack.items)
    for rule in rules:
        parts = {**rule.tiers, **({"clear": rule.clear_when} if rule.clear_when is not None else {})}
        for part, node in parts.items():
            name = f"{rule.name}:{part}"
            items[(rule.over, name)] = Definition(
                name, Form.DERIVED, rule.over, T.BOOLEAN, 0, rule.label, rule.where, rule.pack, node=node
            )
    return dataclasses.replace(pack, items=items)


def tier_of(rule: Rule, value: Callable[[str], Any]) -> str | None:
    """The highest tier of `rule` whose condition is true; `value` gives the value of an item by name."""
    held = [tier for tier in rule.tiers if value(f"{rule.name}:{tier}") is True]
    return max(held, key=TIERS.index, default=None)
