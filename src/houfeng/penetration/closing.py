"""The compiled core of control: what a holder controls together with what it controls, for one holder or for all."""

from __future__ import annotations

import numpy as np

from houfeng.engine.compiling import compiled


@compiled
def close(start, held, votes, line, seeds, turn, seen, total, member, queue):
    """Everything the seeds control together; gives how many nodes stand in `queue`, the seeds first.

    A node joins when what the members so far hold of it exceeds `line`; a member's stake in itself does not count.
    `turn` is a number not used before: where `seen[n] == turn`, `total[n]` is what the members hold of `n`, and where
    `member[n] == turn`, `n` is in. When it ends, `total` counts every member.
    """
    count = 0
    for seed in seeds:
        member[seed] = turn
        queue[count] = seed
        count += 1
    done = 0
    while done < count:
        node = queue[done]
        done += 1
        for place in range(start[node], start[node + 1]):
            to = held[place]
            if to == node:
                continue
            if seen[to] != turn:
                seen[to] = turn
                total[to] = 0
            total[to] += votes[place]
            if total[to] > line and member[to] != turn:
                member[to] = turn
                queue[count] = to
                count += 1
    return count


@compiled
def majority(start, held, votes, line, size):
    """For each node its first single holder above `line` (not itself), or -1; and who is such a holder of any."""
    found = np.full(size, -1, np.int32)
    leads = np.zeros(size, np.bool_)
    for node in range(size):
        for place in range(start[node], start[node + 1]):
            to = held[place]
            if votes[place] > line and to != node:
                leads[node] = True
                if found[to] < 0:
                    found[to] = node
    return found, leads


@compiled
def _claim(count, first, who, turn, queue, member, held_by, several):
    """Write `who` down as controller of the closure in `queue`; `first` nodes of it are the seeds."""
    for place in range(first, count):
        node = queue[place]
        before = held_by[node]
        if before < 0 or member[before] == turn:
            held_by[node] = who
        elif before != who:
            several[node] = True


@compiled
def together(start, held, votes, line, parties, over, first, seen, total, member, queue, counted):
    """The votes in `over` of the parties and of what each controls by itself. `first` and the numbers after are free.

    `counted` marks with `first` whose votes have been added.
    """
    one = np.empty(1, np.int32)
    found = 0
    for number in range(len(parties)):
        one[0] = parties[number]
        count = close(start, held, votes, line, one, first + number, seen, total, member, queue)
        for node in queue[:count]:
            if node == over or counted[node] == first:
                continue
            counted[node] = first
            for at in range(start[node], start[node + 1]):
                if held[at] == over:
                    found += votes[at]
    return found


@compiled
def _claim_for_pact(count, turn, size, queue, member, held_by, several):
    """Write a pact down as controller of the closure in `queue`, its first node too."""
    for node in queue[:count]:
        before = held_by[node]
        if before < 0 or (before < size and member[before] == turn):
            held_by[node] = turn
        elif before != turn:
            several[node] = True


@compiled
def ring_of(single, node, seen, mark):
    """The smallest node of the ring that the way up from `node`, single holder by single holder, ends in."""
    at = node
    while seen[at] != mark:
        seen[at] = mark
        at = single[at]
    least, turn = at, single[at]
    while turn != at:
        least = min(least, turn)
        turn = single[turn]
    return least


@compiled
def controllers(start, held, votes, line, pact_start, pact_party, pact_over):
    """Who controls each node (or -1), whether several claim it, and which nodes stand for a loop.

    A pact (parties that act together) is a controller numbered `size + pact`; where `pact_over` names a node, only in
    that one do the parties' votes count together. Closures are made of holders that no
    single holder controls; a node in the closure of a wider one goes to that one. Nodes no such closure reaches hold
    each other in a loop: the loop's smallest node stands for it.
    """
    size = len(start) - 1
    single, leads = majority(start, held, votes, line, size)
    held_by = np.full(size, -1, np.int32)
    several = np.zeros(size, np.bool_)
    loop = np.zeros(size, np.bool_)
    seen = np.full(size, -1, np.int32)
    member = np.full(size, -1, np.int32)
    total = np.zeros(size, np.int64)
    queue = np.empty(size, np.int32)
    one = np.empty(1, np.int32)
    counted = np.full(size if len(pact_party) else 0, -1, np.int32)
    for node in range(size):
        if single[node] >= 0 or held_by[node] >= 0 or not leads[node]:  # the first to join joins by one stake
            continue
        one[0] = node
        count = close(start, held, votes, line, one, node, seen, total, member, queue)
        _claim(count, 1, node, node, queue, member, held_by, several)
    for pact in range(len(pact_start) - 1):
        parties = pact_party[pact_start[pact] : pact_start[pact + 1]]
        turn = size + pact
        if pact_over[pact] >= 0:
            if held_by[pact_over[pact]] < 0:
                first = 4 * size + len(pact_party) + pact_start[pact]
                one[0] = pact_over[pact]
                votes_there = together(
                    start, held, votes, line, parties, one[0], first, seen, total, member, queue, counted
                )
                if votes_there > line:
                    count = close(start, held, votes, line, one, turn, seen, total, member, queue)
                    _claim_for_pact(count, turn, size, queue, member, held_by, several)
            continue
        count = close(start, held, votes, line, parties, turn, seen, total, member, queue)
        for place in range(len(parties), count):
            node = queue[place]
            before = held_by[node]
            within = before >= 0 and before < size and member[before] == turn
            party = False
            for other in parties:
                party = party or before == other
            if before < 0 or (within and not party):
                held_by[node] = turn
            elif before != turn and not party:
                several[node] = True
    for node in range(size):
        if held_by[node] >= 0 or single[node] < 0 or loop[node]:
            continue
        one[0] = ring_of(single, node, seen, 2 * size + len(pact_start) + node)
        count = close(start, held, votes, line, one, size + len(pact_start) + node, seen, total, member, queue)
        for place in range(1, count):
            if held_by[queue[place]] < 0:
                held_by[queue[place]] = one[0]
        loop[one[0]] = True
    return held_by, several, loop


@compiled
def follow(held_by):
    """The last controller above each node (itself where nobody controls it); a pact ends the way.

    Where the way runs in a ring, the ring's smallest node stands for it.
    """
    size = len(held_by)
    top = np.full(size, -1, np.int32)
    seen = np.full(size, -1, np.int32)
    for node in range(size):
        at = node
        while at < size and held_by[at] >= 0 and top[at] < 0 and seen[at] != node:
            seen[at] = node
            at = held_by[at]
        end = at
        if at < size and top[at] >= 0:
            end = top[at]
        elif at < size and held_by[at] >= 0:
            end, turn = at, held_by[at]
            while turn != at:
                end = min(end, turn)
                turn = held_by[turn]
        at = node
        while at < size and top[at] < 0:
            top[at] = end
            if held_by[at] < 0:
                break
            at = held_by[at]
    return top
