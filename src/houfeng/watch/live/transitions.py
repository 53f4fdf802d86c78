"""The state machine of episodes over many rows at once: the same steps as `watch.episodes`, compiled.

`levels[k, r]` is the level rule r's open episode of key k has reached (0: closed), `free[k, r]` the instant from which
it may open again. What changes comes back as (row, rule, step); most rows change nothing.
"""

from __future__ import annotations

from houfeng.engine.compiling import compiled

OPEN, ESCALATE, CLEAR = 0, 1, 2


@compiled
def advance(keys, instants, level, clear, rules, cooldowns, levels, free, watched, cooling, out):
    """Run rows, in order of time, through the machine. Gives the number of changes written to `out`.

    `level` and `clear` are per row and column; `rules[c]` is the rule of column c. `watched[row]` becomes the number
    of open episodes of the row's key afterwards, `cooling[row]` the latest instant at which one of its rules is free
    again.
    """
    number = 0
    for i in range(len(keys)):
        k, t = keys[i], instants[i]
        for c in range(len(rules)):
            r = rules[c]
            held, now = levels[k, r], level[i, c]
            what = -1
            if held == 0:
                if now > 0 and t >= free[k, r]:
                    what, levels[k, r] = OPEN, now
            elif now > held:
                what, levels[k, r] = ESCALATE, now
            elif now == 0 and clear[i, c]:
                what, levels[k, r] = CLEAR, 0
                if cooldowns[r] > 0:
                    free[k, r] = t + cooldowns[r]
            if what >= 0:
                out[number, 0], out[number, 1], out[number, 2] = i, r, what
                number += 1
        opened, latest = 0, 0
        for r in range(levels.shape[1]):
            opened += levels[k, r] > 0
            if free[k, r] > t:
                latest = max(latest, free[k, r])
        watched[i], cooling[i] = opened, latest
    return number
