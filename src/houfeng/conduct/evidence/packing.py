"""A bundle as bytes: one ZIP whose files, order and times follow from its contents and the moment it was made.

The same contents and moment give the same bytes. `check` reads a bundle back and tells what is not as it was packed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from houfeng.conduct.evidence.gathering import Contents, canonical
from houfeng.errors import InputError, Problem, Text, Where
from houfeng.office.journal import ALGORITHMS

MANIFEST, SUMS = "manifest.json", "SHA256SUMS"
COVER, TOC = "00-cover.docx", "01-contents.csv"
FACTS, FACTS_LIST = "02-facts.jsonl", "03-facts.csv"
ALERTS, REASONS = "04-alerts.jsonl", "05-reasons.txt"
JOURNAL, PROOF = "06-journal.jsonl", "07-journal-proof.json"
README = "08-readme.txt"

TOLD: Mapping[str, Text] = {
    COVER: Text("封面：说明、事实与预警清单", "Cover: what this is, lists of facts and alerts"),
    TOC: Text("目录", "Contents"),
    FACTS: Text("事实（逐行，含来源与哈希）", "Facts, row by row, with source and hash"),
    FACTS_LIST: Text("事实清单（表格）", "Facts as a table"),
    ALERTS: Text("预警（全文，含证据行）", "Alerts in full with their rows"),
    REASONS: Text("预警为什么触发", "Why the alerts fired"),
    JOURNAL: Text("审计日志摘录", "Extract of the journal"),
    PROOF: Text("审计日志链的证明", "Proof of the journal's chain"),
    README: Text("怎样核对", "How to check this bundle"),
}
_MOST = 200 * 1024 * 1024


def pack(contents: Contents, cover: bytes, journal: Sequence[Mapping[str, Any]], proof: Mapping[str, Any],
         made_at: datetime) -> bytes:  # fmt: skip
    """The ZIP. `journal` are entries as they are hashed, with their hash; `proof` tells of the whole chain."""
    files: dict[str, bytes] = {
        COVER: same_times(cover, made_at),
        FACTS: _lines(fact.plain() for fact in contents.facts),
        FACTS_LIST: _facts_csv(contents),
        ALERTS: "".join(one.alert.line() + "\n" for one in contents.alerts).encode(),
        REASONS: _reasons(contents),
        JOURNAL: _lines(journal),
        PROOF: _json(proof),
        README: _readme(),
    }
    files[TOC] = _toc(files)
    files[MANIFEST] = _json(
        {
            "enterprise_id": contents.enterprise_id,
            "as_of": contents.as_of.isoformat(),
            "known_at": contents.known_at.isoformat(timespec="microseconds"),
            "alerts_since": contents.since.isoformat(),
            "pack": contents.pack,
            "synthetic": contents.synthetic,
            "made_at": made_at.isoformat(timespec="seconds"),
            "files": {name: {"sha256": _sha(data), "size": len(data)} for name, data in sorted(files.items())},
        }
    )
    files[SUMS] = "".join(f"{_sha(data)}  {name}\n" for name, data in sorted(files.items())).encode()
    return _zip(files, made_at)


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2, default=str) + "\n").encode()


def _lines(values: Any) -> bytes:
    return b"".join(canonical(value) + b"\n" for value in values)


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(heads)
    writer.writerows([[_defused(str(cell)) for cell in row] for row in rows])
    return ("\ufeff" + out.getvalue()).encode()


def _defused(cell: str) -> str:
    """A cell that a spreadsheet will not run."""
    return "'" + cell if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _facts_csv(contents: Contents) -> bytes:
    heads = ["序号 no.", "种类 kind", "记录 record", "报送单位 reporter", "收到 received", "报送 submission", "行 row",
             "文件 file", "文件哈希 file hash", "内容 values", "SHA-256"]  # fmt: skip
    rows = [
        [f.number, f.kind, f.record, f.reporter, f.received_at or "", f.submission, f.row, f.file, f.content_hash,
         canonical(f.values).decode(), f.sha256]
        for f in contents.facts
    ]  # fmt: skip
    return _table(heads, rows)


def _reasons(contents: Contents) -> bytes:
    told = []
    for one in contents.alerts:
        alert = one.alert
        again = {True: "复算一致 / agrees", False: "复算不一致 / does not agree", None: "无单独条件 / not recomputed"}
        told += [
            f"■ {alert.rule_id} {alert.opened_at} {alert.tier} [{again[one.agrees]}]",
            f"  {alert.reason.zh}", f"  {alert.reason.en}", f"  {alert.reference}",
            *(f"    {line}" for line in one.lines), "",
        ]  # fmt: skip
    return "\n".join(told).encode()


def _toc(files: Mapping[str, bytes]) -> bytes:
    names = [name for name in TOLD if name in files]
    rows = [[n, name, TOLD[name].zh, TOLD[name].en, len(files[name]), _sha(files[name])] for n, name in
            enumerate(names, start=1)]  # fmt: skip
    return _table(["序号 no.", "文件 file", "说明", "what it is", "字节 bytes", "SHA-256"], rows)


def _readme() -> bytes:
    return (
        "核对方法：\n"
        "1. sha256sum -c SHA256SUMS\n"
        "2. 02-facts.jsonl 每行 values 按键名排序、无空格的 UTF-8 JSON，其 SHA-256 应等于该行 sha256。\n"
        "3. 06-journal.jsonl 每行去掉 hash 后按键名排序、无空格的 UTF-8 JSON，按 algorithm 求哈希，应等于 hash；"
        "每条的 previous 是它前一条的 hash。\n"
        "4. 07-journal-proof.json 的链尾可与审计管理员导出的全部日志核对。\n"
        "5. houfeng conduct check 文件名.zip 一次做完以上各步。\n\n"
        "How to check: 1 sha256sum -c SHA256SUMS. 2 each line of 02-facts.jsonl: SHA-256 of `values` as UTF-8 JSON "
        "with sorted keys and no spaces. 3 each line of 06-journal.jsonl without `hash`, the same way, by its "
        "algorithm. 4 the head in 07-journal-proof.json against the journal the audit administrator exports. "
        "5 houfeng conduct check FILE.zip does all of it.\n"
    ).encode()


def _zip(files: Mapping[str, bytes], made_at: datetime) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(files):
            archive.writestr(_info(name, made_at), files[name])
    return out.getvalue()


def _info(name: str, made_at: datetime) -> zipfile.ZipInfo:
    """The head of a file: nothing in it comes from the machine or the moment of writing."""
    info = zipfile.ZipInfo(name, (max(made_at.year, 1980), *made_at.timetuple()[1:6]))
    info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
    return info


def same_times(document: bytes, made_at: datetime) -> bytes:
    """An Office document (a ZIP itself) with the times of its parts set to one moment, so that its bytes stay."""
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        parts = {part.filename: archive.read(part) for part in archive.infolist()}
    return _zip(parts, made_at)


def check(data: bytes, name: str = "bundle") -> list[Problem]:
    """What is not as it was packed: a file, a fact, an entry of the journal.

    Raises:
        InputError: it is no bundle at all.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(part.file_size for part in archive.infolist()) > _MOST:
                raise InputError(Text("文件过大", "the bundle unfolds too far"))
            files = {part.filename: archive.read(part) for part in archive.infolist()}
        told = json.loads(files[MANIFEST])["files"]
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, NotImplementedError) as error:
        raise InputError(Text(f"不是证据包：{name}", f"not a bundle of evidence: {name}")) from error
    found = [_broken(n, "文件缺失", "the file is missing") for n in sorted(set(told) - set(files))]
    found += [
        _broken(n, "内容与清单的哈希不符", "not what the manifest says")
        for n, data in sorted(files.items())
        if n in told and _sha(data) != told[n]["sha256"]
    ]
    extra = sorted(set(files) - set(told) - {MANIFEST, SUMS})
    found += [_broken(n, "清单里没有这个文件", "the manifest does not name it") for n in extra]
    sums = "".join(f"{_sha(data)}  {n}\n" for n, data in sorted(files.items()) if n != SUMS).encode()
    if files.get(SUMS) != sums:
        found.append(_broken(SUMS, "与文件不符", "not what the files are"))
    return found + _check_facts(files.get(FACTS, b"")) + _check_journal(files.get(JOURNAL, b""))


