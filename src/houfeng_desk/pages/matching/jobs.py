"""The jobs of matching: both ways over the open needs, kept as one file; and the recommending of what a run gave."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from houfeng.engine.duckdb import Engine
from houfeng.errors import HoufengError, Text
from houfeng.matching.clearing import FloorAsked
from houfeng.matching.needs import going
from houfeng.matching.needs import sending as needs_sending
from houfeng.matching.needs.sending import Barred, Match, Ready, Sent
from houfeng.matching.recommend.room import Rooms, Taken
from houfeng.matching.run import Wanted, run
from houfeng.office import jobs, journal
from houfeng.office.access import Permission, Viewer
from houfeng.office.jobs import JobRun
from houfeng.packs.loading.load import load_pack
from houfeng_desk.desk import Desk
from houfeng_desk.queries.matching import result, sending
from houfeng_desk.queries.matching.gathering import WithNeeds, bounds_of, filed, history, rooms_of, standings_of

RUN, SEND = "matching.run", sending.SEND
FILE = "matching.json"
PACK = "bank-products"


def register() -> None:
    """Say who does these jobs; the desk calls it at start, the worker too."""
    jobs.register(RUN, matching)
    jobs.register(SEND, recommending)


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
                standings=partial(standings_of, desk), bounding=partial(bounds_of, desk), progress=run_.progress,
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


def recommending(run_: JobRun) -> Mapping[str, Any]:
    """Recommend all that a run has matched one way, each need in a transaction of its own, and keep what could not be.

    Done twice, or begun again after a stop, it sends nothing a second time.
    """
    assert run_.viewer is not None
    assert run_.book is not None
    run, way = run_.payload["run"], run_.payload["way"]
    with run_.office.read() as session:
        asked, found = result.result(session, run_.viewer, run)
    sending.same_pack(found, asked.payload["pack"])
    matches = sending.matches(found, way)
    desk = Desk.open(run_.office, run_.book, run_.office.clock)
    try:
        rooms, taken = _rooms(desk, run_.viewer, matches)
        told: dict[type, list[tuple[str, Text]]] = {Ready: [], Sent: [], Barred: []}
        for place, match in enumerate(matches):
            run_.progress(place, len(matches), Text(match.need_no, match.need_no))
            kind, why = _tried(run_, match, run, rooms, taken)
            told[kind].append((match.need_no, why))
    finally:
        desk.close()
    rows = [{"need_no": number, "why": {"zh": why.zh, "en": why.en}} for number, why in told[Barred]]
    (run_.folder / sending.FILE).write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    counts = {"way": way, "sent": len(told[Ready]), "before": len(told[Sent]), "barred": len(rows)}
    with run_.office.begin() as session:
        journal.write(session, run_.viewer, SEND, f"job:{run}", detail=counts | {"by": run_.job.id})
    return counts


def _tried(run_: JobRun, match: Match, run: int, rooms: Rooms, taken: Taken) -> tuple[type, Text]:
    assert run_.viewer is not None
    try:
        with run_.office.begin() as session:
            one = needs_sending.send(session, run_.viewer, match, run, rooms, taken)
            return type(one), sending.joined(one.why) if isinstance(one, Barred) else Text("", "")
    except HoufengError as fault:  # somebody was faster: this need is told, the others go on
        return Barred, fault.message


def send_one(desk: Desk, viewer: Viewer, run: int, match: Match) -> Ready | Sent | Barred:
    """Recommend one need of a run."""
    rooms, taken = _rooms(desk, viewer, [match])
    with desk.office.begin() as session:
        return needs_sending.send(session, viewer, match, run, rooms, taken)


def _rooms(desk: Desk, viewer: Viewer, matches: Sequence[Match]) -> tuple[Rooms, Taken]:
    """What the banks of `matches` may still lend, and what they are at already."""
    banks = {match.suggestion.institution_id for match in matches}
    with desk.office.read() as session:
        return going.limits(session, banks, needs_sending.firms(session, viewer, matches), partial(rooms_of, desk))
