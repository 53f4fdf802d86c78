"""The cover of a bundle, as a Word document in the layout of official papers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from houfeng.book.model import kinds
from houfeng.cases.briefing.paper import Block, Heading, Paper, Paragraph, Table, long_day
from houfeng.cases.briefing.word import word
from houfeng.conduct.evidence.gathering import Contents
from houfeng.conduct.evidence.packing import TOLD
from houfeng.errors import Text
from houfeng.watch.operations.words import TIER_NAMES

FACTS_SHOWN = 40
ALERTS_SHOWN = 60


def cover(contents: Contents, proof: Mapping[str, Any], issuer: Text, made_at: datetime, why: str, lang: str) -> bytes:
    """The cover as .docx."""
    day = made_at.date()
    title = Text("关于涉嫌逃废债线索的证据材料", "Evidence on signs of evasion of debts")
    paper = Paper(
        title=title, issuer=issuer, day=day, synthetic=contents.synthetic, blocks=_blocks(contents, proof, why),
        source=Text("本材料由候风依账簿与审计日志生成", "Made by Houfeng from the book and the journal"),
    )  # fmt: skip
    return word(paper, lang, made_at)


def _blocks(contents: Contents, proof: Mapping[str, Any], why: str) -> list[Block]:
    return [
        Heading(1, Text("对象与用途", "Whom and what for")),
        Paragraph(
            Text(
                f"对象：{contents.name}（{contents.enterprise_id}）。用途：{why}。",
                f"About: {contents.name} ({contents.enterprise_id}). Purpose: {why}.",
            )
        ),
        Paragraph(
            Text(
                f"事实截至{long_day(contents.as_of, 'zh')}，依账簿在{contents.known_at:%Y-%m-%d %H:%M:%S}时所知；"
                f"预警自{long_day(contents.since, 'zh')}起，依政策包 {contents.pack} 重放。预警只是线索，"
                "是否构成逃废债由有权机关依法认定。",
                f"Facts as of {contents.as_of}, as the book knew them at {contents.known_at:%Y-%m-%d %H:%M:%S}; alerts "
                f"from {contents.since} on, replayed by pack {contents.pack}. An alert is a clue; whether it is "
                "evasion is for the competent authority to decide.",
            )
        ),
        Heading(1, Text("线索", "Signs")),
        *_alerts(contents),
        Heading(1, Text("事实", "Facts")),
        *_facts(contents),
        Heading(1, Text("审计日志", "Journal")),
        Paragraph(
            Text(
                f"摘录 {proof['entries']} 条；全链 {proof['head_seq']} 条，{'完整' if proof['whole'] else '不完整'}，"
                f"链尾哈希 {proof['head_hash']}（{proof['algorithm']}）。",
                f"{proof['entries']} entries; the chain of {proof['head_seq']} is "
                f"{'whole' if proof['whole'] else 'broken'}, its head {proof['head_hash']} ({proof['algorithm']}).",
            )
        ),
        Heading(1, Text("目录", "Contents")),
        Table(
            Text("本材料包含的文件", "Files of this bundle"),
            [Text("文件", "File"), Text("说明", "What it is")],
            [[name, told] for name, told in TOLD.items()],
            "ll",
            (2, 3),
        ),
    ]


def _alerts(contents: Contents) -> list[Block]:
    if not contents.alerts:
        return [Paragraph(Text("所述期间没有线索。", "There are no signs in this time."))]
    rows: list[list[str | Text]] = [
        [
            one.alert.rule_id, f"{one.alert.opened_at:%Y-%m-%d}", TIER_NAMES[one.alert.tier], one.alert.reason,
            str(one.alert.evidence_count),
        ]
        for one in contents.alerts[:ALERTS_SHOWN]
    ]  # fmt: skip
    heads = [
        Text("规则", "Rule"),
        Text("日期", "Day"),
        Text("级别", "Tier"),
        Text("理由", "Reason"),
        Text("证据行", "Rows"),
    ]
    caption = Text(f"共 {len(contents.alerts)} 条", f"{len(contents.alerts)} in all")
    found: list[Block] = [Table(caption, heads, rows, "lllll", (2, 3, 2, 10, 2))]
    if contents.held_back:
        told = Text(
            f"另有 {contents.held_back} 行证据不在制作人的权限范围内，未列入。",
            f"{contents.held_back} rows of evidence lie outside the scope of who made this and are left out.",
        )
        found.append(Paragraph(told, note=True))
    return found


def _facts(contents: Contents) -> list[Block]:
    counts = Counter(fact.kind for fact in contents.facts)
    summary: list[list[str | Text]] = [[kinds()[kind].label, str(count)] for kind, count in sorted(counts.items())]
    behind = {(e.kind, e.submission, e.row) for one in contents.alerts for e in one.alert.evidence}
    key = [fact for fact in contents.facts if (fact.kind, fact.submission, fact.row) in behind][:FACTS_SHOWN]
    rows: list[list[str | Text]] = [
        [str(f.number), kinds()[f.kind].label, f.record, f.reporter, str(f.received_at or "")[:10], f.sha256[:16]]
        for f in key
    ]
    found: list[Block] = [
        Table(
            Text("各类事实的条数", "Facts by kind"), [Text("种类", "Kind"), Text("条数", "Rows")], summary, "lr", (3, 1)
        )
    ]
    if rows:
        heads = [Text("序号", "No."), Text("种类", "Kind"), Text("记录", "Record"), Text("报送单位", "Reporter"),
                 Text("收到", "Received"), Text("哈希前16位", "Hash")]  # fmt: skip
        caption = Text("线索所依据的事实（其余见事实清单）", "Facts behind the signs (others in the list)")
        found.append(Table(caption, heads, rows, "llllll", (1, 2, 4, 4, 2, 3)))
    return found
