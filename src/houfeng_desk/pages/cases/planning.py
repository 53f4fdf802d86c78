"""Writing a plan in steps: choose a template, fill in the measures, record the votes, submit."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from houfeng.cases.plan import versions
from houfeng.cases.plan.creditors import CreditorTable, creditors_from, table_of
from houfeng.cases.plan.measures import Measure, amount_in_yuan, check, draft, next_key
from houfeng.cases.states import State
from houfeng.cases.terms import shipped
from houfeng.clock import parse_day
from houfeng.errors import AccessError, ConflictError, HoufengError, InputError, Problem, Text, Where
from houfeng.office.access import Permission, Viewer
from houfeng_desk.pages.cases.acting import version_of
from houfeng_desk.queries.cases import detail
from houfeng_desk.queries.cases.detail import View
from houfeng_desk.reader import Reader
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, field, flash, form_of, page, see_other

router = APIRouter()
BLANK_ROWS = 2
MOST_ROWS = 60


@router.get("/cases/{case_id:int}/plan", name="case_plan", dependencies=[allowed(Permission.WORK_CASES)])
def form(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, case_id: int) -> Response:
    """The templates to choose from, or the measures to fill in."""
    today = desk.clock().date()
    with desk.office.read() as session:
        view = detail.view(session, viewer, case_id, today)
        may_write(view)
        template = request.query_params.get("template", "")
        plan = view.plan
        if plan is None and template not in shipped().templates:
            table = creditors(reader, viewer, view)
            return page(
                request, "cases/plan_templates.html", case=view.case, view=view, table=table, step=1, **_words()
            )
        table, measures, chosen = _begun(view, reader, viewer, template)
        summary = plan.summary if plan is not None else ""
        return _page(request, view, chosen, summary, measures, table, [])


def may_write(view: View) -> None:
    """Raise unless the viewer owns the case and it is at planning."""
    if not view.owner:
        raise AccessError(Text("须由承办人拟订方案", "only the owner writes the plan"))
    if view.state is not State.PLAN:
        raise ConflictError(Text("案件不在“拟订方案”，不能改方案", "the case is not at “Planning”"))


def creditors(reader: Reader, viewer: Viewer, view: View) -> CreditorTable:
    """The creditors by the book, all of them: who sees only some institutions cannot freeze the table.

    Raises:
        AccessError: the viewer's scope is bound to institutions.
    """
    if viewer.scope.institutions is not None:
        raise AccessError(Text("您只能看到部分机构，不能冻结债权人表", "you see some institutions only"))
    return creditors_from(reader, view.case.enterprise_id)


def _begun(view: View, reader: Reader, viewer: Viewer, template: str) -> tuple[CreditorTable, Sequence[Measure], str]:
    """What the form begins with: the draft, else the last version, else what the template proposes."""
    plan = view.plan
    if template in shipped().templates:
        table = creditors(reader, viewer, view)
        return table, draft(shipped().templates[template], table, reader.known_at.date()), template
    assert plan is not None
    table = table_of(plan.creditors) if plan.state == "draft" else creditors(reader, viewer, view)
    return table, versions.measures_of(plan), plan.template


def _page(
    request: Request, view: View, template: str, summary: str, measures: Sequence[Measure], table: CreditorTable,
    problems: Sequence[Problem], typed: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    rows: list[Measure | None] = [*measures, *[None] * BLANK_ROWS]
    return page(
        request,
        "cases/plan_form.html",
        status=422 if problems else 200,
        case=view.case,
        view=view,
        template=template,
        summary=summary,
        rows=rows,
        table=table,
        problems=problems,
        typed=typed or {},
        step=2,
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {"templates": shipped().templates, "tools": shipped().tools, "thresholds": shipped()}


@router.post("/cases/{case_id:int}/plan", dependencies=[allowed(Permission.WORK_CASES)])
def save(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, case_id: int) -> Response:
    """Save the draft. What cannot be read is shown again as it was typed; what is only missing is saved and told."""
    template = field(request, "template", most=40, label=Text("模板", "Template"))
    summary = field(request, "summary", most=2000)
    with desk.office.read() as session:
        view = detail.view(session, viewer, case_id, desk.clock().date())
        may_write(view)
        keep_table = view.plan is not None and view.plan.state == "draft" and not field(request, "fresh")
        table = table_of(view.plan.creditors) if keep_table and view.plan else creditors(reader, viewer, view)
        used = [m["key"] for plan in view.plans for m in plan.measures]
        measures, problems = read_rows(form_of(request), used)
        if problems:
            typed = {name: str(value) for name, value in form_of(request).items() if isinstance(value, str)}
            return _page(request, view, template, summary, measures, table, problems, typed)
    with desk.office.begin() as session:
        plan = versions.write_draft(
            session, viewer, case_id, version_of(request),
            template=template, summary=summary, measures=measures, table=table, terms=shipped(),
        )  # fmt: skip
    missing = check(measures, table, shipped(), desk.clock().date())
    if missing:
        flash(request, _missing(missing), "note")
        return see_other(f"/cases/{case_id}/plan")
    flash(request, Text(f"方案第 {plan.number} 版已保存", f"version {plan.number} of the plan is saved"))
    return see_other(f"/cases/{case_id}?tab=plan")


def _missing(problems: Sequence[Problem]) -> Text:
    zh, en = ("；".join(p.message.zh for p in problems[:5]), "; ".join(p.message.en for p in problems[:5]))
    return Text(f"草稿已保存，尚不完整：{zh}", f"the draft is saved and not complete yet: {en}")


def read_rows(form: FormData, used: Sequence[str]) -> tuple[list[Measure], list[Problem]]:
    """The measures of the form, and what of it cannot be read."""
    found: list[Measure] = []
    problems: list[Problem] = []
    kept = {str(form.get(f"key_{n}", "")) for n in range(MOST_ROWS)}
    for n in range(MOST_ROWS):
        kind = str(form.get(f"kind_{n}", "")).strip()
        if not kind or form.get(f"drop_{n}"):
            continue
        key = str(form.get(f"key_{n}", "")).strip()
        if not key or key in {m.key for m in found}:
            key = next_key(found, [*used, *kept])
        try:
            found.append(_row(form, n, kind, key))
        except HoufengError as error:
            row = len(found) + 1
            problems.append(Problem("case.plan_measure", _at(row, error.message), Where(row=row)))
            found.append(Measure(key, kind))
    return found, problems


def _at(row: int, message: Text) -> Text:
    return Text(f"第 {row} 项：{message.zh}", f"measure {row}: {message.en}")


def _row(form: FormData, n: int, kind: str, key: str) -> Measure:
    def text(name: str, most: int = 200) -> str:
        return str(form.get(f"{name}_{n}", "")).strip()[:most]

    try:
        amount = amount_in_yuan(text("amount"))
    except ValueError:
        raise InputError(Text(f"金额看不懂：{text('amount')}", f"not an amount: {text('amount')}")) from None
    try:
        rate = Decimal(text("rate").rstrip("%")) if text("rate") else None
    except InvalidOperation:
        raise InputError(Text(f"利率看不懂：{text('rate')}", f"not a rate: {text('rate')}")) from None
    if rate is not None and not (rate.is_finite() and 0 < rate < 100 and rate == rate.quantize(Decimal("0.00001"))):
        raise InputError(Text(f"利率应在 0 到 100 之间：{text('rate')}", f"a rate is 0 to 100: {text('rate')}"))
    due = parse_day(text("due")) if text("due") else None
    return Measure(key, kind, due, amount, rate, text("bank", 60), text("unit"), text("note", 2000))
