"""The compiled core of clearing: payments fall from full until everybody pays what it can.

Debts of a bank stand in tiers, the one paid first first: tiers `tier_start[b] : tier_start[b + 1]`, of which tier t
is `tier_total[t]` in all, and its claims `claim_start[t] : claim_start[t + 1]` with their part `share` of it. A
lender of -1 is outside the system.
"""

from __future__ import annotations

import numpy as np

from houfeng.engine.compiling import compiled


@compiled
def settle(tier_start, tier_total, claim_start, lender, share, total, assets, paid, queue, queued, tolerance, most):
    """Lower payments until each is what the bank has, to `tolerance` of what it owes; gives how many steps it took.

    `assets` begin with every claim paid in full and `paid` (by tier) with every debt paid in full; both are changed in
    place. They fall towards the greatest clearing vector. `queued` is a workspace of False, handed back so unless
    `most` steps were not enough.
    """
    size = len(total)
    count, begin = 0, 0
    for bank in range(size):
        if assets[bank] < total[bank]:
            queue[count] = bank
            queued[bank] = True
            count += 1
    steps = 0
    while count and steps < most:
        bank = queue[begin]
        begin = begin + 1 if begin + 1 < size else 0
        count -= 1
        queued[bank] = False
        steps += 1
        left = max(0.0, assets[bank])
        least = tolerance * total[bank]
        for tier in range(tier_start[bank], tier_start[bank + 1]):
            due = min(tier_total[tier], left)
            left -= due
            drop = paid[tier] - due
            if drop <= least:
                continue
            paid[tier] = due
            for at in range(claim_start[tier], claim_start[tier + 1]):
                to = lender[at]
                if to < 0:
                    continue
                assets[to] -= drop * share[at]
                if assets[to] < total[to] and not queued[to]:
                    queued[to] = True
                    end = begin + count
                    queue[end if end < size else end - size] = to
                    count += 1
    return steps


@compiled
def settle_many(tiers, losses, full, tolerance, most, falls, unpaid, defaults, short):
    """Clear one scenario for each row of `losses`; adds to `falls` and `unpaid` by bank, fills the last two by row.

    `tiers` are the first six arguments of `settle`, `full` the assets with every claim paid. Gives how many scenarios
    were not done after `most` steps.
    """
    tier_start, tier_total, claim_start, lender, share, total = tiers
    size = len(total)
    queue, queued = np.empty(size, np.int32), np.zeros(size, np.bool_)
    assets, paid = np.empty(size), np.empty(len(tier_total))
    undone = 0
    for row in range(len(losses)):
        for bank in range(size):
            assets[bank] = full[bank] - losses[row, bank]
        paid[:] = tier_total
        steps = settle(
            tier_start, tier_total, claim_start, lender, share, total, assets, paid, queue, queued, tolerance, most
        )
        if steps >= most:
            undone += 1
            queued[:] = False
        for bank in range(size):
            missing = total[bank] - assets[bank]
            if missing > tolerance * total[bank]:
                falls[bank] += 1
                lost = min(missing, total[bank])
                unpaid[bank] += lost
                defaults[row] += 1
                short[row] += lost
    return undone
