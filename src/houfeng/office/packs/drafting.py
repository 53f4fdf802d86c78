"""Making a draft: from an upload, from a form with one new value, from another reading, on another base.

What takes long (checking, proving) is done before the office's turn to write is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from houfeng.errors import ConflictError, InputError, Problem, Text, UsageError
from houfeng.office import journal
from houfeng.office.access import Permission, Viewer
from houfeng.office.database import Office, office_of
from houfeng.office.packs import editing, life
from houfeng.office.packs.files import HEAD, Files, check, errors, main_pack, of_pack, read_folder, received, told
from houfeng.office.packs.shelf import PackShelf
from houfeng.office.packs.tables import PackVersion
from houfeng.packs.model import Pack

Change = Callable[[dict[str, str], Pack], dict[str, str]]


def from_upload(
    office: Office, shelf: PackShelf, viewer: Viewer, uploads: Sequence[tuple[str, bytes]], why: str
) -> PackVersion:
    """A draft of an uploaded pack.

    Raises:
        InputError: it has errors, all in `problems`, each with file and line.
        ConflictError: there is such a version already.
    """
    viewer.require(Permission.PROPOSE_PACKS)
    given = received(uploads)
    name = main_pack(given)
    today = office.clock().date()
    with office.read() as session:
        files = shelf.complete(session, given, today)
        known = shelf.is_shipped(name) or life.active(session, name, today) is not None
        base = shelf.in_force(session, name, today).digest if known else ""
    return _kept(office, shelf, viewer, name, files, base, "uploaded", why)


def with_value(
    office: Office, shelf: PackShelf, viewer: Viewer, pack: str, new: editing.NewValue, version: str, why: str
) -> PackVersion:
    """A draft of the pack in force with one more dated value."""
    return _edited(office, shelf, viewer, pack, lambda f, p: editing.with_value(f, p, new), version, why)


def with_reading(
    office: Office,
    shelf: PackShelf,
    viewer: Viewer,
    pack: str,
    reading: tuple[str, str],
    start: date,
    version: str,
    why: str,
) -> PackVersion:
    """A draft of the pack in force with another reading chosen from a day on."""
    today = office.clock().date()
    by = f"{viewer.name}（{viewer.login}）"

    def change(files: dict[str, str], found: Pack) -> dict[str, str]:
        return editing.with_reading(files, found, *reading, by, today, start)

    return _edited(office, shelf, viewer, pack, change, version, why)


def on_base(
    office: Office, shelf: PackShelf, viewer: Viewer, pack: str, base: str, version: str, why: str
) -> PackVersion:
    """A draft of the pack in force that rests on the version of `base` now in force."""
    today = office.clock().date()
    with office.read() as session:
        newer = of_pack(shelf.files(session, base, today), base)

    def change(files: dict[str, str], _: Pack) -> dict[str, str]:
        if of_pack(files, base) == newer:
            raise InputError(Text(f"{pack} 已用 {base} 的现行版本", f"{pack} rests on the {base} in force already"))
        return {**{key: text for key, text in files.items() if not key.startswith(f"{base}/")}, **newer}

    return _edited(office, shelf, viewer, pack, change, version, why)


def suggested(office: Office, shelf: PackShelf, name: str) -> str:
    """The number a next version would get."""
    today = office.clock().date()
    with office.read() as session:
        taken = {one.version for one in life.versions(session, name)}
        now = shelf.in_force(session, name, today).version
    return editing.next_version(now, lambda version: version in taken)


def _edited(
    office: Office, shelf: PackShelf, viewer: Viewer, name: str, change: Change, version: str, why: str
) -> PackVersion:
    viewer.require(Permission.PROPOSE_PACKS)
    today = office.clock().date()
    with office.read() as session:
        pack = shelf.in_force(session, name, today)
        files = dict(shelf.files(session, name, today))
    changed = editing.with_version(change(files, pack), name, version or suggested(office, shelf, name))
    return _kept(office, shelf, viewer, name, changed, pack.digest, "edited", why)


def _kept(
    office: Office, shelf: PackShelf, viewer: Viewer, name: str, files: Files, base: str, origin: str, why: str
) -> PackVersion:
    if f"{name}/{HEAD}" not in files:
        raise InputError(Text("没有 pack.yaml", "there is no pack.yaml"))
    pack, problems = check(files, name)
    if pack is None:
        raise InputError(Text(f"{name} 有错误，未建立草稿", f"{name} has errors: no draft"), problems)
    with office.begin() as session:
        if shelf.is_shipped(name):
            enrol(session, shelf.folder(session, name), office.clock())
        return draft(session, viewer, pack, problems, files, base, origin, why)


def draft(
    session: Session,
    viewer: Viewer,
    pack: Pack,
    problems: Sequence[Problem],
    files: Files,
    base: str,
    origin: str,
    why: str,
) -> PackVersion:
    """Keep a checked pack as a draft.

    Raises:
        AccessError: the viewer may not propose packs.
        InputError: it has errors; they are all in `problems`.
        ConflictError: there is a version of this number with other content, or nothing changed.
    """
    viewer.require(Permission.PROPOSE_PACKS)
    if wrong := errors(problems):
        raise InputError(
            Text(f"{pack.name} 有 {len(wrong)} 处错误，未建立草稿", f"{pack.name} has {len(wrong)} errors: no draft"),
            wrong,
        )
    if not why.strip():
        raise UsageError(Text("请写明为何要这一版", "say why this version is wanted"))
    _refuse_double(session, pack)
    office = office_of(session)
    version = PackVersion(
        name=pack.name,
        version=pack.version,
        digest=pack.digest,
        label_zh=pack.label.zh,
        label_en=pack.label.en,
        state=life.Stage.DRAFT,
        origin=origin,
        base_digest=base,
        files=dict(files),
        findings=[told(problem) for problem in problems],
        author_id=viewer.user_id,
        author=viewer.login,
        created_at=office.clock(),
        why=why.strip(),
    )
    session.add(version)
    session.flush()
    life.step(
        session, version, viewer, "draft", why, {"digest": pack.digest, "origin": origin, "findings": len(problems)}
    )
    return version


def _refuse_double(session: Session, pack: Pack) -> None:
    for other in life.versions(session, pack.name):
        if other.state in (life.Stage.REFUSED, life.Stage.WITHDRAWN):
            continue
        if other.digest == pack.digest:
            raise ConflictError(
                Text(f"与 {other.version} 内容相同，没有改动", f"the same as {other.version}: nothing changed")
            )
        if other.version == pack.version:
            raise ConflictError(
                Text(
                    f"已有 {pack.name} {pack.version}，内容不同；请升版本号",
                    f"there is a {pack.name} {pack.version} with other content; raise the version",
                )
            )


def enrol(session: Session, folder: Path, at: datetime) -> PackVersion:
    """The shipped (or installed) pack in a folder as a version one can come back to; kept once for each content."""
    files = read_folder(folder)
    pack, problems = check(
        files, folder.name if f"{folder.name}/pack.yaml" in files else next(iter(files)).split("/")[0]
    )
    if pack is None or errors(problems):
        raise InputError(Text(f"{folder} 有错误", f"{folder} has errors"), errors(problems))
    held = next((one for one in life.versions(session, pack.name) if one.digest == pack.digest), None)
    if held is not None:
        return held
    version = PackVersion(
        name=pack.name,
        version=pack.version,
        digest=pack.digest,
        label_zh=pack.label.zh,
        label_en=pack.label.en,
        state=life.Stage.APPROVED,
        origin="shipped",
        files=files,
        findings=[told(problem) for problem in problems],
        author="houfeng",
        created_at=at,
        why="随程序提供 / shipped with the program",
    )
    session.add(version)
    session.flush()
    journal.write(session, "system", "pack.enrol", f"pack:{pack.name}@{pack.version}", detail={"digest": pack.digest})
    return version
