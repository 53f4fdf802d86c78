"""The compiled core of penetration: everybody above one enterprise, ring by ring, and what share of it is theirs."""

from __future__ import annotations

import numpy as np

from houfeng.engine.compiling import compiled

WHOLE_LOOP = -1
"""What `climb` gives where a ring of enterprises above owns itself wholly."""


@compiled
def above(start, stop, order, holder, target, local, nodes):
    """The nodes above `target`, itself first, into `nodes`; `local[n]` becomes their place. Gives how many.

    The stakes in a node stand in `order` from `start[node]` to before `stop[node]`.
    """
    count = 1
    nodes[0] = target
    local[target] = 0
    done = 0
    while done < count:
        node = nodes[done]
        done += 1
        for at in range(start[node], stop[node]):
            who = holder[order[at]]
            if local[who] < 0:
                local[who] = count
                nodes[count] = who
                count += 1
    return count


@compiled
def rings(start, stop, order, holder, share, nodes, count, local, ring, stack, frame, place, low):
    """Tarjan's strongly connected components of the nodes above, following holders (Tarjan, SIAM J. Comput. 1972).

    Stakes of nothing join nobody: a ring through one could not be told from one that owns itself wholly.
    `ring[i]` is the number of the component of local node `i`. A component is numbered after all that stand above it,
    so that going from the greatest number down everybody below is done first. Gives how many there are.
    """
    found, time, depth, tall = 0, 0, 0, 0
    for i in range(count):
        place[i] = -1
        ring[i] = -1
    for root in range(count):
        if place[root] >= 0:
            continue
        frame[depth, 0] = root
        frame[depth, 1] = start[nodes[root]]
        depth += 1
        place[root] = time
        low[root] = time
        time += 1
        stack[tall] = root
        tall += 1
        while depth:
            here = frame[depth - 1, 0]
            at = frame[depth - 1, 1]
            if at < stop[nodes[here]]:
                frame[depth - 1, 1] = at + 1
                if share[order[at]] == 0:
                    continue
                who = local[holder[order[at]]]
                if place[who] < 0:
                    place[who] = time
                    low[who] = time
                    time += 1
                    stack[tall] = who
                    tall += 1
                    frame[depth, 0] = who
                    frame[depth, 1] = start[nodes[who]]
                    depth += 1
                elif ring[who] < 0:
                    low[here] = min(low[here], place[who])
                continue
            depth -= 1
            if depth:
                below = frame[depth - 1, 0]
                low[below] = min(low[below], low[here])
            if low[here] == place[here]:
                while True:
                    tall -= 1
                    who = stack[tall]
                    ring[who] = found
                    if who == here:
                        break
                found += 1
    return found


@compiled
def climb(start, stop, order, holder, share, target, whole, local, room, most):
    """Everybody above `target` and what is theirs of it.

    `share` are ten-millionths, `whole` the number that is 100 percent; of an enterprise whose holders together pass it,
    all are scaled down. `local` is a workspace of -1, handed back so, and `room` one of any content.

    Gives (state, nodes, claims, loops): `claims[i]` is the sum over all ways from node i to the target, however often
    they go round, and `loops[i]` that sum from i back to itself; a share is `claims[i] / loops[i]`. State: 0, or
    WHOLE_LOOP with the ring's nodes, or the size of a ring above `most`, which is not solved here.
    """
    count = above(start, stop, order, holder, target, local, room)
    nodes = room[:count].copy()
    ring, stack = np.empty(count, np.int32), np.empty(count, np.int32)
    frame = np.empty((count, 2), np.int64)
    place, low = np.empty(count, np.int32), np.empty(count, np.int32)
    found = rings(start, stop, order, holder, share, nodes, count, local, ring, stack, frame, place, low)
    sorted_, begin = grouped(ring, count, found)
    claims, loops = np.zeros(count), np.ones(count)
    claims[0] = 1.0
    state, told = 0, nodes
    for one in range(found - 1, -1, -1):
        size = begin[one + 1] - begin[one]
        members = sorted_[begin[one] : begin[one + 1]]
        if size > most:
            state = size
            break
        reached = 0.0
        for i in members:
            reached += claims[i]
        if reached == 0.0:  # only stakes of nothing lead here
            continue
        if size > 1 or holds_itself(start, stop, order, holder, nodes[members[0]]):
            inner, closed = block(start, stop, order, holder, share, nodes, members, ring, local, whole)
            if closed:
                state, told = WHOLE_LOOP, nodes[members]
                break
            inverse = inverted(inner)
            own = claims[members]
            for i in range(size):
                claims[members[i]] = np.sum(inverse[i] * own)
                loops[members[i]] = inverse[i, i]
        for below in members:
            push(start, stop, order, holder, share, nodes[below], below, one, ring, local, claims, whole)
    for node in nodes:
        local[node] = -1
    return state, told, claims, loops


