"""Audits of funded loans: draw a sample, write down what was found, project it to the whole."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, Field

from houfeng.claims import audit
from houfeng.claims.tables import ClaimAudit
from houfeng.office.access import Permission
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import listed, plain, told
from houfeng_desk.queries.claims import drawing
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed

router = new_router("claims")
SEE = [allowed(Permission.DECIDE_CLAIMS, Permission.APPROVE)]
DECIDE = [allowed(Permission.DECIDE_CLAIMS)]
ONE = "/claims/audits/{audit_id}"
NAMES = ("id", "version", "instrument", "institution_id", "first", "last", "method", "size", "seed", "lines", "amount")


def _told(found: ClaimAudit) -> dict[str, Any]:
    return told(found, *NAMES, "made_at", "closed_at", "projection")


@router.get("/claims/audits", operation_id="audits", dependencies=SEE)
def audits(desk: DeskDep, viewer: ViewerDep) -> dict[str, Any]:
    """The audits of the asker's scope."""
    with desk.office.read() as session:
        return listed([_told(one) for one in audit.audits(session, viewer)])


class NewAudit(BaseModel):
    """What the sample is drawn from, how large, how, and with which seed: the same again gives the same loans."""

    tool: str = Field(max_length=80)
    institution_id: str = Field("", max_length=60, description="Empty: every bank of the asker's scope.")
    first: date
    last: date
    method: str = Field(max_length=20, description=f"One of {', '.join(audit.METHODS)}.")
    size: int = Field(ge=1, le=100_000)
    seed: int = Field(ge=0, le=2**31 - 1)
    why: str = Field(min_length=1, max_length=4000)


@router.post("/claims/audits", operation_id="make_audit", dependencies=DECIDE)
def make(desk: DeskDep, viewer: ViewerDep, asked: NewAudit) -> dict[str, Any]:
    """Draw a sample."""
    with desk.office.begin() as session:
        made = audit.make(
            session, viewer, instrument=asked.tool, institution_id=asked.institution_id, first=asked.first,
            last=asked.last, method=asked.method, size=asked.size, seed=asked.seed, why=asked.why,
        )  # fmt: skip
        return _told(made)


@router.get(ONE, operation_id="audit", dependencies=SEE)
def one(desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, audit_id: int) -> dict[str, Any]:
    """One audit: its loans, why each was chosen, what was found, and what that says of the whole."""
    with desk.office.read() as session:
        found = audit.find(session, viewer, audit_id)
        rows = audit.samples(session, found)
        names = drawing.names_of(reader, [line.borrower_id for _, line, _ in rows])
        samples = [
            {
                **told(sample, "id", "stratum", "chance", "outcome", "error", "note"),
                "why": {"zh": sample.why_zh, "en": sample.why_en},
                "claim": claim.number,
                "borrower": names.get(line.borrower_id),
                **told(line, "contract_no", "note_no", "amount"),
            }
            for sample, line, claim in rows
        ]
        return {**_told(found), "samples": samples}


class Finding(BaseModel):
    """What was found on a loan; `error` is what was claimed too much."""

    outcome: str = Field(max_length=10, description=f"One of {', '.join(audit.OUTCOMES)}.")
    error: Annotated[Decimal, Field(ge=0, max_digits=17, decimal_places=2)] = Decimal("0.00")
    note: str = Field("", max_length=1000)


@router.put(f"{ONE}/samples/{{sample_id}}", operation_id="record_sample", dependencies=DECIDE)
def record(desk: DeskDep, viewer: ViewerDep, audit_id: int, sample_id: int, asked: Finding) -> dict[str, Any]:
    """Write down what was found on one loan."""
    with desk.office.begin() as session:
        made = audit.record(session, viewer, audit_id, sample_id, asked.outcome, asked.error, asked.note)
        return told(made, "id", "outcome", "error", "note")


class Closed(BaseModel):
    """Why the audit ends."""

    why: str = Field(min_length=1, max_length=4000)


@router.post(f"{ONE}/close", operation_id="close_audit", dependencies=DECIDE)
def close(desk: DeskDep, viewer: ViewerDep, audit_id: int, asked: Closed) -> dict[str, Any]:
    """Project what was found to the whole."""
    with desk.office.begin() as session:
        return {"projection": plain(audit.close(session, viewer, audit_id, asked.why).projection)}
