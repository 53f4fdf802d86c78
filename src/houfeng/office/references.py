"""Secrets by reference: settings and tables name where a secret stands, and never hold it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from houfeng.errors import EnvironmentFault, Text, UsageError


def is_reference(text: str) -> bool:
    """Whether `text` is `env:NAME` or `file:PATH`."""
    kind, _, rest = text.partition(":")
    return kind in ("env", "file") and bool(rest)


def resolve(reference: str, environment: Mapping[str, str] = os.environ) -> str:
    """The secret that `env:NAME` or `file:PATH` (its first line) names.

    Raises:
        UsageError: it is no reference; what was written may be the secret itself and is not repeated.
        EnvironmentFault: nothing stands there.
    """
    if not is_reference(reference):
        raise UsageError(
            Text("密钥须写作 env:变量名 或 file:文件路径", "a secret is given as env:NAME or file:PATH, not as itself")
        )
    kind, _, rest = reference.partition(":")
    try:
        value = environment.get(rest, "") if kind == "env" else Path(rest).read_text("utf-8").split("\n", 1)[0].strip()
    except OSError:
        value = ""
    if not value:
        raise EnvironmentFault(Text(f"读不到密钥 {reference}", f"there is no secret at {reference}"))
    return value
