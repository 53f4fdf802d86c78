"""The generated pages are what the program says now, and leave nothing out."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from houfeng.book.model import kinds
from houfeng.settings import SETTINGS
from houfeng_cli import docs
from houfeng_cli.main import NOUNS, cli

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def verbs() -> dict[str, click.Command]:
    """Every command that does something, by what is typed; found without the code that writes the page."""
    found: dict[str, click.Command] = {}
    for noun in NOUNS:
        group = cli.get_command(click.Context(cli), noun)
        assert group is not None
        if not isinstance(group, click.Group):
            found[f"houfeng {noun}"] = group
            continue
        for verb in group.list_commands(click.Context(group)):
            command = group.get_command(click.Context(group), verb)
            assert command is not None
            found[f"houfeng {noun} {verb}"] = command
    return found


@pytest.mark.parametrize("name", ["commands.md", "settings.md", "data-dictionary.md"])
def test_the_committed_page_is_current(name: str) -> None:
    """`make docs` has been run since the last change of commands, settings or kinds."""
    assert (REFERENCE / name).read_text("utf-8") == docs.pages()[name]


def test_every_command_and_option_is_documented() -> None:
    """Each command has its heading, and under it each of its options."""
    text = (REFERENCE / "commands.md").read_text("utf-8")
    sections = {part.split("\n", 1)[0]: part for part in text.replace("\n### ", "\n## ").split("\n## ")[1:]}
    for path, command in verbs().items():
        options = [name for p in command.params if isinstance(p, click.Option) for name in p.opts]
        assert path in sections
        assert [name for name in options if not re.search(rf"[` ]{name}\b", sections[path])] == []


def test_every_command_says_what_it_does() -> None:
    """A command without a line of help would be an empty section."""
    assert [path for path, command in verbs().items() if not (command.help or "").strip()] == []


def test_every_setting_and_kind_is_documented() -> None:
    """Each environment variable and each record kind has its row."""
    settings, dictionary = ((REFERENCE / name).read_text("utf-8") for name in ("settings.md", "data-dictionary.md"))
    assert [s.variable for s in SETTINGS if f"| `{s.variable}` |" not in settings] == []
    assert [name for name in kinds() if f"\n## {name}\n" not in dictionary] == []


def test_pages_do_not_depend_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the width of the terminal nor the language nor the folder of the book shows in a page."""
    before = docs.pages()
    for name, value in {"COLUMNS": "40", "HOUFENG_LANG": "en", "LANG": "en_GB", "HOUFENG_BOOK": "/elsewhere"}.items():
        monkeypatch.setenv(name, value)
    assert docs.pages() == before


def test_write_makes_the_pages(tmp_path: Path) -> None:
    """`houfeng docs write FOLDER` makes the folder and all pages in it."""
    done = CliRunner().invoke(docs.command, ["write", str(tmp_path / "new")])
    assert done.exit_code == 0, done.output
    assert {path.name: path.read_text("utf-8") for path in (tmp_path / "new" / "reference").iterdir()} == docs.pages()
