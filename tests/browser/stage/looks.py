"""In which languages and widths pages are looked at: each of both by day, every pair of them by night."""

from __future__ import annotations

import os

import pytest

from nightly import NIGHTLY

PICTURES = os.environ.get("HOUFENG_PICTURES", "")
LOOKS = [("zh", False), ("en", True)]
if NIGHTLY:
    LOOKS += [("en", False), ("zh", True)]

in_each_look = pytest.mark.parametrize(
    ("lang", "phone"), LOOKS, ids=[f"{'phone' if phone else 'desk'}-{lang}" for lang, phone in LOOKS]
)
"""Gives a test `lang` and `phone`."""
