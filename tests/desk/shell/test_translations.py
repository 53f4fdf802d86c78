"""Every text of the desk has its English, none twice in different words, none that nobody uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po
from jinja2 import Environment

import houfeng_desk
from houfeng_desk.locale import catalogues

ROOT = Path(houfeng_desk.__file__).parent
HAN = re.compile(r"[\u4e00-\u9fff]")
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}


def texts() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every text to translate, with the file it stands in."""
    options = {"trimmed": "true", "extensions": "jinja2.ext.do"}
    for path in sorted((ROOT / "templates").rglob("*.html")):
        for _, message, _, _ in extract_from_file("jinja2.ext:babel_extract", path, KEYWORDS, (), options):
            yield path.relative_to(ROOT / "templates").as_posix(), message if isinstance(message, tuple) else (message,)
    for path in sorted(ROOT.rglob("*.py")):
        for _, message, _, _ in extract_from_file("python", path, KEYWORDS):
            yield path.relative_to(ROOT).as_posix(), message if isinstance(message, tuple) else (message,)


def translated(path: Path) -> dict[str, tuple[str, ...]]:
    """What one catalogue translates; fuzzy and empty entries count as nothing."""
    with path.open("rb") as file:
        return {
            (m.id if isinstance(m.id, str) else m.id[0]): ((m.string,) if isinstance(m.string, str) else m.string)
            for m in read_po(file, locale="en", abort_invalid=True)
            if m.id and not m.fuzzy
        }


def test_every_text_is_translated() -> None:
    known = {text: english for path in catalogues() for text, english in translated(path).items()}
    missing = sorted({f"{where}: {text[0]}" for where, text in texts() if not all(known.get(text[0], ("",)))})
    assert missing == []


def test_what_stands_in_the_catalogues() -> None:
    used = {text[0] for _, text in texts()}
    seen: dict[str, tuple[str, ...]] = {}
    for path in catalogues():
        for text, english in translated(path).items():
            assert text in used, f"{path.name}: nobody uses “{text}”"
            assert seen.setdefault(text, english) == english, f"“{text}” is translated in two ways"
            for part in english:
                assert not HAN.search(part), f"{path.name}: Chinese in the English of “{text}”"
                assert set(re.findall(r"%\(\w+\)s", part)) <= set(re.findall(r"%\(\w+\)s", text)), text


@pytest.mark.parametrize("template", sorted(p.relative_to(ROOT).as_posix() for p in ROOT.glob("templates/**/*.html")))
def test_templates_keep_to_the_policy(template: str) -> None:
    """No style or script inside, nothing that needs eval, no Chinese outside of `_()`, no other host."""
    text = (ROOT / template).read_text("utf-8")
    bare = " ".join(part for _, kind, part in Environment().lex(text) if kind == "data")
    assert not re.search(r"\sstyle\s*=|<style|\son[a-z]+\s*=|javascript:|hx-on|\bjs:", bare)
    assert not re.search(r"\|\s*safe\b", text)
    assert not re.search(r"(src|href|action)\s*=\s*[\"']?(https?:)?//", bare)
    assert all(re.search(r"src=|application/json", tag) for tag in re.findall(r"<script[^>]*>", bare))
    allowed = {"中", "文", "中文"} if template == "templates/macros/ui.html" else set()
    assert set(re.findall(r"[\u4e00-\u9fff]+", bare)) <= allowed
