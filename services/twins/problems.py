"""Errors of the REST and control addresses as problem documents (RFC 9457)."""

from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> web.Response:
    title = HTTPStatus(status).phrase
    return web.json_response(
        {"type": "about:blank", "title": title, "status": status, "detail": detail},
        status=status,
        headers=headers,
        content_type="application/problem+json",
    )


@web.middleware
async def explain_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn the framework's own refusals (no such path, wrong method, too large) into problem documents."""
    try:
        return await handler(request)
    except web.HTTPError as error:
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        return problem(error.status, error.reason, headers)
