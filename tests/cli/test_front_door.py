"""The front door: few names, loaded when used, with core dependencies only; errors without stack traces."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

import houfeng
from houfeng_cli.main import NOUNS, cli

ROOT = Path(__file__).parents[2]


def test_at_most_a_dozen_names_and_each_is_there() -> None:
    assert dir(houfeng) == sorted(houfeng.__all__)
    assert len(houfeng.__all__) <= 12
    for name in houfeng.__all__:
        assert getattr(houfeng, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Bok'"):
        houfeng.Bok  # noqa: B018 (the access is the test)


def test_only_core_dependencies_are_needed() -> None:
    """Every name of the front door loads while everything that is not a core dependency is made to fail."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    core = {line.split(">")[0].split("[")[0] for line in project["dependencies"]}
    extras = {line.split(">")[0].split("[")[0] for lines in project["optional-dependencies"].values() for line in lines}
    modules = {name.replace("-", "_") for name in extras - core} | {
        "pandas",
        "openpyxl",
        "psycopg",
        "pytest",
        "hypothesis",
    }
    code = (
        "import sys\n"
        f"away = {modules!r}\n"
        "class Away:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in away: raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Away())\n"
        "import houfeng\n"
        "for name in houfeng.__all__: getattr(houfeng, name)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_help_names_every_noun_and_imports_none() -> None:
    code = (
        "import sys\nfrom houfeng_cli.main import cli\n"
        "try: cli.main(['--help'], standalone_mode=True)\nexcept SystemExit: pass\n"
        "heavy = {'duckdb', 'pyarrow', 'sqlglot', 'z3', 'deltalake', 'numpy'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert all(noun in done.stdout for noun in NOUNS)


@pytest.mark.parametrize("noun", NOUNS)
def test_every_noun_has_help(noun: str) -> None:
    result = CliRunner().invoke(cli, [noun, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["pack", "check", "five-artcles"], 2, "five-articles"),
        (["book", "query", "select 1", "--book", "/nowhere/book"], 2, "/nowhere/book"),
        (["book", "kinds", "lone"], 2, "loan"),
        (["themes", "report", "--as-of", "12/2025", "--book", "/nowhere"], 2, "/nowhere"),
        (
            ["watch", "replay", "warning-rules", "--from", "soon", "--to", "2025-12", "--book", "/nowhere"],
            2,
            "/nowhere",
        ),
        (["watch", "replay", "warning-rules", "--from", "2025-01", "--to", "2025-12", "--out", "a.doc"], 2, ".doc"),
        (["watch", "replay", "warning-rules", "--from", "2025-01", "--to", "2025-12", "--out", "/no/a.csv"], 2, "/no"),
    ],
)
def test_mistakes_get_one_clear_text(arguments: list[str], code: int, words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "houfeng_cli.main", *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert "Traceback" not in done.stderr + done.stdout
    assert words in done.stderr
    assert done.returncode == code, done.stderr
