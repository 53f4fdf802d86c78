"""What must not happen on any page: an error in the console, a request to another host, a refusal of the policy."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request, Response


class Watched:
    """Collects what goes wrong on a page. Answers a test asks for on purpose (a 404) are `expected`."""

    def __init__(self, page: Page, server: str) -> None:
        self.faults: list[str] = []
        self._host = urlsplit(server).netloc
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("request", self._request)
        page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        # a failed page is told by its status below; Chromium says it here a second time
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.faults.append(f"console {message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        if (
            urlsplit(request.url).scheme in ("http", "https", "ws", "wss")
            and urlsplit(request.url).netloc != self._host
        ):
            self.faults.append(f"asked another host: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 500 or (response.status == 404 and response.request.resource_type != "document"):
            self.faults.append(f"{response.status}: {response.url}")
