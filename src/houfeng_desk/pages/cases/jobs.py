"""The jobs of this area: a briefing, and the daily round of cases (new alerts, deadlines, commitments)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select

from houfeng.cases import reminders
from houfeng.cases.alerts import attach_new
from houfeng.cases.briefing.pdf import pdf
from houfeng.cases.briefing.word import word
from houfeng.cases.plan.commitments import check_all
from houfeng.cases.tables import Briefing
from houfeng.clock import parse_moment
from houfeng.errors import EnvironmentFault, Text
from houfeng.office import jobs, journal
from houfeng.office.access import Permission, Viewer
from houfeng.office.jobs import JobRun
from houfeng_desk.desk import Desk
from houfeng_desk.queries.briefing import CADENCES, Span, gather, paper
from houfeng_desk.queries.figures import Figures, has_balances

BRIEFING, ROUND = "case.briefing", "case.round"
PATIENCE = 1800.0
HOUSE = Viewer(0, "system", "system", frozenset())
"""The house itself, which reads the book without a scope for its daily round and may do nothing else."""


def register() -> None:
    """Say who does these jobs; the desk calls it at start, the worker too."""
    jobs.register(BRIEFING, briefing)
    jobs.register(ROUND, round_)


def desk_of(run: JobRun) -> Desk:
    """A desk over the book of a run, for the readers of the desk's queries."""
    assert run.book is not None
    return Desk.open(run.office, run.book, run.office.clock)


def briefing(run: JobRun) -> Mapping[str, Any]:
    """Write a briefing as Word and PDF, keep both with their hashes, and tell the journal."""
    assert run.viewer is not None
    run.viewer.require(Permission.SEE_MARKET)
    asked = run.payload
    span = Span(asked["cadence"], date.fromisoformat(asked["first"]), date.fromisoformat(asked["last"]))
    desk = desk_of(run)
    figures = Figures(desk)
    try:
        known = parse_moment(asked["known_at"]) if asked.get("known_at") else None
        as_of = date.fromisoformat(asked["as_of"]) if asked.get("as_of") else None
        reader = desk.reader(run.viewer, as_of, known)
        run.progress(1, 4, Text("统计五篇大文章", "counting the five articles"))
        months = figures.months(reader, PATIENCE) if has_balances(reader) else None
        run.progress(2, 4, Text("汇总预警与案件", "gathering alerts and cases"))
        with run.office.read() as session:
            found = gather(session, reader, span, months, run.office.clock().date())
            made = paper(found, Text(*asked["issuer"]))
        run.progress(3, 4, Text("排版", "typesetting"))
        files = _write(run, made, asked["lang"], span)
    finally:
        figures.close()
        desk.close()
    return _keep(run, span, reader.as_of, reader.known_at, files)


def _write(run: JobRun, made: Any, lang: str, span: Span) -> list[dict[str, Any]]:
    """Both files. A machine without a Chinese font still gives the Word file, and says why there is no PDF."""
    now = run.office.clock()
    stem = f"{CADENCES[span.cadence].get(lang)}-{span.first}_{span.last}"
    files = [_file(run.folder, f"{stem}.docx", word(made, lang, now))]
    try:
        files.append(_file(run.folder, f"{stem}.pdf", pdf(made, lang, now)))
    except EnvironmentFault as fault:
        run.log(fault.render(lang))
    return files


def _file(folder: Path, name: str, data: bytes) -> dict[str, Any]:
    (folder / name).write_bytes(data)
    return {"name": name, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "path": str(folder / name)}


def _keep(run: JobRun, span: Span, as_of: date, known_at: Any, files: list[dict[str, Any]]) -> dict[str, Any]:
    assert run.viewer is not None
    scope = run.viewer.scope
    with run.office.begin() as session:
        row = session.scalars(select(Briefing).where(Briefing.job_id == run.job.id)).one_or_none() or Briefing()
        row.cadence, row.first_on, row.last_on = span.cadence, span.first, span.last
        row.lang, row.as_of, row.known_at = run.payload["lang"], as_of, known_at
        row.scope = {
            "regions": sorted(scope.regions) if scope.regions is not None else None,
            "institutions": sorted(scope.institutions) if scope.institutions is not None else None,
        }
        row.files, row.job_id = files, run.job.id
        row.made_by, row.made_at = run.viewer.user_id, run.office.clock()
        session.add(row)
        session.flush()
        told = {"files": [{k: f[k] for k in ("name", "sha256", "size")} for f in files], "as_of": as_of}
        journal.write(session, run.viewer, "briefing.make", f"briefing:{row.id}", detail=told)
        return {"briefing": row.id, "files": [file["name"] for file in files]}


def round_(run: JobRun) -> Mapping[str, Any]:
    """The daily round: attach new alerts, remind of deadlines, hold commitments against the book."""
    with run.office.begin() as session:
        attached = attach_new(session)
    run.progress(1, 3, Text("检查承诺", "checking commitments"))
    desk = desk_of(run)
    try:
        done = check_all(run.office, desk.reader(HOUSE))
    finally:
        desk.close()
    run.progress(2, 3, Text("提醒时限", "reminding of deadlines"))
    with run.office.begin() as session:
        reminded = reminders.remind(session)
    return {"attached": attached, "reminded": reminded, **done._asdict()}
