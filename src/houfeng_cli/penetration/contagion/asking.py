"""What the commands of contagion share: how options are put on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def options(*options: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def added(wrapped: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            wrapped = option(wrapped)
        return wrapped

    return added
