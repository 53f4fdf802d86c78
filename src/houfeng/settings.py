"""The few settings there are, in one tuple that the command line, the docs and the tests read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class Setting(NamedTuple):
    """One environment variable: its name, what stands when it is not set, and what it is for."""

    variable: str
    default: str
    help: str


SETTINGS = (
    Setting("HOUFENG_BOOK", "book", "Folder of the book. The option --book overrides it."),
    Setting(
        "HOUFENG_LANG", "", "Language of messages, zh or en. Not set: en where LANG or LC_ALL is English, else zh."
    ),
    Setting("HOUFENG_MEMORY", "1GB", "Memory DuckDB may use for a query before it spills to disk."),
    Setting("HOUFENG_THREADS", "", "Threads DuckDB may use. Not set: all cores."),
    Setting(
        "HOUFENG_OFFICE",
        "",
        "Database of people, jobs, cases and the journal: sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE. "
        "Not set: office.db in the folder of the book.",
    ),
    Setting("HOUFENG_SIGN_IN", "", "YAML file of the ways to sign in besides passwords. Not set: passwords only."),
    Setting("HOUFENG_CRYPTO", "standard", "gm: new entries of the journal are hashed with SM3 instead of SHA-256."),
)


@dataclass(frozen=True)
class Settings:
    """The settings of one run, read once at the edge and handed in."""

    book: Path
    lang: str
    memory: str
    threads: int | None
    office: str = ""  # the URL of the operational records, where one is set
    sign_in: Path | None = None
    crypto: str = "standard"

    @property
    def hash(self) -> str:
        """The hash of new entries of the journal."""
        return "sm3" if self.crypto == "gm" else "sha256"


def office_url(settings: Settings, book: Path | None = None) -> str:
    """Where the operational records are: HOUFENG_OFFICE, else office.db in the folder of the book."""
    return settings.office or f"sqlite:///{(book or settings.book).absolute() / 'office.db'}"


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from `environment`."""
    value = {s.variable: environment.get(s.variable, "") or s.default for s in SETTINGS}
    locale = environment.get("LC_ALL") or environment.get("LANG") or ""
    lang = value["HOUFENG_LANG"] or ("en" if locale.lower().startswith("en") else "zh")
    threads = value["HOUFENG_THREADS"]
    return Settings(
        book=Path(value["HOUFENG_BOOK"]),
        lang="en" if lang.lower().startswith("en") else "zh",
        memory=value["HOUFENG_MEMORY"],
        threads=int(threads) if threads.isdigit() and int(threads) > 0 else None,
        office=value["HOUFENG_OFFICE"],
        sign_in=Path(value["HOUFENG_SIGN_IN"]) if value["HOUFENG_SIGN_IN"] else None,
        crypto=value["HOUFENG_CRYPTO"],
    )
