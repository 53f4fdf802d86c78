"""What areas of pages hand to the house: finders for the search, sources of what waits for somebody."""

from __future__ import annotations

from typing import Any


def parts_of(app: Any, name: str) -> list[Any]:
    """What was registered under `name` with this app, in order; a list to append to."""
    if not hasattr(app.state, "parts"):
        app.state.parts = {}
    found: list[Any] = app.state.parts.setdefault(name, [])
    return found
