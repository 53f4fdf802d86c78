"""Data: the calendar of returns, submissions and what was wrong with them, uploading, the dictionary and templates."""

from houfeng_desk.api.data import calendar, submissions, uploads

ROUTERS = (submissions.router, uploads.router, calendar.router)
