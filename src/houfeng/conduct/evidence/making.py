"""Making a bundle: who may, the extract of the journal with its proof, the bytes, and the record that it was made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from houfeng.cases.tables import CaseFile
from houfeng.conduct.evidence.cover import cover
from houfeng.conduct.evidence.gathering import Contents
from houfeng.conduct.evidence.packing import pack
from houfeng.conduct.steps import reason
from houfeng.conduct.tables import Bundle, Dispute, Listing
from houfeng.errors import AccessError, Text
from houfeng.office import journal
from houfeng.office.access import Permission, Viewer
from houfeng.office.alerts.tables import Alert
from houfeng.office.database import office_of
from houfeng.office.tables import JournalEntry

ISSUER = Text("候风信贷市场工作台", "Houfeng, the desk of the credit market")
MOST = 5000
"""Entries of the journal in one bundle."""


def may_make(viewer: Viewer) -> None:
    """Raise AccessError unless the viewer makes evidence for the office: not for a bank, not for a firm."""
    viewer.require(Permission.WORK_CONDUCT)
    if viewer.scope.institutions is not None or viewer.scope.enterprise is not None:
        raise AccessError(Text("证据包须由主管部门制作", "evidence is made by the office only"))


def make(
    session: Session, viewer: Viewer, contents: Contents, region: str, why: str, lang: str = "zh"
) -> tuple[Bundle, bytes]:
    """The bundle and its bytes. The journal tells of it twice: that it is made (which the bundle holds itself), and the
    hash of what was made."""
    may_make(viewer)
    why = reason(why)
    now = office_of(session).clock().replace(microsecond=0)
    firm, about = contents.enterprise_id, f"enterprise:{contents.enterprise_id}"
    told = {"as_of": contents.as_of, "facts": len(contents.facts), "alerts": len(contents.alerts)}
    words = {"zh": "制作证据包", "en": "made a bundle of evidence"}
    head = journal.write(session, viewer, "bundle.make", about, why=why, detail={**told, **words})
    entries = extract(session, firm)
    proof = proof_of(session, entries, head.seq, head.hash, head.algorithm)
    data = pack(contents, cover(contents, proof, ISSUER, now, why, lang), entries, proof, now)
    bundle = Bundle(
        enterprise_id=firm, enterprise_name=contents.name, region=region, made_at=now, made_by=viewer.user_id, why=why,
        as_of=contents.as_of, known_at=contents.known_at, facts=len(contents.facts), alerts=len(contents.alerts),
        size=len(data), sha256=hashlib.sha256(data).hexdigest(), head_seq=head.seq, head_hash=head.hash,
    )  # fmt: skip
    session.add(bundle)
    session.flush()
    sealed = {"bundle": bundle.id, "sha256": bundle.sha256, "size": bundle.size}
    journal.write(session, viewer, "bundle.seal", about, why=why, detail=sealed)
    return bundle, data


def extract(session: Session, enterprise_id: str) -> list[dict[str, Any]]:
    """The entries of the journal about a firm, its alerts, cases, disputes and listings, as they are hashed."""
    about = [f"enterprise:{enterprise_id}"]
    same = or_(Alert.enterprise == enterprise_id, (Alert.kind == "enterprise") & (Alert.key == enterprise_id))
    about += [f"alert:{one}" for one in session.scalars(select(Alert.id).where(same))]
    for noun, table in (("case", CaseFile), ("dispute", Dispute), ("listing", Listing)):
        found = session.scalars(select(table.id).where(table.enterprise_id == enterprise_id))
        about += [f"{noun}:{one}" for one in found]
    entries: list[JournalEntry] = []
    for first in range(0, len(about), 500):
        wanted = select(JournalEntry).where(JournalEntry.about.in_(about[first : first + 500]))
        entries += session.scalars(wanted.order_by(JournalEntry.seq).limit(MOST))
    entries.sort(key=lambda entry: entry.seq)
    return [{**json.loads(journal.canonical(entry)), "hash": entry.hash} for entry in entries[:MOST]]


def proof_of(
    session: Session, entries: Sequence[dict[str, Any]], head_seq: int, head_hash: str, algorithm: str
) -> dict[str, Any]:
    """What the whole chain is at this moment: an extract cannot prove by itself that nothing was left out."""
    problems = journal.verify(session, journal.Head(head_seq, head_hash))
    return {
        "algorithm": algorithm,
        "head_seq": head_seq,
        "head_hash": head_hash,
        "whole": not problems,
        "fault": [problem.render("zh") for problem in problems],
        "entries": len(entries),
        "first": entries[0]["seq"] if entries else None,
        "last": entries[-1]["seq"] if entries else None,
        "how": "各条可单独求哈希；整条链由审计管理员导出的全部日志核对链尾 / "
        "each entry can be hashed by itself; the chain is checked against the journal the audit administrator exports",
    }
