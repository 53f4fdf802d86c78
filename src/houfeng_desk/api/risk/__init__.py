"""Alerts and the market at a glance."""

from houfeng_desk.api.risk import alerts, overview, why

ROUTERS = (overview.router, why.router, alerts.router)
