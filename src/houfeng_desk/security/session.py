"""Who is behind a request, and the language and size of type they read."""

from __future__ import annotations

from starlette.requests import Request

from houfeng.office.access import Viewer
from houfeng.office.identity import tokens
from houfeng.office.identity.sessions import Caller, SignedIn, resume
from houfeng_desk.locale import LANGS, preferred
from houfeng_desk.security.forgery import session_cookie
from houfeng_desk.security.headers import COOKIES, cookie

LANG = "houfeng-lang"
TYPE = "houfeng-type"
YEAR = 365 * 24 * 3600


def viewer_of(request: Request) -> Viewer | None:
    """Who asks, or nobody; looked up once per request."""
    if not hasattr(request.state, "viewer"):
        office = request.app.state.desk.office
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":  # a program's; a cookie beside it does not count, see `security.forgery`
            api = request.url.path.startswith("/api/")
            request.state.viewer = tokens.resume(office, token.strip()) if api and len(token) < 200 else None
        else:
            secret = request.cookies.get(session_cookie(request), "")
            request.state.viewer = resume(office, secret) if 0 < len(secret) < 200 else None
    found: Viewer | None = request.state.viewer
    return found


def caller_of(request: Request) -> Caller:
    """Where the request comes from; behind a known proxy the address is the real one."""
    return Caller(request.client.host if request.client else "", request.headers.get("user-agent", "")[:300])


def peer_of(request: Request) -> str:
    """The address of the connection itself, whatever headers say."""
    return str(getattr(request.state, "peer", ""))


def lang_of(request: Request) -> str:
    """The language of the person, else of the browser's cookie, else what the browser prefers, else Chinese."""
    chosen = request.cookies.get(LANG, "")
    if chosen in LANGS:
        return chosen
    viewer = viewer_of(request)
    if viewer is not None and viewer.lang in LANGS:
        return viewer.lang
    return preferred(request.headers.get("accept-language", "")) or "zh"


def large_type(request: Request) -> bool:
    """Whether this browser asked for large type."""
    return request.cookies.get(TYPE) == "large"


def begin(request: Request, signed: SignedIn) -> None:
    """Give the browser its session; the language follows the person."""
    request.state.viewer = signed.viewer
    leave(request, session_cookie(request), signed.token)
    leave(request, LANG, "", seconds=0)


def finish(request: Request) -> None:
    """Take the session away from the browser."""
    request.state.viewer = None
    leave(request, session_cookie(request), "", seconds=0)


def remember(request: Request, name: str, value: str) -> None:
    """Keep a preference in the browser for a year."""
    leave(request, name, value, seconds=YEAR)


def leave(request: Request, name: str, value: str, seconds: int | None = None) -> None:
    """Set a cookie with the answer."""
    secure = request.app.state.desk.settings.secure or request.url.scheme == "https"
    request.scope["state"].setdefault(COOKIES, {})[name] = cookie(name, value, secure=secure, seconds=seconds)
