"""The compiled core of one changed stake: what a closure of control gains, and what it loses.

Stakes stand in rows with room to grow (`start[n]` to before `stop[n]`): by enterprise (who, votes), and by holder (to).
`root[n]` is who controls n (or -1). `rank[n]` is when n joined its root's closure: enough of its votes belong to the
root and to members of lower rank, so that taking away what rests on too little never leaves a ring that holds itself.
"""

from __future__ import annotations

import numpy as np

from houfeng.engine.compiling import compiled


@compiled
def backing(up_start, up_stop, who, votes, root, rank, node, of, below):
    """The votes in `node` of `of` and of members of its closure that joined before rank `below`."""
    found = 0
    for at in range(up_start[node], up_stop[node]):
        holder = who[at]
        if holder != node and (holder == of or (root[holder] == of and rank[holder] < below)):
            found += votes[at]
    return found


@compiled
def majority_of(up_start, up_stop, who, votes, line, node):
    """The single holder above `line` with the smallest number, or -1."""
    found = -1
    for at in range(up_start[node], up_stop[node]):
        if who[at] != node and votes[at] > line and (found < 0 or who[at] < found):
            found = who[at]
    return found


@compiled
def gain(up_start, up_stop, who, votes, down_start, down_stop, to, line, root, rank, clock, of, queue, before, count):
    """Let the nodes in `queue[:count]` and all that follows from them join the closure of `of`, where they may.

    Those that joined stand at the front of `queue`, with their roots before in `before`. Gives (how many, the clock).
    """
    last = np.int64(1) << 62
    done, joined = 0, 0
    seeds = queue[:count].copy()
    for node in seeds:
        if node == of or root[node] == of:
            continue
        if backing(up_start, up_stop, who, votes, root, rank, node, of, last) > line:
            before[joined] = root[node]
            root[node] = of
            clock += 1
            rank[node] = clock
            queue[joined] = node
            joined += 1
    while done < joined:
        node = queue[done]
        done += 1
        for at in range(down_start[node], down_stop[node]):
            held = to[at]
            if held == of or root[held] == of:
                continue
            if backing(up_start, up_stop, who, votes, root, rank, held, of, last) > line:
                before[joined] = root[held]
                root[held] = of
                clock += 1
                rank[held] = clock
                queue[joined] = held
                joined += 1
    return joined, clock


@compiled
def lose(up_start, up_stop, who, votes, down_start, down_stop, to, line, root, rank, of, first, queue):
    """Take `first` and all that rests on it out of the closure of `of`, into `queue`. Gives how many."""
    count = 0
    if root[first] == of and backing(up_start, up_stop, who, votes, root, rank, first, of, rank[first]) <= line:
        root[first] = -1
        queue[0] = first
        count = 1
    done = 0
    while done < count:
        node = queue[done]
        done += 1
        for at in range(down_start[node], down_stop[node]):
            held = to[at]
            if root[held] != of or held == of:
                continue
            if backing(up_start, up_stop, who, votes, root, rank, held, of, rank[held]) <= line:
                root[held] = -1
                queue[count] = held
                count += 1
    return count


@compiled
def closed(up_start, up_stop, who, votes, down_start, down_stop, to, line, seed, mark, seen, total, inside, queue):
    """Everything `seed` controls, itself first, into `queue`: as `houfeng.penetration.closing.close`, over rows."""
    inside[seed] = mark
    queue[0] = seed
    count, done = 1, 0
    while done < count:
        node = queue[done]
        done += 1
        for at in range(down_start[node], down_stop[node]):
            held = to[at]
            if held == node or inside[held] == mark:
                continue
            if seen[held] != mark:
                seen[held] = mark
                total[held] = 0
            for place in range(up_start[held], up_stop[held]):
                if who[place] == node:
                    total[held] += votes[place]
            if total[held] > line:
                inside[held] = mark
                queue[count] = held
                count += 1
    return count


@compiled
def again(
    up_start, up_stop, who, votes, down_start, down_stop, to, line, root, rank, clock, loops, part, mark, seen, total,
    inside, queue,
):  # fmt: skip
    """Find the controllers of the nodes in `part` (in order, without roots) anew, as for a whole graph.

    Gives (the clock, the mark, whether a closure reached a node with another root: the answer is not to be used).
    """
    met = False
    for node in part:
        if root[node] >= 0 or majority_of(up_start, up_stop, who, votes, line, node) >= 0:
            continue
        mark += 1
        count = closed(
            up_start, up_stop, who, votes, down_start, down_stop, to, line, node, mark, seen, total, inside, queue
        )
        clock += 1
        for place in range(1, count):
            one = queue[place]
            met = met or (root[one] >= 0 and inside[root[one]] != mark)
            root[one] = node
            rank[one] = clock + place
            loops[one] = False
        clock += count
    for node in part:
        if root[node] >= 0 or loops[node]:
            continue
        single = majority_of(up_start, up_stop, who, votes, line, node)
        if single < 0:
            continue
        mark += 1
        at = node
        while seen[at] != mark:
            seen[at] = mark
            at = majority_of(up_start, up_stop, who, votes, line, at)
        least, turn = at, majority_of(up_start, up_stop, who, votes, line, at)
        while turn != at:
            least = min(least, turn)
            turn = majority_of(up_start, up_stop, who, votes, line, turn)
        mark += 1
        count = closed(
            up_start, up_stop, who, votes, down_start, down_stop, to, line, least, mark, seen, total, inside, queue
        )
        clock += 1
        for place in range(1, count):
            if root[queue[place]] < 0:
                root[queue[place]] = least
                rank[queue[place]] = clock + place
        clock += count
        loops[least] = True
    return clock, mark, met
