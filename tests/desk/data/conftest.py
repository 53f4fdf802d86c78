"""Tests of data write into the book: each has a copy of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def small_book(small_book: Path, tmp_path: Path) -> Path:
    """A copy of the small book that a test may write to."""
    target = tmp_path / "own" / "book"
    shutil.copytree(small_book, target)
    return target
