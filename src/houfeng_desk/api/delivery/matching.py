"""Matching: runs, what each of the two ways gave, one need explained."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, Field

from houfeng.errors import ConflictError, Text, UsageError
from houfeng.matching.needs import sending as needs_sending
from houfeng.office import jobs
from houfeng.office.access import Permission
from houfeng_desk.api.house.exports import Queued
from houfeng_desk.api.lists import Asked, add_list
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import listed, plain, told
from houfeng_desk.lists import Listing, ListRequest
from houfeng_desk.pages.matching.jobs import PACK, SEND, send_one
from houfeng_desk.pages.matching.jobs import RUN as KIND
from houfeng_desk.queries.matching import result as query
from houfeng_desk.queries.matching import sending
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ViewerDep, allowed

router = new_router("matching")
RUN = [allowed(Permission.RUN_MATCHING)]
Percent = Annotated[Decimal, Field(gt=0, le=100, max_digits=9, decimal_places=6, description="Percent.")]


@router.get("/matching/runs", operation_id="matching_runs", dependencies=RUN)
def runs(desk: DeskDep, viewer: ViewerDep) -> dict[str, Any]:
    """Runs of late, newest first."""
    with desk.office.read() as session:
        rows = query.runs(session, viewer)
        return listed(
            [
                {
                    **told(one.job, "id", "state", "created_at"),
                    "title": {"zh": one.job.title_zh, "en": one.job.title_en},
                    "ways": plain(one.figures),
                }
                for one in rows
            ]
        )


class Run(BaseModel):
    """On which day, with how much of the banks' capacity, and the floors that small firms or a region have."""

    day: date | None = None
    share: Percent = Decimal(100)
    small: Percent | None = Field(None, description="Floor of small firms, in percent.")
    region: str = Field("", pattern=r"^(\d{2,6})?$", description="Code of a region that has a floor.")
    region_percent: Percent | None = None


@router.post("/matching/runs", operation_id="ask_matching", dependencies=RUN)
def ask(desk: DeskDep, viewer: ViewerDep, asked: Run) -> Queued:
    """Ask for a run; the worker computes both ways."""
    floors: list[tuple[str, str, str]] = []
    if asked.small is not None:
        floors.append(("small", "", str(asked.small)))
    if asked.region and asked.region_percent is not None:
        floors.append(("region", asked.region, str(asked.region_percent)))
    as_of = asked.day or desk.clock().date()
    payload = {"as_of": as_of.isoformat(), "floors": floors, "share": str(asked.share), "pack": PACK}
    with desk.office.begin() as session:
        title = Text(f"银企对接 {as_of}", f"matching of {as_of}")
        return Queued(job=jobs.enqueue(session, viewer, KIND, payload, title).id)


@router.get("/matching/runs/{job_id}", operation_id="matching_run", dependencies=RUN)
def one(desk: DeskDep, viewer: ViewerDep, job_id: int) -> dict[str, Any]:
    """One run: its ways side by side, products with their prices, floors."""
    with desk.office.read() as session:
        _, found = query.result(session, viewer, job_id)
    kept = {name: value for name, value in found.items() if name not in ("needs", "names", "products")}
    return {**plain(kept), "products": plain(query.products(found)), "needs": len(found["needs"])}


def _needs(asked: Asked, ask_: ListRequest) -> Listing:
    with asked.desk.office.read() as session:
        _, found = query.result(session, asked.viewer, int(asked.path["job_id"]))
        handling = sending.handling(session, asked.viewer, found).needs
    return query.needs(found, ask_, lang_of(asked.request), handling)


add_list(
    router, "/matching/runs/{job_id}/needs", "matching_needs", query.COLUMNS, query.FILTERS, Permission.RUN_MATCHING,
    _needs, about="The needs of a run and what each got either way.", within={"job_id": int},
)  # fmt: skip


@router.get("/matching/runs/{job_id}/needs/{need_no}", operation_id="matching_need", dependencies=RUN)
def need(desk: DeskDep, viewer: ViewerDep, job_id: int, need_no: str) -> dict[str, Any]:
    """One need: what it got both ways, what was better and why it was not had, and all its offers."""
    with desk.office.read() as session:
        _, found = query.result(session, viewer, job_id)
    return dict(plain(query.need(found, need_no)))


class Sent(BaseModel):
    """Which need of the run, to the bank of which product."""

    need_no: str = Field(min_length=1, max_length=60)
    product: str = Field(min_length=1, max_length=80)


@router.post("/matching/runs/{job_id}/recommend", operation_id="recommend_matched", dependencies=RUN)
def recommend(desk: DeskDep, viewer: ViewerDep, job_id: int, asked: Sent) -> dict[str, Any]:
    """Send one need of the run to a bank; asked twice it changes nothing, and `before` says so."""
    with desk.office.read() as session:
        run, found = query.result(session, viewer, job_id)
        run_id, pack = run.id, run.payload["pack"]
    sending.same_pack(found, pack)
    one = send_one(desk, viewer, run_id, sending.match(found, asked.need_no, asked.product))
    if isinstance(one, needs_sending.Barred):
        why = sending.joined(one.why)
        raise ConflictError(
            Text(f"{asked.need_no} 不能推荐：{why.zh}", f"{asked.need_no} cannot be recommended: {why.en}")
        )
    return {"need": one.need.id, "before": isinstance(one, needs_sending.Sent)}


class Way(BaseModel):
    """By which of the two ways."""

    way: str = Field(max_length=10, description=f"One of {', '.join(query.WAY_NAMES)}.")


@router.post("/matching/runs/{job_id}/recommend-all", operation_id="recommend_all_matched", dependencies=RUN)
def recommend_all(desk: DeskDep, viewer: ViewerDep, job_id: int, asked: Way) -> Queued:
    """Let a worker send all that the run has matched one way; the job tells what cannot be sent, and why."""
    with desk.office.begin() as session:
        run, found = query.result(session, viewer, job_id)
        if asked.way not in found["ways"]:
            raise UsageError(Text("请选择一种分配方式", "choose one of the ways"))
        sending.same_pack(found, run.payload["pack"])
        name = query.WAY_NAMES[asked.way]
        title = Text(f"推荐给银行：{run.title_zh}（{name.zh}）", f"recommend to banks: {run.title_en} ({name.en})")
        return Queued(job=jobs.enqueue(session, viewer, SEND, {"run": run.id, "way": asked.way}, title).id)
