"""The packs Houfeng ships are clean and pass their own cases; every field can be named; the command line tells it all."""

# ruff: noqa: E501  (rows of examples are read across)

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from houfeng.book.model import kinds
from houfeng.book.yamlfile import Item
from houfeng.packs.cases import run_cases
from houfeng.packs.check import check_pack
from houfeng.packs.language.binding import Names
from houfeng.packs.language.text import Place
from houfeng.packs.loading.load import load_pack
from houfeng.packs.loading.source import shipped
from houfeng_cli.main import cli, main
from packs.pack_text import HEAD

BROKEN = Path(__file__).parent / "broken"


@pytest.mark.parametrize("name", shipped())
def test_shipped_pack_is_clean(name: str) -> None:
    """No problem of any level, and texts in both languages."""
    pack, problems = check_pack(name)
    assert pack is not None
    assert [p.render("en") for p in problems] == []
    assert pack.name == name


@pytest.mark.parametrize("name", shipped())
def test_shipped_cases_pass(name: str) -> None:
    """Every case holds by the compiler and by the evaluator."""
    pack = load_pack(name)
    assert pack.cases
    assert [p.render("en") for outcome in run_cases(pack) for p in outcome.problems] == []


@pytest.mark.parametrize("kind", kinds())
def test_every_field_can_be_named(kind: str) -> None:
    """No field or relation has a name that the expression reader takes for something else."""
    declared = kinds()[kind]
    paths = [*declared.fields, *(f"{r.name}.{f}" for r in declared.relations.values() for f in kinds()[r.kind].fields)]
    names = Names({}, {})
    for path in paths:
        for text in (
            path,
            f"{path} is null",
            f"coalesce({path}, null) is null",
            f"{path} in (null)",
            f"not {path} = null and true",
        ):
            node = names.read(text, Place("f", text, Item(1, 1, text)), kind)
            assert not names.problems, [p.render("en") for p in names.problems]
            assert node is not None


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A small pack with one passing case."""
    body = "themes:\n  t: {label: x, over: loan, when: principal > 5}\n"
    body += "cases:\n  - {name: one, as_of: 2026-01-01, given: {loan: {principal: 9}}, expect: {t: true}}\n"
    (tmp_path / "pack.yaml").write_text(HEAD + body, encoding="utf-8")
    return tmp_path


def test_check_clean(good: Path) -> None:
    """A clean pack: exit code 0 and a summary."""
    result = CliRunner().invoke(cli, ["pack", "check", str(good), "--lang", "en"])
    assert result.exit_code == 0
    assert "0 errors" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize(("lang", "words"), [("en", "there is no function lenght"), ("zh", "没有函数 lenght")])
def test_check_broken(lang: str, words: str) -> None:
    """A broken pack: exit code 1, each problem on a line with file:line:column, on stderr."""
    result = CliRunner().invoke(cli, ["pack", "check", str(BROKEN / "function_unknown"), "--lang", lang])
    assert result.exit_code == 1
    assert f"{BROKEN / 'function_unknown' / 'pack.yaml'}:8:11: error pack.unknown_function: {words}" in result.stderr


def test_check_as_json() -> None:
    """One JSON object a problem, with both languages and the place."""
    result = CliRunner().invoke(cli, ["pack", "check", "--json", str(BROKEN / "gap"), str(BROKEN / "ring")])
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert [problem["code"] for problem in found] == ["pack.gap", "pack.unknown_name", "pack.unknown_name"]
    assert found[0]["where"]["line"] == 5
    assert found[0]["value"] == "employees = 20"
    assert set(found[0]["message"]) == {"zh", "en"}


def test_test_passes(good: Path) -> None:
    """Passing cases: exit code 0 and a count."""
    result = CliRunner().invoke(cli, ["pack", "test", str(good)])
    assert result.exit_code == 0
    assert "1 passed, 0 failed" in result.stdout


def test_test_fails(good: Path) -> None:
    """A failing case: exit code 1, its place and both values."""
    path = good / "pack.yaml"
    path.write_text(path.read_text("utf-8").replace("t: true", "t: false"), encoding="utf-8")
    result = CliRunner().invoke(cli, ["pack", "test", str(good), "--lang", "en"])
    assert result.exit_code == 1
    assert "pack.yaml:7:5: error pack.case: case “one”: t should be False, is True" in result.stderr
    assert "0 passed, 1 failed" in result.stdout


def test_unknown_pack_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown name: exit code 2, the nearest name, no stack trace."""
    monkeypatch.setenv("HOUFENG_LANG", "en")
    with pytest.raises(SystemExit) as left:
        main(["pack", "check", "five-article"])
    told = capsys.readouterr().err
    assert left.value.code == 2
    assert "did you mean “five-articles”?" in told
    assert "Traceback" not in told


def test_broken_pack_cannot_be_tested(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """`pack test` of a broken pack tells its problems."""
    monkeypatch.setenv("HOUFENG_LANG", "en")
    with pytest.raises(SystemExit) as left:
        main(["pack", "test", str(BROKEN / "type_compare")])
    assert left.value.code == 1
    assert "pack.type" in capsys.readouterr().err


def test_unreadable_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Bytes that are no UTF-8 are told with the file's name."""
    (tmp_path / "pack.yaml").write_bytes(b"pack: \xff\xfe")
    with pytest.raises(SystemExit) as left:
        main(["pack", "check", str(tmp_path)])
    assert left.value.code == 1
    assert "pack.yaml" in capsys.readouterr().err
