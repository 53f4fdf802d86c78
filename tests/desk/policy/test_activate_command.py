"""`houfeng pack activate`: the same steps as on the desk, by two persons who give their passwords."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from desk.desk_samples import PASSWORD, make_office
from houfeng.clock import wall_clock
from houfeng.office.database import Office
from houfeng.office.packs import life
from houfeng.packs.loading.source import find_folder
from houfeng_cli.pack import command


@pytest.fixture
def place(small_book: Path, tmp_path: Path) -> list[str]:
    """The options that name a book and an office whose people have passwords."""
    make_office(tmp_path / "office.db", wall_clock, password=True)
    return ["--book", str(small_book), "--office", f"sqlite:///{tmp_path / 'office.db'}"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["activate", *arguments], input=f"{PASSWORD}\n")


def test_two_persons_bring_a_folder_into_force(place: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "base-2"
    shutil.copytree(find_folder("china-base"), folder)
    head = folder / "pack.yaml"
    head.write_text(head.read_text("utf-8").replace("version: 1.0.0", "version: 1.1.0"), "utf-8")
    proposed = run(str(folder), "--login", "analyst", "--why", "新版", *place)
    assert proposed.exit_code == 0, proposed.exception
    assert run("--approve", "1", "--login", "analyst", "--why", "自批", *place).exit_code != 0
    assert run("--approve", "1", "--login", "approver", "--why", "同意", *place).exit_code == 0
    office = Office.open(place[3], wall_clock)
    with office.read() as session:
        found = life.active(session, "china-base", wall_clock().date())
        acts = [step.act for step in life.find(session, found.version_id).steps] if found else []
    office.close()
    assert found is not None
    assert (found.version, found.proposed_by, found.approved_by) == ("1.1.0", "analyst", "approver")
    assert acts == ["draft", "test", "simulate", "submit", "approve"]


def test_a_wrong_password_and_an_unclear_question_are_refused(place: list[str]) -> None:
    wrong = CliRunner().invoke(
        command, ["activate", "china-base", "--login", "analyst", "--why", "x", *place], input="wrong\n"
    )
    assert wrong.exit_code != 0
    assert run("--login", "analyst", "--why", "x", *place).exit_code != 0
    assert run("china-base", "--approve", "1", "--login", "analyst", "--why", "x", *place).exit_code != 0
