"""Documents of a case: bytes under the office's folder by their SHA-256, names made harmless, types told by content.

What is confidential, and the fields of a case that are, are shown to the people of the case; everybody else gives a
reason first, and the journal keeps who looked and why.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tempfile
import unicodedata
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.cases.files import find, reason, seen
from houfeng.cases.tables import CaseDocument, CaseFile
from houfeng.errors import AccessError, EnvironmentFault, InputError, NotFoundError, Problem, Text, Where
from houfeng.office import journal
from houfeng.office.access import Permission, Viewer
from houfeng.office.database import office_of

MOST_BYTES = 50 * 1024 * 1024
_CHUNK = 1024 * 1024
_OFFICE = {
    "word/document.xml": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"),
    "xl/workbook.xml": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
    "ppt/presentation.xml": ("application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"),
}
_MAGIC: Sequence[tuple[bytes, str, tuple[str, ...]]] = (
    (b"%PDF-", "application/pdf", (".pdf",)),
    (b"\x89PNG\r\n\x1a\n", "image/png", (".png",)),
    (b"\xff\xd8\xff", "image/jpeg", (".jpg", ".jpeg")),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage", (".doc", ".xls", ".wps", ".et")),
)
SHOWN: Mapping[str, str] = {"pdf": "PDF", "png": "PNG", "jpeg": "JPEG", "ole": "Word/Excel 97", "text": "TXT/CSV"}


def kind_of(head: bytes, whole: bytes, name: str) -> str:
    """The media type the bytes are of, which must be what the name says.

    Raises:
        InputError: a type that is not taken, or a name that says another.
    """
    suffix = Path(name).suffix.lower()
    for magic, media_type, suffixes in _MAGIC:
        if head.startswith(magic):
            return _fits(media_type, suffixes, suffix)
    if head.startswith(b"PK\x03\x04"):
        return _zipped(whole, suffix)
    if suffix in (".txt", ".csv") and b"\x00" not in whole:
        return "text/plain"
    raise _refused(Text("只收 PDF、Word、Excel、PPT、图片和文本", "only PDF, Word, Excel, PowerPoint, pictures, text"))


def _zipped(whole: bytes, suffix: str) -> str:
    try:
        names = set(zipfile.ZipFile(io.BytesIO(whole)).namelist())
    except (zipfile.BadZipFile, ValueError):
        raise _refused(Text("文件已损坏", "the file is damaged")) from None
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise _refused(Text("不收带宏的文件", "files with macros are not taken"))
    for part, (media_type, own) in _OFFICE.items():
        if part in names:
            return _fits(media_type, (own,), suffix)
    raise _refused(Text("不收压缩包", "archives are not taken"))


def _fits(media_type: str, suffixes: tuple[str, ...], suffix: str) -> str:
    if suffix not in suffixes:
        raise _refused(
            Text(
                f"内容是 {'、'.join(suffixes)}，文件名却是 {suffix or '无扩展名'}",
                f"content is {', '.join(suffixes)}, name says {suffix or 'nothing'}",
            )
        )
    return media_type


def _refused(what: Text) -> InputError:
    return InputError(Text("不能收这份文件", "this file cannot be taken"), [Problem("case.document", what, Where())])


def harmless(name: str) -> str:
    """A file name without folders, control characters and what some system reads as a command."""
    plain = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    plain = re.sub(r'[\x00-\x1f\x7f<>:"|?*\u202a-\u202e\u2066-\u2069]', "", plain).strip(" .")
    stem, dot, suffix = plain.rpartition(".")
    short = f"{stem[:120]}{dot}{suffix[:10]}" if dot else plain[:120]
    return short or "document"


def attach(
    session: Session, viewer: Viewer, case_id: int, version: int, folder: Path, name: str, stream: BinaryIO, *,
    confidential: bool = False, note: str = "",
) -> CaseDocument:  # fmt: skip
    """Add a document: the bytes first, then the row; bytes without a row are nobody's and do no harm."""
    viewer.require(Permission.WORK_CASES)
    case = seen(session, viewer, case_id, version)
    name = harmless(name)
    data = _bounded(stream)
    media_type = kind_of(data[:16], data, name)
    digest = hashlib.sha256(data).hexdigest()
    _keep(folder, digest, data)
    document = CaseDocument(
        case_id=case.id, name=name, sha256=digest, size=len(data), media_type=media_type, confidential=confidential,
        note=note.strip()[:500], attached_by=viewer.user_id, at=office_of(session).clock(),
    )  # fmt: skip
    session.add(document)
    session.flush()
    told = {"document": document.id, "name": name, "sha256": digest, "size": len(data), "confidential": confidential}
    journal.write(session, viewer, "case.document", f"case:{case.id}", why=note, detail=told)
    return document


