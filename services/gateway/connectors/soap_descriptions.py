"""The WSDLs that a process knows: parsed once, shared by all threads, renewed while the last one still serves.

The documents lie in the cache that all processes share as well, so that a worker that starts while the department
is down can still build its envelopes.
"""

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import structlog
from django.core.cache import cache

from services.gateway.connectors import http
from services.gateway.connectors.soap_wsdl import Description, Loader, fingerprint
from services.registry.models import Backend

logger = structlog.get_logger(__name__)
FRESH_SECONDS = 3600  # unless the backend's wsdl_fresh_seconds says otherwise
KEPT_SECONDS = 30 * 24 * 3600  # in the shared cache, for when the department is down
WAIT_SECONDS = 10  # a call waits for its WSDL less long than its lease exceeds its time-out
PAUSE_SECONDS = 60  # before a WSDL that could not be renewed is asked for again
MOST_KEPT = 500  # descriptions in a process; one is some megabytes at worst


@dataclass(frozen=True)
class _Kept:
    description: Description
    asked_at: float  # seconds since the epoch: when the department was last asked for it
    due_at: float  # when to ask again


class Descriptions:
    """By what `fingerprint` says of a backend."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, _Kept] = {}
        self._coming: dict[str, Future[Description]] = {}

    def of(self, backend: Backend) -> Description:
        """What is known, or else the result of one fetch for all who wait for it. Raises Unreached."""
        key = fingerprint(backend)
        with self._lock:
            kept = self._known.get(key)
            if kept is not None and time.time() < kept.due_at:
                return kept.description
            coming = self._on_its_way(key, backend)
        return kept.description if kept is not None else _awaited(coming)

    def renewed(self, backend: Backend) -> Description:
        """Fetched anew, unless that was tried just now: for when a request does not fit. Raises Unreached."""
        self.of(backend)
        key = fingerprint(backend)
        with self._lock:
            kept = self._known.get(key)
            if kept is not None and time.time() < kept.asked_at + PAUSE_SECONDS:
                return kept.description
            coming = self._on_its_way(key, backend)
        return _awaited(coming)

    def at_hand(self, backend: Backend) -> Description | None:
        """What is known without asking the department."""
        key = fingerprint(backend)
        with self._lock:
            kept = self._known.get(key)
        if kept is None:
            kept = self._stored(key, backend)
        return kept.description if kept is not None else None

    def _on_its_way(self, key: str, backend: Backend) -> "Future[Description]":
        """The fetch that is under way, or a new one. The caller holds the lock."""
        coming = self._coming.get(key)
        if coming is None:
            coming = self._coming[key] = Future()
            threading.Thread(target=self._bring, args=(key, backend, coming), daemon=True).start()
        return coming

    def _bring(self, key: str, backend: Backend, coming: "Future[Description]") -> None:
        kept, failure = None, None
        try:
            kept = self._brought(key, backend)
        except http.Unreached as error:
            failure = error
        except Exception as error:  # whoever waits must hear of it, whatever it is
            logger.exception("soap_wsdl_broke", backend=backend.code)
            failure = http.Unreached(f"the WSDL cannot be read: {type(error).__name__}")
        with self._lock:
            del self._coming[key]
            if kept is not None:
                self._keep(key, kept)
        if kept is not None:
            coming.set_result(kept.description)
        else:
            coming.set_exception(failure)

    def _brought(self, key: str, backend: Backend) -> _Kept:
        kept = self._known.get(key)
        if kept is None and (stored := self._stored(key, backend)) is not None:
            return stored
        loader, now = Loader(backend), time.time()
        try:
            description = Description(backend, loader)
        except http.Unreached as error:
            if kept is None:
                raise
            logger.warning("soap_wsdl_not_renewed", backend=backend.code, reason=str(error))
            return _Kept(kept.description, now, now + PAUSE_SECONDS)
        cache.set(_cache_key(key), {"at": now, "documents": loader.documents}, KEPT_SECONDS)
        return _Kept(description, now, now + _fresh_seconds(backend))

    def _stored(self, key: str, backend: Backend) -> _Kept | None:
        """From the shared cache."""
        stored: dict[str, Any] | None = cache.get(_cache_key(key))
        if stored is None:
            return None
        try:
            description = Description(backend, Loader(backend, stored["documents"]))
        except http.Unreached as error:
            logger.warning("soap_wsdl_kept_in_vain", backend=backend.code, reason=str(error))
            return None
        return _Kept(description, stored["at"], stored["at"] + _fresh_seconds(backend))

    def _keep(self, key: str, kept: _Kept) -> None:
        if key not in self._known and len(self._known) >= MOST_KEPT:
            del self._known[next(iter(self._known))]
        self._known[key] = kept


def _awaited(coming: "Future[Description]") -> Description:
    try:
        return coming.result(WAIT_SECONDS)
    except TimeoutError:
        raise http.Unreached("the WSDL has not come yet") from None


def _fresh_seconds(backend: Backend) -> float:
    return float(backend.settings.get("wsdl_fresh_seconds", FRESH_SECONDS))


def _cache_key(key: str) -> str:
    return f"soap-wsdl:{key}"
