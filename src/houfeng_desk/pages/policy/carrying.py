"""Files of packs in and out: what was sent as an upload, and a version as a zip."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.responses import Response

from houfeng.errors import InputError, Text
from houfeng.office import journal
from houfeng.office.access import Viewer
from houfeng.office.packs.files import MOST_ALL
from houfeng_desk.desk import Desk
from houfeng_desk.queries import packs as query


def sent_files(sent: Sequence[UploadFile]) -> list[tuple[str, bytes]]:
    """The files that were sent, by name.

    Raises:
        InputError: there are none, or they are too large together.
    """
    if not sent:
        raise InputError(Text("请先选择文件", "choose files first"))
    uploads, room = [], MOST_ALL
    for one in sent:
        data = one.file.read(room + 1)
        room -= len(data)
        if room < 0:
            raise InputError(Text("文件合计超过 6 MB", "the files are over 6 MB together"))
        uploads.append((one.filename or "", data))
    return uploads


def packed(desk: Desk, viewer: Viewer, name: str, asked: str) -> Response:
    """The files of a version (its number; empty: the one in force) as a zip."""
    with desk.office.read() as session:
        pack, version = query.opened(session, desk, name, asked)
        asked_for = version if asked else None
        held = query.shelf_of(desk).files(session, name, desk.clock().date()) if asked_for is None else asked_for.files
        files = dict(held)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, text in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(key, (1980, 1, 1, 0, 0, 0)), text)
    with desk.office.begin() as session:
        journal.write(session, viewer, "pack.download", f"pack:{name}@{pack.version}", detail={"digest": pack.digest})
    called = quote(f"{name}-{pack.version}.zip")
    headers = {"content-disposition": f"attachment; filename=\"pack.zip\"; filename*=UTF-8''{called}"}
    return Response(made.getvalue(), media_type="application/zip", headers=headers)
