"""The one door to addresses that departments gave us: none of them may lead into our own network.

The name is resolved once, every address of it is judged, and the connection goes to the address that was judged: a
name that answers differently the second time (DNS rebinding) gains nothing. Redirects are not followed, time and size
are bounded. RFC 9700 section 4.9 and OpenID Connect Back-Channel Logout 1.0 section 2.5 leave this to the provider.
"""

import ipaddress
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import urllib3
from django.conf import settings
from urllib3.util import Timeout

SECONDS = 5.0  # to connect, and again of each silence while the answer comes
LONGEST_ANSWER = 256 * 1024  # bytes that are read at all
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


class Unreachable(Exception):
    """The address could not be spoken to, or must not be. `reason` is a short word for the log."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class Reply:
    """What came back: its status and at most LONGEST_ANSWER bytes."""

    status: int
    body: bytes


def is_speakable(url: str) -> bool:
    """Whether an address may be registered: https, or http to loopback where that is allowed. Asks no name server."""
    try:
        _parts(url)
    except Unreachable:
        return False
    return True


def get(url: str, *, accept: str = "application/json") -> Reply:
    """Fetch it; raises Unreachable."""
    return _exchange("GET", url, None, {"Accept": accept})


def post(url: str, body: bytes, *, content_type: str) -> Reply:
    """Send it; raises Unreachable."""
    return _exchange("POST", url, body, {"Content-Type": content_type})


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise Unreachable("address") from error
    is_loopback = parts.hostname in LOOPBACK_NAMES and settings.PROVIDER_ALLOWS_LOOPBACK
    if not parts.hostname or parts.username or parts.password or parts.fragment:
        raise Unreachable("address")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback):
        raise Unreachable("scheme")
    return parts


def _judged_address(host: str, port: int) -> str:
    """An address of that host. One that leads inside spoils all the others: nobody honest mixes them."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable("name") from error
    addresses = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    if not addresses or not all(_is_outside(each) for each in addresses):
        raise Unreachable("inner_address")
    return str(addresses[0])


def _is_outside(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address.is_loopback:
        return bool(settings.PROVIDER_ALLOWS_LOOPBACK)
    return address.is_global and not address.is_multicast


def _exchange(method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Reply:
    parts = _parts(url)
    host = str(parts.hostname)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with _pool(parts.scheme, host, port) as pool:
        try:
            answer = pool.urlopen(
                method, target, body=body, headers={**headers, "Host": parts.netloc, "User-Agent": "Ferry"},
                redirect=False, retries=False, preload_content=False, decode_content=True,
            )  # fmt: skip
            try:
                return Reply(answer.status, answer.read(LONGEST_ANSWER))
            finally:
                answer.close()
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(type(error).__name__) from error


def _pool(scheme: str, host: str, port: int) -> Any:
    """Connects to the judged address; the certificate is checked against the name all the same."""
    address = _judged_address(host, port)
    timeout = Timeout(connect=SECONDS, read=SECONDS)
    if scheme == "https":
        return urllib3.HTTPSConnectionPool(
            address, port, timeout=timeout, server_hostname=host, assert_hostname=host, maxsize=1
        )
    return urllib3.HTTPConnectionPool(address, port, timeout=timeout, maxsize=1)
