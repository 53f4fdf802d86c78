"""The card of a model as one HTML page without scripts: to print, to file, to send along."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from houfeng.credit.models.card import Card
from houfeng.credit.models.model import BOOSTED, CARD, NAMES, WAYS, Model
from houfeng.errors import Text

STYLE = (
    "body{font:15px/1.6 'Noto Sans CJK SC',sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2a30}"
    "h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem;border-bottom:1px solid #cfd8dc}"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
    "th,td{text-align:left;padding:.2rem .6rem;border-bottom:1px solid #e3e9ec}"
    "td.n,th.n{text-align:right}code{word-break:break-all}.w{overflow-x:auto}"
)
Cell = str | int | float | None


def render(model: Model, lang: str = "zh") -> str:
    """The page."""
    say = _Speaker(lang)
    about, figures = model.about, model.figures
    parts = [
        f"<h1>{escape(model.label.get(lang))}</h1>",
        f"<p>{escape(model.name)} {escape(model.version)} · {escape(model.made_at)}<br><code>{model.digest}</code></p>",
        _section(say("数据", "Data"), _data(model, say)),
        _section(say("样本外表现", "Figures on rows unseen"), _figures(figures, say)),
        _section(say("校准", "Calibration"), _calibration(model, say)),
        _section(say("评分卡", "Scorecard"), _points(model.card, say)),
        _section(say("稳定性", "Stability"), _stability(figures["stability"], say)),
    ]
    if "shadow" in figures:
        parts.append(_section(say("冠军与挑战者", "Champion and challenger"), _shadow(model, say)))
    limits = Text(about["limits"]["zh"], about["limits"]["en"]).get(lang)
    fairness = Text(about["fairness"]["zh"], about["fairness"]["en"]).get(lang)
    notes = "".join(f"<li>{escape(note[lang])}</li>" for note in about["notes"])
    parts.append(_section(say("局限", "Limits"), f"<p>{escape(limits)}</p>" + (f"<ul>{notes}</ul>" if notes else "")))
    parts.append(_section(say("公平", "Fairness"), f"<p>{escape(fairness)}</p>"))
    title = escape(model.label.get(lang))
    head = f'<meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="{lang}"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


class _Speaker:
    def __init__(self, lang: str) -> None:
        self.lang = lang

    def __call__(self, zh: str, en: str) -> str:
        return Text(zh, en).get(self.lang)


def _section(title: str, body: str) -> str:
    return f"<h2>{escape(title)}</h2>{body}"


def table(heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """An HTML table; numbers stand to the right."""
    body = "".join(
        "<tr>"
        + "".join(f'<td class="n">{shown(c)}</td>' if _number(c) else f"<td>{shown(c)}</td>" for c in row)
        + "</tr>"
        for row in rows
    )
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    return f'<div class="w"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _number(cell: Cell) -> bool:
    return isinstance(cell, int | float)


def shown(cell: Cell) -> str:
    """A cell as text: three or four figures of a share, whole numbers as they are."""
    if cell is None:
        return "—"
    return f"{cell:.4f}" if isinstance(cell, float) else escape(str(cell))


def _data(model: Model, say: _Speaker) -> str:
    about, rows = model.about, model.figures["rows"]
    told = Text(about["description"]["zh"], about["description"]["en"]).get(say.lang)
    told_rows = [
        (say("研究", "Study"), f"{about['study']} ({about['study_digest'][:12]})"),
        (say("时期", "Period"), " – ".join(about["period"]) or "—"),
        (say("带结果的行", "Labelled rows"), f"{about['rows']} ({say('坏', 'bad')} {about['bad']})"),
        (say("结果留空的行", "Rows with a blank outcome"), str(rows["blank"])),
        (say("结果", "Outcome"), about["outcome"]),
        (say("决定日", "Day of decision"), about["decided"] or "—"),
        (say("数据摘要", "Digest of the rows"), about["rows_digest"][:16]),
        (say("随机种子", "Seed"), str(about["seed"])),
    ]
    return f"<p>{escape(told)}</p>" + table((say("项目", "Item"), say("内容", "What")), told_rows)


def way_of(figures: Any, say: _Speaker) -> str:
    """How unseen rows were come by, in words."""
    way = figures["way"]
    if way["by"] == "time":
        return say(f"{way['from']} 起（时间外）", f"decided from {way['from']} on (out of time)")
    return say(
        f"{way['folds']} 折交叉 × {way['repeats']}，每折从分箱重学",
        f"{way['folds']} folds × {way['repeats']}, all learnt again in each",
    )


def _figures(figures: Any, say: _Speaker) -> str:
    heads = (say("模型", "Model"), "AUC", "95 %", "KS", "Brier", say("对数损失", "Log loss"), say("校准斜率", "Slope"))
    rows = []
    for name in (who for who in NAMES if who in figures["models"]):
        one = figures["models"][name]
        slope = one["calibration"]["slope"] if name != "constant" else None
        interval = f"{one['low']:.3f} – {one['high']:.3f}"
        rows.append((NAMES[name].get(say.lang), one["auc"], interval, one["ks"], one["brier"], one["log_loss"], slope))
    lead = f"{way_of(figures, say)} · {figures['rows']['test']} {say('行', 'rows')}"
    return f"<p>{escape(lead)}</p>" + table(heads, rows)


def _calibration(model: Model, say: _Speaker) -> str:
    parts = []
    for who, told in model.figures["calibrators"].items():
        losses = ", ".join(f"{WAYS[way].get(say.lang)} {loss:.5f}" for way, loss in sorted(told["log_loss"].items()))
        chosen = WAYS[told["chosen"]].get(say.lang)
        parts.append(f"<p>{escape(NAMES[who].get(say.lang))}: <b>{escape(chosen)}</b> ({escape(losses)})</p>")
    bands = model.figures["models"][model.champion]["calibration"]["bands"]
    heads = (say("行", "Rows"), say("坏", "Bad"), say("预测", "Said"), say("实际", "Seen"))
    return "".join(parts) + table(heads, [(b["n"], b["bad"], float(b["said"]), float(b["seen"])) for b in bands])


def _points(card: Card, say: _Speaker) -> str:
    rows: list[Sequence[Cell]] = [(say("基础分", "Base"), "", None, None, None, card.base)]
    for one in card.characteristics:
        label = f"{one.label.get(say.lang)} (IV {one.iv:.3f}, β {one.weight:.3f})"
        for number, bin_ in enumerate(one.bins):
            if bin_.n or bin_.points:
                words = bin_.words().get(say.lang) + (
                    say("（样本少，记零）", " (too few: neutral)") if bin_.neutral else ""
                )
                rows.append((label if number == 0 else "", words, bin_.n, bin_.bad, float(bin_.woe), bin_.points))
    heads = (say("字段", "Field"), say("分箱", "Bin"), say("行", "Rows"), say("坏", "Bad"), "WoE", say("分", "Points"))
    return table(heads, rows)


def _stability(found: Any, say: _Speaker) -> str:
    parts = [f"<p>{say('得分 PSI', 'PSI of the score')}: {found['score_psi']:.4f}</p>"]
    if found["months"]:
        heads = (say("月份", "Month"), say("行", "Rows"), "PSI")
        parts.append(table(heads, [(m["name"], m["n"], float(m["psi"])) for m in found["months"]]))
    heads = (say("字段", "Field"), say("行", "Rows"), "PSI")
    parts.append(table(heads, [(f["name"], f["n"], float(f["psi"])) for f in found["fields"]]))
    return "".join(parts)


def _shadow(model: Model, say: _Speaker) -> str:
    found = model.figures["shadow"]
    other = CARD if model.champion == BOOSTED else BOOSTED
    rows: list[Sequence[Cell]] = [
        (say("冠军", "Champion"), NAMES[model.champion].get(say.lang)),
        (say("影子中的挑战者", "Challenger in shadow"), NAMES[other].get(say.lang)),
        (say("秩相关", "Rank correlation"), float(found["rank_correlation"])),
        (say("最险十分之一中两者都在", "In both riskiest tenths"), f"{found['both']} / {found['tenth']}"),
        (
            say("只在评分卡的，其中坏", "Only the card's, bad among them"),
            f"{found['card_only']}, {found['card_only_bad']}",
        ),
        (
            say("只在提升树的，其中坏", "Only the trees', bad among them"),
            f"{found['boosted_only']}, {found['boosted_only_bad']}",
        ),
    ]
    return table((say("项目", "Item"), say("内容", "What")), rows)
