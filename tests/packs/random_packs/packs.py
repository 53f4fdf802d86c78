"""A random pack: parameters, code sets, themes, values, tables and indicators over random expressions."""

# ruff: noqa: E501  (forms are read across)

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from houfeng.packs.language.functions import T
from packs.random_packs.expressions import Expressions
from packs.random_packs.vocabulary import DAYS, EVENTS, OVER, PARAMETERS, SETS, SOURCES, UNITS, WORDS, yaml_string


@dataclass
class Packs(Expressions):
    """Makes one pack."""

    lines: list[str] = field(default_factory=list)

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
