"""One request and its answer on the wire: bounded in time and size, TLS always verified, honest about doubt."""

import json
import os
import re
import ssl
import threading
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, ClassVar

import urllib3
from django.utils import timezone
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, LocationParseError, LocationValueError, SSLError
from urllib3.util.wait import wait_for_read

from services.gateway.connectors.base import Outcome, may_leave
from services.registry.models import Backend

MAX_ANSWER_BYTES = 1024 * 1024
HEARING_SECONDS = 0.5  # for a new connection that shows a certificate
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2
FIELD_VALUE = re.compile(r"[\x20-\x7e\t]*")  # RFC 9110 section 5.5, without obs-text
# Alerts by which a peer ends a handshake that it does not agree to. In TLS 1.3 the one about our certificate comes
# when our request is on its way already; the peer has thrown it away unread (RFC 8446 section 4.4.2.4).
REFUSALS = re.compile(
    r"ALERT_(CERTIFICATE|BAD_CERTIFICATE|UNSUPPORTED_CERT|UNKNOWN_CA|HANDSHAKE_FAILURE|ACCESS_DENIED)"
)


class Unreached(Exception):
    """The request surely did not arrive, or was thrown away unread. `kind` is the Outcome.kind that this makes."""

    kind: ClassVar[str] = Outcome.UNREACHED


class Unsendable(Unreached):
    """No request can leave until somebody sets something right; the message says what, never a secret."""

    kind: ClassVar[str] = Outcome.UNSENDABLE


class Ambiguous(Exception):
    """The request may have arrived; no usable answer came."""


class _NotConnected(HTTPError):
    """Raised before a byte of the request has left, so urllib3's many reasons need not be told apart."""


@dataclass(frozen=True)
class HttpReply:
    """A whole answer. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def retry_after_seconds(self) -> float | None:
        """RFC 9110 section 10.2.3, delay-seconds or HTTP-date."""
        value = self.headers.get("retry-after", "")
        if value.isascii() and value.isdigit():
            return float(value[:9])
        try:
            until = parsedate_to_datetime(value)
            return max((until - timezone.now()).total_seconds(), 0) or None
        except (ValueError, TypeError):  # no date, or one without a zone
            return None


@dataclass(frozen=True)
class Patience:
    """How long one exchange may take; a token that has to be fetched first takes its share of it."""

    ends_at: float  # of time.monotonic()

    @classmethod
    def of(cls, backend: Backend) -> "Patience":
        """All of it, beginning now."""
        return cls(time.monotonic() + backend.timeout_seconds)

    @property
    def left_seconds(self) -> float:
        return self.ends_at - time.monotonic()


_send_seconds: ContextVar[float] = ContextVar("send_seconds")  # of the request that this thread is sending


class _Connection(HTTPConnection):
    """Tells a connection that failed from a request that failed, and does not send for ever."""

    def connect(self) -> None:
        try:
            super().connect()
        except (HTTPError, OSError) as error:
            raise _NotConnected(_why(error)) from error
        if self.sock is not None:
            self.sock.settimeout(_send_seconds.get())

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:  # else connect() is still to come, with its own time-out
            self.timeout = _send_seconds.get()
        super().request(*args, **kwargs)

    def send(self, data: Any) -> None:
        """Let nothing leave too late. A request whose body stays behind is none (RFC 9112 section 8)."""
        if self.sock is None:
            self.connect()
        if not may_leave():
            raise Unreached("its time to leave was over")
        super().send(data)


class _TlsConnection(_Connection, HTTPSConnection):
    """The same, encrypted."""

    def connect(self) -> None:
        super().connect()
        if self.ssl_context is not _plain_tls():
            self._hear_whether_we_are_welcome()

    def _hear_whether_we_are_welcome(self) -> None:
        """Listen before speaking, so that a certificate that is refused is never a doubt about a request.

        In TLS 1.3 our side of the handshake ends before the peer has looked at our certificate. A peer that is
        content mostly sends a session ticket at once (RFC 8446 section 4.6.1), any other an alert, or it hangs up.
        """
        sock, timeout = self.sock, self.sock.gettimeout() if self.sock else None
        if not isinstance(sock, ssl.SSLSocket) or sock.version() != "TLSv1.3":
            return
        if not wait_for_read(sock, min(HEARING_SECONDS, timeout or HEARING_SECONDS)):
            return
        sock.setblocking(False)
        try:
            said = sock.recv(1)
        except ssl.SSLWantReadError:  # a ticket, and nothing else
            sock.settimeout(timeout)
        except OSError as error:
            raise _NotConnected(_refusal(error)) from error
        else:
            raise _NotConnected("it spoke before it was asked" if said else "it hung up after our certificate")


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def _why(error: BaseException) -> str:
    cause = error.args[0] if isinstance(error, SSLError) and error.args else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate was refused: {cause.verify_message}"[:200]
    if isinstance(cause, ssl.SSLError):
        return f"TLS: {cause.reason or type(cause).__name__}"
    return type(error).__name__


class Pools:
    """The connections of each backend, no more kept than its bulkhead is wide (see docs/decisions on the HTTP client).

    They are made anew when the backend's address, credential or TLS files change: no connection that was opened
    with one certificate is used for another.
    """

    def __init__(self) -> None:
        self._pools: dict[str, tuple[Any, urllib3.PoolManager]] = {}
        self._lock = threading.Lock()

    def of(self, backend: Backend) -> urllib3.PoolManager:
        """Raises Unsendable for TLS files that cannot be used."""
        files = {part: _pem(name) for part, name in backend.settings.get("tls", {}).items()}
        auth = json.dumps([backend.settings.get(name) for name in ("auth", "credential_header")], sort_keys=True)
        made_of = (backend.address, backend.credentials, auth, backend.max_concurrency, files)
        with self._lock:
            known, manager = self._pools.get(backend.code, (None, None))
            if manager is None or known != made_of:
                manager = self._make(backend, files)
                self._pools[backend.code] = (made_of, manager)  # what is on its way in the old one goes on there
        return manager

    @staticmethod
    def _make(backend: Backend, files: "Mapping[str, _Pem]") -> urllib3.PoolManager:
        manager = urllib3.PoolManager(
            num_pools=4, maxsize=backend.max_concurrency, retries=False, ssl_context=_tls_context(files)
        )
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
        return manager


@dataclass(frozen=True)
class _Pem:
    """A file as it was when it was looked at, so that a renewed certificate is noticed."""

    variable: str
    path: str
    changed_at: int


def _pem(variable: str) -> _Pem:
    path = os.environ.get(variable, "")
    if not path:
        raise Unsendable(f"the environment variable {variable} is not set")
    try:
        return _Pem(variable, path, os.stat(path).st_mtime_ns)
    except OSError as error:
        raise Unsendable(f"the file that {variable} names cannot be read") from error


def _tls_context(files: Mapping[str, _Pem]) -> ssl.SSLContext:
    """Verifies chain and host name, always: against the system's authorities, or only the backend's own."""
    if not files:
        return _plain_tls()
    loading = ""
    try:
        if authority := files.get("ca"):
            loading = authority.variable
            context = ssl.create_default_context(cafile=authority.path)
        else:
            context = ssl.create_default_context()
        if certificate := files.get("client_certificate"):
            loading = certificate.variable
            context.load_cert_chain(certificate.path, password=b"")  # given, so that nobody is asked for one
    except (OSError, ValueError) as error:  # OpenSSL's errors are OSErrors too
        raise Unsendable(f"the file that {loading} names is no usable PEM file") from error
    return context


@cache
def _plain_tls() -> ssl.SSLContext:
    """One for all backends without TLS files of their own: reading the system's authorities takes its time."""
    return ssl.create_default_context()


