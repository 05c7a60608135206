"""What is counted about calls. One cheap call each: it adds in memory (see services/figures.py)."""

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
    """One exchange ended: the backend's code, an Attempt.Kind, an Outcome.kind, and how long it took.

    No time is kept of what took none: an answer that came by itself, or a worker that did not come back.
    """
    attempts.count(backend, kind, outcome)
    if seconds > 0:
        attempt_seconds.observe(seconds, backend)


def observe_accepted(call: ServiceCall) -> None:
    """A call has its receipt."""
    calls.count(call.backend.code, call.Status.ACCEPTED)


def observe_end(call: ServiceCall) -> None:
    """What was written down of a call, now that it stands: counts if it is final, and how long that took.

    One that failed, was sent again by a human and was answered counts as both.
    """
    if call.finished_at is not None:
        calls.count(call.backend.code, call.status)
        call_seconds.observe((call.finished_at - call.accepted_at).total_seconds(), call.backend.code)
