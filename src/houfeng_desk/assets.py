"""Styles, scripts and pictures: held in memory, served under the hash of their bytes, and so for ever fresh.

An address names the content (`/static/3f2a…/css/parts.css`), so a browser may keep it for a year and never shows a
style of yesterday.
"""

from __future__ import annotations

import gzip
import hashlib
import tomllib
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from houfeng.errors import NotFoundError, Text

FOLDER = Path(__file__).parent / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".toml": "text/plain; charset=utf-8",
}
SQUEEZED = 1400
"""Bytes above which a text is also kept compressed; below, it fits one packet anyway."""


@dataclass(frozen=True)
class Asset:
    """One file: its bytes, compressed bytes where that helps, its type, and its two hashes."""

    body: bytes
    squeezed: bytes
    type: str
    mark: str
    sha384: str


@cache
def assets() -> dict[str, Asset]:
    """Every file that is served, by its path below `static/`."""
    found = {}
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file() and path.suffix in TYPES:
            body = path.read_bytes()
            found[path.relative_to(FOLDER).as_posix()] = Asset(
                body=body,
                squeezed=gzip.compress(body, 9, mtime=0) if len(body) > SQUEEZED else b"",
                type=TYPES[path.suffix],
                mark=hashlib.sha256(body).hexdigest()[:16],
                sha384=b64encode(hashlib.sha384(body).digest()).decode(),
            )
    return found


@cache
def vendored() -> dict[str, dict[str, str]]:
    """What of others is served, by name, as VENDORED.toml says."""
    listed = tomllib.loads((FOLDER / "vendor" / "VENDORED.toml").read_text("utf-8"))["file"]
    return {entry["name"]: entry for entry in listed}


def asset(path: str) -> Asset:
    """The file at `path`.

    Raises:
        NotFoundError: there is none.
    """
    if path not in assets():
        raise NotFoundError(Text(f"没有文件 {path}", f"there is no file {path}"))
    return assets()[path]


def address(path: str) -> str:
    """The address of a file, with the hash of its content."""
    return f"/static/{asset(path).mark}/{path}"
