"""Models of default: which there are, the card of one, and the score of a firm with its reasons."""

from __future__ import annotations

from typing import Any

from fastapi import Query

from houfeng.credit.models.model import Model
from houfeng.office.access import Permission
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import listed, plain, told
from houfeng_desk.pages.credit.models import way_of
from houfeng_desk.queries.credit.models import model_of, models
from houfeng_desk.queries.credit.scores import score_of
from houfeng_desk.web import DeskDep, ReaderDep, allowed

router = new_router("credit")
SEE = [allowed(Permission.SEE_CREDIT)]


def _told(one: Model) -> dict[str, Any]:
    return {
        **told(one, "name", "version", "label", "made_at", "champion", "digest"),
        "tested": plain(way_of(one.figures)),
    }


@router.get("/credit/models", operation_id="models", dependencies=SEE)
def every(desk: DeskDep) -> dict[str, Any]:
    """The models kept beside the book."""
    return listed([_told(one) for one in models(desk)])


@router.get("/credit/models/{name}/{version}", operation_id="model", dependencies=SEE)
def one(desk: DeskDep, name: str, version: str) -> dict[str, Any]:
    """The card of a model: points by characteristic, what was measured, on what, and how far it reaches."""
    found = model_of(desk, name, version)
    return {
        **_told(found),
        "base": found.card.base,
        "characteristics": plain(found.card.characteristics),
        "about": plain(found.about),
        "figures": plain(found.figures),
    }


@router.get("/credit/firms/{enterprise_id}", operation_id="firm_score", dependencies=SEE)
def score(
    desk: DeskDep, reader: ReaderDep, enterprise_id: str,
    name: str = Query("", max_length=80, description="A model; empty: the newest that scores firms."),
    version: str = Query("", max_length=40),
) -> dict[str, Any]:  # fmt: skip
    """The score of a firm as of the day looked at, its chance of default, and where it lost points; `score` is null
    where no model scores firms."""
    found = score_of(desk, reader, enterprise_id, model_of(desk, name, version) if name else None)
    if found is None:
        return {"enterprise_id": enterprise_id, "model": None, "score": None}
    return {
        "enterprise_id": enterprise_id,
        "as_of": plain(reader.as_of),
        "known_at": plain(reader.known_at),
        "model": _told(found.model),
        **told(found, "score", "pd", "base", "reasons"),
    }
