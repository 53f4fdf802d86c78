"""Parameters know two times; readings set them; packs lend them to each other."""

# ruff: noqa: E501  (rows of examples are read across)

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from houfeng.book.connection import connect
from houfeng.errors import UsageError
from houfeng.packs.cases import run_cases
from houfeng.packs.language.expression import Node
from houfeng.packs.language.functions import T
from houfeng.packs.loading.load import load_pack, read_pack
from houfeng.packs.model import Parameter
from houfeng.packs.roads.sql import SqlWriter, name
from packs.pack_text import HEAD, read_text

PARAMETERS = """
parameters:
  rate:
    unit: percent
    values:
      2024-01-01: 2.00
      2025-01-01:
        - {value: 1.75, known_from: 2024-12-20}
        - {value: 1.80, known_from: 2025-03-01}          # a correction, learnt later
      2026-01-01: {value: 1.50, known_from: 2025-12-01, until: 2026-07-01}
"""


def value_of(parameter: Parameter, day: str, known: str) -> Any:
    found = parameter.on(date.fromisoformat(day), date.fromisoformat(known))
    return found.value if found else None


@pytest.mark.parametrize(
    ("day", "known", "wanted"),
    [
        ("2026-01-20", "2026-01-14", "1.50"), ("2026-01-20", "2026-01-16", "1.25"), ("2026-01-18", "2026-01-10", "1.50"),
        ("2026-01-18", "2026-01-16", "1.50"), ("2026-01-18", "2026-02-20", "1.50"), ("2026-01-18", "2030-01-01", "1.50"),
        ("2026-01-19", "2026-01-20", "1.25"),
    ],
)  # fmt: skip
def test_relending_rate_of_two_times(day: str, known: str, wanted: str) -> None:
    """The one-year relending rate, valid on one day as known on another (acceptance.md, Policy)."""
    assert value_of(load_pack("china-base").parameters["relending_1y"], day, known) == Decimal(wanted)


@pytest.mark.parametrize(
    ("day", "known", "wanted"),
    [
        ("2023-12-31", "2030-01-01", None), ("2024-01-01", "2024-01-01", "2"), ("2024-01-01", "2023-12-31", None),
        ("2025-06-01", "2024-12-19", "2"), ("2025-06-01", "2024-12-20", "1.75"), ("2025-06-01", "2025-02-28", "1.75"),
        ("2025-06-01", "2025-03-01", "1.80"), ("2024-12-31", "2026-01-01", "2"), ("2026-06-30", "2026-06-30", "1.50"),
        ("2026-07-01", "2026-07-01", None),
    ],
)  # fmt: skip
def test_correction_and_end(day: str, known: str, wanted: str | None) -> None:
    """A correction is seen from the day it was known; a value with `until` ends."""
    found = value_of(read_text(PARAMETERS).parameters["rate"], day, known)
    assert found == (Decimal(wanted) if wanted else None)


def test_turning_days() -> None:
    """Every day on which the value seen on the day itself can change."""
    days = read_text(PARAMETERS).parameters["rate"].turning_days()
    assert {date(2024, 12, 20), date(2025, 3, 1), date(2026, 7, 1), date(2024, 1, 1)} <= days


@pytest.mark.parametrize("known", [None, date(2025, 1, 15), date(2025, 6, 1)])
def test_parameter_over_a_column_of_days(known: date | None) -> None:
    """Looked up per row, as known on that day or on one day, and at another day of the row."""
    pack = read_text(PARAMETERS)
    rate = pack.parameters["rate"]
    writer = SqlWriter(pack, "day", known, lambda node: name(node.text))
    other = Node("field", (), T.DATE, "other")
    parameter = Node("parameter", (), T.DECIMAL, ":rate", "rate", 2)
    call = Node("call:at", (parameter, other), T.DECIMAL, "", None, 2)
    connection = connect(threads=1)
    days = "SELECT CAST(range AS DATE) AS d FROM range(TIMESTAMP '2023-12-20', TIMESTAMP '2026-08-01', INTERVAL 13 DAY)"
    sql = f"SELECT day, other, {writer.write(parameter)}, {writer.write(call)} FROM (SELECT d AS day FROM ({days})), (SELECT d AS other FROM ({days}))"
    for day, at, own, there in connection.execute(sql).fetchall():
        one, two = rate.on(day, known or day), rate.on(at, known or day)
        assert own == (one.value if one else None), (day, known)
        assert there == (two.value if two else None), (day, at, known)


