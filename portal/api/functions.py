"""The catalogue: finding a function, and what its form asks."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from identity.accounts.models import User
from identity.profile import flows as profile
from portal.api import bodies, paging
from portal.api.problems import Problem
from portal.api.reading import ReadThrottle
from portal.api.responses import CODE, problems
from services import languages
from services.forms import schema
from services.gateway import rows, story
from services.registry.models import ServiceFunction
from services.search.find import Filters, find, near_code


def public_function(code: str) -> ServiceFunction:
    """A function that citizens may find, with all that a call needs; raises a problem that names near matches."""
    function = rows.callable_function(code)
    if function is None:
        near = [
            {"code": hit.function.code, "name": hit.function.published.name}
            for hit in near_code(code)
            if hit.function.published
        ]
        raise Problem("not-found", 404, _("We could not find that service"), near=near)
    return function


class FunctionList(APIView):
    """Everything that can be done, or what fits a query best."""

    permission_classes = [AllowAny]
    throttle_classes = [ReadThrottle]

    @extend_schema(
        operation_id="list_functions",
        parameters=[bodies.FunctionQuery],
        responses={200: bodies.FunctionPageBody, **problems(400, 406, 429)},
    )
    def get(self, request: Request) -> Response:
        """Best match first; without `q`, what most people need first."""
        query = bodies.FunctionQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        filters = Filters(**{name: asked.get(name, "") for name in ("category", "department", "audience", "action")})
        page, size = asked["page"], asked["page_size"]
        found = find(asked["q"], languages.current(), filters, offset=(page - 1) * size, limit=size)
        results = [bodies.of_function(hit.function) for hit in found.results]
        return Response(
            paging.page_of(
                request, results, count=found.count, page=page, page_size=size, did_you_mean=found.did_you_mean
            )
        )


class FunctionDetail(APIView):
    """One function with its form."""

    permission_classes = [AllowAny]
    throttle_classes = [ReadThrottle]

    @extend_schema(
        operation_id="get_function",
        parameters=[CODE, bodies.LanguageQuery],
        responses={
            200: OpenApiResponse(bodies.FunctionDetailBody, "with the form in the language asked for"),
            **problems(400, 404, 406, 429),
        },
    )
    def get(self, request: Request, code: str) -> Response:
        """The form's fields that your profile holds may be left out of a call."""
        bodies.check_language(request)
        function = public_function(code)
        assert function.published is not None
        known = profile.read(request.user) if isinstance(request.user, User) else None
        return Response(
            {
                **bodies.of_function(function),
                "availability": bodies.of_availability(story.availability(function)),
                "form": schema.localise(function.published.form, languages.current(), known),
            }
        )
