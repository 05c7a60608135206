"""Sending spans to an OpenTelemetry collector, once OTEL_EXPORTER_OTLP_ENDPOINT names one.

Which traces are recorded is decided by their id alone, so that every process decides alike, and no browser can make
us record more by a flag in its request.
"""

from multiprocessing import util

from celery.signals import beat_init, worker_init, worker_shutdown
from django.conf import settings

from services import traces

EXPORT_SECONDS = 3  # a collector that does not answer may hold up the end of a process so long


def switch_on(part: str) -> None:
    """Record in this process, under the name `ferry-{part}`; nothing happens where no collector is named."""
    if not settings.TRACES_ENDPOINT:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # costs memory, so only now
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

    provider = TracerProvider(
        sampler=TraceIdRatioBased(settings.TRACED_SHARE), resource=Resource.create({SERVICE_NAME: f"ferry-{part}"})
    )
    exporter = OTLPSpanExporter(f"{settings.TRACES_ENDPOINT}/v1/traces", timeout=EXPORT_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    traces.record_with(provider)
    # The provider sees to an ordinary end by itself; a process of the web server ends without atexit.
    util.Finalize(None, provider.shutdown, exitpriority=10)
    worker_shutdown.connect(lambda **_: provider.force_flush(EXPORT_SECONDS * 1000), weak=False)


@worker_init.connect
def _worker(**_: object) -> None:
    switch_on("worker")


@beat_init.connect
def _beat(**_: object) -> None:
    switch_on("beat")
