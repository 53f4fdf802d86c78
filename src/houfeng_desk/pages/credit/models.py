"""Models: which there are, the card of one, and the score of a firm with its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.credit.models.model import BOOSTED, CARD, NAMES, WAYS, Model
from houfeng.credit.studies.load import POLICY
from houfeng.errors import Text
from houfeng.office.access import Permission
from houfeng.packs.loading.load import load_pack
from houfeng_desk.charts import credit as charts
from houfeng_desk.desk import Desk
from houfeng_desk.locale import speak, spoken
from houfeng_desk.queries.credit.models import folder_of, model_of, models
from houfeng_desk.queries.credit.scores import score_of
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ReaderDep, allowed, page

router = APIRouter()


@router.get("/credit", name="credit", dependencies=[allowed(Permission.SEE_CREDIT)])
def credit(request: Request, desk: DeskDep) -> Response:
    """Every model kept beside the book."""
    rows = [_row(one) for one in models(desk)]
    return page(request, "credit/models.html", rows=rows, names=NAMES, folder=folder_of(desk).name)


@router.get("/credit/firms/{enterprise_id}", name="credit_firm", dependencies=[allowed(Permission.SEE_CREDIT)])
def firm(request: Request, desk: DeskDep, reader: ReaderDep, enterprise_id: str) -> Response:
    """The score of one firm, and where it lost points."""
    found = score_of(desk, reader, enterprise_id)
    row = reader.one("SELECT name FROM enterprise WHERE enterprise_id = ?", [enterprise_id])
    name = (row or {}).get("name") or enterprise_id
    return page(request, "credit/firm.html", found=found, name=name, enterprise_id=enterprise_id)


@router.get("/credit/models/{name}/{version}", name="credit_model", dependencies=[allowed(Permission.SEE_CREDIT)])
def model(request: Request, desk: DeskDep, name: str, version: str) -> Response:
    """The card of one model."""
    speak(lang_of(request))
    found = model_of(desk, name, version)
    return page(request, "credit/model.html", **_shown(desk, found))


def _shown(desk: Desk, found: Model) -> dict[str, Any]:
    lang, figures = spoken(), found.figures
    both = {who: figures["models"][who] for who in (CARD, BOOSTED) if who in figures["models"]}
    months = figures["stability"]["months"]
    policy = load_pack(POLICY)
    watch, act = (float(policy.parameters[key].values[-1].value) for key in ("psi_watch", "psi_act"))
    return {
        "model": found,
        "figures": figures,
        "names": NAMES,
        "ways": WAYS,
        "texts": {key: Text(**found.about[key]) for key in ("description", "limits", "fairness")},
        "way": way_of(figures),
        "distribution_chart": charts.distribution(figures["distribution"], lang),
        "calibration_chart": charts.calibration(both, NAMES, lang),
        "months_chart": charts.months(months, watch, act, lang) if months else None,
        "both": both,
        "measured": [(who, figures["models"][who]) for who in NAMES if who in figures["models"]],
        "labels": {one.name: one.label for one in found.card.characteristics},
        "plain": Text("", ""),
        "bounds": (watch, act),
        "others": [one for one in models(desk) if one.name == found.name and one.version != found.version],
    }


def way_of(figures: Mapping[str, Any]) -> Text:
    """How rows unseen were come by."""
    way = figures["way"]
    if way["by"] == "time":
        return Text(f"时间外检验，{way['from']} 起的 {figures['rows']['test']:,} 行",
                    f"out of time, {figures['rows']['test']:,} rows from {way['from']} on")  # fmt: skip
    return Text(
        f"{way['folds']} 折交叉 × {way['repeats']}，每折从分箱重学，{figures['rows']['test']:,} 行",
        f"{way['folds']} folds × {way['repeats']}, all learnt again in each, {figures['rows']['test']:,} rows",
    )


def _row(one: Model) -> dict[str, Any]:
    figures = one.figures["models"]
    best = figures[one.champion]
    other = CARD if one.champion == BOOSTED else BOOSTED
    return {
        "model": one,
        "auc": best["auc"],
        "ks": best["ks"],
        "slope": best["calibration"]["slope"],
        "other": figures.get(other),
        "psi": one.figures["stability"]["score_psi"],
        "way": way_of(one.figures),
    }
