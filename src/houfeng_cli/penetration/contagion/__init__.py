"""`houfeng penetration contagion | cascade | fall | expected | contagion-report`: what falls with whom.

Heavy imports stand inside the commands, so that `houfeng --help` stays quick.
"""

from __future__ import annotations

import click

from houfeng_cli.penetration.contagion.banks import cascade_, contagion_, report_
from houfeng_cli.penetration.contagion.firms import expected_, fall_

COMMANDS: tuple[click.Command, ...] = (contagion_, cascade_, fall_, expected_, report_)
"""Put into the group `penetration` by its file."""
