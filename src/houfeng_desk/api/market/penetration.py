"""Penetration: the neighbours of a firm, who stands above it, ways between firms, groups, circles, what falls with it.

Parties outside the asker's scope have no identity here either: `outside` is true, and everything else is empty.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from fastapi import Query
from starlette.requests import Request

from houfeng.errors import NotFoundError, Text, UsageError
from houfeng.office.access import Permission
from houfeng_desk.api.lists import Asked, add_list
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import plain
from houfeng_desk.lists import Listing, ListRequest
from houfeng_desk.queries.enterprise import identity
from houfeng_desk.queries.enterprise.firm import firm_of
from houfeng_desk.queries.penetration import fall as falls
from houfeng_desk.queries.penetration import listing
from houfeng_desk.queries.penetration.above import above
from houfeng_desk.queries.penetration.around import SKIP, around
from houfeng_desk.queries.penetration.circles import circles_of
from houfeng_desk.queries.penetration.groups import groups_of
from houfeng_desk.queries.penetration.path import find, no_such, way
from houfeng_desk.reader import Reader
from houfeng_desk.web import ReaderDep, allowed

router = new_router("penetration")
SEE = [allowed(Permission.SEE_MARKET)]
Types = Literal["all", "holding", "guarantee"]

for _name, (_title, _columns, _filters, _listing) in listing.LISTS.items():

    def _answer(asked: Asked, ask: ListRequest, made: Any = _listing) -> Listing:
        found: Listing = made(asked.reader, ask)
        return found

    add_list(
        router,
        f"/penetration/{_name}",
        f"penetration_{_name}",
        _columns,
        _filters(),
        Permission.SEE_MARKET,
        _answer,
        about=f"{_title.en} as kept by month, with loans on the day looked at.",
    )


def _known(reader: Reader, enterprise_id: str) -> str:
    """The identifier of a firm in the asker's scope."""
    identity.register_row(reader, firm_of(reader, enterprise_id))
    return enterprise_id


@router.get("/enterprises/{enterprise_id}/graph", operation_id="enterprise_graph", dependencies=SEE)
def graph(
    reader: ReaderDep,
    enterprise_id: str,
    links: Types = "all",
    skip: int = Query(0, ge=0, le=SKIP, description="Neighbours of each side to pass over."),
) -> dict[str, Any]:
    """Its holders, holdings, guarantors and guaranteed firms, ten of each side; `more` says how many follow."""
    found = around(reader, _known(reader, enterprise_id), links, skip)
    return dict(plain(found))


@router.get("/enterprises/{enterprise_id}/controller", operation_id="enterprise_controller", dependencies=SEE)
def controller(reader: ReaderDep, enterprise_id: str) -> dict[str, Any]:
    """Its ultimate controller with the path that proves it, and its owners in the end with bounds (parts of one)."""
    firm = firm_of(reader, _known(reader, enterprise_id))
    row = identity.register_row(reader, firm)
    found = above(reader, enterprise_id, row.get("controller_id"))
    told = {name: value for name, value in asdict(found).items() if name != "kinds"}
    return dict(plain(told))


@router.get("/enterprises/{enterprise_id}/path", operation_id="enterprise_path", dependencies=SEE)
def path(
    reader: ReaderDep,
    enterprise_id: str,
    to: str = Query(description="The credit code or the name of the other firm.", max_length=100),
    links: Types = "all",
) -> dict[str, Any]:
    """The shortest way to another firm; `whole` is false where the search stopped before it had seen everything."""
    start, found = _known(reader, enterprise_id), find(reader, to)
    if not found:
        raise NotFoundError(no_such(to))
    if len(found) > 1:
        raise UsageError(Text("名称不唯一，请给统一社会信用代码", "several firms of that name; give the credit code"))
    return dict(plain(way(reader, start, found[0]["enterprise_id"], links)))


@router.get("/enterprises/{enterprise_id}/groups", operation_id="enterprise_groups", dependencies=SEE)
def groups(reader: ReaderDep, enterprise_id: str) -> dict[str, Any]:
    """The groups of connected clients it belongs to: members, why, loans by bank against limits, changes by month."""
    found = groups_of(reader, _known(reader, enterprise_id))
    items = [{name: value for name, value in asdict(one).items() if name != "id"} for one in found]
    return {"items": plain(items), "total": len(items)}


@router.get("/enterprises/{enterprise_id}/circles", operation_id="enterprise_circles", dependencies=SEE)
def circles(reader: ReaderDep, enterprise_id: str) -> dict[str, Any]:
    """The circles of guarantees it stands in: form, members, amounts, key nodes, loans by bank."""
    found = circles_of(reader, _known(reader, enterprise_id))
    items = [{name: value for name, value in asdict(one).items() if name != "id"} for one in found]
    return {"items": plain(items), "total": len(items)}


@router.get("/enterprises/{enterprise_id}/fall", operation_id="enterprise_fall", dependencies=SEE)
def fall(
    request: Request,
    reader: ReaderDep,
    enterprise_id: str,
    lgd: str = Query("", description="Loss given default in percent; 45 where not given."),
    bears: str = Query("", description="Part of net assets a guarantor can lose, in percent; 100."),
    fallen_pays: str = Query("", description="What a fallen guarantor still pays, in percent; 0."),
    bank_lgd: str = Query("", description="Loss given default between banks, in percent; 45."),
    call: str = Query("", description="whole (joint and several) or shortfall."),
    order: str = Query("", description="pro_rata or in_order: seniority between guarantors of one debt."),
    step_in: str = Query("", description="yes or no: whether others pay what a fallen guarantor cannot."),
    unknown: str = Query("", description="stands or falls: a guarantor whose net assets are not known."),
    cross_default: str = Query("", description="yes or no: whether a group falls with its first member."),
    between: str = Query("", description="furfine or none: contagion between banks."),
    sum_: str = Query("", alias="sum", description="What may be spent on a rescue, in 10,000 yuan."),
) -> dict[str, Any]:
    """What falls with it, in which round, what each bank loses, which limits break, whom to hold up for a sum.

    Firms, banks and amounts (yuan) as on the page; refused where trouble reaches more firms than are read at once.
    """
    given = {
        "lgd": lgd, "bears": bears, "fallen_pays": fallen_pays, "bank_lgd": bank_lgd, "call": call, "order": order,
        "step_in": step_in, "unknown": unknown, "cross_default": cross_default, "between": between, "sum": sum_,
    }  # fmt: skip
    firm, asked = _known(reader, enterprise_id), falls.asked_of(given)
    reached = falls.reach(reader, firm, asked)
    if not reached.whole:
        raise UsageError(
            Text(
                "会波及的企业太多，请在页面上作为后台任务计算", "too many firms are reached; ask for a job on the page"
            )
        )
    found = falls.fall(reader, firm, asked, reached)
    if found is None:
        raise NotFoundError(Text("这家企业既无贷款也无担保", "the firm neither owes nor guarantees anything"))
    return found
