"""Runs of matching as pages show them: the jobs, the result kept beside one, its needs as a list."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.errors import EnvironmentFault, NotFoundError, Text
from houfeng.office import jobs
from houfeng.office.access import Viewer
from houfeng.office.tables import Job
from houfeng_desk.lists import Choice, Column, Filter, Listing, ListRequest
from houfeng_desk.reader import Reader

KIND, FILE = "matching.run", "matching.json"
SHOWN = 40
UNHANDLED = {"handling": None, "handling_why": None, "handling_link": None}
WAY_NAMES = {"stable": Text("稳定匹配", "Stable"), "best": Text("总量最优", "Best total")}
ANSWERS = {
    "yes": Text("符合", "eligible"),
    "unknown": Text("待核实", "not known yet"),
    "no": Text("不符合", "refused"),
}

COLUMNS = (
    Column("need_no", Text("需求编号", "Need"), "code", href="link"),
    Column("name", Text("企业", "Enterprise")),
    Column("amount", Text("金额", "Amount"), "money"),
    Column("months", Text("期限（月）", "Months"), "number"),
    Column("region", Text("地区", "Region"), "code"),
    Column("eligible", Text("可选产品", "Products"), "number"),
    Column("stable", Text("稳定匹配得到", "Got, stable"), sub="stable_why"),
    Column("stable_cost", Text("成本", "Cost"), "percent"),
    Column("best", Text("总量最优得到", "Got, best total"), sub="best_why"),
    Column("best_cost", Text("成本", "Cost"), "percent"),
    Column("handling", Text("办理", "Handling"), href="handling_link", sub="handling_why", sortable=False),
)
FILTERS = (
    Filter("text", Text("编号或企业", "Number or enterprise")),
    Filter(
        "state",
        Text("结果", "Result"),
        (
            Choice("differ", Text("两种方式不同", "the ways differ")),
            Choice("none", Text("都没有得到", "nothing either way")),
            Choice("got", Text("至少一种得到", "something at least one way")),
            Choice("nothing", Text("没有符合条件的产品", "no product fits")),
        ),
    ),
    Filter("region", Text("地区代码", "Code of region")),
)


class Run(NamedTuple):
    """A run in the list."""

    job: Job
    figures: Mapping[str, Any]


def runs(session: Session, viewer: Viewer) -> list[Run]:
    """The runs `viewer` asked for; who sees the whole market sees those of all."""
    wanted = select(Job).where(Job.kind == KIND).order_by(Job.id.desc()).limit(SHOWN)
    if not viewer.scope.everything:
        wanted = wanted.where(Job.requested_by == viewer.user_id)
    return [Run(job, (job.result or {}).get("ways", {})) for job in session.scalars(wanted)]


def result(session: Session, viewer: Viewer, job_id: int) -> tuple[Job, dict[str, Any]]:
    """A run and its result.

    Raises:
        NotFoundError: there is none the viewer may know of, or it is not done.
        EnvironmentFault: its file cannot be read.
    """
    job = session.get(Job, job_id)
    known = job is not None and (viewer.scope.everything or job.requested_by == viewer.user_id)
    if job is None or job.kind != KIND or not known or job.state != jobs.State.DONE:
        raise NotFoundError(Text("没有这次对接，或还没有算完", "there is no such run, or it is not done yet"))
    try:
        found = json.loads((Path(job.folder) / FILE).read_text(encoding="utf-8")) | {"job": job.id}
    except (OSError, ValueError) as error:
        raise EnvironmentFault(Text("结果文件读不到", "the file of the result cannot be read")) from error
    return job, found


def open_needs(reader: Reader) -> int:
    """How many needs are open."""
    return int(reader.value("SELECT count(*) FROM need WHERE state = 'open'") or 0)


def cities(reader: Reader) -> list[str]:
    """The cities (four digits) open needs are of."""
    rows = reader.rows(
        "SELECT DISTINCT left(region, 4) AS city FROM need WHERE state = 'open' AND region IS NOT NULL ORDER BY city"
    )
    return [row["city"] for row in rows]


def products(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Products with money as numbers, those whose capacity is worth most first."""
    rows = [
        one
        | {
            "capacity": Decimal(one["capacity"]),
            "lent": {way: Decimal(lent) for way, lent in one["lent"].items()},
            "bank_name": found["names"].get(one["bank"], one["bank"]),
        }
        for one in found["products"]
    ]
    return sorted(rows, key=lambda one: (-(one["price"] or 0.0), one["name"]))


def needs(found: Mapping[str, Any], ask: ListRequest, lang: str, handling: Mapping[str, Mapping[str, Any]]) -> Listing:
    """The needs as asked; `handling` says how each stands with the banks."""
    labels = {one["name"]: one["label"] for one in found["products"]}
    rows = [
        {**_row(found, one, labels, lang), **UNHANDLED, **handling.get(one["need_no"], {})}
        for one in found["needs"]
        if _wanted(found, one, ask)
    ]
    if ask.sort:
        held = [row for row in rows if row[ask.sort] is not None]
        held.sort(key=lambda row: row[ask.sort], reverse=ask.descending)
        rows = held + [row for row in rows if row[ask.sort] is None]
    else:
        rows.sort(key=lambda row: not row["eligible"])  # in the order they were posted; those nothing fits come last
    return Listing(COLUMNS, ask.cut(rows), len(rows), ask)


def _wanted(found: Mapping[str, Any], need: Mapping[str, Any], ask: ListRequest) -> bool:
    text, name = ask["text"].lower(), found["names"].get(need["enterprise_id"], "")
    if text and text not in need["need_no"].lower() and text not in name.lower():
        return False
    if ask["region"] and not need["region"].startswith(ask["region"]):
        return False
    got = [made["product"] for made in need["got"].values()]
    match ask["state"]:
        case "differ":
            return len(set(got)) > 1
        case "none":
            return not any(got)
        case "got":
            return any(got)
        case "nothing":
            return not need["eligible"]
        case _:
            return True


def _row(
    found: Mapping[str, Any], need: Mapping[str, Any], labels: Mapping[str, Mapping[str, str]], lang: str
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "need_no": need["need_no"],
        "link": f"/matching/{found['job']}/need?no={quote(need['need_no'])}",
        "name": found["names"].get(need["enterprise_id"]) or need["enterprise_id"],
        "amount": Decimal(need["amount"]),
        "months": need["months"],
        "region": need["region"],
        "eligible": need["eligible"],
    }
    for way in WAY_NAMES:
        made = need["got"].get(way, {})
        product = made.get("product", "")
        row[way] = labels[product][lang] if product else None
        row[f"{way}_cost"] = made.get("cost")
        row[f"{way}_why"] = made["why"][lang] if made else None
    return row


def need(found: Mapping[str, Any], need_no: str) -> dict[str, Any]:
    """One need of a run.

    Raises:
        NotFoundError: it was not in it.
    """
    wanted: Sequence[dict[str, Any]] = found["needs"]
    for one in wanted:
        if one["need_no"] == need_no:
            names = found["names"]
            offers = [offer | {"bank_name": names.get(offer["bank"], offer["bank"])} for offer in one["offers"]]
            name = names.get(one["enterprise_id"]) or one["enterprise_id"]
            return one | {"offers": offers, "name": name, "amount": Decimal(one["amount"])}
    raise NotFoundError(Text(f"这次对接里没有需求 {need_no}", f"there is no need {need_no} in this run"))
