"""A gateway before the desk that proves who somebody is (USB key, CAS portal) and says so in a header.

Whoever can reach the desk from one of the gateway's addresses can be anybody: the addresses must be the gateway's
alone, the gateway must remove such headers from what people send, and a shared secret should stand in a second header.
The address asked is that of the connection itself, never one that a header tells.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from houfeng.errors import AccessError, Text
from houfeng.office.database import Office
from houfeng.office.identity.external import Proved, enter
from houfeng.office.identity.sessions import Caller, SignedIn

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Gateway:
    """How the gateway speaks. `secret` is the value of `secret_header`; without one the addresses are all there is."""

    peers: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    header: str = "X-Houfeng-User"
    name_header: str = "X-Houfeng-Name"
    secret_header: str = "X-Houfeng-Gateway"  # noqa: S105  (the header's name)
    secret: str = field(default="", repr=False)
    admit: bool = False
    label: Text = Text("统一身份认证", "Single sign-on")
    name: str = "gateway"

    def proved(self, peer: str, headers: Headers) -> Proved | None:
        """Who the gateway says is there; None where it says nobody.

        Raises:
            AccessError: the header came from elsewhere, without the secret, or twice.
        """
        said = _values(headers, self.header)
        if not said or said == [""]:
            return None
        secrets = _values(headers, self.secret_header)
        trusted = self._from_gateway(peer) and (
            not self.secret or (len(secrets) == 1 and hmac.compare_digest(secrets[0].encode(), self.secret.encode()))
        )
        if not trusted or len(said) != 1:
            raise AccessError(
                Text("身份标头不是来自受信任的网关", "the identity header does not come from the trusted gateway")
            )
        names = _values(headers, self.name_header)
        subject = said[0].strip()
        return Proved(self.name, subject, subject.lower(), unquote(names[0]) if len(names) == 1 else "")

    def sign_in(self, office: Office, peer: str, headers: Headers, caller: Caller) -> SignedIn | None:
        """Open a session for who the gateway says is there; None where it says nobody."""
        proved = self.proved(peer, headers)
        return None if proved is None else enter(office, proved, caller, via=self.name, admit=self.admit)

    def _from_gateway(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in self.peers)


def _values(headers: Headers, wanted: str) -> list[str]:
    return [value for name, value in headers if name.lower() == wanted.lower()]
