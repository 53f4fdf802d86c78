"""The plan of a case as a paper: what is owed, what is to be done, how the creditors voted, who signed."""

from __future__ import annotations

from decimal import Decimal

from houfeng.cases.briefing.paper import Block, Heading, Paper, Paragraph, Table
from houfeng.cases.plan.creditors import table_of
from houfeng.cases.plan.versions import PLAN_STATES, measures_of
from houfeng.cases.tables import CasePlan
from houfeng.cases.terms import shipped
from houfeng.errors import NotFoundError, Text
from houfeng_desk.formats import share, wan
from houfeng_desk.queries.cases.detail import VOTES, View


def plan_of(view: View, number: int | None) -> CasePlan:
    """A version of the plan; without a number the one in force, else the newest.

    Raises:
        NotFoundError: there is none.
    """
    if number is None:
        found = next((p for p in view.plans if p.state == "approved"), view.plans[0] if view.plans else None)
    else:
        found = next((p for p in view.plans if p.number == number), None)
    if found is None:
        raise NotFoundError(Text("没有这一版方案", "there is no such version of the plan"))
    return found


def paper(view: View, plan: CasePlan, issuer: Text, synthetic: bool) -> Paper:
    """The plan as a paper."""
    case, table = view.case, table_of(plan.creditors)
    blocks: list[Block] = [
        Heading(1, Text("基本情况", "The enterprise")),
        Paragraph(
            Text(
                f"{case.enterprise_name}（{case.enterprise_id}），案号{case.number}。截至{table.as_of}，"
                f"金融债权共{len(table.rows)}家，余额{wan(table.total)}万元。",
                f"{case.enterprise_name} ({case.enterprise_id}), case {case.number}. By {table.as_of} it owes "
                f"{len(table.rows)} institutions {wan(table.total)} (CNY 10,000).",
            )
        ),
    ]
    if case.finding:
        blocks.append(Paragraph(Text(case.finding, case.finding)))
    if plan.summary:
        blocks += [Heading(1, Text("总体思路", "Approach")), Paragraph(Text(plan.summary, plan.summary))]
    blocks += [Heading(1, Text("债权人", "Creditors")), _creditors(view, plan)]
    blocks += [Heading(1, Text("处置措施", "Measures")), _measures(plan)]
    if shipped().templates[plan.template].votes:
        blocks += [Heading(1, Text("债委会表决", "Votes of the committee")), *_votes(view, plan)]
    state = PLAN_STATES[plan.state]
    signed = view.name(plan.decided_by)
    decided = f"{plan.decided_at:%Y-%m-%d %H:%M}" if plan.decided_at is not None else ""
    blocks += [
        Heading(1, Text("审批", "Approval")),
        Paragraph(
            Text(
                f"状态：{state.zh}。" + (f"审批人：{signed}，{decided}。" if signed else ""),
                f"State: {state.en}. " + (f"Decided by {signed}, {decided}." if signed else ""),
            )
        ),
    ]
    known = f"{table.known_at:%Y-%m-%d %H:%M}"
    return Paper(
        title=Text(f"{case.enterprise_name}风险处置方案", f"Plan for {case.enterprise_name}"),
        issuer=issuer,
        day=(plan.decided_at or plan.written_at).date(),
        number=Text(case.number, case.number),
        synthetic=synthetic,
        source=Text(
            f"方案第{plan.number}版，SHA-256 {plan.digest}。债权数据截至{table.as_of}，知悉至{known}。",
            f"Version {plan.number}, SHA-256 {plan.digest}. Creditors as of {table.as_of}, as known at {known}.",
        ),
        blocks=blocks,
    )


def _creditors(view: View, plan: CasePlan) -> Table:
    table = table_of(plan.creditors)
    rows: list[list[str | Text]] = [
        [row.name, wan(row.balance), wan(row.overdue), str(row.notes), str(row.matures_first or "—"),
         share(row.balance / table.total if table.total else Decimal(0))]
        for row in table.rows
    ]  # fmt: skip
    total: list[str | Text] = [
        Text("合计", "Total"),
        wan(table.total),
        wan(sum((r.overdue for r in table.rows), Decimal(0))),
        "",
        "",
        "",
    ]
    heads = [
        Text("机构", "Institution"), Text("余额（万元）", "Balance"), Text("逾期（万元）", "Overdue"),
        Text("笔数", "Notes"), Text("最早到期", "First due"), Text("占比", "Share"),
    ]  # fmt: skip
    caption = Text("表1 债权人", "Table 1 Creditors")
    return Table(caption, heads, [*rows, total], "lrrrcr", [4, 3, 3, 2, 3, 2])


def _measures(plan: CasePlan) -> Table:
    rows: list[list[str | Text]] = []
    for n, measure in enumerate(measures_of(plan), 1):
        terms = [f"{measure.rate.normalize():f}%"] if measure.rate is not None else []
        rows.append(
            [str(n), shipped().tool(measure.kind).label, wan(measure.amount) if measure.amount is not None else "—",
             "".join(terms) or "—", str(measure.due_on or "—"), measure.unit, measure.note]
        )  # fmt: skip
    heads = [
        Text("序号", "No."), Text("措施", "Measure"), Text("金额（万元）", "Amount"), Text("利率", "Rate"),
        Text("时限", "Due"), Text("责任单位", "Unit"), Text("说明", "Note"),
    ]  # fmt: skip
    return Table(Text("表2 处置措施", "Table 2 Measures"), heads, rows, "clrrcll", [2, 4, 4, 2, 4, 5, 3])


def _votes(view: View, plan: CasePlan) -> list[Block]:
    given = view.votes.get(plan.id, {})
    rows: list[list[str | Text]] = []
    for row in table_of(plan.creditors).rows:
        vote = given.get(row.institution_id)
        counts = vote is not None and vote.digest == plan.digest
        rows.append([row.name, wan(row.balance), VOTES[vote.vote] if vote and counts else Text("未表决", "Not given")])
    heads = [Text("机构", "Institution"), Text("余额（万元）", "Balance"), Text("意见", "Vote")]
    found: list[Block] = [Table(Text("表3 表决", "Table 3 Votes"), heads, rows, "lrc", [5, 3, 2])]
    if view.plan is not None and plan.id == view.plan.id:
        for each in view.tallies:
            said = Text("达到", "reached") if each.carries else Text("未达到", "not reached")
            found.append(
                Paragraph(
                    Text(
                        f"{each.threshold.label.zh}：{share(each.share)}，要求{each.threshold.words}，{said.zh}。"
                        f"依据：{each.threshold.reference}。",
                        f"{each.threshold.label.en}: {share(each.share)} of {each.threshold.words}, {said.en}. "
                        f"Reference: {each.threshold.reference}.",
                    )
                )
            )
    return found
