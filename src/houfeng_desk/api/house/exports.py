"""Lists as files: asked for here by the address of their page, written by the worker, fetched here."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import Text, UsageError
from houfeng.office import journal
from houfeng.office.access import Permission
from houfeng_desk.api.files import CSV, XLSX, gives
from houfeng_desk.api.route import router as new_router
from houfeng_desk.lists.export import given
from houfeng_desk.lists.jobs import Asked, enqueue, late
from houfeng_desk.pages.house.exports import export_of, file_of
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ViewerDep, allowed

router = new_router("work")
EXPORT = [allowed(Permission.EXPORT, Permission.EXPORT_JOURNAL)]

EXPORTED = {
    "alerts": Text("风险预警", "Alerts"),
    "alerts/{}/rows": Text("预警的依据", "Rows behind an alert"),
    "enterprises": Text("企业", "Enterprises"),
    "enterprises/{}/loans": Text("企业贷款", "Loans of an enterprise"),
    "enterprises/{}/portrait": Text("信用画像", "Portrait of an enterprise"),
    "enterprises/{}/tables/{}": Text("企业表格", "A table of an enterprise"),
    "penetration/fall/{}/{}": Text("如果它倒下", "If it falls"),
    "penetration/{}": Text("穿透", "Penetration"),
    "platforms": Text("融资平台", "Financing platforms"),
    "platforms/{}": Text("平台指标", "Indicators of a platform"),
    "platforms/{}/{}": Text("平台表格", "A table of a platform"),
    "platforms/{}/tables/{}": Text("平台页签里的表格", "A table beside the list of a platform's tab"),
    "cases": Text("案件", "Cases"),
    "themes/loans": Text("逐笔明细", "Notes"),
    "claims": Text("申报", "Claims"),
    "claims/{}": Text("申报逐笔清单", "Loans of a claim"),
    "claims/audit": Text("审计抽样", "Audits"),
    "claims/audit/{}": Text("审计样本", "Sample of an audit"),
    "needs": Text("融资需求", "Financing needs"),
    "needs/figures": Text("银行答复统计", "How banks answer"),
    "policies/{}": Text("政策直达", "Delivery of a policy"),
    "policies/{}/lists": Text("名单版本", "Versions of a list"),
    "policies/{}/lists/{}": Text("政策名单", "List of a policy"),
    "policies/{}/receipts": Text("名单送达银行", "Banks a list went to"),
    "matching/{}": Text("对接结果", "Result of matching"),
    "disputes": Text("信用异议", "Disputes"),
    "lists": Text("信用名单", "Lists of credit"),
    "evasion": Text("逃废债线索", "Signs of evasion"),
    "packs/{}/simulations/{}/movers/{}": Text("模拟：受影响的记录", "Simulation: records that move"),
    "packs/{}/simulations/{}/alerts/{}": Text("模拟：预警增减", "Simulation: alerts that come and go"),
    "journal": Text("审计日志", "Journal"),
}
"""Lists that can be written as a file, by the address of their page; {} is a number, a name or a code. An address that
stands here as it is comes before those it fits."""
SHAPES = {re.compile(re.escape(one).replace(r"\{\}", "[^/?#]+")): title for one, title in EXPORTED.items()}


class Queued(BaseModel):
    """A job that was asked for."""

    job: int


class Export(BaseModel):
    """A list as a file. `query` is what stands in the list's address behind the `?`."""

    list: str = Field(min_length=1, max_length=300, description=f"One of {', '.join(EXPORTED)}.")
    query: str = Field("", max_length=2000)
    format: Literal["csv", "xlsx"] = "csv"
    reason: str = Field(min_length=1, max_length=500)


@router.post("/exports", operation_id="ask_export", dependencies=EXPORT)
def ask_export(request: Request, desk: DeskDep, viewer: ViewerDep, asked: Export) -> Queued:
    """Ask for all rows of a list as a file. The worker writes it, or sends it to another person first if it is large:
    then the job's result names the approval, and a second job comes of it. Whether the asker may see the list is asked
    again when it is written."""
    fits = (title for shape, title in SHAPES.items() if shape.fullmatch(asked.list))
    title = EXPORTED.get(asked.list) or next(fits, None)
    if title is None:
        raise UsageError(Text(f"没有可导出的列表 {asked.list[:60]}", f"there is no list {asked.list[:60]} to export"))
    viewer.require(Permission.EXPORT_JOURNAL if asked.list == "journal" else Permission.EXPORT)
    wanted = Asked(f"/{asked.list}/export", asked.query, asked.format, True, lang_of(request), asked.reason, title, 0)
    with desk.office.begin() as session:
        return Queued(job=enqueue(session, viewer, wanted).id)


@router.get("/exports/{job_id}", operation_id="fetch_export", dependencies=EXPORT, **gives(CSV, XLSX))
def fetch_export(desk: DeskDep, viewer: ViewerDep, job_id: int) -> Response:
    """The file of an export that is done; only who asked for it, for three days."""
    with desk.office.begin() as session:
        job = export_of(session, viewer, job_id)
        path = file_of(job, viewer, late(job, desk.clock()))
        journal.write(session, viewer, "export.fetch", f"job:{job.id}", detail={"sha256": job.result["sha256"]})
        return given(path, str(job.result["name"]))
