"""Signing in at an OpenID Connect server: authorisation code with PKCE, state bound to the browser, signed token.

The rules of the protocol are Authlib's and joserfc's (Authlib's own HTTP client is not used: it wants another library);
what is kept between going out and coming back stands in a table for ten minutes, used once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri  # type: ignore[import-untyped]
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from sqlalchemy import delete

from houfeng.clock import ZONE
from houfeng.errors import AccessError, EnvironmentFault, Text
from houfeng.office.database import Office, changed
from houfeng.office.identity.external import Proved, enter
from houfeng.office.identity.sessions import Caller, SignedIn, secret_hash
from houfeng.office.tables import SignInFlow

ALGORITHMS = [
    "RS256",
    "PS256",
    "ES256",
    "ES384",
    "Ed25519",
    "EdDSA",
]  # signatures only: never none, never a shared secret
AWAY = timedelta(minutes=10)
LEEWAY = 60  # seconds that clocks may differ
FRESH = timedelta(hours=1)  # how long what the server says of itself is believed


class Going(NamedTuple):
    """Where to send the browser, and what to keep in its cookie until it is back."""

    url: str
    state: str


class Back(NamedTuple):
    """Signed in, and where the person wanted to go."""

    signed: SignedIn
    target: str


@dataclass
class Oidc:
    """One server. `subject` is the claim accounts are kept under: it must never change there."""

    name: str
    label: Text
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = "openid profile email"
    subject: str = "sub"
    login: str = "preferred_username"
    admit: bool = False
    timeout: float = 10.0
    _about: dict[str, Any] = field(default_factory=dict)
    _about_at: datetime | None = None

    def leave(self, office: Office, redirect_uri: str, target: str) -> Going:
        """Begin a sign-in; `target` is a path of the desk to go to afterwards."""
        about = self._metadata(office.clock())
        state, nonce, verifier = office.secret(), office.secret(), office.secret() + office.secret()
        url = prepare_grant_uri(
            about["authorization_endpoint"],
            self.client_id,
            "code",
            redirect_uri=redirect_uri,
            scope=self.scope,
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        now = office.clock()
        with office.begin() as session:
            changed(session, delete(SignInFlow).where(SignInFlow.expires_at <= now))
            flow = SignInFlow(
                state_hash=secret_hash(state),
                provider=self.name,
                nonce=nonce,
                verifier=verifier,
                data={"redirect_uri": redirect_uri},
                target=target,
                created_at=now,
                expires_at=now + AWAY,
            )
            session.add(flow)
        return Going(url, state)

    def come_back(self, office: Office, query: Mapping[str, str], cookie: str, caller: Caller) -> Back:
        """Finish a sign-in: `query` is what the server sent the browser back with, `cookie` the state of `leave`.

        Raises:
            AccessError: refused there, not begun in this browser, too late, used before, or the token is not in order.
            EnvironmentFault: the server cannot be asked.
        """
        flow = self._flow(office, query.get("state", ""), cookie)
        if query.get("iss", self.issuer) != self.issuer or "code" not in query:
            raise _refused(query.get("error", "no code"))
        token = self._exchange(query["code"], flow, office.clock())
        claims = self._claims(token, flow.nonce, office.clock())
        if not claims.get(self.subject):
            raise _refused(f"no claim {self.subject}")
        proved = Proved(
            self.name,
            str(claims[self.subject]),
            str(claims.get(self.login) or claims.get("email") or claims[self.subject]),
            str(claims.get("name") or ""),
            str(claims.get("email") or ""),
        )
        return Back(enter(office, proved, caller, via="oidc", admit=self.admit), flow.target)

    def _flow(self, office: Office, state: str, cookie: str) -> SignInFlow:
        """What was kept when the browser left; taken away, so that it serves once."""
        if not state or state != cookie:
            raise _refused("state")
        with office.begin() as session:
            flow = session.get(SignInFlow, secret_hash(state))
            if flow is not None:
                session.delete(flow)
        if flow is None or flow.provider != self.name or flow.expires_at <= office.clock():
            raise _refused("state")
        return flow

    def _exchange(self, code: str, flow: SignInFlow, now: datetime) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": flow.data["redirect_uri"],
            "code_verifier": flow.verifier,
        }
        identity = (quote(self.client_id, safe=""), quote(self.client_secret, safe=""))  # RFC 6749, 2.3.1
        url = self._metadata(now)["token_endpoint"]
        try:
            answer = httpx.post(url, data=form, auth=identity, timeout=self.timeout, trust_env=False)
            token = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise _silent(self.name) from error
        if not isinstance(token, Mapping):
            raise _silent(self.name)
        if answer.is_error or "error" in token:
            raise _refused(str(token.get("error", answer.status_code)))
        return token

    def _claims(self, token: Mapping[str, Any], nonce: str, now: datetime) -> Mapping[str, Any]:
        """What the signed token says, once its signature, issuer, audience, times and nonce are in order."""
        given = str(token.get("id_token", ""))
        options = {
            "iss": {"essential": True, "values": [self.issuer]},
            "aud": {"essential": True, "value": self.client_id},
        }
        params = {"nonce": nonce, "client_id": self.client_id, "access_token": token.get("access_token")}
        try:
            try:
                read = jwt.decode(given, self._keys(now), algorithms=ALGORITHMS)
            except InvalidKeyIdError:  # the server has new keys
                self._about_at = None
                read = jwt.decode(given, self._keys(now), algorithms=ALGORITHMS)
            claims = CodeIDToken(read.claims, read.header, options, params)
            claims.validate(now=int(now.replace(tzinfo=ZONE).timestamp()), leeway=LEEWAY)
        except (JoseError, ValueError) as error:
            raise _refused(f"id_token: {error}") from error
        return dict(claims)

    def _keys(self, now: datetime) -> KeySet:
        return KeySet.import_key_set(self._metadata(now)["jwks"])

    def _metadata(self, now: datetime) -> dict[str, Any]:
        """What the server says of itself, asked at most once an hour."""
        if self._about_at is None or now - self._about_at >= FRESH:
            about = self._get(self.issuer.rstrip("/") + "/.well-known/openid-configuration")
            if about.get("issuer") != self.issuer:
                raise _silent(self.name)
            self._about, self._about_at = about | {"jwks": self._get(str(about.get("jwks_uri")))}, now
        return self._about

    def _get(self, url: str) -> dict[str, Any]:
        try:
            answer = httpx.get(url, timeout=self.timeout, trust_env=False).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise _silent(self.name) from error
        if not isinstance(answer, dict):
            raise _silent(self.name)
        return answer


def _refused(why: str) -> AccessError:
    return AccessError(
        Text(
            f"统一登录没有成功，请重新登录（{why[:200]}）", f"single sign-on failed, please sign in again ({why[:200]})"
        )
    )


def _silent(name: str) -> EnvironmentFault:
    return EnvironmentFault(
        Text(
            f"统一登录服务 {name} 无法访问或应答有误", f"the sign-on server {name} cannot be reached or answers wrongly"
        )
    )
