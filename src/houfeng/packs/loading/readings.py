"""Compute with another reading of a clause: the same pack with the parameters that reading sets."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from houfeng.errors import Text, UsageError, did_you_mean
from houfeng.packs.loading.facts import typed
from houfeng.packs.model import Pack


def apply_readings(pack: Pack, readings: Mapping[str, str]) -> Pack:
    """`pack` under `readings` (interpretation → reading); those not named stay as chosen.

    Raises:
        UsageError: an interpretation or reading does not exist.
    """
    parameters = dict(pack.parameters)
    for name, label in readings.items():
        entry = pack.interpretations.get(name)
        if entry is None:
            near = did_you_mean(name, pack.interpretations)
            raise UsageError(Text(f"解释登记里没有 {name}。{near.zh}", f"no interpretation {name}. {near.en}"))
        if label not in entry.readings:
            known = ", ".join(entry.readings)
            raise UsageError(
                Text(f"{name} 没有读法 {label}，有：{known}", f"{name} has no reading {label}; it has: {known}")
            )
        for parameter, value in entry.readings[label].parameters.items():
            old = parameters[parameter]
            values = tuple(
                dataclasses.replace(v, value=typed(value, old.type), note=f"{name}={label}") for v in old.values
            )
            parameters[parameter] = dataclasses.replace(old, values=values)
    return dataclasses.replace(pack, parameters=parameters)
