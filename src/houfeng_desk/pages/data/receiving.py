"""Checking and submitting an uploaded file: the intake and the book do the work, this says for whom and how much.

A small file is checked while its sender waits; a large one is checked and submitted by the worker, by the same
functions. Who may report for whom is asked of every part of the file, whatever its columns say.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc

from houfeng.book.draft import Draft
from houfeng.book.intake import Intake, prepare
from houfeng.book.store import Book
from houfeng.clock import parse_day
from houfeng.errors import AccessError, HoufengError, InputError, Problem, Text, Where
from houfeng.exchange.raw import Limits
from houfeng.exchange.workbook import Mark, MarkedRow, write_marked
from houfeng.office import journal
from houfeng.office.access import Permission, Viewer
from houfeng.office.database import Office
from houfeng_desk.pages.data.staging import Staging, Upload
from houfeng_desk.pages.data.telling import check_told, error_told, receipt_told
from houfeng_desk.queries.quarantine import read_rows
from houfeng_desk.queries.submissions.seen import Reporters

SMALL = 8 << 20
"""Bytes up to which a file is checked and submitted while its sender waits."""

LIMITS = Limits(unpacked=2 << 30, in_memory=512 << 20, members=100, cells=30_000_000)
"""What one file may ask of the machine; less than on the command line, where the sender owns the machine."""

MARKED = 50_000
_XML = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_HEAD = 1 << 16


@dataclass(frozen=True)
class Bench:
    """What is needed to take a file in, the same in a request and in the worker."""

    book: Book
    office: Office
    staging: Staging
    viewer: Viewer
    reporters: Reporters


def check(bench: Bench, upload: Upload) -> Upload:
    """Read and check the file without writing anything into the book; what is found stands in the upload afterwards."""
    upload.check, upload.error, upload.receipt = {}, {}, {}
    try:
        found = _prepared(bench, upload)
    except (InputError, AccessError) as error:
        upload.state, upload.error = "refused", error_told(error)
    else:
        upload.state, upload.check = "checked", check_told(found)
        _write_marked(bench.staging.marked(upload), found)
    bench.staging.keep(upload)
    return upload


def submit(bench: Bench, upload: Upload, *, confirm: bool) -> Upload:
    """Put the file into the book. Where rows would vanish nothing is written without `confirm`; the receipt then says
    what would.

    The journal says so before, and what came of it after: the book is not in the same transaction, and of a process
    that dies between the two it must still be known who sent what stands in the book.

    Raises:
        AccessError: the viewer may not submit, or not for who the file reports for.
        InputError, ConflictError, EnvironmentFault: as the intake and the book.
    """
    bench.viewer.require(Permission.SUBMIT_DATA)
    found = _prepared(bench, upload)
    if found.questions or not found.drafts:
        raise InputError(Text("文件还有未回答的问题，不能提交。", "the file still has open questions"))
    about, sent = f"upload:{upload.token}", {"file": upload.name, "bytes": upload.size, "confirmed": confirm}
    with bench.office.begin() as session:
        journal.write(
            session, bench.viewer, "data.submitting", about, detail=sent | {"sha256": found.drafts[0].content_hash}
        )
    receipt = bench.book.submit(found.drafts, confirm=confirm)
    upload.receipt, upload.error = receipt_told(receipt), {}
    if not receipt.needs_confirmation:
        upload.state = "submitted"
    if receipt.written:
        with bench.office.begin() as session:
            detail = sent | {"parts": upload.receipt["outcomes"]}
            journal.write(session, bench.viewer, "data.submit", about, detail=detail)
    bench.staging.keep(upload)
    return upload


def refuse(bench: Bench, upload: Upload, error: HoufengError) -> Upload:
    """Write down why a file was not taken."""
    upload.state, upload.error = "refused", error_told(error)
    bench.staging.keep(upload)
    return upload


def _prepared(bench: Bench, upload: Upload) -> Intake:
    path = bench.staging.path(upload)
    refuse_entities(path)
    answers = dict(upload.answers)
    if answers.get("period"):
        answers["period"] = parse_day(str(answers["period"]))
    if "skip" in answers:
        answers["skip"] = tuple(answers["skip"])
    found = prepare(path, snapshot=bench.book.snapshot(), limits=LIMITS, **answers)
    for draft in found.drafts:
        _refuse_foreign(bench, upload.name, draft)
    return found


def _refuse_foreign(bench: Bench, name: str, draft: Draft) -> None:
    """Whoever reports for some institutions may report for those, and only what an institution knows of itself.

    The rows are asked too, not only who sends them: of a loan that two reporters report, the later one would count.

    Raises:
        AccessError: a part of the file is not theirs to report.
    """
    strangers = {draft.reporter} if not bench.reporters.sees(draft.reporter) else set()
    if not bench.viewer.scope.everything:
        kind = bench.book.kind(draft.kind)
        field = kind.reporter_field
        if not field:
            raise _not_yours(name, *kind.label)
        named = [value for value in pc.unique(draft.rows.column(field)).to_pylist() if value is not None]
        strangers |= {value for value in named if not bench.reporters.sees(value)}
    if strangers:
        listed = sorted(strangers)[:5]
        raise _not_yours(name, "、".join(listed), ", ".join(listed))


def _not_yours(name: str, zh: str, en: str) -> AccessError:
    message = Text(f"文件里有不归您报送的内容：{zh}。整份未收。", f"not yours to report: {en}; nothing was taken")
    hint = Text("检查机构代码一列，或请有权的单位报送", "look at the column of institutions, or let who may report it")
    return AccessError(message, (Problem("desk.foreign_report", message, Where(name), suggestion=hint),))


def refuse_entities(path: Path) -> None:
    """Refuse an office document that declares a document type or entities: no spreadsheet program writes such.

    The readers behind this resolve none, but a file that tries is not one to go on with.

    Raises:
        InputError: it does.
    """
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for part in archive.infolist()[:2000]:
                if part.filename.lower().endswith((".xml", ".rels")):
                    with archive.open(part) as stream:
                        if _XML.search(stream.read(_HEAD)):
                            raise _entities(path.name, part.filename)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, RuntimeError):
        return  # damaged or locked: the intake says so, and how


def _entities(name: str, part: str) -> InputError:
    message = Text(
        f"工作簿的 {part} 里声明了 XML 文档类型或外部实体，可能是攻击文件，已拒绝",
        f"the workbook's {part} declares an XML document type or external entities: refused, it may be an attack",
    )
    hint = Text("用 Excel 或 WPS 打开后另存为新的 xlsx", "open it in Excel or WPS and save it as a new xlsx")
    problem = Problem("desk.xml_entities", message, Where(name), suggestion=hint)
    return InputError(Text(f"{name}：{message.zh}", f"{name}: {message.en}"), (problem,))


def _write_marked(path: Path, found: Intake) -> None:
    """The bad rows of all parts, as the workbook that goes back to the sender."""
    bad = [row for draft in found.drafts for row in read_rows(draft.kind, draft.quarantine)][:MARKED]
    path.unlink(missing_ok=True)
    if bad:
        marks = (
            MarkedRow(row.row, row.cells, tuple(Mark(f.header, f.message.zh, f.suggestion.zh) for f in row.faults))
            for row in bad
        )
        write_marked(path, marks)
