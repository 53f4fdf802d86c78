"""A warm process that forks children which walk cases from clue to close-out until they are killed. Run as a script."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cases.case_samples import ABOUT, BANKS, START, People, Walk, person
from databases import Ticking
from houfeng.cases.files import About
from houfeng.clock import wall_clock
from houfeng.office.access import Role
from houfeng.office.database import Office
from houfeng.office.identity.people import find, viewer_of


def staff(office: Office) -> People:
    """The people a first process made."""
    with office.read() as session:
        found = {name: viewer_of(find(session, name), via="password") for name in ("officer", "approver")}
    officer, approver = found["officer"], found["approver"]
    return People(officer, officer, approver, approver, officer, officer, officer)


def prepare(url: str) -> None:
    """Make the office and the two people."""
    office = Office.create(url, wall_clock)
    with office.begin() as session:
        person(session, "officer", Role.OFFICER)
        person(session, "approver", Role.APPROVER)
    office.close()


def main(url: str, folder: str, first: int) -> None:
    """Walk cases of enterprises numbered from `first`, saying each number when its case has ended."""
    office = Office.open(url, Ticking(START))
    number = first
    while True:
        walk = Walk(office, staff(office), Path(folder))
        about = About(f"E{number:08d}", ABOUT.name, ABOUT.region, ABOUT.exposure)
        walk.begin(about=about)
        print("begun", number, flush=True)
        walk.own().move("verify").finding().move("open").member("lead").move("consult").member("creditor", BANKS[0])
        walk.move("plan").draft_for(about).votes().move("submit").sign().settle_measures().move("follow_up").outcome()
        walk.move("close").sign()
        print("ended", number, flush=True)
        number += 1


if __name__ == "__main__":
    for line in sys.stdin:  # for each number, a child that begins with it; its own pid is said first
        child = os.fork()
        if child == 0:
            print("pid", os.getpid(), flush=True)
            main(sys.argv[1], sys.argv[2], int(line))
        os.waitpid(child, 0)
        print("gone", child, flush=True)
