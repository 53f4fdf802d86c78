"""Exports too large for a request, written by the worker: the list's own page is asked again, inside, by the person.

The worker has no query of its own for any list. It asks the export route of the list as the person who wanted the file,
with the rights and the scope they have now and the book as known when they asked; so the file is what the list shows,
and nobody gets what they may no longer see. The file is fetched once or often within its time, by that person only.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import PlainTextResponse, Response

from houfeng.errors import AccessError, Text
from houfeng.office import jobs, journal, notices
from houfeng.office.access import Scope, Viewer
from houfeng.office.jobs import JobRun
from houfeng.office.tables import Job
from houfeng_desk.lists.asking import Listing, Streamed

if TYPE_CHECKING:
    from starlette.types import Message

    from houfeng_desk.app import DeskApp

KIND = "list.export"
HOLDS = timedelta(days=3)
"""How long a file may be fetched."""

STEP = 2000
"""Rows between two words about the progress."""

Write = Callable[[Path, Listing], int]


@dataclass(frozen=True)
class Asked:
    """What somebody wants written: the list's export address with its question, and how."""

    path: str
    query: str
    kind: str
    every: bool
    lang: str
    reason: str
    title: Text
    rows: int
    approval: int | None = None

    def payload(self) -> dict[str, Any]:
        """As a job keeps it."""
        return {**vars(self), "title": list(self.title)}

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Self:
        """From what a job kept."""
        return cls(**{**payload, "title": Text(*payload["title"])})


@dataclass
class Exporting:
    """What the export route finds in its request when the worker asks: where to write, and whom to tell."""

    run: JobRun
    asked: Asked
    path: Path = field(init=False)
    name: str = ""
    rows: int | None = None
    fault: BaseException | None = None
    large: Asked | None = None

    def __post_init__(self) -> None:
        """The file lies in the job's folder."""
        self.path = self.run.folder / f"export.{self.asked.kind}"

    def write(self, name: str, found: Listing, write: Write) -> Response:
        """Write the file, telling how far it is. What goes wrong is raised where the job runs, not here."""
        self.name = name
        try:
            rows = Streamed(len(found.rows), lambda: self._told(found))
            self.rows = write(self.path, replace(found, rows=rows))
        except BaseException as fault:  # a cancelled job, too, must not end in the page of an error
            self.fault = fault
        return PlainTextResponse("written\n")

    def needs(self, query: str, rows: int) -> Response:
        """Nobody has approved so many rows: the job ends in a proposal."""
        self.large = replace(self.asked, query=query, rows=rows)
        return PlainTextResponse("too large\n")

    def _told(self, found: Listing) -> Iterator[Mapping[str, Any]]:
        total = len(found.rows)
        for number, row in enumerate(found.rows):
            if number % STEP == 0:
                self.run.progress(number, total, Text("写文件", "writing the file"))
            yield row


def register() -> None:
    """Say who writes exports."""
    jobs.register(KIND, write_export)


def enqueue(session: Session, viewer: Viewer, asked: Asked) -> Job:
    """Let the worker write it."""
    title = Text(f"导出：{asked.title.zh}", f"export: {asked.title.en}")
    return jobs.enqueue(session, viewer, KIND, asked.payload(), title)


def write_export(run: JobRun) -> Mapping[str, Any]:
    """Ask the list for everything, write it down, and tell who wanted it."""
    from houfeng_desk.app import create_app
    from houfeng_desk.desk import Desk

    assert run.viewer is not None
    assert run.book is not None
    exporting = Exporting(run, Asked.of(run.payload))
    desk = Desk.open(run.office, run.book, run.office.clock)
    try:
        status = asyncio.run(_ask(create_app(desk), exporting))
    finally:
        desk.close()
    if exporting.fault is not None:
        raise exporting.fault
    if exporting.large is not None:
        return _propose(run, exporting.large)
    if exporting.rows is None:
        raise AccessError(Text(f"列表没有给出数据（{status}）", f"the list gave no rows ({status})"))
    return _finish(run, exporting)


def _propose(run: JobRun, asked: Asked) -> Mapping[str, Any]:
    """Ask another person; what is approved comes back as a job of its own."""
    from houfeng_desk.lists.permit import ask_permit

    assert run.viewer is not None
    question = asked.path.removesuffix("/export") + (f"?{asked.query}" if asked.query else "")
    with run.begin() as session:
        result = {"approval": ask_permit(session, run.viewer, question, asked).id, "rows": asked.rows}
        run.finish(session, result)
    return result


async def _ask(app: DeskApp, exporting: Exporting) -> int:
    """Ask the app as its server would, with the person already known."""
    asked, viewer = exporting.asked, exporting.run.viewer
    answers: list[int] = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": asked.path,
        "raw_path": asked.path.encode(),
        "query_string": asked.query.encode(),
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), (b"cookie", f"houfeng-lang={asked.lang}".encode())],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 80),
        "state": {"viewer": viewer, "exporting": exporting},
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answers.append(message["status"])

    await app(scope, receive, send)
    return answers[0] if answers else 0


def _finish(run: JobRun, exporting: Exporting) -> Mapping[str, Any]:
    """Tell the journal and the person, in the transaction that ends the job."""
    asked, viewer, path = exporting.asked, run.viewer, exporting.path
    assert viewer is not None
    with path.open("rb") as file:
        mark = hashlib.file_digest(file, "sha256").hexdigest()
    until = run.office.clock() + HOLDS
    about = f"list:{asked.path.removesuffix('/export')}"
    detail = {"rows": exporting.rows, "format": asked.kind, "query": asked.query[:500], "job": run.job.id}
    detail |= {"sha256": mark} | ({"approval": asked.approval} if asked.approval is not None else {})
    result = {
        "href": f"/exports/{run.job.id}",
        "name": exporting.name,
        "file": path.name,
        "sha256": mark,
        "rows": exporting.rows,
        "until": until.isoformat(),
        "scope": told_scope(viewer.scope),
    }
    title = Text(f"可以下载：{asked.title.zh}", f"ready to fetch: {asked.title.en}")
    with run.begin() as session:
        journal.write(session, viewer, "export", about, why=asked.reason, detail=detail)
        notices.tell(session, [viewer.user_id], title, f"/jobs/{run.job.id}", "export", {"job": run.job.id})
        run.finish(session, result)
    sweep(run)
    return result


def told_scope(scope: Scope) -> dict[str, Any]:
    """A scope as a file's record keeps it: who has another one by then must ask again."""
    return {
        "regions": sorted(scope.regions) if scope.regions is not None else None,
        "institutions": sorted(scope.institutions) if scope.institutions is not None else None,
        "enterprise": scope.enterprise,
    }


def sweep(run: JobRun) -> None:
    """Take away the files of exports whose time is over."""
    with run.office.read() as session:
        done = session.scalars(select(Job).where(Job.kind == KIND, Job.state == jobs.State.DONE, Job.folder != ""))
        over = [Path(one.folder) for one in done if late(one, run.office.clock())]
    for folder in over:
        for file in folder.glob("export.*"):
            file.unlink(missing_ok=True)


def late(job: Job, now: datetime) -> bool:
    """Whether the time of a job's file is over."""
    until = job.result.get("until")
    return until is None or datetime.fromisoformat(until) <= now
