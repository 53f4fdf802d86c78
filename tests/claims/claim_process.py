"""What tests of claims run in a process of its own: deciding on claims as fast as it can."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

COUNT = itertools.count()


def start(url: str, *claims: int) -> subprocess.Popen[bytes]:
    """Decide on these claims in a process of its own."""
    command = [sys.executable, str(Path(__file__)), url, *(str(number) for number in claims)]
    return subprocess.Popen(command)


def decide_all(url: str, *claims: str) -> None:
    """Accept each claim as far as the quota goes; one for which nothing is left is passed over."""
    from houfeng.claims.acts import deciding
    from houfeng.claims.tables import Claim
    from houfeng.clock import wall_clock
    from houfeng.errors import ConflictError
    from houfeng.office.database import Office
    from houfeng.office.identity.people import find, viewer_of

    office = Office.open(url, wall_clock)
    with office.read() as session:
        officer = viewer_of(find(session, "officer"), via="test")
    for number in map(int, claims):
        with office.read() as session:
            claim = session.get(Claim, number)
            assert claim is not None
            version = claim.version
        try:
            with office.begin() as session:
                deciding.decide(session, officer, number, version, {}, "核对")
        except ConflictError:
            continue
    office.close()


if __name__ == "__main__":
    decide_all(*sys.argv[1:])
