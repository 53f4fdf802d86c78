"""Files as answers: what the document of the API says of them, and how they are handed out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF, ZIP, CSV = "application/pdf", "application/zip", "text/csv"
ANY = "application/octet-stream"


def gives(*types: str) -> dict[str, Any]:
    """For a route that answers with a file of one of these types: `@router.get(…, **gives(ZIP))`."""
    content = {one: {"schema": {"type": "string", "format": "binary"}} for one in types}
    return {"response_class": Response, "responses": {200: {"description": "The file.", "content": content}}}


def takes(fields: Mapping[str, str], *needed: str, many: bool = False) -> dict[str, Any]:
    """What the document says of a route that takes a form with a file: `file`, or several as `files`."""
    one = {"type": "string", "format": "binary"}
    name = "files" if many else "file"
    properties: dict[str, Any] = {name: {"type": "array", "items": one} if many else one}
    properties |= {key: {"type": "string", "description": about} for key, about in fields.items()}
    shape = {"type": "object", "required": [name, *needed], "properties": properties}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": shape}}}}
