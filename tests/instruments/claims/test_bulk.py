"""All claims at once are the claims one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from houfeng.engine.duckdb import Engine
from houfeng.errors import EnvironmentFault, Text, UsageError
from houfeng.instruments.amounts.shape import KEY
from houfeng.instruments.claims import draw
from houfeng.instruments.drawing.bulk import KINDS, claim_from, claimable, judge_all, shares
from houfeng.instruments.drawing.judged import together
from houfeng.instruments.drawing.listing import wanted
from houfeng.instruments.eligibility import judge_sql, reasons
from houfeng_cli.market.claim import command
from instruments.claims.claim_samples import RURAL, STATE, SUBSIDIES, TOOLS, book, draft, loan, pack

FIRST, MAR = date(2026, 1, 1), date(2026, 3, 31)
LOANS = [
    loan(1, "6000000.50", date(2026, 1, 1), date(2026, 12, 31)),
    loan(2, "7000000", date(2026, 2, 1), date(2026, 12, 1)),
    loan(3, "500000", date(2026, 2, 1), date(2026, 12, 1), use_industry="C2710", product="F023"),
    loan(4, "500000", date(2025, 10, 1), date(2026, 12, 1)),
]
FIRMS = [{"enterprise_id": "FIRM1", "name": "样例", "size": "CS03", "is_private": True, "high_rd": True}]


def bought(bank: str, contract: str, number: int, amount: str, day: date, **facts: Any) -> dict[str, Any]:
    plain = {
        "institution_id": bank, "contract_no": contract, "note_no": "1", "purchase_no": f"P{number}",
        "borrower_id": "FIRM1", "purchased_on": day, "amount": Decimal(amount), "field": "daily",
        "rate": Decimal("3.1"), "ends_on": date(2026, 12, 1), "identified": True,
    }  # fmt: skip
    return plain | facts


PURCHASES = [
    bought(STATE, "C001", 1, "60000", date(2026, 1, 5)),
    bought(STATE, "C004", 2, "400", date(2025, 11, 5)),
    bought(STATE, "C003", 3, "700.37", date(2026, 2, 9)),
    bought(STATE, "C003", 4, "700.37", date(2026, 2, 10), identified=None),
]


def test_all_claims_at_once_are_the_claims_one_by_one(tmp_path: Path) -> None:
    rural = [{**one, "institution_id": RURAL, "contract_no": f"R{at}"} for at, one in enumerate(LOANS)]
    made = book(
        tmp_path / "book", {MAR: LOANS},
        draft("loan", rural, RURAL, MAR), draft("enterprise", FIRMS, "registry", date(2026, 1, 1)),
        draft("consumer_purchase", PURCHASES, STATE, None),
    )  # fmt: skip
    snapshot, known = made.snapshot(), made.snapshot().known_at.date()
    assert list(shares(snapshot, "loan", MAR)) != ["TRUE"]
    packs = [pack(TOOLS), pack(SUBSIDIES)]
    some = 0
    with Engine() as engine:
        judged = {kind: judge_all(engine, snapshot, packs, kind, MAR, known, tmp_path) for kind in KINDS}
        assert judged["loan"].rows == 8
        assert judged["consumer_purchase"].rows == 4
        every = {kind: [one for mine in packs for one in claimable(mine, kind)] for kind in KINDS}
        gathered = {kind: judged[kind].gathered(engine, every[kind], least=1) for kind in KINDS}
        assert all(one.few is not None and len(one.few.grants) > 1 for one in gathered.values())
        assert judged["loan"].gathered(engine, []) is judged["loan"]
        for mine in packs:
            for one in (each for kind in KINDS for each in claimable(mine, kind)):
                with claim_from(engine, snapshot, mine, one, FIRST, MAR, known, judged) as tables:
                    both = [tables.lines(bank) for bank in (STATE, RURAL)]
                with claim_from(engine, snapshot, mine, one, FIRST, MAR, known, gathered) as tables:
                    assert [tables.lines(bank) for bank in (STATE, RURAL)] == both
                alone = [draw(snapshot, mine, one.name, bank, FIRST, MAR, engine=engine) for bank in (STATE, RURAL)]
                told = [[(row[:4], row[-3]) for row in rows] for rows in both]
                assert told == [[(tuple(line.key), line.amount) for line in draft.lines] for draft in alone], one.name
                some += sum(map(len, told))
    assert some > 5


def test_the_command_writes_what_the_claims_say_and_the_reasons(tmp_path: Path) -> None:
    made = book(
        tmp_path / "book", {MAR: LOANS},
        draft("enterprise", FIRMS, "registry", date(2026, 1, 1)), draft("consumer_purchase", PURCHASES, STATE, None),
    )  # fmt: skip
    out, period = tmp_path / "一季度's", ["--from", f"{FIRST}", "--to", f"{MAR}", "--known-at", "2026-12-31"]
    words = ["every", str(out), *period, "--reasons", "--book", str(tmp_path / "book")]
    done = CliRunner().invoke(command, words, env={"HOUFENG_LANG": "en"})
    assert done.exit_code == 0, done.output
    assert "8 loans and purchases judged" in done.output
    snapshot = made.snapshot(datetime(2026, 12, 31, 23, 59, 59))
    found = {}
    for file in sorted(out.glob("claim-*.parquet")):
        name, told = file.stem.removeprefix("claim-"), pq.read_table(file).to_pylist()
        mine = next(one for one in (pack(TOOLS), pack(SUBSIDIES)) if name in one.instruments)
        alone = draw(snapshot, mine, name, STATE, FIRST, MAR)
        lines = [(*line.key, line.amount) for line in alone.lines]
        assert sorted((*(one[key] for key in KEY), one["amount"]) for one in told) == sorted(lines), name
        found[name] = len(lines)
    assert len(found) == 22
    assert found["services_subsidy_2026"] == 1
    assert sum(found.values()) > 3
    answers = pq.read_table(out / "answers-loan.parquet")
    bits = (answers.schema.metadata[b"houfeng.bits.services_subsidy_2026"]).decode().split(",")
    third = next(one for one in answers.to_pylist() if one["contract_no"] == "C004")
    failed = {bit for at, bit in enumerate(bits) if third["services_subsidy_2026_failed"] >> at & 1}
    why = reasons(pack(SUBSIDIES), "services_subsidy_2026", third["services_subsidy_2026_failed"], 0)
    assert failed == {one.condition for one in why}
    assert third["services_subsidy_2026"] is False
    turned = CliRunner().invoke(command, ["every", str(out), "--from", f"{MAR}", "--to", f"{FIRST}"])
    assert isinstance(turned.exception, UsageError)
    (tmp_path / "file").touch()
    beside = CliRunner().invoke(command, ["every", str(tmp_path / "file" / "out"), *words[2:]])
    assert isinstance(beside.exception, EnvironmentFault)


def test_the_words_of_a_row_say_what_its_masks_say(tmp_path: Path) -> None:
    made = book(
        tmp_path / "book", {MAR: LOANS},
        draft("enterprise", FIRMS, "registry", date(2026, 1, 1)), draft("consumer_purchase", PURCHASES, STATE, None),
    )  # fmt: skip
    snapshot, known, packs, seen = (
        made.snapshot(),
        made.snapshot().known_at.date(),
        [pack(TOOLS), pack(SUBSIDIES)],
        set(),
    )
    with Engine() as engine:
        for kind in KINDS:
            judged = judge_all(engine, snapshot, packs, kind, MAR, known, tmp_path)
            for mine, one in ((each, one) for each in packs for one in claimable(each, kind)):
                asked = wanted(one)
                apart = judge_sql(
                    snapshot, mine, [one.name], MAR, known, fields=asked.fields, columns=asked.columns
                ).sql
                names = [*asked.fields, *asked.columns, one.name, f"{one.name}_failed", f"{one.name}_unknown"]
                listed = ", ".join(f'"{each}"' for each in names)
                both = [
                    engine.rows(f"SELECT {listed} FROM ({sql}) ORDER BY ALL")
                    for sql in (judged.select(mine, one, asked.fields, asked.columns, []), apart)
                ]
                assert both[0] == both[1], one.name
                seen |= {row[-3] for row in both[0]}
    assert seen == {True, False, None}


def test_packs_that_disagree_are_not_judged_together() -> None:
    tools, name = pack(TOOLS), "psl_rate"
    other = replace(tools.parameters[name], label=Text("别的", "another"))
    changed = replace(tools, name="other", parameters={**tools.parameters, name: other})
    with pytest.raises(UsageError, match=name):
        together([tools, changed])
