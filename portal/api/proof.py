"""The signed proof of a call."""

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.api.calls import own_call, own_calls
from portal.api.problems import Problem
from portal.api.reading import AnyAccept, ReadThrottle
from portal.api.responses import RECEIPT, problems
from services.gateway import proof
from services.gateway.errors import NoProofKey


class ProofBody(serializers.Serializer[dict[str, str]]):
    """RFC 7515 section 7.2.2; every member is base64url."""

    payload = serializers.CharField()
    protected = serializers.CharField()
    signature = serializers.CharField()


class CallProof(APIView):
    """What the portal vouches for."""

    permission_classes = [AllowAny]
    throttle_classes = [ReadThrottle]
    content_negotiation_class = AnyAccept

    @extend_schema(
        operation_id="prove_call",
        parameters=[RECEIPT],
        responses={(200, proof.MEDIA_TYPE): ProofBody, **problems(404, 429, 503)},
    )
    def get(self, request: Request, receipt: str) -> Response:
        """What was sent, each exchange and the answer, signed; keys at /.well-known/ferry-proof-keys.json."""
        calls = own_calls(request, receipt).select_related("function__department", "version", "backend")
        call = own_call(request, receipt, calls)
        if call.blanked_at:  # nothing is left to prove once it was deleted
            raise Http404
        try:
            signed = proof.prove(call, timezone.now())
        except NoProofKey as error:
            raise Problem("no-proofs", 503, _("We cannot sign proofs at the moment")) from error
        return Response(signed, content_type=proof.MEDIA_TYPE)
