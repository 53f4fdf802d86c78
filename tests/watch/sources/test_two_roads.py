"""The fast road and the slow road read every line alike; and any cut into blocks gives the same rows."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from houfeng.watch.sources.parsing import Parser, event_kinds, keys_of
from houfeng.watch.sources.typed import Parsed
from watch.sources.event_samples import flow, uscc

WORDS = """
-|NULL|null|N/A|#N/A|in|收|OUT|1e5|1.2E+10|是|true|TRUE|１２３|无|2026-02-29|2024-02-29|2026/1/31|20260131|1799-12-31
2026-01-31T10:00:00|2026-01-31 10:00:00.75|2026-01-31T10:00:00Z|2026-01-31T23:59:59+09:30|1988-06-01T00:00:00Z
1991-12-31T00:00:00-12:00|9999-12-31T23:59:59Z|2026-13-01|2026-01-31T24:00:00|2026-01-31T10:00|1,234.50|12|-0|007
3000000000.00|16777217.01|0.005|12.345|1.|.5|+5|12.0|9999999999999999999|110101199003078515|ABCDE|abcde-1
"""
CODES = [uscc(5), uscc(5).lower(), uscc(5)[:-1] + "0", f" {uscc(6)} "]
TIME = r"(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](Z|[+-][0-2][0-9]:[0-6][0-9])?)?"
TEXTS = st.one_of(
    st.sampled_from(["", " ", *WORDS.strip().replace("\n", "|").split("|"), *CODES]),
    st.text(max_size=12),
    st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{0,6})?", fullmatch=True),
    st.from_regex(TIME),
)
VALUES = st.one_of(TEXTS, st.none(), st.booleans(), st.integers(), st.floats(), st.lists(st.integers(), max_size=1))
KINDS = st.sampled_from(sorted(event_kinds()))


@st.composite
def objects(draw: Any) -> bytes:
    """A line: an event with some fields changed, or something odd."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.one_of(st.binary(max_size=30), st.text(max_size=30).map(str.encode)))
    event = flow(draw(st.integers(0, 5))) if draw(st.booleans()) else {}
    kind = draw(KINDS) if draw(st.integers(0, 3)) == 0 else "account_flow"
    if draw(st.integers(0, 3)) == 0:
        event = {"kind": kind, **event}
    keys = st.sampled_from([*sorted(keys_of(event_kinds()[kind])), "kind", "strange", "amuont"])
    event.update(draw(st.dictionaries(keys, VALUES, max_size=4)))
    compact = draw(st.booleans())
    text = json.dumps(event, ensure_ascii=draw(st.booleans()), separators=(",", ":") if compact else None)
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(text)))
        text = (
            text[:at]
            + draw(st.sampled_from(['"', "\\", "}", "{", ",", "\\u12", "\\ud800", "0", "\x01", " ", "\t"]))
            + text[at:]
        )
    return text.encode("utf-8", "surrogatepass")


@cache
def parser_of(kind: str) -> Parser:
    """One parser for all examples: what it has learned must make no difference."""
    return Parser(kind)


def plain(found: list[Parsed]) -> dict[str, tuple[Any, Any]]:
    """What was read, for comparing."""
    return {part.kind: (part.rows.to_pylist(), part.rejected.to_pylist()) for part in found}


def together(parts: list[list[Parsed]]) -> dict[str, tuple[Any, Any]]:
    """What was read in several blocks."""
    found: dict[str, tuple[Any, Any]] = {}
    for part in (part for block in parts for part in block):
        rows, bad = found.setdefault(part.kind, ([], []))
        rows += part.rows.to_pylist()
        bad += part.rejected.to_pylist()
    return found


@settings(max_examples=200, deadline=None)
@given(st.lists(objects(), max_size=8), st.sampled_from(["account_flow", "", "loan_flow"]), st.integers(0, 8))
@example([b'{"kind":"account_flow"}', b"[1]", b"1", b"null", b'{"a":1}{"b":2}', b"{}"], "", 0)
@example([b'{"summary":"x","kind":"invoice","amount":{"kind":"loan_flow"}}'], "account_flow", 0)
@example([b'{"\\u006bind":"invoice","amount":1}', b'{"kind":"account\\u005fflow"}'], "account_flow", 1)
@example([b'{"kind":"","amount":1}', b'{"kind":null,"amount":1}'], "account_flow", 1)
@example([b"\xef\xbb\xbf" + b'{"amount":1}', b"\xb7\xa2"], "account_flow", 1)
def test_both_roads_read_every_line_alike(some: list[bytes], kind: str, cut: int) -> None:
    """Rows, bad rows, and their order, whole or in two blocks."""
    some = [line.replace(b"\n", b" ") for line in some]
    block = b"".join(line + b"\n" for line in some)
    parser = parser_of(kind)
    slow = plain(parser.lines(block, 7, fast=False))
    assert plain(parser.lines(block, 7)) == slow
    if cut < len(some) and not block.startswith(b"\xef"):
        first = b"".join(line + b"\n" for line in some[:cut])
        if not any(line.startswith(b"\xef\xbb\xbf") for line in some):
            assert together([parser.lines(first, 7), parser.lines(block[len(first) :], 7 + cut)]) == slow


@settings(max_examples=60, deadline=None)
@given(st.decimals(-(10**17), 10**17, places=2), st.booleans())
def test_money_keeps_every_digit(amount: Any, as_text: bool) -> None:
    """An amount comes out as it went in, whether written as a number or as a text."""
    written = f'"{amount}"' if as_text else str(amount)
    event = json.dumps(flow(1, amount=None, balance_after=1))[:-1] + f',"amount":{written}}}\n'
    found = parser_of("account_flow").lines(event.encode(), 1)[0]
    if amount <= 0:
        assert "account_flow.amount_not_positive" in found.rejected.column("problems")[0].as_py()
    else:
        assert found.rows.column("amount").to_pylist() == [amount]
        assert found.rows.schema.field("amount").type == pa.decimal128(20, 2)