def _check_facts(data: bytes) -> list[Problem]:
    found = []
    for number, line in enumerate(data.splitlines(), start=1):
        fact = json.loads(line)
        if hashlib.sha256(canonical(fact["values"])).hexdigest() != fact["sha256"]:
            found.append(_broken(f"{FACTS}:{number}", "事实与其哈希不符", "a fact is not what its hash says"))
    return found


def _check_journal(data: bytes) -> list[Problem]:
    found, before = [], None
    for number, line in enumerate(data.splitlines(), start=1):
        entry = json.loads(line)
        fields = {name: value for name, value in entry.items() if name != "hash"}
        algorithm = entry["algorithm"]
        if algorithm not in ALGORITHMS or hashlib.new(algorithm, canonical(fields)).hexdigest() != entry["hash"]:
            found.append(_broken(f"{JOURNAL}:{number}", "日志与其哈希不符", "an entry is not what its hash says"))
        if before is not None and entry["seq"] == before["seq"] + 1 and entry["previous"] != before["hash"]:
            found.append(_broken(f"{JOURNAL}:{number}", "与上一条不相接", "it does not follow from the one before"))
        before = entry
    return found


def _broken(place: str, zh: str, en: str) -> Problem:
    return Problem("bundle.broken", Text(zh, en), Where(file=place))
