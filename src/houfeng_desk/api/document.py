"""The document of the API (OpenAPI), the same for every desk: it is committed, and a test compares."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response

from houfeng_desk.api import ROUTERS
from houfeng_desk.web import public

router = APIRouter()


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The OpenAPI document."""
    made = get_openapi(
        title="Houfeng 候风",
        version=version("houfeng"),
        description="What the desk's pages show and do, for programs. Amounts are decimals in text, in yuan; moments "
        "have their zone; texts have both languages. Sign in with a token: `Authorization: Bearer hf_…`.",
        routes=[route for one in ROUTERS for route in one.routes],
    )
    made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    made["security"] = [{"token": []}]
    return made


def written() -> str:
    """The document as it is committed."""
    return json.dumps(document(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


@router.get("/api/v1/openapi.json", name="openapi", dependencies=[public()])
def openapi() -> Response:
    """The document. It says nothing that the documentation does not."""
    return Response(written(), media_type="application/json")


ALL = (*ROUTERS, router)
"""Every router of the API."""
