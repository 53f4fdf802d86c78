"""The terms of disputes and lists as they hold on a day: parameters of the pack `credit-conduct`."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from houfeng.errors import InputError, Text
from houfeng.packs.loading.load import load_pack
from houfeng.packs.loading.source import find_folder
from houfeng.packs.model import Pack

PACK = "credit-conduct"


@dataclass(frozen=True)
class Terms:
    """The numbers of a pack on one day, by name; each with what it rests on."""

    pack: Pack
    day: date
    held: Mapping[str, str] = field(default_factory=dict)

    def number(self, name: str) -> int:
        """The value of a parameter, in the unit it has (days or months).

        Raises:
            InputError: the pack has no such parameter, or no value for the day.
        """
        parameter = self.pack.parameters.get(name)
        dated = parameter.on(self.day, self.day) if parameter is not None else None
        if dated is None:
            raise InputError(
                Text(
                    f"政策包 {self.pack.name} 在 {self.day} 没有参数 {name} 的值",
                    f"the pack {self.pack.name} has no value of {name} on {self.day}",
                )
            )
        return int(dated.value)

    def reference(self, name: str) -> str:
        """What the value of a parameter rests on."""
        dated = self.pack.parameters[name].on(self.day, self.day)
        return dated.reference if dated is not None else ""


@functools.cache
def shipped() -> Pack:
    """The pack Houfeng ships."""
    return load_pack(find_folder(PACK))


def terms_on(day: date, pack: Pack | None = None) -> Terms:
    """The terms as they hold on a day, of the shipped pack unless another is in force."""
    return Terms(pack or shipped(), day)
