"""How a program speaks to the desk."""

from __future__ import annotations

from typing import Any

from desk.desk_samples import DeskClient


class Program:
    """Somebody's session, used as a program would."""

    def __init__(self, browser: DeskClient) -> None:
        self.browser, self.token = browser, browser.token()

    def get(self, path: str, **asked: Any) -> Any:
        return self.browser.get(f"/api/v1{path}", params=asked)

    def send(self, method: str, path: str, **body: Any) -> Any:
        return self.browser.request(method, f"/api/v1{path}", json=body, headers={"x-csrf-token": self.token})
