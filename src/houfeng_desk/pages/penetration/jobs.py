"""The job of “if this firm falls” where trouble reaches more firms than a page can wait for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from houfeng.clock import parse_day, parse_moment
from houfeng.errors import Text, UsageError
from houfeng.office import jobs
from houfeng.office.access import Permission
from houfeng.office.jobs import JobRun
from houfeng_desk.desk import Desk
from houfeng_desk.queries.enterprise.firm import firm_of
from houfeng_desk.queries.enterprise.identity import register_row
from houfeng_desk.queries.penetration.fall import MOST, asked_of, fall, reach

FALL, FILE = "penetration.fall", "fall.json"


def register() -> None:
    """Say who does this job; the desk calls it at start, the worker too."""
    jobs.register(FALL, falling)


def falling(run: JobRun) -> Mapping[str, Any]:
    """Compute what falls in the asker's scope, and keep the answer beside the job."""
    assert run.viewer is not None
    assert run.book is not None
    run.viewer.require(Permission.SEE_MARKET)
    given = run.payload
    desk = Desk.open(run.office, run.book, run.office.clock)
    try:
        reader = desk.reader(run.viewer, parse_day(given["as_of"]), parse_moment(given["known_at"]))
        row = register_row(reader, firm_of(reader, given["firm"]))
        asked = asked_of(given["values"])
        run.progress(1, 3, Text("找出会被波及的企业", "finding who may be called"))
        reached = reach(reader, given["firm"], asked, MOST)
        run.progress(2, 3, Text("计算倒下与损失", "computing falls and losses"))
        found = fall(reader, given["firm"], asked, reached, None)
    finally:
        desk.close()
    if found is None:
        raise UsageError(Text("这家企业既无贷款也无担保", "the firm neither owes nor guarantees anything"))
    found |= {"firm": given["firm"], "name": row["name"] or given["firm"], "as_of": given["as_of"]}
    (run.folder / FILE).write_text(json.dumps(found, ensure_ascii=False), "utf-8")
    return {"fallen": found["count"], "loss": round(found["loss"], 2)}
