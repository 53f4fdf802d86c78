"""Which ways of signing in there are besides passwords, read from one file (HOUFENG_SIGN_IN).

password: true                      # local accounts stay possible; default true
oidc:
  - name: portal
    label: {zh: 省联社统一登录, en: Portal}
    issuer: https://sso.example/realms/main
    client_id: houfeng
    client_secret: file:/etc/houfeng/oidc.secret
    subject: sub                    # the claim accounts are kept under
    admit: false                    # true: who has no account gets one without roles
gateway:
  peers: [10.0.0.5/32]
  header: X-Houfeng-User
  secret: env:HOUFENG_GATEWAY_SECRET
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from houfeng.book.model import text_of
from houfeng.errors import InputError, Text, did_you_mean
from houfeng.office.identity.gateway import Gateway
from houfeng.office.identity.oidc import Oidc
from houfeng.office.references import resolve


@dataclass(frozen=True)
class Providers:
    """The ways to sign in."""

    password: bool = True
    oidc: tuple[Oidc, ...] = ()
    gateway: Gateway | None = None


def read_providers(path: Path | None) -> Providers:
    """Read the file; without one there are passwords only.

    Raises:
        InputError: the file is missing or says something that cannot be.
        EnvironmentFault: a secret it names is not there.
    """
    if path is None:
        return Providers()
    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _wrong(path, str(error)) from error
    if not isinstance(raw, Mapping):
        raise _wrong(path, "not a mapping")
    try:
        _known(raw, ("password", "oidc", "gateway"))
        found = Providers(
            password=bool(raw.get("password", True)),
            oidc=tuple(_oidc(one) for one in raw.get("oidc") or ()),
            gateway=_gateway(raw["gateway"]) if raw.get("gateway") else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _wrong(path, str(error)) from error
    if not found.password and not found.oidc and found.gateway is None:
        raise _wrong(path, "nobody could sign in")
    return found


def _oidc(raw: Mapping[str, Any]) -> Oidc:
    known = [field.name for field in fields(Oidc) if not field.name.startswith("_")]
    _known(raw, known)
    given = dict(raw) | {"label": text_of(raw.get("label", raw["name"]))}
    given["client_secret"] = resolve(str(raw["client_secret"]))
    return Oidc(**given)


def _gateway(raw: Mapping[str, Any]) -> Gateway:
    _known(raw, [field.name for field in fields(Gateway) if field.name != "name"])
    given = dict(raw) | {"peers": tuple(ipaddress.ip_network(peer) for peer in raw["peers"])}
    if any(network.prefixlen == 0 for network in given["peers"]) or not given["peers"]:
        raise ValueError("peers: the gateway's own addresses, not everybody")
    if "secret" in raw:
        given["secret"] = resolve(str(raw["secret"]))
    if "label" in raw:
        given["label"] = text_of(raw["label"])
    return Gateway(**given)


def _known(raw: Mapping[str, Any], names: tuple[str, ...] | list[str]) -> None:
    for name in raw:
        if name not in names:
            raise ValueError(f"{name}: unknown. {did_you_mean(str(name), names).en}")


def _wrong(path: Path, why: str) -> InputError:
    return InputError(Text(f"登录配置 {path} 有误：{why}", f"the sign-in settings {path} are wrong: {why}"))
