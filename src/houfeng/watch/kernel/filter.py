"""The filter: which rules cannot hold, told quickly and never wrongly.

Conditions are run over intervals: every number is known only to lie between two bounds that hold for exact decimals and
for any order of rounding, and a truth value is the set of what it may be. Where "true" is not in the set of any tier,
the rule cannot hold and nobody has to look. Whatever the filter cannot compute "may be anything", so it errs on the
side of looking; what a rule says in the end is always the engine's exact SQL.

Rules are found by their guard, a comparison of one variable with a constant that must be true for the rule to hold. The
guards of a variable are sorted by constant, so rules that cannot fire cost nothing, however many they are.
"""

from __future__ import annotations

import numpy as np

from houfeng.engine.compiling import compiled, inlined
from houfeng.watch.kernel.blocks import HEAD, NUMBER, RING, TABLE, TAIL, entry
from houfeng.watch.kernel.cells import ADD, DAY, DISTINCT, GREATEST, LEAST, NEVER
from houfeng.watch.kernel.intervals import TRUE_, WIDEN, holds, truth
from houfeng.watch.kernel.layout import C_OFFSET, C_OUT, C_STATE, C_TYPE, C_WINDOW, C_WORD, NOTHING

SCALED, RATIO, FEATURE, TODAY = 0, 1, 2, 3
V_EVENT, V_DAYS, V_ENTERS, V_LEAVES, V_MOVES, V_TABLE, V_SPAN, V_UNKNOWN = range(8)
"""What can make a comparison true that is false: only an event; days passing; an event that enters the (offset)
window of a cell, or leaves it, or either; one that leaves a cell's table, or a lane's span; nobody knows what."""
T_SIMPLE, T_GENERAL, T_OPEN, T_AND, T_OR = range(5)
"""Parts of a rule's tree (see `sleeping`): a comparison with a constant, another, what is not understood; all, any."""
FAR_ENOUGH = 32
"""So many events on their way into a window are counted to find out when a rule can wake."""


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
    if len(program[7]) == 0:
        return False
    load(program[0], program[1], row, program[2], k, program[3][0], program[10])
    return scan(program, True) > 0


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
def _enters(cells, c, first, factor, limit, record, base, heap):
    """The instant at which enough has entered a delayed window for its number to reach `limit`, should nothing leave.

    Of a sum (never of negative amounts: `Variable.rises` knows) and of numbers of events; else the next that enters.
    """
    word, state, kind = base + cells[c, C_WORD], base + cells[c, C_STATE], cells[c, C_TYPE]
    counts = kind == DISTINCT or (kind == ADD and cells[c, C_OUT] != first)
    held = record[state + NUMBER] if kind == DISTINCT else record[state + RING + (1 if counts else 0)]
    wake = NEVER
    for n in range(record[word + HEAD], min(record[word + TAIL], record[word + HEAD] + FAR_ENOUGH)):
        place = entry(record, word, n, 3)
        wake = heap[place] + cells[c, C_OFFSET]
        if kind != ADD and kind != DISTINCT:
            return wake
        held += 1 if counts else heap[place + 1]
        reached = held * factor
        if reached + abs(reached) * WIDEN >= limit:
            return wake
    return wake if record[word + TAIL] - record[word + HEAD] > FAR_ENOUGH else NEVER


@inlined
def _passes(x, up, limit):
    """Whether a number may be beyond a limit; the unknown is not."""
    slack = abs(x) * WIDEN
    return x + slack >= limit if up else x - slack <= limit


@inlined
def _waits(program, cells, v, up, kind, where, limit, record, base, heap, t, soonest):
    """The earliest instant at which time moves variable v up (or down) to `limit` (NaN: at all), which it is not at."""
    if kind == V_EVENT:
        return NEVER
    if kind == V_SPAN:
        leaves = record[base + where + 1]
        return leaves if leaves > t else NEVER  # a span that is empty has let go of its last before
    if kind == V_DAYS:
        x = program[10][v]
        if x != x:
            return NEVER
        return t + max(0, int(limit - x - 1.0)) * DAY if limit == limit else soonest
    if kind == V_UNKNOWN:
        return soonest
    if kind == V_ENTERS and up and limit == limit and cells[where, C_OFFSET]:
        return _enters(cells, where, program[0][v, 1], program[1][v], limit, record, base, heap)
    return _moves(cells, where, kind, record, base, heap)


