"""What ties together everything that one request set off: W3C Trace Context, level 1.

The trace in hand is OpenTelemetry's, so an id is there whether or not spans are recorded. Recording is switched on
in portal/watch/tracing.py; while it is off a span costs a few microseconds and only hands the trace on.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TracerProvider,
)

_HEADER = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII | re.DOTALL)
_tracer = trace.NoOpTracerProvider().get_tracer("ferry")


def record_with(provider: TracerProvider) -> None:
    """Record spans from now on, in this process."""
    global _tracer
    _tracer = provider.get_tracer("ferry")


def parse(header: str) -> SpanContext | None:
    """Section 3.2: None for a header that must be ignored. A later version may carry more behind its flags."""
    found = _HEADER.fullmatch(header)
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or not int(trace_id, 16) or not int(span_id, 16):
        return None
    return SpanContext(int(trace_id, 16), int(span_id, 16), True, TraceFlags(int(flags, 16) & TraceFlags.SAMPLED))


def fresh() -> SpanContext:
    """A trace that begins here."""
    return SpanContext(_some_bits(128), _some_bits(64), False, TraceFlags(TraceFlags.DEFAULT))


def _some_bits(count: int) -> int:
    return secrets.randbits(count) or 1  # all zero would be invalid


def header_of(context: SpanContext) -> str:
    """The value of `traceparent`, of the version that we speak."""
    flags = context.trace_flags & TraceFlags.SAMPLED
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{flags:02x}"


def current() -> SpanContext | None:
    """The trace in hand."""
    context = trace.get_current_span().get_span_context()
    return context if context.is_valid else None


def current_header() -> str:
    """`traceparent` for whoever is called from here; empty outside any trace."""
    context = current()
    return header_of(context) if context else ""


def current_id() -> str:
    """The trace's id, 32 hexadecimal digits: what a person quotes and a log line carries. Empty outside any trace."""
    context = current()
    return f"{context.trace_id:032x}" if context else ""


@contextmanager
def span(
    name: str, *, parent: SpanContext | None = None, kind: SpanKind = SpanKind.INTERNAL, **facts: str | int | bool
) -> Iterator[Span]:
    """A step of the trace in hand, or of `parent`'s, with an id of its own. Facts are codes and counts, never contents.

    An exception leaves its type behind, never its text, which could quote what a person wrote.
    """
    above = parent or current() or fresh()
    within = trace.set_span_in_context(NonRecordingSpan(above))
    made = _tracer.start_span(name, within, kind, {f"ferry.{key}": value for key, value in facts.items()})
    if not made.is_recording() and made.get_span_context().span_id == above.span_id:  # recording is off
        made = NonRecordingSpan(SpanContext(above.trace_id, _some_bits(64), False, above.trace_flags))
    with trace.use_span(made, record_exception=False, set_status_on_exception=False):
        try:
            yield made
        except Exception as error:
            made.set_status(Status(StatusCode.ERROR, type(error).__name__))
            made.set_attribute("error.type", type(error).__name__)
            raise
        finally:
            made.end()


def note(**facts: str | int | bool) -> None:
    """Add what became known about the step in hand meanwhile."""
    of = trace.get_current_span()
    for key, value in facts.items():
        of.set_attribute(f"ferry.{key}", value)
