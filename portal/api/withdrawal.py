"""Taking a call back before it has left."""

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.api import bodies
from portal.api.calls import own_call, own_calls
from portal.api.reading import CallThrottle
from portal.api.responses import ACTING_FOR, RECEIPT, problems
from services.gateway import flows, reach


class CallWithdrawal(APIView):
    """A person's change of mind."""

    permission_classes = [AllowAny]
    throttle_classes = [CallThrottle]

    @extend_schema(
        operation_id="withdraw_call",
        parameters=[RECEIPT, ACTING_FOR, bodies.LanguageQuery],
        request=None,
        responses={200: bodies.CallBody, **problems(400, 403, 404, 406, 409, 429)},
    )
    def post(self, request: Request, receipt: str) -> Response:
        """Possible until the call may have reached its department; after that 409. Twice is as good as once."""
        bodies.check_language(request)
        calls = own_calls(request, receipt).select_related("function__department", "version", "backend")
        call = own_call(request, receipt, calls)
        seen = reach.of(request._request)
        if not seen.may_withdraw(call):
            raise Http404
        taken = flows.withdraw(call, callers=seen.callers, person=seen.may_withdraw_for)
        call.status, call.finished_at, call.trouble = taken.status, taken.finished_at, taken.trouble
        return Response(bodies.of_call(call))
