"""Packs from a text, for tests: written to a folder, read and checked."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from houfeng.errors import Problem
from houfeng.packs.check import check_pack
from houfeng.packs.language.expression import Node
from houfeng.packs.loading.load import read_pack
from houfeng.packs.model import Pack

HEAD = "pack: tried\nversion: 1.0.0\nlabel: tried\n"


def check_text(text: str) -> tuple[Pack | None, list[Problem]]:
    """The pack of HEAD and `text`, checked."""
    with TemporaryDirectory() as folder:
        Path(folder, "pack.yaml").write_text(HEAD + text, encoding="utf-8")
        return check_pack(folder + "/")


def read_text(text: str) -> Pack:
    """The pack of HEAD and `text`, which must be without a problem of reading."""
    with TemporaryDirectory() as folder:
        Path(folder, "pack.yaml").write_text(HEAD + text, encoding="utf-8")
        pack, problems = read_pack(folder + "/")
    assert pack is not None
    assert not problems, [p.render("en") for p in problems]
    return pack


def read_condition(text: str, over: str = "loan") -> tuple[Node | None, list[Problem]]:
    """`text` as the condition of a theme."""
    quoted = "'" + text.replace("'", "''") + "'"
    pack, problems = check_text(f"themes:\n  t: {{label: x, over: {over}, when: {quoted}}}\n")
    item = pack.items.get((over, "t")) if pack is not None else None
    return (item.node if item is not None else None), problems
