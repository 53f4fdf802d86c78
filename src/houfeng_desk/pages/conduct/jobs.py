"""The job of this area: the daily round over disputes that are late and entries whose term has ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from houfeng.conduct.disputes.answering import go_round
from houfeng.conduct.lists.leaving import expire
from houfeng.office import jobs
from houfeng.office.jobs import JobRun

ROUND = "conduct.round"


def register() -> None:
    """Say who does this job; the desk calls it at start, the worker too."""
    jobs.register(ROUND, round_)


def round_(run: JobRun) -> Mapping[str, Any]:
    """Escalate, close, expire."""
    with run.office.begin() as session:
        done = go_round(session)
        return {**done._asdict(), "expired": expire(session)}
