"""The job of matching: both ways over the open needs, kept as one file beside the job."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from houfeng.engine.duckdb import Engine
from houfeng.matching.clearing import FloorAsked
from houfeng.matching.run import Wanted, run
from houfeng.office import jobs, journal
from houfeng.office.access import Permission
from houfeng.office.jobs import JobRun
from houfeng.packs.loading.load import load_pack
from houfeng_desk.desk import Desk
from houfeng_desk.queries.matching.gathering import WithNeeds, filed, history, standings_of

RUN = "matching.run"
FILE = "matching.json"
PACK = "bank-products"


def register() -> None:
    """Say who does this job; the desk calls it at start, the worker too."""
    jobs.register(RUN, matching)


def matching(run_: JobRun) -> Mapping[str, Any]:
    """Run the matching in the asker's scope, keep the result with its hash, and tell the journal."""
    assert run_.viewer is not None
    assert run_.book is not None
    run_.viewer.require(Permission.RUN_MATCHING)
    asked = run_.payload
    desk = Desk.open(run_.office, run_.book, run_.office.clock)
    try:
        reader = desk.reader(run_.viewer)
        wanted = Wanted(
            date.fromisoformat(asked["as_of"]),
            reader.known_at.date(),
            tuple(FloorAsked(kind, region, Decimal(percent)) for kind, region, percent in asked["floors"]),
            Decimal(asked["share"]),
        )
        with run_.office.read() as session:
            views = WithNeeds(reader.views, filed(session, run_.viewer))
        with Engine() as engine:
            found = run(
                views, load_pack(asked["pack"]), wanted, engine=engine, history=history(desk),
                standings=partial(standings_of, desk), progress=run_.progress,
            )  # fmt: skip
        found["names"] = _names(desk, run_, found)
    finally:
        desk.close()
    data = json.dumps(found, ensure_ascii=False).encode()
    (run_.folder / FILE).write_bytes(data)
    told = {
        "sha256": hashlib.sha256(data).hexdigest(),
        "pack": found["pack"],
        "needs": len(found["needs"]),
        "ways": {way: {key: made[key] for key in ("placed", "lent", "cost")} for way, made in found["ways"].items()},
        "faults": found["faults"],
    }
    with run_.office.begin() as session:
        journal.write(session, run_.viewer, "matching.run", f"job:{run_.job.id}", detail=told)
    return told


def _names(desk: Desk, run_: JobRun, found: Mapping[str, Any]) -> dict[str, str]:
    """Names of the firms and banks in the result, as the asker may see them."""
    assert run_.viewer is not None
    reader = desk.reader(run_.viewer)
    firms = sorted({need["enterprise_id"] for need in found["needs"]})
    names = {
        row["enterprise_id"]: row["name"] or ""
        for row in reader.rows(
            "SELECT enterprise_id, name FROM enterprise WHERE enterprise_id IN (SELECT unnest($ids::VARCHAR[]))",
            {"ids": firms},
        )
    }
    banks = reader.rows("SELECT institution_id, name FROM institution")
    return names | {row["institution_id"]: row["name"] or "" for row in banks}
