"""What a briefing (日报, 周报, 月报) says of the market, alerts and cases in one person's scope: a paper, no format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from houfeng.cases.briefing.paper import Block, Chart, Heading, Paper, Paragraph, Table
from houfeng.cases.files import visible as case_visible
from houfeng.cases.plan.commitments import findings
from houfeng.cases.states import OUTCOMES, STATES, Outcome, State
from houfeng.cases.tables import CaseFile, CaseStep
from houfeng.clock import end_of_day, month_end
from houfeng.errors import Text, UsageError
from houfeng.office.access import Permission, Viewer
from houfeng.office.alerts.reading import visible as alert_visible
from houfeng.office.alerts.tables import Alert
from houfeng.packs.model import TIERS
from houfeng.watch.operations.life import EMITTED
from houfeng.watch.operations.words import TIER_NAMES
from houfeng_desk.charts.map import GRID, city_of
from houfeng_desk.formats import wan
from houfeng_desk.queries.figures import Months
from houfeng_desk.queries.overview import articles, kpis
from houfeng_desk.reader import Reader

ISSUER = Text("金融管理部门", "The financial authority")
MASTHEAD = Text("信贷市场监测简报", "Credit Market Briefing")
CADENCES: Mapping[str, Text] = {
    "day": Text("日报", "Daily"),
    "week": Text("周报", "Weekly"),
    "month": Text("月报", "Monthly"),
}
Rows = list[list[str | Text]]
NAMED = 15
"""Alerts and cases named one by one; the others are counted."""


@dataclass(frozen=True, slots=True)
class Span:
    """The days a briefing is about."""

    cadence: str
    first: date
    last: date

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """The first and the last moment."""
        return datetime.combine(self.first, time.min), end_of_day(self.last)

    @property
    def number(self) -> int:
        """The number of the issue within its year: the month, the week by ISO 8601, or the day."""
        if self.cadence == "month":
            return self.last.month
        return self.last.isocalendar().week if self.cadence == "week" else self.last.timetuple().tm_yday

    @property
    def year(self) -> int:
        """The year the number counts in."""
        return self.last.isocalendar().year if self.cadence == "week" else self.last.year


def span_of(cadence: str, day: date) -> Span:
    """The day, the week (Monday to Sunday) or the month that `day` is in.

    Raises:
        UsageError: there is no such cadence.
    """
    if cadence == "day":
        return Span(cadence, day, day)
    if cadence == "week":
        monday = day - timedelta(days=day.weekday())
        return Span(cadence, monday, monday + timedelta(days=6))
    if cadence == "month":
        return Span(cadence, day.replace(day=1), month_end(day))
    raise UsageError(Text(f"没有简报种类 {cadence}", f"there is no cadence {cadence}"))


@dataclass(frozen=True)
class Material:
    """What a briefing is written from; each part is of the viewer's scope."""

    span: Span
    reader: Reader
    months: Months | None
    began: Sequence[Alert]
    still_open: Sequence[Alert]
    cleared: int
    cases: Sequence[CaseFile]
    states: Mapping[int, State]  # where each case stood at the end of the span
    broken: Sequence[tuple[CaseFile, Text, date]]
    today: date


def gather(session: Session, reader: Reader, span: Span, months: Months | None, today: date) -> Material:
    """Read what the briefing needs from the office; the market's figures are handed in."""
    viewer = reader.viewer
    start, end = span.moments
    began, still, cleared = _alerts(session, viewer, start, end)
    cases = _cases(session, viewer, end)
    by_id = {case.id: case for case in cases}
    broken = [
        (by_id[each.case_id], Text(each.reason_zh, each.reason_en), each.period)
        for each in findings(session, list(by_id))
        if each.opened_at <= end
    ]
    steps = select(CaseStep).where(CaseStep.case_id.in_(by_id), CaseStep.at <= end).order_by(CaseStep.id)
    states = {step.case_id: State(step.to) for step in session.scalars(steps)}
    return Material(span, reader, months, began, still, cleared, cases, states, broken, today)


def _alerts(
    session: Session, viewer: Viewer, start: datetime, end: datetime
) -> tuple[Sequence[Alert], Sequence[Alert], int]:
    if not viewer.may(Permission.SEE_ALERTS):
        return (), (), 0
    told = and_(Alert.channel == EMITTED, alert_visible(viewer.scope))
    gravest = (Alert.tier_rank.desc(), Alert.opened_at.desc(), Alert.id)
    began = session.scalars(select(Alert).where(told, Alert.opened_at.between(start, end)).order_by(*gravest)).all()
    open_then = and_(Alert.opened_at <= end, (Alert.cleared_at.is_(None)) | (Alert.cleared_at > end))
    still = session.scalars(select(Alert).where(told, open_then).order_by(*gravest)).all()
    gone = session.scalars(select(Alert.id).where(told, Alert.cleared_at.between(start, end))).all()
    return began, still, len(gone)


def _cases(session: Session, viewer: Viewer, end: datetime) -> Sequence[CaseFile]:
    if not viewer.may(Permission.SEE_CASES):
        return ()
    wanted = select(CaseFile).where(case_visible(viewer), CaseFile.created_at <= end)
    return session.scalars(wanted.order_by(CaseFile.due_on, CaseFile.id)).all()


