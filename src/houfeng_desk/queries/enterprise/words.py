"""What codes are called, and what of a person's name and number may be shown to whom."""

from __future__ import annotations

from typing import Any

from houfeng.book.intake.identifiers import names_a_firm
from houfeng.book.model import Type, code_lists, kinds
from houfeng.errors import Text
from houfeng.office.access import Permission, Viewer
from houfeng.themes.dimensions import SECTIONS

NOTHING = Text("—", "—")
HIDDEN = "＊"


def label(kind: str, field: str, value: Any) -> Text:
    """A value of a field in words: its code's label, or itself."""
    if value is None or value == "":
        return NOTHING
    shape = kinds()[kind].fields[field]
    if shape.type is Type.BOOLEAN:
        return Text("是", "yes") if value else Text("否", "no")
    found = code_lists()[shape.code_list].members.get(str(value)) if shape.code_list else None
    return found or Text(str(value), str(value))


def region(code: str | None) -> Text:
    """A region by name: a district by that of its city."""
    if not code:
        return NOTHING
    names = code_lists()["henan_region"].members
    return names.get(code) or names.get(f"{code[:4]}00") or Text(code, code)


def industry(code: str | None) -> Text:
    """The section of a class of GB/T 4754, with the class: 制造业 C3484."""
    if not code:
        return NOTHING
    section = SECTIONS.get(code[:1])
    return Text(f"{section.zh} {code}", f"{section.en} {code}") if section else Text(code, code)


def regions() -> list[tuple[str, Text]]:
    """The cities to choose from."""
    return list(code_lists()["henan_region"].members.items())


def sees_persons(viewer: Viewer) -> bool:
    """Whether names and numbers of natural persons are shown: to those who work on cases, and to no one else."""
    return viewer.may(Permission.WORK_CASES)


def is_person(identifier: str | None) -> bool:
    """Whether an identifier is of a natural person: whatever is not the credit code of a firm."""
    return bool(identifier) and not names_a_firm(str(identifier))


def masked_id(identifier: str | None, *, shown: bool) -> str:
    """A person's number with its middle hidden; a credit code as it is."""
    text = identifier or ""
    if shown or not is_person(text):
        return text
    return f"{text[:4]}{'*' * max(len(text) - 6, 4)}{text[-2:]}" if len(text) > 7 else "*" * len(text)


def masked_name(name: str | None, *, shown: bool) -> str:
    """A person's name with all but its first sign hidden."""
    text = name or ""
    return text if shown or not text else text[0] + HIDDEN * min(len(text) - 1, 2)
