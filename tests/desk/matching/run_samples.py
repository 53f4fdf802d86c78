"""A run of matching, asked for and done."""

from __future__ import annotations

import re
from typing import Any

from houfeng.office.jobs.worker import Worker


def run_of(client: Any, worker: Worker, **asked: str) -> str:
    """Ask for a run and have it done; its address."""
    answer = client.submit("/matching", {"day": "2025-12-15", **asked}, of="/matching")
    assert answer.status_code == 303
    assert worker.run_once()
    job = re.search(r"job=(\d+)", answer.headers["location"])
    assert job
    return f"/matching/{job[1]}"
