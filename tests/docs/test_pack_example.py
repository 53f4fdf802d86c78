"""The pack on docs/how-to/write-a-pack.md checks, its cases pass, and what the page shows is what comes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from houfeng.packs.loading.load import load_pack
from houfeng_cli.main import cli

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-pack.md"
BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The pack of the page as `first-loans/pack.yaml` under the working folder."""
    blocks = BLOCK.findall(PAGE.read_text("utf-8"))
    assert len(blocks) == 1
    file = tmp_path / "first-loans" / "pack.yaml"
    file.parent.mkdir()
    file.write_text(blocks[0], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOUFENG_LANG", "en")
    return file


@pytest.mark.parametrize("verb", ["check", "test"])
def test_the_page_shows_what_comes(pack: Path, verb: str) -> None:
    """`pack check` and `pack test` end well and print the line of the page."""
    done = CliRunner().invoke(cli, ["pack", verb, pack.parent.name])
    assert done.exit_code == 0, done.output
    assert f"$ houfeng pack {verb} first-loans\n{done.output}" in PAGE.read_text("utf-8")


def test_the_misspelling_is_told_as_shown(pack: Path) -> None:
    """Line, column and suggestion are those of the page."""
    pack.write_text(
        pack.read_text("utf-8").replace("loan.is_first_loan and", "loan.is_frist_loan and"), encoding="utf-8"
    )
    done = CliRunner().invoke(cli, ["pack", "check", "first-loans"])
    told = next(line for line in done.output.splitlines() if "is_frist_loan." in line)
    assert f"{told.partition(' [')[0]} […]" in PAGE.read_text("utf-8")


def test_the_diff_is_as_shown(pack: Path, tmp_path: Path) -> None:
    """A raised ceiling shows as the line of the page."""
    new = tmp_path / "first-loans-2"
    new.mkdir()
    text = pack.read_text("utf-8").replace("{value: 5_000_000, known", "{value: 6_000_000, known")
    (new / "pack.yaml").write_text(text, encoding="utf-8")
    done = CliRunner().invoke(cli, ["pack", "diff", "first-loans", "first-loans-2"])
    assert done.exit_code == 1
    assert done.output.strip() in PAGE.read_text("utf-8")


def test_the_rival_reading_is_computed(pack: Path) -> None:
    """The example shows what a reading is for: it changes a parameter that a condition uses."""
    loaded = load_pack(pack.parent)
    assert loaded.interpretations["ceiling_boundary"].chosen == "closed"
    assert load_pack(pack.parent).with_readings({"ceiling_boundary": "strict"}) != loaded
