"""The filter: which rules cannot hold, told quickly and never wrongly.

Conditions are run over intervals: every number is known only to lie between two bounds that hold for exact decimals and
for any order of rounding, and a truth value is the set of what it may be. Where "true" is not in the set of any tier,
the rule cannot hold and nobody has to look. Whatever the filter cannot compute "may be anything", so it errs on the
side of looking; what a rule says in the end is always the engine's exact SQL.

Rules are found by their guard, a comparison of one variable with a constant that must be true for the rule to hold. The
guards of a variable are sorted by constant, so rules that cannot fire cost nothing, however many they are.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from houfeng.watch.kernel.blocks import HEAD, NUMBER, TABLE, TAIL, entry
from houfeng.watch.kernel.cells import DAY, GREATEST, LEAST, NEVER
from houfeng.watch.kernel.layout import C_OFFSET, C_STATE, C_TYPE, C_WINDOW, C_WORD, NOTHING
from houfeng.watch.kernel.memory import compiled, inlined


class Op(IntEnum):
    """Operations of a condition; each writes one register. Numbers are intervals, truth values are sets."""

    CONSTANT = 0
    LOAD = 1
    ADD = 2
    SUBTRACT = 3
    MULTIPLY = 4
    DIVIDE = 5
    NEGATE = 6
    LESS = 7
    LESS_EQUAL = 8
    EQUAL = 9
    UNEQUAL = 10
    AND = 11
    OR = 12
    NOT = 13
    IS_NULL = 14
    ANY_NUMBER = 15
    ANY_TRUTH = 16
    EITHER = 17
    TRUTH = 18
    COALESCE = 19


(CONSTANT, LOAD, ADD, SUBTRACT, MULTIPLY, DIVIDE, NEGATE, LESS, LESS_EQUAL, EQUAL, UNEQUAL, AND, OR, NOT, IS_NULL) = (
    range(15)
)
ANY_NUMBER, ANY_TRUTH, EITHER, TRUTH, COALESCE = range(15, 20)
FALSE_, TRUE_, UNKNOWN_, VALUE_ = 1, 2, 4, 8
WIDEN = 2.0**-48
"""Relative slack of a bound: many times the rounding of one double operation or conversion."""
SCALED, RATIO, FEATURE, TODAY = 0, 1, 2, 3
V_VARIABLE, V_UP, V_KIND, V_CELL, V_FIRST = range(5)
V_EVENT, V_DAYS, V_ENTERS, V_LEAVES, V_MOVES, V_TABLE, V_SPAN = range(7)
"""What can make a comparison true that is false: only an event; days passing; an event that enters the (offset)
window of a cell, or leaves it, or either; one that leaves a cell's table, or a lane's span."""


@inlined
def load(variables, factors, row, features, k, day, loaded):
    """The variables of an instant as doubles; NaN is unknown."""
    for v in range(len(variables)):
        form, first, second = variables[v, 0], variables[v, 1], variables[v, 2]
        if form == SCALED:
            loaded[v] = np.nan if row[first] == NOTHING else row[first] * factors[v]
        elif form == RATIO:
            unknown = row[first] == NOTHING or row[second] == NOTHING or row[second] == 0
            loaded[v] = np.nan if unknown else row[first] * factors[v] / row[second]
        elif form == FEATURE:
            loaded[v] = features[k, first]
        else:
            loaded[v] = day


@inlined
def may_hold(program, row, k):
    """Whether any rule may hold for key `k` with these raw numbers, which are left loaded."""
    variables, factors, features, day, index, above, below, rules, code, constants, loaded, registers = program[:12]
    stamps, fired = program[12], program[13]
    if len(rules) == 0:
        return False
    load(variables, factors, row, features, k, day[0], loaded)
    return scan(index, above, below, rules, code, constants, loaded, registers, stamps, fired, True) > 0


@inlined
def _moves(cells, c, kind, record, base, heap):
    """The next instant at which time moves an event into or out of a cell's window."""
    wake, word, state = NEVER, base + cells[c, C_WORD], base + cells[c, C_STATE]
    later = cells[c, C_WINDOW] + cells[c, C_OFFSET]
    if kind in (V_ENTERS, V_MOVES) and cells[c, C_OFFSET] and record[word + HEAD] < record[word + TAIL]:
        wake = heap[entry(record, word, record[word + HEAD], 3)] + cells[c, C_OFFSET]
    if kind in (V_LEAVES, V_MOVES) and record[state + HEAD] < record[state + TAIL]:
        width = 2 if cells[c, C_TYPE] in (LEAST, GREATEST) else 3
        wake = min(wake, heap[entry(record, state, record[state + HEAD], width)] + later)
    if kind == V_TABLE and record[state + NUMBER]:
        wake = record[state + TABLE] + later
    return wake


