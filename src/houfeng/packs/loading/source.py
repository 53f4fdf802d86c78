"""Find a pack's folder and read its YAML: sections and entries with their places, before anything is understood."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from houfeng.book.yamlfile import Item, read_yaml
from houfeng.errors import InputError, Problem, Text, UsageError, Where, did_you_mean
from houfeng.packs.language.text import Place

HEAD = ("pack", "version", "label", "description", "requires", "measure")
SECTIONS = (
    "parameters",
    "code_sets",
    "themes",
    "indicators",
    "values",
    "tables",
    "rules",
    "waiting",
    "interpretations",
    "conditions",
    "pools",
    "instruments",
    "entitlements",
    "products",
    "golden",
    "cases",
)
LISTS = ("cases", "golden")
"""Sections that are lists; the others are mappings."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a section: its name, its YAML value, and the file it stands in."""

    name: str
    item: Item
    file: str
    text: str

    def place(self, item: Item | None = None) -> Place:
        """The place of `item` (default: the entry) for expressions and problems."""
        return Place(self.file, self.text, item or self.item)

    @property
    def where(self) -> Where:
        """The place of the entry's name."""
        return Where(self.file, self.item.key_line or self.item.line, self.item.key_column or self.item.column)


@dataclass
class Source:
    """A pack as written: head, sections, and the digest of its files."""

    folder: Path
    head: dict[str, Entry] = field(default_factory=dict)
    sections: dict[str, dict[str, Entry]] = field(default_factory=lambda: {name: {} for name in SECTIONS})
    problems: list[Problem] = field(default_factory=list)
    digest: str = ""

    def entries(self, section: str) -> Iterator[Entry]:
        """The entries of a section, in the order written."""
        yield from self.sections[section].values()


def library() -> Path:
    """The folder of the packs Houfeng ships."""
    return Path(str(files("houfeng.library")))


def shipped() -> list[str]:
    """The names of the shipped packs."""
    return sorted(folder.name for folder in library().iterdir() if (folder / "pack.yaml").is_file())


def find_folder(reference: str | Path, beside: Path | None = None) -> Path:
    """The folder of a pack given by path or by name (next to `beside` first, then the library).

    Raises:
        UsageError: there is none; names the nearest shipped pack.
    """
    name = str(reference)
    plain = "/" not in name and not name.startswith(".")
    candidates = [beside.parent / name] if beside is not None and plain else []
    candidates += [Path(name), library() / name] if not plain or Path(name).is_dir() else [library() / name]
    for folder in candidates:
        if (folder / "pack.yaml").is_file():
            return folder
    hint = did_you_mean(name, shipped())
    raise UsageError(
        Text(
            f"找不到政策包 {name}（应是含 pack.yaml 的文件夹，或自带包的名字）。{hint.zh}",
            f"no pack {name}: give a folder that holds pack.yaml, or the name of a shipped pack. {hint.en}",
        )
    )


def read_source(folder: Path) -> Source:
    """Read every `*.yaml` of `folder`.

    Raises:
        InputError: a file cannot be read at all (permission, not UTF-8).
    """
    source = Source(folder)
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.yaml"), key=lambda p: (p.name != "pack.yaml", p.name)):
        try:
            data = path.read_bytes()
            text = data.decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(Text(f"读不了 {path}：{error}", f"cannot read {path}: {error}")) from error
        digest.update(path.name.encode() + b"\0" + data + b"\0")
        _collect(source, path, text)
    source.digest = digest.hexdigest()
    return source


def _collect(source: Source, path: Path, text: str) -> None:
    root, problems = read_yaml(text, str(path))
    source.problems += problems
    if root is None:
        return
    if root.entries is None:
        source.problems.append(
            Problem(
                "pack.shape",
                Text("文件最外层应是键值", "the file should be a mapping of sections"),
                Where(str(path), 1, 1),
            )
        )
        return
    head = path.name == "pack.yaml"
    for key, item in root.pairs():
        entry = Entry(key, item, str(path), text)
        if key in HEAD and head:
            source.head[key] = entry
        elif key in SECTIONS:
            _section(source, entry)
        else:
            near = did_you_mean(key, (*SECTIONS, *HEAD) if head else SECTIONS)
            what = Text(f"没有名为 {key} 的部分", f"there is no section {key}")
            source.problems.append(Problem("pack.unknown_key", what, entry.where, suggestion=near))


def _section(source: Source, section: Entry) -> None:
    named = source.sections[section.name]
    empty = section.item.shape == "scalar" and section.item.value is None
    if section.name in LISTS:
        pairs = [(f"#{len(named) + n + 1}", item) for n, item in enumerate(section.item.items or ())]
        wrong = section.item.items is None and not empty
    else:
        pairs = list(section.item.pairs())
        wrong = section.item.entries is None and not empty
    if wrong:
        want = (
            Text("这一部分应是列表", "this section should be a list")
            if section.name in LISTS
            else Text("这一部分应是键值", "this section should be a mapping")
        )
        source.problems.append(Problem("pack.shape", want, section.where))
    for name, item in pairs:
        entry = Entry(name, item, section.file, section.text)
        if name in named:
            first = named[name].where
            source.problems.append(
                Problem(
                    "pack.twice",
                    Text(f"{name} 已在 {first} 定义", f"{name} is already defined at {first}"),
                    entry.where,
                )
            )
        else:
            named[name] = entry
