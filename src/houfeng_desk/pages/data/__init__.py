"""Pages about what reporters send: the calendar, one submission, uploading, the dictionary."""

from houfeng_desk.app import DeskApp
from houfeng_desk.pages.data import calendar, dictionary, submission, upload, working

ROUTERS = (calendar.router, upload.router, submission.router, dictionary.router)


def start(app: DeskApp) -> None:
    """Register the jobs of large files."""
    working.install()
