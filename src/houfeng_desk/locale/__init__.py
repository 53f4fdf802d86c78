"""Languages of the desk: Chinese is written in the templates, English stands in `en/*.po`, one file per area.

The catalogues are read at start, so nothing compiled is kept in the repository. A text without a translation shows in
Chinese; a test finds it before a reader does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

from houfeng.errors import Text

LANGS = ("zh", "en")
TAGS = {"zh": "zh-CN", "en": "en"}
"""What stands in the `lang` attribute of a page."""

FOLDER = Path(__file__).parent
_lang: ContextVar[str] = ContextVar("houfeng_desk_lang", default="zh")


def speak(lang: str) -> None:
    """From here on, this request speaks `lang`."""
    _lang.set(lang if lang in LANGS else "zh")


def spoken() -> str:
    """The language this request speaks: `zh` or `en`."""
    return _lang.get()


def say(text: Text) -> str:
    """`text` in the language of this request."""
    return text.get(spoken())


def gettext(message: str) -> str:
    """The Chinese `message` in the language of this request."""
    if spoken() == "zh":
        return message
    return english()[0].get(message, message)


def ngettext(one: str, many: str, n: int) -> str:
    """As `gettext`, of a text that counts: Chinese has one form, English two."""
    if spoken() == "zh":
        return many
    found = english()[1].get(one)
    if found is None:
        return many
    return found[0] if n == 1 else found[1]


@cache
def english() -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """All English texts: plain ones, and those that count."""
    plain: dict[str, str] = {}
    counted: dict[str, tuple[str, str]] = {}
    for path in catalogues():
        with path.open("rb") as file:
            for message in read_po(file, locale="en"):
                if not message.id or message.fuzzy or not message.string:
                    continue
                if isinstance(message.id, str):
                    plain[message.id] = str(message.string)
                else:
                    counted[message.id[0]] = (message.string[0], message.string[1])
    return plain, counted


def catalogues() -> Iterable[Path]:
    """The English catalogues, one per area of pages."""
    return sorted((FOLDER / "en").glob("*.po"))


def preferred(accept: str) -> str:
    """The language of an `Accept-Language` header that the desk speaks, or the empty string."""
    best, weight = "", 0.0
    for part in accept.split(",")[:20]:
        match = re.fullmatch(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]+)?\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*", part)
        if match and (lang := match[1].lower()) in LANGS and (q := float(match[2] or 1)) > weight:
            best, weight = lang, q
    return best
