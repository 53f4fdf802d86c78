"""docs/reference/problems.md and the source name the same problem codes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "problems.md"
CODE = re.compile(
    r"(houfeng|bods|exchange|intake|book|yaml|pack|themes|claim|contagion|credit|penetration|swap|watch|simulate|engine)"
    r"\.[a-z0-9]+(_[a-z0-9]+)*"
)
ROOM = re.compile(
    r"(alert|assign|authorisation|bundle|case|claim|contest|desk|houfeng|identity|journal|listing|matching|need|outbox|pack|penetration)"
    r"\.[a-z0-9]+(_[a-z0-9]+)*"
)
ROOMS = (
    "office",
    "cases",
    "claims",
    "conduct",
    "matching",
    "houfeng_desk",
    "demonstration",
)  # acts of the journal look like codes
MAKERS = {"Problem", "_weak", "report"}
# dotted names in the source that are no problem codes: files, packages, a key in the footer of a Parquet file
OTHER = {
    "pack.yaml",
    "book.json",
    "claim.xlsx",
    "penetration.penetration",
    *(f"houfeng.{name}" for name in ("book", "library", "clock", "errors", "calls")),
}
COMPOSED = {  # written as f"exchange.{why}_rows", f"claim.{reason}" and f"ledger.{fault}"
    *("exchange.total_rows", "exchange.footer_rows"),
    *(f"claim.{name}" for name in ("not_in_book", "not_eligible", "borrower", "days", "base", "amount", "nothing")),
    *(f"ledger.{name}" for name in ("entry", "day", "claims", "quota", "ceiling", "moves", "hold")),
}


def _literals() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "src").rglob("*.py")):
        if set(path.parts) & set(ROOMS):
            continue
        tree = ast.parse(path.read_text("utf-8"))
        keys = {id(key) for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys}
        keys |= {id(node.slice) for node in ast.walk(tree) if isinstance(node, ast.Subscript)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in keys:
                yield node.value, f"{path.relative_to(ROOT)}:{node.lineno}"


def _made() -> Iterator[tuple[str, str]]:
    """The codes that calls which make a problem begin with, and those of classes of errors."""
    for path in sorted((ROOT / "src").rglob("*.py")):
        if not set(path.parts) & set(ROOMS):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "code":
                yield getattr(node.value, "value", ""), f"{path.relative_to(ROOT)}:{node.lineno}"
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in MAKERS and isinstance(node.args[0].value, str):
                    yield node.args[0].value, f"{path.relative_to(ROOT)}:{node.lineno}"


def _raised() -> dict[str, str]:
    found = {code: place for code, place in _literals() if CODE.fullmatch(code) and code not in OTHER}
    return found | {code: place for code, place in _made() if ROOM.fullmatch(code)}


def _documented() -> list[str]:
    return re.findall(r"^\| `([a-z0-9_.]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)


def test_every_code_is_documented() -> None:
    """A code that the source raises has a row on the page."""
    missing = {code: place for code, place in _raised().items() if code not in _documented()}
    assert not missing


def test_every_documented_code_exists() -> None:
    """A row on the page stands for a code in the source, once."""
    documented = _documented()
    assert set(documented) - COMPOSED - set(_raised()) == set()
    assert len(documented) == len(set(documented))


def test_every_row_says_what_to_do() -> None:
    """Each row has code, meaning and advice."""
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert all(all(cell.strip() for cell in row.strip("|").split("|")) and row.count("|") == 4 for row in rows)
