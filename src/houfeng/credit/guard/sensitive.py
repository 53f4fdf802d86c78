"""Fields that must not weigh in a score: the code set `sensitive_fields` of a pack (shipped: `credit-policy`)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from houfeng.credit.studies.study import Feature
from houfeng.errors import Problem, Text, Where
from houfeng.packs.model import Pack

SET = "sensitive_fields"


def sensitive(pack: Pack, features: Iterable[Feature], columns: dict[str, frozenset[str]]) -> list[Problem]:
    """A problem for each feature whose name, label or columns carry a word of the set."""
    words = {code: member.group for member in pack.sets[SET].members for code in member.codes}
    found = []
    for feature in features:
        texts = (feature.name, feature.value, *feature.label, *columns.get(feature.name, ()))
        hit = next((word for word in words if any(_has(text, word) for text in texts)), None)
        if hit is not None:
            found.append(_problem(feature.name, hit, words[hit], feature.where))
    return found


def _has(text: str, word: str) -> bool:
    if not word.isascii():
        return word in text
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text).lower()
    return re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", parts) is not None


def _problem(name: str, word: str, group: str, where: Where) -> Problem:
    return Problem(
        "credit.sensitive",
        Text(
            f"字段 {name} 属于敏感字段（{group}：{word}），不得进入评分",
            f"the field {name} is sensitive ({group}: {word}) and may not be in a score",
        ),
        where,
        suggestion=Text(
            "从研究中去掉它；名单在政策包 credit-policy 的 sensitive_fields",
            "take it out; the list is sensitive_fields in the pack credit-policy",
        ),
    )
