"""Random expressions of a wanted type over a record kind, as a pack's author would write them."""

# ruff: noqa: E501  (forms are read across)

from __future__ import annotations

import random
from dataclasses import dataclass, field

from houfeng.book.model import kinds
from houfeng.packs.language.binding import FIELD_TYPES
from houfeng.packs.language.functions import T
from packs.random_packs.vocabulary import DAYS, NUMBERS, PARAMETERS, PATHS, SETS, WORDS, quote


@dataclass
class Expressions:
    """Makes expressions; `items` are those that stand in the pack already, by kind, with their types."""

    rng: random.Random
    items: dict[str, dict[str, T]] = field(default_factory=lambda: {kind: {} for kind in PATHS})

    def names(self, kind: str, want: T, own: bool) -> list[str]:
        """Names over `kind` of type `want`: fields and items, through paths unless `own`."""
        found = []
        for path, target in PATHS[kind][:1] if own else PATHS[kind]:
            dot = f"{path}." if path else ""
            found += [dot + f.name for f in kinds()[target].fields.values() if FIELD_TYPES[f.type][0] is want]
            if not own:
                found += [dot + name for name, type_ in self.items[target].items() if type_ is want] * 3
        return found

    def leaf(self, kind: str, want: T, own: bool) -> str:
        """A name, a literal, a parameter or null."""
        roll = self.rng.random()
        if roll < 0.03:
            return "null"
        names = self.names(kind, want, own)
        if names and roll < 0.7:
            return self.rng.choice(names)
        parameters = [name for name, (type_, _) in PARAMETERS.items() if type_ is want]
        if parameters and roll < 0.85:
            name = self.rng.choice(parameters)
            return f":{name}" if self.rng.random() < 0.6 else f"at(:{name}, {self.leaf(kind, T.DATE, own)})"
        return self.literal(kind, want, own)

    def literal(self, kind: str, want: T, own: bool) -> str:
        match want:
            case T.BOOLEAN:
                return self.rng.choice(("true", "false"))
            case T.INTEGER:
                return str(self.rng.choice((0, 1, 2, 3, 7, 12, 28, 31, 100, 365, 10**6, 3_000_000_000)))
            case T.DECIMAL:
                return self.rng.choice(("0.5", "1.0", "0.01", "2.50", "1.005", "100.25", "16777217.01", ".5"))
            case T.TEXT:
                return quote(self.rng.choice(WORDS))
            case T.DATE:
                return self.rng.choice(("as_of()", f"date '{self.rng.choice(DAYS)}'"))
            case T.DATETIME:
                return f"coalesce(null, {self.rng.choice(self.names(kind, T.DATETIME, own) or ['null'])})"
            case _:
                left, right = (self.leaf(kind, self.rng.choice(NUMBERS[:2]), own) for _ in range(2))
                return f"({left} / {right})"

    def expression(self, kind: str, want: T, depth: int, own: bool = False) -> str:
        """An expression over `kind` of type `want`, `depth` steps high at most."""
        if depth <= 0 or self.rng.random() < 0.15:
            return self.leaf(kind, want, own)
        if self.rng.random() < 0.2:
            return self.general(kind, want, depth, own)
        make = getattr(self, f"_{want.value}")
        return str(make(kind, depth - 1, own))

    def general(self, kind: str, want: T, depth: int, own: bool) -> str:
        """The forms that give any type: case, coalesce, least, greatest, nullif."""

        def sub(type_: T = want) -> str:
            return self.expression(kind, type_, depth - 1, own)

        match self.rng.randrange(4):
            case 0:
                tail = f" else {sub()}" if self.rng.random() < 0.7 else ""
                return f"(case when {sub(T.BOOLEAN)} then {sub()} when {sub(T.BOOLEAN)} then {sub(self.narrow(want))}{tail} end)"
            case 1:
                return f"coalesce({sub()}, {sub(self.narrow(want))})"
            case 2:
                return f"nullif({sub()}, {sub(self.narrow(want))})"
            case _:
                return f"{self.rng.choice(('least', 'greatest'))}({sub()}, {sub(self.narrow(want))}, {sub()})"

    def narrow(self, want: T) -> T:
        """`want`, or a type that widens to it."""
        if want in NUMBERS:
            return self.rng.choice(NUMBERS[: NUMBERS.index(want) + 1])
        return self.rng.choice((T.DATE, T.DATETIME)) if want is T.DATETIME else want

    def _boolean(self, kind: str, depth: int, own: bool) -> str:
        def sub(type_: T) -> str:
            return self.expression(kind, type_, depth, own)

        roll = self.rng.randrange(13)
        if roll < 2:
            return (
                "("
                + f" {self.rng.choice(('and', 'or'))} ".join(sub(T.BOOLEAN) for _ in range(self.rng.randint(2, 4)))
                + ")"
            )
        if roll == 2:
            return f"(not {sub(T.BOOLEAN)})"
        if roll == 3:
            return f"({sub(self.any())} is {self.rng.choice(('', 'not '))}null)"
        if roll == 4:
            patterns = ("%", "_", "a%", "%a", "a\\%", "C_7%", "%省%", "a.b", "[a]", "", "it''s", "_\u0301", "(")
            return f"({sub(T.TEXT)} {self.rng.choice(('', 'not '))}like '{self.rng.choice(patterns)}')"
        if roll == 5:
            return f"{self.rng.choice(('starts_with', 'contains'))}({sub(T.TEXT)}, {sub(T.TEXT)})"
        if roll == 6:
            evidence = f", {sub(T.TEXT)}" if self.rng.random() < 0.5 else ""
            return f"in_set({self.leaf(kind, T.TEXT, own)}, '{self.rng.choice(SETS)}'{evidence})"
        left, right, third = self.alike()
        if roll == 7:
            return f"({sub(left)} {self.rng.choice(('', 'not '))}between {sub(right)} and {sub(third)})"
        if roll == 8:
            return f"({sub(left)} {self.rng.choice(('', 'not '))}in ({sub(right)}, {sub(third)}, {sub(left)}))"
        return f"({sub(left)} {self.rng.choice(('=', '<>', '<', '<=', '>', '>=', '!='))} {sub(right)})"

    def any(self) -> T:
        return self.rng.choice((T.BOOLEAN, T.INTEGER, T.DECIMAL, T.RATIO, T.TEXT, T.DATE, T.DATETIME))

    def alike(self) -> tuple[T, T, T]:
        """Three types that can be compared."""
        group = self.rng.choice((NUMBERS, NUMBERS[:2], (T.DECIMAL,), (T.TEXT,), (T.DATE, T.DATETIME), (T.BOOLEAN,)))
        return self.rng.choice(group), self.rng.choice(group), self.rng.choice(group)

    def _number(self, kind: str, want: T, depth: int, own: bool) -> str:
        def sub() -> str:
            return self.expression(kind, self.narrow(want), depth, own)

        wide = self.expression(kind, want, depth, own)
        match self.rng.randrange(5):
            case 0:
                return f"abs({wide})"
            case 1:
                return f"round({wide}, {self.rng.randrange(5)})"
            case 2:
                return f"(-{wide})"
            case _:
                first, second = self.rng.sample((wide, sub()), 2)
                return f"({first} {self.rng.choice(('+', '-', '*'))} {second})"

    def _integer(self, kind: str, depth: int, own: bool) -> str:
        def sub(type_: T) -> str:
            return self.expression(kind, type_, depth, own)

        day = self.rng.choice((T.DATE, T.DATE, T.DATETIME))
        match self.rng.randrange(6):
            case 0:
                return f"length({sub(T.TEXT)})"
            case 1:
                return f"{self.rng.choice(('year', 'month', 'day'))}({sub(day)})"
            case 2:
                return f"{self.rng.choice(('days_between', 'months_between'))}({sub(T.DATE)}, {sub(day)})"
            case 3:
                return f"({self.expression(kind, T.DATE, min(depth, 1), own)} - as_of())"
            case _:
                return self._number(kind, T.INTEGER, depth, own)

    def _decimal(self, kind: str, depth: int, own: bool) -> str:
        return self._number(kind, T.DECIMAL, depth, own)

    def _ratio(self, kind: str, depth: int, own: bool) -> str:
        if self.rng.random() < 0.5:
            left, right = (self.expression(kind, self.rng.choice(NUMBERS), depth, own) for _ in range(2))
            return f"({left} / {right})"
        return self._number(kind, T.RATIO, depth, own)

    def _text(self, kind: str, depth: int, own: bool) -> str:
        inner = self.expression(kind, T.TEXT, depth, own)
        match self.rng.randrange(3):
            case 0:
                return f"left({inner}, {self.expression(kind, T.INTEGER, min(depth, 1), own)})"
            case 1:
                return f"trim({inner})"
            case _:
                return f"set_group({self.leaf(kind, T.TEXT, own)}, '{self.rng.choice(SETS)}')"

    def _date(self, kind: str, depth: int, own: bool) -> str:
        def sub(type_: T) -> str:
            return self.expression(kind, type_, depth, own)

        match self.rng.randrange(5):
            case 4:
                day = sub(self.rng.choice((T.DATE, T.DATETIME)))
                return f"{self.rng.choice(('month', 'quarter', 'year'))}_start({day})"
            case 0:
                return f"add_months({sub(T.DATE)}, {sub(T.INTEGER)})"
            case 1:
                return f"to_date({sub(self.rng.choice((T.DATE, T.DATETIME)))})"
            case _:
                number = sub(T.INTEGER)
                # a bare null has no type here: the reader takes null + null for numbers
                day = self.rng.choice((*self.names(kind, T.DATE, own), "as_of()"))
                return f"({day} {self.rng.choice('+-')} {number if number != 'null' else 1})"

    def _datetime(self, kind: str, depth: int, own: bool) -> str:
        return self.literal(kind, T.DATETIME, own)
