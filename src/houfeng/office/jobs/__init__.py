"""Jobs: whatever takes longer than a request, in a table that anybody allowed can look at."""

from houfeng.office.jobs.queue import (
    STATE_NAMES,
    State,
    cancel,
    enqueue,
    find,
    kinds,
    listing,
    register,
)
from houfeng.office.jobs.run import JobRun
from houfeng.office.jobs.schedule import plan
from houfeng.office.jobs.worker import Worker
from houfeng.office.tables import Job

__all__ = [
    "STATE_NAMES",
    "Job",
    "JobRun",
    "State",
    "Worker",
    "cancel",
    "enqueue",
    "find",
    "kinds",
    "listing",
    "plan",
    "register",
]