@inlined
def sleeps_until(program, cells, record, base, heap, t, soonest):
    """The earliest instant at which time alone may make a rule hold that cannot hold now, from what is loaded.

    Each rule has a comparison that is false now and must come true first. Where only an event can make it true, the
    rule sleeps; where it waits for days to pass or for an event to enter or leave a window, until then; where there is
    no such comparison, or it is true already, until anything changes (`soonest`).
    """
    loaded, sleeps, limits = program[10], program[14], program[15]
    if program[16][0]:
        return soonest
    wake = NEVER
    for i in range(len(sleeps)):
        x = loaded[sleeps[i, V_VARIABLE]]
        first = sleeps[i, V_FIRST]
        if x == x:
            slack = abs(x) * WIDEN
            if x + slack >= limits[first] if sleeps[i, V_UP] else x - slack <= limits[first]:
                return soonest
        kind, where = sleeps[i, V_KIND], sleeps[i, V_CELL]
        if kind == V_DAYS:
            if x == x:
                wake = min(wake, t + int(limits[first] - x - 1.0) * DAY)
        elif kind == V_SPAN:
            wake = min(wake, record[base + where + 1])
        elif kind != V_EVENT:
            wake = min(wake, _moves(cells, where, kind, record, base, heap))
    return max(wake, t)


@inlined
def scan(index, above, below, rules, code, constants, loaded, registers, stamps, fired, any_one):
    """The rules that may hold, written to `fired`; stops at the first if `any_one`. Gives their number.

    `index[v]` are the places of variable v's guards in `above` and `below` (constant, rule); the last line of `index`
    is that of the rules without a guard, kept in `above`.
    """
    stamps[-1] += 1
    number, last = 0, len(index) - 1
    for v in range(last + 1):
        x = 0.0 if v == last else loaded[v]
        if x != x:
            continue
        slack = abs(x) * WIDEN
        for i in range(index[v, 0], index[v, 1]):
            if v != last and above[i, 0] > x + slack:
                break
            number += _fires(int(above[i, 1]), number, rules, code, constants, loaded, registers, stamps, fired)
            if any_one and number:
                return number
        for i in range(index[v, 2], index[v, 3]):
            if below[i, 0] < x - slack:
                break
            number += _fires(int(below[i, 1]), number, rules, code, constants, loaded, registers, stamps, fired)
            if any_one and number:
                return number
    return number


@inlined
def _fires(r, number, rules, code, constants, loaded, registers, stamps, fired):
    """1 where rule r may hold and was not asked before in this scan, noted at `fired[number]`; else 0."""
    if stamps[r] == stamps[-1]:
        return 0
    stamps[r] = stamps[-1]
    if not holds(rules[r, 0], rules[r, 1], code, constants, loaded, registers):
        return 0
    fired[number] = r
    return 1


