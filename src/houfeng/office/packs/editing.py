"""Small changes of a pack's text, for people who do not write YAML: a new dated value, another reading, a version.

The text is changed where it must be and nowhere else, so that comments and order stay, and the diff is short. The
result is checked like any other draft.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import yaml

from houfeng.errors import InputError, NotFoundError, Text, UsageError, did_you_mean
from houfeng.office.packs.files import HEAD
from houfeng.packs.language.functions import T
from houfeng.packs.model import Interpretation, Pack, Parameter

Edited = dict[str, str]


@dataclass(frozen=True, slots=True)
class NewValue:
    """A value of a parameter from `start` on (to before `until`), known from a day, with its reference."""

    parameter: str
    start: date
    value: str
    reference: str
    known_from: date | None = None
    until: date | None = None
    note: str = ""


def parameter_of(pack: Pack, name: str) -> Parameter:
    """The parameter of that name.

    Raises:
        NotFoundError: there is none.
    """
    if name not in pack.parameters:
        near = did_you_mean(name, pack.parameters)
        raise NotFoundError(Text(f"没有参数 {name}。{near.zh}", f"no parameter {name}. {near.en}"))
    return pack.parameters[name]


def with_value(files: Edited, pack: Pack, new: NewValue) -> Edited:
    """The files with one more dated value.

    Raises:
        NotFoundError: there is no such parameter.
        UsageError: the value is not of the parameter's kind, lacks its reference, or ends before it begins.
        InputError: the parameter belongs to a required pack, or stands in a form this cannot edit.
    """
    parameter = parameter_of(pack, new.parameter)
    if not new.reference.strip():
        raise UsageError(Text("请写明依据（文号、条款或会议纪要）", "give the reference: document, clause or minutes"))
    if new.until is not None and new.until <= new.start:
        raise UsageError(Text("截止日应晚于开始日", "the last day should be later than the first"))
    key = _file_of(files, pack, parameter.where.file, new.parameter)
    entry = _entry(files[key], "parameters", new.parameter, key)
    return {**files, key: _inserted(files[key], _child(entry, "values"), new, _written(parameter, new), key)}


def with_reading(files: Edited, pack: Pack, name: str, label: str, by: str, on: date, start: date) -> Edited:
    """The files with another reading chosen in the interpretation register, and its parameters set from `start` on.

    Raises:
        NotFoundError: there is no such entry or reading.
        UsageError: it is the reading chosen already.
        InputError: it belongs to a required pack, or stands in a form this cannot edit.
    """
    entry = pack.interpretations.get(name)
    if entry is None or label not in entry.readings:
        raise NotFoundError(Text(f"解释登记里没有 {name}={label}", f"no reading {name}={label}"))
    if label == entry.chosen:
        raise UsageError(Text(f"{name} 已采用 {label}", f"{name} is read as {label} already"))
    key = _file_of(files, pack, entry.where.file, name)
    text = files[key]
    for part, value in (("chosen", label), ("chosen_by", _quoted(by)), ("chosen_on", on.isoformat())):
        node = _entry(text, "interpretations", name, key)
        text = _scalar_set(text, node, part, value, key)
    files = {**files, key: text}
    for parameter, value in entry.readings[label].parameters.items():
        files = _set_by_reading(files, pack, entry, label, parameter, value, start)
    return files


def with_version(files: Edited, pack: str, version: str) -> Edited:
    """The files with another version in the head of the pack.

    Raises:
        UsageError: it is not a version such as 1.2.0.
    """
    if not re.fullmatch(r"\d{1,4}(\.\d{1,4}){0,3}([.-][a-z0-9]{1,16})?", version):
        raise UsageError(Text(f"版本号应写作 1.2.0，不是 {version}", f"write a version as 1.2.0, not {version}"))
    key = f"{pack}/{HEAD}"
    root = yaml.compose(files[key], yaml.SafeLoader)
    return {**files, key: _scalar_set(files[key], root, "version", _quoted(version), key)}


def next_version(version: str, taken: Callable[[str], bool]) -> str:
    """The version after `version` by its last number, the first that is not taken."""
    head, number = re.fullmatch(r"(.*?)(\d*)", version, re.DOTALL).groups()  # type: ignore[union-attr]
    at = int(number or 0) + 1
    while taken(f"{head}{at}"):
        at += 1
    return f"{head}{at}"


def _set_by_reading(
    files: Edited, pack: Pack, entry: Interpretation, label: str, name: str, value: Any, start: date
) -> Edited:
    parameter = parameter_of(pack, name)
    now = parameter.on(start, start)
    if now is not None and now.value == value:
        return files
    reference = f"解释登记 {entry.name}={label}：{entry.clause}"[:300]
    return with_value(files, pack, NewValue(name, start, _plain(value), reference))


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _written(parameter: Parameter, new: NewValue) -> str:
    """The value as YAML."""
    value = _value(parameter, new.value.strip().replace(",", "").replace("，", ""))
    parts = [f"value: {value}", f"reference: {_quoted(new.reference.strip())}"]
    if new.known_from is not None and new.known_from != new.start:
        parts.append(f"known_from: {new.known_from}")
    if new.until is not None:
        parts.append(f"until: {new.until}")
    if new.note.strip():
        parts.append(f"note: {_quoted(new.note.strip())}")
    return f"{{{', '.join(parts)}}}"


def value_of(pack: Pack, name: str, text: str) -> Any:
    """What somebody typed as a value of the parameter.

    Raises:
        NotFoundError, UsageError: there is no such parameter, or it is no value of its kind.
    """
    parameter = parameter_of(pack, name)
    said = _value(parameter, text.strip().replace(",", "").replace("，", ""))
    match parameter.type:
        case T.DECIMAL:
            return Decimal(said)
        case T.INTEGER:
            return int(said)
        case T.BOOLEAN:
            return said == "true"
        case T.DATE:
            return date.fromisoformat(said)
    return text.strip()


def _value(parameter: Parameter, text: str) -> str:
    kind = parameter.type
    try:
        if kind is T.DECIMAL:
            exact = Decimal(text)
            if not exact.is_finite():
                raise ValueError(text)
            return f"{exact:f}"
        if kind is T.INTEGER:
            return str(int(text))
        if kind is T.BOOLEAN:
            return {"true": "true", "false": "false", "是": "true", "否": "false"}[text.lower()]
        if kind is T.DATE:
            return date.fromisoformat(text).isoformat()
    except (ValueError, KeyError, InvalidOperation):
        raise UsageError(
            Text(
                f"{text or '空'} 不是{kind.zh}；{parameter.label.zh} 的值应是{kind.zh}",
                f"{text or 'nothing'} is no {kind}",
            )
        ) from None
    return _quoted(text)


def _quoted(text: str) -> str:
    """A text as a YAML scalar: JSON's quotes are YAML's too."""
    return json.dumps(text, ensure_ascii=False)


def _file_of(files: Edited, pack: Pack, file: str, what: str) -> str:
    folder, _, name = file.replace("\\", "/").rpartition("/")
    owner = folder.rpartition("/")[2]
    key = f"{owner}/{name}"
    if owner != pack.name or key not in files:
        raise InputError(
            Text(
                f"{what} 在所需的包 {owner} 里定义，请到该包里改",
                f"{what} is defined in the required pack {owner}; change it there",
            )
        )
    return key


def _entry(text: str, section: str, name: str, key: str) -> yaml.MappingNode:
    root = yaml.compose(text, yaml.SafeLoader)
    found = _child(_child(root, section), name)
    if not isinstance(found, yaml.MappingNode):
        raise _cannot(key, name)
    return found


def _child(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)


def _scalar_set(text: str, node: yaml.Node | None, name: str, value: str, key: str) -> str:
    """`text` with the scalar `name` of a mapping set to `value`, added where it is missing."""
    if not isinstance(node, yaml.MappingNode) or not node.value:
        raise _cannot(key, name)
    old = _child(node, name)
    if isinstance(old, yaml.ScalarNode) and old.style not in ("|", ">"):
        return text[: old.start_mark.index] + value + text[old.end_mark.index :]
    if old is not None:
        raise _cannot(key, name)
    if node.flow_style:
        return text[: node.start_mark.index + 1] + f"{name}: {value}, " + text[node.start_mark.index + 1 :]
    first = node.value[0][0].start_mark
    return text[: first.index] + f"{name}: {value}\n{' ' * first.column}" + text[first.index :]


def _inserted(text: str, values: yaml.Node | None, new: NewValue, written: str, key: str) -> str:
    if not isinstance(values, yaml.MappingNode) or not values.value:
        raise _cannot(key, new.parameter)
    day = new.start.isoformat()
    same = _child(values, day)
    if same is not None:
        return _beside(text, same, written, key, new.parameter)
    if values.flow_style:
        at = values.start_mark.index + 1
        return f"{text[:at]}{day}: {written}, {text[at:]}"
    for each, _ in values.value:
        if str(each.value) < day:  # the newest stands first, as the shipped packs have it
            at = each.start_mark
            return f"{text[: at.index]}{day}: {written}\n{' ' * at.column}{text[at.index :]}"
    column = values.value[0][0].start_mark.column
    end = _end_of(text, values.value[-1][1])
    return f"{text[:end]}\n{' ' * column}{day}: {written}{text[end:]}"


def _beside(text: str, old: yaml.Node, written: str, key: str, name: str) -> str:
    """A second value for the same first day, known from another one."""
    start, end = old.start_mark.index, old.end_mark.index
    if isinstance(old, yaml.SequenceNode) and old.flow_style:
        return f"{text[: start + 1]}{written}, {text[start + 1 :]}"
    if isinstance(old, yaml.ScalarNode) or (isinstance(old, yaml.MappingNode) and old.flow_style):
        return f"{text[:start]}[{text[start:end]}, {written}]{text[end:]}"
    raise _cannot(key, name)


def _end_of(text: str, node: yaml.Node) -> int:
    end = node.end_mark.index
    while end > 0 and text[end - 1] in " \n\r\t":
        end -= 1
    line = text.find("\n", end)  # a comment behind the value stays behind it
    return len(text) if line < 0 else line


def _cannot(key: str, name: str) -> InputError:
    return InputError(
        Text(
            f"{key} 里 {name} 的写法不能在表单里改，请下载改好后上传",
            f"{name} in {key} is written in a way the form cannot change; download it, change it and upload it",
        )
    )