_pools = Pools()


def once(
    backend: Backend, patience: Patience, method: str, url: str, headers: Mapping[str, str], body: bytes | None
) -> HttpReply:
    """Send as it is and read the whole answer; redirects are answers. Raises Unreached or Ambiguous, nothing else.

    It ends at most one read's wait after patience has: at twice backend.timeout_seconds.
    """
    for name, value in headers.items():
        if not TOKEN.fullmatch(name) or not FIELD_VALUE.fullmatch(value):
            raise Unsendable(f"the header {name!r} would hold letters that no header may hold")
    left = patience.left_seconds
    if left <= 0:
        raise Unreached("no time was left to send it")
    timeout = urllib3.Timeout(
        connect=min(backend.connect_timeout_seconds, left), read=backend.read_timeout_seconds, total=left
    )
    _send_seconds.set(min(backend.read_timeout_seconds, left))
    try:
        response = _pools.of(backend).urlopen(
            method, url, headers=dict(headers), body=body, timeout=timeout, preload_content=False, redirect=False
        )
    except _NotConnected as error:
        raise Unreached(str(error)) from error
    except (LocationParseError, LocationValueError) as error:
        raise Unreached("the backend's address is not one") from error
    except HTTPError as error:
        raise _doubt(error) from error
    try:
        content = _read(response, patience)
    except (HTTPError, OSError) as error:
        response.close()
        raise Ambiguous(f"{type(error).__name__} while reading the answer") from error
    response.release_conn()
    return HttpReply(response.status, {key.lower(): value for key, value in response.headers.items()}, content)


def _doubt(error: HTTPError) -> Exception:
    cause = error.args[0] if isinstance(error, SSLError) and error.args else None
    if isinstance(cause, ssl.SSLError) and REFUSALS.search(cause.reason or ""):
        return Unreached(_refusal(cause))
    return Ambiguous(type(error).__name__)


def _refusal(error: OSError) -> str:
    reason = error.reason if isinstance(error, ssl.SSLError) else ""
    return f"it refused our certificate: {reason or type(error).__name__}"


def _read(response: urllib3.BaseHTTPResponse, patience: Patience) -> bytes:
    parts, size = [], 0
    while part := response.read1(65536):  # one receive at a time, so a drip is noticed
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise urllib3.exceptions.ProtocolError("the answer is larger than 1 MiB")
        if patience.left_seconds < 0:
            raise urllib3.exceptions.ProtocolError("the answer took too long")
        parts.append(part)
    return b"".join(parts)
