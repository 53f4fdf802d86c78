"""Nothing in a pack can break the reader or reach out of it: hostile expressions, random bytes, mutated packs."""

# ruff: noqa: E501  (rows of examples are read across)

from __future__ import annotations

import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houfeng.book.model import kinds
from houfeng.book.yamlfile import Item, read_yaml
from houfeng.errors import HoufengError, Problem
from houfeng.packs.language.binding import Names
from houfeng.packs.language.functions import FUNCTIONS
from houfeng.packs.language.text import Place
from houfeng.packs.loading.load import read_pack
from houfeng.packs.loading.source import library, shipped
from packs.pack_text import check_text, read_condition

HOSTILE = [
    "read_csv('/etc/passwd')", "getenv('HOME') = 'x'", "pragma_version()", "purpose = (select content from read_text('x'))",
    "exists (select 1)", "principal in (select 1)", "principal > any (select 1)", "principal = all (select 1)",
    "list_transform([1], x -> x) is null", "[1, 2, 3] is null", "{'a': 1} is null", "struct_pack(a := 1) is null",
    "purpose[1] = 'a'", "purpose[1:2] = 'a'", "cast(principal as integer) = 1", "principal::varchar = '1'", "try_cast(purpose as date) is null",
    "row_number() over () = 1", "sum(principal) over (partition by purpose) > 1", "count(*) > 1", "sum(principal) > 1",
    "is_first_loan; drop table loan", "is_first_loan; select 1", "1; attach 'x.db'",
    "copy loan to 'x'", "install httpfs", "load httpfs", "set a = 1", "$1 = 1", "? = 1", "purpose ilike 'a'", "purpose similar to 'a'",
    "purpose ~ 'a'", "purpose glob 'a'", "regexp_matches(purpose, 'a')", "purpose like 'a' escape 'b'", "purpose || 'x' = 'x'", "purpose collate nocase = 'a'",
    "principal ** 2 > 1", "principal ^ 2 > 1", "principal % 2 = 1", "principal // 2 = 1", "principal & 1 = 1", "principal >> 1 = 1",
    "interval 1 day is null", "disbursed_on + interval '1' day is null", "timestamp '2026-01-01' is null", "current_date > disbursed_on",
    "current_timestamp is null", "current_user = 'x'", "now() is null", "random() > 0.5", "today() > disbursed_on", "extract(year from disbursed_on) = 2024",
    "loan.loan.loan.loan is null", "main.loan.principal > 1", "\"principal; drop\" > 1", "e'\\x41' = purpose", "x'41' = purpose", "$$a$$ = purpose",
    "case principal when 1 then true end", "if(is_first_loan, true, false)", "iif(is_first_loan, true, false)", "is_first_loan ? 1 : 2", "columns('.*') is null",
    "* is null", "loan.*", "(principal, purpose) = (1, 'a')", "unnest([1]) = 1", "grouping sets ()", "lambda x: x", "principal is distinct from 1",
    "is_first_loan is true", "principal is not distinct from 2", "purpose is json", "at(disbursed_on, 1) is null", "as_of(1) is null", "\u202eprincipal > 1",
    "ｐrincipal > 1", "principal\u00a0> 1 > 2", "is_first_loan\u200b", "\ufeffis_first_loan;", "principal > 1_0_0x", "0x10 = 1", "1e400 > 1", "principal > .", "'" * 7, "\"" * 3, "((", "))", "case when end",
    "not", "-", "- - -", "in ()", "principal in ()", "in_set(use_industry, use_industry)", "in_set(use_industry, 5)", "round(principal, -1) = 1",
    "round(principal, overdue) = 1", "round(principal, 99999999999) = 1", "set_group(use_industry) = 'x'", "a.b.c.d.e.f.g.h = 1", "principal > 99999999999999999999",
    "with a as (select 1) select true", "values (1)", "select true", "from loan", "describe loan", "summarize loan", "pivot loan on purpose", "loan", "borrower", "borrower is null",
    "is_first_loan and /* hidden */ ) or (1 = 1", "true qualify true", "true limit 1", "true order by 1", "true union select true", "true as x", "x: true", "nextval('s') = 1", "try(1/0 = 1)", "error('x')",
    "query('select 1') is null", "query_table('loan') is null", "macro(1)", "main.getenv('HOME') = 'x'", "system.main.getenv('HOME') = 'x'", "purpose.upper() = 'X'", "purpose.length() > 1",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_expression_is_refused(text: str) -> None:
    """Everything off the list is a problem that names it; no exception, no node."""
    node, problems = read_condition(text)
    assert problems
    assert all(isinstance(p, Problem) and p.code.startswith(("pack.", "yaml.")) for p in problems)
    assert node is None


@pytest.mark.parametrize(
    "text",
    [
        "is_first_loan /* why */",
        "is_first_loan -- why",
        "is_first_loan -- comment ; drop table loan",
        "IS_FIRST_LOAN is null or true",
    ],
)
def test_comment_or_case_does_no_harm(text: str) -> None:
    """A comment is dropped; whatever is read is the harmless rest, or refused."""
    node, problems = read_condition(text)
    assert (node is None) == bool(problems)
    assert node is None or {part.op for part in node.walk()} <= {"field", "or", "is_null", "literal"}


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "1" + ")" * 5000, "1" + " + 1" * 1400, "not " * 1400 + "true", "- " * 2900 + "1 = 1", "-" * 5000 + "1 = 1",
        "case when true then " * 200 + "1" + " end" * 200, "abs(" * 59 + "principal" + ")" * 59 + " > 1", "principal" + "::date" * 500,
        "true" + " or true" * 700, "principal in (" + "1," * 2800 + "1)", "'" + "a" * 7000 + "' = purpose", "a." * 2900 + "b", "x" * 1_000_000,
        "principal between " * 300 + "1 and 1" * 300, "set_group(" * 50 + "purpose" + ", 's')" * 50 + " = 'x'", "1 = " * 1000 + "1", "[" * 59 + "]" * 59,
    ],
    ids=[str(n) for n in range(17)],
)  # fmt: skip
def test_large_expression_ends_soon(text: str) -> None:
    """Depth and length are bounded: an answer, or one problem, within seconds."""
    begun = time.monotonic()
    _, problems = read_condition(text)
    assert all(isinstance(p, Problem) for p in problems)
    assert time.monotonic() - begun < 20


