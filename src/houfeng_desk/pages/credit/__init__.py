"""Credit: models of default, their cards, and the score of a firm with its reasons."""

from __future__ import annotations

from houfeng_desk.pages.credit import models

ROUTERS = (models.router,)
