"""Four shapes of ownership, made from a seed: enterprises with three holders each, as a Parquet file of holdings.

tree: groups below persons, one majority holder each. star: one holding company has 51 percent of everybody. state:
blocks of 150 firms below state bodies that hold each other densely. scale_free: few hold much, and 3 percent of the
firms stand in rings of two with a subsidiary of theirs. tangled: the same without care that rings do not meet, so that
thousands of firms hold each other in one.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

SHAPES = ("tree", "star", "state", "scale_free", "tangled")
BLOCK = 150
Numbers = npt.NDArray[np.int64]


def stakes(shape: str, firms: int, seed: int = 7) -> tuple[Numbers, Numbers, Numbers]:
    """Holder, enterprise, share in hundredths of a percent. Numbers from `firms` on are persons or the state."""
    random = np.random.default_rng(seed)
    made = {"tree": _tree, "star": _star, "state": _state, "scale_free": _scale_free, "tangled": _tangled}[shape]
    holder, share = made(firms, random)
    held = np.repeat(np.arange(firms), 3)
    kept = holder.ravel() != held
    return holder.ravel()[kept], held[kept], share.ravel()[kept]


def _persons(firms: int, random: np.random.Generator, size: tuple[int, ...]) -> Numbers:
    """Persons: half as many as firms."""
    return firms + random.integers(0, max(1, firms // 2), size)


def _tree(firms: int, random: np.random.Generator) -> tuple[Numbers, Numbers]:
    number = np.arange(firms)
    holder = _persons(firms, random, (firms, 3))
    below = number % 1000 >= 40  # heads of groups stand below persons, the others below an earlier firm of their group
    start = number - number % 1000
    parent = start + (number % 1000) // 3
    holder[below, 0] = parent[below]
    return holder, np.tile([6000, 2500, 1500], (firms, 1))


def _star(firms: int, random: np.random.Generator) -> tuple[Numbers, Numbers]:
    holder = _persons(firms, random, (firms, 3))
    holder[1:, 0] = 0
    return holder, np.tile([5100, 2900, 2000], (firms, 1))


def _state(firms: int, random: np.random.Generator) -> tuple[Numbers, Numbers]:
    number = np.arange(firms)
    start = number - number % BLOCK
    size = np.minimum(BLOCK, firms - start)
    inside = start[:, None] + random.integers(0, 1 << 30, (firms, 2)) % size[:, None]
    holder = np.column_stack([start, inside])
    share = np.tile([2500, 2800, 2100], (firms, 1))
    first = number % BLOCK == 0
    holder[first] = firms + np.column_stack([start[first] % 31, 31 + start[first] % 97, 128 + start[first] % 7])
    share[number % 10 == 1] = [5500, 2000, 2000]
    return holder, share


def _tangled(firms: int, random: np.random.Generator) -> tuple[Numbers, Numbers]:
    return _scale_free(firms, random, tangled=True)


def _scale_free(firms: int, random: np.random.Generator, tangled: bool = False) -> tuple[Numbers, Numbers]:
    """A firm's corporate holder is who holds an earlier firm (so that who holds much gets more), or that firm."""
    holder = _persons(firms, random, (firms, 3))
    corporate: Numbers = np.ones(firms, np.int64) + (random.random(firms) < 0.3) + (random.random(firms) < 0.05)
    earlier = (random.random((firms, 3)) * np.arange(firms)[:, None]).astype(np.int64)
    for place in range(3):
        chosen = corporate > place
        copied = random.random(firms) < 0.5
        for first in range(0, firms, max(1, firms // 64)):  # in slices, so that what is copied is final
            rows = np.arange(first, min(firms, first + max(1, firms // 64)))
            rows = rows[chosen[rows] & (rows > 10)]
            own = earlier[rows, place]
            upper = holder[own, place]
            take = copied[rows] & (upper < firms)
            holder[rows, place] = np.where(take, upper, own)
    children = np.flatnonzero((holder[:, 0] < firms) & (random.random(firms) < 0.03))
    parents = holder[children, 0]
    if not tangled:  # each firm in one ring at most, and the subsidiary held by its parent alone
        _, first = np.unique(parents, return_index=True)
        children, parents = children[first], parents[first]
        apart = ~np.isin(children, parents) & ~np.isin(parents, children) & (corporate[children] == 1)
        children, parents = children[apart], parents[apart]
    holder[parents, 2] = children  # the subsidiary holds its parent
    same = (holder[:, 1] == holder[:, 0]) | (holder[:, 2] == holder[:, 0]) | (holder[:, 2] == holder[:, 1])
    holder[same, 1:] = _persons(firms, random, (int(same.sum()), 2))
    return holder, np.tile([5200, 2800, 1500], (firms, 1))


def table(shape: str, firms: int, seed: int = 7) -> pa.Table:
    """The holdings as they come: ids of 18 characters for firms, 12 for persons, shares as DECIMAL."""
    holder, held, share = stakes(shape, firms, seed)
    state = pa.scalar("state" if shape == "state" else "person")
    return pa.table(
        {
            "holder_id": _ids(holder, firms),
            "enterprise_id": _ids(held, firms),
            "holder_kind": pc.if_else(pa.array(holder >= firms), state, pa.scalar("enterprise")).dictionary_encode(),
            "share": _percent(share),
        }
    )


def _percent(hundredths: Numbers) -> pa.Array:
    """DECIMAL(18, 5), written as its bytes: two words each, the upper one nothing."""
    words = np.column_stack([hundredths * 1000, np.zeros(len(hundredths), np.int64)])
    return pa.Array.from_buffers(pa.decimal128(18, 5), len(words), [None, pa.py_buffer(words.tobytes())])


def _ids(numbers: Numbers, firms: int) -> pa.Array:
    text = pc.utf8_lpad(pa.array(numbers % firms).cast(pa.string()), 10, "0")
    head = pc.if_else(pa.array(numbers >= firms), pa.scalar("P-"), pa.scalar("91410000"))
    return pc.binary_join_element_wise(head, text, "")


if __name__ == "__main__":
    name, count, target = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    made = table(name, count)
    pq.write_table(made, target)
    print(f"{name}: {count} firms, {len(made)} stakes, {target.stat().st_size >> 20} MB")