def paper(found: Material, issuer: Text) -> Paper:
    """The briefing."""
    span = found.span
    name = CADENCES[span.cadence]
    zh_days = f"{span.first.month}月{span.first.day}日" if span.first == span.last else _days_zh(span)
    en_days = f"{span.first}" if span.first == span.last else f"{span.first} to {span.last}"
    blocks = [*_market(found), *_warnings(found), *_case_work(found)]
    return Paper(
        masthead=MASTHEAD,
        number=Text(
            f"{span.year}年第{span.number}期（{name.zh}）", f"{span.year} no. {span.number} ({name.en.lower()})"
        ),
        title=Text(
            f"信贷市场运行与风险监测{name.zh}\n（{zh_days}）", f"{name.en} briefing on credit and risk\n{en_days}"
        ),
        issuer=issuer,
        day=found.today,
        synthetic=found.reader.synthetic,
        source=_source(found),
        blocks=blocks,
    )


def _days_zh(span: Span) -> str:
    if span.cadence == "month":
        return f"{span.first.year}年{span.first.month}月"
    return f"{span.first.month}月{span.first.day}日至{span.last.month}月{span.last.day}日"


def _source(found: Material) -> Text:
    reader = found.reader
    known = f"{reader.known_at:%Y-%m-%d %H:%M}"
    zh = f"数据口径：账簿截至{reader.as_of}，知悉至{known}；预警与案件截至{found.span.last}日终。"
    en = f"Figures: the book as of {reader.as_of}, known at {known}; alerts and cases to the end of {found.span.last}."
    if not reader.viewer.scope.everything:
        zh, en = zh + "范围：编制人的辖区。", en + " Only what lies in the author's scope."
    return Text(zh, en)


def _market(found: Material) -> list[Block]:
    blocks: list[Block] = [Heading(1, Text("信贷运行", "The credit market"))]
    if found.months is None:
        nothing = Text("本期没有可用的贷款余额数据。", "There are no loan balances for this time.")
        return [*blocks, Paragraph(nothing)]
    told_zh: list[str] = []
    told_en: list[str] = []
    for one in kpis(found.months):
        moves = [_said(move) for move in one.moves]
        unit = one.unit.en if one.unit.en == "%" else f" ({one.unit.en})"
        told_zh.append(f"{one.label.zh}{one.value}{one.unit.zh}（{'，'.join(move.zh for move in moves)}）")
        told_en.append(f"{one.label.en} {one.value}{unit} ({', '.join(move.en for move in moves)})")
    day = found.reader.as_of
    zh, en = "；".join(told_zh), "; ".join(told_en)
    blocks.append(Paragraph(Text(f"截至{day.year}年{day.month}月末，{zh}。", f"At the end of {day:%Y-%m}: {en}.")))
    scale, told = articles(found.months)
    bars = [(article.label, _cents(article.balance)) for article in told]
    blocks.append(Heading(2, Text("五篇大文章", "The five articles")))
    blocks.append(Chart(Text("五篇大文章贷款余额", "Loans of the five articles"), scale.label, bars))
    rows: Rows = [
        [
            article.label,
            f"{_cents(article.balance):,}",
            _percent(article.share),
            _percent(article.month),
            _percent(article.year),
        ]
        for article in told
    ]
    unit_zh, unit_en = f"（{scale.label.zh}）", f" ({scale.label.en})"
    heads = _heads(
        ("领域", "Article"), (f"余额{unit_zh}", f"Balance{unit_en}"), ("占比", "Share"), ("环比", "On the month"),
        ("同比", "On the year"),
    )  # fmt: skip
    blocks.append(Table(Text("表1 五篇大文章", "Table 1 Five articles"), heads, rows, "lrrrr", [4, 3, 2, 3, 3]))
    both = Text(
        "同一笔贷款可计入两个领域，各领域之和大于去重合计。",
        "A note may count in two articles; the sum is above the total.",
    )
    return [*blocks, Paragraph(both, note=True)]


def _cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _said(move: Text) -> Text:
    """A move in words, as papers write it, in place of the arrow."""
    zh, en = move.zh, move.en
    for sign, zh_word, en_word in (("↑ ", "上升", "up "), ("↓ ", "下降", "down "), ("→ ", "持平", "level, ")):
        zh, en = zh.replace(f" {sign}", zh_word).replace(sign, zh_word), en.replace(sign, en_word)
    return Text(zh, en)


def _heads(*pairs: tuple[str, str]) -> list[Text]:
    return [Text(zh, en) for zh, en in pairs]


def _percent(value: Decimal | int | None) -> str:
    return "—" if value is None else f"{value}%"


