"""Keeping to a call's own trace wherever it is worked on, hours later and in another process."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.trace import SpanKind
from structlog.contextvars import bound_contextvars

from services import traces
from services.gateway.models import ServiceCall


@contextmanager
def following(call: ServiceCall, step: str, *, kind: SpanKind = SpanKind.INTERNAL) -> Iterator[None]:
    """A step of what the person's request began. Its function and backend must be loaded.

    Inside, log lines name the call, and `traces.current_header()` is what its department is told.
    """
    facts = {
        "function": call.function.code,
        "backend": call.backend.code,
        "connector": call.backend.connector,
    }
    parent = traces.parse(call.traceparent)
    current = traces.current()
    if parent and current and current.trace_id == parent.trace_id:
        parent = current  # we are further down the same trace already
    with (
        bound_contextvars(call=str(call.pk), backend=call.backend.code),
        traces.span(step, parent=parent, kind=kind, **facts),
    ):
        yield
