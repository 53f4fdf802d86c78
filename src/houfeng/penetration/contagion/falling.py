"""The compiled core of contagion through guarantees: who falls with the first ones, and what the lenders lose.

What belongs to one firm, debt or surety stands together in one record, for a fall reads all of it, and a million firms
do not fit into a cache. Marks, debts and sureties are changed; a thread has its own.

A turn is a number not used before: where `marks[f].down == turn`, f has fallen, and so on; so nothing is cleared
between turns.
"""

from __future__ import annotations

import math

import numpy as np

from houfeng.engine.compiling import compiled, inlined

FIRM = np.dtype(
    [
        ("debts", "i4"),  # its guaranteed debts begin here and end where the next firm's begin
        ("given", "i4"),  # the same for guarantees it gave
        ("group", "i4"),  # -1: none
        ("held", "i4"),  # 1: does not fall with its group
        ("plain", "f8"),  # what lenders lose on its other debts
    ]
)
DEBT = np.dtype(
    [
        ("sureties", "i4"),  # they begin here, the first to pay first
        ("borrower", "i4"),
        ("bank", "i4"),
        ("whole", "i4"),  # 1: guarantors are called for all of it, and recover with the lender
        ("call", "f8"),  # what guarantors are called for
        ("lgd", "f8"),  # the part of it the borrower never pays
        ("guaranteed", "f8"),  # the amounts of its sureties together
        ("lost", "f8"),  # what the lender loses if no guarantor pays
        ("at", "i4"),  # the turn in which it was called
        ("none", "i4"),
        ("paid", "f8"),  # what its guarantors pay then
    ]
)
SURETY = np.dtype(
    [
        ("guarantor", "i4"),
        ("at", "i4"),  # the turn in which it was called
        ("amount", "f8"),
        ("due", "f8"),  # what it was called for then
    ]
)
GIVEN = np.dtype([("debt", "i4"), ("borrower", "i4")])
MARK = np.dtype(
    [
        ("down", "i4"),  # the turn in which the firm fell
        ("burdened", "i4"),  # the turn the burden is of
        ("burden", "f8"),  # what it has been called for
        ("bears", "f8"),  # the calls it can bear
    ]
)

PRO_RATA, IN_ORDER = 0, 1


@inlined
def charge(graph, rules, marks, turn, number, queue, count, by_bank):
    """Call on the sureties of a fallen firm's debt as things stand.

    What a fallen guarantor cannot pay of its part goes to those that stand, where guarantors step in for each other.
    Gives how many stand in the queue then, and by how much the lender's loss changes, which `by_bank` is given too.
    """
    _, debts, sureties, _, _, _ = graph
    order, step_in, pays = rules
    debt = debts[number]
    first, end = debt.sureties, debts[number + 1].sureties
    part = min(1.0, debt.call / debt.guaranteed) if debt.guaranteed > 0 else 0.0
    share = part
    if step_in and end - first > 1:
        standing = 0.0
        for at in range(first, end):
            if marks[sureties[at].guarantor].down != turn:
                standing += sureties[at].amount
        if standing > 0 and standing < debt.guaranteed:
            share = min(1.0, (debt.call - pays * part * (debt.guaranteed - standing)) / standing)
    left, paid = debt.call, 0.0
    for at in range(first, end):
        who = sureties[at].guarantor
        fallen = marks[who].down == turn
        if order == PRO_RATA:
            due = sureties[at].amount * (part if fallen else share)
        else:
            due = min(sureties[at].amount, left)
            left -= due * pays if fallen and step_in else due
        before = sureties[at].due if sureties[at].at == turn else 0.0
        sureties[at].at = turn
        sureties[at].due = due
        paid += due * pays if fallen else due
        if fallen:
            continue
        borne = due - before + (marks[who].burden if marks[who].burdened == turn else 0.0)
        marks[who].burdened = turn
        marks[who].burden = borne
        if borne > marks[who].bears:
            marks[who].down = turn
            queue[count] = who
            count += 1
    more = debt.paid - paid if debt.at == turn else -paid
    lost = more * (debt.lgd if debt.whole else 1.0) + (0.0 if debt.at == turn else debt.lost)
    debts[number].at = turn
    debts[number].paid = paid
    by_bank[debt.bank] += lost
    return count, lost


