"""Check a pack: everything the loader finds, and what only proof can find, told at once."""

from __future__ import annotations

from pathlib import Path

from houfeng.errors import Level, Problem
from houfeng.packs.loading.load import read_pack
from houfeng.packs.logic import find_conflicts
from houfeng.packs.model import Pack
from houfeng.packs.scope import scope_problems


def check_pack(reference: str | Path) -> tuple[Pack | None, list[Problem]]:
    """The pack and all its problems: of reading, names and types, exceptions, decision tables, and what rules see.

    Raises:
        UsageError: there is no such pack.
    """
    pack, problems = read_pack(reference)
    if pack is not None and not any(problem.level is Level.ERROR for problem in problems):
        problems = problems + find_conflicts(pack) + scope_problems(pack, pack.rules.values())
    return pack, sorted(problems, key=lambda p: (p.where.file, p.where.line, p.where.column))
