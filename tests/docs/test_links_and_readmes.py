"""What the pages say can be followed and typed: links, commands, options, make targets, counts."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from houfeng.book.model import kinds
from houfeng.packs.loading.load import load_pack
from houfeng_cli.main import cli

ROOT = Path(__file__).parents[2]
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "src" / "houfeng" / "library" / "README.md"])
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, made as code forges make them."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def typed(page: Path) -> Iterator[list[str]]:
    """The command lines of a page's console blocks, as words."""
    for language, block in FENCED.findall(page.read_text("utf-8")):
        for line in block.splitlines() if language == "console" else ():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if words and (line.startswith("$ ") or words[0] in ("houfeng", "make")):
                yield words


def wrong_with(words: list[str]) -> str:
    """What keeps a `houfeng …` line from being typed: an unknown noun, verb or option; nothing if all is known."""
    context, command, rest = click.Context(cli), cli, words[1:]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        if found is None:
            return f"no command {rest[0]}"
        command, rest = found, rest[1:]  # type: ignore[assignment]
    known = {name for p in command.params if isinstance(p, click.Option) for name in p.opts} | {"--help", "-h"}
    unknown = [word for word in rest if word.startswith("-") and word.partition("=")[0] not in known]
    return f"no option {unknown}" if unknown else ""


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_resolve(page: Path) -> None:
    """Every link to a file leads to one, and every anchor to a heading."""
    broken = []
    for target in LINK.findall(FENCED.sub("", page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_exist(page: Path) -> None:
    """Every `houfeng …` line of a console block names a command and options there are, every `make …` a target."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for words in typed(page):
        if Path(words[0]).name == "houfeng":
            assert not (fault := wrong_with(words)), f"{' '.join(words)}: {fault}"
        elif words[0] == "make":
            assert [word for word in words[1:] if word not in targets] == []


def test_the_check_of_commands_sees_faults() -> None:
    """It would be of no use if it passed everything."""
    assert wrong_with(["houfeng", "themes", "reprot"])
    assert wrong_with(["houfeng", "themes", "report", "--as-off", "2025-12"])
    assert not wrong_with(["houfeng", "themes", "report", "--as-of=2025-12"])


def test_the_readmes_are_of_one_shape() -> None:
    """The same headings in the same order of levels, the same commands, the same links to pages."""
    texts = [FENCED.sub("", page.read_text("utf-8")) for page in READMES]
    levels = [re.findall(r"^(#+) ", text, re.MULTILINE) for text in texts]
    links = [sorted(t for t in LINK.findall(text) if not t.startswith("README")) for text in texts]
    assert levels[0] == levels[1]
    assert links[0] == links[1]
    assert list(typed(READMES[0])) == list(typed(READMES[1]))


@pytest.mark.parametrize(("page", "words"), [(READMES[0], "en"), (READMES[1], "zh")])
def test_the_readmes_count_right(page: Path, words: str) -> None:
    """How many themes, cases, rules and kinds there are is what the packs and the book say."""
    five, warning, sme = (load_pack(name) for name in ("five-articles", "warning-rules", "sme-invoices"))
    text = page.read_text("utf-8")
    themes, cases, rules, wait = len(five.themes()), len(five.cases), len(warning.rules), len(warning.waiting)
    said = {
        "en": [
            f"{themes} themes with {cases} cases",
            f"{rules} rules that run, {wait} that name",
            f"{len(sme.rules)} rules",
        ],
        "zh": [f"{themes} 个专题、{cases} 个案例", f"{rules} 条规则可以运行，{wait} 条", f"{len(sme.rules)} 条规则"],
    }[words]
    said.append({"en": f"all {len(kinds())}", "zh": f"全部 {len(kinds())} 种"}[words])
    assert [phrase for phrase in said if phrase not in text] == []


def test_every_page_is_on_the_map() -> None:
    """docs/README.md leads to every page of the documentation."""
    start = ROOT / "docs" / "README.md"
    linked = {(start.parent / target.partition("#")[0]).resolve() for target in LINK.findall(start.read_text("utf-8"))}
    assert [
        named(p) for p in PAGES if p.is_relative_to(start.parent) and p != start and p.resolve() not in linked
    ] == []
