"""Answers and masks picked out of words are those of the conditions one by one, also beyond one word."""

from __future__ import annotations

from random import Random

import duckdb
import pytest

from houfeng.errors import Text, Where
from houfeng.packs.grants import Condition, Instrument
from houfeng.packs.language.expression import Node, Reference
from houfeng.packs.language.functions import T
from houfeng.packs.roads.words import BITS, Words, told

NOTHING = Text("", "")
ROWS = 60


def condition(number: int) -> Condition:
    node = Node("field", (), T.BOOLEAN, f"c{number}", Reference((), "loan", f"c{number}"))
    return Condition(f"c{number}", node, NOTHING, "", NOTHING, NOTHING, Where())


def grant(name: str, numbers: list[int]) -> Instrument:
    conditions = tuple(condition(number) for number in numbers)
    return Instrument(name, NOTHING, "subsidy", "open", "loan", conditions, "", "", "", Where(), "made")


@pytest.mark.parametrize("count", [5, BITS, BITS + 20])
def test_words_say_what_the_conditions_say(count: int) -> None:
    chance = Random(count)
    grants = [grant("every", list(range(count))[: BITS - 2])]
    grants += [grant(f"g{n}", chance.sample(range(count), chance.randint(1, min(count, 6)))) for n in range(12)]
    grants.append(grant("last", list(range(max(0, count - 4), count))))
    certain = set(range(0, count, 3))
    rows = [
        [
            chance.choice((True, True, True, False) if n in certain else (True, True, True, False, None))
            for n in range(count)
        ]
        for _ in range(ROWS)
    ]
    nodes = dict.fromkeys(one.when for each in grants for one in each.conditions)
    uncertain = [node for node in nodes if int(node.text[1:]) not in certain]
    words, written = Words.of(grants, uncertain), {node: node.text for node in nodes}
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE r (line INTEGER, {', '.join(f'c{n} BOOLEAN' for n in range(count))})")
    connection.executemany(
        f"INSERT INTO r VALUES ({', '.join('?' * (count + 1))})", [[n, *r] for n, r in enumerate(rows)]
    )
    packed = f"(SELECT line, {', '.join(words.sql(written, uncertain))} FROM r)"
    found = connection.execute(f"SELECT {', '.join(told(words, grants))} FROM {packed} ORDER BY line").fetchall()
    for row, answers in zip(rows, found, strict=True):
        for place, one in enumerate(grants):
            values = [row[int(each.when.text[1:])] for each in one.conditions]
            failed = sum(1 << bit for bit, value in enumerate(values) if value is False)
            unknown = sum(1 << bit for bit, value in enumerate(values) if value is None)
            answer = False if failed else None if unknown else True
            assert answers[3 * place : 3 * place + 3] == (answer, failed, unknown), one.name
    assert {answer for answers in found for answer in answers[::3]} == {True, False, None}
    first, second = grants[1], grants[2]
    only = connection.execute(f"SELECT line FROM {packed} WHERE {words.only(first, [second])} ORDER BY line").fetchall()
    wanted = [(n,) for n, answers in enumerate(found) if answers[3] is True and answers[6] is not True]
    assert only == wanted
