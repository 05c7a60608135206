"""Calls: making one, and following it to its answer."""

import re
import threading
import time
from collections.abc import Generator, Iterator
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.http import Http404, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from identity.accounts.callers import caller_of
from identity.accounts.models import User
from identity.mandates import acting
from portal.api import bodies, paging
from portal.api.functions import public_function
from portal.api.problems import Problem, TooManyStreams
from portal.api.reading import AnyAccept, CallThrottle, ReadThrottle, StrictJSONParser, acr_of
from portal.api.responses import ACTING_FOR, CODE, EXAMPLE, RECEIPT, problems
from services import languages, traces
from services.gateway import events, flows, reach, receipts, shown
from services.gateway.models import ServiceCall

STREAM_SECONDS = 30.0
HEARTBEAT_SECONDS = 10.0
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def own_calls(request: Request, receipt: str) -> QuerySet[ServiceCall]:
    """The caller's own call, or nothing; anybody else's is as unknown as one that never was."""
    number = receipts.normalise(receipt)
    if number is None:
        raise Http404
    return reach.of(request._request).calls().filter(receipt=number)


def own_call(request: Request, receipt: str, calls: QuerySet[ServiceCall]) -> ServiceCall:
    """The one of `own_calls`. Raises Http404, for other people's receipts too."""
    found = calls.first()
    if found is None:
        reach.note_stranger(request._request, receipts.normalise(receipt))
        raise Http404
    return found


class CallCreate(APIView):
    """Calling a function."""

    permission_classes = [AllowAny]  # the function's own assurance decides, in the flow
    throttle_classes = [CallThrottle]
    parser_classes = [StrictJSONParser]

    @extend_schema(
        operation_id="create_call",
        parameters=[
            CODE,
            bodies.LanguageQuery,
            ACTING_FOR,
            OpenApiParameter(
                "Idempotency-Key",
                {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
                OpenApiParameter.HEADER,
                required=True,
                description="A name for this call, of your choosing: sent again, it gives the same receipt.",
            ),
        ],
        request={"application/json": OpenApiTypes.OBJECT},
        examples=[OpenApiExample(f"The form of {EXAMPLE}", {"reference_number": "RA123456789HK"}, request_only=True)],
        responses={
            202: OpenApiResponse(bodies.ReceiptBody, "received; `Location` is where the answer will be"),
            **problems(400, 401, 403, 404, 406, 409, 413, 415, 422, 429),
        },
    )
    def post(self, request: Request, code: str) -> Response:
        """The body is the form's data. The receipt stands before the department has answered."""
        bodies.check_language(request)
        key = request.headers.get("Idempotency-Key", "")
        if not _KEY.fullmatch(key):
            detail = _("Send the header Idempotency-Key: a name of your choosing for this call, up to 255 characters.")
            raise Problem("idempotency-key-missing", 400, _("Give this call a name"), detail)
        data: Any = request.data
        function = public_function(code)
        person = request.user if isinstance(request.user, User) else None
        call, _created = flows.submit(
            function, data, person=person, caller=caller_of(request._request), idempotency_key=key,
            language=languages.current(), acr=acr_of(request), traceparent=traces.current_header(),
            mandate=acting.settled(request._request),
        )  # fmt: skip
        place = request.build_absolute_uri(reverse("api:call", args=[call.receipt]))
        return Response(bodies.of_receipt(call), status=202, headers={"Location": place})


class CallList(APIView):
    """One's own calls."""

    permission_classes = [AllowAny]
    throttle_classes = [ReadThrottle]

    @extend_schema(
        operation_id="list_calls",
        parameters=[ACTING_FOR, bodies.PageQuery],
        responses={200: bodies.CallPageBody, **problems(400, 403, 406, 429)},
    )
    def get(self, request: Request) -> Response:
        """Newest first; those made in this browser before signing in too."""
        query = bodies.PageQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        page, size = query.validated_data["page"], query.validated_data["page_size"]
        calls = reach.of(request._request).calls().order_by("-accepted_at")
        rows = calls.select_related("function", "version", "mandate").defer("payload", "answer")[
            (page - 1) * size : page * size
        ]
        results = [bodies.of_receipt(call) for call in rows]
        return Response(paging.page_of(request, results, count=calls.count(), page=page, page_size=size))


class CallDetail(APIView):
    """One call."""

    permission_classes = [AllowAny]
    throttle_classes = [ReadThrottle]

    @extend_schema(
        operation_id="get_call",
        parameters=[RECEIPT, ACTING_FOR, bodies.LanguageQuery],
        responses={200: bodies.CallBody, **problems(400, 403, 404, 406, 429)},
    )
    def get(self, request: Request, receipt: str) -> Response:
        """Its status, its story, and the department's answer once there is one."""
        bodies.check_language(request)
        calls = own_calls(request, receipt).select_related("function__department", "version", "backend")
        call = own_call(request, receipt, calls)
        shown.read(request._request, call)
        return Response(bodies.of_call(call))


class CallEvents(APIView):
    """Following one call as server-sent events."""

    permission_classes = [AllowAny]
    throttle_classes = [ReadThrottle]
    content_negotiation_class = AnyAccept
    is_unattended = True  # a page asks for it by itself

    @extend_schema(
        operation_id="follow_call",
        parameters=[RECEIPT, ACTING_FOR],
        responses={
            (200, "text/event-stream"): OpenApiTypes.STR,
            **problems(403, 404, 429, 503),
        },
    )
    def get(self, request: Request, receipt: str) -> HttpResponseBase:
        """`status` at once and on each change, `end` when it is final or after half a minute."""
        call = own_call(request, receipt, own_calls(request, receipt).only("receipt"))
        response = StreamingHttpResponse(_Stream(call.pk, call.receipt), content_type="text/event-stream")
        response["Cache-Control"] = "no-cache, no-transform"
        response["Content-Encoding"] = "identity"  # a compressor would hold events back
        response["X-Accel-Buffering"] = "no"
        return response


_places = threading.BoundedSemaphore(settings.API_MAX_STREAMS)


class _Stream:
    """The events of one call. Takes one of this process's places for streams, and gives it back when closed."""

    def __init__(self, call_id: UUID, receipt: str) -> None:
        if not _places.acquire(blocking=False):
            raise TooManyStreams
        self._has_place = True
        self._events = _events(call_id, receipt)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._events)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Called by the server at the end, or when the reader has gone."""
        self._events.close()
        if self._has_place:
            self._has_place = False
            _places.release()


def _status(call_id: UUID) -> str:
    status = ServiceCall.objects.values_list("status", flat=True).get(pk=call_id)
    connection.close()  # while waiting, no connection is held
    return status


def _events(call_id: UUID, receipt: str) -> Generator[bytes, None, None]:
    said, spoke_at = "", 0.0
    yield b"retry: 3000\n\n"
    for heard in events.pulses(call_id, seconds=STREAM_SECONDS):
        status = heard or _status(call_id)
        if status != said:
            said, spoke_at = status, time.monotonic()
            yield f'event: status\ndata: {{"receipt":"{receipt}","status":"{status}"}}\n\n'.encode()
        elif time.monotonic() - spoke_at > HEARTBEAT_SECONDS:
            spoke_at = time.monotonic()
            yield b": still here\n\n"
        if status in ServiceCall.FINAL:
            break
    yield b"event: end\ndata: {}\n\n"
