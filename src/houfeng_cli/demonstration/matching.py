"""The demo's run of matching: one job over the open needs of the synthetic province, as an officer would ask for it."""

from __future__ import annotations

from datetime import date

from houfeng.errors import Text
from houfeng.office import jobs
from houfeng.office.access import Viewer
from houfeng.office.database import Office
from houfeng_desk.pages.matching.jobs import PACK, RUN, register


def seed(office: Office, officer: Viewer, day: date) -> int:
    """Ask for a run judged on `day`, with a small share of capacities so that products run short; the job's number.

    It waits for the worker; call this before the demo's worker goes through its queue. `day` is one on which needs of
    the province are open and their deadlines ahead.
    """
    register()
    payload = {"as_of": day.isoformat(), "floors": [["small", "", "1"]], "share": "3", "pack": PACK}
    with office.begin() as session:
        return jobs.enqueue(session, officer, RUN, payload, Text(f"银企对接 {day}", f"matching of {day}")).id