def _warnings(found: Material) -> list[Block]:
    tiers = Counter(alert.tier for alert in found.began)
    parts_zh = "、".join(f"{TIER_NAMES[t].zh}色{tiers[t]}条" for t in reversed(TIERS) if tiers[t])
    parts_en = ", ".join(f"{tiers[t]} {TIER_NAMES[t].en}" for t in reversed(TIERS) if tiers[t])
    said = Text(
        f"本期新增预警{len(found.began)}条" + (f"，其中{parts_zh}" if parts_zh else "")
        + f"；解除{found.cleared}条；期末未解除{len(found.still_open)}条。",
        f"{len(found.began)} new alerts" + (f" ({parts_en})" if parts_en else "")
        + f", {found.cleared} cleared, {len(found.still_open)} open at the end.",
    )  # fmt: skip
    blocks: list[Block] = [Heading(1, Text("风险预警", "Alerts")), Paragraph(said)]
    if found.began:
        order = list(reversed(TIERS))
        bars = [(TIER_NAMES[tier], Decimal(tiers[tier])) for tier in order]
        blocks.append(Chart(Text("本期新增预警（按等级）", "New alerts by tier"), Text("条", "alerts"), bars, order))
    if found.still_open:
        cities = Counter(city_of(alert.region) for alert in found.still_open)
        named = [(GRID[code][0], Decimal(count)) for code, count in cities.most_common() if code][:10]
        blocks.append(Chart(Text("未解除预警（按地区）", "Open alerts by city"), Text("条", "alerts"), named))
    grave = [alert for alert in found.began if alert.tier in ("red", "orange")][:NAMED]
    if grave:
        rows: Rows = [
            [TIER_NAMES[a.tier], a.name or a.key, Text(a.reason_zh, a.reason_en or a.reason_zh), wan(a.exposure),
             f"{a.opened_at:%m-%d}"]
            for a in grave
        ]  # fmt: skip
        heads = _heads(
            ("等级", "Tier"), ("对象", "Subject"), ("事由", "Why"), ("敞口（万元）", "Exposure"), ("开启", "Opened")
        )  # fmt: skip
        caption = Text("表2 重点预警（红、橙）", "Table 2 The gravest alerts")
        blocks += [Heading(2, Text("重点预警", "The gravest")), Table(caption, heads, rows, "cllrc", [2, 5, 8, 4, 2])]
        left = sum(tiers[t] for t in ("red", "orange")) - len(grave)
        if left > 0:
            blocks.append(Paragraph(Text(f"另有{left}条，见工作台预警页。", f"{left} more on the desk."), note=True))
    return blocks


def _case_work(found: Material) -> list[Block]:
    start, end = found.span.moments
    begun = [case for case in found.cases if start <= case.created_at]
    ended = [case for case in found.cases if case.ended_at is not None and start <= case.ended_at <= end]
    live = [case for case in found.cases if case.ended_at is None or case.ended_at > end]
    late = [case for case in live if case.due_on is not None and case.due_on < found.span.last and not case.ended_at]
    back = sum((case.recovered or Decimal(0) for case in ended), Decimal(0))
    said = Text(
        f"本期新建案件{len(begun)}件，办结{len(ended)}件，收回{wan(back)}万元；期末在办{len(live)}件，其中超期{len(late)}件；"
        f"未处理的承诺违约{len(found.broken)}条。",
        f"{len(begun)} cases begun, {len(ended)} ended, CNY {back / 1_000_000:,.2f} million recovered, "
        f"{len(live)} live, {len(late)} of them late; {len(found.broken)} broken commitments unsettled.",
    )
    blocks: list[Block] = [Heading(1, Text("案件处置", "Cases")), Paragraph(said)]
    if live:
        states = Counter(found.states[case.id] for case in live)
        bars = [(STATES[state], Decimal(states[state])) for state in State if states[state]]
        blocks.append(Chart(Text("在办案件（按状态）", "Live cases by state"), Text("件", "cases"), bars))
        rows: Rows = [
            [
                case.number,
                case.enterprise_name,
                STATES[found.states[case.id]],
                wan(case.exposure),
                str(case.due_on or "—"),
            ]
            for case in live[:NAMED]
        ]
        heads = _heads(
            ("案号", "Number"), ("企业", "Enterprise"), ("状态", "State"), ("敞口（万元）", "Exposure"),
            ("时限", "Deadline"),
        )  # fmt: skip
        blocks.append(
            Table(Text("表3 在办案件（按时限）", "Table 3 Live cases"), heads, rows, "llcrc", [4, 6, 3, 4, 3])
        )
    if found.broken:
        blocks.append(Heading(2, Text("承诺违约", "Broken commitments")))
        blocks += [
            Paragraph(
                Text(
                    f"{case.number} {case.enterprise_name}：{why.zh}。",
                    f"{case.number} {case.enterprise_name}: {why.en}.",
                )
            )
            for case, why, _ in found.broken[:NAMED]
        ]
    if ended:
        results = Counter(Outcome(case.outcome) for case in ended if case.outcome)
        zh = "、".join(f"{OUTCOMES[o].zh}{n}件" for o, n in results.most_common())
        en = ", ".join(f"{n} {OUTCOMES[o].en.lower()}" for o, n in results.most_common())
        blocks += [Heading(2, Text("办结情况", "Ended")), Paragraph(Text(f"办结案件：{zh}。", f"Ended: {en}."))]
    return blocks