@compiled
def grouped(ring, count, found):
    """Local nodes sorted by ring, and where each ring begins."""
    begin = np.zeros(found + 1, np.int64)
    for i in range(count):
        begin[ring[i] + 1] += 1
    for one in range(found):
        begin[one + 1] += begin[one]
    at = begin[:-1].copy()
    members = np.empty(count, np.int32)
    for i in range(count):
        members[at[ring[i]]] = i
        at[ring[i]] += 1
    return members, begin


@compiled
def holds_itself(start, stop, order, holder, node):
    """Whether a stake leads from a node to itself; one of nothing does no harm."""
    found = False
    for at in range(start[node], stop[node]):
        found = found or holder[order[at]] == node
    return found


@compiled
def scale(start, stop, order, share, node, whole):
    """What 100 percent of a node is: `whole`, or all that is held of it where that is more."""
    total = 0
    for at in range(start[node], stop[node]):
        total += share[order[at]]
    return max(whole, total)


@compiled
def block(start, stop, order, holder, share, nodes, members, ring, local, whole):
    """I - A of one ring, and whether every member is held wholly from within."""
    size = len(members)
    inner = np.eye(size)
    where = np.full(len(nodes), -1, np.int32)
    for i in range(size):
        where[members[i]] = i
    closed = True
    for k in range(size):
        node = nodes[members[k]]
        full, within = scale(start, stop, order, share, node, whole), 0
        for at in range(start[node], stop[node]):
            who = local[holder[order[at]]]
            if ring[who] == ring[members[k]]:
                inner[where[who], k] -= share[order[at]] / full
                within += share[order[at]]
        closed = closed and within >= full
    return inner, closed


@compiled
def inverted(inner):
    """The inverse of I - A of a ring, in its own place (Gauss and Jordan).

    No column of A comes to more than one, so that the diagonal is never small and needs no search for pivots. Rings are
    sparse: rows that have nothing in a column are left alone, which a library's dense inverse does not do.
    """
    size = len(inner)
    for k in range(size):
        pivot = 1.0 / inner[k, k]
        inner[k, k] = 1.0
        for j in range(size):
            inner[k, j] *= pivot
        for i in range(size):
            factor = inner[i, k]
            if i == k or factor == 0.0:
                continue
            inner[i, k] = 0.0
            for j in range(size):
                inner[i, j] -= factor * inner[k, j]
    return inner


@compiled
def push(start, stop, order, holder, share, node, below, one, ring, local, claims, whole):
    """Hand what is claimed of `node` on to its holders outside its ring."""
    full = scale(start, stop, order, share, node, whole)
    for at in range(start[node], stop[node]):
        who = local[holder[order[at]]]
        if ring[who] != one:
            claims[who] += share[order[at]] / full * claims[below]


@compiled
def layout(start, stop, order, holder, share, target, local):
    """The nodes above `target` as rings: (nodes, members by ring, where each ring begins, rings of single nodes).

    `local` is left filled; the caller hands it back. Rings are numbered from the owners down.
    """
    room = np.empty(len(local), np.int32)
    count = above(start, stop, order, holder, target, local, room)
    nodes = room[:count].copy()
    ring, stack = np.empty(count, np.int32), np.empty(count, np.int32)
    frame = np.empty((count, 2), np.int64)
    place, low = np.empty(count, np.int32), np.empty(count, np.int32)
    found = rings(start, stop, order, holder, share, nodes, count, local, ring, stack, frame, place, low)
    members, begin = grouped(ring, count, found)
    return nodes, members, begin


@compiled
def greatest(start, stop, order, holder, low, high, whole, nodes, members, begin, local, whose, value):
    """The most of each node above a target (and of it) that may be `whose` in the end, into `value` (by local node).

    Of each node's holders the one through whom more is theirs gets as much as its bounds and the whole allow. Within a
    ring the values rise from nothing to their least fixed point.
    """
    for i in range(len(nodes)):
        value[i] = 0.0
    value[whose] = 1.0
    for one in range(len(begin) - 1):
        first = members[begin[one]]
        turns = begin[one + 1] - begin[one] > 1 or holds_itself(start, stop, order, holder, nodes[first])
        for _ in range(100_000):
            moved = 0.0
            for i in members[begin[one] : begin[one + 1]]:
                if i == whose:
                    continue
                best = most_of(start, stop, order, holder, low, high, whole, nodes[i], local, value)
                moved = max(moved, best - value[i])
                value[i] = max(value[i], best)
            if moved < 1e-15 or not turns:
                break


@compiled
def most_of(start, stop, order, holder, low, high, whole, node, local, value):
    """The most that can be had of one node: every holder its least, and what is left to the best first."""
    first, last = start[node], stop[node]
    worth = np.empty(last - first)
    left = whole
    for at in range(first, last):
        worth[at - first] = value[local[holder[order[at]]]]
        left -= low[order[at]]
    found = 0.0
    for at in np.argsort(-worth):
        stake = order[first + at]
        more = max(0, min(left, high[stake] - low[stake]))
        left -= more
        found += (low[stake] + more) / whole * worth[at]
    return min(found, 1.0)