def test_long_chain_of_flat_conditions_is_read() -> None:
    """Many alternatives side by side are no depth."""
    node, problems = read_condition(" or ".join(f"use_industry = 'C{n}'" for n in range(200)))
    assert not problems
    assert node is not None
    assert len(node.args) == 200


def test_items_that_double_do_not_explode() -> None:
    """Thirty items, each twice the one before: read, checked and proved in moments; a thousand is a problem."""

    def chain(count: int) -> str:
        lines = ["values:", "  v0: {label: x, over: enterprise, value: employees}"]
        lines += [f"  v{n}: {{label: x, over: enterprise, value: v{n - 1} + v{n - 1}}}" for n in range(1, count)]
        lines.append(
            f"tables:\n  t:\n    label: x\n    over: enterprise\n    rows: [{{when: v{count - 1} > 1, then: '1'}}]\n    else: '2'\n"
        )
        return "\n".join(lines)

    begun = time.monotonic()
    assert not check_text(chain(30))[1]
    assert {"pack.too_deep"} <= {p.code for p in check_text(chain(1000))[1]}
    backwards = chain(300).splitlines()
    backwards[1:301] = backwards[300:0:-1]
    assert check_text("\n".join(backwards))[1]
    assert time.monotonic() - begun < 60


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x]\nb: [*a, *a]", "[" * 100_000 + "]" * 100_000, "{a: " * 30_000 + "}" * 30_000, "- " * 50_000, "a: " + "9" * 5000, "a: !!python/object/apply:os.system [x]",
        "<<: {a: 1}", "a: １２３", "? {a: 1}\n: b", "%YAML 9.9\n---\na", "a: \"\\ud800\"", "a: b: c", "\t", "---\na\n---\nb", "a: |\n" + " x" * 400_000, "&a : *a", "!!binary aGk=", "!!set {a, b}", "a: 2026-99-99", "\ufeffa: 1", "a: \0",
    ],
)  # fmt: skip
def test_hostile_yaml(text: str) -> None:
    """Bombs, tags, depth and odd scalars give an item or problems."""
    item, problems = read_yaml(text, "f.yaml")
    assert item is None or isinstance(item, Item)
    assert item is not None or problems


