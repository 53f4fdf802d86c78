"""A card as a pack: a decision table of points for each characteristic, their sum, and the probability it stands for.

The tables cut at the very decimals of the card, so that a pack scores every row as the card does. In packs, rules and
the watch the score is then an item like any other.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from houfeng.book.model import SQL, Type, kinds
from houfeng.credit.models.bins import CODES, MISSING, OTHER, RANGE, SPECIAL, Bin
from houfeng.credit.models.card import Card, Characteristic
from houfeng.credit.models.model import WAYS, Model
from houfeng.errors import InputError, Problem, Text
from houfeng.packs.language.functions import T
from houfeng.packs.loading.load import load_pack
from houfeng.packs.model import Pack

PD_STEP = 10
"""Points of one row of the table of probabilities, where the calibrator is no step function itself."""


def publish(model: Model, folder: Path, prefix: str, *, synthetic: bool = False) -> Path:
    """Write the model's card as a pack into `folder`; `prefix` begins the names of its items.

    Raises:
        InputError: the card's fields are no items of a pack.
    """
    features = model.about.get("pack")
    if not features:
        text = Text(
            f"{model.name} 的字段不是政策包的指标，不能发布", f"the fields of {model.name} are no items of a pack"
        )
        hint = Text(
            "先把字段写成政策包的指标，再以 pack: 建研究", "write them as items of a pack and study that: `pack:`"
        )
        raise InputError(text, [Problem("credit.not_in_pack", text, suggestion=hint)])
    pack, over = load_pack(features), model.about["over"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pack.yaml").write_text(_head(model, folder.name, pack.name, synthetic), "utf-8")
    (folder / "card.yaml").write_text("\n".join(_card(model, pack, over, prefix)) + "\n", "utf-8")
    return folder


def _head(model: Model, name: str, required: str, synthetic: bool) -> str:
    mark = (
        Text("（在模拟数据上拟合，仅作示例）", " (fitted on synthetic data, an example)") if synthetic else Text("", "")
    )
    way = WAYS[model.card.calibrator.way]
    rows, bad = model.about["rows"], model.about["bad"]
    period = " – ".join(model.about["period"])
    zh = (
        f"由评分卡模型 {model.name} {model.version} 发布；样本 {rows} 行，其中坏 {bad} 行，{period}；"
        f"概率按{way.zh}。不要手改：改模型后重新发布。"
    )
    en = (
        f"Published from the scorecard {model.name} {model.version}: {rows} rows, {bad} bad, {period}; "
        f"probabilities by {way.en}. Not to be edited by hand: change the model and publish again."
    )
    lines = [
        f"pack: {name}",
        f"version: {model.version}",
        f"label: {{zh: {_q(model.label.zh + mark.zh)}, en: {_q(model.label.en + mark.en)}}}",
        f"description: {{zh: {_q(zh + ' model: ' + model.digest)}, en: {_q(en + ' model: ' + model.digest)}}}",
        f"requires: [{required}]",
    ]
    return "\n".join(lines) + "\n"


def _card(model: Model, pack: Pack, over: str, prefix: str) -> list[str]:
    card = model.card
    lines = [f"# Points of {model.name} {model.version}; digest {model.digest[:16]}.", "tables:"]
    for one in card.characteristics:
        lines += _table(one, pack, over, prefix)
    lines += _chances(card, over, prefix)
    total = " + ".join([str(card.base), *(f"{prefix}_{one.name}" for one in card.characteristics)])
    label = Text(f"{model.label.zh}：得分", f"{model.label.en}: score")
    lines += ["", "values:", f"  {prefix}:", f"    label: {_text(label)}", f"    over: {over}", f"    value: {total}"]
    return lines


def _table(one: Characteristic, pack: Pack, over: str, prefix: str) -> list[str]:
    rows, otherwise = rows_of(one, is_boolean(pack, over, one.value))
    label = Text(f"得分：{one.label.zh}", f"Points: {one.label.en}")
    lines = [
        f"  {prefix}_{one.name}:",
        f"    label: {_text(label)}",
        f"    over: {over}",
        "    hit: first",
        "    rows:",
    ]
    lines += [f"      - {{when: {_q(when)}, then: {_q(str(points))}}}" for when, points in rows]
    return [*lines, f"    else: {_q(str(otherwise))}"]


def rows_of(one: Characteristic, boolean: bool = False) -> tuple[list[tuple[str, int]], int]:
    """The rows of a decision table in order, and what stands where none is met."""
    rows = [(f"{one.value} is null", b.points) for b in one.bins if b.form == MISSING]
    rows += [(f"{one.value} = {b.value}", b.points) for b in one.bins if b.form == SPECIAL]
    ranges = [b for b in one.bins if b.form == RANGE]
    rows += [(f"{one.value} < {b.high}", b.points) for b in ranges if b.high is not None]
    rows += [(_codes(one.value, b, boolean), b.points) for b in one.bins if b.form == CODES]
    last = next((b.points for b in one.bins if b.form == OTHER), ranges[-1].points if ranges else 0)
    return rows, last


def _codes(value: str, one: Bin, boolean: bool) -> str:
    if boolean:
        told = [value if code == "true" else f"not {value}" for code in one.codes]
        return " or ".join(told)
    listed = ", ".join("'" + code.replace("'", "''") + "'" for code in one.codes)
    return f"{value} in ({listed})"


def _chances(card: Card, over: str, prefix: str) -> list[str]:
    edges = chance_edges(card)
    lines = [
        f"  {prefix}_pd:", f"    label: {_text(Text('违约概率（按分数段）', 'Chance of default, by band of scores'))}",
        f"    over: {over}", "    hit: first", "    rows:",
    ]  # fmt: skip
    for edge, chance in edges[:-1]:
        lines.append(f"      - {{when: {_q(f'{prefix} < {edge}')}, then: {_q(chance)}}}")
    return [*lines, f"    else: {_q(edges[-1][1])}"]


def chance_edges(card: Card) -> list[tuple[int, str]]:
    """(score below which, probability) by rising score; the last stands for all above. Four decimal places."""
    found: list[tuple[int, str]] = []
    step = 1 if card.calibrator.way == "isotonic" else PD_STEP
    for low in range(card.least, card.most + 1, step):
        middle = np.asarray([low if step == 1 else low + (step - 1) / 2])
        told = f"{float(card.calibrator(card.log_odds(middle))[0]):.4f}"
        if found and found[-1][1] == told:
            found[-1] = (low + step, told)
        else:
            found.append((low + step, told))
    return found


def is_boolean(pack: Pack, over: str, value: str) -> bool:
    """Whether an item or field is a yes or no."""
    item = pack.items.get((over, value))
    if item is not None:
        return item.type is T.BOOLEAN
    shape = kinds()[over]
    *steps, last = value.split(".")
    for step in steps:
        shape = kinds()[shape.relations[step].kind]
    return SQL[shape.fields[last].type] == SQL[Type.BOOLEAN]


def _text(text: Text) -> str:
    return f"{{zh: {_q(text.zh)}, en: {_q(text.en)}}}"


def _q(text: str) -> str:
    """A text as YAML reads it back: JSON's quoting is YAML's."""
    return json.dumps(text, ensure_ascii=False)


__all__: Sequence[str] = ["chance_edges", "is_boolean", "publish", "rows_of"]
