"""The WSDLs that a process knows: parsed once, shared by all threads, renewed while the last one still serves.

The documents lie in the cache that all processes share as well, so that a worker that starts while the department
is down can still build its envelopes.
"""

import logging
import threading
import time
from concurrent.futures import Future
from typing import Any

from django.core.cache import cache

from services.gateway.connectors import http
from services.gateway.connectors.soap_wsdl import Description, Loader, fingerprint
from services.registry.models import Backend

logger = logging.getLogger(__name__)
FRESH_SECONDS = 3600  # unless the backend's wsdl_fresh_seconds says otherwise
KEPT_SECONDS = 30 * 24 * 3600  # in the shared cache, for when the department is down
WAIT_SECONDS = 10  # a call waits for its WSDL less long than its lease exceeds its time-out
PAUSE_SECONDS = 60  # before a WSDL that could not be renewed is asked for again
MOST_KEPT = 500  # descriptions in a process; one is some megabytes at worst


class Descriptions:
    """By what `fingerprint` says of a backend."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Description] = {}
        self._due: dict[str, float] = {}  # seconds since the epoch: when to renew it
        self._coming: dict[str, Future[Description]] = {}

    def of(self, backend: Backend) -> Description:
        """What is known, or else the result of one fetch for all who wait for it. Raises Unreached."""
        key = fingerprint(backend)
        with self._lock:
            known = self._known.get(key)
            if known is not None and time.time() < self._due[key]:
                return known
            coming = self._coming.get(key)
            if coming is None:
                coming = self._coming[key] = Future()
                threading.Thread(target=self._bring, args=(key, backend, coming), daemon=True).start()
        if known is not None:
            return known
        try:
            return coming.result(WAIT_SECONDS)
        except TimeoutError:
            raise http.Unreached("the WSDL has not come yet") from None

    def at_hand(self, backend: Backend) -> Description | None:
        """What is known without asking the department."""
        key = fingerprint(backend)
        with self._lock:
            known = self._known.get(key)
        if known is None and (stored := self._stored(key, backend)) is not None:
            known = self._keep(key, *stored)
        return known

    def _bring(self, key: str, backend: Backend, coming: "Future[Description]") -> None:
        try:
            coming.set_result(self._brought(key, backend))
        except http.Unreached as error:
            coming.set_exception(error)
        except Exception as error:  # whoever waits must hear of it, whatever it is
            logger.exception("soap_wsdl_broke backend=%s", backend.code)
            coming.set_exception(http.Unreached(f"the WSDL cannot be read: {type(error).__name__}"))
        finally:
            with self._lock:
                del self._coming[key]

    def _brought(self, key: str, backend: Backend) -> Description:
        known = self._known.get(key)
        if known is None and (stored := self._stored(key, backend)) is not None:
            return self._keep(key, *stored)
        loader, now = Loader(backend), time.time()
        try:
            description = Description(backend, loader)
        except http.Unreached as error:
            if known is None:
                raise
            logger.warning("soap_wsdl_not_renewed backend=%s why=%s", backend.code, error)
            return self._keep(key, known, now + PAUSE_SECONDS)
        cache.set(_cache_key(key), {"at": now, "documents": loader.documents}, KEPT_SECONDS)
        return self._keep(key, description, now + _fresh_seconds(backend))

    def _stored(self, key: str, backend: Backend) -> tuple[Description, float] | None:
        """From the shared cache, and when it is to be renewed."""
        kept: dict[str, Any] | None = cache.get(_cache_key(key))
        if kept is None:
            return None
        try:
            description = Description(backend, Loader(backend, kept["documents"]))
        except http.Unreached as error:
            logger.warning("soap_wsdl_kept_in_vain backend=%s why=%s", backend.code, error)
            return None
        return description, kept["at"] + _fresh_seconds(backend)

    def _keep(self, key: str, description: Description, due: float) -> Description:
        with self._lock:
            if key not in self._known and len(self._known) >= MOST_KEPT:
                oldest = next(iter(self._known))
                del self._known[oldest], self._due[oldest]
            self._known[key], self._due[key] = description, due
        return description


def _fresh_seconds(backend: Backend) -> float:
    return float(backend.settings.get("wsdl_fresh_seconds", FRESH_SECONDS))


def _cache_key(key: str) -> str:
    return f"soap-wsdl:{key}"
