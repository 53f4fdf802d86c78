"""Random packs and random rows, typed so that nearly every pack is right: the fuel of the two-roads test."""

# ruff: noqa: E501  (rows of examples are read across)

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from houfeng.book.model import kinds
from houfeng.packs.language.binding import FIELD_TYPES
from houfeng.packs.language.functions import T

Row = dict[str, Any]
OVER = ("enterprise", "loan", "loan_balance", "connected_group")
PATHS = {
    "enterprise": (("", "enterprise"), ("controller", "enterprise")),
    "loan": (
        ("", "loan"), ("borrower", "enterprise"), ("borrower.controller", "enterprise"), ("credit_line", "credit_line"),
    ),
    "loan_balance": (("", "loan_balance"), ("loan", "loan"), ("enterprise", "enterprise"), ("loan.borrower", "enterprise")),
    "invoice": (("", "invoice"),),
    "account_flow": (("", "account_flow"),),
    "public_record": (("", "public_record"),),
    "enterprise_status": (("", "enterprise_status"), ("enterprise", "enterprise")),
    "credit_line": (("", "credit_line"), ("enterprise", "enterprise")),
    "connected_group": (("", "connected_group"), ("head", "enterprise")),
    "group_member": (("", "group_member"),),
}  # fmt: skip
SOURCES = {
    "enterprise": (
        ("invoice", "seller_id"), ("invoice", "buyer"), ("account_flow", "enterprise"), ("public_record", ""),
        ("enterprise_status", ""), ("loan", "borrower_id"), ("credit_line", "enterprise"), ("loan_balance", "enterprise"),
    ),
    "loan": (("loan_balance", "loan"), ("loan_flow", "loan")),
    "loan_balance": (),
    "connected_group": (
        ("invoice", "seller_id"), ("account_flow", "enterprise"), ("public_record", ""), ("loan_balance", "enterprise"),
        ("enterprise_status", ""),
    ),
}  # fmt: skip
EVENTS = ("invoice", "account_flow", "public_record", "loan_flow")
WORDS = (
    "A01", "A02", "CS01", "CS03", "C2710", "C2711", "C392", "C39211", "C3951", "C3953", "M7519", "hnte", "srdi", "valid",
    "void", "", " ", "　依据 ", "\u00a0x\u00a0", "河南省郑州市", "é", "e\u0301", "𠮷野家", "a%b", "a_b", "a\\b", "it's", "FQ03",
)  # fmt: skip
DAYS = (
    date(2024, 2, 29), date(2023, 2, 28), date(2024, 1, 31), date(2024, 3, 31), date(2025, 12, 31), date(2026, 1, 1),
    date(2026, 1, 14), date(2026, 1, 16), date(2026, 1, 19), date(2025, 1, 20), date(2000, 2, 29), date(1, 1, 1),
    date(9999, 12, 31), date(2025, 6, 30), date(2025, 4, 30), date(1970, 1, 1),
)  # fmt: skip
AMOUNTS = (
    "0", "0.01", "-0.01", "1", "100", "0.5", "2.5", "-2.5", "1.005", "12.345", "16777217.01", "3000000000", "-3000000000.55",
    "99999999999999999", "123456789012345.67", "-99999999999999.99", "0.10", "45.00", "7.125",
)  # fmt: skip
SETS = ("listed", "loose")
PARAMETERS = {
    "cap": (T.DECIMAL, 2), "rate_p": (T.DECIMAL, 3), "limit_n": (T.INTEGER, 0), "span_m": (T.INTEGER, 0),
    "open_b": (T.BOOLEAN, 0), "word_t": (T.TEXT, 0), "day_d": (T.DATE, 0),
}  # fmt: skip
UNITS = {"cap": "CNY", "rate_p": "percent", "limit_n": "count", "span_m": "months", "open_b": "boolean", "word_t": "text", "day_d": "date"}  # fmt: skip
NUMBERS = (T.INTEGER, T.DECIMAL, T.RATIO)


def quote(text: str) -> str:
    """A SQL string."""
    return "'" + text.replace("'", "''") + "'"


def yaml_string(text: str) -> str:
    """A YAML single-quoted string."""
    return "'" + text.replace("'", "''") + "'"


