"""What each term contributes to a composite figure, such as a risk index: by how much the figure would drop without
it.

The contribution of a term is the figure less the figure with that term set to zero, all else as it is. In a sum
that is the term itself (weight × value), and the contributions and the constant make up the whole. In 1 − ∏(1 −
p·w) terms share effect: what no single one explains stands as the remainder and is said, never spread. Roundings on
the way are left out of these figures, so the remainder also holds what rounding moved. A term that is itself
composite is opened in turn, its parts measured by what they do to the whole figure.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from houfeng.errors import Text
from houfeng.packs.model import Form
from houfeng.packs.roads.evaluate import Trace

DIGITS = 4
CLAMPS = ("call:least", "call:greatest")


@dataclass(frozen=True)
class Contribution:
    """One term: its words, its weight where it is weight × value, its value, and the drop of the figure without it."""

    text: str
    label: Text
    weight: float | None
    value: float
    drop: float
    parts: tuple[Contribution, ...] = ()

    def plain(self) -> dict[str, Any]:
        """The term as plain values."""
        found = {"text": self.text, "label": self.label._asdict(), "weight": self.weight, "value": self.value}
        return found | {"contribution": self.drop, "parts": [part.plain() for part in self.parts]}


@dataclass(frozen=True)
class Composition:
    """The terms of one figure, the largest first, what it is without any of them, and what none explains alone."""

    additive: bool
    base: float
    terms: tuple[Contribution, ...]
    remainder: float

    def plain(self) -> dict[str, Any]:
        """The composition as plain values, to be merged into those of its item."""
        return {
            "contributions": [term.plain() for term in self.terms],
            "contribution_method": "sum" if self.additive else "drop when the term is set to zero",
            "without_terms": self.base,
            "unexplained": self.remainder,
        }


def composition(trace: Trace) -> Composition | None:
    """How a figure is made up, or nothing where it is no number of at least two terms."""
    if trace.item is None or trace.item.form not in (Form.VALUE, Form.DERIVED) or not _is_number(trace.value):
        return None
    root = _body(trace)
    terms = [] if root is None else list(_terms(root))
    if root is None or len(terms) < 2:
        return None
    figures = _Figures()
    whole, base = figures.of(root, {}), figures.of(root, {id(term): Fraction(0) for term in terms})
    if whole is None or base is None:
        return None
    drops = sum((_drop(figures, root, whole, term) for term in terms), Fraction(0))
    additive = drops == whole - base
    parts = (_told(figures, root, whole, term, scaled=additive) for term in terms)
    told = sorted(parts, key=lambda c: (-abs(c.drop), c.text))
    return Composition(additive, _figure(base), tuple(told), _figure(_exact(trace.value) - base - drops))


def _told(figures: _Figures, root: Trace, whole: Fraction, term: Trace, *, scaled: bool = False) -> Contribution:
    """One term, with its weight as written; or `scaled` by all that the sum it stands in is multiplied with."""
    weight, heart = _weighted(figures, term)
    if scaled:
        one, none = (figures.of(root, {id(heart): Fraction(number)}) for number in (1, 0))
        weight = one - none if one is not None and none is not None and one - none != 1 else weight
    item = heart.item
    body = _body(heart) if heart.op == "item" else None
    inner = list(_terms(body)) if body is not None and _opens(body) else []
    parts = [_told(figures, root, whole, part) for part in inner] if len(inner) > 1 else []
    value = figures.of(heart, {})
    return Contribution(
        text=heart.text,
        label=item.label if item is not None else Text("", ""),
        weight=None if weight is None else _figure(weight),
        value=_figure(value if value is not None else Fraction(0)),
        drop=_figure(_drop(figures, root, whole, term)),
        parts=tuple(sorted(parts, key=lambda c: (-abs(c.drop), c.text))),
    )


def _drop(figures: _Figures, root: Trace, whole: Fraction, term: Trace) -> Fraction:
    """By how much the whole drops without a term; nothing is divided by a term, so it can always be told."""
    found = figures.of(root, {id(term): Fraction(0)})
    return Fraction(0) if found is None else whole - found


def _body(trace: Trace) -> Trace | None:
    """The expression an item's figure came from: a figure stated by an exception, too."""
    while trace.op == "item":
        if not trace.parts or (trace.item is not None and trace.item.form not in (Form.VALUE, Form.DERIVED)):
            return None
        trace = trace.parts[-1]
    return trace


