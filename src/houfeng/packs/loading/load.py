"""Load a pack: folder → source → facts → bound items, with every problem of all its files told at once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

from houfeng.book.model import kinds
from houfeng.book.yamlfile import Item
from houfeng.errors import InputError, Level, Problem, Text, UsageError, Where
from houfeng.packs.language.binding import Names
from houfeng.packs.loading.facts import check_readings, read_interpretation, read_parameter, read_set, read_waiting
from houfeng.packs.loading.grants.gather import Grants, read_grants
from houfeng.packs.loading.items import ItemReader
from houfeng.packs.loading.reader import EntryReader
from houfeng.packs.loading.ruling import RuleReader
from houfeng.packs.loading.source import Entry, Source, find_folder, read_source
from houfeng.packs.model import Case, CodeSet, Definition, Interpretation, Pack, Parameter, Rule

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def load_pack(reference: str | Path) -> Pack:
    """The pack at a path or of a name.

    Raises:
        UsageError: there is no such pack.
        InputError: it has problems; they are all in `problems`.
    """
    pack, problems = read_pack(reference)
    errors = [problem for problem in problems if problem.level is Level.ERROR]
    if pack is None or errors:
        raise InputError(
            Text(f"政策包 {reference} 有 {len(errors)} 处错误", f"the pack {reference} has {len(errors)} errors"),
            errors,
        )
    return pack


def read_pack(
    reference: str | Path, beside: Path | None = None, _path: tuple[str, ...] = ()
) -> tuple[Pack | None, list[Problem]]:
    """Read a pack and tell all its problems. The pack is nothing only where its head cannot be read.

    Raises:
        UsageError: there is no such pack.
    """
    folder = find_folder(reference, beside)
    source = read_source(folder)
    problems = source.problems
    head = _Head(source)
    required = _required(head, folder, problems, (*_path, str(folder.resolve())))
    builder = _Builder(source, head, required, problems)
    return builder.pack(), sorted(problems, key=lambda p: (p.where.file, p.where.line, p.where.column))


class _Head:
    """The head of pack.yaml, read with care."""

    def __init__(self, source: Source) -> None:
        self.source = source
        item = Item(1, 1, entries={key: entry.item for key, entry in source.head.items()})
        first = next(iter(source.head.values()), None)
        self.entry = Entry("pack.yaml", item, str(source.folder / "pack.yaml"), first.text if first else "")
        unread = any(p.where.file == self.entry.file and p.code.startswith("yaml.") for p in source.problems)
        # where the file itself cannot be read, that its head is missing is no news
        reader = EntryReader(self.entry, [] if unread and not source.head else source.problems)
        reader.allow(("pack", "version", "label", "description", "requires", "measure"), ("pack", "version", "label"))
        self.name, self.version = reader.string("pack", source.folder.name), reader.string("version", "0")
        self.label, self.description = reader.text("label"), reader.text("description")
        self.requires = reader.strings("requires")
        measure = reader.get("measure")
        self.measure = {kind: str(item.value) for kind, item in measure.pairs()} if measure is not None else {}
        for kind in self.measure:
            if kind not in kinds():
                reader.report("pack.unknown_kind", measure, f"没有记录种类 {kind}", f"there is no record kind {kind}")
        if not re.fullmatch(r"[a-z][a-z0-9-]*", self.name):
            reader.report(
                "pack.name",
                reader.get("pack"),
                "包名用小写字母、数字和连字符",
                "a pack's name is lower-case letters, digits and hyphens",
            )


def _required(head: _Head, folder: Path, problems: list[Problem], path: tuple[str, ...]) -> list[Pack]:
    packs: list[Pack] = []
    where = head.source.head["requires"].where if "requires" in head.source.head else Where(head.entry.file)
    for name in head.requires:
        try:
            target = str(find_folder(name, folder).resolve())
        except UsageError as error:
            problems.append(Problem("pack.requires", error.message, where))
            continue
        if target in path:
            problems.append(
                Problem(
                    "pack.requires", Text(f"包之间成环：{name}", f"packs require each other in a ring: {name}"), where
                )
            )
            continue
        pack, found = read_pack(name, folder, path)
        errors = [problem for problem in found if problem.level is Level.ERROR]
        if pack is None or errors:
            what = Text(
                f"所需的包 {name} 有 {len(errors)} 处错误", f"the required pack {name} has {len(errors)} errors"
            )
            problems.append(
                Problem(
                    "pack.requires",
                    what,
                    where,
                    suggestion=Text(
                        f"先改好它：houfeng pack check {name}", f"mend it first: houfeng pack check {name}"
                    ),
                )
            )
        if pack is not None:
            packs.append(pack)
    return packs


class _Builder:
    def __init__(self, source: Source, head: _Head, required: list[Pack], problems: list[Problem]) -> None:
        self.source, self.head, self.required, self.problems = source, head, required, problems

    def pack(self) -> Pack:
        parameters = self._facts("parameters", read_parameter, [p.parameters for p in self.required])
        sets = self._facts("code_sets", read_set, [p.sets for p in self.required])
        interpretations: dict[str, Interpretation] = self._facts("interpretations", read_interpretation, [])
        own_parameters: dict[str, Parameter] = parameters
        check_readings(interpretations, own_parameters, self.problems)
        for pack in self.required:
            interpretations = {**pack.interpretations, **interpretations}
        items, rules, grants = self._items(parameters, sets)
        head = self.head
        digest = hashlib.sha256("".join([self.source.digest, *(p.digest for p in self.required)]).encode()).hexdigest()
        return Pack(
            head.name, head.version, head.label, head.description, str(self.source.folder), digest, head.requires,
            parameters, sets, items, rules, interpretations,
            tuple(read_waiting(entry, self.problems) for entry in self.source.entries("waiting")),
            tuple(self._case(entry) for entry in self.source.entries("cases")), head.measure,
            **vars(grants),
        )  # fmt: skip

    def _facts(
        self, section: str, read: Callable[[Entry, list[Problem]], Any], inherited: Iterable[Any]
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for names in inherited:
            found |= names
        for entry in self.source.entries(section):
            self._check_name(entry)
            if entry.name in found:
                text = Text(f"{entry.name} 已在所需的包里定义", f"{entry.name} is already defined in a required pack")
                self.problems.append(Problem("pack.twice", text, entry.where))
            if (fact := read(entry, self.problems)) is not None:
                found[entry.name] = fact
        return found

    def _check_name(self, entry: Entry) -> None:
        if not _NAME.fullmatch(entry.name):
            text = Text(
                f"名字 {entry.name} 只能用小写字母、数字和下划线",
                f"the name {entry.name} may have lower-case letters, digits and underscores only",
            )
            self.problems.append(Problem("pack.name", text, entry.where))

    def _items(
        self, parameters: dict[str, Parameter], sets: dict[str, CodeSet]
    ) -> tuple[dict[tuple[str, str], Definition], dict[str, Rule], Grants]:
        names = Names(parameters, sets)
        rules: dict[str, Rule] = {}
        for pack in self.required:
            names.bound |= pack.items
        reader = ItemReader(names, self.head.name, self.head.measure)
        rules_reader = RuleReader(names, self.head.name, self.head.measure)
        methods = {
            "themes": reader.theme,
            "indicators": reader.indicator,
            "values": reader.value,
            "tables": reader.table,
        }
        for section, method in methods.items():
            for entry in self.source.entries(section):
                self._pend(names, entry, method)
        names.bind_all()
        for entry in self.source.entries("rules"):
            self._check_name(entry)
            if (rule := rules_reader.rule(entry)) is not None:
                rules[entry.name] = rule
        rules_reader.check_merging(self.source.entries("rules"), rules.values())
        for section in ("conditions", "pools", "instruments", "entitlements", "products"):
            for entry in self.source.entries(section):
                self._check_name(entry)
        grants = read_grants(self.source, names, self.head.name, self.required)
        self.problems += names.problems
        order = [key for key in (*names.bound,) if key not in names.pending] + [
            k for k in names.pending if k in names.bound
        ]
        return {key: names.bound[key] for key in order}, rules, grants

    def _pend(self, names: Names, entry: Entry, method: Callable[[Entry], Definition | None]) -> None:
        self._check_name(entry)
        over = entry.item.get("over")
        kind = str(over.value) if over is not None else ""
        key = (kind, entry.name)
        if key in names.bound or key in names.pending:
            self.problems.append(
                Problem("pack.twice", Text(f"{entry.name} 已经定义过", f"{entry.name} is already defined"), entry.where)
            )
            return
        if kind in kinds() and entry.name in (*kinds()[kind].fields, *kinds()[kind].relations):
            text = Text(
                f"{entry.name} 是 {kind} 的字段或关系，不能再作名字",
                f"{entry.name} is a field or relation of {kind} and cannot name an item",
            )
            self.problems.append(Problem("pack.twice", text, entry.where))
            return
        names.pending[key] = lambda: method(entry)

    def _case(self, entry: Entry) -> Case:
        reader = EntryReader(entry, self.problems)
        reader.allow(
            ("name", "as_of", "known_at", "given", "expect", "parameters", "readings", "reference", "note"),
            ("name", "as_of", "given"),
        )
        as_of = reader.scalar("as_of", date, date(2000, 1, 1))

        def plain(key: str) -> dict[str, Any]:
            item = reader.get(key)
            return dict(item.plain()) if item is not None and item.entries is not None else {}

        return Case(
            reader.string("name", entry.name), as_of, reader.scalar("known_at", date, as_of),
            plain("given"), plain("expect"), plain("parameters"), plain("readings"), entry.place().where,
        )  # fmt: skip