@compiled
def spread(graph, rules, marks, turn, queue, count, by_bank):
    """Everybody who falls with the first `count` of `queue` (already down).

    Gives how many stand in the queue then, and what lenders lose; of that, what they lose on guaranteed debts is added
    to `by_bank`. A debt is called again when one of its guarantors falls, so it ends as things stand in the end.
    """
    firms, _, _, given, members, group_start = graph
    done = 0
    loss = 0.0
    while done < count:
        firm = queue[done]
        done += 1
        loss += firms[firm].plain
        for debt in range(firms[firm].debts, firms[firm + 1].debts):
            count, lost = charge(graph, rules, marks, turn, debt, queue, count, by_bank)
            loss += lost
        for at in range(firms[firm].given, firms[firm + 1].given):
            if marks[given[at].borrower].down == turn:
                count, lost = charge(graph, rules, marks, turn, given[at].debt, queue, count, by_bank)
                loss += lost
        if len(members) and firms[firm].group >= 0:
            for at in range(group_start[firms[firm].group], group_start[firms[firm].group + 1]):
                other = members[at]
                if marks[other].down != turn and firms[other].held == 0:
                    marks[other].down = turn
                    queue[count] = other
                    count += 1
    return count, loss


@inlined
def mixed(state):
    """The next number of a SplitMix64 sequence (Steele, Lea and Flood, OOPSLA 2014) as (state, 64 bits)."""
    state += np.uint64(0x9E3779B97F4A7C15)
    bits = state
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state, bits ^ (bits >> np.uint64(31))


@inlined
def fraction(bits):
    """A number above 0 and below 1 from 64 bits."""
    return (np.float64(bits >> np.uint64(12)) + 0.5) / 4503599627370496.0


@inlined
def normal_below(x):
    """The chance that a standard normal number is below x."""
    return 0.5 * math.erfc(-x * 0.7071067811865476)


@compiled
def draw(firms, barrier, class_start, common, loading, seed, queue):
    """Which firms default of themselves, into `queue`; gives how many.

    A firm defaults where loading·common + sqrt(1 − loading²)·(a number of its own) is below its `barrier`. `firms`
    stand by class, `barrier` in their order, the greatest of a class first: steps to the next candidate are geometric
    with that one's chance, and a candidate stays with its own chance ÷ that one's. So only those that may default
    cost time.
    """
    state = seed
    count = 0
    scale = 1.0 / math.sqrt(1.0 - loading * loading)
    for one in range(len(class_start) - 1):
        at, end = class_start[one], class_start[one + 1]
        if at == end:
            continue
        greatest = barrier[at]
        top = normal_below((greatest - loading * common) * scale)
        if top <= 0.0:
            continue
        log_rest = math.log1p(-top) if top < 1.0 else -np.inf
        while True:
            state, bits = mixed(state)
            step = math.floor(math.log(fraction(bits)) / log_rest)
            if step >= end - at:
                break
            at += np.int64(step)
            stays = True
            if barrier[at] != greatest:
                state, bits = mixed(state)
                stays = fraction(bits) * top < normal_below((barrier[at] - loading * common) * scale)
            if stays:
                queue[count] = firms[at]
                count += 1
            at += 1
            if at == end:
                break
    return count


@compiled
def draw_many(graph, rules, pool, factors, loading, seeds, marks, out):
    """One scenario for each factor: draw, spread, add up into `out`.

    `pool` is (firms, barrier, class_start); `out` is (first, fallen, loss, by_bank, falls): the first three by
    scenario, `by_bank` the losses on guaranteed debts, `falls` how often each firm fell.
    """
    firms, barrier, class_start = pool
    first, fallen, loss, by_bank, falls = out
    queue = np.empty(len(marks), np.int32)
    for row in range(len(factors)):
        turn = row + 1
        count = draw(firms, barrier, class_start, factors[row], loading, seeds[row], queue)
        for at in range(count):
            marks[queue[at]].down = turn
        first[row] = count
        fallen[row], loss[row] = spread(graph, rules, marks, turn, queue, count, by_bank)
        for at in range(fallen[row]):
            falls[queue[at]] += 1