def test_full_width_digits_stay_text() -> None:
    """YAML's numbers are ASCII; nothing is guessed."""
    item, _ = read_yaml("a: １２３\nb: 12_000\nc: 1.50\nd: no\ne: 0123", "f")
    assert item is not None
    assert {k: str(v) for k, v in item.plain().items()} == {
        "a": "１２３",
        "b": "12000",
        "c": "1.50",
        "d": "no",
        "e": "0123",
    }


FUZZ = settings(
    max_examples=300, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
PIECES = st.sampled_from(
    [*FUNCTIONS, *list(kinds()["loan"].fields)[:12], "borrower.", ":cap", "(", ")", ",", "'", '"', "and", "or", "not", "case", "when", "then", "end", "in", "like", "between", "is", "null",
     "*", "/", "+", "-", "=", "<", ">", "::", "->", "[", "]", "{", "}", ";", "--", "/*", "*/", "select", "from", "date '2026-01-01'", "1", "0.5", "1e5", "$", "?", "@", "#", "\\", "😀", "中", "\u202e", " "]
)  # fmt: skip


@FUZZ
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=14).map(" ".join)))
def test_random_expressions(text: str) -> None:
    """Random text and random words of the language: a tree or problems, never an exception."""
    names = Names({}, {})
    node = names.read(text, Place("f", text, Item(1, 1, text)), "loan")
    assert (node is None) == bool(names.problems)


@FUZZ
@given(st.one_of(st.text(), st.binary().map(lambda b: b.decode("utf-8", "replace"))))
def test_random_yaml(text: str) -> None:
    """Random text: an item or problems."""
    item, problems = read_yaml(text, "f")
    assert item is not None or problems


SHIPPED = [path.read_bytes() for name in shipped() for path in sorted((library() / name).glob("*.yaml"))]


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A window of a shipped file with some of its bytes, words or lines changed, doubled or gone."""
    lines = data.splitlines(keepends=True)
    start = rng.randrange(len(lines))
    lines = lines[:12] + lines[start : start + 40]
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(lines))
        line = lines[at]
        match rng.randrange(6):
            case 0:
                lines.pop(at)
                lines = lines or [b"\n"]
            case 1:
                lines.insert(at, rng.choice(lines))
            case 2:
                cut = rng.randrange(len(line) + 1)
                lines[at] = line[:cut] + rng.randbytes(rng.randint(0, 3)) + line[cut + 1 :]
            case 3:
                lines[at] = b"  " + line
            case 4:
                words = line.split(b" ")
                rng.shuffle(words)
                lines[at] = b" ".join(words)
            case _:
                lines[at] = line.replace(
                    rng.choice((b":", b"{", b",", b"'", b"}")), rng.choice((b"", b"[", b": ", b'"', b"null", b"5"))
                )
    return b"".join(lines)


@settings(parent=FUZZ, max_examples=150)
@given(st.integers(0, 2**32))
def test_mutated_packs(seed: int) -> None:
    """Damaged real packs: a pack and problems, or one HoufengError; nothing else escapes."""
    rng = random.Random(seed)
    with TemporaryDirectory() as folder:
        Path(folder, "pack.yaml").write_bytes(mutated(rng.choice(SHIPPED), rng))
        try:
            _, problems = read_pack(folder + "/")
        except HoufengError:
            return
    assert all(isinstance(p, Problem) for p in problems)
