"""One key's windows and alerts in plain Python, for the peers that leave the state to the user (Bytewax, Pathway,
Spark).

The class `State` is written out as source from the definition in `workload.py` and compiled once: every sum is
carried forward as an integer, an event leaves a window when its edge has passed it, nothing is computed again from
the whole history. That is what a good engineer would write by hand, and about as fast as CPython goes. `SOURCE` shows
it.

What it leaves out, and all peers with it: evaluation at day's end (an alert clears at the key's next event, and
silence speaks only then), two events of one second seen as one instant, and events that come out of order.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from workload import DAY, INDICATORS, RULES, Indicator, python_of

UNKNOWN = float("nan")
TIERS = ("", "blue", "yellow", "orange", "red")
NAMES = [item.name for item in INDICATORS]
MISSING = (
    "evaluates at events only: no day's end, so alerts clear and silence speaks at the key's next event",
    "each event is an instant of its own (two of one key in one second are one instant for Houfeng)",
    "no snapshot features, quarantine, late events, evidence or rule life",
)


class Window:
    """Events `floor_h(t - o - W) < t' <= t - o`, and what is carried for the indicators over it."""

    def __init__(self, number: int, size: int, hop: int, offset: int, items: list[Indicator]) -> None:
        self.head, self.tail = f"h{number}", f"j{number}"
        self.size, self.hop, self.offset, self.items = size, hop, offset, items
        self.slots: dict[str, str] = {self.head: "0"} | ({self.tail: "0"} if offset else {})
        self.add, self.remove, self.values = [], [], []
        for item in items:
            self._carry(item)

    def _carry(self, item: Indicator) -> None:
        n, flag = item.name, {"out": "O[{i}]", "in": "not O[{i}]", "": ""}[item.direction]
        s, c, d = f"self.s_{n}", f"self.c_{n}", f"self.d_{n}"
        add, remove, value = [], [], UNKNOWN_TEXT
        if item.function in ("sum", "mean"):
            self.slots[f"s_{n}"] = "0"
            add, remove, value = [f"{s} += A[{{i}}]"], [f"{s} -= A[{{i}}]"], s
        if item.function in ("count", "mean"):
            self.slots[f"c_{n}"] = "0"
            add, remove = [*add, f"{c} += 1"], [*remove, f"{c} -= 1"]
            value = c if item.function == "count" else f"{s} / {c} if {c} else UNKNOWN"
        if item.function in ("distinct", "top_share"):
            self.slots[f"d_{n}"] = "{}"
            flag = " and ".join(filter(None, [flag, "P[{i}] is not None"]))
            part = "1" if item.function == "distinct" else "A[{i}]"
            add = [f"{d}[P[{{i}}]] = {d}.get(P[{{i}}], 0) + {part}"]
            remove = [f"{d}[P[{{i}}]] -= {part}", f"if not {d}[P[{{i}}]]: del {d}[P[{{i}}]]"]
            value = (
                f"len({d})"
                if item.function == "distinct"
                else f"max({d}.values()) / sum({d}.values()) if {d} else UNKNOWN"
            )
        if item.function in ("min", "max"):  # a list that only falls (rises): the first is the answer
            self.slots[f"d_{n}"] = "[]"
            worse = ">=" if item.function == "min" else "<="
            add = [f"while {d} and A[{d}[-1]] {worse} A[{{i}}]: {d}.pop()", f"{d}.append({{i}})"]
            remove = [f"if {d} and {d}[0] == {{i}}: del {d}[0]"]
            value = f"A[{d}[0]] if {d} else UNKNOWN"
        if item.function == "last":  # every event bears a balance, and the window holds the present event
            value = "balance"
        self.values.append((n, value))
        self.add.append((flag, add))
        self.remove.append((flag, remove))

    def lines(self) -> list[str]:
        """The source that moves this window to instant `t`."""
        edge = f"e = t - {self.offset + self.size}"
        lines = [edge, f"e -= e % {self.hop}", f"i = self.{self.head}"]
        if self.offset:
            lines += [f"j = self.{self.tail}", f"while T[j] <= t - {self.offset}:"]
            lines += [*_guarded(self.add, "j"), "    j += 1", f"self.{self.tail} = j"]
        else:
            lines += [line[4:] for line in _guarded(self.add, "-1" if not self._indexed() else "n")]
        lines += ["if T[i] <= e:", "    while T[i] <= e" + (" and i < j:" if self.offset else ":")]
        lines += ["    " + line for line in _guarded(self.remove, "i")]
        return [*lines, "        i += 1", f"    self.{self.head} = i"]

    def _indexed(self) -> bool:
        return any(item.function in ("min", "max") for item in self.items)


UNKNOWN_TEXT = "UNKNOWN"


def _guarded(parts: list[tuple[str, list[str]]], index: str) -> list[str]:
    lines = []
    for flag, body in parts:
        if body and flag:
            lines.append(f"    if {flag.format(i=index)}:")
        lines += [("        " if flag else "    ") + line.replace("{i}", index) for line in body]
    return lines


def _source() -> str:
    frames: dict[tuple[int, int, int], list[Indicator]] = {}
    for item in INDICATORS:
        if item.function != "days_since":
            frames.setdefault((item.window, item.hop, item.offset), []).append(item)
    windows = [Window(number, *frame, items) for number, (frame, items) in enumerate(frames.items())]
    since = [item for item in INDICATORS if item.function == "days_since"]
    slots = {"T": "[]", "O": "[]", "A": "[]", "P": "[]", "open": "{}", "free": "{}"}
    slots |= {k: v for w in windows for k, v in w.slots.items()} | {f"at_{item.name}": "None" for item in since}
    lines = ["class State:", f"    __slots__ = {tuple(slots)!r}", "    def __init__(self):"]
    lines += [f"        self.{slot} = {value}" for slot, value in slots.items()]
    lines += ["    def __getstate__(self):", f"        return ({', '.join('self.' + slot for slot in slots)})"]
    lines += ["    def __setstate__(self, s):", f"        ({', '.join('self.' + slot for slot in slots)}) = s"]
    lines += [
        "    def values(self, t, out, amount, party, balance):",
        "        T, O, A, P = self.T, self.O, self.A, self.P",
    ]
    lines += ["        n = len(T)", "        T.append(t); O.append(out); A.append(amount); P.append(party)"]
    lines += ["        " + line for w in windows for line in w.lines()]
    for item in since:
        such = {"out": "out", "in": "not out", "": "True"}[item.direction]
        lines.append(f"        if {such}: self.at_{item.name} = t")
    found = {n: v for w in windows for n, v in w.values}
    found |= {i.name: f"UNKNOWN if self.at_{i.name} is None else (t - self.at_{i.name}) // {DAY}" for i in since}
    longest = max(windows, key=lambda w: w.size + w.offset)
    lines += [f"        v = ({', '.join(f'({found[name]})' for name in NAMES)})"]
    lines += [f"        if self.{longest.head} >= 512: self.forget(self.{longest.head})", "        return v"]
    lines += ["    def forget(self, k):", "        for x in (self.T, self.O, self.A, self.P): del x[:k]"]
    lines += [f"        self.{p} -= k" for w in windows for p in ([w.head, w.tail] if w.offset else [w.head])]
    lines += [
        f"        self.d_{i.name} = [x - k for x in self.d_{i.name}]"
        for i in INDICATORS
        if i.function in ("min", "max")
    ]
    lines += [f"def judge({', '.join(NAMES)}):", "    fired = []"]
    for number, rule in enumerate(RULES):
        for which, (tier, when) in enumerate(reversed(list(rule.tiers.items()))):
            lines += [
                f"    {'elif' if which else 'if'} {python_of(when)}: fired.append(({number}, {TIERS.index(tier)}))"
            ]
    lines += ["    return fired", f"def clears({', '.join(NAMES)}):", "    return {"]
    lines += [
        f"        {number}: {python_of(rule.clear) if rule.clear else 'True'}," for number, rule in enumerate(RULES)
    ]
    return "\n".join([*lines, "    }"]) + "\n"


SOURCE = _source()
_space: dict[str, Any] = {"UNKNOWN": UNKNOWN, "__name__": __name__}
exec(SOURCE, _space)
State, judge, clears = _space["State"], _space["judge"], _space["clears"]


def step(
    state: Any, t: int, out: bool, amount: int, party: str | None, balance: int
) -> list[tuple[int, str, int, tuple[Any, ...]]]:
    """Take one event (money in fen) and tell what its key's alerts did: (rule, what, level, values)."""
    values = state.values(t, out, amount, party, balance)
    fired = judge(*values)
    open_ = state.open
    if not fired and not open_:
        return []
    changes = []
    for rule, level in fired:
        before = open_.get(rule)
        if before is None:
            if t >= state.free.get(rule, 0):
                open_[rule] = level
                changes.append((rule, "opened", level, values))
        elif level > before:
            open_[rule] = level
            changes.append((rule, "escalated", level, values))
    if len(open_) > len(fired) or (open_ and open_.keys() - {rule for rule, _ in fired}):
        held, clear = {rule for rule, _ in fired}, clears(*values)
        for rule in [rule for rule in open_ if rule not in held and clear[rule]]:
            changes.append((rule, "cleared", open_.pop(rule), values))
            if RULES[rule].cooldown:
                state.free[rule] = t + RULES[rule].cooldown * DAY
    return changes


def line(key: str, flow: str, t: int, change: tuple[int, str, int, tuple[Any, ...]]) -> dict[str, Any]:
    """One change as it stands in the file of alerts, values with it as evidence."""
    rule, what, level, values = change
    shown = {name: None if value != value else value for name, value in zip(NAMES, values, strict=True)}
    return {
        "rule": RULES[rule].name,
        "key": key,
        "what": what,
        "tier": TIERS[level],
        "t": t,
        "event": flow,
        "values": shown,
    }
