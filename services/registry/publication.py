"""Telling the rest of the house that what citizens can find has changed."""

import time
from collections.abc import Callable, Iterable

from django.core.cache import cache
from django.db import transaction

EPOCH_KEY = "registry:epoch"

Callback = Callable[[list[int]], object]

_callbacks: list[Callback] = []


def on_published(callback: Callback) -> None:
    """Have `callback` called with the ids of functions whose public face changed, after the commit."""
    if callback not in _callbacks:
        _callbacks.append(callback)


def epoch() -> str:
    """Changes whenever a public page might; part of the key of every page that is cached."""
    return str(cache.get(EPOCH_KEY, "0"))


def announce(function_ids: Iterable[int]) -> None:
    """Tell everyone once this transaction is committed. A listener that fails is logged: the act stands."""
    ids = list(function_ids)

    def tell_them() -> None:  # Django's log of a failure wants a named function
        tell(ids)

    if ids:
        transaction.on_commit(tell_them, robust=True)


def tell(function_ids: list[int]) -> None:
    """Start a new epoch and call everyone who asked."""
    _start_epoch()
    try:
        for callback in _callbacks:
            callback(function_ids)
    finally:
        _start_epoch()  # a page made while they worked may show the old state


def _start_epoch() -> None:
    cache.set(EPOCH_KEY, time.time_ns(), None)