def _terms(trace: Trace) -> Iterator[Trace]:
    """The terms of an expression: sums are opened, and products whose factors are all like 1 − p·w.

    What is scaled, divided or clamped is opened where more than one term is inside; else it is a term itself.
    """
    if _constant(trace):
        return
    live = [part for part in trace.parts if not _constant(part)]
    if trace.op in ("+", "-", "neg", "call:round"):
        for part in live:
            yield from _terms(part)
        return
    inside: list[Trace] = []
    if trace.op == "*":
        factors = list(_factors(trace))
        if all(_sum_with_constant(factor) for factor in factors):
            inside = [term for factor in factors for term in _terms(factor)]
        elif len(factors) == 1 and _opens(factors[0]):
            inside = list(_terms(factors[0]))
    elif len(live) == 1 and _opens(live[0]) and (trace.op in CLAMPS or (trace.op == "/" and live[0] is trace.parts[0])):
        inside = list(_terms(live[0]))
    single = len(inside) == 1 and not (trace.op == "*" and _sum_with_constant(next(_factors(trace))))
    yield from inside if inside and not single else [trace]


def _factors(trace: Trace) -> Iterator[Trace]:
    """The factors of a product that are not constant."""
    for part in trace.parts:
        if part.op == "*":
            yield from _factors(part)
        elif not _constant(part):
            yield part


def _opens(trace: Trace) -> bool:
    """Whether an expression is a sum, a product or a rounding of such, and no measured or computed thing of its own."""
    return trace.op in ("+", "-", "neg", "*", "/", "call:round", *CLAMPS)


def _sum_with_constant(trace: Trace) -> bool:
    """Whether a factor is like 1 − p·w: a sum with a constant in it, so that it does not vanish with its terms."""
    return trace.op in ("+", "-") and any(_constant(part) or _sum_with_constant(part) for part in trace.parts)


def _constant(trace: Trace) -> bool:
    if trace.op in ("literal", "parameter"):
        return True
    return bool(trace.parts) and trace.op != "item" and all(_constant(part) for part in trace.parts)


def _weighted(figures: _Figures, term: Trace) -> tuple[Fraction | None, Trace]:
    """A term as weight × value: the constant factor, and the rest where it is one thing."""
    factors = list(_factors(term)) if term.op == "*" else []
    if len(factors) != 1:
        return None, term
    return figures.of(term, {id(factors[0]): Fraction(1)}), factors[0]


class _Figures:
    """Values of steps, exact and without rounding; those that nothing was put in the place of are computed once."""

    def __init__(self) -> None:
        self._plain: dict[int, Fraction | None] = {}
        self._under: dict[int, frozenset[int]] = {}

    def of(self, trace: Trace, instead: Mapping[int, Fraction]) -> Fraction | None:
        """The value of a step, with other values in the place of some (by `id`)."""
        if id(trace) in instead:
            return instead[id(trace)]
        if not instead or self._inside(trace).isdisjoint(instead):
            if id(trace) not in self._plain:
                self._plain[id(trace)] = self._computed(trace, {})
            return self._plain[id(trace)]
        return self._computed(trace, instead)

    def _inside(self, trace: Trace) -> frozenset[int]:
        """The steps that a step's value is computed from, itself among them."""
        if id(trace) not in self._under:
            inside = (self._inside(part) for part in _computed_from(trace))
            self._under[id(trace)] = frozenset({id(trace)}).union(*inside)
        return self._under[id(trace)]

    def _computed(self, trace: Trace, instead: Mapping[int, Fraction]) -> Fraction | None:
        parts = _computed_from(trace)
        if not parts:
            return _exact(trace.value) if _is_number(trace.value) else None
        values = [self.of(part, instead) for part in parts]
        if not _opens(trace):  # an item that stands for its expression
            return values[0]
        known = [value for value in values if value is not None]
        if trace.op in CLAMPS and known:
            return min(known) if trace.op == "call:least" else max(known)
        return _combined(trace.op, known) if len(known) == len(values) else None


def _computed_from(trace: Trace) -> tuple[Trace, ...]:
    """The steps whose values make a step's value; none where it was measured or computed as a whole."""
    body = _body(trace) if trace.op == "item" else None
    if body is not None and _opens(body):
        return (body,)
    if not _opens(trace):
        return ()
    return tuple(trace.parts[:1] if trace.op == "call:round" else trace.parts)


def _combined(op: str, known: Sequence[Fraction]) -> Fraction | None:
    match op:
        case "+":
            return sum(known, Fraction(0))
        case "-":
            return known[0] - sum(known[1:], Fraction(0)) if len(known) > 1 else -known[0]
        case "neg":
            return -known[0]
        case "call:round" | "call:least" | "call:greatest":
            return known[0] if known else None
        case "*":
            return math.prod(known, start=Fraction(1))
        case _:
            return known[0] / known[1] if known[1] else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool) and math.isfinite(value)


def _exact(value: Any) -> Fraction:
    return Fraction(value)


def _figure(value: Fraction) -> float:
    return round(float(value), DIGITS)
