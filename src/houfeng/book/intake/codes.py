"""Codes and identifiers: what is on a list, what has a right check digit, and what the many spellings mean."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from houfeng.book.intake.findings import Finding
from houfeng.book.intake.headers import Column
from houfeng.book.intake.identifiers import (
    check_usccs,
    is_citizen_id,
    is_organisation_code,
    looks_like_uscc,
    with_section,
)
from houfeng.book.model import CodeList, Field
from houfeng.errors import Level, Text, did_you_mean

_MEMO = 500_000


def fold(text: str) -> str:
    """A code or label for comparing: half-width, no blanks, lower case."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()


def spellings(codes: CodeList) -> Mapping[str, str]:
    """Every folded spelling of a list → its code; codes go before aliases, aliases before labels."""
    known: dict[str, str] = {}
    for code in codes.members:
        known[fold(code)] = code
    for alias, code in codes.aliases.items():
        known.setdefault(fold(alias), code)
    for code, label in codes.members.items():
        for text in (label.zh, label.en, f"{code}{label.zh}", f"{code}-{label.zh}", f"{code}:{label.zh}"):
            known.setdefault(fold(text), code)
    return known


@dataclass
class Codes:
    """Reads coded columns against the code lists; remembers each distinct text."""

    lists: Mapping[str, CodeList]
    strangers: dict[str, list[str]] = field(default_factory=dict)  # field → a few ids of no known shape
    strange: dict[str, int] = field(default_factory=dict)  # field → how many cells hold such ids
    _known: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _judged: dict[str, dict[str, int]] = field(default_factory=dict)

    def read(self, column: Column, texts: pa.Array, translated: dict[str, str], findings: list[Finding]) -> pa.Array:
        """The codes of a column; nothing where a text is on no list or fits no pattern (and that is reported)."""
        coded = texts.dictionary_encode()
        words: list[str] = coded.dictionary.to_pylist()
        item = column.field
        known = self._spellings(item)
        found = [known.get(fold(word)) if known else _by_pattern(item, word) for word in words]
        for word, code in zip(words, found, strict=True):
            if code is not None and code != word and len(translated) < 50:
                translated[word] = code
        bad = [word for word, code in zip(words, found, strict=True) if code is None]
        if bad:
            self._report(column, texts, bad, findings)
        return pa.array(found, pa.string()).take(coded.indices)

    def _spellings(self, item: Field) -> Mapping[str, str]:
        if not item.code_list:
            return {}
        if item.code_list not in self._known:
            self._known[item.code_list] = spellings(self.lists[item.code_list])
        return self._known[item.code_list]

    def _report(self, column: Column, texts: pa.Array, bad: list[str], findings: list[Finding]) -> None:
        item = column.field
        for word in bad[:200] if item.code_list else []:
            members = self.lists[item.code_list].members
            near = did_you_mean(word, [*members, *(label.zh for label in members.values())])
            hint = near if any(near) else _choices(members)
            message = Text(
                f"不在码表“{self.lists[item.code_list].label.zh}”中", f"not in the code list {item.code_list}"
            )
            _add(findings, column, texts, [word], "intake.unknown_code", message, hint)
        rest = bad[200:] if item.code_list else bad
        if rest:
            message = (
                Text(f"不合格式 {item.pattern}", f"does not fit the pattern {item.pattern}") if item.pattern else _CODE
            )
            _add(findings, column, texts, rest, "intake.unknown_code", message, Text("", ""))

    def identify(self, column: Column, texts: pa.Array, findings: list[Finding]) -> pa.Array:
        """Identifiers in upper case without blanks, their check digits checked as the field's `check` says."""
        coded = texts.dictionary_encode()
        tidy = pc.replace_substring_regex(pc.utf8_upper(coded.dictionary), r"\s+", "")
        words: list[str] = tidy.to_pylist()
        verdicts = self._judge(column.field.check, words)
        cleaned = tidy.take(coded.indices)
        if (verdicts == _WRONG).any():
            wrong = pc.fill_null(pa.array(verdicts == _WRONG).take(coded.indices), False)
            names = _CHECKS.get(column.field.check, _CHECKS["uscc"])
            message = Text(
                f"{names.zh}校验位不对，可能抄错", f"the check digit of the {names.en} is wrong: a typing error?"
            )
            _add_mask(findings, column, cleaned, wrong, "intake.check_digit", message, _COMPARE)
            cleaned = pc.if_else(wrong, None, cleaned)
        if (verdicts == _STRANGE).any():
            self._strangers(column.field.name, words, verdicts, coded.indices)
        return cleaned

    def _judge(self, check: str, words: list[str]) -> NDArray[np.int8]:
        judged = self._judged.setdefault(check, {})
        new = [w for w in words if w not in judged]
        if new:
            good = check_usccs(new) if check in ("uscc", "party") else np.zeros(len(new), np.bool_)
            judged.update((w, _RIGHT if ok else _verdict(check, w)) for w, ok in zip(new, good.tolist(), strict=True))
        verdicts = np.fromiter(map(judged.__getitem__, words), np.int8, len(words))
        if len(judged) > _MEMO:
            judged.clear()
        return verdicts

    def _strangers(self, name: str, words: list[str], verdicts: NDArray[np.int8], indices: pa.Array) -> None:
        used = indices.drop_null().to_numpy()
        self.strange[name] = self.strange.get(name, 0) + int((verdicts == _STRANGE)[used].sum())
        shown = self.strangers.setdefault(name, [])
        for position in np.flatnonzero(verdicts == _STRANGE)[: 3 - len(shown)].tolist():
            shown.append(words[position])


