"""Packs by name as they are in force: the version two persons signed, or the shipped pack where nobody has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.errors import NotFoundError, Text, did_you_mean
from houfeng.office.packs import life
from houfeng.office.packs.files import HEAD, Files, Layouts, laid_out, read_folder, requires
from houfeng.office.packs.tables import PackActivation, PackVersion
from houfeng.packs.loading.load import load_pack
from houfeng.packs.loading.source import find_folder, shipped
from houfeng.packs.model import Pack


@dataclass(frozen=True, slots=True)
class Standing:
    """One pack on one day: the activation it stands by (nothing: as shipped), and what comes next."""

    name: str
    pack: Pack
    activation: PackActivation | None
    coming: tuple[PackActivation, ...]
    open_drafts: int


@dataclass
class PackShelf:
    """Packs by name and version. `installed` names further packs by their folder; `place` holds laid-out copies."""

    place: Path
    installed: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Nothing is read until it is asked for."""
        self.layouts = Layouts(self.place)

    def names(self, session: Session) -> list[str]:
        """All packs there are: shipped, installed, or drafted."""
        drafted = session.scalars(select(PackVersion.name).distinct())
        return sorted({*shipped(), *self.installed, *drafted})

    def of_version(self, version: PackVersion) -> Pack:
        """The pack of a kept version."""
        return self.layouts.load(version.digest, version.name, version.files)

    def in_force(self, session: Session, name: str, on: date, known: datetime | None = None) -> Pack:
        """The pack in force on a day, as known at a moment.

        Raises:
            NotFoundError: there is no pack of that name, or none in force yet.
        """
        found = life.active(session, name, on, known)
        if found is not None:
            return self.of_version(life.find(session, found.version_id))
        return _loaded(str(self.folder(session, name)))

    def standing(self, session: Session, name: str, on: date) -> Standing:
        """A pack with what it stands by and what is on its way. One never in force is told by its newest draft."""
        found = life.active(session, name, on)
        own = life.versions(session, name)
        drafts = [one for one in own if one.state in (life.Stage.DRAFT, life.Stage.SUBMITTED)]
        coming = tuple(one for one in life.activations(session, name) if one.from_day > on)
        if found is None and not self.is_shipped(name) and own:
            return Standing(name, self.of_version(own[0]), None, coming, len(drafts))
        return Standing(name, self.in_force(session, name, on), found, coming, len(drafts))

    def is_shipped(self, name: str) -> bool:
        """Whether there is a pack of that name that nobody needs to sign."""
        return name in self.installed or name in shipped()

    def folder(self, session: Session, name: str) -> Path:
        """The folder of a shipped or installed pack.

        Raises:
            NotFoundError: there is none.
        """
        if not self.is_shipped(name):
            near = did_you_mean(name, self.names(session))
            raise NotFoundError(Text(f"没有政策包 {name}。{near.zh}", f"no pack {name}. {near.en}"))
        return find_folder(self.installed.get(name, name))

    def files(self, session: Session, name: str, on: date) -> Files:
        """The files of the version in force on a day, with those of the packs it requires."""
        found = life.active(session, name, on)
        return life.find(session, found.version_id).files if found else read_folder(self.folder(session, name))

    def complete(self, session: Session, files: Files, on: date) -> dict[str, str]:
        """`files` of one pack with those of the packs it requires, as in force, where they did not come along."""
        found = dict(files)
        wanted = [name for key, text in files.items() if key.endswith(f"/{HEAD}") for name in requires(text)]
        for name in wanted:
            if f"{name}/{HEAD}" not in found and (self.is_shipped(name) or life.active(session, name, on)):
                found |= {k: t for k, t in self.files(session, name, on).items() if k not in found}
        return found

    def dependents(self, session: Session, name: str, on: date) -> list[str]:
        """The packs in force that require the pack of that name, directly or through others."""
        standing = [
            other
            for other in self.names(session)
            if other != name and (self.is_shipped(other) or life.active(session, other, on))
        ]
        return [one for one in standing if any(key.startswith(f"{name}/") for key in self.files(session, one, on))]

    def rebased(self, session: Session, name: str, base: str, files: Files, on: date) -> tuple[Pack, Pack]:
        """The pack in force, and the same with another version of a pack it requires."""

        own = self.files(session, name, on)
        changed = {key: text for key, text in own.items() if not key.startswith(f"{base}/")}
        changed |= {key: text for key, text in files.items() if key.startswith(f"{base}/")}
        with laid_out(changed) as folder:
            return self.in_force(session, name, on), load_pack(folder / name)


@lru_cache(maxsize=32)
def _loaded(folder: str) -> Pack:
    return load_pack(Path(folder))
