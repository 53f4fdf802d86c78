"""The files of a pack as a mapping of texts: read from a folder or an upload, laid out on disk to be loaded.

Keys are `PACK/FILE.yaml`: the pack's own files and those of the packs it requires, side by side, so that a version
means the same for ever, whatever is shipped or put in force later.
"""

from __future__ import annotations

import io
import re
import shutil
import tempfile
import threading
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from houfeng.book.yamlfile import read_yaml
from houfeng.errors import InputError, Level, Problem, Text, Where
from houfeng.packs.check import check_pack
from houfeng.packs.loading.load import load_pack
from houfeng.packs.loading.source import find_folder
from houfeng.packs.model import Pack

Files = Mapping[str, str]

MOST_FILES = 300
MOST_BYTES = 1_000_000
MOST_ALL = 6_000_000
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._\-]{0,99}\.yaml")
_PACK = re.compile(r"[a-z][a-z0-9\-]{0,79}")
HEAD = "pack.yaml"
HELD = 24


def read_folder(folder: Path) -> dict[str, str]:
    """The files of the pack in a folder and of all it requires."""
    pack = load_pack(folder)
    found = {f"{pack.name}/{path.name}": path.read_text("utf-8") for path in sorted(Path(pack.folder).glob("*.yaml"))}
    for name in pack.requires:
        found |= read_folder(find_folder(name, Path(pack.folder)))
    return found


def received(uploads: Sequence[tuple[str, bytes]]) -> dict[str, str]:
    """The YAML texts of an upload by `FOLDER/FILE`: one zip, or the files of a folder. Other files are left out.

    Raises:
        InputError: not a zip, too many or too big files, or not UTF-8; says which.
    """
    raw = _unzipped(uploads[0][1]) if len(uploads) == 1 and uploads[0][0].lower().endswith(".zip") else list(uploads)
    found: dict[str, str] = {}
    for path, data in raw:
        parts = [part for part in PurePosixPath(path.replace("\\", "/")).parts if part not in ("/", ".")]
        if not parts or not parts[-1].endswith(".yaml") or parts[-1].startswith("."):
            continue
        if ".." in parts or not _NAME.fullmatch(parts[-1]):
            raise _refused(path, "文件名只能用字母、数字、点、横线", "file names are letters, digits, dots and hyphens")
        if len(data) > MOST_BYTES:
            raise _refused(path, "文件超过 1 MB", "the file is over 1 MB")
        key = f"{parts[-2] if len(parts) > 1 else ''}/{parts[-1]}"
        if key in found:
            raise _refused(path, "同名文件有两个", "two files have this name")
        try:
            found[key] = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise _refused(path, "不是 UTF-8 编码", "it is not UTF-8") from None
    if not found:
        raise InputError(
            Text(
                "没有 .yaml 文件；请上传政策包文件夹或其压缩包（zip）",
                "no .yaml file: upload a pack's folder or a zip of it",
            )
        )
    return _by_pack(found)