@compiled
def _rule_sleeps(program, cells, r, record, base, heap, t, soonest):
    """The earliest instant at which time alone may make rule r true; t where nothing is known to keep it asleep."""
    code, constants, loaded, registers = program[8:12]
    spans, tree, limits, moves, stack = program[18:23]
    top = 0
    for i in range(spans[r, 0], spans[r, 1]):
        op = tree[i, 0]
        if op in (T_AND, T_OR):
            top -= 1
            one, other = stack[top - 1], stack[top]
            stack[top - 1] = max(one, other) if op == T_AND else min(one, other)
            continue
        wake = t
        if op == T_SIMPLE:
            limit, m = limits[tree[i, 1]], tree[i, 2]
            if limit != limit:
                wake = NEVER
            elif not _passes(loaded[moves[m, 0]], moves[m, 1], limit):
                wake = _waits(
                    program, cells, moves[m, 0], moves[m, 1], moves[m, 2], moves[m, 3], limit, record, base, heap, t,
                    soonest,
                )  # fmt: skip
        elif op == T_GENERAL and not holds(tree[i, 1], tree[i, 2], code, constants, loaded, registers):
            wake = NEVER
            for m in range(tree[i, 3], tree[i, 4]):
                told = _waits(
                    program, cells, moves[m, 0], moves[m, 1], moves[m, 2], moves[m, 3], np.nan, record, base, heap, t,
                    soonest,
                )  # fmt: skip
                wake = min(wake, told)
        stack[top] = wake
        top += 1
    return stack[0]


@inlined
def sleeps_until(program, cells, record, base, heap, t, soonest):
    """The earliest instant at which time alone may make a rule hold that cannot hold now, from what is loaded.

    Not before `soonest`, the next instant at which time changes any number. A rule whose guard (see `sleeping`) is
    false sleeps until that can be true; of the others, the whole condition says how long.
    """
    loaded, groups, limits, whose, always = program[10], program[14], program[15], program[16], program[17]
    wake = NEVER
    for i in range(len(always)):
        wake = min(wake, _rule_sleeps(program, cells, always[i], record, base, heap, t, soonest))
    for g in range(len(groups)):
        v, up, kind, where = groups[g, 0], groups[g, 1], groups[g, 2], groups[g, 3]
        x, i, last = loaded[v], groups[g, 4], groups[g, 5]
        while i < last and _passes(x, up, limits[i]):
            wake = min(wake, _rule_sleeps(program, cells, whose[i], record, base, heap, t, soonest))
            i += 1
        if i < last and kind != V_EVENT:
            told = _waits(program, cells, v, up, kind, where, limits[i], record, base, heap, t, soonest)
            wake = min(wake, told)
        if wake <= soonest:
            return soonest
    return max(wake, soonest)


@inlined
def scan(program, any_one):
    """The rules that may hold with what is loaded, written to `fired`; stops at the first if `any_one`. Gives their
    number.

    `index[v]` are the places of variable v's guards in `above` and `below` (constant, rule); the last line of `index`
    is that of the rules without a guard, kept in `above`.
    """
    index, above, below, rules, code, constants, loaded, registers, stamps, fired = program[4:14]
    spans, tests, limits = program[23:26]
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
            r = int(above[i, 1])
            if stamps[r] != stamps[-1] and _tested(loaded, spans, tests, limits, r):
                stamps[r] = stamps[-1]
                if spans[r, 2] or holds(rules[r, 0], rules[r, 1], code, constants, loaded, registers):
                    fired[number] = r
                    number += 1
            if any_one and number:
                return number
        for i in range(index[v, 2], index[v, 3]):
            if below[i, 0] < x - slack:
                break
            r = int(below[i, 1])
            if stamps[r] != stamps[-1] and _tested(loaded, spans, tests, limits, r):
                stamps[r] = stamps[-1]
                if spans[r, 2] or holds(rules[r, 0], rules[r, 1], code, constants, loaded, registers):
                    fired[number] = r
                    number += 1
            if any_one and number:
                return number
    return number


@inlined
def _tested(loaded, spans, tests, limits, r):
    """Whether all comparisons with constants without which rule r cannot hold may be true."""
    for i in range(spans[r, 0], spans[r, 1]):  # noqa: SIM110 - compiled code has no generators
        if not _passes(loaded[tests[i, 0]], tests[i, 1], limits[i]):
            return False
    return True


@compiled
def scan_rows(program, first, last, pairs):
    """All (row, rule, whether it surely holds) that may hold, for rows first..last−1 of the features.

    Stops when `pairs` is full. Gives (row to go on with, number of pairs); a row is written wholly or not at all.
    """
    rules, code, constants, loaded, registers = program[7:12]
    fired, nothing = program[13], np.empty(0, np.int64)
    number = 0
    for row in range(first, last):
        load(program[0], program[1], nothing, program[2], row, program[3][0], loaded)
        found = scan(program, False)
        if number + found > len(pairs):
            return row, number
        for i in range(found):
            told = truth(rules[fired[i], 0], rules[fired[i], 1], code, constants, loaded, registers)
            if told & TRUE_:
                pairs[number, 0], pairs[number, 1], pairs[number, 2] = row, fired[i], told == TRUE_
                number += 1
    return last, number
