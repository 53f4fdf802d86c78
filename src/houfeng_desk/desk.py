"""The desk: everything a page needs, opened once at start and handed to every request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from houfeng.book.store import Book
from houfeng.clock import Clock
from houfeng.office.access import Viewer
from houfeng.office.database import Office
from houfeng.office.identity.providers import Providers
from houfeng.settings import Settings
from houfeng.themes.kept import FOLDER as MONTHS
from houfeng_desk.months import Months
from houfeng_desk.reader import Reader, Shelf

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class DeskSettings:
    """What the operator says at start.

    `hosts` are the names the desk answers to. `proxies` are addresses whose forwarding headers are believed. `secure`
    marks cookies Secure, for a desk behind TLS. `upload_bytes` bounds a file that is uploaded, `form_bytes` every
    other body.
    """

    hosts: frozenset[str] = frozenset({"127.0.0.1", "localhost", "::1"})
    proxies: frozenset[str] = frozenset()
    secure: bool = False
    upload_bytes: int = 200 * MEGABYTE
    form_bytes: int = MEGABYTE
    work_folder: Path | None = None
    memory: str = "1GB"
    threads: int | None = None
    debug: bool = False


SHIPPED = {
    "five-articles": "five-articles",
    "warning-rules": "warning-rules",
    "china-base": "china-base",
    "sme-invoices": "sme-invoices",
    "entitlements": "entitlements",
    "platform-debt": "platform-debt",
}
"""The packs in force where no other was activated, by name: a shipped pack or a folder."""


@dataclass
class Desk:
    """The office, the book, the packs and the clock. Threads share it."""

    office: Office
    book: Book
    clock: Clock
    packs: Mapping[str, str] = field(default_factory=lambda: dict(SHIPPED))
    settings: DeskSettings = field(default_factory=DeskSettings)
    providers: Providers = field(default_factory=Providers)

    def __post_init__(self) -> None:
        """Open the shelf of views on the book."""
        memory, threads = self.settings.memory, self.settings.threads
        self.shelf = Shelf(self.book, memory, threads)
        own = self.work_folder / MONTHS
        self.months = Months(self.book.path / MONTHS, own, Settings(self.book.path, "zh", memory, threads))

    @classmethod
    def open(cls, office: Office, book: Path, clock: Clock, settings: DeskSettings | None = None) -> Desk:
        """The desk over the book in a folder.

        Raises:
            UsageError, EnvironmentFault: as `Book.open`.
        """
        return cls(office, Book.open(book, clock), clock, settings=settings or DeskSettings())

    @property
    def work_folder(self) -> Path:
        """Where files of jobs and exports lie; beside the book unless the settings say otherwise."""
        return self.settings.work_folder or self.book.path / "desk"

    def reader(self, viewer: Viewer, as_of: date | None = None, known_at: datetime | None = None) -> Reader:
        """What `viewer` may see of the book on `as_of` (default: its newest period of balances), as known at `known_at`
        (default: now)."""
        return self.shelf.reader(viewer, as_of, known_at, self.clock())

    def close(self) -> None:
        """Let go of the views on the book. The office belongs to who opened it."""
        self.months.close()
        self.shelf.close()