def _unzipped(data: bytes) -> list[tuple[str, bytes]]:
    """The files of a zip, read no further than the limits: what a zip says of its sizes is not believed."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.endswith(".yaml")]
            if len(entries) > MOST_FILES:
                raise InputError(Text(f"文件超过 {MOST_FILES} 个", f"more than {MOST_FILES} files"))
            found, room = [], MOST_ALL
            for entry in entries:
                with archive.open(entry) as file:
                    read = file.read(min(MOST_BYTES, room) + 1)
                room -= len(read)
                if room < 0 or len(read) > MOST_BYTES:
                    raise _refused(entry.filename, "压缩包解开后过大", "the zip is too big when unpacked")
                found.append((entry.filename, read))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise InputError(Text(f"压缩包读不了：{error}", f"the zip cannot be read: {error}")) from None
    return found


def _by_pack(found: Mapping[str, str]) -> dict[str, str]:
    """The same files under the name each pack gives itself, whatever its folder was called."""
    names: dict[str, str] = {}
    for key, text in found.items():
        folder, _, file = key.rpartition("/")
        if file != HEAD:
            continue
        root, _ = read_yaml(text, key)
        said = root.get("pack") if root is not None else None
        name = str(said.value) if said is not None else folder
        if not _PACK.fullmatch(name):
            raise _refused(key, "pack.yaml 没有写明包名（pack:）", "pack.yaml does not say the pack's name (pack:)")
        if name in names.values():
            raise _refused(key, f"有两个包都叫 {name}", f"two packs are called {name}")
        names[folder] = name
    if not names:
        raise InputError(Text("没有 pack.yaml", "there is no pack.yaml"))
    return {f"{names[folder]}/{file}": text for (folder, _, file), text in _split(found) if folder in names}


def _split(found: Mapping[str, str]) -> Iterator[tuple[tuple[str, str, str], str]]:
    yield from ((key.rpartition("/"), text) for key, text in found.items())


def _refused(path: str, zh: str, en: str) -> InputError:
    what = Text(f"{path}：{zh}", f"{path}: {en}")
    return InputError(what, [Problem("pack.upload", Text(zh, en), Where(path))])


def requires(text: str) -> list[str]:
    """The packs that a pack.yaml requires, as far as it can be read."""
    root, _ = read_yaml(text, HEAD)
    listed = root.get("requires") if root is not None else None
    return [str(item.value) for item in (listed.items or ())] if listed is not None else []


def main_pack(files: Files) -> str:
    """The pack that none of the others requires.

    Raises:
        InputError: there is not just one.
    """
    names = [key.partition("/")[0] for key in files if key.endswith(f"/{HEAD}")]
    needed = {name for key, text in files.items() if key.endswith(f"/{HEAD}") for name in requires(text)}
    free = [name for name in names if name not in needed]
    if len(free) == 1:
        return free[0]
    listed = "、".join(free or names)
    raise InputError(
        Text(f"请一次上传一个包（及其所需的包）；收到：{listed}", f"upload one pack (and those it requires): {listed}")
    )


def of_pack(files: Files, name: str) -> dict[str, str]:
    """The files of one pack among them."""
    return {key: text for key, text in files.items() if key.startswith(f"{name}/")}


@contextmanager
def laid_out(files: Files) -> Iterator[Path]:
    """A temporary folder that holds the files, for a check."""
    with tempfile.TemporaryDirectory(prefix="houfeng-pack-") as folder:
        _write(files, Path(folder))
        yield Path(folder)


def check(files: Files, name: str) -> tuple[Pack | None, list[Problem]]:
    """The pack among these files and all its problems, each with `PACK/FILE:LINE`. The folder is gone afterwards."""
    with laid_out(files) as folder:
        pack, problems = check_pack(folder / name)
        return pack, [_relative(problem, folder) for problem in problems]


def errors(problems: Sequence[Problem]) -> list[Problem]:
    """Those that stop a pack."""
    return [problem for problem in problems if problem.level is Level.ERROR]


def _relative(problem: Problem, folder: Path) -> Problem:
    where, told = problem.where, str(folder.resolve()) + "/"
    texts = [
        Text(*(part.replace(told, "").replace(f"{folder}/", "") for part in text))
        for text in (problem.message, problem.suggestion)
    ]
    file = where.file.removeprefix(told).removeprefix(f"{folder}/")
    return replace(problem, message=texts[0], suggestion=texts[1], where=where._replace(file=file))


def _write(files: Files, folder: Path) -> None:
    for key, text in files.items():
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="")


def told(problem: Problem) -> dict[str, Any]:
    """A problem as plain values."""
    return {
        "code": problem.code,
        "level": problem.level.value,
        "zh": problem.message.zh,
        "en": problem.message.en,
        "where": str(problem.where),
        "value": problem.value,
        "hint_zh": problem.suggestion.zh,
        "hint_en": problem.suggestion.en,
    }


class Layouts:
    """Loaded packs of kept versions: laid out once under `place/DIGEST`, held in memory while they are in use."""

    def __init__(self, place: Path) -> None:
        """`place` may be emptied at any time; the files are in the database."""
        self.place = place
        self._held: OrderedDict[str, Pack] = OrderedDict()
        self._lock = threading.Lock()

    def load(self, digest: str, name: str, files: Files) -> Pack:
        """The pack of these files.

        Raises:
            InputError: the files are not those of the digest.
        """
        with self._lock:
            if digest in self._held:
                self._held.move_to_end(digest)
                return self._held[digest]
        target = self.place / digest
        if not (target / name / HEAD).exists():
            self._lay(files, target)
        pack = load_pack(target / name)
        if pack.digest != digest:
            shutil.rmtree(target, ignore_errors=True)
            self._lay(files, target)
            pack = load_pack(target / name)
        if pack.digest != digest:
            raise InputError(
                Text(f"政策包 {name} 的文件与其摘要不符", f"the files of the pack {name} do not match their digest")
            )
        with self._lock:
            self._held[digest] = pack
            while len(self._held) > HELD:
                self._held.popitem(last=False)
        return pack

    def _lay(self, files: Files, target: Path) -> None:
        self.place.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".laying-", dir=self.place))
        _write(files, staging)
        try:
            staging.rename(target)
        except OSError:
            shutil.rmtree(staging)
            if not target.exists():  # else another process was faster
                raise