def _bounded(stream: BinaryIO) -> bytes:
    parts, size = [], 0
    while part := stream.read(_CHUNK):
        size += len(part)
        if size > MOST_BYTES:
            most = MOST_BYTES // _CHUNK
            raise _refused(Text(f"文件超过 {most} MB", f"over {most} MB"))
        parts.append(part)
    if not size:
        raise _refused(Text("文件是空的", "the file is empty"))
    return b"".join(parts)


def place(folder: Path, digest: str) -> Path:
    """Where the bytes of a document lie."""
    return folder / "documents" / digest[:2] / digest


def _keep(folder: Path, digest: str, data: bytes) -> None:
    """Write the bytes under their hash, whole or not at all."""
    target = place(folder, digest)
    if target.is_file():
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(part).replace(target)
    except OSError as error:
        raise EnvironmentFault(Text(f"文件存不下：{error}", f"the file cannot be stored: {error}")) from error


def documents(session: Session, case_id: int) -> Sequence[CaseDocument]:
    """The documents of a case, newest first."""
    found = select(CaseDocument).where(CaseDocument.case_id == case_id).order_by(CaseDocument.id.desc())
    return session.scalars(found).all()


def fetch(
    session: Session, viewer: Viewer, case_id: int, document_id: int, folder: Path, why: str = ""
) -> tuple[CaseDocument, bytes]:
    """A document and its bytes, proved by their hash. Each reading is journaled; a confidential one needs a reason.

    Raises:
        EnvironmentFault: the bytes are gone or not what was attached.
    """
    case = find(session, viewer, case_id)
    document = session.get(CaseDocument, document_id)
    if document is None or document.case_id != case.id:
        raise NotFoundError(Text("没有这份材料", "there is no such document"))
    if document.confidential and not inside(case, viewer):
        may_unmask(viewer)
        reason(why)
    try:
        data = place(folder, document.sha256).read_bytes()
    except OSError as error:
        raise EnvironmentFault(Text("材料文件读不到", "the document's file cannot be read")) from error
    if hashlib.sha256(data).hexdigest() != document.sha256:
        raise EnvironmentFault(Text("材料文件与登记的哈希不符", "the document's file is not what was attached"))
    told = {"document": document.id, "name": document.name, "confidential": document.confidential}
    journal.write(session, viewer, "case.read_document", f"case:{case.id}", why=why, detail=told)
    return document, data


def inside(case: CaseFile, viewer: Viewer) -> bool:
    """Whether confidential fields are plain to the viewer: the owner, and before there is one who began it."""
    return viewer.user_id == case.owner_id or (case.owner_id is None and viewer.user_id == case.created_by)


def may_unmask(viewer: Viewer) -> None:
    """Raise AccessError unless the viewer works on cases or signs them."""
    if not (viewer.may(Permission.WORK_CASES) or viewer.may(Permission.APPROVE)):
        raise AccessError(Text("您的角色不能查看保密内容", "your role may not see what is confidential"))


def masked(text: str) -> str:
    """A confidential text as others see it: that it is there, and nothing of it."""
    return "＊" * 4 if text else ""


def unmask(session: Session, viewer: Viewer, case_id: int, why: str) -> CaseFile:
    """Give the confidential fields for a reason, which the journal keeps."""
    case = find(session, viewer, case_id)
    may_unmask(viewer)
    journal.write(session, viewer, "case.unmask", f"case:{case.id}", why=reason(why), detail={"number": case.number})
    return case
