"""One HTTP exchange with a backend, whatever it carries: who we are is added here, for REST and SOAP alike."""

from collections.abc import Mapping
from urllib.parse import urljoin

from services.gateway.connectors import http_auth, http_wire
from services.gateway.connectors.base import Outcome
from services.gateway.connectors.http_wire import Ambiguous, HttpReply, Patience, Unreached, Unsendable
from services.registry.models import Backend

__all__ = ["Ambiguous", "HttpReply", "Unreached", "Unsendable", "address", "exchange", "unfiled"]

# What a status alone says of a request that no rule of the answer map knows (RFC 9110 section 15, RFC 6585).
# Nothing was filed: it was put off, or thrown away before anybody read it. Any other status leaves a doubt.
UNFILED = {
    429: Outcome.BUSY,
    503: Outcome.BUSY,
    # Our credential is at fault: a way that is shut, of which operations hear, not a department that is busy.
    401: Outcome.UNREACHED,
    403: Outcome.UNREACHED,
    # The same request would be refused again.
    405: Outcome.UNSENDABLE,
    411: Outcome.UNSENDABLE,
    413: Outcome.UNSENDABLE,
    414: Outcome.UNSENDABLE,
    415: Outcome.UNSENDABLE,
    431: Outcome.UNSENDABLE,
}


def unfiled(status: int) -> str | None:
    """The Outcome.kind of a status by which a backend says that it has filed nothing; None when it may have."""
    return UNFILED.get(status)


def address(backend: Backend, path: str) -> str:
    """The path below the backend's own address; raises ValueError if it leads elsewhere."""
    base = backend.address if backend.address.endswith("/") else backend.address + "/"
    whole = urljoin(base, path.lstrip("/"))
    if not whole.startswith(base):
        raise ValueError("the path leads away from the backend")
    return whole


def exchange(
    backend: Backend,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> HttpReply:
    """Send with the backend's credential and read the whole answer. Raises Unreached or Ambiguous, nothing else.

    A token that is refused is fetched anew, once: a 401 says that the request was not applied (RFC 9110 section
    15.5.2). The whole exchange, tokens included, ends at twice backend.timeout_seconds at the latest.
    """
    patience = Patience.of(backend)
    credential = http_auth.credential(backend, patience)
    own = headers or {}
    reply = http_wire.once(backend, patience, method, credential.signed(url), credential.added_to(own), body)
    if reply.status != 401:
        return reply
    other = http_auth.renewed(backend, credential, patience)
    if other is None:
        return reply
    return http_wire.once(backend, patience, method, other.signed(url), other.added_to(own), body)
