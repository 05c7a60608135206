"""From which network a request comes, as a digest that names no address."""

import hashlib
import hmac
import ipaddress

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import HttpRequest

HOUSEHOLD = 64  # bits of an IPv6 address that one household shares


def digest(*parts: str) -> str:
    """64 hexadecimal digits that stand for these words; keyed, so that none can be tried."""
    text = "\0".join(parts)
    return hmac.new(settings.SECRET_KEY.encode(), b"accounts:" + text.encode(), hashlib.sha256).hexdigest()


def of(request: HttpRequest) -> str:
    """The network's digest: an IPv4 address, or the first 64 bits of an IPv6 one.

    Behind proxies the address is only right with TRUSTED_PROXY_COUNT set: see docs/settings.md.
    """
    address = get_adapter(request).get_client_ip(request)
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return digest("network", address)
    if parsed.version == 6:
        address = str(ipaddress.ip_network((parsed, HOUSEHOLD), strict=False).network_address)
    return digest("network", address)