@dataclass
class Maker:
    """Makes one random pack, and rows for it, from one seed."""

    rng: random.Random
    items: dict[str, dict[str, T]] = field(default_factory=lambda: {kind: {} for kind in PATHS})
    lines: list[str] = field(default_factory=list)

    # -- expressions ----------------------------------------------------------------------------------------------

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

    # -- the pack -------------------------------------------------------------------------------------------------

    def pack(self, count: int) -> str:
        """YAML of a pack with `count` items."""
        self.lines = ["pack: random", "version: 1.0.0", "label: random", "parameters:"]
        for name, (kind, _) in PARAMETERS.items():
            self._parameter(name, kind)
        self._sets()
        bodies: dict[str, list[str]] = {"themes": [], "indicators": [], "values": [], "tables": []}
        for number in range(count):
            over = self.rng.choice(OVER)
            section = self.rng.choice(("themes", "indicators", "indicators", "indicators", "values", "tables"))
            body, type_ = getattr(self, f"_{section}")(over)
            bodies[section] += [
                f"  x{number}:",
                f"    label: x{number}",
                f"    over: {over}",
                *(f"    {line}" for line in body),
            ]
            self.items[over][f"x{number}"] = type_
        for section, lines in bodies.items():
            if lines:
                self.lines += [f"{section}:", *lines]
        return "\n".join(self.lines) + "\n"

    def _value_of(self, kind: T) -> str:
        match kind:
            case T.DECIMAL:
                return self.rng.choice(("0", "0.5", "1.25", "-3.5", "10_000_000", "100000", "0.125", "16777217.01"))
            case T.INTEGER:
                return str(self.rng.choice((0, 1, 2, 6, 12, 25, -3, 100000)))
            case T.BOOLEAN:
                return self.rng.choice(("true", "false"))
            case T.DATE:
                return str(self.rng.choice(DAYS))
            case _:
                return yaml_string(self.rng.choice(WORDS))

    def _parameter(self, name: str, kind: T) -> None:
        self.lines += [f"  {name}:", f"    label: {name}", f"    unit: {UNITS[name]}", "    values:"]
        for day in sorted(self.rng.sample(DAYS[:10], self.rng.randint(1, 4))):
            if self.rng.random() < 0.3:
                self.lines.append(f"      {day}: {self._value_of(kind)}")
                continue
            self.lines.append(f"      {day}:")
            for known in self.rng.sample(DAYS[:10], self.rng.randint(1, 3)):
                until = f", until: {day + timedelta(self.rng.choice((1, 30, 400)))}" if self.rng.random() < 0.2 else ""
                self.lines.append(f"        - {{value: {self._value_of(kind)}, known_from: {known}{until}}}")

    def _sets(self) -> None:
        listed = "{codes: [A01, C2710, hnte], group: G1}", "{codes: [CS03, M7519], group: G2, starred: true}"
        loose = (
            "{prefix: C392, group: G3}", "{range: [C3951, C3953], group: G4}", "{prefix: C, group: G1, starred: true}",
            "{codes: [A01, a%b], group: G3}", "{codes: [valid], starred: true}", "{range: [A, z], group: G5}", "srdi",
        )  # fmt: skip
        self.lines.append("code_sets:")
        for name, members in zip(SETS, (listed, loose), strict=True):
            self.lines += [f"  {name}:", f"    label: {name}", "    members:"]
            self.lines += [f"      - {m}" for m in self.rng.sample(members, self.rng.randint(1, len(members)))]
            if self.rng.random() < 0.5:
                self.lines.append("    except: [C3921, C2710, A]")

    def _themes(self, over: str) -> tuple[list[str], T]:
        body = [f"when: {yaml_string(self.expression(over, T.BOOLEAN, 3))}"]
        if self.rng.random() < 0.5:
            body.append("except:")
            for label in ("one", "two")[: self.rng.randint(1, 2)]:
                body.append(f"  {label}: {{when: {yaml_string(self.expression(over, T.BOOLEAN, 2))}}}")
        return body, T.BOOLEAN

    def _values(self, over: str) -> tuple[list[str], T]:
        want = self.any()
        body = [f"value: {yaml_string(self.full(over, want, 3))}"]
        if self.rng.random() < 0.7:
            body.append("except:")
            labels = ("one", "two", "three")[: self.rng.randint(1, 3)]
            for number, label in enumerate(labels):
                beats = f", beats: [{labels[number - 1]}]" if number and self.rng.random() < 0.6 else ""
                when, value = self.expression(over, T.BOOLEAN, 2), self.expression(over, self.narrow(want), 2)
                body.append(f"  {label}: {{when: {yaml_string(when)}, value: {yaml_string(value)}{beats}}}")
        return body, want

    def full(self, over: str, want: T, depth: int) -> str:
        """An expression whose type is surely `want`, not a bare null."""
        text = "null"
        for _ in range(20):
            text = self.expression(over, want, depth)
            if "null" not in text:
                return text
        sure = {T.BOOLEAN: "true", T.INTEGER: "1", T.DECIMAL: "1.5", T.RATIO: "1 / 2", T.TEXT: "'x'", T.DATE: "as_of()"}
        if want is T.DATETIME:
            return "null"
        return f"coalesce({text}, {sure[want]})"

    def _tables(self, over: str) -> tuple[list[str], T]:
        want = self.any()
        body = [f"hit: {self.rng.choice(('first', 'unique'))}", "rows:"]
        for number in range(self.rng.randint(1, 4)):
            then = self.full(over, want, 2) if number == 0 else self.expression(over, self.narrow(want), 2)
            body.append(f"  - {{when: {yaml_string(self.expression(over, T.BOOLEAN, 2))}, then: {yaml_string(then)}}}")
        if self.rng.random() < 0.6:
            body.append(f"else: {yaml_string(self.expression(over, want, 2))}")
        return body, want

    def _indicators(self, over: str) -> tuple[list[str], T]:
        if not SOURCES[over] or self.rng.random() < 0.25:
            want = self.any()
            return [f"value: {yaml_string(self.full(over, want, 3))}"], want
        source, by = self.rng.choice(SOURCES[over])
        event = source in EVENTS
        body = [f"from: {source}", *([f"by: {by}"] if by else [])]
        paths = PATHS.setdefault(source, (("", source),))
        assert paths
        if self.rng.random() < 0.7:
            body.append(f"where: {yaml_string(self.expression(source, T.BOOLEAN, 2, own=event))}")
        measure, want = self._measure(source, event)
        body.append(f"measure: {yaml_string(measure)}")
        if over == "connected_group":
            body.append("through: group_member")
        if event:
            body += self._span(over, measure)
        return body, want

    def _span(self, over: str, measure: str) -> list[str]:
        """A window, a calendar's stretch, or the events that begin or end a measure."""
        source, by = self.rng.choice([(s, b) for s, b in SOURCES[over] if s in EVENTS])
        where = f", where: {yaml_string(self.expression(source, T.BOOLEAN, 2, own=True))}"
        mark = f"{{from: {source}{f', by: {by}' if by else ''}{where if self.rng.random() < 0.6 else ''}}}"
        never = measure.startswith("days_since")
        if self.rng.random() < 0.3:
            return [f"without: {mark}"] if never else [f"since: {self.rng.choice(('month', 'quarter', 'year'))}"]
        body = []
        if not never:
            window, hop = self.rng.choice((("90 days", "1 day"), ("1 year", "30 days"), ("12 months", ""), ("6 hours", ""), ("45 minutes", "15 minutes"), ("400 days", "7 days")))  # fmt: skip
            body += [f"window: {window}", *([f"hop: {hop}"] if hop else [])]
            if self.rng.random() < 0.3:
                return [*body, f"after: {mark}"]
        if self.rng.random() < 0.3:
            body.append(f"offset: {self.rng.choice(('1 day', '365 days', '1 hour', '90 days'))}")
        return body

    def _measure(self, source: str, event: bool) -> tuple[str, T]:
        exact = self.rng.choice((T.INTEGER, T.DECIMAL, T.DECIMAL))
        x = self.full_measured(source, exact, event)
        who = self.expression(source, T.TEXT, 1, own=event)
        compare = f" {self.rng.choice(('>', '>=', '=', '<', '<>'))} {self.rng.choice(('0', '1', '2.5', '100'))}"
        compare = compare if self.rng.random() < 0.3 else ""
        choices = [
            ("count()", T.INTEGER), (f"sum({x})", exact), (f"mean({x})", T.RATIO), (f"min({x})", exact),
            (f"max({x})", exact), (f"distinct({who})", T.INTEGER), (f"top_share({who}, {x})", T.RATIO),
            (f"distinct({x})", T.INTEGER),
        ]  # fmt: skip
        if event:
            choices += [("days_since()", T.INTEGER), (f"last({x})", exact), (f"last({x})", exact)]
        elif not compare:
            text = self.full_measured(source, T.TEXT, event)
            choices += [(f"min({text})", T.TEXT), (f"max({text})", T.TEXT)]
        measure, want = self.rng.choice(choices)
        return measure + compare, T.BOOLEAN if compare else want

    def full_measured(self, source: str, want: T, own: bool) -> str:
        """What is measured: of a type that is surely known."""
        for _ in range(20):
            text = self.expression(source, want, 2, own)
            if "null" not in text:
                return text
        return {T.INTEGER: "1", T.DECIMAL: "1.5", T.TEXT: "'x'"}[want]

    # -- the rows -------------------------------------------------------------------------------------------------

    def rows(self, as_of: date) -> dict[str, list[Row]]:
        """A small book: enterprises that control each other, loans with balances, events around the day."""
        firms, banks = [f"E{n}" for n in range(4)], ["I0", "I1"]
        rows: dict[str, list[Row]] = {kind: [] for kind in PATHS} | {"loan_flow": []}
        for firm in firms:
            rows["enterprise"].append(self.row("enterprise", as_of, enterprise_id=firm, controller_id=self.some(firms)))
            for status in self.rng.sample(("hnte", "srdi", "tech_sme"), self.rng.randint(0, 3)):
                rows["enterprise_status"].append(
                    self.row("enterprise_status", as_of, enterprise_id=firm, status=status)
                )
        for group in ("G0", "G1"):
            rows["connected_group"].append(self.row("connected_group", as_of, group_id=group, head_id=self.some(firms)))
            for firm in self.rng.sample(firms, self.rng.randint(0, 3)):
                rows["group_member"].append(self.row("group_member", as_of, group_id=group, enterprise_id=firm))
        for bank in banks:
            for firm in self.rng.sample(firms, 2):
                rows["credit_line"].append(self.row("credit_line", as_of, institution_id=bank, enterprise_id=firm))
        for number in range(4):
            key = {"institution_id": self.rng.choice(banks), "contract_no": "K1", "note_no": f"N{number}"}
            rows["loan"].append(self.row("loan", as_of, **key, borrower_id=self.some([*firms, "E9"])))
            rows["loan_balance"].append(self.row("loan_balance", as_of, **key, borrower_id=self.some(firms)))
            for flow in range(self.rng.randint(0, 2)):
                rows["loan_flow"].append(self.row("loan_flow", as_of, **key, flow_no=f"W{flow}", direction="1"))
        for number in range(self.rng.randint(0, 10)):
            pair = {"seller_id": self.rng.choice(firms), "buyer_id": self.rng.choice(firms)}
            rows["invoice"].append(self.row("invoice", as_of, **pair, invoice_code="", invoice_no=str(number)))
            firm = self.rng.choice(firms)
            rows["account_flow"].append(
                self.row("account_flow", as_of, flow_no=f"F{number}", institution_id="I0", enterprise_id=firm)
            )
            rows["public_record"].append(self.row("public_record", as_of, record_no=f"R{number}", enterprise_id=firm))
        return rows

    def some(self, values: list[str]) -> str | None:
        return self.rng.choice((*values, None))

    def row(self, kind_name: str, as_of: date, **fixed: Any) -> Row:
        """One row: fixed keys, the kind's own times around the day, everything else random or unknown."""
        kind = kinds()[kind_name]
        row: Row = dict(fixed)
        for name, declared in kind.fields.items():
            if name in row:
                continue
            if name == kind.time_field:
                row[name] = self._time(FIELD_TYPES[declared.type][0], as_of, kind.time.value)
            elif name == "valid_to":
                row[name] = self.rng.choice((None, None, as_of, as_of + timedelta(1)))
            else:
                row[name] = None if self.rng.random() < 0.1 else self._cell(declared.type.value, as_of)
        return row

    def _time(self, kind: T, as_of: date, time: str) -> Any:
        if time == "validity":
            return self.rng.choice((None, as_of, as_of - timedelta(3), as_of + timedelta(1)))
        if time == "period":
            return self.rng.choice((as_of, as_of, as_of, as_of - timedelta(31)))
        day = as_of - timedelta(self.rng.choice((0, 0, 0, 1, 1, 7, 89, 90, 91, 364, 365, 366, 400, 800, -1)))
        if kind is T.DATE:
            return day
        return datetime(day.year, day.month, day.day, *self.rng.choice(((0, 0, 0), (23, 59, 59), (12, 0, 0), (17, 59, 59), (18, 0, 0), (23, 15, 0))))  # fmt: skip

    def _cell(self, kind: str, as_of: date) -> Any:
        match kind:
            case "money" | "number":
                scale = Decimal("0.01") if kind == "money" else Decimal("0.00001")
                if self.rng.random() < 0.3:
                    return (Decimal(self.rng.randint(-(10**9), 10**9)) / 1000).quantize(scale)
                value = Decimal(self.rng.choice(AMOUNTS))
                return value.quantize(scale) if abs(value) < 10**14 or kind == "money" else Decimal(0)
            case "rate":
                return Decimal(self.rng.choice(("0", "3.45", "-0.5", "99999.99999", "4.35000", "100", "0.00001")))
            case "integer":
                return self.rng.choice((0, 1, 2, 30, 31, 90, -1, 1000, 2**31, 10**12))
            case "boolean":
                return self.rng.random() < 0.5
            case "date":
                return self.rng.choice((*DAYS, as_of, as_of - timedelta(30)))
            case "datetime":
                return datetime(2026, 1, 1, 12)
            case _:
                return self.rng.choice(WORDS)
