"""From a run to banks: one need by one click, or all that a run has matched, as a job."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import ConflictError, Text, UsageError
from houfeng.matching.needs.sending import Barred, Sent
from houfeng.office import jobs
from houfeng.office.access import Permission
from houfeng_desk.pages.matching.jobs import SEND, send_one
from houfeng_desk.queries.matching import result, sending
from houfeng_desk.web import DeskDep, ViewerDep, allowed, field, flash, see_other

router = APIRouter()
MAY = Permission.RUN_MATCHING


@router.post("/matching/{job_id:int}/recommend", name="matching_recommend", dependencies=[allowed(MAY)])
def recommend(request: Request, desk: DeskDep, viewer: ViewerDep, job_id: int) -> Response:
    """Send one need of the run to the bank of one product; a second click changes nothing."""
    need_no, product = field(request, "need", most=60), field(request, "product", most=80)
    with desk.office.read() as session:
        run, found = result.result(session, viewer, job_id)
    sending.same_pack(found, run.payload["pack"])
    match = sending.match(found, need_no, product)
    one = send_one(desk, viewer, run.id, match)
    if isinstance(one, Barred):
        why = sending.joined(one.why)
        raise ConflictError(Text(f"{need_no} 不能推荐：{why.zh}", f"{need_no} cannot be recommended: {why.en}"))
    bank = match.suggestion.institution_name
    if isinstance(one, Sent):
        flash(request, Text(f"此前已推荐给{bank}", f"it was recommended to {bank} before"))
    else:
        flash(request, Text(f"已推荐给{bank}", f"recommended to {bank}"))
    return see_other(f"/needs/{one.need.id}")


@router.post("/matching/{job_id:int}/recommend-all", name="matching_recommend_all", dependencies=[allowed(MAY)])
def recommend_all(request: Request, desk: DeskDep, viewer: ViewerDep, job_id: int) -> Response:
    """Let a worker send all that the run has matched one way; what cannot be sent is told on the page of the run."""
    way = field(request, "way", most=10)
    with desk.office.begin() as session:
        run, found = result.result(session, viewer, job_id)
        if way not in found["ways"]:
            raise UsageError(Text("请选择一种分配方式", "choose one of the ways"))
        sending.same_pack(found, run.payload["pack"])
        name = result.WAY_NAMES[way]
        title = Text(f"推荐给银行：{run.title_zh}（{name.zh}）", f"recommend to banks: {run.title_en} ({name.en})")
        jobs.enqueue(session, viewer, SEND, {"run": run.id, "way": way}, title)
    flash(request, Text("已排队，办好后在本页列出结果", "queued; what came of it is listed here"))
    return see_other(f"/matching/{job_id}")
