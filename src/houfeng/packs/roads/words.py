"""The outcomes of many conditions in few numbers: one bit where a condition is not met, one where it is unknown.

Grants share conditions, so each distinct condition has one place, whoever asks it. The words of a row say all that was
judged of it; the masks and the answer of one grant are picked out of them where they are wanted, for the rows that are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from houfeng.packs.grants import Grant
from houfeng.packs.language.expression import Node
from houfeng.packs.roads.sql import name

FAILED, UNKNOWN = "_failed", "_unknown"
BITS = 62
"""Bits used of a word: a BIGINT that never has its sign set."""


class Place(NamedTuple):
    """Where the outcome of a condition stands."""

    word: int
    bit: int


class Run(NamedTuple):
    """Neighbouring conditions of a grant that are neighbours in a word too: `length` bits from `start`, to `bit`."""

    word: int
    start: int
    bit: int
    length: int


@dataclass(frozen=True)
class Words:
    """Where the conditions of some grants stand. `doubtful`: the words in which one of them can be unknown."""

    places: Mapping[Node, Place]
    doubtful: frozenset[int]

    @classmethod
    def of(cls, grants: Iterable[Grant], uncertain: Iterable[Node]) -> Words:
        """The places of every condition of `grants`, in the order they are first met; `uncertain` may be unknown."""
        nodes = dict.fromkeys(one.when for grant in grants for one in grant.conditions)
        places = {node: Place(*divmod(number, BITS)) for number, node in enumerate(nodes)}
        return cls(places, frozenset(places[node].word for node in uncertain))

    @property
    def columns(self) -> list[str]:
        """The names of the columns, those of unknown conditions last."""
        every = sorted({place.word for place in self.places.values()})
        return [_unmet(word) for word in every] + [_unknown(word) for word in sorted(self.doubtful)]

    def sql(self, written: Mapping[Node, str], uncertain: Iterable[Node]) -> list[str]:
        """SQL of the columns, over the columns `written` that hold what each condition came to."""
        doubted = set(uncertain)
        parts: dict[str, list[str]] = {column: [] for column in self.columns}
        for node, (word, bit) in self.places.items():
            column, one = name(written[node]), f"CAST({1 << bit} AS BIGINT)"
            # asked so, not as WHEN NOT, which takes DuckDB twice as long
            parts[_unmet(word)].append(f"CASE {column} WHEN TRUE THEN {_NONE} ELSE {one} END")
            if node in doubted:
                parts[_unknown(word)].append(f"CASE WHEN {column} IS NULL THEN {one} ELSE {_NONE} END")
        return [f"({' | '.join(bits) or _NONE}) AS {name(column)}" for column, bits in parts.items()]

    def answer(self, grant: Grant) -> str:
        """SQL of the answer: a condition that failed is a no; otherwise an unknown one leaves it unknown."""
        bits = self._bits(grant)
        unmet = " AND ".join(_none(name(_unmet(word)), mask) for word, mask in bits.items()) or "TRUE"
        if not any(word in self.doubtful for word in bits):
            return f"({unmet})"
        failed = " AND ".join(_none(self._failed(word), mask) for word, mask in bits.items())
        return f"({unmet} OR nullif({failed}, TRUE))"

    def only(self, grant: Grant, ahead: Sequence[Grant] = ()) -> str:
        """SQL of whether every condition of `grant` is met, and of none `ahead` of it.

        Where the words allow it, it is one expression over one column: by such a one DuckDB's reader of Parquet passes
        over the other rows without reading the rest of them.
        """
        own, others = self._bits(grant), [self._bits(one) for one in ahead]
        met = " AND ".join(_none(name(_unmet(word)), mask) for word, mask in own.items()) or "TRUE"
        if not others:
            return met
        each = [
            " OR ".join(f"NOT {_none(name(_unmet(word)), mask)}" for word, mask in bits.items()) or "FALSE"
            for bits in others
        ]
        return f"CASE WHEN {met} THEN ({') AND ('.join(each)}) ELSE FALSE END"

    def mask(self, grant: Grant, state: str) -> str:
        """SQL of the mask of the conditions that failed (or are unknown), a bit for each in the order written."""
        parts = []
        for word, start, bit, length in self._runs(grant):
            if state == UNKNOWN and word not in self.doubtful:
                continue
            column, ones = name(_unknown(word)) if state == UNKNOWN else self._failed(word), (1 << length) - 1
            if start > bit:
                parts.append(f"(({column} >> {start - bit}) & CAST({ones << bit} AS BIGINT))")
            else:
                picked = f"({column} & CAST({ones << start} AS BIGINT))"
                parts.append(f"({picked} * CAST({1 << (bit - start)} AS BIGINT))" if bit > start else picked)
        return f"({' | '.join(parts) or _NONE})"

    def _failed(self, word: int) -> str:
        return f"xor({name(_unmet(word))}, {name(_unknown(word))})" if word in self.doubtful else name(_unmet(word))

    def _bits(self, grant: Grant) -> dict[int, int]:
        """The bits of the conditions of `grant`, by word."""
        bits: dict[int, int] = {}
        for word, start, _, length in self._runs(grant):
            bits[word] = bits.get(word, 0) | ((1 << length) - 1) << start
        return bits

    def _runs(self, grant: Grant) -> Iterator[Run]:
        places = [self.places[one.when] for one in grant.conditions]
        at = 0
        while at < len(places):
            length = 1
            while at + length < len(places) and places[at + length] == _after(places[at], length):
                length += 1
            yield Run(*places[at], at, length)
            at += length


_NONE = "CAST(0 AS BIGINT)"


def _after(place: Place, steps: int) -> Place:
    return Place(place.word, place.bit + steps)


def _unmet(word: int) -> str:
    return f"judged_unmet_{word}"


def _unknown(word: int) -> str:
    return f"judged_unknown_{word}"


def _none(column: str, mask: int) -> str:
    return f"({column} & CAST({mask} AS BIGINT)) = 0"


def told(words: Words, grants: Sequence[Grant]) -> list[str]:
    """The three columns of each of `grants` over the words: its answer and its two masks."""
    return [
        part
        for grant in grants
        for part in (
            f"{words.answer(grant)} AS {name(grant.name)}",
            f"{words.mask(grant, FAILED)} AS {name(grant.name + FAILED)}",
            f"{words.mask(grant, UNKNOWN)} AS {name(grant.name + UNKNOWN)}",
        )
    ]
