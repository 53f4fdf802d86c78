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
)


@dataclass(frozen=True)
class Settings:
    """The settings of one run, read once at the edge and handed in."""

    book: Path
    lang: str
    memory: str
    threads: int | None


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
    )
