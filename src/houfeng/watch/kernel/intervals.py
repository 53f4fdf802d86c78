"""Conditions over intervals: what a condition of a rule may say where each number is only known to lie between bounds.

Every number lies between two bounds that hold for exact decimals and for any order of rounding, and a truth value is
the set of what it may be. What cannot be computed "may be anything".
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from houfeng.engine.compiling import compiled, inlined


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

EXACT = np.array([0.0, *(10.0 ** (15 - scale) for scale in range(16))])
"""Numbers of `scale` decimal places below EXACT[scale + 1] have no more than fifteen digits: no two of them are rounded
to the same double, nor in another order. Where a load or a constant is such a number, its double needs no slack."""


@inlined
def holds(start, end, code, constants, loaded, registers):
    """Whether the condition of code start..end−1 may be true."""
    return truth(start, end, code, constants, loaded, registers) & TRUE_ != 0


@compiled
def truth(start, end, code, constants, loaded, registers):
    """What the condition of code start..end−1 may be: a set of truth values. Its last register is the answer."""
    for i in range(start, end):
        op, target = code[i, 0], code[i, 1]
        a, b = code[i, 2], code[i, 3]
        low, high, what = 0.0, 0.0, 0
        if op in (LOAD, CONSTANT):
            x = loaded[a] if op == LOAD else constants[a]
            if x != x:
                what = UNKNOWN_
            else:
                slack = 0.0 if b and abs(x) < EXACT[b] else abs(x) * WIDEN
                low, high, what = x - slack, x + slack, VALUE_
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
    return int(registers[code[end - 1, 1], 2])


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
