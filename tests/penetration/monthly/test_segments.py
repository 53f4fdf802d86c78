"""Sections of industry and cities against plain sums; the rule sees the jump the morning after it is kept."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from houfeng.engine.duckdb import Engine
from houfeng.packs.loading.load import load_pack
from houfeng.penetration.monthly.keeping import keep
from houfeng.penetration.monthly.segments import segments
from houfeng.watch.replay import Replay
from penetration.monthly.market import add, loan, made

MARCH, JUNE = date(2026, 3, 31), date(2026, 6, 30)
BAD = ("FQ03", "FQ04", "FQ05")
PLACES = ("410302", "410311", "410105", "419001", "410000", "110101", None)


def firm(name: str, industry: str | None, region: str | None) -> dict[str, Any]:
    return {"enterprise_id": name, "name": name, "industry": industry, "region": region}


def city(region: str | None) -> str | None:
    """Jiyuan stands under the province itself; who is in no city, or elsewhere, is in no segment of a city."""
    if region is None or not region.startswith("41") or region == "410000":
        return None
    return "419001" if region.startswith("4190") else region[:4] + "00"


def test_shares_are_plain_sums(tmp_path: Path) -> None:
    chance = random.Random(5)
    firms = [firm(f"E{n}", chance.choice(["C2651", "C13", "F5100", None]), chance.choice(PLACES)) for n in range(60)]
    notes = {
        day: [
            loan("B1", one["enterprise_id"], chance.randrange(1, 10**6), quality=chance.choice(["FQ01", "FQ02", *BAD]))
            for one in chance.sample(firms, 45)
        ]
        for day in (MARCH, JUNE)
    }
    book = made(tmp_path, {"enterprise": firms, "loan_balance": [*notes[MARCH], loan("B1", "P1", 5, 2)]}, MARCH)
    add(book, {"loan_balance": notes[JUNE]}, JUNE)
    wanted: dict[str, dict[date, list[tuple[int, str]]]] = defaultdict(lambda: {MARCH: [], JUNE: []})
    about = {one["enterprise_id"]: one for one in firms}
    for day, own in notes.items():
        for note in own:
            one = about[note["borrower_id"]]
            ids = [f"HFS-I-{one['industry'][0]}"] if one["industry"] else []
            ids += [f"HFS-R-{place}"] if (place := city(one["region"])) else []
            for name in ids:
                wanted[name][day].append((note["balance"], note["quality"]))

    def share(rows: list[tuple[int, str]]) -> Decimal | None:
        whole = sum(balance for balance, _ in rows)
        bad = sum(balance for balance, quality in rows if quality in BAD)
        return (Decimal(100 * bad) / whole).quantize(Decimal("0.00001")) if whole else None

    with Engine() as engine:
        found = segments(book.snapshot(), JUNE, engine)
    assert [one["segment_id"] for one in found] == sorted(name for name, days in wanted.items() if days[JUNE])
    for one in found:
        now, before = wanted[one["segment_id"]][JUNE], wanted[one["segment_id"]][MARCH]
        assert one["firms"] == len(now)
        assert one["balance"] == sum(balance for balance, _ in now)
        for given, rows in ((one["bad_share"], now), (one["bad_share_before"], before)):
            plain = share(rows)
            assert given == plain or abs(given - plain) <= Decimal("0.00001")  # ties of rounding: half up, half even
    named = {one["segment_id"]: (one["name"], one["basis"], one["region"]) for one in found}
    assert named["HFS-I-C"] == ("制造业贷款", "industry", None)  # a borrower in Beijing: no province holds all
    assert named["HFS-R-410300"] == ("洛阳市贷款", "region", "410300")


def test_the_watch_sees_the_jump(tmp_path: Path) -> None:
    """One note of thirty goes bad: 3.33 % of Luoyang's loans; the cities beside it and their industry are as before."""
    firms = [firm(f"L{n}", "C2651", "410302") for n in range(30)]
    firms += [firm(f"K{n}", "F5100", "410203") for n in range(30)]
    names = [one["enterprise_id"] for one in firms]
    book = made(tmp_path, {"enterprise": firms, "loan_balance": [loan("B1", name, 10) for name in names]}, MARCH)
    now = [loan("B1", name, 10, quality="FQ03" if name == "L7" else "FQ01") for name in names]
    add(book, {"loan_balance": now}, JUNE)
    keep(book, JUNE, received_at=datetime(2026, 7, 16, 12))
    replay = Replay(book.snapshot(), load_pack("warning-rules"), JUNE, date(2026, 7, 31), only=["C03"], threads=1)
    told = {(one.key, one.tier, one.reason.zh) for one in replay.alerts()}
    assert told == {
        ("HFS-I-C", "yellow", "制造业贷款不良率由上季的0%升至3.33%，不良10元，30户"),
        ("HFS-R-410300", "yellow", "洛阳市贷款不良率由上季的0%升至3.33%，不良10元，30户"),
    }
