"""What is counted about calls. One cheap call each: it adds in memory (see services/figures.py)."""

from datetime import datetime
from functools import partial

from django.db import transaction

from services.figures import Counter, Histogram
from services.gateway.models import ServiceCall

# Seconds. An exchange may last 300 (Backend.timeout_seconds); a call may wait days for a counter or a batch.
EXCHANGE_BOUNDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300)
CALL_BOUNDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 28800, 86400, 259200, 604800)

# The scrape adds the department of each backend: nothing here has to look it up.
calls = Counter("ferry_calls", "Calls accepted, and calls ended, by status", ["backend", "status"])
attempts = Counter("ferry_attempts", "Exchanges about calls by how they ended", ["backend", "kind", "outcome"])
attempt_seconds = Histogram(
    "ferry_attempt_seconds", "How long one exchange with a backend took", ["backend"], EXCHANGE_BOUNDS
)
call_seconds = Histogram("ferry_call_seconds", "From a call's receipt to its end", ["backend"], CALL_BOUNDS)


def observe_attempt(backend: str, kind: str, outcome: str, seconds: float) -> None:
    """One exchange ended: the backend's code, an Attempt.Kind, an Outcome.kind, and how long it took."""
    attempts.count(backend, kind, outcome)
    attempt_seconds.observe(seconds, backend)


def observe_call(call: ServiceCall) -> None:
    """A call was accepted, or its end was written down: once the caller's transaction stands. Other statuses count not.

    One that failed, was sent again by a human and was answered counts as both.
    """
    if call.is_final or call.status == call.Status.ACCEPTED:
        transaction.on_commit(
            partial(_observe_call, call.backend.code, call.status, call.accepted_at, call.finished_at)
        )


def _observe_call(backend: str, status: str, accepted_at: datetime, finished_at: datetime | None) -> None:
    calls.count(backend, status)
    if finished_at:
        call_seconds.observe((finished_at - accepted_at).total_seconds(), backend)
