"""Descriptions that many addresses share in the OpenAPI document."""

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from portal.api.bodies import ProblemBody
from portal.api.problems import MEDIA_TYPE

EXAMPLE = "hkpost-track"
CODE = OpenApiParameter(
    "code", str, OpenApiParameter.PATH, description="of a function", examples=[OpenApiExample("A parcel", EXAMPLE)]
)
RECEIPT = OpenApiParameter("receipt", str, OpenApiParameter.PATH, description="the number that the call was given")
ACTING_FOR = OpenApiParameter(
    "Ferry-Acting-For", {"type": "string", "format": "uuid"}, OpenApiParameter.HEADER,
    description="the id of a mandate of yours: the request is made for its principal, as far as it allows",
)  # fmt: skip
_MEANINGS = {
    400: "the request cannot be read, or a parameter is not one of the values",
    401: "sign in first; of a webhook: it is not signed",
    403: "the CSRF token is missing, the function needs a surer sign-in, or a mandate does not allow it",
    404: "there is no such thing, or it is not yours",
    406: "only JSON is sent",
    409: "the function cannot be called now, or the call has left and cannot be taken back; `code` says why",
    413: "larger than we take",
    415: "a kind of content that we do not take",
    422: "answers to put right, an Idempotency-Key used for something else, or a webhook that says nothing we can use",
    429: "too often; see Retry-After",
    503: "too many streams: ask for the call instead; or this portal has no key for proofs",
}


def problems(*codes: int) -> dict[tuple[int, str], OpenApiResponse]:
    """The problem documents that an address may answer with, by status and media type."""
    return {(code, MEDIA_TYPE): OpenApiResponse(ProblemBody, _MEANINGS[code]) for code in codes}
