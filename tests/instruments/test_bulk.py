"""All claims at once are the claims one by one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from houfeng.engine.duckdb import Engine
from houfeng.instruments.claims import draw
from houfeng.instruments.drawing.bulk import claim_from, claimable, judge_all, shares
from instruments.claim_samples import RURAL, STATE, SUBSIDIES, TOOLS, book, draft, loan, pack

FIRST, MAR = date(2026, 1, 1), date(2026, 3, 31)
LOANS = [
    loan(1, "6000000.50", date(2026, 1, 1), date(2026, 12, 31)),
    loan(2, "7000000", date(2026, 2, 1), date(2026, 12, 1)),
    loan(3, "500000", date(2026, 2, 1), date(2026, 12, 1), use_industry="C2710", product="F023"),
    loan(4, "500000", date(2025, 10, 1), date(2026, 12, 1)),
]
FIRMS = [{"enterprise_id": "FIRM1", "name": "样例", "size": "CS03", "is_private": True, "high_rd": True}]


def test_all_claims_at_once_are_the_claims_one_by_one(tmp_path: Path) -> None:
    rural = [{**one, "institution_id": RURAL, "contract_no": f"R{at}"} for at, one in enumerate(LOANS)]
    made = book(
        tmp_path / "book", {MAR: LOANS},
        draft("loan", rural, RURAL, MAR), draft("enterprise", FIRMS, "registry", date(2026, 1, 1)),
    )  # fmt: skip
    snapshot, known = made.snapshot(), made.snapshot().known_at.date()
    assert list(shares(snapshot, "loan", MAR)) != ["TRUE"]
    for name in (TOOLS, SUBSIDIES):
        judged, some = tmp_path / f"{name}.parquet", 0
        with Engine() as engine:
            assert judge_all(engine, snapshot, pack(name), "loan", MAR, known, judged) == 8
            for one in claimable(pack(name), "loan"):
                with claim_from(engine, snapshot, pack(name), one, FIRST, MAR, known, judged) as tables:
                    both = [tables.lines(bank) for bank in (STATE, RURAL)]
                alone = [
                    draw(snapshot, pack(name), one.name, bank, FIRST, MAR, engine=engine) for bank in (STATE, RURAL)
                ]
                told = [[(row[:4], row[-3]) for row in rows] for rows in both]
                assert told == [[(tuple(line.key), line.amount) for line in draft.lines] for draft in alone], one.name
                some += sum(map(len, told))
        assert some > 3
