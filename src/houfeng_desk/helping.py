"""Pages of help: Markdown of our own in two languages, made into HTML by a renderer that knows only what they use.

Headings, paragraphs, lists, `code`, **bold** and [links](/within/the/desk); everything else is text.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup, escape

FOLDER = Path(__file__).parent / "help"
ORDER = (
    "overview", "screen", "alerts", "cases", "claims", "quota", "todo", "reports", "themes", "policies", "needs",
    "mine", "packs", "enterprises", "penetration", "evasion", "lists", "disputes", "platforms", "data", "search",
    "inbox", "account", "users", "journal", "jobs", "settings",
)  # fmt: skip


class Help(NamedTuple):
    """One page of help."""

    title: str
    html: Markup


def help_titles(lang: str) -> list[tuple[str, str]]:
    """The pages there are, as (name, title), in the order of the menu."""
    return [(name, found.title) for name in ORDER if (found := help_page(name, lang)) is not None]


@cache
def help_page(name: str, lang: str) -> Help | None:
    """The page called `name`, or nothing."""
    if name not in ORDER:
        return None
    path = FOLDER / lang / f"{name}.md"
    if not path.is_file():
        return None
    title, _, body = path.read_text("utf-8").partition("\n")
    return Help(title.removeprefix("# ").strip(), rendered(body))


def rendered(text: str) -> Markup:
    """The HTML of a text in the Markdown that help uses."""
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.splitlines()
        if block.startswith("#"):
            blocks.append(Markup("<h2>{}</h2>").format(_inline(block.lstrip("# "))))
        elif all(re.match(r"(- |\d+\. |  )", line) for line in lines):
            tag = "ol" if lines[0][0].isdigit() else "ul"
            items = re.split(r"\n(?=- |\d+\. )", block)
            inside = Markup("").join(
                Markup("<li>{}</li>").format(_inline(re.sub(r"^(- |\d+\. )", "", item))) for item in items
            )
            blocks.append(Markup("<{0}>{1}</{0}>").format(tag, inside))
        else:
            blocks.append(Markup("<p>{}</p>").format(_inline(block)))
    return Markup("\n").join(blocks)


def _inline(text: str) -> Markup:
    text = str(escape(re.sub(r"\s*\n\s*", "" if re.search(r"[\u4e00-\u9fff]", text) else " ", text)))
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    text = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", text)
    text = re.sub(r"\[([^\]]+)\]\((/[A-Za-z0-9/_-]*)\)", r'<a href="\2">\1</a>', text)
    return Markup(text)  # noqa: S704 — escaped above; only the tags put in here are in it
