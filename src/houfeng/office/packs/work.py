"""The jobs of packs: simulate a version or a “what if”, run its cases, and carry signatures to the watch."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from houfeng import settings
from houfeng.book.store import Book
from houfeng.clock import parse_day
from houfeng.engine.duckdb import Engine
from houfeng.errors import NotFoundError, Text, UsageError
from houfeng.office import approvals, jobs
from houfeng.office.access import EVERYTHING, Permission, Scope, Viewer
from houfeng.office.database import Office, dumps
from houfeng.office.packs import drafting, handing, life
from houfeng.office.packs.altering import altered, as_in_force
from houfeng.office.packs.editing import value_of
from houfeng.office.packs.files import read_folder
from houfeng.office.packs.handing import place_of
from houfeng.office.packs.replaying import replay, tables, write_alerts
from houfeng.office.packs.shelf import PackShelf
from houfeng.office.packs.simulating import Simulated, simulate
from houfeng.office.packs.tables import PackVersion
from houfeng.office.scope import ScopedViews
from houfeng.office.tables import Approval, Job
from houfeng.packs.diff import diff_packs
from houfeng.packs.loading.source import find_folder
from houfeng.packs.model import Pack
from houfeng.themes.report import periods
from houfeng.watch.compare.page import Version

SIMULATE, TEST = "pack.simulate", "pack.test"
RESULT = "result.json"
LOOK_BACK = timedelta(days=92)


def install() -> None:
    """Register the jobs and what follows approvals. Called once at start of the desk and of a worker."""
    approvals.register(life.ACTIVATE, _activated, life.refused)
    approvals.register(handing.RULE_LIFE, handing.move_approved)
    jobs.register(SIMULATE, simulated)
    jobs.register(TEST, tested)
    jobs.register(handing.HAND_OVER, handing.hand_over)
    jobs.register(handing.RULE_LIFE, handing.move_rule)


def _activated(session: Session, approval: Approval, who: Viewer | str) -> None:
    activation = life.approved(session, approval, who)
    handing.plan_handover(session, activation)


def ask_simulation(session: Session, viewer: Viewer, name: str, asked: Mapping[str, Any]) -> Job:
    """Ask for a simulation.

    `asked` holds `version` (a draft's number) or `values` and `readings` (a “what if”), and may hold `as_of`, `first`,
    `last`, `rules`, and `in_force` (coming values as if they held already).
    """
    viewer.require(Permission.PROPOSE_PACKS)
    title = Text(f"模拟 {name}", f"simulate {name}")
    if asked.get("version"):
        version = life.find(session, asked["version"])
        title = Text(f"模拟 {name} {version.version}", f"simulate {name} {version.version}")
    return jobs.enqueue(session, viewer, SIMULATE, {"pack": name, **asked}, title)


def ask_test(session: Session, viewer: Viewer, version: PackVersion) -> Job:
    """Ask for the cases of a version to be run."""
    viewer.require(Permission.PROPOSE_PACKS)
    title = Text(f"运行用例 {version.name} {version.version}", f"run the cases of {version.name} {version.version}")
    return jobs.enqueue(session, viewer, TEST, {"version": version.id}, title)


def tested(run: jobs.JobRun) -> dict[str, Any]:
    """The job that runs the cases of a version."""
    if run.book is None:
        raise UsageError(Text("没有账簿", "there is no book"))
    shelf = PackShelf(place_of(run.book))
    with run.office.read() as session:
        version = life.find(session, run.payload["version"])
        pack = shelf.of_version(version)
    outcome = life.cases_of(pack)
    with run.office.begin() as session:
        who = run.viewer or "system"
        tested_one = life.find(session, run.payload["version"])
        life.note_test(session, who, tested_one, outcome)
        return {**outcome.summary(), "href": f"/packs/{tested_one.name}/versions/{tested_one.id}"}


def simulated(run: jobs.JobRun) -> dict[str, Any]:
    """The job that simulates: the items over the book, the rules over its history, and the packs that rest on it."""
    if run.book is None:
        raise UsageError(Text("没有账簿", "there is no book"))
    asked, today = run.payload, run.office.clock().date()
    shelf = PackShelf(place_of(run.book))
    with run.office.read() as session:
        pairs = _pairs(session, shelf, asked, today)
    book = Book.open(run.book, run.office.clock)
    scope = run.viewer.scope if run.viewer is not None else EVERYTHING
    snapshot = book.snapshot()
    views = ScopedViews(snapshot, scope)
    held = periods(snapshot)
    as_of = parse_day(asked["as_of"]) if asked.get("as_of") else (held[-1] if held else today)
    last = parse_day(asked["last"]) if asked.get("last") else as_of
    days = (parse_day(asked["first"]) if asked.get("first") else last - LOOK_BACK, last)
    parts = []
    for number, (old, new) in enumerate(pairs):
        run.progress(number, len(pairs), Text(f"比较 {new.name}", f"comparing {new.name}"))
        told = as_in_force(old, new) if asked.get("in_force") else new
        folder = run.folder / new.name
        folder.mkdir(exist_ok=True)
        parts.append(_part(run, views, (old, told, new), as_of, days, folder))
    result = {
        "pack": asked["pack"],
        "version": asked.get("version"),
        "values": asked.get("values") or {},
        "readings": asked.get("readings") or {},
        "in_force": bool(asked.get("in_force")),
        "as_of": as_of.isoformat(),
        "known_at": snapshot.known_at.isoformat(timespec="seconds"),
        "days": [day.isoformat() for day in days],
        "synthetic": snapshot.synthetic,
        "scope": scope_plain(scope),
        "parts": parts,
    }
    (run.folder / RESULT).write_text(dumps(result), "utf-8")
    summary = _summary(parts)
    if asked.get("version"):
        with run.office.begin() as session:
            version = life.find(session, asked["version"])
            life.step(session, version, run.viewer or "system", "simulate", detail={"job": run.job.id, **summary})
    return {**summary, "folder": str(run.folder), "href": f"/packs/{asked['pack']}/simulations/{run.job.id}"}


def _pairs(session: Session, shelf: PackShelf, asked: Mapping[str, Any], today: date) -> list[tuple[Pack, Pack]]:
    """What is compared: old and new of the pack itself, then of each pack that requires it."""
    name = asked["pack"]
    if not asked.get("version"):
        old = shelf.in_force(session, name, today)
        values = {one: value_of(old, one, text) for one, text in (asked.get("values") or {}).items()}
        readings = asked.get("readings") or {}
        pairs = [(old, altered(old, values, readings))]
        for other in shelf.dependents(session, name, today):
            own = shelf.in_force(session, other, today)
            shared = {one: value for one, value in values.items() if one in own.parameters}
            pairs += [(own, altered(own, shared, {}))] if shared else []
        return pairs
    version = life.find(session, asked["version"])
    new = shelf.of_version(version)
    known = shelf.is_shipped(name) or life.active(session, name, today) is not None
    pairs = [(shelf.in_force(session, name, today) if known else _empty(new), new)]
    pairs += [
        shelf.rebased(session, other, name, version.files, today) for other in shelf.dependents(session, name, today)
    ]
    return pairs


def _empty(pack: Pack) -> Pack:
    """What a pack that was never in force is compared with: the same, with nothing in it."""
    items = {key: item for key, item in pack.items.items() if item.pack != pack.name}
    return dataclasses.replace(pack, version="—", items=items, rules={}, parameters={}, interpretations={}, sets={})


def _part(
    run: jobs.JobRun,
    views: ScopedViews,
    packs: tuple[Pack, Pack, Pack],
    as_of: date,
    days: tuple[date, date],
    folder: Path,
) -> dict[str, Any]:
    """The effects on one pack's items and rules, its movers and alerts written to `folder`."""
    old, told, new = packs
    known = views.known_at.date()
    run_settings = settings.load()
    with Engine(run_settings) as engine:
        found = simulate(views, old, told, as_of, (known, known), folder, engine)
    part: dict[str, Any] = {
        "pack": new.name,
        "zh": new.label.zh,
        "en": new.label.en,
        "old": old.version,
        "new": new.version,
        "changes": [change._asdict() for change in diff_packs(old, new)] if run.payload.get("version") else [],
        **_effects(found),
    }
    replayed = replay(
        views,
        old,
        told,
        days,
        run.payload.get("rules") or (),
        run.progress,
        memory=run_settings.memory,
        threads=run_settings.threads,
    )
    part["rules"] = list(replayed.rules)
    if replayed.found is not None:
        sides = (Version(old.name, old.version), Version(new.name, new.version))
        write_alerts(replayed.found, folder)
        part["tables"] = tables(replayed.found, sides, (old, told))
        part["gained"], part["lost"] = len(replayed.found.gained), len(replayed.found.lost)
        part["changed"] = sum(not situation.unchanged for situation in replayed.found.kept)
    return part


def _effects(found: Simulated) -> dict[str, Any]:
    return {
        "effects": [effect.plain() for effect in found.effects],
        "records": found.records,
        "borrowers": found.borrowers,
        "balance": str(found.balance),
        "skipped": list(found.skipped),
    }


def _summary(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "records": sum(part["records"] for part in parts),
        "borrowers": max((part["borrowers"] for part in parts), default=0),
        "gained": sum(part.get("gained", 0) for part in parts),
        "lost": sum(part.get("lost", 0) for part in parts),
        "changed": sum(part.get("changed", 0) for part in parts),
    }


def folder_of(job: Job) -> Path:
    """Where a finished job left its results."""
    return Path(job.result.get("folder") or "/nonexistent")


def scope_plain(scope: Scope) -> dict[str, Any]:
    """A scope as plain values, to tell whose eyes a result is for."""
    return {
        "regions": sorted(scope.regions) if scope.regions is not None else None,
        "institutions": sorted(scope.institutions) if scope.institutions is not None else None,
        "enterprise": scope.enterprise,
    }


def result_of(session: Session, viewer: Viewer, job_id: int) -> tuple[Job, dict[str, Any] | None]:
    """A simulation with its result (nothing while it runs).

    It is open to whoever may see packs and has the scope it was made in, or all.

    Raises:
        NotFoundError: there is none that the viewer may know of.
    """
    job = session.get(Job, job_id)
    missing = NotFoundError(Text(f"没有模拟 {job_id}", f"there is no simulation {job_id}"))
    if job is None or job.kind != SIMULATE:
        raise missing
    path = folder_of(job) / RESULT
    if job.state != jobs.State.DONE or not path.is_file():
        if job.requested_by != viewer.user_id and not viewer.scope.everything:
            raise missing
        return job, None
    result = json.loads(path.read_text("utf-8"))
    if not (viewer.scope.everything or result["scope"] == scope_plain(viewer.scope)):
        raise missing
    return job, result


def propose_folder(
    office: Office, book: Path, viewer: Viewer, pack: str, first: str | None, why: str, *, checked: bool = False
) -> int:
    """Draft the pack in a folder, run its cases, simulate it on the book and submit it; gives the approval's number.

    For the command line, which waits; the desk does the same step by step.

    Raises:
        InputError, UsageError, ConflictError: as the steps.
    """
    shelf = PackShelf(place_of(book))
    found = find_folder(pack)
    files = read_folder(found)
    version = drafting.from_upload(office, shelf, viewer, [(key, text.encode()) for key, text in files.items()], why)
    with office.begin() as session:
        own = life.find(session, version.id)
        ask_test(session, viewer, own)
        ask_simulation(session, viewer, own.name, {"version": own.id, "in_force": True})
    worker = jobs.Worker(office, book / "desk" / "jobs", book=book, kinds={TEST, SIMULATE})
    while worker.run_once():
        pass
    day = parse_day(first) if first else office.clock().date()
    with office.begin() as session:
        return life.submit(session, viewer, life.find(session, version.id), day, why, despite_failed=checked).id
