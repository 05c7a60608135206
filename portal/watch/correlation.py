"""One id for everything that a browser's request sets off: this middleware, and its like around each Celery task."""

import time
from collections.abc import Callable
from typing import Any

import structlog
from celery.signals import before_task_publish, task_postrun, task_prerun
from django.http import HttpRequest, HttpResponseBase
from opentelemetry.trace import SpanKind, Status, StatusCode

from services import traces
from services.figures import Counter, Histogram

HEADER = "traceparent"  # of W3C Trace Context, in HTTP and in Celery's messages alike
REQUEST_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)  # seconds
NO_VIEW = "none"  # an address of ours that is none, or an answer that no view gave

requests = Counter("ferry_http_requests", "Requests by view and class of status", ["view", "status"])
request_seconds = Histogram(
    "ferry_http_request_seconds", "Until the answer's first byte could go", ["view"], REQUEST_BOUNDS
)


class Correlation:
    """Takes the request's trace on, or begins one, and names it in the answer.

    `traceresponse` is for tools; `X-Request-Id` is the reference number that error pages show. Outermost of all, so
    that every answer has them and every line of the log carries the id.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        structlog.contextvars.clear_contextvars()
        begun = time.perf_counter()
        given = traces.parse(request.headers.get(HEADER, ""))
        with traces.span("request", parent=given or traces.fresh(), kind=SpanKind.SERVER) as span:
            response = self.get_response(request)
            view = (request.resolver_match and request.resolver_match.view_name) or NO_VIEW
            response["X-Request-Id"] = traces.current_id()
            response["traceresponse"] = traces.current_header()
            if span.is_recording():
                span.update_name(f"{request.method} {view}")
                span.set_attribute("http.response.status_code", response.status_code)
                if response.status_code >= 500:
                    span.set_status(Status(StatusCode.ERROR))
        requests.count(view, f"{response.status_code // 100}xx")
        request_seconds.observe(time.perf_counter() - begun, view)
        return response


# --- Celery ---------------------------------------------------------------------------------------
@before_task_publish.connect
def _send_along(headers: dict[str, Any], **_: object) -> None:
    if header := traces.current_header():
        headers[HEADER] = header


@task_prerun.connect
def _begin_task(task: Any, **_: object) -> None:
    """The task's own span, below the request that rang for it; a task of the clock begins a trace."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(task=task.name)
    given = traces.parse(str(task.request.get(HEADER) or ""))
    task.request.span = traces.span(task.name, parent=given or traces.fresh(), kind=SpanKind.CONSUMER)
    task.request.span.__enter__()


@task_postrun.connect
def _end_task(task: Any, **_: object) -> None:
    span = task.request.get("span")
    if span is not None:
        span.__exit__(None, None, None)
    structlog.contextvars.clear_contextvars()