_RIGHT, _WRONG, _STRANGE = 0, 1, 2


def _verdict(check: str, word: str) -> int:
    """Right, wrong (it claims a check digit and fails) or strange (some other kind of id)."""
    if check == "organisation_code":
        return _RIGHT if is_organisation_code(word) else _WRONG
    if check == "citizen_id":
        return _RIGHT if is_citizen_id(word) else _WRONG
    if check == "uscc":
        return _WRONG
    if is_organisation_code(word) or is_citizen_id(word):
        return _RIGHT
    return _WRONG if looks_like_uscc(word) else _STRANGE


_COMPARE = Text("对照营业执照核对", "compare it with the licence")
_CODE = Text("不是代码", "not a code")
_CHECKS = {
    "uscc": Text("统一社会信用代码", "unified social credit code"),
    "party": Text("统一社会信用代码", "unified social credit code"),
    "organisation_code": Text("组织机构代码", "organisation code"),
    "citizen_id": Text("身份证号", "citizen's number"),
}


def _by_pattern(item: Field, word: str) -> str | None:
    if not item.pattern:
        return word
    tidy = word.replace(" ", "").upper()
    for text in (word, word.upper(), tidy):
        if re.search(item.pattern, text):
            return text
    if item.classification == "gbt4754" and re.search(item.pattern, lettered := with_section(tidy)):
        return lettered
    return None


def _choices(members: Mapping[str, Text]) -> Text:
    some = list(members.items())[:8]
    more = "…" if len(members) > len(some) else ""
    return Text(
        "可填 " + "、".join(f"{c} {t.zh}" for c, t in some) + more,
        "one of " + ", ".join(f"{c} {t.en}" for c, t in some) + more,
    )


def _add(
    findings: list[Finding], column: Column, texts: pa.Array, words: list[str], code: str, message: Text, hint: Text
) -> None:
    _add_mask(findings, column, texts, pc.is_in(texts, value_set=pa.array(words, pa.string())), code, message, hint)


def _add_mask(
    findings: list[Finding], column: Column, texts: pa.Array, mask: pa.Array, code: str, message: Text, hint: Text
) -> None:
    at = np.flatnonzero(np.asarray(pc.fill_null(mask, False).to_numpy(zero_copy_only=False))).astype(np.int64)
    if len(at):
        values = [str(v) for v in texts.take(pa.array(at)).to_pylist()]
        findings.append(Finding(code, Level.ERROR, column.field.name, column.header, at, values, message, hint))
