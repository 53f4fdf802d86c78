"""What a change touches: packs altered in memory to ask “what if”, and the items and rules whose answer may differ."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from houfeng.errors import Text, UsageError
from houfeng.office.packs.editing import parameter_of
from houfeng.packs.language.expression import Node
from houfeng.packs.loading.facts import typed
from houfeng.packs.model import Dated, Definition, Pack, Parameter, Rule

EVER = date(1900, 1, 1)


def altered(pack: Pack, values: Mapping[str, Any], readings: Mapping[str, str]) -> Pack:
    """`pack` with other values of parameters, on every day, and under other readings.

    Raises:
        NotFoundError, UsageError: a parameter, a reading or a value does not fit.
    """
    pack = pack.with_readings(readings)
    parameters = dict(pack.parameters)
    for name, value in values.items():
        old = parameter_of(pack, name)
        wanted = typed(value, old.type)
        if wanted is None:
            raise UsageError(Text(f"{name} 的值应是{old.type.zh}", f"the value of {name} should be {old.type}"))
        parameters[name] = _always(old, Dated(EVER, EVER, wanted, "", "what if"))
    return dataclasses.replace(pack, parameters=parameters)


def as_in_force(old: Pack, new: Pack) -> Pack:
    """`new` with what it changes in parameters taken as if it held on every day, so that a coming value can be seen on
    the book of today."""
    parameters = dict(new.parameters)
    for name, parameter in new.parameters.items():
        before = old.parameters.get(name)
        if before is None or before.values == parameter.values:
            continue
        added = [value for value in parameter.values if value not in before.values]
        if added:
            parameters[name] = _always(parameter, max(added, key=lambda value: (value.start, value.known_from)))
    return dataclasses.replace(new, parameters=parameters)


def _always(parameter: Parameter, value: Dated) -> Parameter:
    return dataclasses.replace(parameter, values=(dataclasses.replace(value, start=EVER, known_from=EVER, until=None),))


def touched_items(old: Pack, new: Pack) -> list[Definition]:
    """The items of `new` whose answer may differ from `old`'s: changed themselves, or resting on what changed."""
    before, after = _Prints(old), _Prints(new)
    return [item for (kind, name), item in new.items.items() if before.item(kind, name) != after.item(kind, name)]


def touched_rules(old: Pack, new: Pack) -> list[str]:
    """The names of the rules that may speak otherwise, of both packs; merging rules wherever any other does."""
    before, after = _Prints(old), _Prints(new)
    names = list(dict.fromkeys([*old.rules, *new.rules]))
    changed = [name for name in names if before.rule(name) != after.rule(name)]
    merging = [name for pack in (old, new) for name, rule in pack.rules.items() if rule.merge]
    return list(dict.fromkeys([*changed, *merging])) if changed else []


class _Prints:
    """Fingerprints of items and rules with all they rest on."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self._items: dict[tuple[str, str], str] = {}

    def item(self, kind: str, name: str) -> str:
        key = (kind, name)
        if key not in self.pack.items:
            return ""
        if key not in self._items:
            self._items[key] = "…"  # items cannot rest on themselves; a print in progress is never asked for
            item = self.pack.items[key]
            own = dataclasses.replace(item, where=type(item.where)(), rows=(), exemptions=(), label=item.label)
            parts = [_bare(own), *(_bare(row) for row in item.rows), *(_bare(one) for one in item.exemptions)]
            nodes = [*item.nodes(), *([item.domain] if item.domain is not None else [])]
            if item.measure is not None:
                nodes += item.measure.all_nodes()
            self._items[key] = _digest([*parts, *self._behind(nodes)])
        return self._items[key]

    def rule(self, name: str) -> str:
        rule = self.pack.rules.get(name)
        if rule is None:
            return ""
        own = [f"{tier} {node.text}" for tier, node in rule.tiers.items()]
        own += [rule.over, rule.group, str(rule.cooldown), str(rule.merge)]
        own.append(rule.clear_when.text if rule.clear_when is not None else "")
        return _digest([*own, *self._behind(_of_rule(rule))])

    def _behind(self, nodes: list[Node]) -> Iterator[str]:
        for part in (part for node in nodes for part in node.walk()):
            if part.op == "parameter":
                yield _bare(self.pack.parameters[part.value])
            elif part.op == "item":
                yield self.item(part.value.kind, part.value.name)
            elif part.op.startswith("call:"):
                for arg in part.args[1:2]:
                    if arg.op == "literal" and arg.value in self.pack.sets:
                        yield _bare(self.pack.sets[arg.value])


def _of_rule(rule: Rule) -> list[Node]:
    return list(rule.nodes())


def _bare(found: Any) -> str:
    """A value as text without its place in a file and without texts for people."""
    skipped = ("where", "label", "text", "reference", "note", "pack")
    fields = [(f.name, getattr(found, f.name)) for f in dataclasses.fields(found) if f.name not in skipped]
    return repr([(name, _text(value)) for name, value in fields])


def _text(value: Any) -> str:
    if isinstance(value, Node):
        return value.text
    if isinstance(value, (tuple, list)):
        return repr([_text(one) for one in value])
    if isinstance(value, frozenset):
        return repr(sorted(map(str, value)))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _bare(value)
    return repr(value)


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
