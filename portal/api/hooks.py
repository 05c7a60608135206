"""Webhooks: a department tells us how it goes with a call, instead of being asked."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from identity.security import logger
from portal.api.problems import Problem
from portal.api.reading import HookThrottle, decode
from portal.api.responses import problems
from services.gateway import hooks
from services.gateway.errors import HookError, NotDelivered, NotSigned, UnknownReceipt
from services.gateway.hooks import Envelope

LONGEST_CODE = 60  # characters of what stands in the address, for the log


class HookBody(serializers.Serializer[Any]):
    """What a department sends."""

    receipt = serializers.CharField(max_length=100)
    kind = serializers.ChoiceField(choices=["progress", "answer"])
    body = serializers.DictField(
        help_text="of progress: a line of at most 300 characters in en, zh-hant and zh-hans; "
        "of an answer: what the function's answer map reads as `body`, with status 200"
    )


class HookTakenBody(serializers.Serializer[Any]):
    outcome = serializers.CharField(help_text="progress, the call's new status, or unchanged")


def _header(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, required=True, description=description)


class HookTake(APIView):
    """Messages of one backend, signed after the Standard Webhooks specification."""

    authentication_classes = []  # the signature is the sign-in, so there is no cookie and no CSRF
    permission_classes = [AllowAny]
    throttle_classes = [HookThrottle]

    @extend_schema(
        operation_id="take_hook",
        auth=[],
        parameters=[
            OpenApiParameter("backend", str, OpenApiParameter.PATH, description="code of the backend"),
            _header("webhook-id", "the same for every try of one message: it counts once"),
            _header("webhook-timestamp", "seconds since 1970; at most five minutes off"),
            _header(
                "webhook-signature", "`v1,` and the base64 of HMAC-SHA256 over id.timestamp.body; several with spaces"
            ),
        ],
        request={"application/json": HookBody},
        responses={200: HookTakenBody, **problems(400, 401, 404, 406, 409, 413, 422, 429)},
    )
    def post(self, request: Request, backend: str) -> Response:
        """Only whoever can sign for the backend learns anything."""
        raw = request._request.read(hooks.MAX_BYTES + 1)  # as it came: the signature is over these bytes
        if len(raw) > hooks.MAX_BYTES:
            raise Problem("too-large", 413, _("That is larger than we take"))
        given = request.headers
        envelope = Envelope(
            given.get("webhook-id", ""), given.get("webhook-timestamp", ""), given.get("webhook-signature", ""), raw
        )
        try:
            sender = hooks.sender(backend, envelope)
            return Response({"outcome": hooks.take(sender, envelope.message_id, decode(raw), raw)})
        except HookError as error:
            if isinstance(error, NotSigned):
                logger.warning("hook_refused", backend=backend[:LONGEST_CODE])
            raise _problem(error) from error


def _problem(error: HookError) -> Problem:
    match error:
        case NotSigned():
            headers = {"WWW-Authenticate": "Webhook-Signature"}
            return Problem("not-signed", 401, _("This message is not signed by the department"), headers=headers)
        case UnknownReceipt():
            return Problem("not-found", 404, _("We could not find that"), str(error))
        case NotDelivered():
            return Problem("not-delivered", 409, _("This call has not been sent to you yet"), str(error))
    return Problem("not-understood", 422, _("We cannot use this message"), str(error))
