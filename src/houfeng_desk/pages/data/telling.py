"""What a check and a submission found, as plain values that can be kept beside the file and shown later."""

from __future__ import annotations

from typing import Any

from houfeng.book.intake import Intake
from houfeng.book.store import Receipt
from houfeng.errors import HoufengError, Problem

SHOWN = 300
"""Problems kept one by one; all of them are counted."""


def check_told(found: Intake) -> dict[str, Any]:
    """The parts of a file, what is wrong with it by code, the first problems, and the questions it leaves open."""
    return {
        "parts": [
            {
                "kind": draft.kind,
                "reporter": draft.reporter,
                "period": draft.period.isoformat() if draft.period else "",
                "rows": draft.rows.num_rows,
                "quarantined": draft.quarantine.num_rows,
                "sheet": draft.sheet,
            }
            for draft in found.drafts
        ],
        "counts": [[code, field, number] for (code, field), number in sorted(found.counts.items())],
        "problems": [problem_told(problem) for problem in found.problems[:SHOWN]],
        "questions": [
            {"code": q.code, "message": q.message._asdict(), "where": str(q.where), "options": list(q.options)}
            for q in found.questions
        ],
    }


def problem_told(problem: Problem) -> dict[str, Any]:
    """One problem."""
    return {
        "code": problem.code,
        "level": problem.level.value,
        "sheet": problem.where.sheet,
        "row": problem.where.row,
        "field": problem.where.field,
        "value": problem.value[:200],
        "message": problem.message._asdict(),
        "suggestion": problem.suggestion._asdict(),
    }


def error_told(error: HoufengError) -> dict[str, Any]:
    """Why a file was refused."""
    return {
        "code": error.code,
        "message": error.message._asdict(),
        "problems": [problem_told(problem) for problem in error.problems[:SHOWN]],
    }


def receipt_told(receipt: Receipt) -> dict[str, Any]:
    """What became of each part."""
    return {
        "written": receipt.written,
        "needs_confirmation": receipt.needs_confirmation,
        "received_at": receipt.received_at.isoformat() if receipt.received_at else "",
        "outcomes": [
            {
                "kind": one.kind,
                "reporter": one.reporter,
                "period": one.period.isoformat() if one.period else "",
                "status": one.status.value,
                "submission_id": one.submission_id,
                "rows": one.rows,
                "ignored": one.ignored,
                "quarantined": one.quarantined,
                "replaces": one.replaces,
                "vanishing": one.vanishing,
                "vanishing_keys": list(one.vanishing_keys),
            }
            for one in receipt.outcomes
        ],
        "problems": [problem_told(problem) for problem in receipt.problems[:SHOWN]],
    }