@compiled
def holds(start, end, code, constants, loaded, registers):
    """Whether the condition of code start..end−1 may be true. Its last register is the answer."""
    for i in range(start, end):
        op, target = code[i, 0], code[i, 1]
        a, b = code[i, 2], code[i, 3]
        low, high, what = 0.0, 0.0, 0
        if op in (LOAD, CONSTANT):
            x = loaded[a] if op == LOAD else constants[a]
            if x != x:
                what = UNKNOWN_
            else:
                low, high, what = x - abs(x) * WIDEN, x + abs(x) * WIDEN, VALUE_
        elif op in (AND, OR):
            x, y = int(registers[a, 2]), int(registers[b, 2])
            sure = FALSE_ if op == AND else TRUE_
            other = TRUE_ if op == AND else FALSE_
            what = (x | y) & sure
            if x & other and y & other:
                what |= other
            if (x | y) & UNKNOWN_ and x & (other | UNKNOWN_) and y & (other | UNKNOWN_):
                what |= UNKNOWN_
        elif op == NOT:
            x = int(registers[a, 2])
            what = (x & UNKNOWN_) | (TRUE_ if x & FALSE_ else 0) | (FALSE_ if x & TRUE_ else 0)
        elif op == IS_NULL:
            x = int(registers[a, 2])
            what = (TRUE_ if x & UNKNOWN_ else 0) | (FALSE_ if x & ~UNKNOWN_ else 0)
        elif op == TRUTH:  # a number of 0 or 1 as a truth value
            x = int(registers[a, 2])
            what = x & UNKNOWN_
            if x & VALUE_:
                what |= TRUE_ if registers[a, 0] > 0.5 else FALSE_
        elif op == ANY_NUMBER:
            low, high, what = -np.inf, np.inf, VALUE_ | UNKNOWN_
        elif op == ANY_TRUTH:
            what = FALSE_ | TRUE_ | UNKNOWN_
        elif op in (EITHER, COALESCE):
            x, y = int(registers[a, 2]), int(registers[b, 2])
            if op == COALESCE and not x & UNKNOWN_:
                low, high, what = registers[a, 0], registers[a, 1], x
            else:
                what = x | y
                if op == COALESCE:
                    what = (x & ~UNKNOWN_) | y
                low, high = _hull(registers, a, b)
        elif op == NEGATE:
            low, high, what = -registers[a, 1], -registers[a, 0], int(registers[a, 2])
        else:
            x, y = int(registers[a, 2]), int(registers[b, 2])
            what = (x | y) & UNKNOWN_
            if x & VALUE_ and y & VALUE_:
                if op >= LESS:
                    what |= _compared(op, registers, a, b)
                else:
                    low, high = _computed(op, registers, a, b)
                    what |= VALUE_
                    if op == DIVIDE and registers[b, 0] <= 0.0 <= registers[b, 1]:
                        what |= UNKNOWN_
        registers[target, 0], registers[target, 1], registers[target, 2] = low, high, what
    return int(registers[code[end - 1, 1], 2]) & TRUE_ != 0


@inlined
def _hull(registers, a, b):
    if not int(registers[a, 2]) & VALUE_:
        return registers[b, 0], registers[b, 1]
    if not int(registers[b, 2]) & VALUE_:
        return registers[a, 0], registers[a, 1]
    return min(registers[a, 0], registers[b, 0]), max(registers[a, 1], registers[b, 1])


@inlined
def _compared(op, registers, a, b):
    low, high, least, most = registers[a, 0], registers[a, 1], registers[b, 0], registers[b, 1]
    if op in (LESS, LESS_EQUAL):
        may = low < most or (op == LESS_EQUAL and low <= most)
        may_not = high > least or (op == LESS and high >= least)
    else:
        meet = low <= most and least <= high
        apart = not (low == high and low == least and least == most)
        may, may_not = (meet, apart) if op == EQUAL else (apart, meet)
    return (TRUE_ if may else 0) | (FALSE_ if may_not else 0)


@inlined
def _computed(op, registers, a, b):
    low, high, least, most = registers[a, 0], registers[a, 1], registers[b, 0], registers[b, 1]
    if op == ADD:
        first, second = low + least, high + most
    elif op == SUBTRACT:
        first, second = low - most, high - least
    elif op == MULTIPLY or not least <= 0.0 <= most:
        if op == DIVIDE:
            w, x, y, z = low / least, low / most, high / least, high / most
        else:
            w, x, y, z = low * least, low * most, high * least, high * most
        first, second = min(min(w, x), min(y, z)), max(max(w, x), max(y, z))
    else:
        return -np.inf, np.inf
    if first != first or second != second:
        return -np.inf, np.inf
    return first - abs(first) * WIDEN, second + abs(second) * WIDEN


@compiled
def scan_rows(program, first, last, pairs):
    """All (row, rule) that may hold, for rows first..last−1 of the features; stops when `pairs` is full.

    Gives (row to go on with, number of pairs); a row is written wholly or not at all.
    """
    variables, factors, features, day, index, above, below, rules, code, constants, loaded, registers = program[:12]
    stamps, fired = program[12], program[13]
    nothing = np.empty(0, np.int64)
    number = 0
    for row in range(first, last):
        load(variables, factors, nothing, features, row, day[0], loaded)
        found = scan(index, above, below, rules, code, constants, loaded, registers, stamps, fired, False)
        if number + found > len(pairs):
            return row, number
        for i in range(found):
            pairs[number, 0], pairs[number, 1] = row, fired[i]
            number += 1
    return last, number
