"""A small OpenID Connect server: real HTTP, real keys, and a switch for every way of lying."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "houfeng", "s:e/c ret"


class OidcServer:
    """Knows one person, `wang`. `lie` changes the claims; `sign` may be replaced."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.shown = [self.key]
        self.lie: dict[str, Any] = {}
        self.forget: set[str] = set()
        self.sign: Callable[[dict[str, Any]], str] = self.sign_rightly
        self.codes: dict[str, dict[str, str]] = {}
        self.issuer = ""
        self.broken = False

    def sign_rightly(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def sign_with_the_public_key_as_secret(self, claims: dict[str, Any]) -> str:
        said = f"{_part({'alg': 'HS256', 'kid': self.key.kid})}.{_part(claims)}"
        mac = hmac.digest(self.key.as_pem(private=False), said.encode(), "sha256")
        return f"{said}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    def sign_not_at_all(self, claims: dict[str, Any]) -> str:
        return f"{_part({'alg': 'none', 'kid': self.key.kid})}.{_part(claims)}."

    def sign_with_another_key(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, RSAKey.generate_key(2048))

    def visit(self, url: str) -> dict[str, str]:
        """What a browser would come back with after the person signed in there."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = f"code{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    def token(self, headers: Any, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(form["code"], None)
        given = base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if asked is None or challenge.decode() != asked["code_challenge"] or given != f"{CLIENT}:s%3Ae%2Fc%20ret":
            return 400, {"error": "invalid_grant"}
        assert form["redirect_uri"] == asked["redirect_uri"]
        half = base64.urlsafe_b64encode(hashlib.sha256(b"access").digest()[:16]).rstrip(b"=").decode()
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "u-17",
            "preferred_username": "wang",
            "name": "王芳",
            "email": "wang@example.org",
            "iat": int(self.now()),
            "exp": int(self.now()) + 300,
            "nonce": asked["nonce"],
            "at_hash": half,
        } | self.lie
        claims = {name: value for name, value in claims.items() if name not in self.forget}
        return 200, {"access_token": "access", "token_type": "Bearer", "id_token": self.sign(claims)}


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@contextmanager
def serving(now: Callable[[], float]) -> Iterator[OidcServer]:
    """The server on a port of this machine."""
    server = OidcServer(now)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self, status: int, body: dict[str, Any]) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b"<html>" if server.broken else json.dumps(body).encode())

        def do_GET(self) -> None:
            if self.path == "/keys":
                self._answer(200, {"keys": [key.as_dict(private=False) for key in server.shown]})
            elif self.path == "/.well-known/openid-configuration":
                about = {name: f"{server.issuer}/{name}" for name in ("authorization_endpoint", "token_endpoint")}
                self._answer(200, about | {"issuer": server.issuer, "jwks_uri": f"{server.issuer}/keys"})
            else:
                self._answer(404, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(*server.token(self.headers, {name: v[0] for name, v in parse_qs(body).items()}))

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.issuer = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
