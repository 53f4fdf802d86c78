"""The jobs of large files, done by the worker with the rights of who sent them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from houfeng.book.store import Book
from houfeng.clock import Clock
from houfeng.errors import AccessError, ConflictError, InputError, Text, UsageError
from houfeng.office import jobs, notices
from houfeng.office.access import Viewer
from houfeng_desk.desk import Desk
from houfeng_desk.pages.data import receiving
from houfeng_desk.pages.data.receiving import Bench
from houfeng_desk.pages.data.staging import Staging, Upload
from houfeng_desk.queries.submissions.seen import Reporters
from houfeng_desk.reader import Shelf

CHECK, SUBMIT = "data.check", "data.submit"


def install() -> None:
    """Register the jobs. Called once at start of the desk and of a worker."""
    jobs.register(CHECK, _check)
    jobs.register(SUBMIT, _submit)


def bench_of(desk: Desk, viewer: Viewer) -> Bench:
    """What a request takes files in with."""
    return Bench(desk.book, desk.office, Staging(desk.work_folder), viewer, Reporters(desk.reader(viewer)))


def enqueue(desk: Desk, viewer: Viewer, upload: Upload, kind: str, payload: dict[str, Any], title: Text) -> Upload:
    """Ask the worker to do what is too long for a request."""
    with desk.office.begin() as session:
        asked = {"token": upload.token, "folder": str(desk.work_folder), **payload}
        upload.job = jobs.enqueue(session, viewer, kind, asked, title).id
    upload.state = "waiting"
    Staging(desk.work_folder).keep(upload)
    return upload


def _check(run: jobs.JobRun) -> dict[str, Any]:
    bench = _bench(run)
    upload = bench.staging.find(bench.viewer, str(run.payload["token"]))
    run.progress(0, 1, Text("正在核对文件", "checking the file"))
    receiving.check(bench, upload)
    return _tell(run, upload, Text(f"文件已核对：{upload.name}", f"file checked: {upload.name}"))


def _submit(run: jobs.JobRun) -> dict[str, Any]:
    """Run again after a crash, the book sees that it has the file already."""
    bench = _bench(run)
    upload = bench.staging.find(bench.viewer, str(run.payload["token"]))
    run.progress(0, 1, Text("正在入账", "putting it into the book"))
    try:
        receiving.submit(bench, upload, confirm=bool(run.payload.get("confirm")))
        if upload.state == "waiting":  # rows would vanish: the sender is asked
            upload.state = "checked"
            bench.staging.keep(upload)
    except (InputError, AccessError, ConflictError) as error:
        receiving.refuse(bench, upload, error)
    return _tell(run, upload, Text(f"文件已处理：{upload.name}", f"file dealt with: {upload.name}"))


def _bench(run: jobs.JobRun) -> Bench:
    if run.book is None or run.viewer is None:
        raise UsageError(Text("处理报送文件的任务需要账簿", "a job that takes files in needs a book"))
    book = Book.open(run.book, run.office.clock)
    reporters = _reporters(book, run.viewer, run.office.clock)
    return Bench(book, run.office, Staging(Path(str(run.payload["folder"]))), run.viewer, reporters)


def _reporters(book: Book, viewer: Viewer, clock: Clock) -> Reporters:
    shelf = Shelf(book, "512MB", 1)
    try:
        return Reporters(shelf.reader(viewer, None, None, clock()))
    finally:
        shelf.close()


def _tell(run: jobs.JobRun, upload: Upload, title: Text) -> dict[str, Any]:
    """Tell the sender, in the same transaction that ends the job."""
    assert run.viewer is not None
    with run.begin() as session:
        notices.tell(session, [run.viewer.user_id], title, f"/data/upload/{upload.token}", "data")
        result = {"state": upload.state}
        run.finish(session, result)
    return result
