"""One HTTP exchange with a backend: bounded in time and size, and honest about what may have arrived."""

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
)

from services.gateway.connectors.base import may_leave
from services.registry.models import Backend

MAX_ANSWER_BYTES = 1024 * 1024


class Unreached(Exception):
    """The request surely did not arrive."""


class Ambiguous(Exception):
    """The request may have arrived; no usable answer came."""


@dataclass(frozen=True)
class HttpReply:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def retry_after_seconds(self) -> float | None:
        """RFC 9110 section 10.2.3, in its delay-seconds form."""
        value = self.headers.get("retry-after", "")
        return float(value) if value.isascii() and value.isdigit() else None


class _Connection(HTTPConnection):
    """Lets nothing leave too late. A request whose body stays behind is none (RFC 9112 section 8)."""

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        if not may_leave():
            raise Unreached("its time to leave was over")
        super().send(data)


class _TlsConnection(_Connection, HTTPSConnection):
    """The same, encrypted."""


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class Pools:
    """A connection pool a backend, no larger than its bulkhead (see docs/decisions on the HTTP client)."""

    def __init__(self) -> None:
        self._pools: dict[tuple[str, int], urllib3.PoolManager] = {}
        self._lock = threading.Lock()

    def of(self, backend: Backend) -> urllib3.PoolManager:
        key = (backend.code, backend.max_concurrency)
        with self._lock:
            if key not in self._pools:
                self._pools[key] = urllib3.PoolManager(num_pools=4, maxsize=backend.max_concurrency, retries=False)
                self._pools[key].pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
            return self._pools[key]


_pools = Pools()


def address(backend: Backend, path: str) -> str:
    """The path below the backend's own address; raises ValueError if it leads elsewhere."""
    base = backend.address if backend.address.endswith("/") else backend.address + "/"
    whole = urljoin(base, path.lstrip("/"))
    if not whole.startswith(base):
        raise ValueError(f"the path {path!r} leads away from the backend")
    return whole


def exchange(
    backend: Backend,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> HttpReply:
    """Send and read the whole answer. Raises Unreached or Ambiguous, nothing else.

    The whole exchange ends at most one read's wait after backend.timeout_seconds: at twice that time.
    """
    deadline = time.monotonic() + backend.timeout_seconds
    timeout = urllib3.Timeout(connect=backend.connect_timeout_seconds, total=backend.timeout_seconds)
    try:
        response = _pools.of(backend).request(
            method, url, headers={**(headers or {}), **_credential(backend)}, body=body, timeout=timeout,
            preload_content=False, redirect=False,
        )  # fmt: skip
    except (ConnectTimeoutError, NameResolutionError, NewConnectionError) as error:
        raise Unreached(type(error).__name__) from error
    except (LocationParseError, LocationValueError) as error:
        raise Unreached("the backend's address is not one") from error
    except HTTPError as error:
        raise Ambiguous(type(error).__name__) from error
    try:
        content = _read(response, deadline)
    except (HTTPError, OSError) as error:
        response.close()
        raise Ambiguous(f"{type(error).__name__} while reading the answer") from error
    response.release_conn()
    return HttpReply(response.status, {key.lower(): value for key, value in response.headers.items()}, content)


def _read(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    parts, size = [], 0
    while part := response.read1(65536):  # one receive at a time, so a drip is noticed
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise urllib3.exceptions.ProtocolError("the answer is larger than 1 MiB")
        if time.monotonic() > deadline:
            raise urllib3.exceptions.ProtocolError("the answer took too long")
        parts.append(part)
    return b"".join(parts)


def _credential(backend: Backend) -> dict[str, str]:
    """The backend's header with the secret from the environment variable that it names."""
    header = backend.settings.get("credential_header", "")
    return {header: os.environ.get(backend.credentials, "")} if header and backend.credentials else {}
