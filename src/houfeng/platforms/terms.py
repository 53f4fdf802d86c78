"""The lines and definitions of the platform-debt pack on a day, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from houfeng.packs.model import Pack

PACK = "platform-debt"


@dataclass(frozen=True)
class Terms:
    """The pack's parameters for `day` as known on `known`. What has no value then is None, and judges nothing."""

    pack: Pack
    day: date
    known: date

    def value(self, name: str) -> Any:
        """The value of a parameter."""
        found = self.pack.parameters[name].on(self.day, self.known)
        return None if found is None else found.value

    def number(self, name: str) -> Decimal | None:
        """The value of a parameter that is a number."""
        found = self.value(name)
        return None if found is None else Decimal(str(found))

    def whole(self, name: str, otherwise: int) -> int:
        """The value of a parameter that is a whole number."""
        found = self.value(name)
        return otherwise if found is None else int(found)

    def reference(self, name: str) -> str:
        """The document a parameter's value rests on."""
        found = self.pack.parameters[name].on(self.day, self.known)
        return found.reference if found is not None else ""