READINGS = """
parameters:
  closed: {unit: boolean, values: {2024-01-01: false, 2025-01-01: false}}
interpretations:
  edge:
    clause: x
    question: x
    chosen: strict
    chosen_by: x
    readings:
      strict: {label: x, parameters: {closed: false}}
      rival: {label: x, parameters: {closed: true}}
values:
  counted: {label: x, over: loan, value: "principal < 10 or (:closed and principal = 10)"}
cases:
  - {name: strict, as_of: 2025-01-20, given: {loan: {principal: 10}}, expect: {counted: false}, parameters: {closed: false}}
  - {name: rival, as_of: 2025-01-20, readings: {edge: rival}, given: {loan: {principal: 10}}, expect: {counted: true}, parameters: {closed: true}}
"""


def test_readings_change_what_is_computed() -> None:
    """The rival reading sets its parameters on every day; the chosen one is the pack as written."""
    pack = read_text(READINGS)
    assert all(outcome.passed for outcome in run_cases(pack))
    rival = pack.with_readings({"edge": "rival"})
    assert [v.value for v in rival.parameters["closed"].values] == [True, True]
    assert [v.value for v in pack.parameters["closed"].values] == [False, False]
    assert pack.with_readings({}).parameters == pack.parameters


@pytest.mark.parametrize(("readings", "words"), [({"egde": "rival"}, "edge"), ({"edge": "loose"}, "strict, rival")])
def test_unknown_reading(readings: dict[str, str], words: str) -> None:
    """An unknown interpretation or reading is told with what there is."""
    with pytest.raises(UsageError, match=words):
        read_text(READINGS).with_readings(readings)


def write(folder: Path, pack: str, body: str) -> Path:
    (folder / pack).mkdir()
    (folder / pack / "pack.yaml").write_text(HEAD.replace("tried", pack) + body, encoding="utf-8")
    return folder / pack


def test_requires_lends_parameters_sets_and_items(tmp_path: Path) -> None:
    """A pack uses what the pack beside it defines; the digest covers both."""
    write(tmp_path, "base", "parameters:\n  cap: {unit: CNY, values: {2024-01-01: 5}}\ncode_sets:\n  s: {label: x, members: [A]}\nvalues:\n  v: {label: x, over: loan, value: principal + :cap}\n")  # fmt: skip
    top = write(
        tmp_path,
        "top",
        "requires: [base]\nthemes:\n  t: {label: x, over: loan, when: \"v > :cap and in_set(purpose, 's')\"}\n",
    )
    pack, problems = read_pack(top)
    assert pack is not None
    assert not problems
    assert [item.name for item in pack.themes()] == ["t"]
    before = pack.digest
    (tmp_path / "base" / "pack.yaml").write_text((tmp_path / "base" / "pack.yaml").read_text() + "description: x\n")
    again, _ = read_pack(top)
    assert again is not None
    assert again.digest != before


def test_ring_of_packs_ends(tmp_path: Path) -> None:
    """Packs that require each other are told, not followed for ever."""
    write(tmp_path, "a", "requires: [b]\n")
    write(tmp_path, "b", "requires: [c]\n")
    write(tmp_path, "c", "requires: [a]\n")
    _, problems = read_pack(tmp_path / "a")
    assert [p.code for p in problems] == ["pack.requires"]
    itself = write(tmp_path, "d", "requires: [d]\n")
    assert "ring" in read_pack(itself)[1][0].message.en


def test_names_of_required_packs_cannot_be_taken(tmp_path: Path) -> None:
    """An item, parameter or set of a required pack is not quietly replaced."""
    body = "parameters:\n  cap: {unit: CNY, values: {2024-01-01: 5}}\nvalues:\n  v: {label: x, over: loan, value: principal}\n"
    write(tmp_path, "base", body)
    _, problems = read_pack(write(tmp_path, "top", "requires: [base]\n" + body))
    assert [p.code for p in problems] == ["pack.twice", "pack.twice"]


def case_problems(body: str) -> list[str]:
    text = "parameters:\n  cap: {unit: CNY, values: {2024-01-01: 5}}\nthemes:\n  t: {label: x, over: loan, when: principal > :cap}\n"
    text += f"cases:\n  - {body}\n"
    return [problem.render("en") for outcome in run_cases(read_text(text)) for problem in outcome.problems]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{name: a, as_of: 2026-01-01, given: {loan: {principal: 9}}, expect: {t: false}}", "t should be False, is True"),
        ("{name: a, as_of: 2026-01-01, given: {loan: {principal: 9}}, expect: {tt: true}}", "there is no tt"),
        ("{name: a, as_of: 2026-01-01, given: {loan: {principle: 9}}, expect: {t: true}}", "did you mean “principal”"),
        ("{name: a, as_of: 2026-01-01, given: {lone: {principal: 9}}, expect: {t: true}}", "did you mean “loan”"),
        ("{name: a, as_of: 2026-01-01, given: {loan: {principal: nine}}, expect: {t: true}}", "nine is no money"),
        ("{name: a, as_of: 2026-01-01, given: {loan: {principal: 1.005}}, expect: {t: true}}", "1.005 is no money"),
        ("{name: a, as_of: 2026-01-01, given: {loan: {disbursed_on: soon}}, expect: {t: true}}", "soon is no date"),
        ("{name: a, as_of: 2026-01-01, given: {loan: {is_first_loan: 5}}, expect: {t: true}}", "5 is no boolean"),
        ("{name: a, as_of: 2026-01-01, given: {loan: 5}, expect: {t: true}}", "should be a mapping"),
        ("{name: a, as_of: 2026-01-01, given: {loan: {borrower: 5}}, expect: {t: true}}", "should be a mapping"),
        ("{name: a, as_of: 2026-01-01, given: {loan: {person: {}}}, expect: {t: true}}", "no relation that leads to loan"),
        ("{name: a, as_of: 2026-01-01, given: {}, expect: {t: true}}", "no row to ask about"),
        ("{name: a, as_of: 2026-01-01, given: {loan: {}}, parameters: {cap: 6}}", "cap should be 6, is 5"),
        ("{name: a, as_of: 2026-01-01, given: {loan: {}}, parameters: {cup: 6}}", "there is no cup"),
        ("{name: a, as_of: 2026-01-01, given: {loan: {}}, readings: {x: y}}", "no interpretation x"),
        ("{name: a, as_of: 2026-01-01, given: {loan: {principal: 9}}, expect: {t: 1}}", "t should be 1, is True"),
    ],
)  # fmt: skip
def test_wrong_case_says_what_is_wrong(body: str, words: str) -> None:
    """A failing or mistaken case is told in words, by name."""
    told = case_problems(body)
    assert any(words in line for line in told), told


def test_overflow_is_told_not_guessed() -> None:
    """What does not fit 38 digits or 64 bits is an error by both roads, never a wrong figure."""
    text = "values:\n  v: {label: x, over: loan, value: principal * principal * principal}\ncases:\n  - {name: a, as_of: 2026-01-01, given: {loan: {principal: 999999999999999999}}, expect: {v: 1}}\n"
    (outcome,) = run_cases(read_text(text))
    assert ["too large" in p.message.en for p in outcome.problems] == [True]


@pytest.mark.parametrize("amount", ["3000000000", "16777217.01", "99999999999999999.99"])
def test_exact_figures_by_both_roads(amount: str) -> None:
    """Figures that a float would bend come out as they went in."""
    text = f"values:\n  v: {{label: x, over: loan, value: principal}}\n  w: {{label: x, over: loan, value: principal * 1.00 + 0.00}}\ncases:\n  - {{name: a, as_of: 2026-01-01, given: {{loan: {{principal: {amount}}}}}, expect: {{v: {amount}, w: {amount}}}}}\n"
    assert all(outcome.passed for outcome in run_cases(read_text(text)))


def test_finer_decimals_are_not_rounded_away() -> None:
    """A sum of 38 digits beside a finer number: DuckDB alone would round the finer one to the sum's places."""
    text = "indicators:\n  total: {label: x, over: enterprise, from: public_record, measure: sum(amount), window: 90 days}\n  over: {label: x, over: enterprise, from: public_record, measure: sum(amount) > 1.004, window: 90 days}\nvalues:\n  v: {label: x, over: enterprise, value: 'case when is_rural then total else 1.005 end'}\n  w: {label: x, over: enterprise, value: total > 1.004}\n"
    text += "cases:\n  - {name: a, as_of: 2026-01-01, given: {enterprise: {is_rural: false, public_record: [{amount: 1}]}}, expect: {v: 1.005, w: false, over: false}}\n"
    assert all(outcome.passed for outcome in run_cases(read_text(text)))


def test_moment_and_day() -> None:
    """A day beside a moment is the moment it begins."""
    text = "indicators:\n  n: {label: x, over: enterprise, from: account_flow, by: enterprise, measure: count(), where: 'occurred_at > date ''2026-01-01''', window: 5 days}\n"
    text += "cases:\n  - {name: a, as_of: 2026-01-02, given: {enterprise: {account_flow: [{_by: enterprise, occurred_at: 2026-01-01T00:00:00}, {_by: enterprise, occurred_at: 2026-01-01T00:00:01}]}}, expect: {n: 1}}\n"
    assert all(outcome.passed for outcome in run_cases(read_text(text)))
    assert datetime(2026, 1, 1) < datetime(2026, 1, 1, 0, 0, 1)
